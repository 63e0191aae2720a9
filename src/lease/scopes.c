#include "lease_priv.h"

#include "checkrein/num.h"

static const char *const WHATS[] = {"methods", "paths", "models", "rate"};

static bool is_what(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(WHATS); i++) {
        if (span_is(name, WHATS[i])) {
            return true;
        }
    }
    return false;
}

static size_t times(struct span scopes, struct span name)
{
    struct span word;
    size_t n = 0;
    while (span_next(&scopes, ' ', &word)) {
        n += span_eq(span_sub(word, 0, span_find(word, '=')), name) ? 1 : 0;
    }
    return n;
}

static bool values_sound(struct span values)
{
    struct span one;
    for (size_t i = 0; i < values.n; i++) {
        if (values.p[i] <= ' ' || values.p[i] > '~') {
            return false;
        }
    }
    while (span_next(&values, ',', &one)) {
        if (one.n == 0) {
            return false;
        }
    }
    return true;
}

enum status scopes_check(struct span scopes, struct why *why)
{
    struct span rest = scopes;
    struct span word;
    if (scopes.n >= LEASE_SCOPES_BYTES) {
        return why_fail(why, ST_INVALID, "the scopes are longer than %d bytes",
                        LEASE_SCOPES_BYTES - 1);
    }
    while (scopes.n > 0 && span_next(&rest, ' ', &word)) {
        size_t is = span_find(word, '=');
        struct span name = span_sub(word, 0, is);
        struct span values = span_sub(word, is + 1, word.n);
        int64_t rate;
        bool sound =
            is_what(name) && times(scopes, name) == 1 && values.n > 0 && values_sound(values) &&
            (!span_is(name, "rate") || num_parse(values, 1, LEASE_RATE_MAX, &rate) == ST_OK);
        if (!sound) {
            return why_fail(why, ST_INVALID,
                            "scopes are methods=, paths=, models= and rate=, each once, with a "
                            "blank between and commas inside: \"%.*s\" is none",
                            SPAN_ARG(span_sub(word, 0, 60)));
        }
    }
    return ST_OK;
}

struct span scopes_value(struct span scopes, const char *what)
{
    struct span word;
    while (span_next(&scopes, ' ', &word)) {
        size_t is = span_find(word, '=');
        if (span_is(span_sub(word, 0, is), what)) {
            return span_sub(word, is + 1, word.n);
        }
    }
    return SPAN_NONE;
}

/* `*` is any bytes. Back only to the last star, so that time is bounded by the product. */
static bool fits(struct span pattern, struct span text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = pattern.n;
    size_t mark = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star < pattern.n) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*') {
        p++;
    }
    return p == pattern.n;
}

bool scopes_fit(struct span patterns, struct span text)
{
    struct span one;
    if (patterns.n == 0) {
        return true;
    }
    while (span_next(&patterns, ',', &one)) {
        if (fits(one, text)) {
            return true;
        }
    }
    return false;
}

int64_t scopes_rate(struct span scopes)
{
    int64_t rate = 0;
    return num_parse(scopes_value(scopes, "rate"), 1, LEASE_RATE_MAX, &rate) == ST_OK ? rate : 0;
}
