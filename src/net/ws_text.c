#include <libwebsockets.h>
#include <string.h>

#include "ws_frame_priv.h"

bool ws_close_code_valid(int code)
{
    if (code >= 3000 && code <= 4999) {
        return true;
    }
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

struct lead {
    uint8_t first, last; /* range of the lead byte */
    uint8_t more;        /* bytes that follow */
    uint8_t low, high;   /* range of the first of them */
};

/* Table 3-7 of the Unicode Standard: well-formed byte sequences. */
static const struct lead leads[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf},
    {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f},
    {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf},
    {0xf4, 0xf4, 3, 0x80, 0x8f},
};

/* Length of the character at the front of s, 0 when it is none. */
static size_t character(const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(leads); i++) {
        const struct lead *l = &leads[i];
        if (s[0] < l->first || s[0] > l->last) {
            continue;
        }
        if (n <= l->more || s[1] < l->low || s[1] > l->high) {
            return 0;
        }
        for (size_t k = 2; k <= l->more; k++) {
            if ((s[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return (size_t)l->more + 1;
    }
    return 0;
}

static bool eight_ascii(const uint8_t *s)
{
    uint64_t word;
    memcpy(&word, s, sizeof(word));
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool ws_text_valid(struct span text)
{
    const uint8_t *s = (const uint8_t *)text.p;
    size_t i = 0;
    while (i < text.n) {
        if (i + 8 <= text.n && eight_ascii(s + i)) {
            i += 8;
        } else if (s[i] < 0x80) {
            i++;
        } else {
            size_t n = character(s + i, text.n - i);
            if (n == 0) {
                return false;
            }
            i += n;
        }
    }
    return true;
}

bool ws_key_valid(struct span key)
{
    if (key.n != 24 || !span_ends(key, "==")) {
        return false;
    }
    for (size_t i = 0; i < 22; i++) {
        unsigned char c = (unsigned char)key.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && c != '+' && c != '/') {
            return false;
        }
    }
    return true;
}

void ws_accept(struct span key, char out[WS_ACCEPT_BYTES])
{
    static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[24 + sizeof(suffix)];
    unsigned char digest[20];
    memcpy(text, key.p, 24);
    memcpy(text + 24, suffix, sizeof(suffix) - 1);
    lws_SHA1(text, 24 + sizeof(suffix) - 1, digest);
    (void)lws_b64_encode_string((const char *)digest, sizeof(digest), out, WS_ACCEPT_BYTES);
}
