/* secret_priv.h - what the files of the module share. One idea a file:
 *
 *   shapes.c   the table of shapes      match.c    how far a shape goes, by its kind
 *   words.c    what stands behind a word such as "password"
 *   set.c      literals by a pair of their bytes, and what is known
 *   find.c     one pass over a text     plain.c    escapes of single characters undone
 *   veil.c     marks in place of secrets
 *   forms.c    how one secret may be written
 *   guard.c    one secret kept out of bytes that go by
 */
#ifndef CHECKREIN_SECRET_PRIV_H
#define CHECKREIN_SECRET_PRIV_H

#include "checkrein/secret.h"
#include "checkrein/status.h"

/* Sets of characters, a bit each. */
enum charset {
    CHARS_ALNUM,
    CHARS_WORD, /* and - _ : base64url */
    CHARS_B64,  /* alnum + / = */
    CHARS_HEX,
    CHARS_BEARER, /* token68 of RFC 9110 */
    CHARS_INERT,  /* no blank, quote, bracket, backslash or sign that a shell acts on */
    CHARSET_COUNT
};
_Static_assert((int)CHARSET_COUNT == SECRET_CHARSETS, "a memory for each set");

enum need { NEED_DIGIT = 1, NEED_UPPER = 2, NEED_LOWER = 4, NEED_MIXED = 7 };

struct shape;
/* The literal stands at `at`: how far the secret goes. False: it is none. */
typedef bool shape_match(struct secret_scan *s, const struct shape *shape, size_t at,
                         struct secret_hit *hit);

struct shape {
    const char *kind;
    const char *literal;
    shape_match *match;
    enum charset chars;
    uint16_t least, most; /* characters behind the literal; most 0: any number */
    uint8_t need;         /* of enum need */
    bool fold;            /* the literal is found in any case */
};

extern const struct shape SHAPES[];
extern const size_t SHAPE_COUNT;

shape_match match_run, match_jwt, match_sendgrid, match_pem, match_scheme, match_userinfo,
    match_access_key, match_word, match_password;

/* ---- match.c */
bool has_char(enum charset set, char c);
/* The end of the characters of that set that begin at `from`. Linear over a whole text. */
size_t run_end(struct secret_scan *s, enum charset set, size_t from);
uint8_t chars_seen(struct span text); /* enum need, of its first bytes */
/* This byte may be the letter of an escape, with the backslash before it. */
bool may_be_escaped(const struct secret_scan *s, size_t at);
/* Nothing that a word could go on with stands before it, and no escape begins there. */
bool begins_word(const struct secret_scan *s, size_t at);
/* What a command would be done to, as in `rm -rf password: /home/bob`: shown, whatever it stands
 * behind. Of what begins with a slash, what looks thrown is none. */
bool is_path(struct secret_scan *s, size_t from, size_t end);
/* A secret with a shape of its own that begins here. */
bool hit_by_shape(struct secret_scan *s, size_t at, struct secret_hit *hit);

/* ---- set.c */
#define PAIR_HEADS 4096

struct pattern {
    const char *literal;
    uint32_t bytes;
    uint32_t anchor; /* the first of the two of its bytes that it is found by */
    uint32_t next;   /* index + 1 of the next with the same head */
    const struct shape *shape;
    const char *kind; /* of what is known; then `shape` is NULL */
    bool fold;
};

struct secret_set {
    uint8_t sets_of[256];       /* of each character: a bit for each enum charset that it is in */
    uint8_t pairs[65536 / 8];   /* bit: some pattern has this pair as its anchor */
    uint32_t after[PAIR_HEADS]; /* bit: some pattern goes on with a byte of these five bits */
    uint16_t heads[PAIR_HEADS];
    struct pattern *patterns;
    size_t count, cap;
    char **known; /* copies that patterns point into */
    size_t known_count, known_cap;
};

static inline uint32_t pair_of(const char *p)
{
    return (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8;
}

static inline uint32_t after_bit(char third)
{
    return 1u << ((uint8_t)third % 32); /* the same for both cases of a letter */
}

static inline uint32_t head_of(uint32_t pair)
{
    return (pair ^ pair >> 7) % PAIR_HEADS;
}

static inline bool is_of(const struct secret_scan *s, enum charset set, char c)
{
    return s->set->sets_of[(uint8_t)c] >> set & 1u;
}

bool literal_is_at(struct span text, size_t at, const char *literal, size_t n, bool fold);

/* ---- forms.c */
typedef void secret_form_fn(void *ctx, struct span form);
/* Each of them, some more than once; borrowed, and wiped after the call. */
void secret_forms(struct span secret, secret_form_fn *fn, void *ctx);

/* ---- plain.c */
bool has_escapes(struct span text);
struct plain_walk {
    const char *p, *start, *end;
    char waiting[3]; /* of the UTF-8 of an escape that p is behind already, the next one last */
    uint8_t count;
};
/* One byte of the text as it is meant: a backslash stays, \u0041 and \/ are undone, at any depth.
 * False at the end. */
bool plain_next(struct plain_walk *w, char *c);
/* All that is left: at most as many bytes as there are. */
size_t plain_copy(struct plain_walk *w, char *out);

#endif
