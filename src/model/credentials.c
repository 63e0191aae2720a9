/* credentials.c - what agents hold, each as a thing of its own. What its own events tell stays as
 * told; an agent's list adds what these do not: of which kind it is, and whether it can be revoked.
 */
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "model_priv.h"

/* The columns of F_CREDENTIALS. */
enum { CELL_ID, CELL_KIND, CELL_ISSUER, CELL_SCOPES, CELL_EXPIRES, CELL_REVOCABLE };

static const size_t credential_texts[] = {
    offsetof(struct credential, id),      offsetof(struct credential, kind),
    offsetof(struct credential, issuer),  offsetof(struct credential, scopes),
    offsetof(struct credential, parent),  offsetof(struct credential, digest),
    offsetof(struct credential, until),   offsetof(struct credential, revocable),
    offsetof(struct credential, reason),  offsetof(struct credential, by),
    offsetof(struct credential, probe),   offsetof(struct credential, last_use),
    offsetof(struct credential, refusal), offsetof(struct credential, wait),
    offsetof(struct credential, holder),
};

struct credential_item *credential_find(const struct fleet *f, uint32_t backend, struct span id)
{
    sid text = id_find(f, id);
    return text == 0 ? NULL : index_get(&f->credential_by_id, index_key(backend, text));
}

/* ---- coming and going */
static void credential_remove(struct fleet *f, struct credential_item *it)
{
    roster_remove(&f->credentials, it->c.ref);
    index_del(&f->credential_by_id, index_key(it->c.backend, it->c.id));
    string_drop_all(f, &it->c, credential_texts, ARRAY_LEN(credential_texts));
    free(it);
}

/* Nobody holds it, and it is over as far as anybody said. */
static bool is_dispensable(const struct credential *c, int64_t now_us)
{
    bool expired = c->expires_us > 0 && c->expires_us <= now_us;
    return c->holders == 0 && (c->state == CREDENTIAL_REVOKED || c->lost || expired);
}

/* Said once until there is room again. */
static void say_full(struct fold *x, struct span id)
{
    x->f->credentials_refused++;
    if (x->b->credentials_full_said) {
        return;
    }
    x->b->credentials_full_said = true;
    struct note n = note_of(EVENT_CREDENTIAL_ISSUED);
    n.subject = id;
    n.text = SPAN("no room for more credentials: this one and others are not shown");
    log_always(x, NULL, &n);
}

static bool make_room(struct fold *x, struct span id)
{
    struct fleet *f = x->f;
    if (f->credentials.count < FLEET_CREDENTIALS_MAX) {
        return true;
    }
    for (uint32_t i = 0; i < f->credentials.count; i++) {
        struct credential_item *it = f->credentials.items[i];
        if (is_dispensable(&it->c, x->ev->time_us)) {
            credential_remove(f, it);
            x->b->credentials_full_said = false;
            return true;
        }
    }
    say_full(x, id);
    return false;
}

/* Those that named it while there was no room for it were not counted. Walks all agents: for one
 * that is told of by itself, never for each row of a list. */
static uint32_t count_holders(const struct fleet *f, const struct credential *c)
{
    uint32_t count = 0;
    for (uint32_t i = 0; f->credentials_refused > 0 && i < f->agents.count; i++) {
        const struct agent_item *it = f->agents.items[i];
        count += it->a.backend == c->backend && fleet_credential_held_by(f, c, it->a.ref);
    }
    return count;
}

static struct credential_item *credential_new(struct fold *x, struct span id)
{
    struct fleet *f = x->f;
    if (!make_room(x, id)) {
        return NULL;
    }
    struct credential_item *it = xcalloc(1, sizeof(*it));
    it->c.backend = x->b->b.ref;
    it->epoch = x->b->epoch;
    id_set(f, &it->c.id, id);
    it->c.ref = roster_add(&f->credentials, it);
    index_put(&f->credential_by_id, index_key(it->c.backend, it->c.id), it);
    return it;
}

