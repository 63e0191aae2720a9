/* event.h - the vocabulary: everything that happens is one of these events, everything that an
 * operator does is one of these commands.
 *
 * An event is an envelope (CloudEvents 1.0) and a set of typed attributes. Attributes are named as
 * in OpenTelemetry GenAI where that has a name, and are listed once, in EVENT_FIELDS; codecs, the
 * JSON Schema, the record and the documentation are generated from the tables here.
 *
 * Ownership: all spans in a `struct event` are borrowed and live as long as the call that passes
 * it; who keeps an event copies what it needs. An attribute that was not given is absent, not
 * empty.
 */
#ifndef CHECKREIN_EVENT_H
#define CHECKREIN_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

#define EVENT_TYPE_PREFIX  "dev.checkrein."
#define EVENT_LIST_COLUMNS 6
#define EVENT_LIST_ROWS    256            /* of one list attribute; more are dropped and counted */
#define EVENT_CELL_BYTES   ((size_t)2048) /* of one cell, where it is kept; more is cut */
/* Bytes of one action text; a call with more is refused, never cut. */
#define ACTION_BYTES_MAX ((size_t)1536 << 10)
/* Of every INT: exact in any JSON reader, and sums stay in int64. */
#define EVENT_INT_MAX  ((INT64_C(1) << 53) - 1)
#define COMMAND_ID_MAX 64 /* bytes of a command's id, visible ASCII */

/* X(constant, name on the wire after the prefix) */
#define EVENT_TYPES(X)                                                                             \
    X(EVENT_AGENT_STARTED, "agent.started")                                                        \
    X(EVENT_AGENT_UPDATED, "agent.updated")                                                        \
    X(EVENT_AGENT_STATE, "agent.state")                                                            \
    X(EVENT_ACTION_STARTED, "action.started")                                                      \
    X(EVENT_ACTION_OUTPUT, "action.output")                                                        \
    X(EVENT_ACTION_FINISHED, "action.finished")                                                    \
    X(EVENT_APPROVAL_REQUESTED, "approval.requested")                                              \
    X(EVENT_APPROVAL_RESOLVED, "approval.resolved")                                                \
    X(EVENT_TASK_STARTED, "task.started")                                                          \
    X(EVENT_TASK_FINISHED, "task.finished")                                                        \
    X(EVENT_SPEND_RECORDED, "spend.recorded")                                                      \
    X(EVENT_SPEND_DAY, "spend.day")                                                                \
    X(EVENT_BUDGET_CHANGED, "budget.changed")                                                      \
    X(EVENT_FAILURE_REPORTED, "failure.reported")                                                  \
    X(EVENT_CREDENTIAL_ISSUED, "credential.issued")                                                \
    X(EVENT_CREDENTIAL_USED, "credential.used")                                                    \
    X(EVENT_CREDENTIAL_REVOKED, "credential.revoked")                                              \
    X(EVENT_CREDENTIAL_CHANGED, "credential.changed")                                              \
    X(EVENT_SIGNAL_RAISED, "signal.raised")                                                        \
    X(EVENT_POLICY_DECIDED, "policy.decided")                                                      \
    X(EVENT_POLICY_LOADED, "policy.loaded")                                                        \
    X(EVENT_FLEET_STOP, "fleet.stop")                                                              \
    X(EVENT_OPERATOR_COMMAND, "operator.command")                                                  \
    X(EVENT_OPERATOR_RESULT, "operator.result")                                                    \
    X(EVENT_OPERATOR_PRESENCE, "operator.presence")                                                \
    X(EVENT_BACKEND_LINK, "backend.link")                                                          \
    X(EVENT_UNKNOWN, "unknown")

/* Kinds of attribute: STR text, INT int64, BOOL, TIME RFC 3339 on the wire and microseconds here,
 * ENUM one of a table's names (an unknown one reads as the first row), LIST rows of text columns.
 */
enum event_kind { EVENT_STR, EVENT_INT, EVENT_BOOL, EVENT_TIME, EVENT_ENUM, EVENT_LIST };

/* X(constant, attribute name, kind, enum set, LIST columns, or "signed" for an INT that may be
 * negative) */
