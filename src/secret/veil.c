/* veil.c - marks in place of secrets: [secret github-token 40 #3fa9c1d2]. What follows the # is
 * keyed, so that equal secrets show as equal within one record and none can be guessed from it. */
#include "secret_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/crypto.h"
#include "checkrein/num.h"

#define PASSES     4                   /* what a mark stands beside may become a secret by it */
#define TEXT_BYTES ((size_t)512 << 20) /* no text of ours is as long with its marks */
#define KEEP_BYTES ((size_t)1 << 20)
#define TAG_BYTES  4
#define MARK_BEGIN "[secret "

struct veil {
    struct secret_set *set;
    uint8_t key[VEIL_KEY_BYTES];
    struct buf out[2];
    struct buf line[2]; /* of the log, which may be written while a text is in use */
    struct buf plain;   /* with escapes undone */
    struct buf secret;  /* one, as its mark is made of it */
};

struct veil *veil_new(const uint8_t key[VEIL_KEY_BYTES])
{
    struct veil *v = xcalloc(1, sizeof(*v));
    v->set = secret_set_new();
    memcpy(v->key, key, sizeof(v->key));
    for (int i = 0; i < 2; i++) {
        buf_init(&v->out[i], TEXT_BYTES);
        buf_init(&v->line[i], TEXT_BYTES);
    }
    buf_init(&v->plain, TEXT_BYTES);
    buf_init(&v->secret, TEXT_BYTES);
    return v;
}

void veil_free(struct veil *v)
{
    if (v == NULL) {
        return;
    }
    secret_set_free(v->set);
    wipe(v->key, sizeof(v->key));
    for (int i = 0; i < 2; i++) {
        buf_release(&v->out[i]);
        buf_release(&v->line[i]);
    }
    buf_wipe(&v->plain);
    buf_wipe(&v->secret);
    free(v);
}

void veil_know(struct veil *v, const char *kind, struct span secret)
{
    secret_know(v->set, kind, secret);
}

/* ---- a mark */

/* Without ends of line and what escapes them: a private key is the same one however it is written.
 */
static size_t add_bare(struct buf *b, struct span secret)
{
    size_t meant = 0;
    for (size_t i = 0; i < secret.n; i++) {
        char c = secret.p[i];
        if (c == '\\') {
            while (i + 1 < secret.n && secret.p[i + 1] == '\\') {
                i++;
            }
            i++;
        } else if (c != '\n' && c != '\r') {
            (void)buf_addch(b, c);
        }
        meant++;
    }
    return meant;
}

static void add_mark(struct veil *v, struct buf *out, const char *kind, struct span secret)
{
    uint8_t tag[SHA256_BYTES];
    char hex[HEX_BYTES(TAG_BYTES)];
    buf_clear(&v->secret);
    size_t meant = add_bare(&v->secret, secret);
    hmac_sha256(v->key, buf_span(&v->secret), tag);
    hex_encode(tag, TAG_BYTES, hex);
    (void)buf_printf(out, MARK_BEGIN "%s %zu #%s]", kind, meant, hex);
    wipe(v->secret.data, v->secret.len);
}

/* ---- one pass */

struct copy { /* what is written goes along with what is read */
    struct plain_walk walk;
    size_t at; /* in the text without escapes */
    bool plain;
};

/* Moves to that place of the text without escapes: the bytes as they stand. */
static struct span skip_to(struct copy *c, size_t to)
{
    const char *from = c->walk.p;
    char ignored;
    if (!c->plain) {
        c->walk.p = c->walk.start + to;
        return (struct span){from, (size_t)(c->walk.p - from)};
    }
    while (c->at < to && plain_next(&c->walk, &ignored)) {
        c->at++;
    }
    return (struct span){from, (size_t)(c->walk.p - from)};
}

static struct span undo_escapes(struct veil *v, struct span text)
{
    struct plain_walk w = {.p = text.p, .start = text.p, .end = text.p + text.n};
    buf_clear(&v->plain);
    char *out = buf_reserve(&v->plain, text.n + 1);
    if (out == NULL) {
        return text;
    }
    buf_commit(&v->plain, plain_copy(&w, out));
    return buf_span(&v->plain);
}

