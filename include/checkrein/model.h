/* model.h - the fold: events in, one picture of the fleet out. Nothing else changes that picture.
 *
 * fleet_apply() is a pure function of (fleet, event): no clock, no I/O. Folding the same events
 * gives the same fleet_digest(), live or in replay. The daemon folds its own agents; a console
 * folds all back-ends, keyed by `ev->backend`. An event that was folded already (same backend and
 * seq, not a snapshot) changes nothing.
 *
 * Everything is named by 32-bit refs that are not used again within a fleet (0 = none), never by
 * pointers: a pointer from a query lives until the next fleet_apply(). Strings are ids of the
 * fleet's pool: fleet_str(). Foreign strings are stored as received (capped); whoever draws them
 * sanitises them.
 *
 * Bounds: agents, pending approvals an agent, log entries and finished things are capped; what
 * falls off is counted, the oldest finished first; nothing pending is ever dropped without an entry
 * in the log.
 */
#ifndef CHECKREIN_MODEL_H
#define CHECKREIN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/event.h"

#define FLEET_AGENTS_MAX  100000
#define FLEET_PENDING_MAX 256 /* approvals of one agent; more are refused by the daemon */
#define FLEET_PENDING_TOTAL                                                                        \
    16384 /* of the whole fleet; one more is refused with a line in the log */
#define FLEET_ACTION_BYTES                                                                         \
    ((size_t)256 << 20)           /* of all action texts; those of resolved ones go first */
#define FLEET_LOG_ENTRIES   16384 /* newest kept; timeline and log views read it */
#define FLEET_RESOLVED_KEPT 512   /* approvals that were decided, newest kept */
#define FLEET_COMMANDS_KEPT 1024
#define FLEET_CREDENTIALS_MAX                                                                      \
    16384 /* one more pushes out what is over, or is not shown, which the log says */
#define FLEET_CREDENTIALS_REVOKED 512  /* that no agent names any more, newest kept */
#define FLEET_TASKS_KEPT          4096 /* that ended, newest kept; of one agent: */
#define FLEET_TASKS_OF_AGENT      32
#define FLEET_WATCHERS_MAX        256 /* over all back-ends; more are not shown */
#define FLEET_TEXT_BYTES          4096 /* cap of a stored foreign string, other than an action text */
#define FLEET_ID_BYTES            512 /* longer ids are cut */

struct fleet;

typedef uint32_t sid; /* a string of the fleet's pool; 0 = empty */

/* What the agents of a back-end spent on a day. Some days are kept, so that a clock which is set
 * back or forth, and back again, finds each with its own sum. */
#define SPEND_DAYS 8
struct spend_day {
    int64_t day; /* UTC, since 1970 */
    int64_t microusd, bound_microusd;
};

struct backend {
    uint32_t ref;
    sid name, kind;
    enum link_state link;
    sid why;
    int64_t link_since_us; /* wall time of the last link change */
    int64_t
        last_event_us; /* wall time of its newest event, by this console's clock when folded live */
    int64_t retry_at_us; /* 0: not waiting */
    uint64_t seq;        /* newest folded; where to resume */
    uint32_t verbs;      /* 1u << enum verb */
    uint32_t scopes;     /* SCOPE_BIT()s that it gives us */
    bool scopes_told;    /* it has said which */
    sid operator_id,
        connection; /* whom it takes us for; its name of our connection, 0 when it has none */
    bool stop_latched;
    bool stop_asked; /* a fleet stop was commanded, and it has not answered yet */
    int64_t stop_asked_us,
        stop_asked_agents; /* since when; how many there were, of a console that was here before */
    int64_t stop_requested, stop_confirmed, stop_unreachable, stop_since_us;
    uint32_t agents;
    struct spend_day days[SPEND_DAYS];            /* the one that was told of last comes first */
    int64_t day_limit_microusd;                   /* of a day, for all its agents; 0: none */
    int64_t total_microusd, total_limit_microusd; /* by its agents, ever; the limit 0: none */
    int64_t total_bound_microusd; /* that calls which did not tell may have cost on top of it */
    uint64_t unknown;             /* events of unknown type */
};

