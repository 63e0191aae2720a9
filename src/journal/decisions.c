#include "decisions_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/map.h"

/* What was said of one call since it was asked for. */
enum said { SAID_ALLOWED, SAID_APPROVED, SAID_REFUSED, SAID_COUNT };

struct call {
    uint32_t run;              /* of the process that said it: what an earlier one said is void */
    uint64_t said[SAID_COUNT]; /* record that says so; 0: none */
    char digest[DIGEST_TEXT_BYTES]; /* of what was allowed or approved */
    bool running;
};

struct request {
    uint32_t run;
    struct buf key; /* of its call */
    char digest[DIGEST_TEXT_BYTES];
    char shown[DIGEST_TEXT_BYTES]; /* of the text without secrets; empty: none was hidden */
};

struct agent {
    bool closed; /* its gate */
    uint32_t parent;
    bool has_parent;
};

/* Things with a name, each at a number of its own that is used again when it is dropped. */
struct names {
    struct map map;
    uint32_t *unused;
    size_t unused_count, unused_cap, count;
};

struct decisions {
    struct journal_decisions told;
    uint32_t run;
    bool latched;
    uint64_t n;
    int64_t time_us;
    const struct event *ev;
    struct buf key; /* agent and call of the event */
    struct names call_names, request_names, agent_names;
    struct call *calls;
    struct request *requests;
    struct agent *agents;
    size_t call_cap, request_cap, agent_cap;
};

#define KEY_BYTES 8192

/* ---- names */

static bool find(const struct names *s, struct span name, uint32_t *at)
{
    return map_get(&s->map, name, at);
}

static uint32_t enter(struct names *s, struct span name)
{
    uint32_t at = s->unused_count > 0 ? s->unused[--s->unused_count] : (uint32_t)s->count++;
    (void)map_put(&s->map, name, at);
    return at;
}

static void drop(struct names *s, struct span name, uint32_t at)
{
    (void)map_del(&s->map, name);
    GROW(s->unused, s->unused_cap, s->unused_count + 1);
    s->unused[s->unused_count++] = at;
}

static void names_release(struct names *s)
{
    map_release(&s->map);
    free(s->unused);
}

struct decisions *decisions_new(void)
{
    struct decisions *d = xcalloc(1, sizeof(*d));
    buf_init(&d->key, KEY_BYTES);
    return d;
}

void decisions_free(struct decisions *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < d->request_names.count; i++) {
        buf_release(&d->requests[i].key);
    }
    names_release(&d->call_names);
    names_release(&d->request_names);
    names_release(&d->agent_names);
    free(d->calls);
    free(d->requests);
    free(d->agents);
    buf_release(&d->key);
    free(d);
}

void decisions_restart(struct decisions *d)
{
    d->run++;
}

void decisions_begin_late(struct decisions *d)
{
    d->told.partial = true;
}

const struct journal_decisions *decisions_told(const struct decisions *d)
{
    return &d->told;
}

/* ---- faults */

static void fault(struct decisions *d, const char *what)
{
    struct journal_decisions *t = &d->told;
    if (t->faults++ > 0) {
        return;
    }
    t->first_n = d->n;
    t->first_us = d->time_us;
    (void)span_copy(span_str(what), t->first, sizeof(t->first));
    (void)span_copy(event_text(d->ev, F_AGENT_ID), t->agent, sizeof(t->agent));
    (void)span_copy(event_text(d->ev, F_ACTION_ID), t->call, sizeof(t->call));
}

/* ---- calls */

static struct span key_of(struct decisions *d, struct span agent, struct span action)
{
    buf_clear(&d->key);
    buf_add(&d->key, agent);
    buf_addch(&d->key, '\n');
    buf_add(&d->key, action);
    return buf_span(&d->key);
}

static struct span event_key(struct decisions *d)
{
    return key_of(d, event_text(d->ev, F_AGENT_ID), event_text(d->ev, F_ACTION_ID));
}

/* As far as this process has said anything of it. */
static struct call *call_at(struct decisions *d, struct span key)
{
    uint32_t at;
    if (!find(&d->call_names, key, &at)) {
        at = enter(&d->call_names, key);
        GROW(d->calls, d->call_cap, d->call_names.count);
        d->calls[at] = (struct call){.run = d->run};
    }
    struct call *c = &d->calls[at];
    if (c->run != d->run) {
        *c = (struct call){.run = d->run, .running = c->running};
    }
    return c;
}

static bool is_decided(const struct call *c)
{
    return c->said[SAID_ALLOWED] > 0 || c->said[SAID_APPROVED] > 0;
}

static void say(struct decisions *d, struct call *c, enum said what, struct span digest)
{
    if (is_decided(c)) {
        fault(d, "decided twice before it ran");
    } else if (c->said[SAID_REFUSED] > 0) {
        fault(d, "allowed after it was refused");
    }
    c->said[what] = d->n;
    (void)span_copy(digest, c->digest, sizeof(c->digest));
}

