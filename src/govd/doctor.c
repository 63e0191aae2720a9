/* doctor.c - the test call of `checkrein doctor`, which comes in by the hook that is installed,
 * like any other.
 *
 * No rule and no operator is asked: it is refused, so nothing is left waiting, and no agent of that
 * name is made. Its nonce stands in the refusal: who sent it knows that this daemon, and nobody
 * from before, has answered.
 */
#include "hooks_priv.h"

#define NONCE_SHOWN 64

static struct span nonce_of(struct hook *h)
{
    struct span nonce = hook_text(h, "tool_input/nonce");
    bool sane = nonce.n && nonce.n <= NONCE_SHOWN && ini_has_only(nonce, "0123456789abcdef");
    return sane ? nonce : SPAN("-");
}

static bool record(struct govd *g, struct span body, struct span nonce)
{
    char note[NONCE_SHOWN + 48];
    (void)snprintf(note, sizeof(note), "doctor: test call %.*s was refused", SPAN_ARG(nonce));
    return !journal_failed(g->journal) &&
           journal_raw(g->journal, govd_wall_us(), SPAN("doctor"), body, NULL) == ST_OK &&
           journal_note(g->journal, govd_wall_us(), span_str(note), NULL) == ST_OK;
}

bool doctor_call(struct hook *h, struct span session, struct span body)
{
    char reason[REASON_BYTES];
    if (!span_is(session, DOCTOR_SESSION)) {
        return false;
    }
    if (!newcomer_pay(h->g)) {
        hook_deny(h, "checkrein: too many test calls at once");
        return true;
    }
    struct span nonce = nonce_of(h);
    (void)snprintf(reason, sizeof(reason),
                   "checkrein doctor: test call %.*s is refused, as all of them%s", SPAN_ARG(nonce),
                   record(h->g, body, nonce) ? "" : "; it could not be recorded");
    hook_deny(h, reason);
    return true;
}