#define EVENT_FIELDS(X)                                                                            \
    X(F_AGENT_ID, "gen_ai.agent.id", EVENT_STR, "")                                                \
    X(F_AGENT_INSTANCE, "agent.instance_uid", EVENT_STR, "")                                       \
    X(F_AGENT_NAME, "gen_ai.agent.name", EVENT_STR, "")                                            \
    X(F_AGENT_RUNTIME, "agent.runtime", EVENT_STR, "")                                             \
    X(F_AGENT_RUNTIME_VERSION, "agent.runtime_version", EVENT_STR, "")                             \
    X(F_AGENT_DEMO, "agent.demo", EVENT_BOOL, "")                                                  \
    X(F_AGENT_OWNER, "agent.owner", EVENT_STR, "")                                                 \
    X(F_AGENT_BUILDER, "agent.builder", EVENT_STR, "")                                             \
    X(F_AGENT_ON_BEHALF_OF, "agent.on_behalf_of", EVENT_STR, "")                                   \
    X(F_AGENT_PARENT, "agent.parent", EVENT_STR, "")                                               \
    X(F_AGENT_REGION, "cloud.region", EVENT_STR, "")                                               \
    X(F_AGENT_BOUNDARY, "agent.data_boundary", EVENT_STR, "")                                      \
    X(F_SESSION, "gen_ai.conversation.id", EVENT_STR, "")                                          \
    X(F_MODEL, "gen_ai.request.model", EVENT_STR, "")                                              \
    X(F_PROVIDER, "gen_ai.provider.name", EVENT_STR, "")                                           \
    X(F_HOST, "host.name", EVENT_STR, "")                                                          \
    X(F_PID, "process.pid", EVENT_INT, "")                                                         \
    X(F_CWD, "process.working_directory", EVENT_STR, "")                                           \
    X(F_VCS_BRANCH, "vcs.ref.head.name", EVENT_STR, "")                                            \
    X(F_VCS_REVISION, "vcs.ref.head.revision", EVENT_STR, "")                                      \
    X(F_TASK_ID, "task.id", EVENT_STR, "")                                                         \
    X(F_TASK_TITLE, "task.title", EVENT_STR, "")                                                   \
    X(F_TASK_OUTCOME, "task.outcome", EVENT_ENUM, "outcome")                                       \
    X(F_TASK_COUNT, "task.count", EVENT_INT, "")                                                   \
    X(F_DELEGATION, "delegation", EVENT_LIST, "from to what")                                      \
    X(F_PERMISSION_MODE, "permissions.mode", EVENT_STR, "")                                        \
    X(F_PERMISSION_SANDBOX, "permissions.sandbox", EVENT_STR, "")                                  \
    X(F_PERMISSION_NETWORK, "permissions.network", EVENT_STR, "")                                  \
    X(F_GRANTS, "permissions.grants", EVENT_LIST, "resource actions source risk")                  \
    X(F_CREDENTIALS, "permissions.credentials", EVENT_LIST,                                        \
      "id kind issuer scopes expires revocable")                                                   \
    X(F_REINS, "reins", EVENT_LIST, "rein reversible confirmed_by note")                           \
    X(F_GATE, "agent.gate", EVENT_STR, "")                                                         \
    X(F_HEARTBEAT_MS, "agent.heartbeat_ms", EVENT_INT, "")                                         \
    X(F_STATE, "agent.state", EVENT_ENUM, "agent_state")                                           \
    X(F_REASON, "reason", EVENT_STR, "")                                                           \
    X(F_ACTION_ID, "gen_ai.tool.call.id", EVENT_STR, "")                                           \
    X(F_TOOL, "gen_ai.tool.name", EVENT_STR, "")                                                   \
    X(F_ACTION, "action", EVENT_STR, "")                                                           \
    X(F_SUMMARY, "action.summary", EVENT_STR, "")                                                  \
    X(F_RISK, "action.risk", EVENT_ENUM, "risk")                                                   \
    X(F_OUTPUT, "action.output", EVENT_STR, "")                                                    \
    X(F_OUTPUT_BYTES, "action.output_bytes", EVENT_INT, "")                                        \
    X(F_OUTCOME, "action.outcome", EVENT_ENUM, "outcome")                                          \
    X(F_EXIT_CODE, "process.exit.code", EVENT_INT, "signed")                                       \
    X(F_ERROR, "error.message", EVENT_STR, "")                                                     \
    X(F_ERROR_TYPE, "error.type", EVENT_STR, "")                                                   \
    X(F_DURATION_MS, "action.duration_ms", EVENT_INT, "")                                          \
    X(F_APPROVAL_ID, "approval.id", EVENT_STR, "")                                                 \
    X(F_DIGEST, "action.digest", EVENT_STR, "")                                                    \
    X(F_SHOWN_DIGEST, "action.shown_digest", EVENT_STR, "")                                        \
    X(F_ACTION_SECRETS, "action.secrets", EVENT_INT, "")                                           \
    X(F_RULE, "policy.rule", EVENT_STR, "")                                                        \
    X(F_POLICY_VERSION, "policy.version", EVENT_STR, "")                                           \
    X(F_VERDICT, "policy.verdict", EVENT_ENUM, "verdict")                                          \
    X(F_AGENT_WORDS, "approval.agent_words", EVENT_STR, "")                                        \
    X(F_ONLY_IN, "approval.only_in", EVENT_STR, "")                                                \
    X(F_REVERSIBLE, "approval.reversible", EVENT_BOOL, "")                                         \
    X(F_SCOPES, "approval.scopes", EVENT_LIST, "scope grants writes")                              \
    X(F_DENIALS, "approval.denials", EVENT_LIST, "scope effect")                                   \
    X(F_TERMS, "approval.terms", EVENT_LIST, "name text")                                          \
    X(F_QUESTIONS, "approval.questions", EVENT_LIST, "id kind title text rules suggested")         \
    X(F_OPTIONS, "approval.options", EVENT_LIST, "question value label text")                      \
    X(F_EXPIRES_AT, "approval.expires_at", EVENT_TIME, "")                                         \
    X(F_ON_SILENCE, "approval.on_silence", EVENT_ENUM, "on_silence")                               \
    X(F_QUORUM, "approval.quorum", EVENT_INT, "")                                                  \
    X(F_DECISION, "approval.decision", EVENT_ENUM, "decision")                                     \
    X(F_SCOPE, "approval.scope", EVENT_STR, "")                                                    \
    X(F_DECIDED_BY, "approval.decided_by", EVENT_STR, "")                                          \
    X(F_TOKENS_IN, "gen_ai.usage.input_tokens", EVENT_INT, "")                                     \
    X(F_TOKENS_OUT, "gen_ai.usage.output_tokens", EVENT_INT, "")                                   \
    X(F_TOKENS_CACHED, "gen_ai.usage.cache_read.input_tokens", EVENT_INT, "")                      \
    X(F_TOKENS_CACHE_WRITE, "gen_ai.usage.cache_creation.input_tokens", EVENT_INT, "")             \
    X(F_TOKENS_REASONING, "gen_ai.usage.reasoning_tokens", EVENT_INT, "")                          \
    X(F_COST_MICROUSD, "cost.microusd", EVENT_INT, "")                                             \
    X(F_COST_CURRENCY, "cost.currency", EVENT_STR, "")                                             \
    X(F_COST_ESTIMATED, "cost.estimated", EVENT_BOOL, "")                                          \
    X(F_SPEND_SOURCE, "spend.source", EVENT_ENUM, "spend_source")                                  \
    X(F_SPEND_UNTOLD, "spend.untold", EVENT_INT, "")                                               \
    X(F_SPEND_BOUND, "spend.bound_microusd", EVENT_INT, "signed")                                  \
    X(F_SPEND_BOUND_TOKENS, "spend.bound_tokens", EVENT_INT, "signed")                             \
    X(F_SPEND_ANSWER, "spend.answer", EVENT_STR, "")                                               \
    X(F_SPEND_TOTAL, "spend.total_microusd", EVENT_INT, "")                                        \
    X(F_SPEND_TOTAL_LIMIT, "spend.total_limit_microusd", EVENT_INT, "")                            \
    X(F_BUDGET_TOKENS, "budget.limit_tokens", EVENT_INT, "")                                       \
    X(F_BUDGET_TOKENS_USED, "budget.used_tokens", EVENT_INT, "")                                   \
    X(F_BUDGET_LIMIT, "budget.limit_microusd", EVENT_INT, "")                                      \
    X(F_BUDGET_USED, "budget.used_microusd", EVENT_INT, "")                                        \
    X(F_FAILURE_CLASS, "failure.class", EVENT_ENUM, "failure")                                     \
    X(F_RETRYING, "failure.retrying", EVENT_BOOL, "")                                              \
    X(F_ATTEMPT, "failure.attempt", EVENT_INT, "")                                                 \
    X(F_CREDENTIAL_ID, "credential.id", EVENT_STR, "")                                             \
    X(F_PROBE, "credential.probe", EVENT_STR, "")                                                  \
    X(F_CREDENTIAL_DIGEST, "credential.digest", EVENT_STR, "")                                     \
    X(F_CREDENTIAL_HOLDER, "credential.holder", EVENT_STR, "")                                     \
    X(F_CREDENTIAL_PARENT, "credential.parent", EVENT_STR, "")                                     \
    X(F_CREDENTIAL_KIND, "credential.kind", EVENT_STR, "")                                         \
    X(F_CREDENTIAL_ISSUER, "credential.issuer", EVENT_STR, "")                                     \
    X(F_CREDENTIAL_SCOPES, "credential.scopes", EVENT_STR, "")                                     \
    X(F_CREDENTIAL_STATE, "credential.state", EVENT_STR, "")                                       \
    X(F_CREDENTIAL_EXPIRES, "credential.expires_at", EVENT_TIME, "")                               \
    X(F_CREDENTIAL_USES, "credential.uses", EVENT_INT, "")                                         \
    X(F_SIGNAL_SOURCE, "signal.source", EVENT_STR, "")                                             \
    X(F_SEVERITY, "signal.severity", EVENT_ENUM, "severity")                                       \
    X(F_TITLE, "signal.title", EVENT_STR, "")                                                      \
    X(F_STOP_LATCHED, "fleet.stop.latched", EVENT_BOOL, "")                                        \
    X(F_STOP_REQUESTED, "fleet.stop.requested", EVENT_INT, "")                                     \
    X(F_STOP_CONFIRMED, "fleet.stop.confirmed", EVENT_INT, "")                                     \
    X(F_STOP_UNREACHABLE, "fleet.stop.unreachable", EVENT_INT, "")                                 \
    X(F_COMMAND_ID, "command.id", EVENT_STR, "")                                                   \
    X(F_VERB, "command.verb", EVENT_ENUM, "verb")                                                  \
    X(F_COMMAND_STATE, "command.state", EVENT_ENUM, "command_state")                               \
    X(F_BY, "command.confirmed_by", EVENT_STR, "")                                                 \
    X(F_OPERATOR, "operator.id", EVENT_STR, "")                                                    \
    X(F_OPERATOR_LABEL, "operator.label", EVENT_STR, "")                                           \
    X(F_OPERATOR_PATH, "operator.path", EVENT_STR, "")                                             \
    X(F_PRESENT, "operator.present", EVENT_BOOL, "")                                               \
    X(F_CONNECTION, "operator.connection", EVENT_STR, "")                                          \
    X(F_OPERATOR_SCOPES, "operator.scopes", EVENT_LIST, "scope")                                   \
    X(F_LINK, "backend.link", EVENT_ENUM, "link")                                                  \
    X(F_CAPABILITIES, "backend.capabilities", EVENT_LIST, "verb")                                  \
    X(F_RETRY_MS, "backend.retry_ms", EVENT_INT, "")                                               \
    X(F_BACKEND_KIND, "backend.kind", EVENT_STR, "")                                               \
    X(F_GATE_LIMITS, "agent.gate_limits", EVENT_LIST, "way effect")                                \
    X(F_DISPLAY_DIGEST, "display.digest", EVENT_STR, "")                                           \
    X(F_DISPLAY_COLS, "display.cols", EVENT_INT, "")                                               \
    X(F_DISPLAY_ROWS, "display.rows", EVENT_INT, "")                                               \
    X(F_DISPLAY_MS, "display.ms", EVENT_INT, "")                                                   \
    X(F_DISPLAY_TO_END, "display.to_end", EVENT_BOOL, "")                                          \
    X(F_DISPLAY_RISK, "display.risk", EVENT_ENUM, "risk")

