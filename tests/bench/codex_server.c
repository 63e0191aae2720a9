#include "codex_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "checkrein/wire.h"

#define WIRE_BYTES ((size_t)64 << 20)
#define TOKENS_MAX 256
#define ASKS       0u /* the thread that asks */

#define THREAD_DIGITS (12 + 1) /* at the end of its id, and the quote */

struct call {
    struct tape j;
    struct span id; /* as received */
    uint32_t thread;
};

static bool send_wire(struct codex_server *s)
{
    bool sent = peer_send(s->peer, buf_span(&s->wire));
    buf_clear(&s->wire);
    return sent;
}

static void send_all(struct codex_server *s)
{
    bench_must(send_wire(s), "send to the console");
}

void codex_server_init(struct codex_server *s, struct peer *peer, uint32_t threads)
{
    *s = (struct codex_server){.peer = peer, .runs = true, .waits = true};
    codex_news_init(&s->news, threads, 1);
    buf_init(&s->wire, WIRE_BYTES);
}

void codex_server_release(struct codex_server *s)
{
    codex_news_release(&s->news);
    buf_release(&s->wire);
}

/* ---- the first thread's request, and what comes of it */

#define ITEM                                                                                       \
    "{\"type\":\"commandExecution\",\"id\":\"ask_%u\",\"command\":\"/bin/bash -c 'touch "          \
    "done-%u'\",\"cwd\":\"/srv/checkouts/agent-0\",\"processId\":null,\"source\":\"agent\","       \
    "\"commandActions\":[{\"type\":\"unknown\",\"command\":\"touch done-%u\"}],%s}"
#define PENDING "\"status\":\"inProgress\",\"exitCode\":null,\"durationMs\":null"
#define RAN     "\"status\":\"completed\",\"exitCode\":0,\"durationMs\":12"

static void about_item(struct codex_server *s, const char *method, const char *end)
{
    uint32_t n = s->request;
    codex_note(&s->wire, method,
               "\"item\":" ITEM ",\"threadId\":\"" CODEX_THREAD "\",\"turnId\":\"" CODEX_TURN "\"",
               n, n, n, end, ASKS, ASKS, s->news.threads[ASKS].turn);
}

static void request(struct codex_server *s)
{
    uint32_t n = s->request;
    codex_say(&s->wire,
              "{\"method\":\"item/commandExecution/requestApproval\",\"id\":%u,\"params\":{"
              "\"kind\":\"command\",\"threadId\":\"" CODEX_THREAD "\",\"turnId\":\"" CODEX_TURN
              "\",\"itemId\":\"ask_%u\",\"startedAtMs\":1795170939374,\"environmentId\":\"local\","
              "\"reason\":\"Mark step %u as done?\",\"command\":\"/bin/bash -c 'touch done-%u'\","
              "\"cwd\":\"/srv/checkouts/agent-0\",\"commandActions\":[{\"type\":\"unknown\","
              "\"command\":\"touch done-%u\"}],\"proposedExecpolicyAmendment\":[\"touch\","
              "\"done-%u\"],\"availableDecisions\":[\"accept\",\"cancel\"]}}",
              n, ASKS, ASKS, s->news.threads[ASKS].turn, n, n, n, n, n);
}

void codex_server_ask(struct codex_server *s)
{
    s->request++;
    s->waits = true;
    about_item(s, "item/started", PENDING);
    codex_status(&s->wire, ASKS, CODEX_ON_APPROVAL);
    request(s);
    send_all(s);
}

static bool is_accepted(const struct codex_server *s, struct span text)
{
    char accept[80];
    (void)snprintf(accept, sizeof(accept), "{\"id\":%u,\"result\":{\"decision\":\"accept\"}}",
                   s->request);
    return s->waits && span_is(text, accept);
}

static void run_it(struct codex_server *s)
{
    struct codex_told *t = &s->news.threads[ASKS];
    s->waits = false;
    codex_note(&s->wire, "serverRequest/resolved",
               "\"threadId\":\"" CODEX_THREAD "\",\"requestId\":%u", ASKS, s->request);
    codex_status(&s->wire, ASKS, CODEX_ACTIVE);
    about_item(s, "item/completed", RAN);
    t->tokens += 900;
    codex_tokens(&s->wire, ASKS, t);
    send_all(s);
}

