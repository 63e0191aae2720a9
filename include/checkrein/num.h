/* num.h - strict numbers, hex, and fixed formats; no locale.
 */
#ifndef CHECKREIN_NUM_H
#define CHECKREIN_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

/* Every parser leaves its output untouched unless it returns ST_OK, refuses bad text with
 * ST_INVALID and what is out of bounds with ST_LIMIT. */

/* Decimal, an optional '-', no blanks, no leading zero (but "0"), whole span, within the bounds. */
enum status num_parse(struct span s, int64_t min, int64_t max, int64_t *out) MUST_USE;
/* JSON number text that is an integer in value ("5", "5.0", "5e2"); ST_LIMIT when out of int64. */
enum status num_parse_json_int(struct span s, int64_t *out) MUST_USE;
/* JSON number text, an amount in units, to micro-units: "0.0066" -> 6600. Exact; what is below 1e-6
 * is rounded half up in magnitude, so that a refund takes back what a charge added. */
enum status num_parse_micro(struct span s, int64_t *micro) MUST_USE;
/* "250ms" "30s" "5m" "8h" "7d" to milliseconds; a bare number is refused. */
enum status num_parse_duration_ms(struct span s, int64_t *ms) MUST_USE;

#define HEX_BYTES(n) ((n)*2 + 1)
void hex_encode(const void *bytes, size_t n, char *out); /* lower case, terminated: HEX_BYTES(n) */
/* Exactly n bytes, either case; after a failure `bytes` holds part of them. */
enum status hex_decode(struct span hex, void *bytes, size_t n) MUST_USE;

/* RFC 3339 UTC with milliseconds (cut, not rounded), "2026-11-20T14:22:07.123Z": 24 characters and
 * the NUL. Times outside of 1970..9999 show as the nearest one inside. */
#define TIME_TEXT_BYTES 32
void time_format(int64_t wall_us, char out[TIME_TEXT_BYTES]);
/* RFC 3339 with any offset and fraction (cut to microseconds). ST_LIMIT when not in 1970..9999 in
 * UTC. A leap second, only at the end of a UTC day, is the first second of the next. */
enum status time_parse(struct span s, int64_t *wall_us) MUST_USE;

#endif
