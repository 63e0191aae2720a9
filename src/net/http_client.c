/* http_client.c - requests over libcurl's multi interface, driven by the loop.
 *
 * Inside curl's callbacks curl is never called, nor the user: they only add and remove watches, arm
 * the timer and store bytes. What is finished is harvested after curl has returned.
 */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/wiping.h"
#include "http_client_priv.h"

struct watch {
    struct net *net;
    loop_id id;
};

/* ---- what belongs to a transfer */

static void wipe_headers(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at != NULL; at = at->next) {
        explicit_bzero(at->data, strlen(at->data));
    }
    curl_slist_free_all(list);
}

static void destroy(struct transfer *t)
{
    (void)curl_multi_remove_handle(t->net->http->multi, t->easy); /* nothing when it is not in it */
    net_id_free(t->net, t->id);
    curl_easy_cleanup(t->easy);
    wipe_headers(t->headers);
    stream_free(t->stream);
    buf_wipe(&t->body);
    buf_wipe(&t->answer);
    free(t);
}

void transfer_free(struct transfer *t)
{
    struct transfer **link = &t->net->http->transfers;
    while (*link != NULL && *link != t) {
        link = &(*link)->next;
    }
    if (*link == t) {
        *link = t->next;
    }
    destroy(t);
}

const char *transfer_failure(const struct transfer *t, CURLcode result)
{
    if (t->answer.over || result == CURLE_FILESIZE_EXCEEDED) {
        return "the answer is longer than allowed";
    }
    if (t->misplaced && result == CURLE_COULDNT_CONNECT) {
        return "it leads to an address of this machine, of the link or of a cloud's metadata: not "
               "asked";
    }
    return t->error[0] != '\0' ? t->error : curl_easy_strerror(result);
}

static void finish(struct transfer *t, CURLcode result)
{
    long status = 0;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    struct http_client_answer answer = {.why = ""};
    if (result == CURLE_OK) {
        answer.http_status = (int)status;
        answer.body = buf_span(&t->answer);
        answer.place = http_client_placed(t);
        curl_off_t retry = 0;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry);
        answer.retry_after_s = (int64_t)retry;
    } else {
        answer.why = transfer_failure(t, result);
    }
    net_id id = t->id;
    net_id_free(t->net, id); /* a cancel inside the call finds nothing */
    t->fn(t->ctx, id, &answer);
    transfer_free(t);
}

static void harvest(struct net *n)
{
    struct http_client *h = n->http;
    CURLMsg *message = NULL;
    int left = 0;
    while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
        struct transfer *t = NULL;
        CURLcode result = message->data.result;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) == CURLE_OK) {
            if (t->stream != NULL) {
                stream_over(t->stream, result);
            } else {
                finish(t, result);
            }
        }
    }
}

/* ---- between curl and the loop */

static void act(struct net *n, curl_socket_t fd, int what)
{
    int running = 0;
    (void)curl_multi_socket_action(n->http->multi, fd, what, &running);
    harvest(n);
    streams_tell(n);
}

void http_client_kicked(struct net *n)
{
    if (n->http != NULL) {
        streams_tell(n);
    }
}

static void on_ready(void *ctx, int fd, unsigned ready)
{
    struct watch *w = ctx;
    int what = (ready & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0;
    what |= (ready & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
    what |= (ready & LOOP_HANGUP) != 0 ? CURL_CSELECT_ERR : 0;
    act(w->net, fd, what); /* may free the watch */
}

static void on_timer(void *ctx)
{
    struct net *n = ctx;
    n->http->timer = 0;
    act(n, CURL_SOCKET_TIMEOUT, 0);
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
    struct net *n = ctx;
    (void)multi;
    loop_remove(n->loop, n->http->timer);
    n->http->timer = ms >= 0 ? loop_timer(n->loop, ms, on_timer, n) : 0;
    return 0;
}

static int unwatch(struct net *n, curl_socket_t fd, struct watch *w)
{
    if (w != NULL) {
        loop_remove(n->loop, w->id);
        (void)curl_multi_assign(n->http->multi, fd, NULL);
        free(w);
    }
    return 0;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct net *n = ctx;
    struct watch *w = socket_ctx;
    unsigned want = (what & CURL_POLL_IN) != 0 ? LOOP_READ : 0;
    want |= (what & CURL_POLL_OUT) != 0 ? LOOP_WRITE : 0;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        return unwatch(n, fd, w);
    }
    if (w != NULL) {
        loop_fd_want(n->loop, w->id, want);
        return 0;
    }
    w = xcalloc(1, sizeof(*w));
    w->net = n;
    if (loop_fd_add(n->loop, fd, want, on_ready, w, &w->id) != ST_OK) {
        free(w);
        return -1;
    }
    (void)curl_multi_assign(n->http->multi, fd, w);
    return 0;
}

enum status http_client_start(struct net *n, struct why *why)
{
    if (n->http != NULL) {
        return ST_OK;
    }
    (void)unsetenv("SSLKEYLOGFILE"); /* libcurl would write the keys of each connection there */
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
                             wiping_strdup, wiping_calloc) != CURLE_OK) {
        return why_fail(why, ST_IO, "libcurl could not be started");
    }
    struct http_client *h = xcalloc(1, sizeof(*h));
    h->multi = curl_multi_init();
    if (h->multi == NULL) {
        free(h);
        curl_global_cleanup();
        return why_fail(why, ST_IO, "libcurl could not be started");
    }
    n->http = h;
    (void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    (void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, n);
    (void)curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    (void)curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, n);
    return ST_OK;
}

enum status transfer_start(struct net *n, struct transfer *t, net_id *id, struct why *why)
{
    if (curl_multi_add_handle(n->http->multi, t->easy) != CURLM_OK) {
        transfer_free(t);
        return why_fail(why, ST_IO, "libcurl did not take the request");
    }
    t->next = n->http->transfers;
    n->http->transfers = t;
    t->id = *id = net_id_new(n, ID_HTTP_CLIENT, t);
    return ST_OK;
}

void http_client_release(struct net *n)
{
    struct http_client *h = n->http;
    if (h == NULL) {
        return;
    }
    struct transfer *t = h->transfers;
    h->transfers = NULL;
    while (t != NULL) {
        struct transfer *next = t->next;
        destroy(t);
        t = next;
    }
    (void)curl_multi_cleanup(h->multi); /* lets go of kept connections through want_socket() */
    loop_remove(n->loop, h->timer);
    n->http = NULL;
    free(h);
    curl_global_cleanup();
}
