#include "lease_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/map.h"

#define TOKEN_HEX_BYTES (2 * LEASE_RANDOM_BYTES + 1)

static const char *const STATES[] = {
#define X(constant, name) [constant] = (name),
    LEASE_STATES(X)
#undef X
};

struct leases {
    struct lease **item; /* each stays where it is until it is forgotten */
    size_t count, cap;
    struct map by_id;    /* where it stands in `item` */
    struct map by_agent; /* where the oldest one of an agent does */
};

const char *lease_state_name(enum lease_state s)
{
    return STATES[(unsigned)s < LEASE_STATE_COUNT ? s : LEASE_REVOKED];
}

enum lease_state lease_state_find(struct span name)
{
    for (size_t i = 0; i < LEASE_STATE_COUNT; i++) {
        if (span_is(name, STATES[i])) {
            return (enum lease_state)i;
        }
    }
    return LEASE_REVOKED;
}

struct leases *leases_new(void)
{
    return xcalloc(1, sizeof(struct leases));
}

static void lease_free(struct lease *l)
{
    free(l->agent);
    free(l->upstream);
    free(l->scopes);
    free(l->reason);
    free(l->by);
    free(l);
}

void leases_free(struct leases *all)
{
    if (all != NULL) {
        for (size_t i = 0; i < all->count; i++) {
            lease_free(all->item[i]);
        }
        free(all->item);
        map_release(&all->by_id);
        map_release(&all->by_agent);
        free(all);
    }
}

void lease_token(const uint8_t random[LEASE_RANDOM_BYTES], char out[LEASE_TOKEN_BYTES])
{
    static const char HEX[] = "0123456789abcdef";
    size_t at = sizeof(LEASE_TOKEN_MARK) - 1;
    memcpy(out, LEASE_TOKEN_MARK, at);
    for (size_t i = 0; i < LEASE_RANDOM_BYTES; i++) {
        out[at++] = HEX[random[i] >> 4];
        out[at++] = HEX[random[i] & 15];
    }
    out[at] = '\0';
}

size_t leases_count(const struct leases *all)
{
    return all->count;
}

struct lease *lease_at(const struct leases *all, size_t i)
{
    return i < all->count ? all->item[i] : NULL;
}

struct lease *lease_by_id(const struct leases *all, struct span id)
{
    uint32_t at = 0;
    return id.n > 0 && map_get(&all->by_id, id, &at) ? all->item[at] : NULL;
}

struct lease *lease_of_agent(const struct leases *all, struct span agent)
{
    uint32_t at = 0;
    return map_get(&all->by_agent, agent, &at) ? all->item[at] : NULL;
}

static void join_agent(struct leases *all, struct lease *l, size_t at)
{
    struct lease *oldest = lease_of_agent(all, span_str(l->agent));
    l->younger = NULL;
    if (oldest == NULL) {
        l->youngest = l;
        map_put(&all->by_agent, span_str(l->agent), (uint32_t)at);
    } else {
        oldest->youngest->younger = l;
        oldest->youngest = l;
    }
}

static void join_agents_anew(struct leases *all)
{
    map_release(&all->by_agent);
    map_init(&all->by_agent);
    for (size_t i = 0; i < all->count; i++) {
        join_agent(all, all->item[i], i);
    }
}

struct lease *lease_by_token(const struct leases *all, struct span token)
{
    uint8_t digest[SHA256_BYTES];
    struct lease *found = NULL;
    if (token.n != LEASE_TOKEN_BYTES - 1 || !span_starts(token, LEASE_TOKEN_MARK)) {
        return NULL;
    }
    sha256(token, digest);
    for (size_t i = 0; i < all->count; i++) {
        bool same = equal_secret((struct span){(const char *)all->item[i]->digest, SHA256_BYTES},
                                 (struct span){(const char *)digest, SHA256_BYTES});
        found = same ? all->item[i] : found;
    }
    return found;
}

static const struct lease *parent_of(const struct leases *all, const struct lease *l)
{
    return lease_by_id(all, span_str(l->parent));
}

bool lease_has_expired(const struct lease *l, int64_t now_us)
{
    return l->expires_us > 0 && now_us >= l->expires_us;
}

/* A parent that is not known any more was dead when it was forgotten. */
enum lease_state lease_in_force(const struct leases *all, const struct lease *l)
{
    enum lease_state strictest = l->state;
    for (int depth = 0; l->parent[0] != '\0'; depth++) {
        l = parent_of(all, l);
        if (l == NULL || depth > LEASE_DEPTH) {
            return LEASE_REVOKED;
        }
        strictest = l->state > strictest ? l->state : strictest;
    }
    return strictest;
}

static bool is_plain(struct span s, size_t most)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~') {
            return false;
        }
    }
    return s.n > 0 && s.n <= most;
}

