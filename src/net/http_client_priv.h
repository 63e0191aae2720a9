/* http_client_priv.h - http_request.c and http_stream.c make requests, http_client.c carries them
 * between curl and the loop.
 */
#ifndef CHECKREIN_NET_HTTP_CLIENT_PRIV_H
#define CHECKREIN_NET_HTTP_CLIENT_PRIV_H

#include <curl/curl.h>

#include "checkrein/buf.h"
#include "net_priv.h"

struct transfer {
    struct net *net;
    struct transfer *next;
    net_id id;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body, answer;
    http_client_fn *fn;
    void *ctx;
    unsigned places;      /* that may be connected to */
    enum net_place place; /* that it was tried last to connect to */
    bool misplaced;       /* an address was refused for its place */
    char error[CURL_ERROR_SIZE];
    struct stream *stream; /* NULL: one request, one answer */
};

struct http_client {
    CURLM *multi;
    loop_id timer;
    struct transfer *transfers;
    struct stream *news; /* streams with something to tell */
    size_t kept_bytes;   /* of bodies that are sent, and may have to be sent again */
};

enum status http_client_start(struct net *n, struct why *why) MUST_USE; /* once */
void transfer_free(struct transfer *t);
enum status transfer_start(struct net *n, struct transfer *t, net_id *id, struct why *why) MUST_USE;
const char *transfer_failure(const struct transfer *t, CURLcode result);

/* http_request.c: every option that is about trust */
CURLcode transfer_trust(struct transfer *t);
void transfer_header(struct transfer *t, const char *line);
void transfer_rest(struct transfer *t);
bool transfer_method_valid(const char *method);

/* http_stream.c */
void stream_over(struct stream *s, CURLcode result); /* curl has done with it */
void stream_free(struct stream *s);
void streams_tell(struct net *n); /* outside of curl: what came */
/* place.c: before it is begun */
void http_client_place(struct transfer *t, unsigned places);
/* Where the answer came from. */
enum net_place http_client_placed(const struct transfer *t);

#endif
