/* runs.c - what the guardians of `checkrein run` report, over the Unix socket: a run has started, a
 * line that shows by its end that this daemon has, and how the run ended. Who the guardian is, the
 * kernel says; the rest is its word.
 */
#include "procs_priv.h"

#include <unistd.h>

#include "checkrein/log.h"

#define RUN_TOKENS   256
#define TITLE_BYTES  400
#define RUN_KIND     "run:"
#define RUN_NOT_HELD "calls are not held"
#define RUN_NOT_YET  "no call seen yet"

struct report {
    struct govd *g;
    net_id http;
    const struct http_head *head;
    struct tape json;
    struct tape_token tokens[RUN_TOKENS];
    char id[64]; /* "run:<ULID>" */
};

static void answer(const struct report *r, int status, const char *error)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_addstr(&b, "{\"error\":");
    (void)tape_quote(&b, span_str(error));
    buf_addch(&b, '}');
    if (net_http_reply(r->g->net, r->http, status, "application/json", buf_span(&b)) != ST_OK) {
        log_write(LOG_DEBUG, "a guardian went away before its answer");
    }
    buf_release(&b);
}

static struct span text_of(struct report *r, const char *key, size_t most)
{
    return span_sub(tape_string(&r->json, tape_get(&r->json, TAPE_ROOT, key), &r->g->text), 0,
                    most);
}

static int64_t number_of(const struct report *r, const char *key)
{
    int64_t n = 0;
    return tape_int(&r->json, tape_get(&r->json, TAPE_ROOT, key), &n) == ST_OK ? n : 0;
}

bool run_is_id(struct span id)
{
    bool is = id.n == sizeof(RUN_KIND) - 1 + ULID_BYTES - 1 && span_starts(id, RUN_KIND);
    for (size_t i = sizeof(RUN_KIND) - 1; is && i < id.n; i++) {
        is = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'A' && id.p[i] <= 'Z');
    }
    return is;
}

void run_unit(const char *id, char *out, size_t bytes)
{
    (void)snprintf(out, bytes, "checkrein-%s.scope", id + sizeof(RUN_KIND) - 1);
}

/* False: it was answered. */
static bool open_report(struct report *r, struct span body)
{
    buf_clear(&r->g->text);
    if (!r->head->is_unix) {
        answer(r, 403, "over the Unix socket only: who reports must be known");
        return false;
    }
    if (tape_parse(&r->json, body, TAPE_STRICT, r->tokens, RUN_TOKENS) != ST_OK) {
        answer(r, 400, r->json.error ? r->json.error : "not JSON");
        return false;
    }
    (void)snprintf(r->id, sizeof(r->id), RUN_KIND "%.*s",
                   SPAN_ARG(text_of(r, "run", sizeof(r->id) - 16)));
    if (!run_is_id(span_str(r->id))) {
        answer(r, 400, "\"run\": a ULID");
        return false;
    }
    return true;
}

/* The run of this id, when the kernel says that it is its guardian who speaks. */
static struct session *own_session(const struct report *r)
{
    struct session *s = session_find(r->g, span_str(r->id));
    bool own =
        s && s->guarded && s->pid == r->head->peer_pid && proc_start_time(s->pid) == s->pid_start;
    return own ? s : NULL;
}

static const char *cannot_start(const struct report *r, const struct session *known)
{
    if (known || fleet_agent_by_id(r->g->fleet, BACKEND_SELF, span_str(r->id))) {
        return "a run of this id has another guardian";
    }
    if (proc_is_ancestor(r->head->peer_pid, (int32_t)getpid())) {
        return "this daemon runs under that guardian: it could not be stopped";
    }
    if (r->g->stop_latched) {
        return "the operator has stopped all agents: no new one is started before reset-stop";
    }
    return newcomer_pay(r->g) ? NULL : "too many new agents at once";
}

