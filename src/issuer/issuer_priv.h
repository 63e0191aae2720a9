/* issuer_priv.h - what the files of the module share:
 *
 *   settings.c  the file               issuers.c  the set, and what is shown of a credential
 *   match.c     patterns of agents     climb.c    one look or revocation, step by step
 *   read.c      answers of a server    ask.c      one request, again when the server asks for that
 *   form.c      what it is sent        oauth.c    the kind "oauth": its row of the ladder
 *   verdict.c   what was seen, to what is said of it
 */
#ifndef CHECKREIN_ISSUER_PRIV_H
#define CHECKREIN_ISSUER_PRIV_H

#include "checkrein/buf.h"
#include "checkrein/conf.h"
#include "checkrein/crypto.h"
#include "checkrein/issuer.h"
#include "checkrein/source.h"

#define ISSUERS_MAX        64
#define TOKEN_BYTES_MIN    16
#define WORDS_BYTES        2048 /* of all that is said of one revocation */
#define PAST_BYTES         700  /* of these, of tokens that were replaced meanwhile */
#define NOTE_BYTES         200
#define CLAIM_BYTES        256 /* of one thing that introspection tells */
#define METADATA_BYTES     ((size_t)256 << 10)
#define ANSWER_BYTES       ((size_t)64 << 10)
#define LOOK_BEFORE_MS     2000 /* a revocation does not wait longer for what proves it later */
#define LOOK_AGAIN_MS      600000
#define LOOK_SOON_MS       1000         /* after a revocation: what else has ended with it */
#define LOOKS_MAX          8            /* at a time: who issued them all counts requests */
#define SECONDS_MAX        253402300799 /* since 1970: the end of 9999 */
#define CLIMB_MS           90000
#define ATTEMPTS_MAX       3
#define ROUNDS_MAX         3 /* of one revocation, while another token comes in each time */
#define RETRY_SECONDS_MAX  15
#define TIMEOUT_MS_DEFAULT 10000

/* In the order in which they are revoked: the one that can mint others first. */
enum token_type { TOKEN_REFRESH, TOKEN_ACCESS, TOKEN_TYPES };
/* Ways to see whether a token works. */
enum means { MEANS_INTROSPECTION, MEANS_TEST_CALL, MEANS_COUNT };
enum sight { SIGHT_NONE, SIGHT_ACTIVE, SIGHT_INACTIVE };

/* ---- read.c */
struct metadata {
    char *issuer, *revocation, *introspection; /* NULL: not told */
};
/* ST_INVALID: it is no metadata of this issuer, or an endpoint that must not be asked. On failure
 * it is empty. */
enum status oauth_metadata_read(struct metadata *m, struct span json, const char *issuer,
                                struct why *why) MUST_USE;
void oauth_metadata_release(struct metadata *m);

struct introspection {
    bool active;
    int64_t expires_s; /* since 1970; 0: not told */
    char scopes[CLAIM_BYTES], subject[CLAIM_BYTES], client[CLAIM_BYTES];
};
enum status oauth_introspection_read(struct introspection *i, struct span json,
                                     struct why *why) MUST_USE;
/* The `error` of an OAuth answer, when it is a plain word; else empty. */
void oauth_error_read(struct span json, char out[64]);

/* ---- form.c: both for buffers that are wiped; ST_LIMIT by buf_status() */
void oauth_form_add(struct buf *out, const char *name, struct span value); /* with its & */
void oauth_form_basic(struct buf *out, struct span id, struct span secret);
/* Where the metadata of an issuer is: RFC 8414, and OpenID Connect Discovery. */
enum discovery { DISCOVERY_OAUTH, DISCOVERY_OPENID, DISCOVERY_COUNT };
void oauth_metadata_url(struct buf *out, enum discovery d, const char *issuer);

/* ---- match.c: '*' and '?' in patterns with " | " between them */
bool issuer_match(struct span patterns, struct span text);

