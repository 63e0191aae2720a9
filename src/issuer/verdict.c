/* verdict.c - what was seen of the tokens of a credential, to what is said of it. */
#include "issuer_priv.h"

#include "checkrein/num.h"

const char *const RUNG_WORDS[RUNG_COUNT] = {[RUNG_DISABLE] = "disable",
                                            [RUNG_REVOKE] = "revoke",
                                            [RUNG_STOP] = "stop",
                                            [RUNG_VERIFY] = "verify"};
static const char *const TOKEN_WORDS[TOKEN_TYPES] = {
    [TOKEN_REFRESH] = "refresh token", [TOKEN_ACCESS] = "access token"};

static const struct {
    const char *proof, *alive, *same, *blind;
} MEANS[MEANS_COUNT] = {
    [MEANS_INTROSPECTION] = {"introspection says not active, active before",
                             "introspection says it is still active", "introspection said not active before too: it was dead already, or "
                             "this client may not see it", "introspection says not active, but this client was not seen to see "
                             "it active"},
    [MEANS_TEST_CALL] = {"the test call is refused, let through before",
                             "the test call is still let through",    "the test call was refused before too",
                             "the test call is refused, but was not seen let through before"                                                                           },
};

enum proof { PROOF_NONE, PROOF_DEAD, PROOF_ALIVE };

static enum proof proof_by(const struct seen *s, enum means m)
{
    if (s->by[m].after == SIGHT_ACTIVE) {
        return PROOF_ALIVE;
    }
    return s->by[m].after == SIGHT_INACTIVE && s->by[m].before == SIGHT_ACTIVE ? PROOF_DEAD
                                                                               : PROOF_NONE;
}

static enum proof proof_of(const struct seen *s)
{
    enum proof best = PROOF_NONE;
    for (unsigned m = 0; m < MEANS_COUNT; m++) {
        enum proof p = proof_by(s, (enum means)m);
        best = p > best ? p : best;
    }
    return best;
}

enum revoked verdict_worse(enum revoked a, enum revoked b)
{
    static const int badness[] = {
        [REVOKED_CONFIRMED] = 0, [REVOKED_UNVERIFIABLE] = 1, [REVOKED_FAILED] = 2};
    return badness[a] > badness[b] ? a : b;
}

static enum revoked verdict_of_token(const struct seen *s)
{
    enum proof p = proof_of(s);
    if (s->replaced) {
        return REVOKED_FAILED;
    }
    if (p != PROOF_NONE) {
        return p == PROOF_DEAD ? REVOKED_CONFIRMED : REVOKED_FAILED;
    }
    return s->accepted ? REVOKED_UNVERIFIABLE : REVOKED_FAILED;
}

enum revoked verdict_of(const struct seen seen[TOKEN_TYPES])
{
    enum revoked worst = REVOKED_CONFIRMED;
    bool any = false;
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        if (seen[t].known) {
            worst = verdict_worse(worst, verdict_of_token(&seen[t]));
            any = true;
        }
    }
    return any ? worst : REVOKED_FAILED;
}

/* Of each way to look, the one thing that says most. */
static void add_sights(struct buf *out, const struct seen *s)
{
    for (unsigned m = 0; m < MEANS_COUNT; m++) {
        enum sight before = s->by[m].before;
        enum sight after = s->by[m].after;
        const char *words = after == SIGHT_ACTIVE      ? MEANS[m].alive
                            : after == SIGHT_NONE      ? s->by[m].why
                            : before == SIGHT_ACTIVE   ? MEANS[m].proof
                            : before == SIGHT_INACTIVE ? MEANS[m].same
                                                       : MEANS[m].blind;
        if (words[0] != '\0') {
            (void)buf_printf(out, "; %s", words);
        }
    }
}

static void add_token(struct buf *out, const struct seen *s, enum token_type t)
{
    (void)buf_printf(out, "%s%s: ", out->len > 0 ? ". " : "", TOKEN_WORDS[t]);
    if (s->accepted) {
        (void)buf_addstr(out, proof_of(s) == PROOF_NONE
                                  ? "revocation accepted, which proves nothing (RFC 7009, 2.2)"
                                  : "revocation accepted");
    } else {
        (void)buf_addstr(out, s->note[0] != '\0' ? s->note : "not revoked");
    }
    add_sights(out, s);
    if (s->replaced) {
        (void)buf_addstr(out, "; another one stands there by now, which was not revoked");
    }
}

/* Refused where it is used is more than not active where it was issued. */
static void add_where_it_is_used(struct buf *out, const struct seen *s)
{
    char until[TIME_TEXT_BYTES] = "it expires";
    if (!s->known || !s->self_contained || proof_by(s, MEANS_TEST_CALL) == PROOF_DEAD) {
        return;
    }
    if (s->expires_s > 0 && s->expires_s <= SECONDS_MAX) {
        time_format(s->expires_s * 1000000, until);
    }
    (void)buf_printf(out,
                     ". The access token is a JWT: who checks it without asking its issuer may "
                     "take it until %s",
                     until);
}

/* What the proof does not reach. */
static void add_unknown(struct buf *out, const struct seen seen[TOKEN_TYPES])
{
    if (!seen[TOKEN_REFRESH].known) {
        (void)buf_addstr(out, ". No refresh token is known here: whoever has one may get another");
    }
    if (!seen[TOKEN_ACCESS].known) {
        (void)buf_addstr(out, ". No access token is known here: one that was given out may work "
                              "until it expires");
    }
    add_where_it_is_used(out, &seen[TOKEN_ACCESS]);
}

void verdict_tokens(struct buf *out, const struct seen seen[TOKEN_TYPES])
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        if (seen[t].known) {
            add_token(out, &seen[t], (enum token_type)t);
        }
    }
}

void verdict_words(struct buf *out, const struct issuer_kind *k,
                   const struct seen seen[TOKEN_TYPES])
{
    verdict_tokens(out, seen);
    add_unknown(out, seen);
    for (unsigned r = 0; r < RUNG_COUNT; r++) {
        if (k->rung[r].climb == NULL) {
            (void)buf_printf(out, ". %s: %s", RUNG_WORDS[r], k->rung[r].words);
        }
    }
}

void verdict_probe(struct buf *out, const struct seen seen[TOKEN_TYPES])
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        for (unsigned m = 0; m < MEANS_COUNT && seen[t].known; m++) {
            if (proof_by(&seen[t], (enum means)m) == PROOF_DEAD) {
                (void)buf_printf(out, "%s%s: %s", out->len > 0 ? "; " : "", TOKEN_WORDS[t],
                                 MEANS[m].proof);
            }
        }
    }
    add_unknown(out, seen);
}
