#include "govd_priv.h"

#include "checkrein/file.h"

#define TOKEN_RANDOM_BYTES 32

static enum status make(const char *path, struct why *why)
{
    uint8_t secret[TOKEN_RANDOM_BYTES];
    char hex[HEX_BYTES(TOKEN_RANDOM_BYTES)];
    random_bytes(secret, sizeof(secret));
    hex_encode(secret, sizeof(secret), hex);
    enum status st = file_replace(path, span_str(hex), 0600, why);
    wipe(secret, sizeof(secret));
    wipe(hex, sizeof(hex));
    return st;
}

static bool token_is_sane(struct span t)
{
    /* What RFC 6750 lets a bearer token consist of: it is written into headers and settings as it is. */
    return t.n >= 32 &&
           ini_has_only(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=");
}

enum status token_load(const char *path, char out[80], struct why *why)
{
    struct buf b;
    buf_init(&b, 256);
    enum status st = file_read_secret(path, &b, why);
    if (st == ST_NOTFOUND) {
        buf_clear(&b);
        st = make(path, why);
        st = st == ST_OK ? file_read_secret(path, &b, why) : st;
    }
    struct span token = span_trim(buf_span(&b));
    if (st == ST_OK && (!token_is_sane(token) || !span_copy(token, out, 80))) {
        st = why_fail(why, ST_INVALID, "%s: a token is one line of 32 to 79 letters, digits and -._~+/=",
                      path);
    }
    wipe(b.data, b.len);
    buf_release(&b);
    return st;
}
