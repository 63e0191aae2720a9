/* loop_lws.c - libwebsockets as the one who waits.
 *
 * It polls a duplicate of our epoll descriptor, adopted as a raw file. The callback for it does
 * nothing: what is ready is dispatched after lws_service() has returned, so no callback of ours
 * ever runs inside the library. The descriptor is a duplicate because the library closes what it
 * adopted.
 */
#include <libwebsockets.h>
#include <unistd.h>

#include "checkrein/log.h"
#include "checkrein/span.h"
#include "loop_priv.h"

/* "Stay who you are": -1, also where a later version of the library has an unsigned type. */
#define UNCHANGED(member) ((__typeof__(((struct lws_context_creation_info *)NULL)->member))(-1))

enum {
    LWS_SOCKETS = 256,           /* WebSocket clients; servers and HTTP are not lws' */
    LWS_BUFFER_BYTES = 64 * 1024 /* one read; also where it writes handshakes without a bound */
};

/* Its errors are mostly what a peer did (a refused certificate, a cut handshake), hence no more
 * than a warning. */
static void to_log(int level, const char *line)
{
    struct span s = span_trim(span_str(line));
    log_write((level & LLL_ERR) != 0 ? LOG_WARN : LOG_DEBUG, "lws: %.*s", SPAN_ARG(s));
}

static int on_epoll(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    (void)wsi;
    (void)reason;
    (void)user;
    (void)in;
    (void)len;
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "checkrein-loop", .callback = on_epoll},
    {.name = NULL                       },
};

static struct lws_vhost *make_vhost(struct lws_context *c)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .vhost_name = "checkrein-loop",
        .http_proxy_address = "0:0", /* else the library takes one from the environment */
    };
    return lws_create_vhost(c, &info);
}

static struct lws_context *make_context(struct loop *l)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .fd_limit_per_thread = LWS_SOCKETS,
        .pt_serv_buf_size = LWS_BUFFER_BYTES,
        .max_http_header_data = 8192,
        .timeout_secs = 600, /* net has its own, in milliseconds */
        .connect_timeout_secs = 600,
        .gid = UNCHANGED(gid),
        .uid = UNCHANGED(uid),
        .user = l,
    };
    return lws_create_context(&info);
}

enum status wait_new(struct loop *l, struct why *why)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, to_log);
    l->lws = make_context(l);
    struct lws_vhost *vhost = l->lws != NULL ? make_vhost(l->lws) : NULL;
    if (vhost == NULL) {
        return why_fail(why, ST_IO, "libwebsockets could not be started");
    }
    lws_sock_file_fd_type fd = {.filefd = dup(l->epoll_fd)};
    if (fd.filefd < 0 || lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, fd,
                                                    protocols[0].name, NULL) == NULL) {
        return why_fail(why, ST_IO, "libwebsockets did not take the event descriptor");
    }
    return ST_OK;
}

void wait_free(struct loop *l)
{
    if (l->lws != NULL) {
        lws_context_destroy(l->lws);
    }
}

/* Any timeout that is not negative means for ever to this version: our timer descriptor ends the
 * wait. */
enum status wait_some(struct loop *l, bool may_block)
{
    return lws_service(l->lws, may_block ? 0 : -1) < 0 ? ST_IO : ST_OK;
}

struct lws_context *loop_lws(struct loop *l)
{
    return l->lws;
}

struct loop *loop_of_lws(struct lws_context *c)
{
    return lws_context_user(c);
}
