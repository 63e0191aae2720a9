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
    /* What RFC 6750 lets a bearer token consist of: it is written into headers and settings as it
     * is. */
    return t.n >= 32 &&
           ini_has_only(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=");
}

enum status token_load(const char *path, char out[TOKEN_BYTES], struct why *why)
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
    if (st == ST_OK && (!token_is_sane(token) || !span_copy(token, out, TOKEN_BYTES))) {
        st = why_fail(why, ST_INVALID,
                      "%s: a token is one line of 32 to 79 letters, digits and -._~+/=", path);
    }
    wipe(b.data, b.len);
    buf_release(&b);
    return st;
}

/* RFC 7617, the user is "checkrein". */
void token_as_password(const char *token, char out[PASSWORD_BYTES])
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char plain[TOKEN_BYTES + sizeof("checkrein:")];
    size_t n = (size_t)snprintf(plain, sizeof(plain), "checkrein:%s", token);
    char *at = out + snprintf(out, PASSWORD_BYTES, "Basic ");
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++) {
            three = three << 8 | (i + k < n ? (unsigned char)plain[i + k] : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            char digit = DIGITS[three >> (18 - 6 * k) & 63];
            *at++ = (char)(i + k > n ? '=' : digit);
        }
    }
    *at = '\0';
    wipe(plain, sizeof(plain));
}
