/* What is said of an agent, an approval or a log entry wherever it stands. */
#include "frame_priv.h"

bool agent_in_trouble(const struct agent *a)
{
    return a->state == AGENT_FAILED || (a->failing && a->state != AGENT_STOPPED);
}

bool agent_waits_for_budget(const struct fleet *f, const struct agent *a)
{
    return a->state == AGENT_PAUSED && span_starts(fleet_span(f, a->state_reason), "held: ");
}

/* Notes when a silent agent will be shown as stale. */
bool agent_is_stale(struct frame *fr, const struct agent *a)
{
    int64_t limit_us = 0;
    if (a->traits->heartbeat_ms > 0 &&
        !__builtin_mul_overflow(a->traits->heartbeat_ms, 2000, &limit_us) &&
        !__builtin_add_overflow(limit_us, a->last_event_us, &limit_us)) {
        frame_change_wall(fr, limit_us + 1);
    }
    return fleet_agent_stale(fr->f, a, fr->now.wall_us);
}

int64_t agent_tokens(const struct agent *a)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a->tokens_in, a->tokens_out, &sum)) {
        return INT64_MAX;
    }
    return sum;
}

/* Since when it is as it is shown. */
int64_t agent_since(const struct fleet *f, const struct agent *a)
{
    const struct approval *request = fleet_approval(f, agent_first_request(f, a->ref));
    if (request != NULL) {
        return request->requested_us;
    }
    return a->now_running && a->now_since_us > a->state_since_us ? a->now_since_us
                                                                 : a->state_since_us;
}

struct safe agent_title(struct frame *fr, const struct agent *a, int cols)
{
    if (a == NULL) {
        return text_own("(gone)");
    }
    return frame_say(fr, agent_name(fr->f, a->ref), cols);
}

struct safe agent_for(struct frame *fr, const struct agent *a, int cols)
{
    return frame_say_sid(
        fr, a->traits->on_behalf_of != 0 ? a->traits->on_behalf_of : a->traits->owner, cols);
}

struct safe agent_may(struct frame *fr, const struct agent *a, int cols)
{
    struct words w = words_of(fr);
    words_sid(&w,
              a->traits->permission_mode != 0 ? a->traits->permission_mode
                                              : a->traits->permission_sandbox,
              cols);
    if (a->traits->permission_network != 0 &&
        !span_is(fleet_span(fr->f, a->traits->permission_network), "none")) {
        words_own(&w, " +net");
    }
    return words_end(&w);
}

struct safe agent_cost(struct frame *fr, const struct agent *a)
{
    struct words w = words_of(fr);
    if (a->cost_microusd == 0) {
        return text_own(a->unpriced ? "unpriced" : "-");
    }
    words_own(&w, a->cost_estimated ? "~" : "");
    words_safe(&w, frame_money(fr, a->cost_microusd));
    words_own(&w, a->unpriced ? "+" : "");
    return words_end(&w);
}

bool agent_retries(const struct agent *a)
{
    bool works =
        a->state == AGENT_RUNNING || a->state == AGENT_STARTING || a->state == AGENT_UNKNOWN;
    return a->retrying > 0 && works && !agent_in_trouble(a);
}

static void say_retrying(struct words *w, const struct agent *a, int cols)
{
    const struct log_entry *e = fleet_log_entry(w->fr->f, a->last_failure);
    words_fmt(w, "retrying %u", a->retrying);
    if (e != NULL && e->text != 0) {
        words_own(w, ": ");
        words_safe(w, entry_text(w->fr, e, cols));
    }
}

/* The reason of a state is that of the trouble only when the state is the trouble. */
static void say_trouble(struct words *w, const struct agent *a, int cols)
{
    const struct log_entry *e = fleet_log_entry(w->fr->f, a->last_failure);
    if (e == NULL || (a->state == AGENT_FAILED && a->state_reason != 0)) {
        words_sid(w, a->state_reason, cols);
    } else {
        words_safe(w, entry_text(w->fr, e, cols));
    }
}

static void say_doing(struct words *w, const struct agent *a, int cols)
{
    struct frame *fr = w->fr;
    const struct approval *request = fleet_approval(fr->f, agent_first_request(fr->f, a->ref));
    const struct credential *bound = fleet_agent_bound(fr->f, a->ref);
    if (request != NULL) {
        words_safe(w, approval_what(fr, request, cols));
    } else if (agent_in_trouble(a)) {
        say_trouble(w, a, cols);
    } else if (agent_retries(a)) {
        say_retrying(w, a, cols);
    } else if (bound != NULL && a->state != AGENT_PAUSED && a->state != AGENT_STOPPED) {
        words_fmt(w, "its lease is %s",
                  credential_state_name(fleet_credential_in_force(fr->f, bound)));
    } else if (a->now_running || a->state == AGENT_RUNNING) {
        words_sid(w, a->now, cols);
    } else if (a->state_reason != 0) {
        words_sid(w, a->state_reason, cols);
    } else {
        words_own(w, "-");
    }
}

