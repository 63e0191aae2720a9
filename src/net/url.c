#include "url_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "checkrein/num.h"
#include "checkrein/span.h"

static const struct {
    const char *prefix;
    enum url_scheme scheme;
    int port;
    bool loopback_only;
} schemes[] = {
    {"unix:",    URL_UNIX,  0,   false},
    {"ws://",    URL_WS,    80,  true },
    {"wss://",   URL_WSS,   443, false},
    {"http://",  URL_HTTP,  80,  true },
    {"https://", URL_HTTPS, 443, false},
};

static enum status check_bytes(struct span s, struct why *why)
{
    if (s.n >= URL_BYTES) {
        return why_fail(why, ST_INVALID, "URL is longer than %d bytes", URL_BYTES - 1);
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\') {
            return why_fail(why, ST_INVALID, "URL has a character that must not be in one");
        }
    }
    return ST_OK;
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

static enum status take_host(struct url *u, struct span host, struct why *why)
{
    struct in_addr four;
    struct in6_addr six;
    if (host.n == 0 || !span_copy(host, u->host, sizeof(u->host))) {
        return why_fail(why, ST_INVALID, "URL needs a host of at most %d bytes",
                        URL_HOST_BYTES - 1);
    }
    for (char *p = u->host; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p - 'A' + 'a');
        }
        if (!is_host_char(*p)) {
            return why_fail(why, ST_INVALID, "URL has a host that is neither a name nor a number");
        }
    }
    if (strcmp(u->host, "localhost") == 0) {
        u->loopback = true;
    } else if (inet_pton(AF_INET, u->host, &four) == 1) {
        u->numeric = true;
        u->loopback = (ntohl(four.s_addr) >> 24) == 127;
    } else if (inet_pton(AF_INET6, u->host, &six) == 1) {
        u->numeric = true;
        u->loopback = IN6_IS_ADDR_LOOPBACK(&six);
    }
    return ST_OK;
}

/* host, host:port or [v6]:port */
static enum status split(struct span authority, struct span *host, struct span *port,
                         struct why *why)
{
    size_t end = span_find(authority, ':');
    *host = span_sub(authority, 0, end);
    if (authority.n > 0 && authority.p[0] == '[') {
        end = span_find(authority, ']') + 1;
        *host = span_sub(authority, 1, end < 2 ? 0 : end - 2);
    }
    *port = span_sub(authority, end, authority.n);
    if (end > authority.n || (port->n > 0 && port->p[0] != ':')) {
        return why_fail(why, ST_INVALID, "URL has a host that cannot be read");
    }
    return ST_OK;
}

static enum status take_authority(struct url *u, struct span authority, struct why *why)
{
    struct span host;
    struct span port;
    int usual = u->port;
    int64_t number = usual;
    if (span_find(authority, '@') < authority.n) {
        return why_fail(why, ST_INVALID, "URL must not carry a user or password");
    }
    enum status st = split(authority, &host, &port, why);
    if (st == ST_OK) {
        st = take_host(u, host, why);
    }
    if (st != ST_OK) {
        return st;
    }
    if (port.n > 0 && num_parse(span_sub(port, 1, port.n), 1, 65535, &number) != ST_OK) {
        return why_fail(why, ST_INVALID, "URL has a port that is not 1 to 65535");
    }
    u->port = (int)number;
    bool six = strchr(u->host, ':') != NULL;
    if (six && u->scheme == URL_WSS) {
        return why_fail(why, ST_UNSUPPORTED, "wss:// needs a name or an IPv4 address");
    }
    (void)snprintf(u->authority, sizeof(u->authority), six ? "[%s]" : "%s", u->host);
    if (u->port != usual) {
        size_t n = strlen(u->authority);
        (void)snprintf(u->authority + n, sizeof(u->authority) - n, ":%d", u->port);
    }
    return ST_OK;
}

static enum status parse_unix(struct url *u, struct span path, struct why *why)
{
    if (path.n == 0 || path.p[0] != '/' || !span_copy(path, u->host, 108)) {
        return why_fail(why, ST_INVALID, "unix: needs a path from / of at most 107 bytes");
    }
    u->loopback = u->numeric = true;
    (void)span_copy(SPAN("localhost"), u->authority, sizeof(u->authority));
    (void)span_copy(SPAN("/"), u->path, sizeof(u->path));
    return ST_OK;
}

static enum status parse_rest(struct url *u, struct span rest, bool loopback_only, struct why *why)
{
    if (u->scheme == URL_UNIX) {
        return parse_unix(u, rest, why);
    }
    size_t slash = span_find(rest, '/');
    if (span_find(rest, '#') < rest.n || span_find(rest, '?') < slash) {
        return why_fail(why, ST_INVALID, "URL has a fragment, or a query without a path");
    }
    struct span path = span_sub(rest, slash, rest.n);
    (void)span_copy(path.n > 0 ? path : SPAN("/"), u->path, sizeof(u->path));
    enum status st = take_authority(u, span_sub(rest, 0, slash), why);
    if (st == ST_OK && loopback_only && !u->loopback) {
        return why_fail(why, ST_DENIED, "without TLS only to this machine: %s is not it", u->host);
    }
    return st;
}

enum status url_parse(const char *text, struct url *out, struct why *why)
{
    struct span s = span_str(text);
    *out = (struct url){0};
    enum status st = check_bytes(s, why);
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(schemes); i++) {
        if (span_starts(s, schemes[i].prefix)) {
            out->scheme = schemes[i].scheme;
            out->port = schemes[i].port;
            struct span rest = span_sub(s, strlen(schemes[i].prefix), s.n);
            return parse_rest(out, rest, schemes[i].loopback_only, why);
        }
    }
    return st != ST_OK ? st : why_fail(why, ST_UNSUPPORTED, "URL of an unknown kind");
}