/* What many agents have alike. Agents with the same traits share one copy of them. */
struct agent_traits {
    int64_t heartbeat_ms, budget_limit;
    /* Of those whose calls go through a gateway; zeros of all others. */
    int64_t metered;                      /* 1: it counts what they use */
    int64_t untold;                       /* calls whose figures are missing, or not whole */
    int64_t bound_microusd, bound_tokens; /* what these may have used on top of what was told */
    int64_t budget_tokens, budget_tokens_used;
    /* What their own telemetry tells of what is counted already: in no sum. */
    int64_t beside_in, beside_out, beside_microusd;
    sid runtime, runtime_version, model, provider, host, owner, on_behalf_of, builder, region,
        boundary, gate;
    sid permission_mode, permission_sandbox, permission_network, vcs_branch, vcs_revision;
    uint32_t lists[5]; /* private: grants, credentials, reins, delegation, limits of its gate */
    uint32_t holds;    /* private: agents that share it */
};

struct agent {
    uint32_t ref, backend, parent; /* refs; parents never go round in a circle, and may be gone */
    sid id, instance, name, cwd, session, task_id, task_title, parent_id, state_reason;
    const struct agent_traits *traits; /* never NULL */
    sid now; /* summary of the current action; of the last one when none runs */
    sid now_tool;
    enum agent_state state;
    enum risk risk; /* highest of its pending approvals */
    bool demo, now_running;
    bool registered; /* false: events named it, but it was never introduced by agent.started or
                        agent.updated */
    bool failing;    /* a failure that nobody retries, and no success or new state since */
    bool cost_estimated, unpriced; /* unpriced: tokens were seen without a cost */
    int32_t pid;
    uint32_t pending; /* approvals waiting */
    int64_t started_us, state_since_us, last_event_us, now_since_us;
    int64_t tokens_in, tokens_out, tokens_cached, tokens_reasoning;
    int64_t cost_microusd, budget_used;
    uint32_t failures;     /* that were not retries */
    uint32_t retries;      /* attempts of the model that failed and were tried again */
    uint32_t retrying;     /* such attempts since the last success; 0: it does not retry */
    uint32_t actions;      /* started */
    uint32_t last_failure; /* log entry number of a failure or an attempt, 0 = none */
    uint32_t log_tail;     /* private: chain of its log entries */
};

struct approval {
    uint32_t ref, agent; /* refs */
    sid id, action_id, tool, summary, rule, reason, agent_words, policy_version, digest;
    sid only_in;        /* where alone it can be approved, and why; 0: here too */
    sid shown_digest;   /* of `action`, when secrets in it are hidden; else `digest` is */
    uint32_t secrets;   /* that are hidden in `action` */
    struct span action; /* exact text; empty once it was resolved and pushed out */
    enum risk risk;
    bool reversible, pending;
    enum on_silence on_silence;
    int64_t quorum, requested_us, expires_us; /* expires_us 0: waits */
    enum decision decision;
    sid decided_by, decision_reason, scope;
    int64_t resolved_us;
    uint32_t revision; /* goes up when content, deadline or policy changed while pending: disarm */
    sid outcome_text;  /* what came of it, e.g. "started, pid 4121" */
    enum outcome outcome; /* of its action, once finished */
};

/* What an agent holds: a lease of the gateway, a token, a login. Known because it was told of by
 * itself, or because an agent names it in its list of credentials, or both. */
struct credential {
    uint32_t ref, backend; /* refs */
    uint32_t agent;        /* ref of whom it was issued to, or who named it first; may be gone */
    uint32_t used_by;      /* ref of who used it last */
    uint32_t order;        /* ref of the newest command to revoke that means it; may be gone */
    uint32_t holders;      /* agents whose list names it */
    bool told;             /* by events of its own: else nothing is known of its state */
    bool lost;             /* its back-end's newest snapshot did not bring it */
    sid id, kind, issuer, scopes, parent, digest;
    sid holder;     /* whom it was issued to, as the back-end named it: may be no agent */
    sid until;      /* when it ends, as a list has it; expires_us is 0 when that is no time */
    sid revocable;  /* as a list has it: "yes", "no", or why not */
    sid reason, by; /* of its state */
    sid probe;      /* what the back-end said of how its end was proved */
    sid last_use, refusal, wait;
    enum credential_state state;
    int64_t issued_us, expires_us, changed_us; /* expires_us 0: never, or not told */
    int64_t used_us, refused_us, wait_us;      /* last use; refused; had to wait. 0: never seen */
    int64_t uses;
    uint32_t refusals; /* seen by this fleet */
};

