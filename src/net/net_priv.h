/* net_priv.h - the core that the parts of net share: ids, deferred work, the read buffer.
 *
 * Nothing calls the user from inside a call of the user: what such a call brings about (a
 * connection that fails while it is written to) is noted on the object, and net_kick() has it done
 * from a timer of zero delay. Objects that end are closed at once and freed there.
 */
#ifndef CHECKREIN_NET_PRIV_H
#define CHECKREIN_NET_PRIV_H

#include "checkrein/buf.h"
#include "checkrein/net.h"

enum {
    NET_READ_BYTES = 64 * 1024,
    NET_IDS_MAX = 1 << 20,
    NET_WHY_BYTES = 160,
    NET_CONNECT_MS = 10 * 1000,
    NET_PING_MS = 20 * 1000,
    HTTP_BEARER_BYTES = 8192,
};

enum id_kind { ID_FREE, ID_LISTENER, ID_REQUEST, ID_WS_SERVER, ID_WS_CLIENT, ID_HTTP_CLIENT };

struct id_slot {
    uint32_t generation;
    enum id_kind kind;
    void *object;
    uint32_t next_free; /* slot + 1 */
};

struct id_table {
    struct id_slot *slots;
    size_t cap;
    size_t count;
    uint32_t free_head;
};

struct conn;
struct listener;
struct ws_client;
struct resolver;
struct http_client;

struct net {
    struct loop *loop;
    struct id_table ids;
    loop_id kick; /* armed when there is deferred work */
    struct listener *listeners;
    struct conn *conns; /* open connections of servers */
    struct conn *dead;  /* closed, freed by the next kick */
    struct conn *kicked, **kicked_end;
    bool ending; /* in net_free(): nobody is told anything */
    struct ws_client *clients;
    struct resolver *resolver; /* made at the first name */
    struct http_client *http;  /* made at the first request */
    char read_buffer[NET_READ_BYTES];
    struct buf piece; /* of a body, taken out of its chunks: conn_stream.c */
};

net_id net_id_new(struct net *n, enum id_kind kind, void *object);
void *net_id_find(const struct net *n, net_id id, enum id_kind kind); /* NULL when dead */
enum id_kind net_id_kind(const struct net *n, net_id id);
void net_id_free(struct net *n, net_id id);
void net_kick(struct net *n);

/* server.c, conn*.c */
void server_kicked(struct net *n);
void server_release(struct net *n);
bool server_idle(const struct net *n);
enum status conn_ws_send(struct conn *c, struct span text) MUST_USE;
void conn_ws_close(struct conn *c, int code, const char *why);
size_t conn_ws_queued(const struct conn *c);

/* ws_client.c */
void clients_kicked(struct net *n);
void clients_release(struct net *n);
bool clients_idle(const struct net *n);
enum status client_send(struct ws_client *c, struct span text) MUST_USE;
void client_close(struct ws_client *c, int code, const char *why);
void client_forget(struct ws_client *c, int code, const char *why);
size_t client_queued(const struct ws_client *c);
bool client_is_receiving(const struct ws_client *c);
int link_fd(const struct ws_client *c);
void client_patient(struct ws_client *c, bool patient);

/* http_client.c */
void http_client_release(struct net *n);
void http_client_kicked(struct net *n);

#endif
