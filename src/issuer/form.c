#include "issuer_priv.h"

#include <string.h>

#include "checkrein/base64.h"

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* application/x-www-form-urlencoded, of bytes that are no blanks. */
static void add_encoded(struct buf *out, struct span s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
        (void)(is_plain(s.p[i]) ? buf_addch(out, s.p[i]) : buf_append(out, escape, 3));
    }
}

void oauth_form_add(struct buf *out, const char *name, struct span value)
{
    if (out->len > 0) {
        (void)buf_addch(out, '&');
    }
    (void)buf_addstr(out, name);
    (void)buf_addch(out, '=');
    add_encoded(out, value);
}

/* RFC 6749, section 2.3.1: both are encoded as in a form before they are joined. */
void oauth_form_basic(struct buf *out, struct span id, struct span secret)
{
    struct buf both;
    buf_init(&both, out->limit);
    add_encoded(&both, id);
    (void)buf_addch(&both, ':');
    add_encoded(&both, secret);
    (void)buf_addstr(out, "Authorization: Basic ");
    out->over = out->over || buf_status(&both) != ST_OK;
    (void)base64_add(out, buf_span(&both));
    buf_wipe(&both);
}

void oauth_metadata_url(struct buf *out, enum discovery d, const char *issuer)
{
    static const char AT[] = "://";
    struct span url = span_str(issuer);
    const char *host = strstr(issuer, AT);
    size_t begin = host != NULL ? (size_t)(host - issuer) + sizeof(AT) - 1 : 0;
    size_t path = begin + span_find(span_sub(url, begin, url.n), '/');
    if (span_ends(url, "/")) {
        url.n--;
    }
    if (d == DISCOVERY_OPENID) {
        (void)buf_add(out, url);
        (void)buf_addstr(out, "/.well-known/openid-configuration");
        return;
    }
    (void)buf_add(out, span_sub(url, 0, path));
    (void)buf_addstr(out, "/.well-known/oauth-authorization-server");
    (void)buf_add(out, span_sub(url, path, url.n));
}
