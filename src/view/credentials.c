/* What is said of a credential wherever it stands. */
#include "frame_priv.h"

#define PROOF_COLS 400
#define TITLE_COLS 24
#define SHORT_COLS 9

bool credential_is_over(const struct fleet *f, const struct credential *c, int64_t wall_us)
{
    return fleet_credential_in_force(f, c) == CREDENTIAL_REVOKED ||
           (c->expires_us > 0 && c->expires_us <= wall_us);
}

/* What its events and its parents say; time may have ended it since. */
struct symbol credential_symbol(struct frame *fr, const struct credential *c)
{
    static const struct symbol symbols[CREDENTIAL_STATE_COUNT] = {
        [CREDENTIAL_UNKNOWN] = {"-", "unknown", ROLE_STALE  },
        [CREDENTIAL_ACTIVE] = {">", "active",  ROLE_RUNNING},
        [CREDENTIAL_HELD] = {"=", "held",    ROLE_PAUSED },
        [CREDENTIAL_CHOKED] = {"~", "choked",  ROLE_PAUSED },
        [CREDENTIAL_REVOKED] = {"x", "revoked", ROLE_GONE   },
    };
    enum credential_state s = fleet_credential_in_force(fr->f, c);
    if (c->expires_us > fr->now.wall_us) {
        frame_change_wall(fr, c->expires_us);
    }
    if (s != CREDENTIAL_REVOKED && c->expires_us > 0 && c->expires_us <= fr->now.wall_us) {
        return (struct symbol){".", "expired", ROLE_GONE};
    }
    if (s == CREDENTIAL_UNKNOWN && !c->told) { /* an agent says that it holds it: no more */
        return (struct symbol){"-", "listed", ROLE_TEXT};
    }
    return symbols[s];
}

/* Ids of one kind begin alike: of a long one the end is shown. */
struct safe credential_short(struct frame *fr, const struct credential *c, int cols)
{
    struct span id = fleet_span(fr->f, c->id);
    size_t keep = cols > 1 ? (size_t)cols - 1 : 1;
    size_t at = id.n > (size_t)cols ? id.n - keep : 0;
    while (at > 0 && at < id.n && ((unsigned char)id.p[at] & 0xC0u) == 0x80u) {
        at++;
    }
    struct words w = words_of(fr);
    words_own(&w, at > 0 ? "…" : "");
    words_foreign(&w, span_sub(id, at, id.n - at), cols);
    return words_end(&w);
}

struct safe credential_title(struct frame *fr, uint32_t credential)
{
    const struct credential *c = fleet_credential(fr->f, credential);
    struct words w = words_of(fr);
    if (c == NULL) {
        return text_own("(gone)");
    }
    words_safe(&w, credential_short(fr, c, SHORT_COLS));
    words_own(&w, " of ");
    words_safe(&w, credential_holder(fr, c, TITLE_COLS));
    return words_end(&w);
}

struct safe credential_holder(struct frame *fr, const struct credential *c, int cols)
{
    const struct agent *a = fleet_agent(fr->f, c->agent);
    uint32_t others = c->holders > 1 ? c->holders - 1 : 0;
    struct words w = words_of(fr);
    if (a == NULL && c->holders > 0) {
        words_fmt(&w, "%u agent%s", c->holders, c->holders == 1 ? "" : "s");
    } else if (a == NULL && c->holder != 0) {
        words_sid(&w, c->holder, cols); /* no agent that is known: what it was issued for */
    } else if (a == NULL) {
        words_own(&w, c->agent == 0 ? "nobody" : "(gone)");
    } else {
        int room = others > 0 && cols > 6 ? cols - 4 : cols;
        words_safe(&w, text_ellipsis(fr->arena, agent_title(fr, a, room), (uint32_t)room, "…"));
        if (others > 0) {
            words_fmt(&w, " +%u", others);
        }
    }
    return words_end(&w);
}

/* A lease without scopes is narrowed by nothing; of anything else that is not known. */
struct safe credential_scopes(struct frame *fr, const struct credential *c, int cols)
{
    return c->scopes != 0   ? frame_say_sid(fr, c->scopes, cols)
           : c->digest != 0 ? text_own("everything")
                            : text_own("not told");
}