struct safe agent_now(struct frame *fr, const struct agent *a, int cols)
{
    struct words w = words_of(fr);
    if (agent_is_stale(fr, a)) {
        words_own(&w, "last known: ");
        words_own(&w, symbol_of_state(a->state).word);
        if (a->now != 0) {
            words_own(&w, ", ");
            words_sid(&w, a->now, cols);
        }
    } else {
        say_doing(&w, a, cols);
    }
    return words_end(&w);
}

struct safe approval_what(struct frame *fr, const struct approval *a, int cols)
{
    return frame_say_sid(fr, a->summary != 0 ? a->summary : a->tool, cols);
}

struct safe approval_deadline(struct frame *fr, const struct approval *a)
{
    static const char *const then[ON_SILENCE_COUNT] = {
        [SILENCE_UNKNOWN] = "ends in ",
        [SILENCE_WAIT] = "ends in ",
        [SILENCE_DENY] = "denied in ",
        [SILENCE_ALLOW] = "ALLOWED in ",
    };
    struct words w = words_of(fr);
    if (!a->pending) {
        return text_own(symbol_of_decision(a->decision).word);
    }
    if (a->only_in != 0) {
        return text_own("its own client");
    }
    if (a->expires_us == 0) {
        return text_own("waits");
    }
    words_own(&w,
              then[(unsigned)a->on_silence < ON_SILENCE_COUNT ? a->on_silence : SILENCE_UNKNOWN]);
    words_safe(&w, frame_left_short(fr, a->expires_us));
    return words_end(&w);
}

/* The last fifth of the time stands out; what runs by itself when nobody answers does all the time.
 */
enum role approval_deadline_role(struct frame *fr, const struct approval *a)
{
    int64_t whole_us = 0;
    if (!a->pending || a->expires_us == 0) {
        return ROLE_TEXT;
    }
    if (a->on_silence == SILENCE_ALLOW) {
        return ROLE_ALARM;
    }
    if (__builtin_sub_overflow(a->expires_us, a->requested_us, &whole_us)) {
        return ROLE_TEXT;
    }
    int64_t last_us = a->expires_us - whole_us / 5;
    frame_change_wall(fr, last_us);
    return fr->now.wall_us >= last_us ? ROLE_ALARM : ROLE_TEXT;
}

struct safe entry_text(struct frame *fr, const struct log_entry *e, int cols)
{
    if (e->text != 0) {
        return frame_say_sid(fr, e->text, cols);
    }
    if (e->type == EVENT_SPEND_RECORDED && e->tokens >= 0) {
        struct words w = words_of(fr);
        words_safe(&w, frame_quantity(fr, e->tokens));
        words_own(&w, " tokens");
        return words_end(&w);
    }
    return text_own("");
}

#define DIGEST_HEAD 12 /* of its digits, where all do not fit */

/* The order that the decision is of, when it was given here with the request open. */
static const struct command_track *order_of(const struct fleet *f, const struct approval *a)
{
    const struct command_track *t = fleet_command_on(f, 0, a->ref);
    enum verb verb = a->decision == DECISION_APPROVED ? VERB_APPROVE
                     : a->decision == DECISION_DENIED ? VERB_DENY
                                                      : VERB_UNKNOWN;
    bool taken = t != NULL && (t->state == COMMAND_CONFIRMED || t->state == COMMAND_ACCEPTED);
    return taken && !a->pending && t->displayed && t->verb == verb ? t : NULL;
}

void request_say_display(struct words *w, const struct approval *a)
{
    const struct fleet *f = w->fr->f;
    const struct command_track *t = order_of(f, a);
    struct span digest = t == NULL ? SPAN_NONE : fleet_span(f, t->display_digest);
    bool same = t != NULL && t->display_digest == a->digest;
    if (t == NULL || !approve_digest_valid(digest)) {
        return;
    }
    digest = span_sub(digest, sizeof("sha256:") - 1, DIGEST_HEAD);
    if (!same) { /* first of all */
        words_fmt(w, " on ANOTHER TEXT, sha256 %.*s…,", SPAN_ARG(digest));
    }
    words_own(w, " after ");
    words_safe(w, frame_took(w->fr, t->display_ms));
    words_fmt(w, " on a screen of %lldx%lld", (long long)t->display_cols,
              (long long)t->display_rows);
    words_own(w, t->display_to_end ? ", to its end" : ", NOT to its end");
    if (t->display_risk != a->risk) {
        words_fmt(w, ", shown as risk %s", risk_name(t->display_risk));
    }
    if (same) {
        words_fmt(w, ", sha256 %.*s…", SPAN_ARG(digest));
    }
}
