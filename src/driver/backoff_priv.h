/* backoff_priv.h - how long to wait before the next try: 250 ms doubling to 30 s, each within a
 * quarter either way, so that consoles which lost the same back-end do not come back as one.
 */
#ifndef BACKOFF_PRIV_H
#define BACKOFF_PRIV_H

#include <stdint.h>

struct backoff {
    uint32_t attempt;
};

int64_t backoff_next_ms(struct backoff *b);
void backoff_reset(struct backoff *b);

#endif
