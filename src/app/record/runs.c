#include "runs.h"

#include <stdlib.h>
#include <string.h>

#include "../replay/refold.h"
#include "checkrein/alloc.h"
#include "checkrein/map.h"

#define TEXT_BYTES 512 /* of what is kept of one text */
#define NAME_BYTES 256 /* of a back-end's name */

struct known { /* of one run: where its calls are */
    struct map by_id, by_request;
};

struct runs {
    struct run **run; /* each stays where it is */
    size_t count, cap;
    struct map by_key;   /* back-end and id */
    struct known *known; /* of each run; NULL: acts are not kept */
    size_t known_cap;
    bool keeps_acts;
};

const char *decider_name(enum decider d)
{
    static const char *const names[] = {
#define X(constant, name) name,
        DECIDERS(X)
#undef X
    };
    return (unsigned)d < DECIDER_COUNT ? names[d] : names[DECIDER_NONE];
}

/* ---- texts */

static void set_long(char **slot, struct span s, size_t cap)
{
    size_t n = s.n < cap ? s.n : cap;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
        n--;
    }
    if (n == 0 || (*slot && strlen(*slot) == n && memcmp(*slot, s.p, n) == 0)) {
        return;
    }
    free(*slot);
    *slot = xstrndup(s.p, n);
}

static void set(char **slot, struct span s)
{
    set_long(slot, s, TEXT_BYTES);
}

static const struct {
    enum event_field field;
    size_t at;
} RUN_TEXTS[] = {
    {F_AGENT_NAME,         offsetof(struct run, name)        },
    {F_AGENT_RUNTIME,      offsetof(struct run, runtime)     },
    {F_MODEL,              offsetof(struct run, model)       },
    {F_AGENT_ON_BEHALF_OF, offsetof(struct run, on_behalf_of)},
    {F_AGENT_OWNER,        offsetof(struct run, owner)       },
    {F_TASK_TITLE,         offsetof(struct run, task)        },
    {F_AGENT_PARENT,       offsetof(struct run, parent)      },
    {F_CWD,                offsetof(struct run, cwd)         },
};

static char **text_slot(struct run *r, size_t at)
{
    return (char **)(void *)((char *)r + at);
}

static void set_texts(struct run *r, const struct event *ev)
{
    for (size_t i = 0; i < ARRAY_LEN(RUN_TEXTS); i++) {
        set(text_slot(r, RUN_TEXTS[i].at), event_text(ev, RUN_TEXTS[i].field));
    }
}

/* ---- runs */

static struct runs *make(bool keeps_acts)
{
    struct runs *r = xcalloc(1, sizeof(*r));
    r->keeps_acts = keeps_acts;
    return r;
}

struct runs *runs_new(void)
{
    return make(false);
}

struct runs *runs_new_with_acts(void)
{
    return make(true);
}

static void act_release(struct act *a)
{
    free(a->id);
    free(a->tool);
    free(a->summary);
    free(a->by);
}