static void take_claims(struct report *r, struct session *s)
{
    struct guarded *u = s->guarded;
    char owner[32];
    (void)snprintf(owner, sizeof(owner), "uid:%u", (unsigned)r->head->peer_uid);
    session_set(&u->owner, span_str(owner));
    session_set(&u->on_behalf_of, text_of(r, "on_behalf_of", NAME_BYTES));
    session_set(&u->task, text_of(r, "task", TITLE_BYTES));
    session_set(&s->name, text_of(r, "name", NAME_BYTES));
    session_set(&s->cwd, text_of(r, "cwd", CWD_BYTES));
    u->hooks = tape_bool(&r->json, tape_get(&r->json, TAPE_ROOT, "hooks"), false);
    if (!s->native) {
        char prefix[NAME_BYTES + 2];
        session_set(&s->runtime, text_of(r, "runtime", NAME_BYTES));
        (void)snprintf(prefix, sizeof(prefix), "%s:", s->runtime ? s->runtime : "");
        s->kind = runtime_of_agent(span_str(prefix));
        session_set(&s->mode, u->hooks ? SPAN(RUN_NOT_YET) : SPAN(RUN_NOT_HELD));
    }
    if (text_of(r, "unit", sizeof(u->unit)).n) {
        run_unit(r->id, u->unit, sizeof(u->unit));
    }
}

/* Only a child of the guardian can be the program that it started. */
static void take_program(const struct report *r, struct session *s)
{
    int64_t pid = number_of(r, "pid");
    struct proc_stat st;
    if (pid > 1 && pid <= INT32_MAX && proc_read((int32_t)pid, &st) && st.ppid == s->pid) {
        s->guarded->program = (struct proc_member){st.pid, st.start};
    }
}

static struct session *make(struct report *r)
{
    bool made = false;
    struct session *s = session_open(r->g, span_str(r->id), &made);
    if (s) {
        s->pid = r->head->peer_pid;
        s->pid_start = proc_start_time(s->pid);
        proc_watch(r->g, s);
        guarded_make(r->g, s);
    }
    return s;
}

static void welcome(const struct report *r)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_printf(&b, "{\"agent\":\"%s\",\"hook_port\":%d}", r->id, r->g->port);
    outbox_answer(r->g, r->http, buf_span(&b));
    buf_release(&b);
}

/* Also from a guardian that lost its line: then it is known, and only said again. */
void run_started(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct report r = {.g = g, .http = http, .head = head};
    if (!open_report(&r, body)) {
        return;
    }
    struct session *s = own_session(&r);
    const char *not = s ? NULL : cannot_start(&r, session_find(g, span_str(r.id)));
    bool news = !s;
    if (not ) {
        answer(&r, 403, not );
        return;
    }
    if (journal_failed(g->journal) ||
        journal_raw(g->journal, govd_wall_us(), SPAN("run"), body, NULL) != ST_OK) {
        answer(&r, 503, "it cannot be recorded");
        return;
    }
    s = s ? s : make(&r);
    if (!s || !s->pid) {
        answer(&r, 503, "too many agents, or its guardian cannot be watched");
        return;
    }
    take_claims(&r, s);
    take_program(&r, s);
    session_announce(g, s, news ? EVENT_AGENT_STARTED : EVENT_AGENT_UPDATED);
    if (news) {
        publish_state(g, s, s->guarded->hooks ? AGENT_STARTING : AGENT_RUNNING,
                      s->guarded->hooks ? "started: no hook was heard yet"
                                        : "started: " RUN_NOT_HELD);
    }
    welcome(&r);
}

/* Never answered: it is open as long as this daemon lives. */
void run_line(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct report r = {.g = g, .http = http, .head = head};
    if (open_report(&r, body) && !own_session(&r)) {
        answer(&r, 404, "no such run of this guardian");
    }
}

void run_ended(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct report r = {.g = g, .http = http, .head = head};
    if (!open_report(&r, body)) {
        return;
    }
    struct session *s = own_session(&r);
    if (!s) {
        answer(&r, 404, "no such run of this guardian");
        return;
    }
    int64_t signo = number_of(&r, "signal");
    (void)snprintf(s->guarded->end, sizeof(s->guarded->end),
                   signo ? "it was ended by signal %lld" : "it ended: exit code %lld",
                   (long long)(signo ? signo : number_of(&r, "exit")));
    outbox_answer(g, http, SPAN("{}"));
}
