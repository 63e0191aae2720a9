#include "key_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkrein/buf.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define KEY_TEXT_BYTES (HEX_BYTES(ED25519_KEY_BYTES)) /* hex and a newline */
#define PATH_LIMIT     4096
#define PUBLIC_MODE    0644
#define SECRET_MODE    0600

/* "dir/name", the caller's to free(); NULL when it is too long. */
static char *join(const char *dir, const char *name)
{
    struct buf b;
    buf_init(&b, PATH_LIMIT);
    enum status st = buf_printf(&b, "%s/%s", dir, name);
    char *path = st == ST_OK ? buf_detach(&b, NULL) : NULL;
    buf_release(&b);
    return path;
}

typedef enum status read_fn(const char *path, struct buf *b, struct why *why);

static enum status read_hex(const char *path, read_fn *read, uint8_t out[ED25519_KEY_BYTES],
                            struct why *why)
{
    struct buf b;
    buf_init(&b, KEY_TEXT_BYTES);
    enum status st = read(path, &b, why);
    if (st == ST_OK &&
        (b.len != KEY_TEXT_BYTES || b.data[b.len - 1] != '\n' ||
         hex_decode(span_sub(buf_span(&b), 0, b.len - 1), out, ED25519_KEY_BYTES) != ST_OK)) {
        st = why_fail(why, ST_INVALID, "%s is not a key: 64 hex digits and a newline are wanted",
                      path);
    }
    buf_wipe(&b);
    return st;
}

static enum status write_hex(const char *path, const uint8_t key[ED25519_KEY_BYTES], mode_t mode,
                             struct why *why)
{
    char text[HEX_BYTES(ED25519_KEY_BYTES)];
    hex_encode(key, ED25519_KEY_BYTES, text);
    text[KEY_TEXT_BYTES - 1] = '\n'; /* in place of the NUL */
    enum status st = file_replace(path, (struct span){text, KEY_TEXT_BYTES}, mode, why);
    wipe(text, sizeof(text));
    return st;
}

static enum status make_key(const char *path, struct signer *s, struct why *why)
{
    uint8_t seed[ED25519_KEY_BYTES];
    enum status st = signer_generate(s, seed);
    st = st == ST_OK ? write_hex(path, seed, SECRET_MODE, why)
                     : why_fail(why, st, "cannot make an Ed25519 key");
    wipe(seed, sizeof(seed));
    return st;
}

static enum status read_key(const char *path, struct signer *s, struct why *why)
{
    uint8_t seed[ED25519_KEY_BYTES];
    enum status st = read_hex(path, file_read_secret, seed, why);
    if (st == ST_OK) {
        st = signer_init(s, seed);
    }
    wipe(seed, sizeof(seed));
    return st;
}

/* The public key can always be made again from the seed. */
static enum status check_public(const char *path, const struct signer *s, struct why *why)
{
    uint8_t key[ED25519_KEY_BYTES];
    enum status st = read_hex(path, file_read, key, why);
    if (st == ST_NOTFOUND) {
        return write_hex(path, s->public_key, PUBLIC_MODE, why);
    }
    if (st == ST_OK && memcmp(key, s->public_key, sizeof(key)) != 0) {
        return why_fail(why, ST_CONFLICT, "%s is not the public key of the seed beside it", path);
    }
    return st;
}

static enum status make_marks(const char *path, uint8_t key[VEIL_KEY_BYTES], struct why *why)
{
    random_bytes(key, VEIL_KEY_BYTES);
    return write_hex(path, key, SECRET_MODE, why);
}

enum status key_load_or_make_marks(const char *dir, uint8_t key[VEIL_KEY_BYTES], struct why *why)
{
    char *path = join(dir, "key.marks");
    if (path == NULL) {
        return why_fail(why, ST_LIMIT, "the name of %s is too long", dir);
    }
    enum status st = read_hex(path, file_read_secret, key, why);
    st = st == ST_NOTFOUND ? make_marks(path, key, why) : st;
    free(path);
    return st;
}

typedef enum status missing_fn(const char *path, struct signer *s, struct why *why);

static enum status refuse_missing(const char *path, struct signer *s, struct why *why)
{
    (void)s;
    return why_fail(
        why, ST_CONFLICT,
        "%s is missing, and the record beside it is sealed with it: put it back, or move the "
        "folder away",
        path);
}

static enum status load(const char *dir, missing_fn *when_missing, struct signer *s,
                        struct why *why)
{
    *s = (struct signer){0};
    char *key = join(dir, "key");
    char *public_key = join(dir, "key.pub");
    enum status st = ST_LIMIT;
    if (key == NULL || public_key == NULL) {
        (void)why_fail(why, st, "the name of %s is too long", dir);
    } else {
        st = read_key(key, s, why);
        st = st == ST_NOTFOUND ? when_missing(key, s, why) : st;
        st = st == ST_OK ? check_public(public_key, s, why) : st;
    }
    if (st != ST_OK) {
        signer_release(s);
    }
    free(key);
    free(public_key);
    return st;
}

enum status key_load_or_make(const char *dir, struct signer *s, struct why *why)
{
    return load(dir, make_key, s, why);
}

enum status key_load(const char *dir, struct signer *s, struct why *why)
{
    return load(dir, refuse_missing, s, why);
}

enum status key_load_public(const char *dir, uint8_t out[ED25519_KEY_BYTES], struct why *why)
{
    char *path = join(dir, "key.pub");
    enum status st = path == NULL ? why_fail(why, ST_LIMIT, "the name of %s is too long", dir)
                                  : read_hex(path, file_read, out, why);
    free(path);
    return st;
}
