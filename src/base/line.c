#include "line_priv.h"

#include <stdbool.h>
#include <string.h>

#include "checkrein/utf8.h"

static bool is_control(const char *s)
{
    unsigned char c = (unsigned char)s[0];
    return c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)s[1] < 0xA0);
}

void line_clean(char *s)
{
    for (size_t left = strlen(s); left > 0;) {
        size_t n = utf8_length(s, left);
        if (n == 0 || is_control(s)) {
            *s = '?';
            n = 1;
        }
        s += n;
        left -= n;
    }
}
