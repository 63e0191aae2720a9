#include "checkrein/utf8.h"
#include "checkrein/text.h"

size_t text_utf8(const char *p, size_t n, uint32_t *cp)
{
    static const unsigned lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t length = utf8_length(p, n);
    if (length == 0) {
        return 0;
    }
    *cp = (unsigned char)p[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++) {
        *cp = *cp << 6 | ((unsigned char)p[i] & 0x3Fu);
    }
    return length;
}

size_t text_utf8_put(uint32_t cp, char out[TEXT_UTF8_BYTES])
{
    static const unsigned lead_byte[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; cp >>= 6) {
        out[i] = (char)(0x80 | (cp & 0x3F));
    }
    out[0] = (char)(lead_byte[length] | cp);
    return length;
}
