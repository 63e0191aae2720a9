/* listen.c - three doors. The Unix socket is for consoles and for `checkrein hook`: the kernel says
 * who is there, and only this user comes in; a console that shows a token besides has that token's
 * rights and no more. The hooks' loopback port is for runtimes' HTTP hooks and telemetry: the
 * token, our own Host, and no Origin (a browser page has no business here). The consoles' loopback
 * port, which is closed unless the configuration opens it, is for consoles with a token of their
 * own. No door opens another's rooms.
 */
#include "govd_priv.h"

#include <sys/resource.h>
#include <unistd.h>

#include "checkrein/log.h"

#define CONNECTIONS_MAX 8192
#define PORT_SHARE      4 /* there are two ports: each has this part of the descriptors at most */
#define CONSOLE_BYTES                                                                              \
    ((size_t)256                                                                                   \
     << 20) /* a little is queued ahead; at the worst all texts that wait, before they change */

typedef void room_fn(struct govd *g, net_id http, const struct http_head *head, struct span body);

static const struct room {
    const char *path;
    room_fn *enter;
} ROOMS[] = {
    {"/v1/logs",     otlp_receive    },
    {"/v1/metrics",  otlp_receive    },
    {"/v1/traces",   otlp_receive    },
    {"/run/started", run_started     },
    {"/run/line",    run_line        },
    {"/run/ended",   run_ended       },
    {"/lease/issue", lease_room_issue},
    {"/lease/list",  lease_room_list },
};
static const struct room HOOKS = {NULL, hook_receive}; /* at the paths of runtime.c */

static const struct room *room_of(struct span path)
{
    if (runtime_by_path(path)) {
        return &HOOKS;
    }
    for (size_t i = 0; i < ARRAY_LEN(ROOMS); i++) {
        if (span_is(path, ROOMS[i].path)) {
            return &ROOMS[i];
        }
    }
    return NULL;
}

static int admit_request(const struct govd *g, const struct http_head *head)
{
    if (g->closing) {
        return 503;
    }
    if (!room_of(head->path)) {
        return 404;
    }
    return span_is(head->method, "POST") ? 0 : 405;
}

/* Whoever shows a token must show a good one, also where none is needed. */
static int admit_console(struct govd *g, const struct http_head *head)
{
    bool good = console_token_in(g, head->authorization) != NULL;
    if (!good && (head->authorization.n || !head->is_unix)) {
        g->strangers++;
        if (may_tell(&g->stranger_us)) {
            log_write(
                LOG_WARN,
                "consoles were refused: %llu, the token is missing, wrong, expired or revoked",
                (unsigned long long)g->strangers);
            g->strangers = 0;
        }
        return 401;
    }
    return g->closing ? 503 : 0;
}

static int admit_unix(void *ctx, const struct http_head *head, bool upgrade)
{
    const struct govd *g = ctx;
    if (head->peer_uid != geteuid()) {
        return 403;
    }
    if (head->has_origin) {
        return 403;
    }
    if (upgrade) {
        return admit_console(ctx, head);
    }
    return admit_request(g, head);
}

bool host_is_ours(struct span host, int port)
{
    static const char *const NAMES[] = {"127.0.0.1", "localhost", "[::1]"};
    char want[40];
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        (void)snprintf(want, sizeof(want), "%s:%d", NAMES[i], port);
        if (span_is(host, want)) {
            return true;
        }
    }
    return false;
}

static bool token_is_ours(const struct govd *g, struct span authorization)
{
    static const char SCHEME[] = "Bearer ";
    if (!span_starts(authorization, SCHEME)) {
        return equal_secret(authorization, span_str(g->password));
    }
    struct span token = span_sub(authorization, sizeof(SCHEME) - 1, authorization.n);
    return equal_secret(token, span_str(g->token));
}