/* What an agent was asked to do, from its beginning to its end. Helpers work for the task of their
 * parent: what they spend is in it. */
struct task {
    uint32_t ref, agent; /* refs */
    sid id, title;
    bool open;
    enum outcome outcome; /* once it is over; unknown: nobody said how it ended */
    int64_t began_us, ended_us;
    int64_t tokens_in, tokens_out, cost_microusd;
    int64_t untold;                       /* calls of it whose figures are missing, or not whole */
    int64_t bound_microusd, bound_tokens; /* at most so much on top: of calls that did not tell */
    int64_t limit_microusd, limit_tokens; /* what it may use; 0: no limit was told */
    bool cost_estimated, unpriced;
};

/* Of tasks that ended in one way. What is told of them later is in it too. */
struct task_sums {
    int64_t count, silent; /* silent: of these, nobody said what they used */
    int64_t tokens_in, tokens_out, cost_microusd;
    int64_t untold; /* calls, as of a task */
    bool cost_estimated, unpriced;
};

/* What goes when some credentials are revoked. */
#define CREDENTIAL_REACH_AGENTS 8
#define CREDENTIAL_REACH_LOSSES 64
struct credential_reach {
    uint32_t credentials;                    /* that were asked about */
    uint32_t derived;                        /* others that come of them, and die with them */
    uint32_t siblings;                       /* others of the same parents: they stay as they are */
    uint32_t holders;                        /* agents that hold one of those that die */
    uint32_t agents;                         /* these, and all that descend from them */
    uint32_t agent[CREDENTIAL_REACH_AGENTS]; /* refs of the first of them */
    uint32_t loss[CREDENTIAL_REACH_LOSSES];  /* refs of the first that die: the derived too */
    uint32_t losses;                         /* how many those are */
    uint32_t kept; /* others in force that holders of those hold: they stay as they are */
};

struct command_track {
    uint32_t ref, agent, approval; /* refs */
    sid id, reason, by, operator_id, backend;
    sid credential; /* which one it is about: an id, or what else the back-end takes for some */
    enum verb verb;
    enum command_state state;
    int64_t sent_us, changed_us; /* accepted, confirmed... */
    int64_t accepted_us;
    /* What was on this console's screen when it was given; not of an answer that was given without
     * opening the request, or by another console. */
    bool displayed, display_to_end;
    enum risk display_risk;
    sid display_digest; /* of the text that this console had */
    int64_t display_cols, display_rows, display_ms;
};

/* One line of the log; an agent's timeline is its own entries. */
struct log_entry {
    uint32_t number;          /* counts up from 1; wraps never in practice */
    uint32_t agent, approval; /* refs, 0 = none */
    uint32_t backend;
    enum event_type type;
    uint8_t
        detail; /* the enum of that type: state, outcome, decision, command state, failure ... */
    enum verb verb; /* of operator.* */
    bool retrying;
    sid subject; /* what: tool, rule, class */
    sid text;    /* one line: summary, reason, message */
    sid who;     /* operator or rule that decided */
    sid action;  /* id of the call that it is about */
    sid reason;  /* of a decision: why */
    sid digest;  /* of a decision: of what */
    int64_t time_us;
    int64_t duration_ms, microusd, tokens; /* -1: not given */
    uint32_t older;                        /* private: previous entry of the same agent */
};

/* Somebody who is connected to a back-end, ourselves among them. */
struct watcher {
    uint32_t backend; /* ref */
    sid id, connection, path;
    uint32_t scopes;
    int64_t since_us;
};

struct fleet_totals {
    uint32_t agents, by_state[AGENT_STATE_COUNT];
    uint32_t pending;
    int64_t oldest_pending_us; /* requested_us, 0 = none */
    int64_t cost_microusd;
    bool cost_estimated;
    uint32_t unpriced; /* agents that had tokens without a cost */
    uint32_t backends, backends_live;
    int64_t newest_event_us;
    uint32_t failed;      /* agents in AGENT_FAILED or with an unhandled failure */
    bool stop_unanswered; /* some back-end was asked to stop all, and has not answered */
    bool stop_latched;
    /* Over all back-ends. Of one that has not answered a stop, all agents that are not over count
     * as requested and unreachable. */
    int64_t stop_requested, stop_confirmed, stop_unreachable, stop_since_us;
    uint64_t events, unknown;
    uint64_t evicted, refused; /* agents that were forgotten; agents, requests and credentials
                                  that found no room */
    bool demo;                 /* at least one demo agent */
};