static uint32_t replace(struct veil *v, struct span text, struct buf *out)
{
    struct secret_scan scan;
    struct secret_hit hit;
    uint32_t count = 0;
    struct copy c = {
        .walk = {.p = text.p, .start = text.p, .end = text.p + text.n},
          .plain = has_escapes(text)
    };
    struct span looked = c.plain ? undo_escapes(v, text) : text;
    c.plain = looked.p != text.p;
    secret_scan_begin(&scan, v->set, looked);
    buf_clear(out);
    while (secret_next(&scan, &hit)) {
        (void)buf_add(out, skip_to(&c, hit.at));
        add_mark(v, out, hit.kind, span_sub(looked, hit.at, hit.n));
        (void)skip_to(&c, hit.at + hit.n);
        count++;
    }
    if (count > 0) {
        (void)buf_add(out, (struct span){c.walk.p, (size_t)(c.walk.end - c.walk.p)});
    }
    return count;
}

static void keep_little(struct buf *b)
{
    if (b->cap > KEEP_BYTES) {
        buf_wipe(b);
        buf_init(b, TEXT_BYTES);
    }
}

static struct veiled hide(struct veil *v, struct buf room[2], struct span text)
{
    struct veiled told = {.text = text};
    keep_little(&v->plain);
    keep_little(&v->secret);
    keep_little(&room[0]);
    keep_little(&room[1]);
    for (int pass = 0; pass < PASSES && told.text.n > 1; pass++) {
        struct buf *out = &room[pass % 2];
        uint32_t count = replace(v, told.text, out);
        if (count == 0) {
            break;
        }
        told.count += count;
        told.text = buf_status(out) == ST_OK ? buf_span(out) : SPAN_NONE;
    }
    wipe(v->plain.data, v->plain.len);
    return told;
}

struct veiled veil(struct veil *v, struct span text)
{
    return hide(v, v->out, text);
}

struct span veil_line(void *ctx, struct span line)
{
    struct veil *v = ctx;
    return hide(v, v->line, line).text;
}

/* ---- marks in a text */

static bool is_mark(struct span s, struct span *kind)
{
    static const char DIGITS[] = "0123456789";
    size_t at = sizeof(MARK_BEGIN) - 1;
    while (at < s.n && ((s.p[at] >= 'a' && s.p[at] <= 'z') || s.p[at] == '-')) {
        at++;
    }
    size_t end = at + 1;
    while (end < s.n && memchr(DIGITS, s.p[end], sizeof(DIGITS) - 1) != NULL) {
        end++;
    }
    uint8_t tag[TAG_BYTES];
    *kind = span_sub(s, sizeof(MARK_BEGIN) - 1, at - (sizeof(MARK_BEGIN) - 1));
    return kind->n > 0 && at < s.n && s.p[at] == ' ' && end > at + 1 &&
           span_starts(span_sub(s, end, s.n), " #") &&
           hex_decode(span_sub(s, end + 2, sizeof(tag) * 2), tag, sizeof(tag)) == ST_OK &&
           span_starts(span_sub(s, end + 2 + sizeof(tag) * 2, 1), "]");
}

bool secret_mark_next(struct span *rest, struct span *kind)
{
    while (rest->n > 0) {
        *rest = span_sub(*rest, span_find(*rest, '['), SIZE_MAX);
        bool found =
            span_starts(*rest, MARK_BEGIN) && is_mark(span_sub(*rest, 0, SECRET_MARK_BYTES), kind);
        *rest = span_sub(*rest, 1, SIZE_MAX);
        if (found) {
            return true;
        }
    }
    return false;
}

uint32_t secret_marks(struct span text)
{
    struct span kind;
    uint32_t count = 0;
    while (secret_mark_next(&text, &kind)) {
        count++;
    }
    return count;
}