/* ---- settings.c */
enum client_auth { AUTH_BASIC, AUTH_POST, AUTH_NONE };
struct issuer {
    char *name, *url, *client_id, *ca_file;
    struct source secret;
    enum client_auth auth;
    int64_t timeout_ms;
    const struct issuer_kind *kind;
    struct metadata ends; /* as last told; empty: not yet */
    unsigned places;      /* that its endpoints may be at */
};
struct token {
    struct source source;
    bool seen_active; /* when it was looked at last: by introspection, and by the test call */
    bool tested_active;
    bool dead;                    /* shown to be, after its revocation */
    bool other;                   /* than one that was shown to be dead */
    int64_t expires_s;            /* as it was told last; 0: not */
    uint8_t digest[SHA256_BYTES]; /* of the text that this was seen of */
};
struct credential {
    char *name, *agents, *scopes, *test_url;
    struct issuer *issuer;
    struct token token[TOKEN_TYPES];
    /* What is shown: */
    char shown_kind[CLAIM_BYTES * 2 + 64], shown_scopes[CLAIM_BYTES], shown_expires[64],
        shown_revocable[NOTE_BYTES + 64];
    bool look_due; /* it waits to be looked at */
    bool rests;    /* what became of its revocation stands there until it is looked at twice */
    struct climb *climb; /* under way; NULL: none */
};
struct issuers {
    struct loop *loop;
    struct net *net;
    const struct issuers_events *events;
    void *ctx;
    struct issuer *issuer;
    uint32_t issuer_count;
    struct credential *credential;
    uint32_t credential_count;
    loop_id look_timer;
};
enum status issuer_settings_read(struct issuers *all, const char *path, struct why *why) MUST_USE;
void issuer_settings_release(struct issuers *all);

/* ---- what was seen of a token */
struct seen {
    bool known;            /* the credential has such a token */
    bool asked;            /* its revocation was asked for */
    bool accepted;         /* and the server said yes */
    bool self_contained;   /* who takes it need not ask whether it was revoked: a JWT */
    int64_t expires_s;     /* since 1970; 0: not told */
    bool replaced;         /* where it is kept another one stood afterwards */
    char note[NOTE_BYTES]; /* what it said else */
    struct {
        enum sight before, after;
        char why[NOTE_BYTES]; /* of SIGHT_NONE after */
    } by[MEANS_COUNT];
};
/* ---- a kind of issuer is one row: how it is asked, its rungs of the ladder, its words and keys */
enum rung { RUNG_DISABLE, RUNG_REVOKE, RUNG_STOP, RUNG_VERIFY, RUNG_COUNT };
extern const char *const RUNG_WORDS[RUNG_COUNT];

struct climb;
struct rung_row {
    void (*climb)(struct climb *c); /* ends in climb_next(); NULL: it is not offered */
    const char *words;              /* how it is confirmed, or why it is not offered */
};
/* What is said of a way to see whether a token works. */
struct means_row {
    const char *name;   /* "proven by ..." */
    const char *unseen; /* before the revocation: not active */
    const char *proof, *alive, *same, *blind;
};
/* The section in hand: one of both is there. */
struct section {
    struct issuers *all;
    const struct ini *ini;
    const struct ini_section *section;
    struct issuer *issuer;
    struct credential *credential;
    struct why *why;
};
/* `to` is where the key's value goes; `how` is the row's. */
typedef enum status take_fn(const struct section *s, void *to, int how, struct span value,
                            struct why *why);
struct key_row {
    const char *name;
    size_t offset; /* in a struct issuer, or a struct credential */
    take_fn *take;
    int how;
};
take_fn issuer_take_text, issuer_take_source;
#define SOURCE_KEYS(prefix, at)                                                                    \
    {prefix "_file", at, issuer_take_source, SOURCE_FILE},                                         \
        {prefix "_command", at, issuer_take_source, SOURCE_COMMAND},                               \
    {                                                                                              \
        prefix "_credential", at, issuer_take_source, SOURCE_CREDENTIAL                            \
    }
