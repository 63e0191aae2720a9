/* peer.c - whether who is at the other end of a loopback connection has closed it. While nothing is
 * read of what it sent, its end does not come through to us; but the kernel has both ends, and
 * tells of any.
 */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server_priv.h"

enum { NO_STATE = -1 };

struct question {
    struct nlmsghdr head;
    struct inet_diag_req_v2 ask;
};

struct answer {
    struct nlmsghdr head;
    struct inet_diag_msg told;
    char more[1024]; /* attributes that were not asked for */
};

/* The state of the socket that is bound to `own` and connected to `other`. */
static int state_of(int diag, const struct sockaddr_in *own, const struct sockaddr_in *other)
{
    struct question q = {
        .head = {.nlmsg_len = sizeof(q),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST                                                      },
        .ask = {
                 .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = UINT32_MAX}
    };
    struct answer a;
    q.ask.id.idiag_sport = own->sin_port;
    q.ask.id.idiag_dport = other->sin_port;
    q.ask.id.idiag_src[0] = own->sin_addr.s_addr;
    q.ask.id.idiag_dst[0] = other->sin_addr.s_addr;
    q.ask.id.idiag_cookie[0] = q.ask.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (send(diag, &q, sizeof(q), 0) != (ssize_t)sizeof(q)) {
        return NO_STATE;
    }
    ssize_t n = recv(diag, &a, sizeof(a), 0);
    bool told =
        n >= (ssize_t)(sizeof(a.head) + sizeof(a.told)) && a.head.nlmsg_type == SOCK_DIAG_BY_FAMILY;
    return told ? a.told.idiag_state : NO_STATE;
}

/* Where our own end is not found, nothing is known of the other. */
bool conn_peer_has_closed(const struct conn *c)
{
    struct sockaddr_in own = {0};
    struct sockaddr_in peer = {0};
    socklen_t n = sizeof(own);
    socklen_t m = sizeof(peer);
    if (c->listener->unix_path != NULL || getsockname(c->fd, (struct sockaddr *)&own, &n) != 0 ||
        getpeername(c->fd, (struct sockaddr *)&peer, &m) != 0) {
        return false;
    }
    int diag = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    if (diag < 0) {
        return false;
    }
    bool known = state_of(diag, &own, &peer) == TCP_ESTABLISHED;
    int state = known ? state_of(diag, &peer, &own) : TCP_ESTABLISHED;
    (void)close(diag);
    return state != TCP_ESTABLISHED;
}
