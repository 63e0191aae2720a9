/* request.c - what a request to the gateway says. Where it goes is fixed by its upstream: the path
 * below that is passed on as it stands, and one that some reader could take for a way out of there
 * is refused.
 */
#include "gateway_priv.h"

#include <strings.h>

/* Fields that a client may put its key in: the first is where the scheme stands in front. */
static const char *const KEY_FIELDS[] = {"authorization", "x-api-key", "x-goog-api-key", "api-key"};

static bool is_key_field(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(KEY_FIELDS); i++) {
        if (span_is(name, KEY_FIELDS[i])) {
            return true;
        }
    }
    return false;
}

static struct span without_scheme(struct span value)
{
    static const char *const SCHEMES[] = {"Bearer ", "bearer ", "token ", "Token "};
    for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++) {
        if (span_starts(value, SCHEMES[i])) {
            return span_trim(span_sub(value, strlen(SCHEMES[i]), value.n));
        }
    }
    return value;
}

static bool is_lease(struct span s)
{
    return s.n == LEASE_TOKEN_BYTES - 1 && span_starts(s, LEASE_TOKEN_MARK);
}

static bool is_our_key(struct span pair)
{
    return span_starts(pair, "key=") && is_lease(span_sub(pair, 4, pair.n));
}

/* Several fields may have it, when it is the same one. */
static void take_token(struct request_read *r, struct span token)
{
    if (r->token.n > 0 && !span_eq(r->token, token)) {
        r->fault = 400;
        r->why = "two different leases in one request";
    }
    r->token = token;
}

static void find_token(const struct http_head *head, struct request_read *r)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *f = &head->fields[i];
        struct span value = is_key_field(f->name) ? without_scheme(f->value) : SPAN_NONE;
        if (is_lease(value)) {
            take_token(r, value);
        }
    }
    struct span rest = head->query;
    struct span pair;
    while (rest.n > 0 && span_next(&rest, '&', &pair)) {
        if (is_our_key(pair)) {
            take_token(r, span_sub(pair, 4, pair.n));
        }
    }
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The byte at *i, taken out of its escape; -1: a bad escape. */
static int escaped_byte(struct span s, size_t *i)
{
    int c = (unsigned char)s.p[*i];
    if (c != '%') {
        return c;
    }
    int high = *i + 1 < s.n ? hex(s.p[*i + 1]) : -1;
    int low = *i + 2 < s.n ? hex(s.p[*i + 2]) : -1;
    *i += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* -1 also: one that hides what shapes a path: a slash, or a percent, which a second reader would
 * take for an escape again. */
static int path_byte(struct span path, size_t *i)
{
    bool escaped = path.p[*i] == '%';
    int c = escaped_byte(path, i);
    return escaped && (c == '/' || c == '%') ? -1 : c;
}

/* No segment of one dot or two, however it is written, no backslash and no control byte. */
static bool path_is_plain(struct span path)
{
    size_t dots = 0;
    size_t segment = 0;
    for (size_t i = 0; i < path.n; i++) {
        int c = path_byte(path, &i);
        if (c < ' ' || c == 0x7f || c == '\\' || c == ';') {
            return false;
        }
        if (c == '/' && segment > 0 && segment == dots && dots <= 2) {
            return false;
        }
        segment = c == '/' ? 0 : segment + 1;
        dots = c == '/' ? 0 : dots + (c == '.');
    }
    return segment == 0 || segment != dots || dots > 2;
}

static bool same_word(struct span a, struct span lower)
{
    return a.n == lower.n && strncasecmp(a.p ? a.p : "", lower.p ? lower.p : "", a.n) == 0;
}

/* They ask a server to tell back what it was sent, and with it the real key; or to lead on to
 * anywhere. In whatever case: some servers do not tell. */
static bool method_is_barred(struct span method)
{
    static const char *const BARRED[] = {"trace", "track", "connect"};
    for (size_t i = 0; i < ARRAY_LEN(BARRED); i++) {
        if (same_word(method, span_str(BARRED[i]))) {
            return true;
        }
    }
    return false;
}

void request_read(const struct http_head *head, struct request_read *r)
{
    *r = (struct request_read){.probe = head->header(head, GATEWAY_PROBE)};
    struct span rest = span_sub(head->path, sizeof(GATEWAY_PREFIX) - 1, head->path.n);
    r->upstream = span_sub(rest, 0, span_find(rest, '/'));
    r->path = span_sub(rest, r->upstream.n, rest.n);
    r->path = r->path.n > 0 ? r->path : SPAN("/");
    if (!span_starts(head->path, GATEWAY_PREFIX) || r->upstream.n == 0) {
        r->fault = 404;
        r->why = "the gateway's paths begin with " GATEWAY_PREFIX "UPSTREAM/";
        return;
    }
    find_token(head, r);
    if (r->fault == 0 && method_is_barred(head->method)) {
        r->fault = 405;
        r->why = "TRACE, TRACK and CONNECT are not let through";
    }
    if (r->fault == 0 && !path_is_plain(r->path)) {
        r->fault = 400;
        r->why = "a path with dots or escapes that could lead out of the upstream";
    }
}

/* What goes on with no request. Another's key some upstreams would take before the one in the
 * header; Google's services let a query say what of an answer is told, which may leave out what it
 * used, and what a request really is. */
static const struct {
    const char *name, *dialect; /* NULL: any */
} DROPPED[] = {
    {"key",          NULL    },
    {"fields",       "gemini"},
    {"$fields",      "gemini"},
    {"$httpmethod",  "gemini"},
    {"$httpheaders", "gemini"},
    {"$req",         "gemini"},
    {"$ct",          "gemini"},
};

static bool speaks(const struct upstream *up, const char *dialect)
{
    return !dialect || strcmp(up->dialect->name, dialect) == 0;
}

/* Also where it is written in escapes, or in capitals. */
static bool is_named(struct span pair, const char *lower)
{
    struct span name = span_sub(pair, 0, span_find(pair, '='));
    size_t at = 0;
    for (size_t i = 0; i < name.n; i++, at++) {
        int c = escaped_byte(name, &i);
        if (c >= 'A' && c <= 'Z') {
            c += 'a' - 'A';
        }
        if (c != lower[at] || c == '\0') {
            return false;
        }
    }
    return lower[at] == '\0';
}

static bool is_dropped(const struct upstream *up, struct span pair)
{
    bool drop = false;
    for (size_t i = 0; i < ARRAY_LEN(DROPPED) && !drop; i++) {
        drop = speaks(up, DROPPED[i].dialect) && is_named(pair, DROPPED[i].name);
    }
    return drop;
}

enum status request_target(const struct http_head *head, const struct upstream *up,
                           struct span path, struct buf *out)
{
    struct span rest = head->query;
    struct span pair;
    char mark = '?';
    buf_addstr(out, up->base);
    buf_add(out, path);
    while (rest.n > 0 && span_next(&rest, '&', &pair)) {
        if (!is_dropped(up, pair)) {
            buf_addch(out, mark);
            buf_add(out, pair);
            mark = '&';
        }
    }
    return buf_status(out);
}

/* ---- fields */

/* Named by a Connection field: of this hop only. */
static bool is_named_hop(const struct http_field *fields, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++) {
        struct span rest = fields[i].value;
        struct span word;
        while (span_is(fields[i].name, "connection") && rest.n > 0 &&
               span_next(&rest, ',', &word)) {
            if (same_word(span_trim(word), name)) {
                return true;
            }
        }
    }
    return false;
}

