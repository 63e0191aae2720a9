/* http_client.c - requests over libcurl's multi interface, driven by the loop.
 *
 * Inside curl's callbacks curl is never called, nor the user: they only add and remove watches, arm
 * the timer and store bytes. What is finished is harvested after curl has returned.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "net_priv.h"
#include "url_priv.h"

enum { HEADERS_MAX = 64, HEADER_BYTES = 4096, METHOD_BYTES = 16, BODY_BYTES = 64 * 1024 * 1024 };

struct transfer {
    struct net *net;
    struct transfer *next;
    net_id id;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body, answer;
    http_client_fn *fn;
    void *ctx;
    char error[CURL_ERROR_SIZE];
};

struct watch {
    struct net *net;
    loop_id id;
};

struct http_client {
    CURLM *multi;
    loop_id timer;
    struct transfer *transfers;
};

/* ---- what belongs to a transfer */

static void wipe_headers(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at != NULL; at = at->next) {
        explicit_bzero(at->data, strlen(at->data));
    }
    curl_slist_free_all(list);
}

static void transfer_free(struct transfer *t)
{
    struct http_client *h = t->net->http;
    struct transfer **link = &h->transfers;
    while (*link != NULL && *link != t) {
        link = &(*link)->next;
    }
    if (*link == t) {
        *link = t->next;
        (void)curl_multi_remove_handle(h->multi, t->easy);
    }
    net_id_free(t->net, t->id);
    curl_easy_cleanup(t->easy);
    wipe_headers(t->headers);
    buf_wipe(&t->body);
    buf_release(&t->answer);
    free(t);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    return buf_append(&t->answer, bytes, size * count) == ST_OK ? size * count : 0;
}

static const char *why_failed(const struct transfer *t, CURLcode result)
{
    if (t->answer.over || result == CURLE_FILESIZE_EXCEEDED) {
        return "the answer is longer than allowed";
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
    } else {
        answer.why = why_failed(t, result);
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
            finish(t, result);
        }
    }
}

/* ---- between curl and the loop */