/* Of those that are dead and that no agent names, the newest are enough. */
static void forget_revoked(struct fleet *f)
{
    struct credential_item *oldest = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->credentials.count; i++) {
        struct credential_item *it = f->credentials.items[i];
        if (it->c.state == CREDENTIAL_REVOKED && it->c.holders == 0) {
            count++;
            if (oldest == NULL || it->c.changed_us < oldest->c.changed_us) {
                oldest = it;
            }
        }
    }
    if (count > FLEET_CREDENTIALS_REVOKED) {
        credential_remove(f, oldest);
    }
}

/* ---- what agents' lists name */
static void set_ending(struct fleet *f, struct credential *c, struct span s)
{
    int64_t at = 0;
    string_set(f, &c->until, s);
    c->expires_us = time_parse(s, &at) == ST_OK && at > 0 ? at : 0;
}

static void take_row(struct fold *x, struct credential *c, const struct agent_item *agent,
                     const struct event_row *row)
{
    struct fleet *f = x->f;
    if (!c->told || c->kind == 0) {
        string_set(f, &c->kind, row->cell[CELL_KIND]);
    }
    string_set(f, &c->revocable, row->cell[CELL_REVOCABLE]);
    if (c->told) {
        return;
    }
    string_set(f, &c->issuer, row->cell[CELL_ISSUER]);
    string_set(f, &c->scopes, row->cell[CELL_SCOPES]);
    set_ending(f, c, row->cell[CELL_EXPIRES]);
    c->agent = c->agent == 0 ? agent->a.ref : c->agent;
}

/* Gives the stamp that those have that it names. */
static uint32_t count_rows(struct fold *x, const struct agent_item *agent, uint32_t list)
{
    uint32_t count = 0;
    const struct event_row *rows = list_rows(x->f, list, &count);
    uint32_t stamp = ++x->f->credential_stamp;
    for (uint32_t i = 0; i < count; i++) {
        struct span id = rows[i].cell[CELL_ID];
        struct credential_item *it = id.n == 0 ? NULL : credential_find(x->f, x->b->b.ref, id);
        bool known = it != NULL;
        it = known || id.n == 0 ? it : credential_new(x, id);
        if (it != NULL && it->stamp != stamp) {
            it->stamp = stamp;
            it->c.holders++;
            take_row(x, &it->c, agent, &rows[i]);
        }
    }
    return stamp;
}

static void uncount_rows(struct fold *x, const struct agent_item *agent, uint32_t list,
                         uint32_t stamp_of_kept)
{
    uint32_t count = 0;
    const struct event_row *rows = list_rows(x->f, list, &count);
    uint32_t stamp = ++x->f->credential_stamp;
    for (uint32_t i = 0; i < count; i++) {
        struct credential_item *it = credential_find(x->f, x->b->b.ref, rows[i].cell[CELL_ID]);
        if (it == NULL || it->stamp == stamp) {
            continue;
        }
        bool kept = it->stamp == stamp_of_kept;
        it->stamp = stamp;
        it->c.holders -= it->c.holders > 0;
        if (!it->c.told && !kept && it->c.agent == agent->a.ref) {
            it->c.agent = 0;
        }
        if (it->c.holders == 0 && !it->c.told) {
            credential_remove(x->f, it); /* only this list knew of it */
        }
    }
}

/* The new ones first: what is in both stays the thing that it is. */
void credentials_renamed(struct fold *x, const struct agent_item *agent, uint32_t before,
                         uint32_t now)
{
    uint32_t kept = count_rows(x, agent, now);
    uncount_rows(x, agent, before, kept);
}

/* ---- what is told of one */
static void note_it(struct fold *x)
{
    struct span probe = event_text(x->ev, F_PROBE);
    struct note n = note_of(x->ev->type);
    n.subject = event_text(x->ev, F_CREDENTIAL_ID);
    n.text = probe.n > 0 ? probe : event_text(x->ev, F_REASON);
    n.who = event_text(x->ev, F_OPERATOR);
    if (x->ev->type == EVENT_CREDENTIAL_USED) {
        n.detail = (uint8_t)event_choice(x->ev, F_VERDICT, VERDICT_COUNT);
    }
    log_note(x, agent_of(x), &n); /* from outside of the agent: no sign that it lives */
}

