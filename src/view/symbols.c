/* Every state has a word and a mark besides its role: nothing is said by colour alone. */
#include "frame_priv.h"

static const struct symbol states[AGENT_STATE_COUNT] = {
    [AGENT_UNKNOWN] = {"-", "unknown",  ROLE_STALE   },
    [AGENT_STARTING] = {">", "starting", ROLE_RUNNING },
    [AGENT_RUNNING] = {">", "running",  ROLE_RUNNING },
    [AGENT_WAITING_APPROVAL] = {"?", "waiting",  ROLE_WAITING },
    [AGENT_WAITING_INPUT] = {"i", "input",    ROLE_WAITING },
    [AGENT_PAUSING] = {"~", "pausing",  ROLE_STOPPING},
    [AGENT_PAUSED] = {"=", "paused",   ROLE_PAUSED  },
    [AGENT_STOPPING] = {"~", "stopping", ROLE_STOPPING},
    [AGENT_STOPPED] = {".", "stopped",  ROLE_STOPPED },
    [AGENT_FAILED] = {"!", "failed",   ROLE_FAILED  },
    [AGENT_IDLE] = {".", "idle",     ROLE_IDLE    },
};

struct symbol symbol_of_state(enum agent_state s)
{
    return states[(unsigned)s < AGENT_STATE_COUNT ? s : AGENT_UNKNOWN];
}

/* A state that is not known to be true is never shown as if it were. */
struct symbol symbol_of_agent(const struct frame *fr, const struct agent *a)
{
    if (fleet_agent_stale(fr->f, a, fr->now.wall_us)) {
        return (struct symbol){"-", "stale", ROLE_STALE};
    }
    if (a->pending > 0 && a->state != AGENT_PAUSED && a->state != AGENT_STOPPED) {
        return states[AGENT_WAITING_APPROVAL];
    }
    if (agent_retries(a)) {
        return (struct symbol){"~", "retrying", ROLE_STRONG};
    }
    return agent_in_trouble(a) ? states[AGENT_FAILED] : symbol_of_state(a->state);
}

static const struct symbol links[LINK_COUNT] = {
    [LINK_UNKNOWN] = {"○", "unknown",    ROLE_LINK_DOWN},
    [LINK_CONNECTING] = {"○", "connecting", ROLE_LINK_DOWN},
    [LINK_SYNCING] = {"○", "syncing",    ROLE_LINK_DOWN},
    [LINK_LIVE] = {"●", "live",       ROLE_LINK_UP  },
    [LINK_STALE] = {"○", "stale",      ROLE_LINK_DOWN},
    [LINK_FROZEN] = {"○", "frozen",     ROLE_PAUSED   },
    [LINK_DOWN] = {"○", "down",       ROLE_LINK_DOWN},
    [LINK_REFUSED] = {"○", "refused",    ROLE_LINK_DOWN},
};

struct symbol symbol_of_link(enum link_state s)
{
    return links[(unsigned)s < LINK_COUNT ? s : LINK_UNKNOWN];
}

struct symbol symbol_of_risk(enum risk r)
{
    static const struct symbol risks[RISK_COUNT] = {
        [RISK_UNKNOWN] = {"?", "risk?", ROLE_RISK_HIGH},
        [RISK_LOW] = {" ", "low",   ROLE_RISK_LOW },
        [RISK_HIGH] = {"!", "high",  ROLE_RISK_HIGH},
    };
    return risks[(unsigned)r < RISK_COUNT ? r : RISK_UNKNOWN];
}

struct symbol symbol_of_decision(enum decision d)
{
    static const struct symbol decisions[DECISION_COUNT] = {
        [DECISION_UNKNOWN] = {"-", "answered",   ROLE_GONE    },
        [DECISION_APPROVED] = {"+", "approved",   ROLE_APPROVED},
        [DECISION_DENIED] = {"x", "denied",     ROLE_DENIED  },
        [DECISION_WITHDRAWN] = {"-", "withdrawn",  ROLE_GONE    },
        [DECISION_EXPIRED] = {"-", "expired",    ROLE_GONE    },
        [DECISION_SUPERSEDED] = {"-", "superseded", ROLE_GONE    },
    };
    return decisions[(unsigned)d < DECISION_COUNT ? d : DECISION_UNKNOWN];
}

