/* utf8_priv.h - one character of UTF-8, well-formed as in Unicode table 3-7.
 */
#ifndef CHECKREIN_WIRE_UTF8_PRIV_H
#define CHECKREIN_WIRE_UTF8_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT       "\xEF\xBF\xBD"
#define UTF8_REPLACEMENT_BYTES 3

struct utf8_step {
    uint32_t
        bytes; /* at least one: the character, or what one U+FFFD stands for (a maximal subpart) */
    bool good;
};

struct utf8_step utf8_step(const uint8_t *p, const uint8_t *end); /* p < end */
/* Writes 1 to 4 bytes; cp <= 0x10FFFF and no surrogate. */
size_t utf8_write(uint32_t cp, char out[4]);

#endif
