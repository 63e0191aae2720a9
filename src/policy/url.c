#include "policy_priv.h"

char ascii_lower(char c)
{
    if (c < 'A' || c > 'Z') {
        return c;
    }
    return (char)(c - 'A' + 'a');
}

static bool is_certain_byte(char c)
{
    return (unsigned char)c > 0x20 && (unsigned char)c < 0x7f && c != '\\';
}

/* Bytes of "scheme://host:port"; 0 when the text has no such beginning. */
static size_t origin_bytes(struct span url)
{
    size_t scheme = span_find(url, ':');
    if (scheme == 0 || !span_starts(span_sub(url, scheme, SIZE_MAX), "://")) {
        return 0;
    }
    size_t at = scheme + 3;
    while (at < url.n && url.p[at] != '/' && url.p[at] != '?' && url.p[at] != '#') {
        at++;
    }
    return at > scheme + 3 ? at : 0;
}

/* Who fetches it may read "%2e" as '.', and "a/../b" as "b". */
static bool has_dots(struct span path)
{
    struct span piece;
    path = span_sub(path, 0, span_find(path, '?'));
    while (span_next(&path, '/', &piece)) {
        if (span_is(piece, "..") || span_is(piece, ".")) {
            return true;
        }
        for (size_t i = 0; i + 2 < piece.n; i++) {
            char c = ascii_lower(piece.p[i + 2]);
            if (piece.p[i] == '%' && piece.p[i + 1] == '2' && (c == 'e' || c == 'f')) {
                return true;
            }
        }
    }
    return false;
}

static bool is_certain(struct span url, struct span origin, struct span rest)
{
    for (size_t i = 0; i < url.n; i++) {
        if (!is_certain_byte(url.p[i])) {
            return false;
        }
    }
    return span_find(origin, '@') == origin.n && span_find(origin, '%') == origin.n &&
           (rest.n == 0 || rest.p[0] == '/') && !has_dots(rest);
}

void url_read(struct span url, struct buf *out, struct url *u)
{
    *u = (struct url){0};
    size_t n = origin_bytes(url);
    if (n == 0 || url.n > MATCH_TEXT_BYTES) {
        return;
    }
    buf_clear(out);
    for (size_t i = 0; i < n; i++) {
        (void)buf_addch(out, ascii_lower(url.p[i]));
    }
    (void)buf_add(out, span_sub(url, n, SIZE_MAX));
    struct span whole = buf_span(out);
    u->origin = span_sub(whole, 0, n);
    u->rest = span_sub(whole, n, SIZE_MAX);
    u->certain = is_certain(whole, u->origin, u->rest);
}

static bool is_any(struct span pattern)
{
    return span_is(pattern, "*");
}

enum status url_pattern_check(const struct pattern *p, struct why *why)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct alternative *a = &p->alternatives[i];
        if (!a->is_regex && !is_any(a->text) && origin_bytes(a->text) == 0) {
            return why_fail(why, ST_INVALID,
                            "what allows a url is '*' or starts with scheme://host");
        }
    }
    return ST_OK;
}

/* The host and what follows it are matched apart: a '*' of the host cannot reach into the path. */
bool url_allowed(const struct alternative *a, const struct url *u, struct span whole)
{
    if (!a->is_regex && is_any(a->text)) {
        return true;
    }
    if (!u->certain) {
        return false;
    }
    if (a->is_regex) {
        return regex_match(&a->re, whole, LEAN_STRICT);
    }
    size_t n = origin_bytes(a->text);
    struct span rest = span_sub(a->text, n, SIZE_MAX);
    bool rest_fits =
        rest.n == 0 ? u->rest.n == 0 || span_is(u->rest, "/") : glob_match(rest, u->rest);
    return glob_match(span_sub(a->text, 0, n), u->origin) && rest_fits;
}