/* "in 4h", "never", or what its list says. Only a lease is known to have no end. */
struct safe credential_ends(struct frame *fr, const struct credential *c, int cols)
{
    struct words w = words_of(fr);
    if (c->expires_us > fr->now.wall_us) {
        words_own(&w, "in ");
        words_safe(&w, frame_left_short(fr, c->expires_us));
    } else if (c->expires_us > 0) {
        words_safe(&w, frame_age_short(fr, c->expires_us));
        words_own(&w, " ago");
    } else if (c->until != 0) {
        words_sid(&w, c->until, cols);
    } else {
        words_own(&w, c->digest != 0 ? "never" : "-");
    }
    return words_end(&w);
}

/* ---- what is known of its end */
const char *revocation_word(enum command_state s)
{
    static const char *const words[COMMAND_STATE_COUNT] = {
        [COMMAND_UNKNOWN] = "requested",
        [COMMAND_SENT] = "requested",
        [COMMAND_ACCEPTED] = "accepted",
        [COMMAND_CONFIRMED] = "confirmed",
        [COMMAND_REFUSED] = "refused",
        [COMMAND_EXPIRED] = "expired, nothing was done",
        [COMMAND_FAILED] = "FAILED",
        [COMMAND_SUPERSEDED] = "superseded",
        [COMMAND_UNVERIFIABLE] = "cannot verify",
    };
    return words[(unsigned)s < COMMAND_STATE_COUNT ? s : COMMAND_UNKNOWN];
}

/* "confirmed: 1 revoked; 1 test call was refused": a refusal gives a reason, a confirmation says by
 * what. */
void say_revocation(struct words *w, const struct command_track *t, int cols)
{
    sid text = t->state == COMMAND_CONFIRMED && t->by != 0 ? t->by : t->reason;
    bool answered = t->state != COMMAND_SENT && t->state != COMMAND_UNKNOWN;
    words_own(w, revocation_word(t->state));
    if (answered && text != 0) {
        words_own(w, ": ");
        words_sid(w, text, cols);
    }
}

static void say_dead(struct words *w, const struct credential *c)
{
    if (c->probe != 0) {
        words_sid(w, c->probe, PROOF_COLS);
        return;
    }
    words_own(w, "not proved here");
    if (c->reason != 0) {
        words_own(w, ": ");
        words_sid(w, c->reason, PROOF_COLS);
    }
}

/* "yes", or nothing. */
static bool says_only_yes(struct span said)
{
    return said.n == 0 || span_is(said, "yes") || span_is(said, "true");
}

const struct command_track *credential_order(const struct fleet *f, const struct credential *c)
{
    const struct command_track *t = fleet_credential_revocation(f, c);
    bool nothing = t != NULL && (t->state == COMMAND_REFUSED || t->state == COMMAND_EXPIRED);
    bool dead = fleet_credential_in_force(f, c) == CREDENTIAL_REVOKED;
    return nothing && dead ? NULL : t;
}

struct field credential_proof(struct frame *fr, const struct credential *c)
{
    const struct command_track *t = credential_order(fr->f, c);
    struct span said = fleet_span(fr->f, c->revocable);
    struct words w = words_of(fr);
    struct span why = SPAN_NONE;
    if (t != NULL) {
        say_revocation(&w, t, PROOF_COLS);
        return (struct field){words_end(&w), symbol_of_command(t->state).role};
    }
    if (fleet_credential_in_force(fr->f, c) == CREDENTIAL_REVOKED) {
        say_dead(&w, c);
        return (struct field){words_end(&w), ROLE_DIM};
    }
    bool can = fleet_credential_revocable(fr->f, c, &why);
    if (can && !says_only_yes(said)) { /* whether it could be proven, or why it will hardly be */
        words_foreign(&w, said, PROOF_COLS);
        return (struct field){words_end(&w), ROLE_TEXT};
    }
    if (can) {
        return (struct field){text_own("can be"), ROLE_TEXT};
    }
    words_own(&w, "NOT: ");
    words_foreign(&w, why, PROOF_COLS);
    return (struct field){words_end(&w), ROLE_STRONG};
}