static void set_agent(const struct fold *x, uint32_t *slot)
{
    const struct agent_item *agent = agent_find(x->f, x->b->b.ref, event_text(x->ev, F_AGENT_ID));
    *slot = agent != NULL ? agent->a.ref : *slot;
}

static void take_if_told(struct fold *x, sid *slot, enum event_field field)
{
    if (event_has(x->ev, field)) {
        string_set(x->f, slot, event_text(x->ev, field));
    }
}

/* A snapshot's is the state; another one is news of the terms, and what was used stays used. */
static void take_issue(struct fold *x, struct credential *c)
{
    const struct event *ev = x->ev;
    if (ev->snapshot) {
        c->used_us = c->refused_us = c->wait_us = c->changed_us = 0;
        c->uses = later_us(event_number(ev, F_CREDENTIAL_USES), 0);
        c->used_by = 0;
        string_drop(x->f, &c->last_use);
        string_drop(x->f, &c->refusal);
        string_drop(x->f, &c->wait);
        string_drop(x->f, &c->probe);
    } else {
        c->order = 0; /* that was of another one of this name */
    }
    string_set(x->f, &c->digest, event_text(ev, F_CREDENTIAL_DIGEST));
    id_set(x->f, &c->parent, event_text(ev, F_CREDENTIAL_PARENT));
    string_set(x->f, &c->issuer, event_text(ev, F_CREDENTIAL_ISSUER));
    string_set(x->f, &c->scopes, event_text(ev, F_CREDENTIAL_SCOPES));
    string_set(x->f, &c->by, event_text(ev, F_OPERATOR));
    string_set(x->f, &c->reason, event_text(ev, F_REASON));
    string_drop(x->f, &c->until);
    c->expires_us = later_us(event_number(ev, F_CREDENTIAL_EXPIRES), 0);
    c->issued_us = ev->time_us;
    c->state = event_has(ev, F_CREDENTIAL_STATE)
                   ? credential_state_find(event_text(ev, F_CREDENTIAL_STATE))
                   : CREDENTIAL_ACTIVE;
    take_if_told(x, &c->holder, F_CREDENTIAL_HOLDER);
    if (c->digest != 0 &&
        c->kind == 0) { /* a record from before kinds were told: only leases were */
        string_set(x->f, &c->kind, SPAN("lease"));
    }
}

static void take_change(struct fold *x, struct credential *c)
{
    const struct event *ev = x->ev;
    bool was_dead = c->state == CREDENTIAL_REVOKED;
    c->state = event_has(ev, F_CREDENTIAL_STATE)
                   ? credential_state_find(event_text(ev, F_CREDENTIAL_STATE))
               : ev->type == EVENT_CREDENTIAL_REVOKED ? CREDENTIAL_REVOKED
                                                      : CREDENTIAL_UNKNOWN;
    if (was_dead && c->state != CREDENTIAL_REVOKED) {
        c->order = 0; /* that was of what is dead */
    }
    c->changed_us = ev->time_us;
    string_set(x->f, &c->reason, event_text(ev, F_REASON));
    string_set(x->f, &c->by, event_text(ev, F_OPERATOR));
    string_set(x->f, &c->probe, event_text(ev, F_PROBE));
    take_if_told(x, &c->issuer, F_CREDENTIAL_ISSUER);
}

