/* scan_priv.h - reading text of a fixed form from left to right.
 *
 * Each call takes its piece off the front; the first one that does not find what it wants sets
 * `bad`, and the rest do nothing, so that a whole form is read in a row and judged once with
 * scan_done().
 */
#ifndef CHECKREIN_JOURNAL_SCAN_PRIV_H
#define CHECKREIN_JOURNAL_SCAN_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/span.h"

struct scan {
    struct span rest;
    bool bad;
};

void scan_literal(struct scan *s, const char *text);
bool scan_has(const struct scan *s, const char *text); /* looks, takes nothing */
struct span scan_bytes(struct scan *s, size_t n);
/* Decimal without leading zeros, at most INT64_MAX. */
uint64_t scan_number(struct scan *s);
/* Lower-case hex digits, as they stand. */
struct span scan_hex_text(struct scan *s, size_t digits);
/* 2 * n of them, as bytes. */
void scan_hex(struct scan *s, uint8_t *out, size_t n);
/* 1..max bytes up to a '"', which stays; none of them a backslash or a control character. */
struct span scan_word(struct scan *s, size_t max);
/* A JSON string, with its quotes. */
struct span scan_string(struct scan *s);
bool scan_done(const struct scan *s); /* all was found and nothing is left */

#endif