struct fleet *fleet_new(void);
void fleet_free(struct fleet *f);
/* The same picture, which goes on by itself: refs, numbers and digest are alike. Copies everything:
 * 1 to 2 ms for a thousand agents and a full log. */
struct fleet *fleet_copy(const struct fleet *f);
size_t fleet_bytes(const struct fleet *f); /* about what it occupies */

/* Folds one event. Unknown types are counted and logged, never an error. Values out of range count
 * as unknown. An event that names an agent which was never seen makes it, unless an operator or a
 * decision names it. */
void fleet_apply(struct fleet *f, const struct event *ev);
/* A snapshot of this back-end begins: what its snapshot events do not bring back is closed at
 * `synced`: of agents it is unknown what they do, which their reason says, requests are withdrawn,
 * each with a line in the log. Snapshot events are state, not news: they are not logged, counters
 * of actions and failures stay, and spend is a sum that replaces the one before. `seq` is where to
 * resume, also when it is lower than before. Both calls are part of the fold: a replay makes them
 * too. */
void fleet_snapshot_begin(struct fleet *f, struct span backend);
void fleet_snapshot_end(struct fleet *f, struct span backend, uint64_t seq);
/* Writes the state of one back-end as snapshot events: what a daemon sends a console that cannot
 * resume. They have the newest seq and no id or source; agents, pending requests in the order of
 * the queue, and the fleet stop. Log, commands, what was decided, and counts of actions and
 * failures do not go across. */
typedef void fleet_tell_fn(void *ctx, const struct event *ev);
void fleet_snapshot(const struct fleet *f, struct span backend, fleet_tell_fn *emit, void *ctx);
/* The same thing by thing, while the fleet goes on: what is told is the state when the cut was
 * made. Whoever folds an event while there is a cut calls fleet_cut_before() with it first, which
 * tells what the event is about to change and has not been told; so requests come in the order of
 * the queue but for those. fleet_cut_next() tells one thing (an agent and what it does, a request)
 * and is false when nothing is left. An agent that the fold forgot for lack of room meanwhile is
 * not told. Free it before the fleet; NULL is fine. */
struct fleet_cut;
struct fleet_cut *fleet_cut_new(const struct fleet *f, struct span backend);
bool fleet_cut_next(struct fleet_cut *c, fleet_tell_fn *emit, void *ctx);
void fleet_cut_before(struct fleet_cut *c, const struct event *ev, fleet_tell_fn *emit, void *ctx);
void fleet_cut_free(struct fleet_cut *c);
/* 64 bits over everything a view can see; the same on every machine. Walks everything: 2 us an
 * agent. */
uint64_t fleet_digest(const struct fleet *f);
/* Text form for golden tests: stable order, one thing a line. */
enum status fleet_dump(const struct fleet *f, struct buf *out);
/* Counts up with every change: a view need not be drawn again while it stays. */
uint64_t fleet_generation(const struct fleet *f);

const char *fleet_str(const struct fleet *f, sid id);
struct span fleet_span(const struct fleet *f, sid id);

void fleet_totals(const struct fleet *f,
                  struct fleet_totals *out); /* kept up to date, O(1) but for oldest_pending */

uint32_t fleet_backend_count(const struct fleet *f);
const struct backend *fleet_backend_at(const struct fleet *f, uint32_t index);
const struct backend *fleet_backend(const struct fleet *f, uint32_t ref);
const struct backend *fleet_backend_named(const struct fleet *f, struct span name);

/* Index order is the order of appearance, and stable while no agent is evicted. */
uint32_t fleet_agent_count(const struct fleet *f);
const struct agent *fleet_agent_at(const struct fleet *f, uint32_t index);
const struct agent *fleet_agent(const struct fleet *f, uint32_t ref); /* NULL when gone */
const struct agent *fleet_agent_by_id(const struct fleet *f, struct span backend, struct span id);
const struct event_row *fleet_agent_list(const struct fleet *f, uint32_t agent,
                                         enum event_field list,
                                         uint32_t *count); /* F_GRANTS F_CREDENTIALS F_REINS
                                                             F_DELEGATION F_GATE_LIMITS */
