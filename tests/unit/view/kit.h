/* kit.h - a fleet built from events, a ui on it, and a canvas: what every test of view starts from.
 */
#ifndef CHECKREIN_TEST_VIEW_KIT_H
#define CHECKREIN_TEST_VIEW_KIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#include "checkrein/buf.h"
#include "checkrein/view.h"

#define KIT_NOW_US  INT64_C(1795184527000000) /* 2026-11-20T14:22:07Z */
#define KIT_MONO_US INT64_C(5000000000)
#define S_US        INT64_C(1000000)
#define KEY(name)   KEY_NAMED(KEYN_##name)

struct kit {
    struct fleet *f;
    struct ui *ui;
    struct canvas c;
    struct moment now;
    struct intent out; /* of the last key */
    struct event ev;
    struct buf text; /* of the last dump */
    uint64_t seq;
};

static inline void kit_options(struct kit *k, int cols, int rows, struct ui_options o)
{
    memset(k, 0, sizeof(*k));
    k->f = fleet_new();
    o.arm_low_us = o.arm_low_us != 0 ? o.arm_low_us : 500000;
    o.arm_high_us = o.arm_high_us != 0 ? o.arm_high_us : 1000000;
    o.operator_label = "ops";
    o.version = "0.1.0";
    k->ui = ui_new(&o);
    k->now = (struct moment){KIT_NOW_US, KIT_MONO_US};
    canvas_init(&k->c);
    canvas_resize(&k->c, cols, rows);
    buf_init(&k->text, 16 * 1024 * 1024);
    ui_set_operator(k->ui, SPAN("ops@bastion"));
}

static inline void kit_init(struct kit *k, int cols, int rows)
{
    kit_options(k, cols, rows, (struct ui_options){0});
}

static inline void kit_release(struct kit *k)
{
    ui_free(k->ui);
    fleet_free(k->f);
    canvas_release(&k->c);
    buf_release(&k->text);
}

/* ---- events: begin, fields, fold */
static inline void begin(struct kit *k, const char *backend, enum event_type type,
                         int64_t seconds_ago)
{
    event_init(&k->ev, type, k->now.wall_us - seconds_ago * S_US);
    k->ev.backend = span_str(backend);
    k->ev.seq = ++k->seq;
}

static inline void text(struct kit *k, enum event_field field, const char *s)
{
    if (s != NULL && s[0] != '\0') {
        event_set_text(&k->ev, field, span_str(s));
    }
}

static inline void number(struct kit *k, enum event_field field, int64_t n)
{
    event_set_number(&k->ev, field, n);
}

static inline void fold(struct kit *k)
{
    fleet_apply(k->f, &k->ev);
}

#define ROW(...) ((struct event_row){.cell = {__VA_ARGS__}})

static inline void backend_verbs(struct kit *k, const char *name, enum link_state link,
                                 int64_t seconds_ago, const char *why, int64_t retry_s)
{
    static const char *const verbs[] = {"approve", "deny",     "pause",      "resume", "interrupt",
                                        "stop",    "stop_all", "reset_stop", "revoke", "message",
                                        "budget",  "freeze",   "kill"};
    struct event_row rows[ARRAY_LEN(verbs)];
    memset(rows, 0, sizeof(rows));
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        rows[i].cell[0] = span_str(verbs[i]);
    }
    begin(k, name, EVENT_BACKEND_LINK, seconds_ago);
    number(k, F_LINK, link);
    text(k, F_REASON, why);
    if (retry_s > 0) {
        number(k, F_RETRY_MS, retry_s * 1000);
    }
    event_set_list(&k->ev, F_CAPABILITIES, rows, ARRAY_LEN(rows));
    k->ev.seq = 0;
    fold(k);
}

/* What our connection may do there, as the back-end's hello said. */
static inline void backend_rights(struct kit *k, const char *name, const char *scopes)
{
    struct event_row rows[SCOPE_COUNT];
    uint32_t bits = 0;
    uint32_t count = 0;
    assert_true(scopes_parse(span_str(scopes), &bits));
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if ((bits & SCOPE_BIT(s)) != 0) {
            rows[count++] = ROW(span_str(scope_name((enum scope)s)));
        }
    }
    begin(k, name, EVENT_BACKEND_LINK, 900);
    number(k, F_LINK, LINK_LIVE);
    text(k, F_OPERATOR, "token:mine");
    text(k, F_CONNECTION, "01MINE");
    event_set_list(&k->ev, F_OPERATOR_SCOPES, rows, count);
    k->ev.seq = 0;
    fold(k);
}