void codex_server_call(struct codex_server *s)
{
    s->read = false;
    codex_note(&s->wire, "thread/name/updated",
               "\"threadId\":\"" CODEX_THREAD "\",\"threadName\":null", ASKS);
    send_all(s);
}

bool codex_server_tell(struct codex_server *s, size_t news)
{
    for (size_t i = 0; i < news; i++) {
        codex_news_next(&s->news, &s->wire);
    }
    return send_wire(s);
}

/* ---- what it is asked: true when that is what a key was to bring */

static void answer(struct codex_server *s, const struct call *c, const char *result)
{
    codex_say(&s->wire, "{\"id\":%.*s,\"result\":%s}", SPAN_ARG(c->id), result);
}

static bool on_initialize(struct codex_server *s, const struct call *c)
{
    answer(s, c,
           "{\"userAgent\":\"bench/0.169.0 (Linux)\",\"codexHome\":\"/srv/codex\","
           "\"platformFamily\":\"unix\",\"platformOs\":\"linux\"}");
    return false;
}

/* A process that serves no socket here, so that nothing more is looked at. */
static bool on_diagnostics(struct codex_server *s, const struct call *c)
{
    answer(s, c, "{\"process\":{\"id\":0}}");
    return false;
}

static bool on_account(struct codex_server *s, const struct call *c)
{
    answer(s, c, "{\"account\":{\"type\":\"apiKey\"},\"requiresOpenaiAuth\":true}");
    return false;
}

static bool on_list(struct codex_server *s, const struct call *c)
{
    struct buf ids;
    buf_init(&ids, WIRE_BYTES);
    (void)buf_addstr(&ids, "{\"data\":[");
    for (uint32_t i = 0; i < s->news.count; i++) {
        (void)buf_printf(&ids, "%s\"" CODEX_THREAD "\"", i > 0 ? "," : "", i);
    }
    (void)buf_addstr(&ids, "],\"nextCursor\":null}");
    answer(s, c, ids.data);
    buf_release(&ids);
    return false;
}

static const char *status_of(const struct codex_server *s, uint32_t thread)
{
    return thread == ASKS && s->waits ? CODEX_ON_APPROVAL : CODEX_ACTIVE;
}

#define THREAD                                                                                     \
    "\"thread\":{\"id\":\"" CODEX_THREAD "\",\"sessionId\":\"" CODEX_THREAD                        \
    "\",\"parentThreadId\""                                                                        \
    ":null,\"preview\":\"Keep the tests of module %u green.\",\"ephemeral\":false,"                \
    "\"modelProvider\":\"openai\",\"model\":\"gpt-5.5\",\"createdAt\":1795170942,\"status\":{%s}," \
    "\"cwd\":\"/srv/checkouts/agent-%u\",\"cliVersion\":\"0.169.0\",\"originator\":\"codex-tui\"," \
    "\"name\":null,\"gitInfo\":{\"sha\":\"4f1c9a0b12cd\",\"branch\":\"main\"},\"turns\":[]}"

static bool on_read(struct codex_server *s, const struct call *c)
{
    uint32_t n = c->thread;
    s->read = s->read || n == ASKS;
    codex_say(&s->wire, "{\"id\":%.*s,\"result\":{" THREAD "}}", SPAN_ARG(c->id), n, n, n,
              status_of(s, n), n);
    return false;
}

/* The item that is asked about, which has begun already. */
static void write_items(const struct codex_server *s, uint32_t thread, char *out, size_t bytes)
{
    uint32_t n = s->request;
    out[0] = '\0';
    if (thread == ASKS && s->waits) {
        (void)snprintf(out, bytes, ITEM, n, n, n, PENDING);
    }
}

static bool on_resume(struct codex_server *s, const struct call *c)
{
    char items[1024];
    uint32_t n = c->thread;
    const struct codex_told *t = &s->news.threads[n];
    write_items(s, n, items, sizeof(items));
    codex_say(&s->wire,
              "{\"id\":%.*s,\"result\":{" THREAD
              ",\"model\":\"gpt-5.5\",\"modelProvider\":\"openai\",\"cwd\":\"/srv/checkouts/"
              "agent-%u\",\"approvalPolicy\":\"on-request\",\"approvalsReviewer\":\"user\","
              "\"sandbox\":{\"type\":\"workspaceWrite\",\"writableRoots\":[],\"networkAccess\":"
              "false},\"initialTurnsPage\":{\"data\":[{\"id\":\"" CODEX_TURN
              "\",\"items\":[%s],\"itemsView\":\"full\",\"status\":\"inProgress\",\"error\":null}],"
              "\"nextCursor\":null}}}",
              SPAN_ARG(c->id), n, n, n, status_of(s, n), n, n, n, t->turn, items);
    codex_tokens(&s->wire, n, t);
    if (n == ASKS && s->waits) {
        request(s);
    }
    s->attached++;
    return false;
}