static void refuse(struct decisions *d, struct call *c)
{
    if (is_decided(c)) {
        fault(d, "refused after it was allowed");
    }
    *c = (struct call){.run = d->run, .running = c->running, .said = {[SAID_REFUSED] = d->n}};
}

static void on_policy(struct decisions *d)
{
    struct call *c = call_at(d, event_key(d));
    if (event_number(d->ev, F_VERDICT) == VERDICT_ALLOW) {
        say(d, c, SAID_ALLOWED, event_text(d->ev, F_DIGEST));
    } else if (event_number(d->ev, F_VERDICT) == VERDICT_DENY) {
        refuse(d, c);
    }
}

/* ---- requests */

static bool digest_is_of(struct span digest, struct span text)
{
    char want[DIGEST_TEXT_BYTES];
    digest_text(text, want);
    return span_is(digest, want);
}

/* Where secrets are hidden, the text is that of a digest of its own, and has as many marks at least
 * as are told of: an agent may have written marks itself. */
static bool shows_what_it_says(const struct event *ev)
{
    struct span text = event_text(ev, F_ACTION);
    struct span digest = event_text(ev, F_DIGEST);
    struct span shown = event_text(ev, F_SHOWN_DIGEST);
    int64_t secrets = event_number(ev, F_ACTION_SECRETS);
    if (shown.n == 0) {
        return secrets == 0 && digest_is_of(digest, text);
    }
    return digest_valid(digest) && !span_eq(digest, shown) && digest_is_of(shown, text) &&
           secrets > 0 && (int64_t)secret_marks(text) >= secrets;
}

/* The same request may be made again, when the rules were read anew. */
static void on_requested(struct decisions *d)
{
    uint32_t at;
    struct span id = event_text(d->ev, F_APPROVAL_ID);
    struct span digest = event_text(d->ev, F_DIGEST);
    struct span key = event_key(d);
    struct span shown = event_text(d->ev, F_SHOWN_DIGEST);
    if (!shows_what_it_says(d->ev)) {
        fault(d, "the digest is not that of the action that was shown");
    }
    if (find(&d->request_names, id, &at)) {
        const struct request *r = &d->requests[at];
        if (!span_is(digest, r->digest) || !span_is(shown, r->shown) ||
            !span_eq(key, buf_span(&r->key))) {
            fault(d, "a request of an id that is open, for another call");
        }
        return;
    }
    at = enter(&d->request_names, id);
    size_t had = d->request_cap;
    GROW(d->requests, d->request_cap, d->request_names.count);
    memset(d->requests + had, 0, (d->request_cap - had) * sizeof(*d->requests));
    struct request *r = &d->requests[at];
    r->run = d->run;
    buf_release(&r->key);
    buf_init(&r->key, KEY_BYTES);
    buf_add(&r->key, key);
    (void)span_copy(digest, r->digest, sizeof(r->digest));
    (void)span_copy(shown, r->shown, sizeof(r->shown));
}

/* An approval that only closes a request which a rule allowed meanwhile is that rule's decision. */
static void approve(struct decisions *d, struct call *c)
{
    struct span digest = event_text(d->ev, F_DIGEST);
    if (!span_is(event_text(d->ev, F_DECIDED_BY), "policy")) {
        say(d, c, SAID_APPROVED, digest);
    } else if (c->said[SAID_ALLOWED] == 0 || !span_is(digest, c->digest)) {
        fault(d, "approved by a rule, and no rule allowed it");
    }
}

/* Its call waited for an earlier process, and went with it. */
static void close_old(struct decisions *d, const struct request *r, bool approved)
{
    uint32_t call;
    if (approved) {
        fault(d, "approved, and the process that held the call has ended");
    }
    if (find(&d->call_names, buf_span(&r->key), &call)) {
        drop(&d->call_names, buf_span(&r->key), call);
    }
}

/* Its request was dropped: the decision names its call and its digest by itself. Whether that is
 * what was asked for is not known any more. */
static void take_as_it_stands(struct decisions *d)
{
    d->told.unseen++;
    if (event_number(d->ev, F_DECISION) != DECISION_APPROVED) {
        refuse(d, call_at(d, event_key(d)));
    } else if (!span_is(event_text(d->ev, F_DECIDED_BY), "policy")) {
        say(d, call_at(d, event_key(d)), SAID_APPROVED, event_text(d->ev, F_DIGEST));
    }
}

