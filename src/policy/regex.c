#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "policy_priv.h"

/* The library unrolls counted repetitions: nested ones grow as their product. */
#define REPEAT_PRODUCT_MAX 4096

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The largest number between '{' at `at` and its '}'; 1 when there is none. */
static uint64_t repeat_at(struct span pattern, size_t at)
{
    uint64_t most = 1;
    uint64_t number = 0;
    for (at++; at < pattern.n && pattern.p[at] != '}'; at++) {
        number = is_digit(pattern.p[at]) ? number * 10 + (uint64_t)(pattern.p[at] - '0') : 0;
        number = number > REPEAT_PRODUCT_MAX ? REPEAT_PRODUCT_MAX + 1 : number;
        most = number > most ? number : most;
    }
    return most;
}

/* Back references take exponential time. A '\\1' in a bracket is refused with them: harmless. */
static enum status check_cost(struct span pattern, struct why *why)
{
    uint64_t product = 1;
    for (size_t at = 0; at < pattern.n; at++) {
        if (pattern.p[at] == '\\') {
            at++;
            if (at < pattern.n && is_digit(pattern.p[at])) {
                return why_fail(why, ST_INVALID, "back references are not supported");
            }
        } else if (pattern.p[at] == '{') {
            product *= repeat_at(pattern, at);
        }
        if (product > REPEAT_PRODUCT_MAX) {
            return why_fail(why, ST_INVALID, "its repetitions multiply to more than %d",
                            REPEAT_PRODUCT_MAX);
        }
    }
    return ST_OK;
}

enum status regex_compile(regex_t *re, struct span pattern, struct why *why)
{
    char text[PATTERN_BYTES_MAX + 1];
    if (!span_copy(pattern, text, sizeof(text))) {
        return why_fail(why, ST_LIMIT, "longer than %d bytes", PATTERN_BYTES_MAX);
    }
    enum status st = check_cost(pattern, why);
    if (st != ST_OK) {
        return st;
    }
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c);
    int error = regcomp(re, text, REG_EXTENDED);
    (void)uselocale(before);
    freelocale(c);
    if (error != 0) {
        char words[128];
        (void)regerror(error, re, words, sizeof(words));
        return why_fail(why, ST_INVALID, "not a regular expression: %s", words);
    }
    return ST_OK;
}

/* A copy with a NUL after it: the text may have others inside, and checkers read up to the first
 * one. */
static char *terminated(struct span text)
{
    char *copy = xmalloc(text.n + 1);
    if (text.n > 0) {
        memcpy(copy, text.p, text.n);
    }
    copy[text.n] = '\0';
    return copy;
}

/* The leftmost longest match is the whole text when any match is. */
bool regex_match(const regex_t *re, struct span text, enum lean lean)
{
    if (text.n > MATCH_TEXT_BYTES) {
        return lean == LEAN_WIDE;
    }
    char *copy = terminated(text);
    regmatch_t at = {.rm_so = 0, .rm_eo = (regoff_t)text.n};
    int error = regexec(re, copy, 1, &at, REG_STARTEND);
    free(copy);
    if (error == REG_NOMATCH) {
        return false;
    }
    if (error != 0) { /* out of memory for its tables: nothing is known */
        return lean == LEAN_WIDE;
    }
    return lean == LEAN_WIDE || (at.rm_so == 0 && (size_t)at.rm_eo == text.n);
}