/* The turn is over once it is known that none of its commands runs: then comes the next. */
static bool on_terminals(struct codex_server *s, const struct call *c)
{
    struct codex_told *t = &s->news.threads[ASKS];
    answer(s, c, "{\"data\":[],\"nextCursor\":null}");
    if (c->thread == ASKS && !s->runs) {
        s->runs = true;
        t->turn++;
        codex_turn_started(&s->wire, ASKS, t->turn);
        codex_status(&s->wire, ASKS, CODEX_ACTIVE);
    }
    return false;
}

static bool on_interrupt(struct codex_server *s, const struct call *c)
{
    char turn[64], given[64];
    struct span raw = tape_raw(&c->j, tape_path(&c->j, TAPE_ROOT, "params/turnId"));
    (void)snprintf(turn, sizeof(turn), "\"" CODEX_TURN "\"", ASKS, s->news.threads[ASKS].turn);
    bench_must(span_copy(raw, given, sizeof(given)) && strcmp(turn, given) == 0 &&
                   c->thread == ASKS && s->runs,
               "interrupt: another turn is meant");
    answer(s, c, "{}");
    s->runs = false;
    codex_turn_completed(&s->wire, ASKS, s->news.threads[ASKS].turn, "interrupted");
    codex_status(&s->wire, ASKS, CODEX_IDLE);
    return true;
}

static bool on_initialized(struct codex_server *s, const struct call *c)
{
    (void)s;
    (void)c;
    return false;
}

static const struct {
    const char *method;
    bool (*take)(struct codex_server *s, const struct call *c);
} METHODS[] = {
    {"\"initialize\"",                      on_initialize },
    {"\"initialized\"",                     on_initialized},
    {"\"account/read\"",                    on_account    },
    {"\"server/diagnostics\"",              on_diagnostics},
    {"\"thread/loaded/list\"",              on_list       },
    {"\"thread/read\"",                     on_read       },
    {"\"thread/resume\"",                   on_resume     },
    {"\"thread/backgroundTerminals/list\"", on_terminals  },
    {"\"turn/interrupt\"",                  on_interrupt  },
};

/* The number at the end of the id; 0 where none is named. */
static uint32_t thread_of(const struct codex_server *s, const struct tape *j)
{
    char id[64];
    struct span raw = tape_raw(j, tape_path(j, TAPE_ROOT, "params/threadId"));
    bool whole = span_copy(raw, id, sizeof(id)) && (raw.n == 0 || raw.n > THREAD_DIGITS);
    unsigned long n = whole && raw.n > 0 ? strtoul(id + raw.n - THREAD_DIGITS, NULL, 10) : 0;
    bench_must(whole && n < s->news.count, "find the thread that is asked about");
    return (uint32_t)n;
}

static bool take_call(struct codex_server *s, struct span text)
{
    struct tape_token tokens[TOKENS_MAX];
    struct call c;
    bench_must(tape_parse(&c.j, text, TAPE_STRICT, tokens, TOKENS_MAX) == ST_OK,
               "read what the console sends");
    struct span method = tape_raw(&c.j, tape_get(&c.j, TAPE_ROOT, "method"));
    c.id = tape_raw(&c.j, tape_get(&c.j, TAPE_ROOT, "id"));
    c.thread = thread_of(s, &c.j);
    for (size_t i = 0; i < ARRAY_LEN(METHODS); i++) {
        if (span_is(method, METHODS[i].method)) {
            bool expected = METHODS[i].take(s, &c);
            send_all(s);
            return expected;
        }
    }
    (void)fprintf(stderr, "bench: %.*s\n", SPAN_ARG(text));
    bench_must(false, "answer this");
    return false;
}

bool codex_server_hear(struct codex_server *s, struct span text)
{
    if (is_accepted(s, text)) {
        run_it(s);
        return true;
    }
    return take_call(s, text);
}
