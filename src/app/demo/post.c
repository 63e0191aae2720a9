#include "demo_priv.h"

#include <curl/curl.h>
#include <unistd.h>

#include "checkrein/alloc.h"

struct poster {
    CURL *curl;
    struct curl_slist *headers;
    char *url, *socket_path;
};

struct poster *poster_new(const char *url, const char *socket_path, struct span token)
{
    struct poster *p = xcalloc(1, sizeof(*p));
    struct buf b;
    buf_init(&b, 1024);
    buf_printf(&b, "Authorization: Bearer %.*s", SPAN_ARG(token));
    p->url = xstrdup(url);
    p->socket_path = xstrdup(socket_path);
    p->curl = curl_easy_init();
    p->headers = curl_slist_append(NULL, b.data);
    p->headers = curl_slist_append(p->headers, "Content-Type: application/json");
    buf_wipe(&b);
    return p;
}

void poster_free(struct poster *p)
{
    if (p) {
        curl_slist_free_all(p->headers);
        curl_easy_cleanup(p->curl);
        free(p->url);
        free(p->socket_path);
        free(p);
    }
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    struct buf *answer = ctx;
    return buf_append(answer, bytes, size * count) == ST_OK ? size * count : 0;
}

/* The pid is believed on the Unix socket only; the name is a name. */
static struct curl_slist *identity_headers(struct curl_slist *list)
{
    char line[64];
    (void)snprintf(line, sizeof(line), "x-checkrein-pid: %d", (int)getpid());
    return curl_slist_append(list, line);
}

struct letter {
    const char *url, *socket_path; /* socket_path NULL: none */
    struct curl_slist *headers;
    struct span json;
};

static enum status post(struct poster *p, const struct letter *l, struct buf *answer,
                        struct why *why)
{
    curl_easy_reset(p->curl);
    (void)curl_easy_setopt(p->curl, CURLOPT_URL, l->url);
    (void)curl_easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(p->curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, l->headers);
    (void)curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, l->json.p);
    (void)curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)l->json.n);
    (void)curl_easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(p->curl, CURLOPT_WRITEDATA, answer);
    (void)curl_easy_setopt(p->curl, CURLOPT_UNIX_SOCKET_PATH, l->socket_path);
    CURLcode code = curl_easy_perform(p->curl);
    long http = 0;
    (void)curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &http);
    if (code != CURLE_OK) {
        return why_fail(why, ST_CLOSED, "%s", curl_easy_strerror(code));
    }
    return http == 200 ? ST_OK : why_fail(why, ST_DENIED, "HTTP %ld", http);
}

enum status poster_send(struct poster *p, enum door door, const char *path, struct span json,
                        struct buf *answer, struct why *why)
{
    char url[256];
    (void)snprintf(url, sizeof(url), "%s%s", door == DOOR_SOCKET ? "http://localhost" : p->url,
                   path);
    struct curl_slist *extra = door == DOOR_SOCKET ? identity_headers(NULL) : NULL;
    const struct letter l = {.url = url,
                             .socket_path = extra ? p->socket_path : NULL,
                             .headers = extra ? extra : p->headers,
                             .json = json};
    enum status st = post(p, &l, answer, why);
    curl_slist_free_all(extra);
    return st;
}

enum status poster_ask(struct poster *p, const char *url, const char *path, const char *lease,
                       struct span json, struct buf *answer, struct why *why)
{
    struct buf whole;
    struct buf key;
    buf_init(&whole, 512);
    buf_init(&key, 256);
    buf_printf(&whole, "%s%s", url, path);
    buf_printf(&key, "x-api-key: %s", lease);
    struct curl_slist *headers = curl_slist_append(NULL, key.data);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    const struct letter l = {.url = whole.data, .headers = headers, .json = json};
    enum status st = post(p, &l, answer, why);
    curl_slist_free_all(headers);
    buf_wipe(&key);
    buf_release(&whole);
    return st;
}
