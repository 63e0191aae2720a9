/* tape_priv.h - what the parts of the JSON reader share.
 */
#ifndef CHECKREIN_WIRE_TAPE_PRIV_H
#define CHECKREIN_WIRE_TAPE_PRIV_H

#include "checkrein/wire.h"

/* Flags of a string token. */
enum {
    STRING_COOKED = 1 << 0, /* its bytes are not its value: escapes, or broken text */
    STRING_BROKEN = 1 << 1, /* something in it reads as U+FFFD */
};

/* A string's value piece by piece: runs of the text itself, and single characters made of escapes.
 */
struct pieces {
    const uint8_t *p;
    const uint8_t *end;
    char made[4];
};

/* Of a string that was read without error. */
struct pieces pieces_of(const struct tape *j, const struct tape_token *string);
/* The next piece, never empty, valid until the next call; false at the end. */
bool pieces_next(struct pieces *s, struct span *piece);

/* Order of two strings' values by unsigned bytes. */
int string_cmp(const struct tape *j, const struct tape_token *a, const struct tape_token *b);
bool string_is(const struct tape *j, const struct tape_token *string, struct span value);

/* One \uXXXX escape, or a pair of them, from the backslash on; at least two bytes are there. */
struct escape {
    uint32_t bytes; /* 6 or 12; 0: not four hex digits */
    uint32_t cp;
    bool lone; /* a surrogate without its other half; cp is U+FFFD */
};
struct escape escape_u(const uint8_t *backslash, const uint8_t *end);
/* The character of a one-letter escape, 0 when there is none. */
char escape_letter(uint8_t letter);

/* Looks for two equal keys among those chained by `next` from `first` to TAPE_ABSENT. Sorts the
 * chain. The later one of a pair, or TAPE_ABSENT. */
uint32_t keys_find_duplicate(struct tape *j, uint32_t first);

#endif