/* Enumerations: X(constant, name). The first row of each is what an unknown name reads as. */
#define AGENT_STATES(X)                                                                            \
    X(AGENT_UNKNOWN, "unknown")                                                                    \
    X(AGENT_STARTING, "starting")                                                                  \
    X(AGENT_RUNNING, "running")                                                                    \
    X(AGENT_WAITING_APPROVAL, "waiting_approval")                                                  \
    X(AGENT_WAITING_INPUT, "waiting_input")                                                        \
    X(AGENT_PAUSING, "pausing")                                                                    \
    X(AGENT_PAUSED, "paused")                                                                      \
    X(AGENT_STOPPING, "stopping")                                                                  \
    X(AGENT_STOPPED, "stopped")                                                                    \
    X(AGENT_FAILED, "failed")                                                                      \
    X(AGENT_IDLE, "idle")
#define RISKS(X)                                                                                   \
    X(RISK_UNKNOWN, "unknown")                                                                     \
    X(RISK_LOW, "low")                                                                             \
    X(RISK_HIGH, "high")
#define OUTCOMES(X)                                                                                \
    X(OUTCOME_UNKNOWN, "unknown")                                                                  \
    X(OUTCOME_SUCCEEDED, "succeeded")                                                              \
    X(OUTCOME_FAILED, "failed")                                                                    \
    X(OUTCOME_DENIED, "denied")                                                                    \
    X(OUTCOME_CANCELLED, "cancelled")