static void act(struct net *n, curl_socket_t fd, int what)
{
    int running = 0;
    (void)curl_multi_socket_action(n->http->multi, fd, what, &running);
    harvest(n);
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

static enum status start_curl(struct net *n, struct why *why)
{
    if (n->http != NULL) {
        return ST_OK;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
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

void http_client_release(struct net *n)
{
    struct http_client *h = n->http;
    if (h == NULL) {
        return;
    }
    while (h->transfers != NULL) {
        transfer_free(h->transfers);
    }
    (void)curl_multi_cleanup(h->multi); /* lets go of kept connections through want_socket() */
    loop_remove(n->loop, h->timer);
    n->http = NULL;
    free(h);
    curl_global_cleanup();
}

/* ---- what the user calls */

static bool line_safe(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool header_valid(const char *header)
{
    struct span s = span_str(header);
    size_t colon = span_find(s, ':');
    return colon > 0 && colon < s.n && s.n <= HEADER_BYTES && line_safe(s);
}

static bool method_valid(const char *method)
{
    size_t n = method != NULL ? strnlen(method, METHOD_BYTES + 1) : 0;
    for (size_t i = 0; i < n; i++) {
        if (method[i] < 'A' || method[i] > 'Z') {
            return false;
        }
    }
    return n > 0 && n <= METHOD_BYTES;
}

static enum status check_request(const struct http_client_request *r, struct why *why)
{
    struct url url;
    enum status st = url_parse(r->url, &url, why);
    if (st != ST_OK) {
        return st;
    }
    if (url.scheme != URL_HTTP && url.scheme != URL_HTTPS) {
        return why_fail(why, ST_UNSUPPORTED,
                        "the URL of a request begins with http:// or https://");
    }
    if (!method_valid(r->method) || r->body.n > BODY_BYTES) {
        return why_fail(why, ST_INVALID, "the request has no method or too long a body");
    }
    if (r->bearer.n > HTTP_BEARER_BYTES || !line_safe(r->bearer)) {
        return why_fail(why, ST_INVALID, "the credential has a control byte or is too long");
    }
    size_t count = 0;
    for (; r->headers != NULL && r->headers[count] != NULL; count++) {
        if (count == HEADERS_MAX || !header_valid(r->headers[count])) {
            return why_fail(why, ST_INVALID, "a header field is not \"Name: value\"");
        }
    }
    return ST_OK;
}

static void add_header(struct transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    if (longer != NULL) {
        t->headers = longer;
    }
}

/* A name without a value takes away what curl would send by itself. */
static void set_headers(struct transfer *t, const struct http_client_request *r)
{
    bool has_type = false;
    for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++) {
        has_type = has_type || strncasecmp(r->headers[i], "content-type:", 13) == 0;
        add_header(t, r->headers[i]);
    }
    add_header(t, "Expect:");
    if (!has_type) {
        add_header(t, "Content-Type:");
    }
    if (r->bearer.n > 0) {
        struct buf line;
        buf_init(&line, r->bearer.n + 64);
        (void)buf_addstr(&line, "Authorization: Bearer ");
        (void)buf_add(&line, r->bearer);
        add_header(t, line.data);
        buf_wipe(&line);
    }
    (void)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method(struct transfer *t, const struct http_client_request *r)
{
    if (strcmp(r->method, "HEAD") == 0) {
        (void)curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (strcmp(r->method, "GET") != 0 || r->body.n > 0) {
        (void)curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
        (void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body.data);
    }
    (void)curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

/* Every option that is about trust stands here: certificates checked, no redirect, no proxy, no
 * netrc. */
static CURLcode set_trust(struct transfer *t)
{
    CURLcode bad = curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad = bad == CURLE_OK ? curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 2L) : bad;
    bad = bad == CURLE_OK
              ? curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
              : bad;
    bad = bad == CURLE_OK ? curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https") : bad;
    bad = bad == CURLE_OK ? curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L) : bad;
    bad = bad == CURLE_OK ? curl_easy_setopt(t->easy, CURLOPT_PROXY, "") : bad;
    bad =
        bad == CURLE_OK ? curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) : bad;
    return bad;
}

static void set_rest(struct transfer *t, const struct http_client_request *r)
{
    (void)curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    (void)curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)NET_CONNECT_MS);
    (void)curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    (void)curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->answer_bytes);
    (void)curl_easy_setopt(t->easy, CURLOPT_URL, r->url);
    (void)curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
    (void)curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    (void)curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    if (r->unix_path != NULL) {
        (void)curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, r->unix_path);
    }
}

static struct transfer *transfer_new(struct net *n, const struct http_client_request *r,
                                     http_client_fn *fn, void *ctx)
{
    struct transfer *t = xcalloc(1, sizeof(*t));
    t->net = n;
    t->fn = fn;
    t->ctx = ctx;
    t->easy = curl_easy_init();
    buf_init(&t->body, r->body.n);
    (void)buf_add(&t->body, r->body);
    buf_init(&t->answer, r->answer_bytes);
    return t;
}

enum status net_http_request(struct net *n, const struct http_client_request *r, http_client_fn *fn,
                             void *ctx, net_id *id, struct why *why)
{
    *id = 0;
    enum status st = check_request(r, why);
    if (st == ST_OK) {
        st = start_curl(n, why);
    }
    if (st != ST_OK) {
        return st;
    }
    struct transfer *t = transfer_new(n, r, fn, ctx);
    if (t->easy == NULL || set_trust(t) != CURLE_OK) {
        transfer_free(t);
        return why_fail(why, ST_IO, "libcurl cannot make a safe request");
    }
    set_headers(t, r);
    set_method(t, r);
    set_rest(t, r);
    if (curl_multi_add_handle(n->http->multi, t->easy) != CURLM_OK) {
        transfer_free(t);
        return why_fail(why, ST_IO, "libcurl did not take the request");
    }
    t->next = n->http->transfers;
    n->http->transfers = t;
    t->id = *id = net_id_new(n, ID_HTTP_CLIENT, t);
    return ST_OK;
}

void net_http_cancel(struct net *n, net_id id)
{
    struct transfer *t = net_id_find(n, id, ID_HTTP_CLIENT);
    if (t != NULL) {
        transfer_free(t);
    }
}