static inline void someone_watches(struct kit *k, const char *backend, const char *who,
                                   const char *connection)
{
    struct event_row rows[] = {ROW(SPAN("read")), ROW(SPAN("decide"))};
    begin(k, backend, EVENT_OPERATOR_PRESENCE, 60);
    text(k, F_OPERATOR, who);
    text(k, F_CONNECTION, connection);
    text(k, F_OPERATOR_PATH, "loopback port");
    number(k, F_PRESENT, 1);
    event_set_list(&k->ev, F_OPERATOR_SCOPES, rows, 2);
    fold(k);
}

static inline void backend_live(struct kit *k, const char *name)
{
    backend_verbs(k, name, LINK_LIVE, 900, "", 0);
}

struct an_agent {
    const char *id, *name, *runtime, *model, *owner, *mode, *host, *parent;
    enum agent_state state;
    int64_t since_s;
    const char *tool, *now; /* what it does */
    int64_t now_s;
    int64_t tokens, microusd;
    bool demo;
};

static inline void agent_add(struct kit *k, const char *backend, const struct an_agent *a)
{
    static const char *const reins[] = {"withhold",  "hold", "freeze",
                                        "interrupt", "stop", "revoke"};
    struct event_row rows[ARRAY_LEN(reins)];
    memset(rows, 0, sizeof(rows));
    for (size_t i = 0; i < ARRAY_LEN(reins); i++) {
        rows[i].cell[0] = span_str(reins[i]);
        rows[i].cell[1] = i < 4 ? SPAN("true") : SPAN("false");
        rows[i].cell[2] = SPAN("process state");
    }
    begin(k, backend, EVENT_AGENT_STARTED, a->since_s + 600);
    text(k, F_AGENT_ID, a->id);
    text(k, F_AGENT_NAME, a->name);
    text(k, F_AGENT_RUNTIME, a->runtime);
    text(k, F_MODEL, a->model);
    text(k, F_AGENT_ON_BEHALF_OF, a->owner);
    text(k, F_PERMISSION_MODE, a->mode);
    text(k, F_HOST, a->host);
    text(k, F_AGENT_PARENT, a->parent);
    number(k, F_AGENT_DEMO, a->demo);
    event_set_list(&k->ev, F_REINS, rows, ARRAY_LEN(rows));
    fold(k);
    if (a->now != NULL) {
        begin(k, backend, EVENT_ACTION_STARTED, a->now_s);
        text(k, F_AGENT_ID, a->id);
        text(k, F_ACTION_ID, a->id);
        text(k, F_TOOL, a->tool);
        text(k, F_SUMMARY, a->now);
        fold(k);
    }
    begin(k, backend, EVENT_AGENT_STATE, a->since_s);
    text(k, F_AGENT_ID, a->id);
    number(k, F_STATE, a->state);
    fold(k);
    if (a->tokens > 0) {
        begin(k, backend, EVENT_SPEND_RECORDED, a->since_s);
        text(k, F_AGENT_ID, a->id);
        number(k, F_TOKENS_IN, a->tokens);
        number(k, F_COST_MICROUSD, a->microusd);
        fold(k);
    }
}

struct a_request {
    const char *agent, *id, *tool, *summary, *action;
    const char *rule, *reason, *words;
    enum risk risk;
    int64_t asked_s, left_s; /* left_s 0: waits */
    size_t action_bytes;     /* 0: of the string */
    bool reversible;
};

#define A_DIGEST "sha256:4f1c9a0b12cd34ef56ab78cd90ef12ab34cd56ef78ab90cd12ef34ab9e0f12ab"