#define VERDICTS(X)                                                                                \
    X(VERDICT_UNKNOWN, "unknown")                                                                  \
    X(VERDICT_ALLOW, "allow")                                                                      \
    X(VERDICT_ASK, "ask")                                                                          \
    X(VERDICT_DENY, "deny")
#define ON_SILENCES(X)                                                                             \
    X(SILENCE_UNKNOWN, "unknown")                                                                  \
    X(SILENCE_WAIT, "wait")                                                                        \
    X(SILENCE_DENY, "deny")                                                                        \
    X(SILENCE_ALLOW, "allow")
#define DECISIONS(X)                                                                               \
    X(DECISION_UNKNOWN, "unknown")                                                                 \
    X(DECISION_APPROVED, "approved")                                                               \
    X(DECISION_DENIED, "denied")                                                                   \
    X(DECISION_WITHDRAWN, "withdrawn")                                                             \
    X(DECISION_EXPIRED, "expired")                                                                 \
    X(DECISION_SUPERSEDED, "superseded")
#define FAILURES(X)                                                                                \
    X(FAILURE_UNKNOWN, "unknown")                                                                  \
    X(FAILURE_MODEL, "model")                                                                      \
    X(FAILURE_TOOL, "tool")                                                                        \
    X(FAILURE_POLICY, "policy")                                                                    \
    X(FAILURE_RUNTIME, "runtime")                                                                  \
    X(FAILURE_NETWORK, "network")                                                                  \
    X(FAILURE_BUDGET, "budget")