static void take_use(struct fold *x, struct credential *c)
{
    const struct event *ev = x->ev;
    uint32_t verdict = event_choice(ev, F_VERDICT, VERDICT_COUNT);
    if (verdict == VERDICT_ASK) {
        c->wait_us = later_us(c->wait_us, ev->time_us);
        string_set(x->f, &c->wait, event_text(ev, F_REASON));
        return;
    }
    if (verdict == VERDICT_DENY) {
        c->refused_us = later_us(c->refused_us, ev->time_us);
        c->refusals += !ev->snapshot && c->refusals < UINT32_MAX;
        string_set(x->f, &c->refusal, event_text(ev, F_REASON));
        return;
    }
    c->used_us = later_us(c->used_us, ev->time_us);
    string_set(x->f, &c->last_use, event_text(ev, F_SUMMARY));
    set_agent(x, &c->used_by);
    take_if_told(x, &c->issuer, F_CREDENTIAL_ISSUER);
}

static void take_told(struct fold *x, struct credential_item *it)
{
    struct credential *c = &it->c;
    it->epoch = x->b->epoch;
    c->told = true;
    take_if_told(x, &c->kind, F_CREDENTIAL_KIND);
    c->lost = false;
    if (x->ev->type == EVENT_CREDENTIAL_ISSUED) {
        take_issue(x, c);
    } else if (x->ev->type == EVENT_CREDENTIAL_USED) {
        take_use(x, c);
    } else {
        take_change(x, c);
    }
    if (event_has(x->ev, F_CREDENTIAL_USES)) {
        c->uses = later_us(event_number(x->ev, F_CREDENTIAL_USES), 0);
    }
    if (x->ev->type != EVENT_CREDENTIAL_USED || c->agent == 0) {
        set_agent(x, &c->agent);
    }
}

void fold_credential(struct fold *x)
{
    struct span id = event_text(x->ev, F_CREDENTIAL_ID);
    note_it(x);
    struct credential_item *it = credential_find(x->f, x->b->b.ref, id);
    if (it == NULL && id.n > 0 && (it = credential_new(x, id)) != NULL) {
        it->c.holders = count_holders(x->f, &it->c);
    }
    if (it == NULL) {
        return;
    }
    take_told(x, it);
    if (it->c.state == CREDENTIAL_REVOKED) {
        forget_revoked(x->f);
    }
}

void credentials_lost(struct fold *x, const char *reason)
{
    for (uint32_t i = 0; i < x->f->credentials.count; i++) {
        struct credential_item *it = x->f->credentials.items[i];
        struct credential *c = &it->c;
        if (c->backend != x->b->b.ref || it->epoch == x->b->epoch || !c->told || c->lost) {
            continue;
        }
        c->lost = true;
        if (c->state == CREDENTIAL_REVOKED) {
            continue; /* long dead: it is forgotten there */
        }
        c->state = CREDENTIAL_UNKNOWN;
        c->changed_us = x->ev->time_us;
        string_set(x->f, &c->reason, span_str(reason));
        struct note n = note_of(EVENT_CREDENTIAL_CHANGED);
        n.subject = fleet_span(x->f, c->id);
        n.text = span_str(reason);
        log_always(x, roster_find(&x->f->agents, c->agent), &n);
    }
}

void credentials_release(struct fleet *f)
{
    for (uint32_t i = 0; i < f->credentials.count; i++) {
        free(f->credentials.items[i]);
    }
    roster_release(&f->credentials);
    index_release(&f->credential_by_id);
}

/* ---- queries */
uint32_t fleet_credential_count(const struct fleet *f)
{
    return f->credentials.count;
}

const struct credential *fleet_credential_at(const struct fleet *f, uint32_t index)
{
    const struct credential_item *it =
        index < f->credentials.count ? f->credentials.items[index] : NULL;
    return it == NULL ? NULL : &it->c;
}

const struct credential *fleet_credential(const struct fleet *f, uint32_t ref)
{
    const struct credential_item *it = roster_find(&f->credentials, ref);
    return it == NULL ? NULL : &it->c;
}

const struct credential *fleet_credential_by_id(const struct fleet *f, uint32_t backend,
                                                struct span id)
{
    const struct credential_item *it = credential_find(f, backend, id);
    return it == NULL ? NULL : &it->c;
}
