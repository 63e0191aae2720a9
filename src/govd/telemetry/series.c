#include "telemetry_priv.h"

#define IDLE_NS                                                                                    \
    (INT64_C(3600) * 1000000000) /* a series that was silent for so long gives its place away */

struct series {
    struct series_key key;
    int64_t start_ns, time_ns, value;
    int64_t seen_ns; /* by our clock */
};

struct series_table {
    struct map at; /* by key: index in series[] */
    struct series series[SERIES_MAX];
    uint32_t count;
    int64_t horizon_ns; /* what began before this may have been counted already */
};

struct series_table *series_new(int64_t now_ns)
{
    struct series_table *t = xcalloc(1, sizeof(*t));
    map_init(&t->at);
    t->horizon_ns = now_ns;
    return t;
}

void series_free(struct series_table *t)
{
    if (t) {
        map_release(&t->at);
        free(t);
    }
}

static struct span key_span(const struct series_key *k)
{
    return (struct span){(const char *)k, sizeof(*k)};
}

static struct series *oldest(struct series_table *t)
{
    struct series *old = &t->series[0];
    for (uint32_t i = 1; i < t->count; i++) {
        if (t->series[i].seen_ns < old->seen_ns) {
            old = &t->series[i];
        }
    }
    return old;
}

/* Who comes back after its place was given away is taken for one that was counted before: rather
 * too little than twice. */
static struct series *place(struct series_table *t, int64_t now_ns)
{
    if (t->count < SERIES_MAX) {
        return &t->series[t->count++];
    }
    struct series *old = oldest(t);
    if (now_ns - old->seen_ns < IDLE_NS) {
        return NULL;
    }
    (void)map_del(&t->at, key_span(&old->key));
    t->horizon_ns = now_ns;
    return old;
}

/* Cumulative: what was counted before it was seen for the first time is not ours to tell when it
 * began before us. */
static int64_t first(const struct series_table *t, const struct series_point *p)
{
    bool ours = !p->cumulative || p->start_ns >= t->horizon_ns;
    return ours ? p->value : 0;
}

static int64_t next(const struct series *s, const struct series_point *p)
{
    bool again = p->start_ns > s->start_ns || p->value < s->value; /* the exporter began anew */
    return !p->cumulative || again ? p->value : p->value - s->value;
}

bool series_add(struct series_table *t, const struct series_point *p, int64_t now_ns,
                int64_t *added)
{
    uint32_t index = 0;
    bool known = map_get(&t->at, key_span(&p->key), &index);
    struct series *s = known ? &t->series[index] : place(t, now_ns);
    *added = 0;
    if (!s) {
        return false;
    }
    if (known && p->time_ns <= s->time_ns) {
        return true; /* sent again, or overtaken */
    }
    *added = known ? next(s, p) : first(t, p);
    *s = (struct series){p->key, p->start_ns, p->time_ns, p->value, now_ns};
    if (!known) {
        (void)map_put(&t->at, key_span(&p->key), (uint32_t)(s - t->series));
    }
    return true;
}
