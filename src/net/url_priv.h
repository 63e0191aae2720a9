/* url_priv.h - the few URLs that we connect to, taken apart and judged. */
#ifndef CHECKREIN_NET_URL_PRIV_H
#define CHECKREIN_NET_URL_PRIV_H

#include <stdbool.h>

#include "checkrein/status.h"

enum { URL_BYTES = 1024, URL_HOST_BYTES = 112 };

enum url_scheme { URL_UNIX, URL_WS, URL_WSS, URL_HTTP, URL_HTTPS };

struct url {
    enum url_scheme scheme;
    char host[URL_HOST_BYTES]; /* lower case, without brackets; of unix: the path of the socket */
    char authority[URL_HOST_BYTES +
                   16];   /* for the Host field: host, and the port when it is not the usual */
    char path[URL_BYTES]; /* with its query; "/" when there is none */
    int port;
    bool loopback; /* "localhost" or a number of the loopback net */
    bool numeric;  /* host is an address, not a name */
};

/* No user, no fragment, no blank or control byte; ws and http to loopback only. */
enum status url_parse(const char *text, struct url *out, struct why *why) MUST_USE;

#endif
