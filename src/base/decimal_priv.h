/* decimal_priv.h - the text of a JSON number taken apart and read exactly, without floating point.
 */
#ifndef CHECKREIN_BASE_DECIMAL_PRIV_H
#define CHECKREIN_BASE_DECIMAL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

/* The value times 10^shift is sign * (whole + a rest below 1). */
struct decimal {
    bool negative;
    uint64_t whole;
    bool rest_is_zero;
    bool rest_is_half_or_more;
};

/* ST_INVALID: not a JSON number; ST_LIMIT: 20 digits or more before the point after the shift. */
enum status decimal_read(struct span s, int64_t shift, struct decimal *out) MUST_USE;
/* The magnitude with its sign; ST_LIMIT when outside of int64. */
enum status decimal_sign(uint64_t magnitude, bool negative, int64_t *out) MUST_USE;

#endif