static inline void request_add(struct kit *k, const char *backend, const struct a_request *r)
{
    begin(k, backend, EVENT_APPROVAL_REQUESTED, r->asked_s);
    text(k, F_AGENT_ID, r->agent);
    text(k, F_APPROVAL_ID, r->id);
    text(k, F_ACTION_ID, r->agent);
    text(k, F_TOOL, r->tool);
    text(k, F_SUMMARY, r->summary);
    event_set_text(
        &k->ev, F_ACTION,
        (struct span){r->action, r->action_bytes > 0 ? r->action_bytes : strlen(r->action)});
    text(k, F_DIGEST, A_DIGEST);
    text(k, F_POLICY_VERSION, "5f0c12aa90de4411");
    text(k, F_RULE, r->rule);
    text(k, F_REASON, r->reason);
    text(k, F_AGENT_WORDS, r->words);
    number(k, F_RISK, r->risk);
    number(k, F_REVERSIBLE, r->reversible);
    if (r->left_s > 0) {
        number(k, F_EXPIRES_AT, k->now.wall_us + r->left_s * S_US);
        number(k, F_ON_SILENCE, SILENCE_DENY);
    }
    fold(k);
}

static inline void request_resolve(struct kit *k, const char *backend, const char *id,
                                   enum decision d, const char *by, const char *reason)
{
    begin(k, backend, EVENT_APPROVAL_RESOLVED, 0);
    text(k, F_APPROVAL_ID, id);
    number(k, F_DECISION, d);
    text(k, F_DECIDED_BY, by);
    text(k, F_REASON, reason);
    fold(k);
}

static inline void agent_state(struct kit *k, const char *backend, const char *id,
                               enum agent_state s)
{
    begin(k, backend, EVENT_AGENT_STATE, 0);
    text(k, F_AGENT_ID, id);
    number(k, F_STATE, s);
    fold(k);
}

/* ---- time, keys, frames */
static inline void pass_ms(struct kit *k, int64_t ms)
{
    k->now.wall_us += ms * 1000;
    k->now.mono_us += ms * 1000;
}

static inline void draw(struct kit *k)
{
    struct scene s = {.fleet = k->f, .ui = k->ui, .now = k->now};
    ui_sync(k->ui, k->f, k->now);
    view_render(&k->c, &s);
}

static inline int64_t next_change(struct kit *k)
{
    struct scene s = {.fleet = k->f, .ui = k->ui, .now = k->now};
    return view_next_change_us(&s);
}

static inline enum intent_kind press(struct kit *k, uint32_t key)
{
    ui_key(k->ui, k->f, key, k->now, &k->out);
    return k->out.kind;
}

/* As an operator does: looks, then presses, and time passes between keys. */
static inline enum intent_kind type(struct kit *k, const char *keys)
{
    enum intent_kind kind = INTENT_NONE;
    for (; *keys != '\0'; keys++) {
        kind = press(k, (uint32_t)(unsigned char)*keys);
        pass_ms(k, 20);
    }
    return kind;
}

static inline const char *screen(struct kit *k)
{
    draw(k);
    buf_clear(&k->text);
    assert_int_equal(canvas_dump_text(&k->c, &k->text), ST_OK);
    return k->text.data;
}

#define assert_shows(k, part) assert_contains(screen(k), (part))
#define assert_hides(k, part) assert_null(strstr(screen(k), (part)))

/* One row of the screen, in a fixed place until the next call. */
static inline const char *row_text(struct kit *k, int y)
{
    static char row[8192];
    struct span rest = span_str(screen(k));
    struct span line = SPAN_NONE;
    for (int i = 0; i <= y && span_next(&rest, '\n', &line); i++) {
    }
    (void)span_copy(line, row, sizeof(row));
    return row;
}

static inline int row_with(struct kit *k, const char *part)
{
    for (int y = 0; y < k->c.h; y++) {
        if (strstr(row_text(k, y), part) != NULL) {
            return y;
        }
    }
    return -1;
}

static inline void assert_command(const struct kit *k, enum verb v, const char *agent,
                                  const char *approval)
{
    assert_int_equal(k->out.kind, INTENT_COMMAND);
    assert_int_equal(k->out.command.verb, v);
    assert_span_is(k->out.command.agent, agent);
    assert_span_is(k->out.command.approval, approval);
}

#endif
