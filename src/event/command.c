#include "checkrein/event.h"

#define DIGEST_PREFIX "sha256:"
#define DIGEST_DIGITS 64

/* What a verb cannot be understood without. */
enum need {
    NEED_APPROVAL = 1 << 0,
    NEED_DIGEST = 1 << 1,
    NEED_AGENT = 1 << 2,
    NEED_HOLDER = 1 << 3, /* an agent or a credential */
    NEED_WORDS = 1 << 4,  /* `reason` is what is sent */
    NEED_AMOUNT = 1 << 5,
};

static const unsigned needs[VERB_COUNT] = {
    [VERB_APPROVE] = NEED_APPROVAL | NEED_DIGEST,
    [VERB_DENY] = NEED_APPROVAL,
    [VERB_PAUSE] = NEED_HOLDER,
    [VERB_RESUME] = NEED_HOLDER,
    [VERB_INTERRUPT] = NEED_AGENT,
    [VERB_STOP] = NEED_AGENT,
    [VERB_FREEZE] = NEED_AGENT,
    [VERB_KILL] = NEED_AGENT,
    [VERB_TIGHTEN] = NEED_AGENT,
    [VERB_STOP_ALL] = 0,
    [VERB_RESET_STOP] = 0,
    [VERB_REVOKE] = NEED_HOLDER,
    [VERB_MESSAGE] = NEED_AGENT | NEED_WORDS,
    [VERB_BUDGET] = NEED_AGENT | NEED_AMOUNT,
};

static bool is_id(struct span id)
{
    if (id.n == 0 || id.n > COMMAND_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] <= ' ' || id.p[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool is_digest(struct span s)
{
    if (!span_starts(s, DIGEST_PREFIX)) {
        return false;
    }
    struct span digits = span_sub(s, sizeof(DIGEST_PREFIX) - 1, SIZE_MAX);
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return false;
        }
    }
    return digits.n == DIGEST_DIGITS;
}

/* The name of the first thing that this verb lacks, or NULL. */
static const char *missing(const struct command *c)
{
    const struct {
        enum need need;
        bool given;
        const char *name;
    } rows[] = {
        {NEED_APPROVAL, c->approval.n > 0,                            "an approval"           },
        {NEED_DIGEST,   c->digest.n > 0,                              "a digest"              },
        {NEED_AGENT,    c->agent.n > 0,                               "an agent"              },
        {NEED_HOLDER,   c->agent.n > 0 || c->credential.n > 0,        "an agent or credential"},
        {NEED_WORDS,    c->reason.n > 0,                              "words"                 },
        {NEED_AMOUNT,   c->limit_microusd > 0 || c->limit_tokens > 0, "a limit above zero"    },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((needs[c->verb] & rows[i].need) != 0 && !rows[i].given) {
            return rows[i].name;
        }
    }
    return NULL;
}

enum status command_check(const struct command *c, struct why *why)
{
    if (!is_id(c->id)) {
        return why_fail(why, ST_INVALID, "a command without a usable id");
    }
    if (c->verb <= VERB_UNKNOWN || c->verb >= VERB_COUNT) {
        return why_fail(why, ST_INVALID, "unknown verb \"%.*s\"",
                        SPAN_ARG(span_sub(c->raw_verb, 0, 32)));
    }
    const char *lacks = missing(c);
    if (lacks != NULL) {
        return why_fail(why, ST_INVALID, "%s without %s", verb_name(c->verb), lacks);
    }
    if (c->answers.n > 0 && c->verb != VERB_APPROVE) {
        return why_fail(why, ST_INVALID, "%s with answers", verb_name(c->verb));
    }
    if ((c->digest.n > 0 && !is_digest(c->digest)) ||
        (c->shown_digest.n > 0 && !is_digest(c->shown_digest))) {
        return why_fail(why, ST_INVALID, "a digest that is not sha256: and 64 hex digits");
    }
    return ST_OK;
}
