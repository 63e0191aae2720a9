#include "url_priv.h"

#include <string.h>

#include "checkrein/num.h"

/* Four decimal numbers: the short and octal forms that some resolvers take are not ours. */
static bool is_loopback_ipv4(struct span host)
{
    int64_t part;
    struct span piece;
    int count = 0;
    bool ok = span_starts(host, "127.");
    while (ok && span_next(&host, '.', &piece)) {
        ok = num_parse(piece, 0, 255, &part) == ST_OK;
        count++;
    }
    return ok && count == 4;
}

static bool is_loopback(struct span host)
{
    return span_is(host, "localhost") || span_is(host, "[::1]") || is_loopback_ipv4(host);
}

static bool is_port(struct span s)
{
    int64_t port;
    return num_parse(s, 1, 65535, &port) == ST_OK;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* No '@', '%' or backslash: what two parsers could read as two different hosts is no host. */
static bool is_host(struct span s)
{
    bool bracketed = span_starts(s, "[") && span_ends(s, "]");
    struct span inner = bracketed ? span_sub(s, 1, s.n - 2) : s;
    const struct span others = bracketed ? SPAN(":.") : SPAN(".-_");
    for (size_t i = 0; i < inner.n; i++) {
        if (!is_alnum(inner.p[i]) && span_find(others, inner.p[i]) == others.n) {
            return false;
        }
    }
    return inner.n > 0;
}

/* HOST[:PORT] up to the path; a number in brackets has colons of its own. */
static enum status take_host(struct span rest, struct span *host, struct why *why)
{
    size_t slash = span_find(rest, '/');
    size_t query = span_find(rest, '?');
    struct span authority = span_sub(rest, 0, slash < query ? slash : query);
    size_t end = span_find(authority, ':');
    if (span_starts(authority, "[")) {
        end = span_find(authority, ']');
        end += end < authority.n;
    }
    *host = span_sub(authority, 0, end);
    struct span port = span_sub(authority, end, SIZE_MAX);
    if (span_find(authority, '@') < authority.n) {
        return why_fail(why, ST_INVALID, "must not name a user; secrets go into token_file");
    }
    if (!is_host(*host)) {
        return why_fail(why, ST_INVALID, "has no host, or one with strange characters");
    }
    if (port.n > 0 && (port.p[0] != ':' || !is_port(span_sub(port, 1, SIZE_MAX)))) {
        return why_fail(why, ST_INVALID, "has a bad port");
    }
    return ST_OK;
}

/* Printable ASCII without a fragment, which no server would ever see. */
static enum status check_web(struct span rest, struct span *host, struct why *why)
{
    for (size_t i = 0; i < rest.n; i++) {
        if (rest.p[i] <= ' ' || rest.p[i] > '~' || rest.p[i] == '#') {
            return why_fail(why, ST_INVALID, "must be ASCII without blanks and without '#'");
        }
    }
    return take_host(rest, host, why);
}

static enum status check_unix(struct span rest, struct why *why)
{
    return span_starts(rest, "/") && rest.n > 1
               ? ST_OK
               : why_fail(why, ST_INVALID, "must have an absolute path behind unix:");
}

static enum status check_ws(struct span rest, struct why *why)
{
    struct span host;
    enum status st = check_web(rest, &host, why);
    if (st == ST_OK && !is_loopback(host)) {
        return why_fail(why, ST_INVALID,
                        "ws:// is not encrypted and goes to 127.0.0.1, [::1] or localhost only");
    }
    return st;
}

static enum status check_wss(struct span rest, struct why *why)
{
    struct span host;
    return check_web(rest, &host, why);
}

enum status url_check_web(struct span url, struct why *why)
{
    struct span host;
    bool plain = span_starts(url, "http://");
    if (!plain && !span_starts(url, "https://")) {
        return why_fail(why, ST_INVALID, "must begin with https:// or http://");
    }
    struct span rest = span_sub(url, plain ? 7 : 8, SIZE_MAX);
    struct span path = span_sub(rest, span_find(rest, '/'), SIZE_MAX);
    enum status st = check_web(rest, &host, why);
    if (st == ST_OK && plain && !is_loopback(host)) {
        return why_fail(why, ST_INVALID,
                        "http:// is not encrypted and goes to 127.0.0.1, [::1] or localhost only");
    }
    if (st == ST_OK && (span_find(rest, '?') < rest.n || span_find(path, '%') < path.n ||
                        memmem(path.p ? path.p : "", path.n, "/.", 2) != NULL ||
                        memmem(path.p ? path.p : "", path.n, "//", 2) != NULL)) {
        return why_fail(why, ST_INVALID, "must have no query, and a plain path");
    }
    return st;
}

static const struct {
    const char *prefix;
    enum status (*check)(struct span rest, struct why *why);
} schemes[] = {
    {"unix:",  check_unix},
    {"ws://",  check_ws  },
    {"wss://", check_wss },
};

enum status url_check(struct span url, struct why *why)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (span_starts(url, schemes[i].prefix)) {
            size_t n = span_str(schemes[i].prefix).n;
            return schemes[i].check(span_sub(url, n, SIZE_MAX), why);
        }
    }
    return why_fail(why, ST_INVALID, "must begin with unix:/ ws:// or wss://");
}