/* An agent issues these by itself: so that one alone does not fill the list. */
static bool has_too_many(const struct leases *all, const struct lease_terms *t)
{
    size_t living = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct lease *l = all->item[i];
        living += span_is(t->parent, l->parent) && l->state != LEASE_REVOKED &&
                  !lease_has_expired(l, t->issued_us);
    }
    return living >= LEASE_CHILDREN;
}

static enum status check_parent(const struct leases *all, const struct lease_terms *t,
                                struct why *why)
{
    const struct lease *p = lease_by_id(all, t->parent);
    int depth = 0;
    if (p == NULL || !span_is(t->upstream, p->upstream)) {
        return why_fail(why, ST_NOTFOUND, "there is no lease of that upstream to be its parent");
    }
    if (lease_in_force(all, p) == LEASE_REVOKED ||
        (p->expires_us > 0 && (t->expires_us == 0 || t->expires_us > p->expires_us))) {
        return why_fail(why, ST_DENIED, "its parent is revoked, or ends before it would");
    }
    if (has_too_many(all, t)) {
        return why_fail(why, ST_LIMIT, "its parent has %d living leases already", LEASE_CHILDREN);
    }
    for (; p != NULL && depth <= LEASE_DEPTH; depth++) {
        p = parent_of(all, p);
    }
    return depth < LEASE_DEPTH ? ST_OK : why_fail(why, ST_LIMIT, "parents of parents: too many");
}

enum status lease_check_terms(const struct leases *all, const struct lease_terms *t,
                              struct why *why)
{
    if (!is_plain(t->upstream, 64) || !is_plain(t->agent, 256)) {
        return why_fail(why, ST_INVALID, "a lease is for an upstream and an agent");
    }
    if (t->expires_us > 0 && t->expires_us <= t->issued_us) {
        return why_fail(why, ST_INVALID, "it would have expired before it began");
    }
    if (all->count >= LEASES_MAX) {
        return why_fail(why, ST_LIMIT, "there are %d leases already", LEASES_MAX);
    }
    enum status st = scopes_check(t->scopes, why);
    return st == ST_OK && t->parent.n > 0 ? check_parent(all, t, why) : st;
}

static void set_text(char **slot, struct span s)
{
    char *text = xstrndup(s.n > 0 ? s.p : "", s.n); /* it may be of what stands there */
    free(*slot);
    *slot = text;
}

struct lease *lease_add(struct leases *all, const struct lease_terms *t, struct span id,
                        const uint8_t digest[SHA256_BYTES])
{
    struct lease *l = lease_by_id(all, id);
    bool is_new = l == NULL;
    if (is_new) {
        if (all->count >= LEASES_MAX) {
            return NULL;
        }
        l = xcalloc(1, sizeof(*l));
        (void)span_copy(id, l->id, sizeof(l->id));
        GROW(all->item, all->cap, all->count + 1);
        map_put(&all->by_id, span_str(l->id), (uint32_t)all->count);
        all->item[all->count++] = l;
        set_text(&l->reason, SPAN_NONE);
        set_text(&l->by, SPAN_NONE);
    }
    bool same_agent = !is_new && span_is(t->agent, l->agent);
    memcpy(l->digest, digest, SHA256_BYTES);
    (void)span_copy(t->parent, l->parent, sizeof(l->parent));
    set_text(&l->agent, t->agent);
    set_text(&l->upstream, t->upstream);
    set_text(&l->scopes, t->scopes);
    l->issued_us = t->issued_us;
    l->expires_us = t->expires_us;
    if (is_new) {
        join_agent(all, l, all->count - 1);
    } else if (!same_agent) {
        join_agents_anew(all);
    }
    return l;
}

bool lease_set(struct lease *l, enum lease_state state, struct span reason, struct span by,
               int64_t now_us)
{
    if (l->state == LEASE_REVOKED) {
        return false;
    }
    l->state = state;
    l->changed_us = now_us;
    set_text(&l->reason, reason);
    set_text(&l->by, by);
    return true;
}

static bool is_over(const struct lease *l, int64_t before_us)
{
    return lease_has_expired(l, before_us) ||
           (l->state == LEASE_REVOKED && l->changed_us < before_us);
}

void leases_forget(struct leases *all, int64_t before_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (is_over(all->item[i], before_us)) {
            map_del(&all->by_id, span_str(all->item[i]->id));
            lease_free(all->item[i]);
        } else {
            if (kept != i) {
                map_put(&all->by_id, span_str(all->item[i]->id), (uint32_t)kept);
            }
            all->item[kept++] = all->item[i];
        }
    }
    if (kept < all->count) {
        all->count = kept;
        join_agents_anew(all);
    }
}