/* Who tells what was spent. `beside`: the agent's own telemetry, of what the gateway counted
 * itself: in no sum. */
#define SPEND_SOURCES(X)                                                                           \
    X(SPEND_SOURCE_UNKNOWN, "unknown")                                                             \
    X(SPEND_SOURCE_TELEMETRY, "telemetry")                                                         \
    X(SPEND_SOURCE_GATEWAY, "gateway")                                                             \
    X(SPEND_SOURCE_BESIDE, "beside")
#define SEVERITIES(X)                                                                              \
    X(SEVERITY_UNKNOWN, "unknown")                                                                 \
    X(SEVERITY_LOW, "low")                                                                         \
    X(SEVERITY_HIGH, "high")                                                                       \
    X(SEVERITY_EMERGENCY, "emergency")
#define COMMAND_STATES(X)                                                                          \
    X(COMMAND_UNKNOWN, "unknown")                                                                  \
    X(COMMAND_SENT, "sent")                                                                        \
    X(COMMAND_ACCEPTED, "accepted")                                                                \
    X(COMMAND_CONFIRMED, "confirmed")                                                              \
    X(COMMAND_REFUSED, "refused")                                                                  \
    X(COMMAND_EXPIRED, "expired")                                                                  \
    X(COMMAND_SUPERSEDED, "superseded")                                                            \
    X(COMMAND_FAILED, "failed")                                                                    \
    X(COMMAND_UNVERIFIABLE, "unverifiable")
