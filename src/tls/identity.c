#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/file.h"
#include "tls_priv.h"

#define KEY_BYTES 65536

enum file { AUTHORITIES, CERTIFICATE, KEY, FILE_COUNT };

struct tls_identity {
    SSL_CTX *ctx;
    char *path[FILE_COUNT]; /* NULL: none */
    const char *name[FILE_COUNT];
    struct stat seen[FILE_COUNT]; /* when they were read last */
};

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
    bool *accepted = SSL_get_app_data(ssl);
    (void)session;
    *accepted = true;
    return 0; /* it is not kept */
}

/* Nobody is there to be asked. */
static int no_password(char *room, int bytes, int writes, void *ctx)
{
    (void)room;
    (void)bytes;
    (void)writes;
    (void)ctx;
    return 0;
}

static SSL_CTX *context_new(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL) {
        abort();
    }
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(ctx,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY); /* tickets without end: one a call, too */
    (void)SSL_CTX_set_session_cache_mode(ctx,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(ctx, on_ticket);
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    return ctx;
}

/* ---- the files */

static enum status refuse(const struct tls_identity *i, enum file f, struct why *why)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return why_fail(why, ST_INVALID, "%s: %s: %s", i->name[f], i->path[f],
                    reason != NULL ? reason : "not what it should be");
}

static enum status trust(const struct tls_identity *i, SSL_CTX *ctx, struct why *why)
{
    if (i->path[AUTHORITIES] == NULL) {
        return SSL_CTX_set_default_verify_paths(ctx) == 1
                   ? ST_OK
                   : why_fail(why, ST_IO, "the system's authorities cannot be read");
    }
    return SSL_CTX_load_verify_file(ctx, i->path[AUTHORITIES]) == 1 ? ST_OK
                                                                    : refuse(i, AUTHORITIES, why);
}

static EVP_PKEY *key_of(struct span pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static enum status use_key(const struct tls_identity *i, SSL_CTX *ctx, struct why *why)
{
    struct buf pem;
    buf_init(&pem, KEY_BYTES);
    enum status st = file_read_secret(i->path[KEY], &pem, why);
    if (st != ST_OK) {
        why_prefix(why, "%s: ", i->name[KEY]);
    } else {
        EVP_PKEY *key = key_of(buf_span(&pem));
        if (key == NULL || SSL_CTX_use_PrivateKey(ctx, key) != 1) {
            st = refuse(i, KEY, why);
        }
        EVP_PKEY_free(key);
    }
    buf_wipe(&pem);
    return st;
}

static enum status introduce(const struct tls_identity *i, SSL_CTX *ctx, struct why *why)
{
    if (i->path[CERTIFICATE] == NULL) {
        return ST_OK;
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, i->path[CERTIFICATE]) != 1) {
        return refuse(i, CERTIFICATE, why);
    }
    return use_key(i, ctx, why);
}

static void look(const struct tls_identity *i, struct stat seen[FILE_COUNT])
{
    for (size_t f = 0; f < FILE_COUNT; f++) {
        seen[f] = (struct stat){0};
        if (i->path[f] != NULL) {
            (void)stat(i->path[f], &seen[f]);
        }
    }
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The library opens them as they are, and a pipe is waited at for ever. What is not there it names
 * itself. */
static enum status check(const struct tls_identity *i, const struct stat seen[FILE_COUNT],
                         struct why *why)
{
    for (size_t f = 0; f < FILE_COUNT; f++) {
        if (seen[f].st_mode != 0 && !S_ISREG(seen[f].st_mode)) {
            return why_fail(why, ST_INVALID, "%s: %s is not a file", i->name[f], i->path[f]);
        }
    }
    return ST_OK;
}

static enum status read_files(struct tls_identity *i, struct why *why)
{
    struct stat seen[FILE_COUNT];
    SSL_CTX *ctx = context_new();
    look(i, seen); /* before: what changes meanwhile is read again */
    enum status st = check(i, seen, why);
    st = st == ST_OK ? trust(i, ctx, why) : st;
    if (st == ST_OK) {
        st = introduce(i, ctx, why);
    }
    if (st != ST_OK) {
        SSL_CTX_free(ctx);
        return st;
    }
    SSL_CTX_free(i->ctx);
    i->ctx = ctx;
    memcpy(i->seen, seen, sizeof(seen));
    return ST_OK;
}

enum status tls_identity_refresh(struct tls_identity *i, struct why *why)
{
    struct stat now[FILE_COUNT];
    bool same = true;
    look(i, now);
    for (size_t f = 0; f < FILE_COUNT; f++) {
        same = same && is_same(&now[f], &i->seen[f]);
    }
    return same ? ST_OK : read_files(i, why);
}

static char *path_or_none(const char *path)
{
    return path != NULL && path[0] != '\0' ? xstrdup(path) : NULL;
}

enum status tls_identity_new(struct tls_identity **out, const struct tls_files *files,
                             const struct tls_names *names, struct why *why)
{
    struct tls_identity *i = xcalloc(1, sizeof(*i));
    *i = (struct tls_identity){
        .path = {path_or_none(files->authorities), path_or_none(files->certificate),
                 path_or_none(files->key)                                                      },
        .name = {names->authorities,               names->certificate,               names->key}
    };
    enum status st = ST_OK;
    if ((i->path[CERTIFICATE] == NULL) != (i->path[KEY] == NULL)) {
        st = why_fail(why, ST_INVALID, "%s and %s go together", names->certificate, names->key);
    } else {
        st = read_files(i, why);
    }
    if (st != ST_OK) {
        tls_identity_free(i);
        i = NULL;
    }
    *out = i;
    return st;
}

void tls_identity_free(struct tls_identity *i)
{
    if (i == NULL) {
        return;
    }
    SSL_CTX_free(i->ctx);
    for (size_t f = 0; f < FILE_COUNT; f++) {
        free(i->path[f]);
    }
    free(i);
}

SSL_CTX *tls_identity_context(const struct tls_identity *i)
{
    return i->ctx;
}
