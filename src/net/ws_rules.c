/* ws_rules.c - which close codes may be sent, and the answer to a key: RFC 6455, sections 7.4
 * and 4.2.2. */
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
