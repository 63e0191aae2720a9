/* tls_priv.h - what an identity is to a connection. */
#ifndef CHECKREIN_TLS_PRIV_H
#define CHECKREIN_TLS_PRIV_H

#include <openssl/ssl.h>

#include "checkrein/tls.h"

SSL_CTX *tls_identity_context(const struct tls_identity *i);

#endif
