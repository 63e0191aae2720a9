/* secret.h - secrets in bytes of others: found by their shape or because they are known, and
 * replaced by a mark (docs/JOURNAL.md, section 9).
 *
 * Shapes are one table (src/secret/shapes.c). What is found is looked for in text as it stands and
 * in JSON text of any depth, where a quote, a slash or a letter may be escaped; the bytes that are
 * replaced never cut an escape, hold no blank, no quote and no sign that a shell acts on (the lines
 * of a private key aside), so that a text of JSON stays one of the same structure and nothing that
 * could run hides behind a mark.
 *
 *     struct veil *v = veil_new(key);
 *     veil_know(v, "hook-token", token);
 *     struct veiled told = veil(v, bytes);   // told.text, told.count
 *     veil_free(v);
 *
 * Time is linear in the text, whoever wrote it. Finding allocates nothing. Thread: any, one at a
 * time.
 */
#ifndef CHECKREIN_SECRET_H
#define CHECKREIN_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"

#define VEIL_KEY_BYTES    32
#define SECRET_KNOWN_MIN  8  /* bytes; what is shorter is not known, it would be found everywhere */
#define SECRET_MARK_BYTES 80 /* no mark is longer */

/* ---- finding */
struct secret_set; /* the shapes, and what is known */

struct secret_set *secret_set_new(void);
void secret_set_free(struct secret_set *set); /* overwrites what was known. NULL is fine */
/* From now on these bytes are a secret, also in base64 and percent-encoded. `kind`: a constant of
 * a-z and '-'. */
void secret_know(struct secret_set *set, const char *kind, struct span secret);

struct secret_hit {
    size_t at, n;
    const char *kind; /* a constant */
    uint32_t sure;    /* bytes of its own that it is known by; 0: it is what stands beside it */
};

#define SECRET_HELD     5 /* hits that may still grow into each other */
#define SECRET_CHARSETS 6

struct secret_scan { /* private; on the stack of who looks */
    const struct secret_set *set;
    struct span text;
    size_t at;    /* next pair of bytes to look at */
    size_t floor; /* end of the last hit that was given */
    size_t run_from[SECRET_CHARSETS], run_to[SECRET_CHARSETS];
    struct secret_hit held[SECRET_HELD];
    uint32_t held_count;
    size_t partner_at, partner_n;  /* of an access key's id: the key behind it; n 0: none */
    size_t up_from, up_end, up_at; /* of a run: where "/../" stands last; up_at 0: nowhere */
    size_t jwt_head, jwt_end;      /* of the newest first part of a web token, and of all of it */
};

/* Hits in order, none overlaps another. Escapes of single characters (\u0041, \/) are not undone
 * here: veil() does. */
void secret_scan_begin(struct secret_scan *s, const struct secret_set *set, struct span text);
bool secret_next(struct secret_scan *s, struct secret_hit *hit);

/* ---- replacing */
struct veil;

struct veil *veil_new(const uint8_t key[VEIL_KEY_BYTES]);
void veil_free(struct veil *v); /* NULL is fine */
void veil_know(struct veil *v, const char *kind, struct span secret);

struct veiled {
    struct span text; /* as given, when there was none; else the veil's, until its next call */
    uint32_t count;   /* of secrets that were replaced */
};
/* A text that went through has no more secrets: the same veil, or another, leaves it as it is. */
struct veiled veil(struct veil *v, struct span text);
/* For log_set_veil(): `ctx` is the veil. In a room of its own, so that a line may be written while
 * what veil() gave is in use. */
struct span veil_line(void *ctx, struct span line);
/* Marks in a text, whoever wrote them. */
uint32_t secret_marks(struct span text);
/* The next one's kind; *rest goes on behind it. */
bool secret_mark_next(struct span *rest, struct span *kind);

/* ---- one secret, kept out of bytes that go by
 *
 * As it stands, percent-encoded, in JSON with its signs escaped, and in base64; each byte of it
 * becomes a '*', so that lengths stay as they were said. What is shorter than SECRET_KNOWN_MIN is
 * not looked for. */
struct secret_guard;
struct secret_guard *secret_guard_new(struct span secret); /* no NUL in it */
struct secret_guard *secret_guard_share(struct secret_guard *g);
void secret_guard_drop(struct secret_guard *g); /* the last one wipes it. NULL is fine */
const char *secret_guard_text(const struct secret_guard *g); /* the secret */
bool secret_guard_finds(const struct secret_guard *g, struct span text);
uint32_t secret_guard_hide(const struct secret_guard *g, char *p, size_t n); /* how often */

struct secret_flow { /* of one stream of bytes; zeroed: none has begun */
    struct secret_guard *guard;
    struct buf kept; /* the end of what came, when the secret begins so */
    struct buf room;
    uint32_t found; /* how often, so far */
};
void secret_flow_begin(struct secret_flow *f, struct secret_guard *g);
void secret_flow_release(struct secret_flow *f); /* wipes; zeroed is fine */
/* What may go on: of these bytes and of what was kept back; until the next call. */
struct span secret_flow_pass(struct secret_flow *f, struct span bytes);
bool secret_flow_waits(const struct secret_flow *f); /* something is kept back */
struct span secret_flow_end(struct secret_flow *f);  /* no more comes: what was kept back */

#endif
