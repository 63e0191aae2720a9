#include "policy_priv.h"

#define NO_STAR SIZE_MAX

/* ---- characters: a byte that is not UTF-8 is a character of its own */
static size_t tail_bytes(unsigned char lead)
{
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

static uint32_t char_at(struct span s, size_t at, size_t *bytes)
{
    unsigned char lead = (unsigned char)s.p[at];
    size_t tail = tail_bytes(lead);
    uint32_t cp = lead & (0xffu >> (tail + 1 + (tail > 0)));
    *bytes = 1;
    if (tail == 0 || s.n - at <= tail) {
        return lead;
    }
    for (size_t i = 1; i <= tail; i++) {
        unsigned char c = (unsigned char)s.p[at + i];
        if ((c & 0xc0u) != 0x80u) {
            return lead;
        }
        cp = cp << 6 | (c & 0x3fu);
    }
    *bytes = 1 + tail;
    return cp;
}

/* ---- [...] */
struct bracket {
    struct span p;
    size_t at;
};

static bool next_char(struct bracket *b, uint32_t *cp)
{
    size_t bytes = 0;
    if (b->at < b->p.n && b->p.p[b->at] == '\\') {
        b->at++;
    }
    if (b->at >= b->p.n) {
        return false;
    }
    *cp = char_at(b->p, b->at, &bytes);
    b->at += bytes;
    return true;
}

static bool is_range(const struct bracket *b)
{
    return b->at + 1 < b->p.n && b->p.p[b->at] == '-' && b->p.p[b->at + 1] != ']';
}

/* Bytes of the bracket at `at`, 0 when it does not end. *hit: whether `cp` is in it. */
static size_t bracket_match(struct span pattern, size_t at, uint32_t cp, bool *hit)
{
    struct bracket b = {pattern, at + 1};
    bool negated = b.at < pattern.n && (pattern.p[b.at] == '!' || pattern.p[b.at] == '^');
    b.at += negated;
    bool found = false;
    for (bool first = true; b.at < pattern.n; first = false) {
        if (pattern.p[b.at] == ']' && !first) {
            *hit = found != negated;
            return b.at + 1 - at;
        }
        uint32_t low = 0;
        uint32_t high = 0;
        if (!next_char(&b, &low)) {
            break;
        }
        high = low;
        if (is_range(&b)) {
            b.at++;
            if (!next_char(&b, &high)) {
                break;
            }
        }
        found |= cp >= low && cp <= high;
    }
    return 0;
}

/* ---- matching */
struct step {
    size_t pattern, text;
};

static bool match_one(struct span pattern, size_t p, struct span text, size_t t, struct step *step)
{
    bool hit = false;
    size_t bytes = 0;
    switch (pattern.p[p]) {
    case '?':
        (void)char_at(text, t, &bytes);
        *step = (struct step){1, bytes};
        return true;
    case '[':
        step->pattern = bracket_match(pattern, p, char_at(text, t, &bytes), &hit);
        step->text = bytes;
        return hit;
    case '\\':
        *step = (struct step){2, 1};
        return p + 1 < pattern.n && pattern.p[p + 1] == text.p[t];
    default:
        *step = (struct step){1, 1};
        return pattern.p[p] == text.p[t];
    }
}

/* Where what follows a '*' can begin, from `t` on; the end of the text when it cannot. */
static size_t next_start(struct span pattern, size_t p, struct span text, size_t t)
{
    if (p == pattern.n) {
        return text.n;
    }
    char c = pattern.p[p];
    if (c == '*' || c == '?' || c == '[' || c == '\\') {
        return t;
    }
    return t + span_find(span_sub(text, t, SIZE_MAX), c);
}

/* After a mismatch only the newest '*' can take more: an earlier one could not do better. */
bool glob_match(struct span pattern, struct span text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = NO_STAR;
    size_t star_text = 0;
    while (t < text.n) {
        struct step step;
        if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p;
            t = star_text = next_start(pattern, p, text, t);
        } else if (p < pattern.n && match_one(pattern, p, text, t, &step)) {
            p += step.pattern;
            t += step.text;
        } else if (star != NO_STAR) {
            size_t bytes = 0;
            (void)char_at(text, star_text, &bytes);
            p = star;
            t = star_text = next_start(pattern, p, text, star_text + bytes);
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*') {
        p++;
    }
    return p == pattern.n;
}

/* Bytes of the item at `at`, 0 when it is broken. */
static size_t item_bytes(struct span pattern, size_t at)
{
    bool hit = false;
    switch (pattern.p[at]) {
    case '\\':
        return at + 1 < pattern.n ? 2 : 0;
    case '[':
        return bracket_match(pattern, at, 0, &hit);
    default:
        return 1;
    }
}

enum status glob_check(struct span pattern, struct why *why)
{
    for (size_t at = 0; at < pattern.n;) {
        size_t bytes = item_bytes(pattern, at);
        if (bytes == 0) {
            return why_fail(why, ST_INVALID, "%s",
                            pattern.p[at] == '[' ? "'[' without ']'" : "a backslash at the end");
        }
        at += bytes;
    }
    return ST_OK;
}

bool glob_is_literal(struct span pattern)
{
    for (size_t at = 0; at < pattern.n; at++) {
        char c = pattern.p[at];
        if (c == '*' || c == '?' || c == '[') {
            return false;
        }
        at += c == '\\';
    }
    return true;
}
