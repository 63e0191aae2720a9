/* Bytes as events: whatever is told, the picture holds together, is the same when told again, and
 * goes across as a snapshot.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* ---- bytes to events */
struct source {
    const uint8_t *at;
    size_t left;
    uint64_t seq;
    struct event ev;
    struct event_row rows[3];
};

static uint8_t next_byte(struct source *s)
{
    if (s->left == 0) {
        return 0;
    }
    s->left--;
    return *s->at++;
}

/* Short texts of few values, so that ids meet again; now and then the raw bytes that follow. */
static struct span next_text(struct source *s)
{
    static const char names[] = "abcdefghijklmnop";
    uint8_t c = next_byte(s);
    if (c < 0xf0) {
        return (struct span){names + c % 16, 1};
    }
    size_t n = c == 0xff && s->left > 600 ? 600 : s->left < (c & 15u) ? s->left : (c & 15u);
    struct span raw = {(const char *)s->at, n};
    s->at += n;
    s->left -= n;
    return raw;
}

static int64_t next_number(struct source *s)
{
    static const int64_t edges[] = {INT64_MIN, -1, 0, 1, INT64_MAX, INT32_MAX, 1000000, -5};
    uint8_t c = next_byte(s);
    return c < 0xe0 ? c % 16 : edges[c % 8];
}

static void next_list(struct source *s, enum event_field field)
{
    uint32_t count = next_byte(s) % 4;
    for (uint32_t i = 0; i < count; i++) {
        s->rows[i] = (struct event_row){
            {next_text(s), next_text(s)}
        };
    }
    event_set_list(&s->ev, field, s->rows, count);
}

static void next_attribute(struct source *s)
{
    enum event_field field = (enum event_field)(next_byte(s) % EVENT_FIELD_COUNT);
    switch (event_field_info(field)->kind) {
    case EVENT_STR:
        event_set_text(&s->ev, field, next_text(s));
        break;
    case EVENT_LIST:
        next_list(s, field);
        break;
    case EVENT_INT:
    case EVENT_BOOL:
    case EVENT_TIME:
    case EVENT_ENUM:
        event_set_number(&s->ev, field, next_number(s));
        break;
    }
}

static void next_event(struct source *s)
{
    uint8_t flags = next_byte(s);
    int type = next_byte(s) % (EVENT_TYPE_COUNT + 1);
    event_init(&s->ev, (enum event_type)type, next_number(s));
    s->ev.backend = (flags & 1u) != 0 ? SPAN("b1") : SPAN("b2");
    s->ev.snapshot = (flags & 6u) == 6u;
    s->ev.seq = (flags & 8u) != 0 ? 0 : ++s->seq;
    s->ev.raw_type = next_text(s);
    event_set_text(&s->ev, F_AGENT_ID, next_text(s));
    event_set_text(&s->ev, F_APPROVAL_ID, next_text(s));
    event_set_text(&s->ev, F_COMMAND_ID, next_text(s));
    event_set_number(&s->ev, F_STATE, next_number(s));
    for (uint8_t n = next_byte(s) % 6; n > 0; n--) {
        next_attribute(s);
    }
}

static void tell(struct fleet *f, struct source *s)
{
    uint8_t what = next_byte(s);
    struct span backend = (what & 1u) != 0 ? SPAN("b1") : SPAN("b2");
    if (what == 0xfe || what == 0xff) {
        fleet_snapshot_begin(f, backend);
    } else if (what == 0xfc || what == 0xfd) {
        fleet_snapshot_end(f, backend, s->seq);
    } else {
        next_event(s);
        fleet_apply(f, &s->ev);
    }
}

static struct fleet *told(const uint8_t *data, size_t size)
{
    struct source s = {.at = data, .left = size};
    struct fleet *f = fleet_new();
    while (s.left > 0) {
        tell(f, &s);
    }
    return f;
}

/* ---- what must hold */
static void check_agent(const struct fleet *f, const struct agent *a)
{
    const struct agent *above = a;
    uint32_t before = UINT32_MAX;
    const char *why = NULL;
    for (uint32_t steps = 0; above != NULL; steps++) {
        demand(steps <= fleet_agent_count(f));
        above = fleet_agent(f, above->parent);
    }
    uint32_t n = fleet_log_of_agent(f, a->ref);
    for (; n != 0; n = fleet_log_older(f, n)) {
        demand(n < before && fleet_log_entry(f, n)->agent == a->ref);
        before = n;
    }
    for (int v = 0; v < VERB_COUNT; v++) {
        demand(fleet_verb_offered(f, a->ref, (enum verb)v, &why) == (why == NULL));
    }
    demand(fleet_agent(f, a->ref) == a);
}

static uint32_t check_agents(const struct fleet *f)
{
    struct fleet_totals t;
    uint32_t by_state[AGENT_STATE_COUNT] = {0};
    uint32_t pending = 0;
    fleet_totals(f, &t);
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        check_agent(f, a);
        by_state[a->state]++;
        pending += a->pending;
    }
    demand(memcmp(by_state, t.by_state, sizeof(by_state)) == 0);
    return pending;
}

static void check_queue(const struct fleet *f, uint32_t pending)
{
    bool high = true;
    demand(fleet_pending_count(f) == pending);
    for (uint32_t i = 0; i < pending; i++) {
        const struct approval *a = fleet_pending_at(f, i);
        demand(a->pending && (high || a->risk != RISK_HIGH));
        demand(fleet_agent(f, a->agent) != NULL && fleet_approval(f, a->ref) == a);
        high = a->risk == RISK_HIGH;
    }
    for (uint32_t i = 0; i < fleet_resolved_count(f); i++) {
        demand(!fleet_resolved_at(f, i)->pending);
    }
}

static void pass_on(void *ctx, const struct event *ev)
{
    fleet_apply(ctx, ev);
}

static void check_snapshot(const struct fleet *f)
{
    const struct backend *b = fleet_backend_named(f, SPAN("b1"));
    struct fleet *copy = fleet_new();
    fleet_snapshot_begin(copy, SPAN("b1"));
    fleet_snapshot(f, SPAN("b1"), pass_on, copy);
    fleet_snapshot_end(copy, SPAN("b1"), 1);
    demand(fleet_agent_count(copy) == (b == NULL ? 0 : b->agents));
    check_queue(copy, check_agents(copy));
    fleet_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fleet *f = told(data, size);
    struct fleet *again = told(data, size);
    demand(fleet_digest(f) == fleet_digest(again));
    check_queue(f, check_agents(f));
    check_snapshot(f);
    fleet_free(again);
    fleet_free(f);
    return 0;
}