struct symbol symbol_of_command(enum command_state s)
{
    static const struct symbol commands[COMMAND_STATE_COUNT] = {
        [COMMAND_UNKNOWN] = {"-", "unknown",                  ROLE_TEXT  },
        [COMMAND_SENT] = {">", "sent",                     ROLE_TEXT  },
        [COMMAND_ACCEPTED] = {">", "accepted",                 ROLE_TEXT  },
        [COMMAND_CONFIRMED] = {"+", "confirmed",                ROLE_STRONG},
        [COMMAND_REFUSED] = {"x", "refused",                  ROLE_ERROR },
        [COMMAND_EXPIRED] = {"x", "expired: nothing was run", ROLE_ERROR },
        [COMMAND_SUPERSEDED] = {"x", "superseded",               ROLE_ERROR },
        [COMMAND_FAILED] = {"x", "failed",                   ROLE_ERROR },
        [COMMAND_UNVERIFIABLE] = {"?", "cannot be verified",       ROLE_ALARM },
    };
    return commands[(unsigned)s < COMMAND_STATE_COUNT ? s : COMMAND_UNKNOWN];
}

const char *verb_words(enum verb v)
{
    static const char *const words[VERB_COUNT] = {
        [VERB_UNKNOWN] = "unknown",     [VERB_APPROVE] = "approve",
        [VERB_DENY] = "deny",           [VERB_PAUSE] = "pause",
        [VERB_RESUME] = "resume",       [VERB_INTERRUPT] = "interrupt",
        [VERB_STOP] = "stop",           [VERB_FREEZE] = "freeze",
        [VERB_KILL] = "kill",           [VERB_TIGHTEN] = "tighten",
        [VERB_STOP_ALL] = "fleet stop", [VERB_RESET_STOP] = "reset stop",
        [VERB_REVOKE] = "revoke",       [VERB_MESSAGE] = "message",
        [VERB_BUDGET] = "budget",
    };
    return words[(unsigned)v < VERB_COUNT ? v : VERB_UNKNOWN];
}

/* ---- log entries */
static struct symbol of_outcome(uint8_t outcome)
{
    static const struct symbol outcomes[OUTCOME_COUNT] = {
        [OUTCOME_UNKNOWN] = {" ", "did",       ROLE_TEXT  },
        [OUTCOME_SUCCEEDED] = {" ", "did",       ROLE_TEXT  },
        [OUTCOME_FAILED] = {"!", "failed",    ROLE_FAILED},
        [OUTCOME_DENIED] = {"x", "denied",    ROLE_DENIED},
        [OUTCOME_CANCELLED] = {"-", "cancelled", ROLE_DIM   },
    };
    return outcomes[outcome < OUTCOME_COUNT ? outcome : OUTCOME_UNKNOWN];
}

static struct symbol of_verdict(uint8_t verdict)
{
    static const struct symbol verdicts[VERDICT_COUNT] = {
        [VERDICT_UNKNOWN] = {" ", "judged",  ROLE_DIM   },
        [VERDICT_ALLOW] = {" ", "allowed", ROLE_DIM   },
        [VERDICT_ASK] = {"?", "asks",    ROLE_TEXT  },
        [VERDICT_DENY] = {"x", "denied",  ROLE_DENIED},
    };
    return verdicts[verdict < VERDICT_COUNT ? verdict : VERDICT_UNKNOWN];
}

/* Of a credential: that it was let through, waits, or was not. */
static struct symbol of_use(uint8_t verdict)
{
    static const struct symbol uses[VERDICT_COUNT] = {
        [VERDICT_UNKNOWN] = {" ", "used",    ROLE_DIM   },
        [VERDICT_ALLOW] = {" ", "used",    ROLE_DIM   },
        [VERDICT_ASK] = {"=", "waits",   ROLE_STRONG},
        [VERDICT_DENY] = {"x", "refused", ROLE_DENIED},
    };
    return uses[verdict < VERDICT_COUNT ? verdict : VERDICT_UNKNOWN];
}

static struct symbol of_failure(const struct log_entry *e)
{
    return e->retrying ? (struct symbol){"~", "retrying", ROLE_TEXT}
                       : (struct symbol){"!", "failure", ROLE_FAILED};
}

static struct symbol of_signal(uint8_t severity)
{
    if (severity == SEVERITY_EMERGENCY) {
        return (struct symbol){"!", "emergency", ROLE_EMERGENCY};
    }
    return severity == SEVERITY_LOW ? (struct symbol){"*", "signal", ROLE_TEXT}
                                    : (struct symbol){"!", "alarm", ROLE_ALARM};
}

