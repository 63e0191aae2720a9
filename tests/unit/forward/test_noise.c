/* test_noise.c - a collector over TLS that talks without end: in one turn of the loop no more of it
 * is read than a record of TLS has.
 */
#include "expect.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "outlet_priv.h"
#include "tmpdir.h"

#define WAITS_BYTES 49152 /* when so much waits, the next turn may come */
#define MOST_BYTES  20000 /* a record, and what may come with it */
#define TURNS       20
#define LOOKS       200 /* of 100 us: its window may be smaller */

/* ---- a collector of this process */

struct collector {
    SSL_CTX *ctx;
    int listener;
    int port;
    pthread_t thread;
};

static EVP_PKEY *make_certificate(X509 *x)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509V3_CTX v3;
    assert_non_null(key);
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 86400));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    X509V3_set_ctx(&v3, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, "IP:127.0.0.1");
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return key;
}

/* Its own authority; `path` gets its certificate. */
static void collector_make(struct collector *c, const char *path)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    X509 *x = X509_new();
    EVP_PKEY *key = make_certificate(x);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    assert_int_equal(fclose(f), 0);
    c->ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(c->ctx, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(c->ctx, key), 1);
    X509_free(x);
    EVP_PKEY_free(key);
    c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(c->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(c->listener, 1), 0);
    assert_int_equal(getsockname(c->listener, (struct sockaddr *)&at, &n), 0);
    c->port = ntohs(at.sin_port);
}

static void *talk(void *ctx)
{
    static const char noise[16384];
    struct collector *c = ctx;
    int fd = accept(c->listener, NULL, NULL);
    SSL *ssl = SSL_new(c->ctx);
    if (SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
        while (SSL_write(ssl, noise, sizeof(noise)) > 0) {
        }
    }
    SSL_free(ssl);
    (void)close(fd);
    return NULL;
}

/* ---- who listens */

struct listening {
    struct loop *loop;
    struct outlet *outlet;
    int port, fd, turns;
    uint64_t read, most;
};

static int find_socket(int port)
{
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in to = {0};
        socklen_t n = sizeof(to);
        if (getpeername(fd, (struct sockaddr *)&to, &n) == 0 && ntohs(to.sin_port) == port) {
            return fd;
        }
    }
    return -1;
}

static int waiting(int fd)
{
    int n = 0;
    assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
    return n;
}

static uint64_t read_so_far(int fd)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);
    int left = waiting(fd); /* before: what comes meanwhile makes it more, not less */
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
    return (uint64_t)info.tcpi_bytes_received - (uint64_t)left;
}

static void on_turn(void *ctx)
{
    struct listening *l = ctx;
    int looks = 0;
    if (l->fd < 0 && outlet_is_open(l->outlet)) {
        l->fd = find_socket(l->port);
        assert_true(l->fd >= 0);
    }
    if (l->fd >= 0) {
        for (; waiting(l->fd) < WAITS_BYTES && looks < LOOKS; looks++) {
            (void)usleep(100);
        }
        (void)usleep(2000); /* it stops when the buffers are full */
        uint64_t now = read_so_far(l->fd);
        l->most = l->turns > 1 && now - l->read > l->most ? now - l->read : l->most;
        l->read = now;
        l->turns++;
    }
    if (l->turns == TURNS) {
        loop_stop(l->loop);
    } else {
        (void)loop_timer(l->loop, 0, on_turn, l);
    }
}

static void on_news(void *ctx, enum outlet_news news, const char *why)
{
    (void)ctx;
    if (news == OUTLET_NEWS_GONE) {
        fail_msg("it is gone: %s", why);
    }
}

static void in_one_turn_one_record_is_read(void **state)
{
    (void)state;
    char *root = tmpdir_new();
    char *path = tmpdir_join(root, "ca.pem");
    struct collector c = {0};
    struct listening l = {.fd = -1};
    struct outlet_address a;
    struct tls_identity *id = NULL;
    struct why why = {0};
    char url[64];
    collector_make(&c, path);
    const struct tls_files files = {.authorities = path};
    const struct tls_names names = {"authorities", "certificate", "key"};
    (void)snprintf(url, sizeof(url), "tls://127.0.0.1:%d", c.port);
    assert_status(outlet_parse(url, &a, &why), ST_OK);
    assert_status(tls_identity_new(&id, &files, &names, &why), ST_OK);
    assert_status(loop_new(&l.loop, &why), ST_OK);
    assert_int_equal(pthread_create(&c.thread, NULL, talk, &c), 0);
    l.port = c.port;
    l.outlet = outlet_new(l.loop, &a, id, on_news, &l);
    outlet_connect(l.outlet);
    (void)loop_timer(l.loop, 0, on_turn, &l);
    assert_status(loop_run(l.loop), ST_OK);
    print_message("at most %llu bytes in a turn\n", (unsigned long long)l.most);
    assert_true(l.most > 0 && l.most <= MOST_BYTES);
    assert_true(l.read >= (uint64_t)TURNS * MOST_BYTES / 2); /* there was enough to be read */
    outlet_free(l.outlet);
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    loop_free(l.loop);
    tls_identity_free(id);
    SSL_CTX_free(c.ctx);
    close(c.listener);
    free(path);
    tmpdir_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_one_turn_one_record_is_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
