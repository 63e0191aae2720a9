#include <string.h>
#include <strings.h>

#include "checkrein/alloc.h"
#include "http_client_priv.h"
#include "url_priv.h"

enum { HEADERS_MAX = 64, HEADER_BYTES = 4096, METHOD_BYTES = 16, BODY_BYTES = 64 * 1024 * 1024 };

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

bool transfer_method_valid(const char *method)
{
    size_t n = method != NULL ? strnlen(method, METHOD_BYTES + 1) : 0;
    for (size_t i = 0; i < n; i++) {
        if (method[i] < 'A' || method[i] > 'Z') {
            return false;
        }
    }
    return n > 0 && n <= METHOD_BYTES;
}

enum status net_http_check(const char *text, struct why *why)
{
    struct url url;
    enum status st = url_parse(text, &url, why);
    if (st == ST_OK && url.scheme != URL_HTTP && url.scheme != URL_HTTPS) {
        return why_fail(why, ST_UNSUPPORTED,
                        "the URL of a request begins with http:// or https://");
    }
    return st;
}

static enum status check_request(const struct http_client_request *r, struct why *why)
{
    enum status st = net_http_check(r->url, why);
    if (st != ST_OK) {
        return st;
    }
    if (!transfer_method_valid(r->method) || r->body.n > BODY_BYTES) {
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

void transfer_header(struct transfer *t, const char *line)
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
        transfer_header(t, r->headers[i]);
    }
    transfer_header(t, "Expect:");
    if (!has_type) {
        transfer_header(t, "Content-Type:");
    }
    if (r->bearer.n > 0) {
        struct buf line;
        buf_init(&line, r->bearer.n + 64);
        (void)buf_addstr(&line, "Authorization: Bearer ");
        (void)buf_add(&line, r->bearer);
        transfer_header(t, line.data);
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
CURLcode transfer_trust(struct transfer *t)
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

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    return buf_append(&t->answer, bytes, size * count) == ST_OK ? size * count : 0;
}

void transfer_rest(struct transfer *t)
{
    (void)curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    (void)curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)NET_CONNECT_MS);
    (void)curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
    (void)curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}

static void set_rest(struct transfer *t, const struct http_client_request *r)
{
    transfer_rest(t);
    (void)curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    (void)curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->answer_bytes);
    (void)curl_easy_setopt(t->easy, CURLOPT_URL, r->url);
    (void)curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    if (r->unix_path != NULL) {
        (void)curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, r->unix_path);
    }
    if (r->ca_file != NULL) { /* and nobody else: curl would go on to trust the system's folder */
        (void)curl_easy_setopt(t->easy, CURLOPT_CAINFO, r->ca_file);
        (void)curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
    }
    http_client_place(t, r->places);
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
        st = http_client_start(n, why);
    }
    if (st != ST_OK) {
        return st;
    }
    struct transfer *t = transfer_new(n, r, fn, ctx);
    if (t->easy == NULL || transfer_trust(t) != CURLE_OK) {
        transfer_free(t);
        return why_fail(why, ST_IO, "libcurl cannot make a safe request");
    }
    set_headers(t, r);
    set_method(t, r);
    set_rest(t, r);
    return transfer_start(n, t, id, why);
}

void net_http_cancel(struct net *n, net_id id)
{
    struct transfer *t = net_id_find(n, id, ID_HTTP_CLIENT);
    if (t != NULL) {
        transfer_free(t);
    }
}
