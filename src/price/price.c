#include "checkrein/price.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

#define MILLION      INT64_C(1000000)
#define DECIMALS_MAX 6
#define UNKNOWN      (-1)

#define PRICE_MODEL_BYTES 256 /* a longer name is of no model */

/* Micro-USD per million tokens; UNKNOWN where the table says nothing. */
struct price {
    char *model, *source;
    int64_t from_us;
    int64_t rate[PRICE_KIND_COUNT];
    size_t exact_bytes; /* of the pattern, without its stars */
    bool has_star;
};

struct price_table {
    struct price *prices;
    size_t cap;
    uint32_t count;
};

struct price_table *price_table_new(void)
{
    return xcalloc(1, sizeof(struct price_table));
}

static void release(struct price *p)
{
    free(p->model);
    free(p->source);
    *p = (struct price){0};
}

void price_table_free(struct price_table *t)
{
    if (!t) {
        return;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        release(&t->prices[i]);
    }
    free(t->prices);
    free(t);
}

uint32_t price_count(const struct price_table *t)
{
    return t->count;
}

/* ---- reading one price */

static enum status read_text(struct span value, size_t cap, char **out, struct why *why)
{
    if (value.n > cap) {
        return why_fail(why, ST_LIMIT, "at most %zu bytes", cap);
    }
    free(*out);
    *out = xstrndup(value.p, value.n);
    return ST_OK;
}

static enum status read_day(struct span value, int64_t *out, struct why *why)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%.*sT00:00:00Z", value.n == 10 ? 10 : 0,
                   value.n ? value.p : "");
    if (time_parse(span_str(text), out) != ST_OK) {
        return why_fail(why, ST_INVALID, "a day as YYYY-MM-DD, in UTC");
    }
    return ST_OK;
}

/* "0.30": what num_parse_micro() would round is refused, so that the file is what counts. */
static enum status read_rate(struct span value, int64_t *out, struct why *why)
{
    size_t point = span_find(value, '.');
    struct span decimals = span_sub(value, point + 1, value.n);
    bool plain = value.n > 0 && decimals.n <= DECIMALS_MAX;
    for (size_t i = 0; i < value.n; i++) {
        plain = plain && (value.p[i] == '.' || (value.p[i] >= '0' && value.p[i] <= '9'));
    }
    int64_t rate = 0;
    if (!plain || num_parse_micro(value, &rate) != ST_OK || rate > PRICE_MAX_USD * MILLION) {
        return why_fail(why, ST_INVALID, "USD per million tokens, at most six decimals, 0 to %d",
                        PRICE_MAX_USD);
    }
    *out = rate;
    return ST_OK;
}

static const char *const KINDS[PRICE_KIND_COUNT] = {
#define X(kind, key) [kind] = (key),
    PRICE_KINDS(X)
#undef X
};

static enum status read_pair(struct price *p, const struct price_pair *pair, struct why *why)
{
    if (span_is(pair->key, "model")) {
        return read_text(pair->value, PRICE_PATTERN_BYTES, &p->model, why);
    }
    if (span_is(pair->key, "source")) {
        return read_text(pair->value, PRICE_SOURCE_BYTES, &p->source, why);
    }
    if (span_is(pair->key, "from")) {
        return read_day(pair->value, &p->from_us, why);
    }
    for (size_t i = 0; i < PRICE_KIND_COUNT; i++) {
        if (span_is(pair->key, KINDS[i])) {
            return read_rate(pair->value, &p->rate[i], why);
        }
    }
    return why_fail(why, ST_INVALID,
                    "keys are: model from source input output cache_read cache_write "
                    "cache_write_1h reasoning");
}

static const char *missing(const struct price *p)
{
    if (!p->model || !p->source || p->from_us == UNKNOWN) {
        return !p->model    ? "'model' is missing"
               : !p->source ? "'source' is missing"
                            : "'from' is missing";
    }
    for (size_t i = 0; i < PRICE_KIND_COUNT; i++) {
        if (p->rate[i] != UNKNOWN) {
            return NULL;
        }
    }
    return "no price is in it";
}

static bool is_twice(const struct price_table *t, const struct price *p)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->prices[i].from_us == p->from_us && strcmp(t->prices[i].model, p->model) == 0) {
            return true;
        }
    }
    return false;
}

