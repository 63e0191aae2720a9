/* address.c - where a collector is. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "checkrein/num.h"
#include "outlet_priv.h"

static const struct {
    const char *scheme;
    int type;
    bool is_secure;
} SCHEMES[] = {
    {"tls://", SOCK_STREAM, true },
    {"tcp://", SOCK_STREAM, false},
    {"udp://", SOCK_DGRAM,  false},
};

static enum status parse_unix(struct span path, struct outlet_address *a, struct why *why)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&a->to;
    un->sun_family = AF_UNIX;
    a->bytes = sizeof(*un);
    a->type = SOCK_DGRAM;
    return path.n > 0 && path.p[0] == '/' && span_copy(path, un->sun_path, sizeof(un->sun_path))
               ? ST_OK
               : why_fail(why, ST_INVALID, "syslog: unix: and an absolute path");
}

/* An address in numbers: `to` is set. */
static bool take_numbers(struct outlet_address *a)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a->to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->to;
    if (inet_pton(AF_INET6, a->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(a->port);
        a->bytes = sizeof(*v6);
        return true;
    }
    a->to = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, a->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(a->port);
        a->bytes = sizeof(*v4);
        return true;
    }
    return false;
}

static bool is_loopback(const struct outlet_address *a)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->to;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->to;
    return a->to.ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)
                                       : ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

/* Letters, digits, dots and hyphens, and a letter among them: numbers that are no address are no
 * name either. */
static bool is_name(const char *host)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char OTHERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    return strspn(host, OTHERS) == strlen(host) && strpbrk(host, LETTERS) != NULL &&
           host[0] != '.' && host[0] != '-';
}

/* HOST:PORT, an IPv6 address in brackets. */
static bool split(struct span rest, struct outlet_address *a)
{
    const char *colon = rest.n > 0 ? memrchr(rest.p, ':', rest.n) : NULL;
    size_t at = colon != NULL ? (size_t)(colon - rest.p) : rest.n;
    struct span host = span_sub(rest, 0, at);
    int64_t port = 0;
    bool in_brackets = span_starts(host, "[") && span_ends(host, "]");
    if (in_brackets) {
        host = span_sub(host, 1, host.n - 2);
    }
    if (colon == NULL || num_parse(span_sub(rest, at + 1, SIZE_MAX), 1, 65535, &port) != ST_OK ||
        !span_copy(host, a->host, sizeof(a->host)) ||
        in_brackets != (strchr(a->host, ':') != NULL)) {
        return false;
    }
    a->port = (uint16_t)port;
    return true;
}

enum status outlet_parse(const char *text, struct outlet_address *a, struct why *why)
{
    struct span s = span_str(text);
    *a = (struct outlet_address){0};
    if (span_starts(s, "unix:")) {
        return parse_unix(span_sub(s, 5, SIZE_MAX), a, why);
    }
    bool good = false;
    for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++) {
        if (span_starts(s, SCHEMES[i].scheme)) {
            a->type = SCHEMES[i].type;
            a->is_secure = SCHEMES[i].is_secure;
            good = split(span_sub(s, strlen(SCHEMES[i].scheme), SIZE_MAX), a);
        }
    }
    bool in_numbers = good && take_numbers(a);
    if (!good || !(a->is_secure ? in_numbers || is_name(a->host) : in_numbers && is_loopback(a))) {
        return why_fail(why, ST_INVALID,
                        "syslog: tls://HOST:PORT, or unix:/path, or udp:// or tcp:// to a loopback "
                        "address and its port: in clear nothing leaves this machine");
    }
    return ST_OK;
}
