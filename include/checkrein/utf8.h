/* utf8.h - is this UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF)?
 */
#ifndef CHECKREIN_UTF8_H
#define CHECKREIN_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "checkrein/span.h"

/* Bytes of the valid character that p starts with, 1 to 4; 0 when it starts none. */
size_t utf8_length(const char *p, size_t n);
bool utf8_valid(struct span s);
/* At most so many bytes of it, and no half of a character at its end. */
struct span utf8_cut(struct span s, size_t bytes);

#endif
