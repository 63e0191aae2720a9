/* verdict.c - what was seen of the tokens of a credential, to what is said of it. */
#include "issuer_priv.h"

const char *const RUNG_WORDS[RUNG_COUNT] = {[RUNG_DISABLE] = "disable",
                                            [RUNG_REVOKE] = "revoke",
                                            [RUNG_STOP] = "stop",
                                            [RUNG_VERIFY] = "verify"};
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
static void add_sights(struct buf *out, const struct issuer_kind *k, const struct seen *s)
{
    for (unsigned m = 0; m < MEANS_COUNT; m++) {
        enum sight before = s->by[m].before;
        enum sight after = s->by[m].after;
        const struct means_row *row = &k->means[m];
        const char *words = after == SIGHT_ACTIVE      ? row->alive
                            : after == SIGHT_NONE      ? s->by[m].why
                            : before == SIGHT_ACTIVE   ? row->proof
                            : before == SIGHT_INACTIVE ? row->same
                                                       : row->blind;
        if (words[0] != '\0') {
            (void)buf_printf(out, "; %s", words);
        }
    }
}

static void add_token(struct buf *out, const struct issuer_kind *k, const struct seen *s,
                      enum token_type t)
{
    (void)buf_printf(out, "%s%s: ", out->len > 0 ? ". " : "", k->token[t]);
    if (s->accepted) {
        (void)buf_printf(out, "revocation accepted%s",
                         proof_of(s) == PROOF_NONE ? k->accepted : "");
    } else {
        (void)buf_addstr(out, s->note[0] != '\0' ? s->note : "not revoked");
    }
    add_sights(out, k, s);
    if (s->replaced) {
        (void)buf_addstr(out, "; another one stands there by now, which was not revoked");
    }
}

void verdict_tokens(struct buf *out, const struct issuer_kind *k,
                    const struct seen seen[TOKEN_TYPES])
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        if (seen[t].known) {
            add_token(out, k, &seen[t], (enum token_type)t);
        }
    }
}

void verdict_words(struct buf *out, const struct issuer_kind *k,
                   const struct seen seen[TOKEN_TYPES])
{
    verdict_tokens(out, k, seen);
    k->limits(out, seen);
    for (unsigned r = 0; r < RUNG_COUNT; r++) {
        if (k->rung[r].climb == NULL) {
            (void)buf_printf(out, ". %s: %s", RUNG_WORDS[r], k->rung[r].words);
        }
    }
}

void verdict_probe(struct buf *out, const struct issuer_kind *k,
                   const struct seen seen[TOKEN_TYPES])
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        for (unsigned m = 0; m < MEANS_COUNT && seen[t].known; m++) {
            if (proof_by(&seen[t], (enum means)m) == PROOF_DEAD) {
                (void)buf_printf(out, "%s%s: %s", out->len > 0 ? "; " : "", k->token[t],
                                 k->means[m].proof);
            }
        }
    }
    k->limits(out, seen);
}