struct issuer_kind {
    const char *name;
    void (*discover)(struct climb *c); /* ends in climb_next() */
    void (*look)(struct climb *c);     /* whether the tokens work now; ends in climb_next() */
    struct rung_row rung[RUNG_COUNT];
    struct means_row means[MEANS_COUNT];
    const char *token[TOKEN_TYPES]; /* what each is called */
    const char *accepted;           /* what a yes to a revocation is worth by itself */
    /* Adds what the proof does not reach, each piece with ". " before it. */
    void (*limits)(struct buf *out, const struct seen seen[TOKEN_TYPES]);
    /* Why nothing can be revoked there, as far as it was discovered, or NULL. */
    const char *(*cannot)(const struct issuer *it);
    /* Keys of [issuer] beside kind, issuer, ca_file and timeout_ms, and what it needs and lacks of
     * them, or NULL. */
    const struct key_row *keys;
    size_t key_count;
    const char *(*lacks)(const struct issuer *it);
};
extern const struct issuer_kind ISSUER_OAUTH;
const struct issuer_kind *issuer_kind_find(struct span name); /* or NULL */
void issuer_kind_names(struct buf *out);

/* ---- verdict.c: what was seen, to what is said of it */
enum revoked verdict_of(const struct seen seen[TOKEN_TYPES]);
enum revoked verdict_worse(enum revoked a, enum revoked b);
/* What was asked and seen of each token. */
void verdict_tokens(struct buf *out, const struct issuer_kind *k,
                    const struct seen seen[TOKEN_TYPES]);
/* What is told of it, and of a confirmed one what proves it, and what that does not reach. */
void verdict_words(struct buf *out, const struct issuer_kind *k,
                   const struct seen seen[TOKEN_TYPES]);
void verdict_probe(struct buf *out, const struct issuer_kind *k,
                   const struct seen seen[TOKEN_TYPES]);

/* ---- climb.c */
enum purpose { PURPOSE_LOOK, PURPOSE_REVOKE };
typedef void step_fn(struct climb *c);
typedef void asked_fn(struct climb *c, const struct http_client_answer *a);
struct climb {
    struct issuers *all;
    struct credential *credential;
    uint32_t index;
    enum purpose purpose;
    step_fn *const *step, *const *again; /* the next one; the first of a further round */
    bool proving;    /* after the revocation: what is seen now counts as after */
    unsigned rounds; /* that are over: each of the tokens that stood there then */
    struct buf past; /* what came of them, when one did not end well */
    enum revoked worst;
    enum token_type at; /* that a step is at */
    enum discovery discovery;
    enum means means;        /* to look at it */
    unsigned looks;          /* of one token, after the revocation */
    char *text[TOKEN_TYPES]; /* the tokens; NULL: there is none */
    char *secret;            /* the client's */
    struct seen seen[TOKEN_TYPES];
    struct introspection told; /* of the token that was looked at last and is active */
    char trouble[NOTE_BYTES];  /* why it cannot be revoked; empty: nothing known */
    /* under way: */
    struct source_read *reading;
    net_id request;
    loop_id timer, deadline;
    struct {
        const char *url, *method, *accept;
        char *kept_url; /* the issuer's may change while it is asked again */
        struct span bearer;
        char *body; /* wiped */
        size_t body_bytes, answer_bytes;
        char *authorization; /* wiped; NULL: none */
        unsigned places, attempts;
        int64_t timeout_ms;
        asked_fn *fn;
    } ask;
};
/* Begins in the next turn. */
struct climb *climb_begin(struct issuers *all, uint32_t credential, enum purpose purpose);
void climb_cancel(struct climb *c); /* NULL is fine */
void climb_next(struct climb *c);   /* this step is over */
/* No further step: it cannot go on. */
void climb_end(struct climb *c, const char *why);
/* The next token that there is, from c->at on; false: none is left. */
bool climb_token(struct climb *c);

/* ---- ask.c: c->ask says what; the answer comes to c->ask.fn */
void climb_ask(struct climb *c);
/* A form with what names the client; c->ask.url and the rest are the caller's. */
void climb_ask_form(struct climb *c, struct buf *form);
void climb_ask_wipe(struct climb *c);
/* What an answer that is not the one that was wanted means, in words. */
void issuer_answer_words(struct climb *c, const struct http_client_answer *a, char out[NOTE_BYTES]);
/* What a server says, without secrets, until the next call of it: before it is cut. */
struct span climb_told(struct climb *c, struct span text);

/* ---- issuers.c */
void issuers_remember(struct climb *c); /* what was seen of its tokens */
void issuers_told(struct climb *c);     /* the climb is over: it is freed after this */

#endif