/* The same thread of Codex as another back-end shows it: by its server, or by its hooks. NULL:
 * there is none. */
const struct agent *fleet_agent_twin(const struct fleet *f, const struct agent *a);
/* What an agent and all that descend from it have spent. */
struct tree_spend {
    uint32_t agents, untold; /* untold: of these, nobody has said what they used */
    int64_t tokens_in, tokens_out, cost_microusd;
    bool cost_estimated, unpriced;
};
struct tree_spend fleet_tree_spend(const struct fleet *f, uint32_t root);
/* The task that it works on now; NULL: none. */
const struct task *fleet_task_of(const struct fleet *f, uint32_t agent);
const struct task *fleet_task(const struct fleet *f, uint32_t ref); /* NULL when gone */
const struct task *fleet_task_by_id(const struct fleet *f, uint32_t agent, struct span id);
/* The task of an agent in whose time this moment lies; NULL: none, or it fell off. */
const struct task *fleet_task_at(const struct fleet *f, uint32_t agent, int64_t time_us);
/* Those that ended, of all agents: the newest, and the one that ended before. NULL: no other. */
const struct task *fleet_task_newest(const struct fleet *f);
const struct task *fleet_task_older(const struct fleet *f, const struct task *t);
/* By enum outcome, of tasks that ended: of an agent, and of all, those of agents that were
 * forgotten too. Never NULL. */
const struct task_sums *fleet_task_sums(const struct fleet *f, uint32_t agent);
const struct task_sums *fleet_task_sums_all(const struct fleet *f);
void task_sums_add(struct task_sums *sum, const struct task_sums *more);
struct task_sums task_sums_total(const struct task_sums by_outcome[OUTCOME_COUNT]);
/* What all tasks that ended cost, for each that was completed: -1 when none was, or when nobody
 * said what any of them used. It is too little where some of it is untold or unpriced. */
int64_t task_sums_each(const struct task_sums by_outcome[OUTCOME_COUNT]);
/* False: what was used is not known, which is not nothing. */
bool task_told(const struct task *t);
bool agent_told_tokens(const struct agent *a);
/* By verb: pause and resume need the rein hold or freeze; interrupt, stop and revoke the one of
 * their name. The back-end must be live and offer the verb. Agent 0: whether any back-end does.
 * *why_not (may be NULL) is a constant in plain words, or NULL when it is offered. */
bool fleet_verb_offered(const struct fleet *f, uint32_t agent, enum verb v, const char **why_not);
/* The same for an answer to a request, VERB_APPROVE or VERB_DENY: one that can be approved only
 * elsewhere is not approved from here, and denied only when its F_DENIALS say how. */
bool fleet_answer_offered(const struct fleet *f, uint32_t approval, enum verb v,
                          const char **why_not);
/* True when its last sign of life is further than twice its heartbeat from now (also ahead), or its
 * back-end is not live: "last known". */
bool fleet_agent_stale(const struct fleet *f, const struct agent *a, int64_t now_us);

/* What the agents of a back-end spent on the UTC day of `now_us`. */
struct spend_day fleet_day(const struct backend *b, int64_t now_us); /* zeros: none that is kept */
int64_t fleet_spent_today(const struct backend *b, int64_t now_us);
/* The same of all back-ends, and what they may spend a day: 0 when none of them has a limit. */
int64_t fleet_spent_today_all(const struct fleet *f, int64_t now_us, int64_t *limit_microusd);

/* What all agents spent in each of the last minutes before `now_us`, the oldest first; gives the
 * sum. Spending that has no price is not in it, nor what a snapshot brought: it has no time. */
#define FLEET_BURN_MINUTES 60
int64_t fleet_burn(const struct fleet *f, int64_t now_us, int64_t microusd[FLEET_BURN_MINUTES]);

/* In the order of their coming. */
uint32_t fleet_watcher_count(const struct fleet *f);
const struct watcher *fleet_watcher_at(const struct fleet *f, uint32_t index);
bool fleet_watcher_is_us(const struct fleet *f, const struct watcher *w);
/* True when every back-end has said what we may, and that is to read. */
bool fleet_readonly(const struct fleet *f);