static enum status read_price(struct price *p, const struct price_pair *pairs, uint32_t count,
                              uint32_t *at, struct why *why)
{
    *p = (struct price){.from_us = UNKNOWN};
    for (size_t i = 0; i < PRICE_KIND_COUNT; i++) {
        p->rate[i] = UNKNOWN;
    }
    for (*at = 0; *at < count; (*at)++) {
        enum status st = read_pair(p, &pairs[*at], why);
        if (st != ST_OK) {
            return st;
        }
    }
    const char *lack = missing(p);
    return lack ? why_fail(why, ST_INVALID, "%s", lack) : ST_OK;
}

static void measure(struct price *p)
{
    for (const char *c = p->model; *c; c++) {
        p->has_star |= *c == '*';
        p->exact_bytes += *c != '*';
    }
}

enum status price_add(struct price_table *t, const struct price_pair *pairs, uint32_t count,
                      uint32_t *bad, struct why *why)
{
    struct price p;
    uint32_t at = 0;
    enum status st = read_price(&p, pairs, count, &at, why);
    if (st == ST_OK && t->count >= PRICES_MAX) {
        st = why_fail(why, ST_LIMIT, "more than %d prices", PRICES_MAX);
    }
    if (st == ST_OK && is_twice(t, &p)) {
        st = why_fail(why, ST_INVALID, "a price of this model from this day on stands above");
    }
    if (bad) {
        *bad = at;
    }
    if (st != ST_OK) {
        release(&p);
        return st;
    }
    measure(&p);
    GROW(t->prices, t->cap, (size_t)t->count + 1);
    t->prices[t->count++] = p;
    return ST_OK;
}

/* ---- finding */

/* Goes back to the last star only: linear but for what that one has to give back. */
static bool matches(const char *pattern, struct span s)
{
    const char *star = NULL;
    size_t at = 0;
    size_t star_at = 0;
    while (at < s.n) {
        if (*pattern == '*') {
            star = pattern++;
            star_at = at;
        } else if (*pattern != '\0' && *pattern == s.p[at]) {
            pattern++;
            at++;
        } else if (star) {
            pattern = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool is_better(const struct price *a, const struct price *b)
{
    if (a->exact_bytes != b->exact_bytes) {
        return a->exact_bytes > b->exact_bytes;
    }
    if (a->has_star != b->has_star) {
        return b->has_star;
    }
    return a->from_us > b->from_us;
}

static const struct price *find(const struct price_table *t, struct span model, int64_t wall_us)
{
    const struct price *best = NULL;
    if (!model.n || model.n > PRICE_MODEL_BYTES) {
        return NULL;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const struct price *p = &t->prices[i];
        if (p->from_us <= wall_us && matches(p->model, model) && (!best || is_better(p, best))) {
            best = p;
        }
    }
    return best;
}

/* ---- money */

static int64_t rate_of(const struct price *p, size_t kind)
{
    bool as_output = kind == PRICE_REASONING && p->rate[kind] == UNKNOWN;
    return p->rate[as_output ? PRICE_OUTPUT : kind];
}

/* *whole + *rest / MILLION += tokens * rate / MILLION, where *rest stays below MILLION. */
static bool add(int64_t tokens, int64_t rate, int64_t *whole, int64_t *rest)
{
    int64_t millions = 0;
    int64_t part = tokens % MILLION * rate; /* below 1e6 * 1e12 */
    *rest += part % MILLION;
    int64_t carry = part / MILLION + *rest / MILLION;
    *rest %= MILLION;
    return !__builtin_mul_overflow(tokens / MILLION, rate, &millions) &&
           !__builtin_add_overflow(*whole, millions, whole) &&
           !__builtin_add_overflow(*whole, carry, whole);
}

enum status price_cost(const struct price_table *t, struct span model, int64_t wall_us,
                       const struct price_usage *u, struct price_quote *out)
{
    const struct price *p = find(t, model, wall_us);
    int64_t whole = 0;
    int64_t rest = 0;
    if (!p) {
        return ST_NOTFOUND;
    }
    for (size_t i = 0; i < PRICE_KIND_COUNT; i++) {
        int64_t rate = rate_of(p, i);
        if (u->tokens[i] > 0 && rate == UNKNOWN) {
            return ST_NOTFOUND;
        }
        if (u->tokens[i] > 0 && !add(u->tokens[i], rate, &whole, &rest)) {
            return ST_LIMIT;
        }
    }
    if (__builtin_add_overflow(whole, rest >= MILLION / 2, &whole)) {
        return ST_LIMIT;
    }
    *out = (struct price_quote){.microusd = whole, .source = span_str(p->source)};
    return ST_OK;
}