static struct symbol of_flag(const struct log_entry *e)
{
    if (e->type == EVENT_FLEET_STOP) {
        return e->detail != 0 ? (struct symbol){"!", "stopped", ROLE_EMERGENCY}
                              : (struct symbol){"*", "stop reset", ROLE_STRONG};
    }
    return e->detail != 0 ? (struct symbol){"*", "is here", ROLE_DIM}
                          : (struct symbol){"*", "has left", ROLE_DIM};
}

struct symbol symbol_of_task(const struct task *t)
{
    static const struct symbol ends[OUTCOME_COUNT] = {
        [OUTCOME_UNKNOWN] = {"-", "not told", ROLE_DIM   },
        [OUTCOME_SUCCEEDED] = {"+", "done",     ROLE_TEXT  },
        [OUTCOME_FAILED] = {"!", "failed",   ROLE_FAILED},
        [OUTCOME_DENIED] = {"x", "denied",   ROLE_DENIED},
        [OUTCOME_CANCELLED] = {"x", "cut",      ROLE_STRONG},
    };
    return t->open ? (struct symbol){">", "working", ROLE_RUNNING} : ends[t->outcome];
}

static struct symbol of_task(uint8_t outcome)
{
    static const struct symbol ends[OUTCOME_COUNT] = {
        [OUTCOME_UNKNOWN] = {"-", "task over", ROLE_DIM   },
        [OUTCOME_SUCCEEDED] = {"+", "task done", ROLE_TEXT  },
        [OUTCOME_FAILED] = {"!", "task fail", ROLE_FAILED},
        [OUTCOME_DENIED] = {"x", "task cut",  ROLE_STRONG},
        [OUTCOME_CANCELLED] = {"x", "task cut",  ROLE_STRONG},
    };
    return ends[outcome < OUTCOME_COUNT ? outcome : OUTCOME_UNKNOWN];
}

static struct symbol of_result(const struct log_entry *e)
{
    struct symbol s = symbol_of_command((enum command_state)e->detail);
    return e->detail == COMMAND_EXPIRED ? (struct symbol){s.mark, "expired", s.role} : s;
}

static const struct symbol plain_entries[EVENT_TYPE_COUNT] = {
    [EVENT_AGENT_STARTED] = {"*", "started", ROLE_TEXT    },
    [EVENT_AGENT_UPDATED] = {"*", "changed", ROLE_TEXT    },
    [EVENT_ACTION_STARTED] = {">", "does",    ROLE_TEXT    },
    [EVENT_ACTION_OUTPUT] = {" ", "output",  ROLE_DIM     },
    [EVENT_APPROVAL_REQUESTED] = {"?", "asks",    ROLE_APPROVAL},
    [EVENT_TASK_STARTED] = {">", "task",    ROLE_STRONG  },
    [EVENT_SPEND_RECORDED] = {"$", "spent",   ROLE_DIM     },
    [EVENT_CREDENTIAL_ISSUED] = {"*", "got",     ROLE_TEXT    },
    [EVENT_CREDENTIAL_REVOKED] = {"x", "revoked", ROLE_STRONG  },
    [EVENT_CREDENTIAL_CHANGED] = {"=", "lease",   ROLE_STRONG  },
    [EVENT_POLICY_LOADED] = {"*", "policy",  ROLE_STRONG  },
    [EVENT_OPERATOR_COMMAND] = {">", "ordered", ROLE_STRONG  },
    [EVENT_UNKNOWN] = {"-", "unknown", ROLE_DIM     },
};

struct symbol symbol_of_entry(const struct log_entry *e)
{
    switch ((int)e->type) {
    case EVENT_AGENT_STATE:
        return symbol_of_state((enum agent_state)e->detail);
    case EVENT_ACTION_FINISHED:
        return of_outcome(e->detail);
    case EVENT_TASK_FINISHED:
        return of_task(e->detail);
    case EVENT_APPROVAL_RESOLVED:
        return symbol_of_decision((enum decision)e->detail);
    case EVENT_FAILURE_REPORTED:
        return of_failure(e);
    case EVENT_SIGNAL_RAISED:
        return of_signal(e->detail);
    case EVENT_POLICY_DECIDED:
        return of_verdict(e->detail);
    case EVENT_CREDENTIAL_USED:
        return of_use(e->detail);
    case EVENT_BACKEND_LINK:
        return symbol_of_link((enum link_state)e->detail);
    case EVENT_FLEET_STOP:
    case EVENT_OPERATOR_PRESENCE:
        return of_flag(e);
    case EVENT_OPERATOR_RESULT:
        return of_result(e);
    default:
        return plain_entries[(unsigned)e->type < EVENT_TYPE_COUNT ? e->type : EVENT_UNKNOWN];
    }
}
