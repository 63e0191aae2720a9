/* codex_fed.h - the client of `codex app-server`, fed by hand: frames in, one line for each thing
 * that it says out.
 *
 * Frames are written with ' for ". What the driver sends is caught (wslink_send is wrapped by the
 * linker), and so is what it has recorded. */
#ifndef CHECKREIN_TEST_CODEX_FED_H
#define CHECKREIN_TEST_CODEX_FED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/driver.h"
#include "checkrein/wire.h"
#include "expect.h"

#include "codex/codex_priv.h"

#define LINES_BYTES  ((size_t)8 << 20)
#define RECORD_BYTES ((size_t)64 << 20)
#define T            "01a2-thread"
#define U            "01a2-turn"

/* ---- what is sent */

static struct buf sent;

enum status __wrap_wslink_send(struct wslink *w, struct span text); /* NOLINT: the linker's name */
enum status __wrap_wslink_send(struct wslink *w, struct span text)  /* NOLINT */
{
    (void)w;
    buf_add(&sent, text);
    buf_addch(&sent, '\n');
    return ST_OK;
}

/* ---- what is heard: one line each */

struct fed {
    struct driver *driver;
    struct buf lines;
    int64_t now_us;
    unsigned events, agents, asks, raws;
    struct buf record; /* frames, a line each */
    struct buf told;   /* the lists of the last request */
    char line[256];    /* of the back-end, as told last */
    uint32_t secrets;  /* that are hidden in the frames to come */
    int64_t hidden;    /* of the last request, as told */
    char approval[300], digest[100], only_in[512];
    char summary[512], title[512]; /* of the last request, of the last alarm */
    enum risk risk;                /* of the last request */
    char sent_by[300]; /* the last agent that somebody sent: by whom, as whom, as what */
};

static inline int64_t on_raw(void *ctx, struct span bytes)
{
    struct fed *t = ctx;
    t->raws++;
    buf_add(&t->record, bytes);
    buf_addch(&t->record, '\n');
    return t->now_us += 1000;
}

static inline void tell_rows(struct fed *t, const struct event *ev, enum event_field f)
{
    uint32_t count = 0;
    const struct event_row *rows = event_list(ev, f, &count);
    for (uint32_t i = 0; i < count; i++) {
        for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
            buf_printf(&t->told, "%s%.*s", c ? "|" : "", SPAN_ARG(rows[i].cell[c]));
        }
        buf_addch(&t->told, '\n');
    }
}

static inline void tell_lists(struct fed *t, const struct event *ev)
{
    static const enum event_field LISTS[] = {F_SCOPES, F_DENIALS, F_TERMS, F_QUESTIONS, F_OPTIONS};
    buf_clear(&t->told);
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++) {
        tell_rows(t, ev, LISTS[i]);
    }
}

static inline void note_sender(struct fed *t, const struct event *ev)
{
    uint32_t count = 0;
    const struct event_row *rows = event_list(ev, F_DELEGATION, &count);
    if (count) {
        (void)snprintf(t->sent_by, sizeof(t->sent_by), "%.*s|%.*s|%.*s", SPAN_ARG(rows[0].cell[0]),
                       SPAN_ARG(rows[0].cell[1]), SPAN_ARG(rows[0].cell[2]));
    }
}

