#include "gateway_priv.h"

#include <sys/resource.h>
#include <unistd.h>

#include "checkrein/log.h"

#define CONNECTIONS_MAX 2048
#define STALL_MS        INT64_C(300000) /* an agent that is frozen neither reads nor writes */
#define HEAD_MS         10000
#define SEND_BYTES      16384 /* over the Unix socket, where they cannot be taken back */

static int admit_port(void *ctx, const struct http_head *head, bool upgrade)
{
    const struct govd *g = ctx;
    if (head->has_origin) {
        return 403;
    }
    if (!host_is_ours(head->host, g->gateway->port)) {
        return 421;
    }
    return upgrade ? 501 : 0;
}

static int admit_socket(void *ctx, const struct http_head *head, bool upgrade)
{
    (void)ctx;
    if (head->peer_uid != geteuid() || head->has_origin) {
        return 403;
    }
    return upgrade ? 501 : 0;
}

static enum status listen_at(struct govd *g, struct server_options *o,
                             int (*admit)(void *ctx, const struct http_head *head, bool upgrade),
                             net_id *door, struct why *why)
{
    struct server_events ev = GATEWAY_EVENTS;
    ev.admit = admit;
    o->body_bytes = GATEWAY_BODY_BYTES;
    o->max_connections = CONNECTIONS_MAX;
    o->header_ms = HEAD_MS;
    o->stall_ms = STALL_MS;
    return net_listen(g->net, o, &ev, g, door, &g->gateway->port, why);
}

static char *socket_beside(const struct govd *g)
{
    const char *given = g->conf->serve.gateway_socket;
    const char *slash = strrchr(g->socket_path, '/');
    struct buf b;
    buf_init(&b, 4096);
    if (given[0]) {
        buf_addstr(&b, given);
    } else {
        buf_printf(&b, "%.*s/gateway.sock", slash ? (int)(slash - g->socket_path) : 0,
                   g->socket_path);
    }
    char *path = buf_detach(&b, NULL);
    buf_release(&b);
    return path;
}

void gateway_init(struct govd *g)
{
    g->leases = leases_new();
    g->gateway = xcalloc(1, sizeof(*g->gateway));
    map_init(&g->gateway->by_front);
    telling_init(g);
}

enum status gateway_open(struct govd *g, struct why *why)
{
    struct gateway *w = g->gateway;
    if (g->conf->upstream_count == 0) {
        return ST_OK;
    }
    struct server_options at_port = {.port = (int)g->conf->serve.gateway_port};
    struct server_options at_socket = {.port = -1};
    upstreams_open(g);
    w->socket_path = socket_beside(g);
    at_socket.unix_path = w->socket_path;
    at_socket.send_bytes = SEND_BYTES;
    enum status st = listen_at(g, &at_socket, admit_socket, &w->socket_door, why);
    if (st == ST_OK) {
        st = listen_at(g, &at_port, admit_port, &w->door, why);
    }
    if (st == ST_OK) {
        log_write(LOG_INFO, "leases on port %d and %s", w->port, w->socket_path);
    } else {
        why_prefix(why, "the lease gateway");
    }
    return st;
}

/* Everything that is under way ends: no answer is left half open behind a daemon that is gone. */
void gateway_close(struct govd *g)
{
    if (g->gateway) {
        net_unlisten(g->net, g->gateway->door);
        net_unlisten(g->net, g->gateway->socket_door);
        passages_release(g);
        telling_all(g);
        proofs_release(g);
    }
}

void gateway_release(struct govd *g)
{
    if (g->gateway) {
        gateway_close(g);
        upstreams_release(g);
        telling_release(g);
        late_release(g->gateway);
        map_release(&g->gateway->by_front);
        free(g->gateway->socket_path);
        free(g->gateway);
    }
    leases_free(g->leases);
}

void gateway_settle(struct govd *g)
{
    if (g->gateway->due) {
        (void)passages_judge(g);
    }
    telling_turn(g);
}

void gateway_judge(struct govd *g)
{
    (void)passages_judge(g);
}

void gateway_changed(struct govd *g)
{
    g->gateway->due = g->gateway->due || g->gateway->passages;
}