static void on_resolved(struct decisions *d)
{
    uint32_t at;
    struct span id = event_text(d->ev, F_APPROVAL_ID);
    if (!find(&d->request_names, id, &at) && d->told.partial) {
        take_as_it_stands(d);
        return;
    }
    if (!find(&d->request_names, id, &at)) {
        fault(d, "a decision of a request that is not open");
        return;
    }
    const struct request *r = &d->requests[at];
    if (event_has(d->ev, F_DIGEST) && !span_is(event_text(d->ev, F_DIGEST), r->digest)) {
        fault(d, "decided with another digest than was asked for");
    }
    if (event_has(d->ev, F_ACTION_ID) && !span_eq(event_key(d), buf_span(&r->key))) {
        fault(d, "decided for another call than was asked for");
    }
    bool approved = event_number(d->ev, F_DECISION) == DECISION_APPROVED;
    if (approved && !span_is(event_text(d->ev, F_SHOWN_DIGEST), r->shown)) {
        fault(d, "approved as another text than was shown");
    }
    if (r->run != d->run) {
        close_old(d, r, approved);
    } else if (approved) {
        approve(d, call_at(d, buf_span(&r->key)));
    } else {
        refuse(d, call_at(d, buf_span(&r->key)));
    }
    drop(&d->request_names, id, at);
}

/* ---- gates */

static uint32_t agent_at(struct decisions *d, struct span id)
{
    uint32_t at;
    if (!find(&d->agent_names, id, &at)) {
        at = enter(&d->agent_names, id);
        GROW(d->agents, d->agent_cap, d->agent_names.count);
        d->agents[at] = (struct agent){0};
    }
    return at;
}

static void on_agent(struct decisions *d)
{
    uint32_t at = agent_at(d, event_text(d->ev, F_AGENT_ID));
    if (event_has(d->ev, F_GATE)) {
        d->agents[at].closed = !span_is(event_text(d->ev, F_GATE), "open");
    }
    if (event_has(d->ev, F_AGENT_PARENT)) {
        uint32_t parent = agent_at(d, event_text(d->ev, F_AGENT_PARENT));
        d->agents[at].parent = parent;
        d->agents[at].has_parent = true;
    }
}

static bool gate_is_closed(struct decisions *d, struct span agent)
{
    uint32_t at;
    if (!find(&d->agent_names, agent, &at)) {
        return false;
    }
    const struct agent *a = &d->agents[at];
    return a->closed || (a->has_parent && d->agents[a->parent].closed);
}

/* ---- running */

static const char *why_not(struct decisions *d, const struct call *c)
{
    if (d->latched) {
        return "ran under a fleet stop";
    }
    if (gate_is_closed(d, event_text(d->ev, F_AGENT_ID))) {
        return "ran while its agent, or that one's parent, was paused or stopped";
    }
    if (c->running) {
        return "ran a second time";
    }
    if (!is_decided(c)) {
        return c->said[SAID_REFUSED] > 0 ? "ran after it was refused" : "ran without a decision";
    }
    if (!span_is(event_text(d->ev, F_DIGEST), c->digest)) {
        return "ran with another digest than was decided";
    }
    return NULL;
}

static void on_started(struct decisions *d)
{
    struct call *c = call_at(d, event_key(d));
    const char *fault_words = why_not(d, c);
    if (fault_words != NULL) {
        fault(d, fault_words);
    }
    d->told.started++;
    d->told.by_rule += c->said[SAID_ALLOWED] > 0;
    d->told.by_operator += c->said[SAID_APPROVED] > 0;
    *c = (struct call){.run = d->run, .running = true};
}

static bool is_an_end_of_a_run(int64_t outcome)
{
    return outcome == OUTCOME_SUCCEEDED || outcome == OUTCOME_FAILED;
}

static void on_finished(struct decisions *d)
{
    uint32_t at;
    struct span key = event_key(d);
    bool known = find(&d->call_names, key, &at);
    bool ran = known && d->calls[at].running;
    d->told.ungated += !ran && is_an_end_of_a_run(event_number(d->ev, F_OUTCOME));
    if (known) {
        drop(&d->call_names, key, at);
    }
}

static void on_stop(struct decisions *d)
{
    d->latched = event_number(d->ev, F_STOP_LATCHED) != 0;
}

void decisions_apply(struct decisions *d, uint64_t n, int64_t time_us, const struct event *ev)
{
    static void (*const ON[EVENT_TYPE_COUNT])(struct decisions * d) = {
        [EVENT_AGENT_STARTED] = on_agent,        [EVENT_AGENT_UPDATED] = on_agent,
        [EVENT_POLICY_DECIDED] = on_policy,      [EVENT_APPROVAL_REQUESTED] = on_requested,
        [EVENT_APPROVAL_RESOLVED] = on_resolved, [EVENT_ACTION_STARTED] = on_started,
        [EVENT_ACTION_FINISHED] = on_finished,   [EVENT_FLEET_STOP] = on_stop,
    };
    d->n = n;
    d->time_us = time_us;
    d->ev = ev;
    if (ev->type < EVENT_TYPE_COUNT && ON[ev->type] != NULL) {
        ON[ev->type](d);
    }
}