/* Pending ones: emergency and high risk first, then by age; a new one joins the end of its bay. */
uint32_t fleet_pending_count(const struct fleet *f);
const struct approval *fleet_pending_at(const struct fleet *f, uint32_t index);
const struct approval *fleet_approval(const struct fleet *f, uint32_t ref); /* pending or kept */
const struct approval *fleet_approval_by_id(const struct fleet *f, struct span backend,
                                            struct span id);
/* F_SCOPES, F_DENIALS, F_TERMS, F_QUESTIONS or F_OPTIONS of a request. */
const struct event_row *fleet_approval_list(const struct fleet *f, uint32_t approval,
                                            enum event_field list, uint32_t *count);
/* Resolved ones, newest first. */
uint32_t fleet_resolved_count(const struct fleet *f);
const struct approval *fleet_resolved_at(const struct fleet *f, uint32_t index);

/* In the order of their coming. */
uint32_t fleet_credential_count(const struct fleet *f);
const struct credential *fleet_credential_at(const struct fleet *f, uint32_t index);
const struct credential *fleet_credential(const struct fleet *f, uint32_t ref); /* NULL when gone */
const struct credential *fleet_credential_by_id(const struct fleet *f, uint32_t backend,
                                                struct span id);
/* How many there are, and the refs of the first `cap` of them: those that an agent names or was
 * issued, and those of the agents that it has started. */
uint32_t fleet_credentials_of_tree(const struct fleet *f, uint32_t agent, uint32_t *refs,
                                   uint32_t cap);
bool fleet_credential_held_by(const struct fleet *f, const struct credential *c, uint32_t agent);
/* The strictest of its own state and its parents': a lease goes no further than what it comes of.
 */
enum credential_state fleet_credential_in_force(const struct fleet *f, const struct credential *c);
/* Whether it can be revoked from here; *why_not (may be NULL) as in fleet_verb_offered(), or in the
 * words of its list, which are foreign. */
bool fleet_credential_revocable(const struct fleet *f, const struct credential *c,
                                struct span *why_not);
/* Whether it can be brought into this state: held, choked, and active again. Leases of a gateway
 * only. */
bool fleet_credential_offered(const struct fleet *f, const struct credential *c,
                              enum credential_state wanted, const char **why_not);
/* One of this agent's own that is held or choked, by itself or by what it comes of. NULL: none. */
const struct credential *fleet_agent_bound(const struct fleet *f, uint32_t agent);
/* The newest command to revoke that meant it when it was given: by its id, its agent, its issuer,
 * what it comes of, or all. NULL: none is known. Its state is what is known of the proof. */
const struct command_track *fleet_credential_revocation(const struct fleet *f,
                                                        const struct credential *c);
/* Walks all agents: for a question, not for a frame. */
void fleet_credentials_reach(const struct fleet *f, const uint32_t *refs, uint32_t count,
                             struct credential_reach *out);

/* Newest command first. */
uint32_t fleet_command_count(const struct fleet *f);
const struct command_track *fleet_command_at(const struct fleet *f, uint32_t index);
const struct command_track *fleet_command_by_id(const struct fleet *f, struct span id);
/* The newest command on this agent or approval; NULL when there was none. */
const struct command_track *fleet_command_on(const struct fleet *f, uint32_t agent,
                                             uint32_t approval);

/* Log, newest first: number of the newest, then fleet_log_entry() downwards; NULL when it fell off.
 */
uint32_t fleet_log_newest(const struct fleet *f);
uint32_t fleet_log_oldest(const struct fleet *f);
const struct log_entry *fleet_log_entry(const struct fleet *f, uint32_t number);
/* Entries of one agent, newest first: start with agent->log_tail's entry, 0 at the end. */
uint32_t fleet_log_of_agent(const struct fleet *f, uint32_t agent);
uint32_t fleet_log_older(const struct fleet *f, uint32_t number);

/* Why a call happened: what the log still has of the call that an entry, or a request, is about.
 * Numbers of entries and refs; 0: never told, or fallen off. An id that is used again is another
 * call. */
struct fleet_chain {
    uint32_t agent, approval; /* refs */
    sid action;               /* id of the call; 0: the entry is about none */
    uint32_t judged;          /* a rule said that a person is to be asked */
    uint32_t asked, decided, started, finished;
};
struct fleet_chain fleet_chain_of_entry(const struct fleet *f, uint32_t number);
struct fleet_chain fleet_chain_of_approval(const struct fleet *f, uint32_t approval);

#endif
