/* operator_verbs.h - the operator's verbs as subcommands: one row each, for the command line, its
 * help, its completion and its manual. A verb of VERBS (event.h) that has no row here cannot be
 * given from a shell; the tests look for one.
 */
#ifndef APP_OPERATOR_VERBS_H
#define APP_OPERATOR_VERBS_H

#include "app_priv.h"
#include "checkrein/event.h"

/* What the operands are. "Many" is one command to each; never for what lets something run. */
enum aim {
    AIM_ALL,     /* none: one command to each back-end */
    AIM_REQUEST, /* one request */
    AIM_REQUESTS,
    AIM_AGENT, /* one agent */
    AIM_AGENTS,
    AIM_AGENT_TEXT, /* one agent, and what to tell it */
    AIM_AGENT_USD   /* one agent, and an amount */
};

/* X(verb, subcommand, aim, operands, enough, options, help). `enough` is the state that ends the
 * wait as success, beside `confirmed`: approve, pause and interrupt are done when the daemon took
 * them, since what confirms them is the agent's own next step, which may be hours away. */
#define OPERATOR_VERBS(X)                                                                          \
    X(VERB_APPROVE, "approve", AIM_REQUEST, "ID", COMMAND_ACCEPTED, OPTIONS_APPROVE,               \
      "let one call run: --digest is that of the text that you have read")                         \
    X(VERB_DENY, "deny", AIM_REQUESTS, "ID...", COMMAND_CONFIRMED, OPTIONS_DENY,                   \
      "refuse calls that wait")                                                                    \
    X(VERB_PAUSE, "pause", AIM_AGENTS, "AGENT...", COMMAND_ACCEPTED, OPTIONS_PAUSE,                \
      "the next call of an agent, or under a lease of it, waits")                                  \
    X(VERB_RESUME, "resume", AIM_AGENT, "AGENT", COMMAND_CONFIRMED, OPTIONS_RESUME,                \
      "a paused agent, or a lease of it that is held, may go on")                                  \
    X(VERB_INTERRUPT, "interrupt", AIM_AGENTS, "AGENT...", COMMAND_ACCEPTED, OPTIONS_VERB,         \
      "end the current turn of an agent")                                                          \
    X(VERB_STOP, "stop", AIM_AGENTS, "AGENT...", COMMAND_CONFIRMED, OPTIONS_VERB,                  \
      "end agents and their processes")                                                            \
    X(VERB_FREEZE, "freeze", AIM_AGENTS, "AGENT...", COMMAND_CONFIRMED, OPTIONS_VERB,              \
      "suspend the processes of an agent where they are, until it is resumed")                     \
    X(VERB_KILL, "kill", AIM_AGENTS, "AGENT...", COMMAND_CONFIRMED, OPTIONS_VERB,                  \
      "kill the processes of an agent at once")                                                    \
    X(VERB_TIGHTEN, "tighten", AIM_AGENTS, "AGENT...", COMMAND_CONFIRMED, OPTIONS_VERB,            \
      "from its next turn on an agent asks about everything, and asks a person")                   \
    X(VERB_STOP_ALL, "stop-all", AIM_ALL, "", COMMAND_CONFIRMED, OPTIONS_VERB,                     \
      "fleet stop: all agents, latched")                                                           \
    X(VERB_RESET_STOP, "reset-stop", AIM_ALL, "", COMMAND_CONFIRMED, OPTIONS_VERB,                 \
      "take the latch of the fleet stop back")                                                     \
    X(VERB_REVOKE, "revoke", AIM_AGENT, "AGENT", COMMAND_CONFIRMED, OPTIONS_REVOKE,                \
      "revoke a credential of an agent, or all that it holds")                                     \
    X(VERB_MESSAGE, "message", AIM_AGENT_TEXT, "AGENT TEXT", COMMAND_CONFIRMED, OPTIONS_VERB,      \
      "say something to an agent")                                                                 \
    X(VERB_BUDGET, "budget", AIM_AGENT_USD, "AGENT LIMIT", COMMAND_CONFIRMED, OPTIONS_VERB,        \
      "a new limit for an agent, in USD or \"N tokens\"; or AGENT@task, @day, @fleet")

extern const struct option_row OPTIONS_APPROVE[], OPTIONS_DENY[], OPTIONS_REVOKE[], OPTIONS_VERB[];
extern const struct option_row OPTIONS_PAUSE[], OPTIONS_RESUME[];

#endif
