#include "checkrein/net.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "checkrein/alloc.h"
#include "checkrein/resolver.h"
#include "net_priv.h"

/* Held requests are descriptors; the soft limit is often 1024. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

enum status net_new(struct net **out, struct loop *l, struct why *why)
{
    if (l == NULL) {
        return why_fail(why, ST_INVALID, "no loop");
    }
    raise_descriptor_limit();
    struct net *n = xcalloc(1, sizeof(*n));
    n->loop = l;
    n->kicked_end = &n->kicked;
    buf_init(&n->piece, 0);
    *out = n;
    return ST_OK;
}

void net_free(struct net *n)
{
    if (n == NULL) {
        return;
    }
    n->ending = true;
    clients_release(n);
    server_release(n);
    http_client_release(n);
    resolver_free(n->resolver);
    loop_remove(n->loop, n->kick);
    free(n->ids.slots);
    buf_release(&n->piece);
    free(n);
}

static void on_kick(void *ctx)
{
    struct net *n = ctx;
    n->kick = 0;
    clients_kicked(n);
    http_client_kicked(n);
    server_kicked(n);
}

void net_kick(struct net *n)
{
    if (n->kick == 0) {
        n->kick = loop_timer(n->loop, 0, on_kick, n);
    }
}

static struct id_slot *slot_of(const struct net *n, net_id id)
{
    uint64_t slot = (id & UINT32_MAX) - 1;
    if (slot >= n->ids.count) {
        return NULL;
    }
    struct id_slot *s = &n->ids.slots[slot];
    return s->kind != ID_FREE && s->generation == (uint32_t)(id >> 32) ? s : NULL;
}

net_id net_id_new(struct net *n, enum id_kind kind, void *object)
{
    struct id_table *t = &n->ids;
    uint32_t slot = (uint32_t)t->count;
    if (t->free_head != 0) {
        slot = t->free_head - 1;
        t->free_head = t->slots[slot].next_free;
    } else {
        GROW(t->slots, t->cap, t->count + 1);
        t->slots[t->count++] = (struct id_slot){0};
    }
    struct id_slot *s = &t->slots[slot];
    s->generation++;
    s->kind = kind;
    s->object = object;
    return ((uint64_t)s->generation << 32) | (slot + 1);
}

void *net_id_find(const struct net *n, net_id id, enum id_kind kind)
{
    const struct id_slot *s = slot_of(n, id);
    return s != NULL && s->kind == kind ? s->object : NULL;
}

enum id_kind net_id_kind(const struct net *n, net_id id)
{
    const struct id_slot *s = slot_of(n, id);
    return s != NULL ? s->kind : ID_FREE;
}

void net_id_free(struct net *n, net_id id)
{
    struct id_slot *s = slot_of(n, id);
    if (s != NULL) {
        s->kind = ID_FREE;
        s->object = NULL;
        s->next_free = n->ids.free_head;
        n->ids.free_head = (uint32_t)(s - n->ids.slots) + 1;
    }
}

enum status net_ws_send(struct net *n, net_id id, struct span text)
{
    switch (net_id_kind(n, id)) {
    case ID_WS_SERVER:
        return conn_ws_send(net_id_find(n, id, ID_WS_SERVER), text);
    case ID_WS_CLIENT:
        return client_send(net_id_find(n, id, ID_WS_CLIENT), text);
    case ID_FREE:
    case ID_LISTENER:
    case ID_REQUEST:
    case ID_HTTP_CLIENT:
    default:
        return ST_CLOSED;
    }
}

void net_ws_close(struct net *n, net_id id, int code, const char *why)
{
    struct conn *server_side = net_id_find(n, id, ID_WS_SERVER);
    struct ws_client *client_side = net_id_find(n, id, ID_WS_CLIENT);
    if (server_side != NULL) {
        conn_ws_close(server_side, code, why);
    } else if (client_side != NULL) {
        client_close(client_side, code, why);
    }
}

void net_ws_forget(struct net *n, net_id id, int code, const char *why)
{
    struct ws_client *client_side = net_id_find(n, id, ID_WS_CLIENT);
    if (client_side != NULL) {
        client_forget(client_side, code, why);
    }
}

size_t net_ws_queued(const struct net *n, net_id id)
{
    const struct conn *server_side = net_id_find(n, id, ID_WS_SERVER);
    const struct ws_client *client_side = net_id_find(n, id, ID_WS_CLIENT);
    if (server_side != NULL) {
        return conn_ws_queued(server_side);
    }
    return client_side != NULL ? client_queued(client_side) : 0;
}

bool net_ws_receiving(const struct net *n, net_id id)
{
    const struct ws_client *client_side = net_id_find(n, id, ID_WS_CLIENT);
    return client_side != NULL && client_is_receiving(client_side);
}

int net_ws_fd(const struct net *n, net_id id)
{
    const struct ws_client *c = net_id_find(n, id, ID_WS_CLIENT);
    return c != NULL ? link_fd(c) : -1;
}

void net_ws_patient(struct net *n, net_id id, bool patient)
{
    struct ws_client *c = net_id_find(n, id, ID_WS_CLIENT);
    if (c != NULL) {
        client_patient(c, patient);
    }
}

bool net_idle(const struct net *n)
{
    return server_idle(n) && clients_idle(n);
}