static inline void on_event(void *ctx, const struct event *ev)
{
    struct fed *t = ctx;
    struct why why = {0};
    if (event_check(ev, &why) != ST_OK) {
        fail_msg("an event that is none: %s", why.text);
    }
    t->events++;
    t->agents += ev->type == EVENT_AGENT_STARTED;
    note_sender(t, ev);
    if (ev->type == EVENT_SIGNAL_RAISED) {
        (void)span_copy(event_text(ev, F_TITLE), t->title, sizeof(t->title));
    }
    buf_printf(&t->lines, "%s %.*s", event_type_name(ev->type),
               SPAN_ARG(event_text(ev, F_AGENT_ID)));
    if (ev->type == EVENT_AGENT_STATE || ev->type == EVENT_AGENT_STARTED) {
        buf_printf(&t->lines, " %s", agent_state_name((enum agent_state)event_number(ev, F_STATE)));
    } else if (ev->type == EVENT_APPROVAL_REQUESTED) {
        t->asks++;
        tell_lists(t, ev);
        t->hidden = event_number(ev, F_ACTION_SECRETS);
        (void)span_copy(event_text(ev, F_APPROVAL_ID), t->approval, sizeof(t->approval));
        (void)span_copy(event_text(ev, F_DIGEST), t->digest, sizeof(t->digest));
        (void)span_copy(event_text(ev, F_SUMMARY), t->summary, sizeof(t->summary));
        (void)span_copy(event_text(ev, F_ONLY_IN), t->only_in, sizeof(t->only_in));
        t->risk = (enum risk)event_number(ev, F_RISK);
        buf_printf(&t->lines, " %.*s", SPAN_ARG(event_text(ev, F_ACTION)));
    } else if (ev->type == EVENT_SPEND_RECORDED) {
        buf_printf(&t->lines, "%s %lld", ev->snapshot ? " sum" : "",
                   (long long)event_number(ev, F_TOKENS_IN));
        if (event_has(ev, F_TASK_ID)) {
            buf_printf(&t->lines, " of '%.*s'", SPAN_ARG(event_text(ev, F_TASK_ID)));
        }
    } else if (ev->type == EVENT_TASK_STARTED) {
        buf_printf(&t->lines, " %.*s '%.*s'", SPAN_ARG(event_text(ev, F_TASK_ID)),
                   SPAN_ARG(event_text(ev, F_TASK_TITLE)));
    } else if (ev->type == EVENT_TASK_FINISHED) {
        buf_printf(&t->lines, " %.*s %s", SPAN_ARG(event_text(ev, F_TASK_ID)),
                   outcome_name((enum outcome)event_number(ev, F_TASK_OUTCOME)));
    } else if (ev->type == EVENT_APPROVAL_RESOLVED) {
        buf_printf(&t->lines, " %s", decision_name((enum decision)event_number(ev, F_DECISION)));
    }
    buf_addch(&t->lines, '\n');
}

static inline void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    struct fed *t = ctx;
    (void)retry_ms;
    (void)span_copy(span_str(why), t->line, sizeof(t->line));
    buf_printf(&t->lines, "link %s\n", link_name(st));
}

static inline void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    (void)seq;
    buf_printf(&((struct fed *)ctx)->lines, "snapshot %s\n", complete ? "end" : "begin");
}

static inline void on_offers(void *ctx, const struct driver_offer *o)
{
    (void)ctx;
    assert_true(o->verbs & 1u << VERB_APPROVE);
}

static inline void on_result(void *ctx, struct span command, enum command_state st,
                             struct span reason, struct span by)
{
    (void)reason;
    (void)by;
    buf_printf(&((struct fed *)ctx)->lines, "result %.*s %s\n", SPAN_ARG(command),
               command_state_name(st));
}

static inline struct driver_frame on_shown(void *ctx, struct span bytes)
{
    return (struct driver_frame){.text = bytes, .secrets = ((struct fed *)ctx)->secrets};
}

static inline int up(void **state)
{
    struct fed *t = calloc(1, sizeof(*t));
    struct driver_sink sink = {.ctx = t,
                               .raw = on_raw,
                               .event = on_event,
                               .link = on_link,
                               .snapshot = on_snapshot,
                               .offers = on_offers,
                               .result = on_result,
                               .shown = on_shown,
                               .shown_ctx = t};
    struct why why = {0};
    buf_init(&sent, LINES_BYTES);
    buf_init(&t->lines, LINES_BYTES);
    buf_init(&t->record, RECORD_BYTES);
    buf_init(&t->told, LINES_BYTES);
    t->now_us = INT64_C(1793000000000000);
    assert_status(driver_open(&t->driver, driver_kind("codex"),
                              &(struct driver_conf){.name = "codex"}, NULL, NULL, sink, &why),
                  ST_OK);
    *state = t;
    return 0;
}

