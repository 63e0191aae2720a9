/* slots_priv.h - names to numbers with one probe: perfect hash tables that stand in the text
 * segment.
 *
 * The tables in slot_tables_priv.h follow from the X-macros of event.h. unit.event.test_slots
 * computes them again and fails when a row was added without them; it prints new ones with
 * `--print`.
 */
#ifndef CHECKREIN_EVENT_SLOTS_PRIV_H
#define CHECKREIN_EVENT_SLOTS_PRIV_H

#include <stdint.h>

#include "checkrein/span.h"

#define SLOT_NONE      UINT8_MAX
#define SLOT_NAME_MIN  4 /* bytes: slot_of() reads the last four */
#define SLOT_NAME_MAX  UINT8_MAX
#define FIELD_SLOT_LOG 10
#define TYPE_SLOT_LOG  6
#define FIELD_SLOTS    (1u << FIELD_SLOT_LOG)
#define TYPE_SLOTS     (1u << TYPE_SLOT_LOG)

/* A few bytes of the name are enough to tell ours apart; the caller compares the whole name
 * afterwards, so a stranger can at most miss. `s` has SLOT_NAME_MIN to SLOT_NAME_MAX bytes. */
static inline uint32_t slot_of(struct span s, uint64_t multiplier, unsigned slot_log)
{
    const unsigned char *p = (const unsigned char *)s.p;
    const size_t picks[] = {s.n - 1, s.n - 2, s.n - 3, s.n - 4, s.n / 2, s.n / 4, 0};
    uint64_t key = s.n;
    for (size_t i = 0; i < sizeof(picks) / sizeof(picks[0]); i++) {
        key = key << 8 | p[picks[i]];
    }
    return (uint32_t)((key * multiplier) >> (64 - slot_log));
}

#endif