/* Another method than the one that was judged may stand in a field, too; so may a mask. */
void request_fields(const struct http_head *head, const struct upstream *up, struct buf *out)
{
    static const char *const OURS[] = {
        "host",          "expect",           "accept-encoding",
        "forwarded",     GATEWAY_PROBE,      "x-http-method-override",
        "x-http-method", "x-method-override"};
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *f = &head->fields[i];
        bool drop = http_field_is_framing(f->name) || is_key_field(f->name) ||
                    span_starts(f->name, "x-forwarded-") ||
                    same_word(span_str(up->field), f->name) || /* the key's own place */
                    is_named_hop(head->fields, head->field_count, f->name) ||
                    (span_is(f->name, "x-goog-fieldmask") && speaks(up, "gemini"));
        for (size_t k = 0; k < ARRAY_LEN(OURS); k++) {
            drop = drop || span_is(f->name, OURS[k]);
        }
        if (!drop) {
            buf_printf(out, "%.*s: %.*s\n", SPAN_ARG(f->name), SPAN_ARG(f->value));
        }
    }
    buf_addstr(out, "accept-encoding: identity\n");
}

size_t answer_fields(const struct http_field *in, size_t count, struct http_field *out, size_t most,
                     int64_t *length)
{
    size_t n = 0;
    *length = -1;
    for (size_t i = 0; i < count && n < most; i++) {
        if (span_is(in[i].name, "content-length")) {
            if (num_parse(in[i].value, 0, INT64_MAX, length) != ST_OK) {
                *length = -1;
            }
        } else if (!http_field_is_framing(in[i].name) && !span_is(in[i].name, "alt-svc") &&
                   !is_named_hop(in, count, in[i].name)) {
            out[n++] = in[i];
        }
    }
    return n;
}