#define LINKS(X)                                                                                   \
    X(LINK_UNKNOWN, "unknown")                                                                     \
    X(LINK_CONNECTING, "connecting")                                                               \
    X(LINK_SYNCING, "syncing")                                                                     \
    X(LINK_LIVE, "live")                                                                           \
    X(LINK_STALE, "stale")                                                                         \
    X(LINK_FROZEN, "frozen") /* its process stands still, by the kernel */                         \
    X(LINK_DOWN, "down")                                                                           \
    X(LINK_REFUSED, "refused")
/* From lax to strict; "unknown" is also what no back-end has told. */
#define CREDENTIAL_STATES(X)                                                                       \
    X(CREDENTIAL_UNKNOWN, "unknown")                                                               \
    X(CREDENTIAL_ACTIVE, "active")                                                                 \
    X(CREDENTIAL_HELD, "held")                                                                     \
    X(CREDENTIAL_CHOKED, "choked")                                                                 \
    X(CREDENTIAL_REVOKED, "revoked")
/* What an operator can ask for; reversed friction: see interaction. `stop_all` latches,
 * `reset_stop` unlatches. */
#define VERBS(X)                                                                                   \
    X(VERB_UNKNOWN, "unknown")                                                                     \
    X(VERB_APPROVE, "approve")                                                                     \
    X(VERB_DENY, "deny")                                                                           \
    X(VERB_PAUSE, "pause")                                                                         \
    X(VERB_RESUME, "resume")                                                                       \
    X(VERB_INTERRUPT, "interrupt")                                                                 \
    X(VERB_STOP, "stop")                                                                           \
    X(VERB_STOP_ALL, "stop_all")                                                                   \
    X(VERB_RESET_STOP, "reset_stop")                                                               \
    X(VERB_REVOKE, "revoke")                                                                       \
    X(VERB_MESSAGE, "message")                                                                     \
    X(VERB_BUDGET, "budget")                                                                       \
    X(VERB_FREEZE, "freeze")                                                                       \
    X(VERB_KILL, "kill")                                                                           \
    X(VERB_TIGHTEN, "tighten")

/* What a connection may do; given by the server's view of the identity only. Every connection
 * reads. */
#define SCOPES(X)                                                                                  \
    X(SCOPE_READ, "read")                                                                          \
    X(SCOPE_DECIDE, "decide")                                                                      \
    X(SCOPE_CONTROL, "control")                                                                    \
    X(SCOPE_REVOKE, "revoke")                                                                      \
    X(SCOPE_STOP, "stop")                                                                          \
    X(SCOPE_PUBLISH, "publish")

#define X(constant, name) constant,
enum scope { SCOPES(X) SCOPE_COUNT };
enum event_type { EVENT_TYPES(X) EVENT_TYPE_COUNT };
enum __attribute__((packed)) agent_state {
    AGENT_STATES(X) AGENT_STATE_COUNT
};                                                         /* a byte: every agent has one */
enum __attribute__((packed)) risk { RISKS(X) RISK_COUNT }; /* of each */
enum outcome { OUTCOMES(X) OUTCOME_COUNT };
enum verdict { VERDICTS(X) VERDICT_COUNT };
enum on_silence { ON_SILENCES(X) ON_SILENCE_COUNT };
enum decision { DECISIONS(X) DECISION_COUNT };
enum failure { FAILURES(X) FAILURE_COUNT };
enum spend_source { SPEND_SOURCES(X) SPEND_SOURCE_COUNT };
enum severity { SEVERITIES(X) SEVERITY_COUNT };
enum command_state { COMMAND_STATES(X) COMMAND_STATE_COUNT };
enum link_state { LINKS(X) LINK_COUNT };
enum credential_state { CREDENTIAL_STATES(X) CREDENTIAL_STATE_COUNT };
enum verb { VERBS(X) VERB_COUNT };
#undef X