static void run_free(struct run *r)
{
    for (size_t i = 0; i < r->act_count; i++) {
        act_release(&r->acts[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(RUN_TEXTS); i++) {
        free(*text_slot(r, RUN_TEXTS[i].at));
    }
    free(r->acts);
    free(r->backend);
    free(r->id);
    free(r);
}

void runs_free(struct runs *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        run_free(r->run[i]);
        if (r->keeps_acts) {
            map_release(&r->known[i].by_id);
            map_release(&r->known[i].by_request);
        }
    }
    map_release(&r->by_key);
    free(r->known);
    free(r->run);
    free(r);
}

static struct run *add(struct runs *r, const struct event *ev, struct span id)
{
    struct run *run = xcalloc(1, sizeof(*run));
    run->backend = xstrndup(ev->backend.p, ev->backend.n);
    run->id = xstrndup(id.p, id.n);
    run->first_us = run->last_us = ev->time_us;
    GROW(r->run, r->cap, r->count + 1);
    if (r->keeps_acts) {
        GROW(r->known, r->known_cap, r->count + 1);
        r->known[r->count] = (struct known){0};
    }
    r->run[r->count++] = run;
    return run;
}

/* *number is its place. */
static struct run *run_of(struct runs *r, const struct event *ev, uint32_t *number)
{
    char key[NAME_BYTES + FLEET_ID_BYTES + 1];
    struct span from = span_sub(ev->backend, 0, NAME_BYTES);
    struct span id = span_sub(event_text(ev, F_AGENT_ID), 0, FLEET_ID_BYTES);
    struct span name = {key, from.n + 1 + id.n};
    memcpy(key, from.p, from.n);
    key[from.n] = '\n';
    memcpy(key + from.n + 1, id.p, id.n);
    if (map_get(&r->by_key, name, number)) {
        return r->run[*number];
    }
    *number = (uint32_t)r->count;
    (void)map_put(&r->by_key, name, *number);
    return add(r, ev, id);
}

/* ---- calls */

static bool act_add(struct run *run, struct known *k, struct span id, uint32_t *at)
{
    if (run->act_count == RUN_ACTS_MAX) {
        run->acts_left_out++;
        return false;
    }
    *at = (uint32_t)run->act_count;
    (void)map_put(&k->by_id, id, *at);
    GROW(run->acts, run->act_cap, run->act_count + 1);
    run->acts[run->act_count++] = (struct act){.duration_ms = -1};
    set(&run->acts[*at].id, id);
    return true;
}

/* NULL: it is not kept, or has no id. An answer may name its request only. */
static struct act *act_of(struct runs *r, uint32_t number, const struct event *ev)
{
    struct span id = span_sub(event_text(ev, F_ACTION_ID), 0, FLEET_ID_BYTES);
    struct span request = span_sub(event_text(ev, F_APPROVAL_ID), 0, FLEET_ID_BYTES);
    struct run *run = r->run[number];
    struct known *k = r->keeps_acts ? &r->known[number] : NULL;
    uint32_t at;
    if (!k || (id.n == 0 && !map_get(&k->by_request, request, &at))) {
        return NULL;
    }
    if (id.n > 0 && !map_get(&k->by_id, id, &at) && !act_add(run, k, id, &at)) {
        return NULL;
    }
    if (id.n > 0 && request.n > 0) {
        (void)map_put(&k->by_request, request, at);
    }
    struct act *a = &run->acts[at];
    set(&a->tool, event_text(ev, F_TOOL));
    if (!a->summary) {
        set_long(&a->summary, event_text(ev, F_SUMMARY), FLEET_TEXT_BYTES);
    }
    return a;
}

static void decide(struct act *a, enum decider decider, enum decision decision, struct span by)
{
    if (a) {
        a->decider = decider;
        a->decision = decision;
        set(&a->by, by);
    }
}

/* ---- events */

static void on_state(struct run *run, struct act *act, const struct event *ev)
{
    (void)act;
    if (event_has(ev, F_STATE)) {
        run->state = (enum agent_state)event_number(ev, F_STATE);
    }
}

static void on_agent(struct run *run, struct act *act, const struct event *ev)
{
    set_texts(run, ev);
    if (ev->snapshot && ev->type == EVENT_AGENT_STARTED && ev->time_us > 0 &&
        ev->time_us < run->first_us) {
        run->first_us = ev->time_us;
    }
    on_state(run, act, ev);
}

static void on_started(struct run *run, struct act *act, const struct event *ev)
{
    run->actions += !ev->snapshot;
    if (act) {
        act->started = true;
    }
}

static void on_finished(struct run *run, struct act *act, const struct event *ev)
{
    enum outcome outcome = (enum outcome)event_number(ev, F_OUTCOME);
    run->failures += !ev->snapshot && outcome == OUTCOME_FAILED;
    if (act) {
        act->outcome = outcome;
        act->duration_ms = event_has(ev, F_DURATION_MS) ? event_number(ev, F_DURATION_MS) : -1;
    }
}

static void on_failure(struct run *run, struct act *act, const struct event *ev)
{
    (void)act;
    run->failures += !ev->snapshot && event_number(ev, F_RETRYING) == 0;
}

static void on_requested(struct run *run, struct act *act, const struct event *ev)
{
    (void)act;
    run->asked += !ev->snapshot;
}

static uint64_t mark_of_call(const struct event *ev)
{
    return span_hash(event_text(ev, F_ACTION_ID), 1);
}

static void count(struct run *run, enum decider decider, enum decision decision)
{
    if (decision == DECISION_APPROVED) {
        run->approved[decider]++;
    } else if (decision == DECISION_DENIED) {
        run->denied[decider]++;
    } else {
        run->unanswered++;
    }
}

static void on_policy(struct run *run, struct act *act, const struct event *ev)
{
    int64_t verdict = event_number(ev, F_VERDICT);
    if (verdict == VERDICT_ALLOW || verdict == VERDICT_DENY) {
        enum decision d = verdict == VERDICT_ALLOW ? DECISION_APPROVED : DECISION_DENIED;
        run->ruled = mark_of_call(ev);
        count(run, DECIDER_RULE, d);
        decide(act, DECIDER_RULE, d, event_text(ev, F_RULE));
    }
}

/* What only closes a request that a rule has decided is that rule's decision, counted before. */
static void on_resolved(struct run *run, struct act *act, const struct event *ev)
{
    enum decision decision = (enum decision)event_number(ev, F_DECISION);
    struct span by = event_text(ev, F_DECIDED_BY);
    enum decider decider = span_is(by, "policy") ? DECIDER_RULE
                           : by.n > 0            ? DECIDER_OPERATOR
                                                 : DECIDER_ELSEWHERE;
    if (decider == DECIDER_RULE && run->ruled == mark_of_call(ev)) {
        return;
    }
    count(run, decider, decision);
    decide(act, decider, decision, by);
}

static int64_t plus(const struct event *ev, int64_t before, enum event_field field)
{
    int64_t n = event_number(ev, field);
    int64_t sum = 0;
    n = n < 0 ? 0 : n;
    if (ev->snapshot) {
        return n;
    }
    return __builtin_add_overflow(before, n, &sum) ? INT64_MAX : sum;
}

static void on_spend(struct run *run, struct act *act, const struct event *ev)
{
    (void)act;
    if (event_number(ev, F_SPEND_SOURCE) == SPEND_SOURCE_BESIDE) {
        return; /* of what is counted already */
    }
    bool tokens = event_number(ev, F_TOKENS_IN) > 0 || event_number(ev, F_TOKENS_OUT) > 0;
    run->tokens_in = plus(ev, run->tokens_in, F_TOKENS_IN);
    run->tokens_out = plus(ev, run->tokens_out, F_TOKENS_OUT);
    run->tokens_cached = plus(ev, run->tokens_cached, F_TOKENS_CACHED);
    run->cost_microusd = plus(ev, run->cost_microusd, F_COST_MICROUSD);
    run->told |= tokens || run->cost_microusd > 0; /* sums of nothing tell nothing */
    run->cost_estimated |= event_number(ev, F_COST_ESTIMATED) != 0;
    run->unpriced |= tokens && !event_has(ev, F_COST_MICROUSD);
    set(&run->model, event_text(ev, F_MODEL));
}

typedef void run_fn(struct run *run, struct act *act, const struct event *ev);
static const struct {
    run_fn *fn;
    bool of_call;
} ON[EVENT_TYPE_COUNT] = {
    [EVENT_AGENT_STARTED] = {on_agent,     false},
    [EVENT_AGENT_UPDATED] = {on_agent,     false},
    [EVENT_AGENT_STATE] = {on_state,     false},
    [EVENT_ACTION_STARTED] = {on_started,   true },
    [EVENT_ACTION_FINISHED] = {on_finished,  true },
    [EVENT_APPROVAL_REQUESTED] = {on_requested, true },
    [EVENT_APPROVAL_RESOLVED] = {on_resolved,  true },
    [EVENT_SPEND_RECORDED] = {on_spend,     false},
    [EVENT_FAILURE_REPORTED] = {on_failure,   false},
    [EVENT_POLICY_DECIDED] = {on_policy,    true },
};

static void take(void *ctx, const struct fleet *f, const struct event *ev)
{
    struct runs *r = ctx;
    uint32_t number = 0;
    (void)f;
    if (event_text(ev, F_AGENT_ID).n == 0 || (unsigned)ev->type >= EVENT_TYPE_COUNT ||
        !ON[ev->type].fn) {
        return;
    }
    struct run *run = run_of(r, ev, &number);
    if (!ev->snapshot && ev->time_us > run->last_us) {
        run->last_us = ev->time_us;
    }
    ON[ev->type].fn(run, ON[ev->type].of_call ? act_of(r, number, ev) : NULL, ev);
}

/* ---- reading */

static void note_bad(struct runs_read *read, struct why *bad)
{
    if (read->bad++ == 0) {
        (void)span_copy(span_str(bad->text), read->first_bad, sizeof(read->first_bad));
    }
}

enum status runs_read(struct runs *r, const char *path, struct runs_read *read, struct why *why)
{
    struct journal_cursor *c = NULL;
    struct journal_record rec;
    *read = (struct runs_read){0};
    enum status st = journal_cursor_open(&c, path, why);
    if (st != ST_OK) {
        return st;
    }
    struct refold *refold = refold_new();
    refold_observe(refold, &(struct refold_observer){.ctx = r, .changed = take});
    while (st == ST_OK || st == ST_INVALID) {
        struct why bad = {0};
        st = journal_cursor_next(c, &rec, &bad);
        if (st == ST_OK) {
            read->records++;
        }
        if (st == ST_INVALID || (st == ST_OK && refold_take(refold, &rec, &bad) != ST_OK)) {
            note_bad(read, &bad);
        } else if (st != ST_OK && st != ST_END) {
            (void)why_fail(why, st, "%s", bad.text);
        }
    }
    refold_free(refold);
    journal_cursor_close(c);
    return st == ST_END ? ST_OK : st;
}

size_t runs_count(const struct runs *r)
{
    return r->count;
}

const struct run *runs_at(const struct runs *r, size_t i)
{
    return r->run[i];
}

static bool is_called(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* How many there are of that id, or else of that name; *out is the last of them. */
static size_t find(const struct runs *r, const char *word, const struct run **out)
{
    size_t by_id = 0;
    size_t by_name = 0;
    for (size_t i = 0; i < r->count; i++) {
        bool id = is_called(r->run[i]->id, word);
        bool name = is_called(r->run[i]->name, word);
        if (id || (name && by_id == 0)) {
            *out = r->run[i];
        }
        by_id += id;
        by_name += name;
    }
    return by_id > 0 ? by_id : by_name;
}

enum status runs_find(const struct runs *r, const char *word, const struct run **out,
                      struct why *why)
{
    if (!word && r->count == 1) {
        *out = r->run[0];
        return ST_OK;
    }
    size_t found = word ? find(r, word, out) : r->count;
    if (found == 0) {
        return why_fail(why, ST_NOTFOUND, "it tells of no agent%s%s", word ? " " : "",
                        word ? word : "");
    }
    return found == 1 ? ST_OK
           : word ? why_fail(why, ST_CONFLICT, "%zu agents are called %s: give the id", found, word)
                  : why_fail(why, ST_CONFLICT, "it tells of %zu agents: say which", found);
}
