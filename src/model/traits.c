/* traits.c - the records that agents share. A record and a draft own one hold of each string and
 * list that they name, so a change is made in a draft and never in a record.
 */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

#define FIRST_BUCKETS 8

struct traits_record {
    struct agent_traits t;
    struct traits_record *next; /* in its bucket */
};

/* Two records are the same when these bytes are: without what counts their agents. */
#define TRAITS_BYTES offsetof(struct agent_traits, holds)
_Static_assert(TRAITS_BYTES + sizeof(uint32_t) == sizeof(struct agent_traits), "no padding");

void traits_release(struct traits_store *s)
{
    for (size_t i = 0; i < s->cap; i++) {
        while (s->buckets[i] != NULL) {
            struct traits_record *next = s->buckets[i]->next;
            free(s->buckets[i]);
            s->buckets[i] = next;
        }
    }
    free(s->buckets);
    *s = (struct traits_store){0};
}

void traits_copy(struct fleet *to, const struct fleet *from)
{
    to->traits = from->traits;
    to->traits.buckets =
        from->traits.cap == 0 ? NULL : xcalloc(from->traits.cap, sizeof(struct traits_record *));
    for (size_t i = 0; i < from->traits.cap; i++) {
        for (const struct traits_record *r = from->traits.buckets[i]; r != NULL; r = r->next) {
            struct traits_record *copy = xmalloc(sizeof(*copy));
            *copy = (struct traits_record){.t = r->t, .next = to->traits.buckets[i]};
            to->traits.buckets[i] = copy;
        }
    }
}

/* The agents' strings can be chosen by a back-end: the hash must be none that it can foresee. */
static struct traits_record **bucket_of(const struct fleet *f, const struct agent_traits *t)
{
    uint64_t hash = pool_hash(f->pool, (struct span){(const char *)t, TRAITS_BYTES});
    return &f->traits.buckets[hash & (f->traits.cap - 1)];
}

static void enlarge(struct fleet *f)
{
    struct traits_store old = f->traits;
    f->traits.cap = old.cap == 0 ? FIRST_BUCKETS : old.cap * 2;
    f->traits.buckets = xcalloc(f->traits.cap, sizeof(struct traits_record *));
    for (size_t i = 0; i < old.cap; i++) {
        while (old.buckets[i] != NULL) {
            struct traits_record *r = old.buckets[i];
            old.buckets[i] = r->next;
            struct traits_record **bucket = bucket_of(f, &r->t);
            r->next = *bucket;
            *bucket = r;
        }
    }
    free(old.buckets);
}

static void drop_contents(struct fleet *f, struct agent_traits *t)
{
    for (uint32_t i = 0; i < agent_text_count; i++) {
        if (agent_texts[i].shared) {
            string_drop(f, trait_slot(t, &agent_texts[i]));
        }
    }
    for (uint32_t i = 0; i < AGENT_LISTS; i++) {
        list_drop(f, &t->lists[i]);
    }
}

struct agent_traits traits_draft(struct fleet *f, const struct agent_traits *t)
{
    struct agent_traits draft = *t;
    draft.holds = 0;
    for (uint32_t i = 0; i < agent_text_count; i++) {
        if (agent_texts[i].shared) {
            pool_keep(f->pool, *trait_slot(&draft, &agent_texts[i]));
        }
    }
    for (uint32_t i = 0; i < AGENT_LISTS; i++) {
        list_keep(f, draft.lists[i]);
    }
    return draft;
}

static struct traits_record *record_new(struct fleet *f, const struct agent_traits *draft)
{
    if (f->traits.used == f->traits.cap) {
        enlarge(f);
    }
    struct traits_record **bucket = bucket_of(f, draft);
    struct traits_record *r = xmalloc(sizeof(*r));
    *r = (struct traits_record){.t = *draft, .next = *bucket};
    *bucket = r;
    f->traits.used++;
    return r;
}

static struct traits_record *record_of(const struct fleet *f, const struct agent_traits *t)
{
    struct traits_record *r = f->traits.used == 0 ? NULL : *bucket_of(f, t);
    while (r != NULL && memcmp(&r->t, t, TRAITS_BYTES) != 0) {
        r = r->next;
    }
    return r;
}

const struct agent_traits *traits_same(const struct fleet *to, const struct agent_traits *t)
{
    return &record_of(to, t)->t;
}

const struct agent_traits *traits_hold(struct fleet *f, struct agent_traits *draft)
{
    struct traits_record *r = record_of(f, draft);
    if (r == NULL) {
        r = record_new(f, draft);
    } else {
        drop_contents(f, draft);
    }
    r->t.holds++;
    return &r->t;
}

void traits_drop(struct fleet *f, const struct agent_traits *t)
{
    struct traits_record **link = bucket_of(f, t);
    while (&(*link)->t != t) {
        link = &(*link)->next;
    }
    struct traits_record *r = *link;
    if (--r->t.holds > 0) {
        return;
    }
    *link = r->next;
    f->traits.used--;
    drop_contents(f, &r->t);
    free(r);
}

void agent_set_traits(struct fleet *f, struct agent_item *it, struct agent_traits *draft)
{
    const struct agent_traits *before = it->a.traits;
    it->a.traits = traits_hold(f, draft);
    traits_drop(f, before);
}
