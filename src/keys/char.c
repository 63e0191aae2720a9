/* A key's character in UTF-8. */
#include "checkrein/utf8.h"

#include "keys_priv.h"

bool keys_decode(struct span s, uint32_t *cp)
{
    static const unsigned lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    if (s.n == 0 || utf8_length(s.p, s.n) != s.n) {
        return false;
    }
    *cp = (unsigned char)s.p[0] & lead_bits[s.n];
    for (size_t i = 1; i < s.n; i++) {
        *cp = *cp << 6 | ((unsigned char)s.p[i] & 0x3Fu);
    }
    return true;
}

size_t keys_encode(uint32_t cp, char out[KEY_CHAR_BYTES])
{
    static const unsigned lead_byte[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; cp >>= 6) {
        out[i] = (char)(0x80 | (cp & 0x3F));
    }
    out[0] = (char)(lead_byte[length] | cp);
    return length;
}
