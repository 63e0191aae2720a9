#include "issuer_priv.h"

/* One '*' is remembered: the time is at most the product of both lengths, whoever wrote the text.
 */
static bool match_one(struct span pattern, struct span text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t from = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*') {
        p++;
    }
    return p == pattern.n;
}

bool issuer_match(struct span patterns, struct span text)
{
    struct span pattern;
    while (text.n > 0 && span_next(&patterns, '|', &pattern)) {
        if (match_one(span_trim(pattern), text)) {
            return true;
        }
    }
    return false;
}
