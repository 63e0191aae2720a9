/* find.c - one pass over a text. Hits are held back until nothing that is still to be found can
 * reach into them, so that what overlaps is one hit. */
#include "secret_priv.h"

#include <string.h>

#define REACH_BYTES 32 /* of a literal, behind the place that it is found at */

void secret_scan_begin(struct secret_scan *s, const struct secret_set *set, struct span text)
{
    *s = (struct secret_scan){.set = set, .text = text};
}

/* Its own shape tells more of what it is than what stands beside it, and a longer one more than a
 * shorter one. */
static void grow(struct secret_hit *into, const struct secret_hit *by)
{
    size_t end = into->at + into->n > by->at + by->n ? into->at + into->n : by->at + by->n;
    if (into->sure < by->sure) {
        into->kind = by->kind;
        into->sure = by->sure;
    }
    into->at = by->at < into->at ? by->at : into->at;
    into->n = end - into->at;
}

static void drop(struct secret_scan *s, uint32_t at)
{
    s->held_count--;
    memmove(&s->held[at], &s->held[at + 1], (s->held_count - at) * sizeof(s->held[0]));
}

static bool overlap(const struct secret_hit *a, const struct secret_hit *b)
{
    return a->at < b->at + b->n && b->at < a->at + a->n;
}

/* Room is there: secret_next() gives one out before all places are taken. */
static void hold(struct secret_scan *s, struct secret_hit hit)
{
    if (hit.at < s->floor) {
        size_t end = hit.at + hit.n;
        hit.at = s->floor;
        hit.n = end > s->floor ? end - s->floor : 0;
    }
    if (hit.n == 0) {
        return;
    }
    for (uint32_t i = 0; i < s->held_count;) {
        if (overlap(&s->held[i], &hit)) {
            struct secret_hit other = s->held[i];
            drop(s, i);
            grow(&other, &hit);
            hit = other;
        } else {
            i++;
        }
    }
    uint32_t at = s->held_count;
    while (at > 0 && s->held[at - 1].at > hit.at) {
        at--;
    }
    memmove(&s->held[at + 1], &s->held[at], (s->held_count - at) * sizeof(s->held[0]));
    s->held[at] = hit;
    s->held_count++;
}

static void try_pattern(struct secret_scan *s, const struct pattern *p, size_t at)
{
    struct secret_hit hit = {0};
    if (s->held_count == SECRET_HELD ||
        !literal_is_at(s->text, at, p->literal, p->bytes, p->fold)) {
        return;
    }
    if (p->shape == NULL && !may_be_escaped(s, at)) {
        hold(s, (struct secret_hit){.at = at, .n = p->bytes, .kind = p->kind, .sure = p->bytes});
    } else if (p->shape != NULL && p->shape->match(s, p->shape, at, &hit)) {
        hold(s, hit);
    }
}

static void look_at(struct secret_scan *s, size_t at)
{
    uint32_t index = s->set->heads[head_of(pair_of(s->text.p + at))];
    while (index != 0) {
        const struct pattern *p = &s->set->patterns[index - 1];
        if (at >= p->anchor) {
            try_pattern(s, p, at - p->anchor);
        }
        index = p->next;
    }
    if (s->partner_n > 0 && s->held_count < SECRET_HELD) {
        hold(s, (struct secret_hit){
                    .at = s->partner_at, .n = s->partner_n, .kind = "aws-secret", .sure = 1});
        s->partner_n = 0;
    }
}

static bool may_begin(const struct secret_set *set, const char *p)
{
    uint32_t pair = pair_of(p);
    uint32_t filed = (uint32_t)set->pairs[pair / 8] >> pair % 8;
    uint32_t goes_on = set->after[head_of(pair)] >> ((uint8_t)p[2] % 32);
    return filed & goes_on & 1u; /* not &&: what is false nearly always is one guess, not two */
}

/* The next place where some literal may stand; the end when there is none. */
static size_t next_place(const struct secret_scan *s, size_t at)
{
    size_t last = s->text.n > 2 ? s->text.n - 2 : 0;
    while (at < last && !may_begin(s->set, s->text.p + at)) {
        at += 2;
    }
    return at + 1 < s->text.n ? at : SIZE_MAX; /* the last pair is looked at anyway */
}

static bool is_settled(const struct secret_scan *s, size_t place)
{
    const struct secret_hit *h = &s->held[0];
    return s->held_count > 0 && (s->held_count >= SECRET_HELD - 1 || place == SIZE_MAX ||
                                 place > h->at + h->n + REACH_BYTES);
}

bool secret_next(struct secret_scan *s, struct secret_hit *hit)
{
    for (;;) {
        size_t place = s->at == SIZE_MAX ? SIZE_MAX : next_place(s, s->at);
        s->at = place;
        if (is_settled(s, place)) {
            *hit = s->held[0];
            drop(s, 0);
            s->floor = hit->at + hit->n;
            return true;
        }
        if (place == SIZE_MAX) {
            return false;
        }
        look_at(s, place);
        s->at = place + 2;
    }
}