static int admit_port(void *ctx, const struct http_head *head, bool upgrade)
{
    const struct govd *g = ctx;
    if (head->has_origin) {
        return 403;
    }
    if (!host_is_ours(head->host, g->port)) {
        return 421;
    }
    if (!token_is_ours(g, head->authorization)) {
        return 401;
    }
    return upgrade ? 403 : admit_request(g, head);
}

static int admit_console_port(void *ctx, const struct http_head *head, bool upgrade)
{
    struct govd *g = ctx;
    if (head->has_origin) {
        return 403;
    }
    if (!host_is_ours(head->host, g->console_port)) {
        return 421;
    }
    int refusal = admit_console(g, head);
    return refusal || upgrade ? refusal : 404;
}

static void on_request(void *ctx, net_id id, const struct http_head *head, struct span body)
{
    room_of(head->path)->enter(ctx, id, head, body);
}

static void on_gone(void *ctx, net_id id)
{
    gate_gone(ctx, id);
}

static void on_ws_opened(void *ctx, net_id id, const struct http_head *head)
{
    consoles_opened(ctx, id, head);
}

static void on_ws_message(void *ctx, net_id id, struct span text)
{
    consoles_message(ctx, id, text);
}

static void on_ws_closed(void *ctx, net_id id, int code, const char *why)
{
    (void)code;
    consoles_closed(ctx, id, why);
}

static const struct server_events UNIX_EVENTS = {
    .admit = admit_unix,
    .request = on_request,
    .request_gone = on_gone,
    .ws_opened = on_ws_opened,
    .ws_message = on_ws_message,
    .ws_closed = on_ws_closed,
};
static const struct server_events PORT_EVENTS = {
    .admit = admit_port,
    .request = on_request,
    .request_gone = on_gone,
};
static const struct server_events CONSOLE_EVENTS = {
    .admit = admit_console_port,
    .ws_opened = on_ws_opened,
    .ws_message = on_ws_message,
    .ws_closed = on_ws_closed,
};

static const struct server_options CONSOLE_DOOR = {
    .protocol = PROTOCOL_NAME,
    .message_bytes = (size_t)64 << 10, /* consoles send commands, nothing large */
    .queue_bytes = CONSOLE_BYTES,
    .max_connections = CONNECTIONS_MAX,
    .messages_per_second = 2000,
};

/* Anybody on this machine reaches a port, before any token is asked for: half of the descriptors
 * stay for the socket, at which the operators are, and for the record. */
static uint32_t port_connections(void)
{
    struct rlimit limit;
    bool scarce =
        getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / PORT_SHARE < CONNECTIONS_MAX;
    return scarce ? (uint32_t)(limit.rlim_cur / PORT_SHARE) : CONNECTIONS_MAX;
}

enum status doors_open(struct govd *g, const struct govd_options *o, struct why *why)
{
    struct server_options unix_door = CONSOLE_DOOR;
    struct server_options console_door = CONSOLE_DOOR;
    unix_door.unix_path = o->socket_path;
    unix_door.port = -1;
    unix_door.body_bytes = HOOK_BODY_BYTES;
    console_door.port = o->console_port;
    console_door.body_bytes = 1024;
    console_door.max_connections = port_connections();
    struct server_options port = {
        .port = o->hook_port,
        .body_bytes = HOOK_BODY_BYTES,
        .message_bytes = 4096,
        .queue_bytes = 4096,
        .max_connections = port_connections(),
    };
    enum status st = net_listen(g->net, &unix_door, &UNIX_EVENTS, g, &g->unix_door, NULL, why);
    if (st != ST_OK) {
        return st;
    }
    st = net_listen(g->net, &port, &PORT_EVENTS, g, &g->tcp_door, &g->port, why);
    if (st == ST_OK && o->console_port) {
        st = net_listen(g->net, &console_door, &CONSOLE_EVENTS, g, &g->console_door,
                        &g->console_port, why);
    }
    return st;
}

void doors_close(struct govd *g)
{
    net_unlisten(g->net, g->unix_door);
    net_unlisten(g->net, g->tcp_door);
    net_unlisten(g->net, g->console_door);
}
