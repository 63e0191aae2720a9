#include "telemetry_priv.h"

static void plus(int64_t *sum, int64_t n)
{
    *sum = n > EVENT_INT_MAX - *sum ? EVENT_INT_MAX : *sum + n;
}

void usage_add(struct usage *u, const struct usage_row *row, int64_t n)
{
    plus(&u->n[row->part], n);
    if (row->whole != USAGE_NOWHERE) {
        plus(&u->n[row->whole], n);
    }
}

/* Who tells a part that is larger than its whole has not put it in. */
static void put_in(struct usage *u, int64_t parts, enum usage_part whole)
{
    if (parts > u->n[whole]) {
        plus(&u->n[whole], parts);
    }
}

void usage_read(const struct record *r, const struct usage_row *rows, struct usage *out)
{
    *out = (struct usage){0};
    for (const struct usage_row *row = rows; row->name; row++) {
        int64_t n = 0;
        if (record_count(r, row->name, &n) || (row->also && record_count(r, row->also, &n))) {
            usage_add(out, row, n);
        }
    }
    int64_t cached = out->n[USAGE_CACHE_READ];
    plus(&cached, out->n[USAGE_CACHE_WRITE]);
    put_in(out, cached, USAGE_IN);
    put_in(out, out->n[USAGE_REASONING], USAGE_OUT);
}

static int64_t rest(int64_t whole, int64_t part)
{
    return whole > part ? whole - part : 0;
}

struct price_usage usage_to_price(const struct usage *u)
{
    int64_t cached = u->n[USAGE_CACHE_READ];
    plus(&cached, u->n[USAGE_CACHE_WRITE]);
    return (struct price_usage){
        .tokens = {
                   [PRICE_INPUT] = rest(u->n[USAGE_IN], cached),
                   [PRICE_OUTPUT] = rest(u->n[USAGE_OUT], u->n[USAGE_REASONING]),
                   [PRICE_CACHE_READ] = u->n[USAGE_CACHE_READ],
                   [PRICE_CACHE_WRITE] = u->n[USAGE_CACHE_WRITE],
                   [PRICE_REASONING] = u->n[USAGE_REASONING],
                   }
    };
}
