/* http_client_priv.h - http_request.c makes a request, http_client.c carries it between curl and
 * the loop.
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
    char error[CURL_ERROR_SIZE];
};

struct http_client {
    CURLM *multi;
    loop_id timer;
    struct transfer *transfers;
};

enum status http_client_start(struct net *n, struct why *why) MUST_USE; /* once */
void transfer_free(struct transfer *t);

#endif