static inline int down(void **state)
{
    struct fed *t = *state;
    driver_close(t->driver);
    buf_release(&t->lines);
    buf_release(&t->record);
    buf_release(&t->told);
    buf_release(&sent);
    free(t);
    return 0;
}

/* ---- feeding */

static inline enum status feed(struct fed *t, const char *frame)
{
    char *text = strdup(frame);
    for (char *p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    enum status st = driver_feed(t->driver, span_str(text));
    free(text);
    return st;
}

#define FEED(t, ...) assert_status(feed((t), text_of(__VA_ARGS__)), ST_OK)

static inline const char *text_of(const char *fmt, ...) PRINTF(1, 2);
static inline const char *text_of(const char *fmt, ...)
{
    static char text[1 << 16];
    va_list ap;
    va_start(ap, fmt);
    assert_in_range(vsnprintf(text, sizeof(text), fmt, ap), 0, sizeof(text) - 1);
    va_end(ap);
    return text;
}

static inline void hello(struct fed *t, const char *threads)
{
    FEED(t, "{'id':'hello:-','result':{'userAgent':'u/0.169.0 (x)'}}");
    FEED(t, "{'id':'account:-','result':{'account':null}}");
    FEED(t, "{'id':'list:-','result':{'data':[%s],'nextCursor':null}}", threads);
}

static inline void read_thread(struct fed *t, const char *status)
{
    FEED(t,
         "{'id':'read:" T "','result':{'thread':{'id':'" T "','sessionId':'" T
         "','cwd':'/home/u','status':%s}}}",
         status);
}

static inline void attached(struct fed *t, const char *turn, const char *status)
{
    FEED(t,
         "{'id':'attach:" T "','result':{'thread':{'id':'" T
         "','status':%s},'approvalPolicy':'on-request',"
         "'initialTurnsPage':{'data':[%s]}}}",
         status, turn);
}

#define BARRIER "{'id':'list:-','result':{'data':['" T "'],'nextCursor':null}}"
#define ACTIVE  "{'type':'active','activeFlags':[]}"
#define WAITS   "{'type':'active','activeFlags':['waitingOnApproval']}"
#define TURN    "{'id':'" U "','status':'inProgress','items':[]}"
#define ASK                                                                                        \
    "{'method':'item/commandExecution/requestApproval','id':0,'params':{'threadId':'" T            \
    "','turnId':'" U "','itemId':'i1',"                                                            \
    "'command':'make','cwd':'/home/u'}}"
#define CLOSED "{'method':'serverRequest/resolved','params':{'threadId':'" T "','requestId':0}}"
#define ENDED(status, code)                                                                        \
    "{'method':'item/completed','params':{'threadId':'" T                                          \
    "','item':{'type':'commandExecution','id':'i1',"                                               \
    "'status':'" status "','exitCode':" code "}}}"

/* Live, with one thread whose turn runs. */
static inline void go_live(struct fed *t)
{
    hello(t, "'" T "'");
    read_thread(t, ACTIVE);
    attached(t, TURN, ACTIVE);
    FEED(t, BARRIER);
    assert_contains(t->lines.data, "link live");
    buf_clear(&t->lines);
}

static const char *answers; /* of the next command */

static inline void command(struct fed *t, const char *id, enum verb verb, const char *scope)
{
    struct why why = {0};
    struct command c = {.id = span_str(id),
                        .verb = verb,
                        .agent = SPAN(T),
                        .approval = span_str(t->approval),
                        .digest = span_str(t->digest),
                        .scope = span_str(scope),
                        .answers = span_str(answers),
                        .reason = SPAN("words"),
                        .time_us = t->now_us += 1000};
    assert_status(driver_send(t->driver, &c, &why), ST_OK);
}

static inline void heard_is(struct fed *t, const char *want)
{
    assert_string_equal(t->lines.data, want);
    buf_clear(&t->lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

#endif
