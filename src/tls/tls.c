#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "tls_priv.h"

struct tls {
    SSL *ssl;
    bool accepted, failed;
    char fault[256];
};

static bool is_address(const char *host)
{
    unsigned char room[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

/* An address goes by its own kind of alternative name, and is never told before the handshake. */
static bool expect(SSL *ssl, const char *host)
{
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    }
    return host[0] != '\0' && SSL_set1_host(ssl, host) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

enum status tls_new(struct tls **out, const struct tls_identity *i, int fd, const char *host,
                    struct why *why)
{
    struct tls *t = xcalloc(1, sizeof(*t));
    t->ssl = SSL_new(tls_identity_context(i));
    if (t->ssl == NULL) {
        abort();
    }
    SSL_set_app_data(t->ssl, &t->accepted);
    SSL_set_connect_state(t->ssl);
    if (SSL_set_fd(t->ssl, fd) != 1 || !expect(t->ssl, host)) {
        tls_free(t);
        *out = NULL;
        return why_fail(why, ST_INVALID, "%s is no name of a host", host);
    }
    *out = t;
    return ST_OK;
}

void tls_free(struct tls *t)
{
    if (t == NULL) {
        return;
    }
    if (!t->failed && SSL_is_init_finished(t->ssl)) {
        (void)SSL_shutdown(t->ssl);
        ERR_clear_error();
    }
    SSL_free(t->ssl);
    free(t);
}

/* ---- what went wrong */

static const char *words_of(const struct tls *t, int error, int err)
{
    long verdict = SSL_get_verify_result(t->ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    if (error == SSL_ERROR_SSL && verdict != X509_V_OK) {
        return X509_verify_cert_error_string(verdict);
    }
    if (reason != NULL) {
        return reason;
    }
    return err != 0 ? err_text(err) : "the connection was cut";
}

static enum tls_state fail(struct tls *t, int error, int err)
{
    bool of_certificate = error == SSL_ERROR_SSL && SSL_get_verify_result(t->ssl) != X509_V_OK;
    (void)snprintf(
        t->fault, sizeof(t->fault), "%s%s",
        of_certificate ? "its certificate is not taken: " : "TLS: ", words_of(t, error, err));
    t->failed = true;
    ERR_clear_error();
    return TLS_FAILED;
}

static enum tls_state state_of(struct tls *t, int result)
{
    int err = errno;
    int error = SSL_get_error(t->ssl, result);
    switch (error) {
    case SSL_ERROR_NONE:
        return TLS_READY;
    case SSL_ERROR_WANT_READ:
        return TLS_READS;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WRITES;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        return fail(t, error, error == SSL_ERROR_SYSCALL ? err : 0);
    }
}

const char *tls_fault(const struct tls *t)
{
    return t->fault;
}

/* ---- talking */

enum tls_state tls_shake_hands(struct tls *t)
{
    ERR_clear_error();
    errno = 0;
    enum tls_state s = state_of(t, SSL_do_handshake(t->ssl));
    if (s == TLS_READY && SSL_version(t->ssl) < TLS1_3_VERSION) {
        t->accepted = true;
    }
    return s;
}

bool tls_is_accepted(const struct tls *t)
{
    return t->accepted;
}

enum tls_state tls_send(struct tls *t, struct span bytes, size_t *sent)
{
    *sent = 0;
    ERR_clear_error();
    errno = 0;
    return state_of(t, SSL_write_ex(t->ssl, bytes.p, bytes.n, sent));
}

enum tls_state tls_drain(struct tls *t)
{
    char noise[SSL3_RT_MAX_PLAIN_LENGTH]; /* of a whole record: nothing stays where no poll sees it
                                           */
    size_t got = 0;
    ERR_clear_error();
    errno = 0;
    return state_of(t, SSL_read_ex(t->ssl, noise, sizeof(noise), &got));
}
