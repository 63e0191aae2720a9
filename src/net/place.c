/* place.c - where an address is, and requests that may go to some places only.
 *
 * It is looked at when curl is about to connect, so that it is the address itself, whatever the
 * name was looked up to before.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_client_priv.h"

struct range {
    uint8_t bytes[16];
    int bits;
    enum net_place place;
};
/* clang-format off */
static const struct range FOUR[] = {
    {{127},                8, PLACE_LOOPBACK},
    {{0},                  8, PLACE_SPECIAL }, /* this host, unspecified */
    {{169, 254},          16, PLACE_SPECIAL }, /* link-local: metadata of most clouds */
    {{100, 100, 100, 200}, 32, PLACE_SPECIAL }, /* metadata, Alibaba */
    {{168, 63, 129, 16},  32, PLACE_SPECIAL }, /* wire server, Azure */
    {{192, 0, 0, 192},    32, PLACE_SPECIAL }, /* metadata, Oracle */
    {{224},                4, PLACE_SPECIAL }, /* multicast */
    {{255, 255, 255, 255}, 32, PLACE_SPECIAL },
};
static const struct range SIX[] = {
    {{[15] = 1},                                              128, PLACE_LOOPBACK},
    {{0},                                                     128, PLACE_SPECIAL },
    {{0xfe, 0x80},                                             10, PLACE_SPECIAL },
    {{0xff},                                                    8, PLACE_SPECIAL },
    {{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54},      128, PLACE_SPECIAL }, /* metadata, AWS */
    {{0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54},      128, PLACE_SPECIAL }, /* metadata, Google */
};
/* An IPv4 address stands at the end of these. */
static const struct range HOLDS_FOUR[] = {
    {{[10] = 0xff, [11] = 0xff},   96, PLACE_ORDINARY}, /* mapped */
    {{0x00, 0x64, 0xff, 0x9b},     96, PLACE_ORDINARY}, /* NAT64 */
};
/* clang-format on */

static bool is_in(const struct range *r, const uint8_t *address)
{
    int whole = r->bits / 8;
    int rest = r->bits % 8;
    unsigned mask = rest ? 0xffu << (8 - rest) & 0xffu : 0;
    return memcmp(r->bytes, address, (size_t)whole) == 0 &&
           (rest == 0 || ((r->bytes[whole] ^ address[whole]) & mask) == 0);
}

static const struct range *range_of(const struct range *table, size_t count, const uint8_t *address)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(&table[i], address)) {
            return &table[i];
        }
    }
    return NULL;
}

static enum net_place place_four(const uint8_t *address)
{
    const struct range *r = range_of(FOUR, ARRAY_LEN(FOUR), address);
    return r != NULL ? r->place : PLACE_ORDINARY;
}

static enum net_place place_six(const uint8_t *address)
{
    if (range_of(HOLDS_FOUR, ARRAY_LEN(HOLDS_FOUR), address) != NULL) {
        return place_four(address + 12);
    }
    const struct range *r = range_of(SIX, ARRAY_LEN(SIX), address);
    return r != NULL ? r->place : PLACE_ORDINARY;
}

enum net_place net_place_of(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, a, sizeof(four));
        return place_four((const uint8_t *)&four.sin_addr);
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, a, sizeof(six));
        return place_six(six.sin6_addr.s6_addr);
    }
    return a->sa_family == AF_UNIX ? PLACE_LOOPBACK : PLACE_SPECIAL;
}

/* A name may have several addresses, which are tried beside each other: the one that was tried last
 * need not be the one that answered. */
enum net_place http_client_placed(const struct transfer *t)
{
    const char *text = NULL;
    uint8_t address[16];
    if (curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &text) != CURLE_OK || text == NULL) {
        return t->place;
    }
    return inet_pton(AF_INET, text, address) == 1    ? place_four(address)
           : inet_pton(AF_INET6, text, address) == 1 ? place_six(address)
                                                     : t->place;
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = ctx;
    (void)purpose;
    t->place = net_place_of(&a->addr);
    if ((t->places >> t->place & 1u) == 0) {
        t->misplaced = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* A connection that is kept was let through for another request, perhaps by other rules. */
void http_client_place(struct transfer *t, unsigned places)
{
    t->places = places != 0 ? places : ~0u;
    (void)curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    (void)curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
    (void)curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, places != 0 ? 1L : 0L);
}
