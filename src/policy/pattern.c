#include <stdlib.h>

#include "checkrein/alloc.h"
#include "policy_priv.h"

static const struct span between = {" | ", 3};

/* Takes the piece before the next " | " off the front; false at the end. */
static bool next_alternative(struct span *rest, struct span *piece)
{
    if (rest->p == NULL) {
        return false;
    }
    for (size_t at = 0; at + between.n <= rest->n; at++) {
        if (span_eq(span_sub(*rest, at, between.n), between)) {
            *piece = span_trim(span_sub(*rest, 0, at));
            *rest = span_sub(*rest, at + between.n, SIZE_MAX);
            return true;
        }
    }
    *piece = span_trim(*rest);
    *rest = SPAN_NONE;
    return true;
}

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static enum status alternative_init(struct alternative *a, struct span piece, struct why *why)
{
    *a = (struct alternative){.text = piece, .is_regex = span_starts(piece, "re:")};
    if (piece.n == 0) {
        return why_fail(why, ST_INVALID, "empty");
    }
    if (!a->is_regex) {
        return glob_check(piece, why);
    }
    a->text = span_sub(piece, 3, SIZE_MAX);
    return regex_compile(&a->re, a->text, why);
}

enum status pattern_init(struct pattern *p, struct span text, struct why *why)
{
    *p = (struct pattern){0};
    if (text.n == 0 || text.n > PATTERN_BYTES_MAX || has_control(text)) {
        return why_fail(why, ST_INVALID, "a pattern is 1 to %d bytes without control characters",
                        PATTERN_BYTES_MAX);
    }
    p->text = xstrndup(text.p, text.n);
    struct span rest = {p->text, text.n};
    struct span piece;
    while (next_alternative(&rest, &piece)) {
        struct alternative a;
        enum status st = alternative_init(&a, piece, why);
        if (st != ST_OK) {
            pattern_release(p);
            return st;
        }
        GROW(p->alternatives, p->cap, p->count + 1);
        p->alternatives[p->count++] = a;
    }
    return ST_OK;
}

void pattern_release(struct pattern *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->alternatives[i].is_regex) {
            regfree(&p->alternatives[i].re);
        }
    }
    free(p->alternatives);
    free(p->text);
    *p = (struct pattern){0};
}

bool alternative_match(const struct alternative *a, struct span text, enum lean lean)
{
    return a->is_regex ? regex_match(&a->re, text, lean) : glob_match(a->text, text);
}

bool pattern_any(const struct pattern *p, struct span text, enum lean lean)
{
    for (size_t i = 0; i < p->count; i++) {
        if (alternative_match(&p->alternatives[i], text, lean)) {
            return true;
        }
    }
    return false;
}

enum status pattern_check(struct span pattern, struct why *why)
{
    struct pattern p;
    enum status st = pattern_init(&p, pattern, why);
    if (st == ST_OK) {
        pattern_release(&p);
    }
    return st;
}

bool pattern_match(struct span pattern, struct span text)
{
    struct pattern p;
    if (text.n > MATCH_TEXT_BYTES || pattern_init(&p, pattern, NULL) != ST_OK) {
        return false;
    }
    bool hit = pattern_any(&p, text, LEAN_WIDE);
    pattern_release(&p);
    return hit;
}