#define SCOPE_BIT(s)       (1u << (s))
#define SCOPES_NAMES_BYTES 64 /* of scopes_text() */
const char *scope_name(enum scope s);
uint32_t scope_find(struct span name); /* its bit, 0 when unknown */
/* What a connection needs for this verb; SCOPE_COUNT, which nobody has, for one that is in no
 * table. */
enum scope verb_scope(enum verb v);
/* The names of the bits, "read decide", with a blank between. */
void scopes_text(uint32_t scopes, char out[SCOPES_NAMES_BYTES]);
/* The bits of the names, divided by blanks or commas. False: one of them is no scope. */
bool scopes_parse(struct span names, uint32_t *scopes);

#define X(constant, name, kind, set) constant,
enum event_field { EVENT_FIELDS(X) EVENT_FIELD_COUNT };
#undef X

struct event_row {
    struct span cell[EVENT_LIST_COLUMNS];
};

union event_value {
    struct span text;
    int64_t number; /* INT, BOOL (0, 1), TIME (wall microseconds) */
    struct {
        const struct event_row *rows;
        uint32_t count;
    } list;
};

#define EVENT_PRESENT_WORDS (((unsigned)EVENT_FIELD_COUNT + 63) / 64)

/* An ENUM value is its number, and `text` is not used. */
struct event {
    enum event_type type;
    int64_t time_us;      /* wall, as the source says */
    uint64_t seq;         /* of the source's record; 0 = not from a record */
    struct span id;       /* (source, id) is unique: duplicates are harmless */
    struct span source;   /* e.g. checkrein://host/instance */
    struct span subject;  /* e.g. agent/7f3c */
    struct span backend;  /* this console's name of the back-end; set by who receives, never taken
                             from the wire */
    struct span raw_type; /* of an EVENT_UNKNOWN */
    bool snapshot;        /* part of a state transfer, not news */
    bool repaired;        /* the text had broken UTF-8 or surrogates */
    uint64_t present[EVENT_PRESENT_WORDS]; /* bit per enum event_field */
    union event_value value[EVENT_FIELD_COUNT];
};

struct event_field_info {
    const char *name;
    enum event_kind kind;
    const char *set; /* ENUM: which table; LIST: blank-separated columns; INT: "signed" or empty */
};

/* What stood on the console's screen when its operator decided. The console's own word, for its own
 * record: it is never on the wire, and not believed of anybody else. */
struct display {
    bool shown;     /* false: it was decided without having been opened */
    bool to_end;    /* the end of the text was on the screen */
    int cols, rows; /* of the screen */
    int64_t ms;     /* since this content was drawn first */
    enum risk risk;
};

/* A command on its way: made by a console or a verb of the command line, judged by who owns the
 * gate. */
struct command {
    struct span id; /* ULID, made by the client: takes effect at most once */
    enum verb verb;
    struct span raw_verb;     /* as received, when it is VERB_UNKNOWN: refused by name */
    struct span agent;        /* for verbs on an agent; of VERB_BUDGET "*": all, as `scope` says */
    struct span approval;     /* for approve and deny */
    struct span digest;       /* "sha256:<64 hex>" of what will run; approve needs it */
    struct span shown_digest; /* of that text as it was displayed, when secrets in it were hidden */
    struct span policy_version; /* of the approval as displayed; may be empty */
    struct span scope;          /* "once" unless offered otherwise; empty stands for "once" */
    struct span answers;        /* of an approval that asks questions: JSON text, see form.h */
    struct span reason;         /* of VERB_MESSAGE: the message itself */
    struct span credential;     /* of VERB_REVOKE: which one; empty = all that the agent holds */
    int64_t limit_microusd;     /* of VERB_BUDGET: the new limit, above zero, */
    int64_t limit_tokens;       /* or the one in tokens */
    struct span operator_label; /* a label only: rights come from the connection */
    struct span backend;        /* which back-end it is for; never on the wire */
    int64_t time_us;            /* wall, when the key was pressed */
    struct display display;     /* never on the wire */
};

/* Sets everything absent; cheap: only the envelope and the presence bits. */
void event_init(struct event *ev, enum event_type type, int64_t time_us);
bool event_has(const struct event *ev, enum event_field f);
/* Setting or getting a field as another kind than it is, is a programming error and aborts. */
void event_set_text(struct event *ev, enum event_field f, struct span s); /* STR */
/* As event_set_text, but an empty span leaves the attribute absent. */
void event_put_text(struct event *ev, enum event_field f, struct span s);
void event_set_number(struct event *ev, enum event_field f, int64_t n); /* INT BOOL TIME ENUM */
void event_unset(struct event *ev, enum event_field f);                 /* absent from here on */
void event_set_list(struct event *ev, enum event_field f, const struct event_row *rows,
                    uint32_t count);
struct span event_text(const struct event *ev, enum event_field f); /* empty when absent */
int64_t event_number(const struct event *ev, enum event_field f);   /* 0 when absent */
const struct event_row *event_list(const struct event *ev, enum event_field f, uint32_t *count);

/* NULL when out of range. */
const struct event_field_info *event_field_info(enum event_field f);
/* By attribute name; EVENT_FIELD_COUNT when there is none. Constant time. */
enum event_field event_field_find(struct span name);
/* Column names of a LIST field: how many, and each. */
uint32_t event_list_columns(enum event_field f, struct span column[EVENT_LIST_COLUMNS]);

const char *event_type_name(enum event_type type); /* without the prefix */
enum event_type event_type_find(struct span name); /* with or without the prefix */
/* Which attributes an event of this type must carry: ends with EVENT_FIELD_COUNT. */
const enum event_field *event_required(enum event_type type);
/* ST_INVALID names the attribute that is missing (an empty text is missing too) or the number that
 * is out of bounds, ST_LIMIT the text that is too long. The envelope is not looked at: who received
 * or made the event did that. */
enum status event_check(const struct event *ev, struct why *why) MUST_USE;

/* Enumerations by their table's name ("agent_state", "risk", ...): for codecs and documentation. */
const char *event_enum_name(const char *set, int64_t value); /* "unknown" when out of range */
int64_t event_enum_find(const char *set, struct span name);  /* 0 when unknown */
int64_t event_enum_count(const char *set);

const char *agent_state_name(enum agent_state v);
const char *risk_name(enum risk v);
const char *outcome_name(enum outcome v);
const char *verdict_name(enum verdict v);
const char *on_silence_name(enum on_silence v);
const char *decision_name(enum decision v);
const char *failure_name(enum failure v);
const char *severity_name(enum severity v);
const char *command_state_name(enum command_state v);
const char *link_name(enum link_state v);
const char *credential_state_name(enum credential_state v);
enum credential_state credential_state_find(struct span name);
const char *verb_name(enum verb v);
enum verb verb_find(struct span name);

/* A command that cannot be understood is ST_INVALID: no id, unknown verb, no target, an approval
 * without the digest of what was displayed (a denial may lack it, friction is on the dangerous side
 * only), a digest that is not one, a message without words, a budget without a limit. */
enum status command_check(const struct command *c, struct why *why) MUST_USE;

/* The limit of a VERB_BUDGET as a person writes it: "5", "$2.50", "400000 tokens". ST_INVALID:
 * none, or not above zero; nothing is set. */
enum status command_limit(struct span typed, struct command *c) MUST_USE;
/* "@day" and "@fleet" are all agents, by the day and ever: that agent and scope are set. False: it
 * is neither. */
bool command_for_all(struct span word, struct command *c);
/* "AGENT@task", or "@task" alone: *agent is what stands before it. False: it is not of a task. */
#define TASK_SCOPE                                                                                 \
    "task" /* of a VERB_BUDGET: what its agent works on; ":" and an id: that one only */
bool command_for_task(struct span word, struct span *agent);

#endif
