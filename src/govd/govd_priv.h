/* govd_priv.h - what the files of the daemon share. One idea a file:
 *
 *   govd.c      start, turn, shutdown             listen.c    who may connect, and to which door
 *   publish.c   event -> record -> fold -> ring   outbox.c    what leaves only once that is durable
 *   sessions.c  agents known by their hooks       gate.c      a call's life, from asking to its end
 *   calls.c     the table of calls                hooks_priv.h  runtimes whose hooks are understood
 *   rules.c     policy file                       commands.c  operators' verbs
 *   consoles.c  checkrein.v1 connections          stop.c      fleet stop
 *   snapshots.c  the state, told piece by piece   presence.c  that somebody watches
 *   witness.c   heads told to consoles, and what they sign for
 *   telemetry/  spend, failures and tool decisions from OTLP
 *   restore.c   state from the record at start    recent.c    what was seen lately, bounded
 *   procs.c     processes: ours, watched, gone    members.c   all that is below one
 *   ending.c    ending them                       freeze.c    suspending them
 *   guardians.c what `checkrein run` started      runs.c      what its guardians report
 *   interrupt.c SIGINT where there is no gate
 *   credentials.c  what agents hold        issuers.c   of it, what was issued elsewhere
 *   token.c     the hooks' bearer token           seen.c      command ids that were taken
 *   gateway/    leases in place of real keys, and the requests that go through them
 *   budget*.c   what agents may spend, and what they have (budget_priv.h)
 *   tokens.c    consoles' tokens and rights       identity.c  who is at the other end
 *   tasks.c     what agents were asked to do      doctor.c    test calls
 *   config_change.c  settings that change under a session
 */
#ifndef GOVD_PRIV_H
#define GOVD_PRIV_H

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/codec.h"
#include "checkrein/crypto.h"
#include "checkrein/event.h"
#include "checkrein/forward.h"
#include "checkrein/govd.h"
#include "checkrein/issuer.h"
#include "checkrein/journal.h"
#include "checkrein/map.h"
#include "checkrein/model.h"
#include "checkrein/num.h"
#include "checkrein/policy.h"
#include "checkrein/procs.h"
#include "checkrein/secret.h"
#include "checkrein/ulid.h"
#include "checkrein/wire.h"

#define HOOK_BODY_BYTES      ((size_t)4 << 20)
#define HOOK_TOKENS_MAX      65536 /* JSON tokens of one body */
#define RING_EVENTS          8192  /* newest events kept for consoles that come back */
#define RING_BYTES           ((size_t)32 << 20)
#define CONSOLES_MAX         64
#define CONSOLES_BY_PORT_MAX 48 /* the rest is for who comes by the Unix socket */
#define NAME_BYTES           128
#define CWD_BYTES            4096
#define CALLS_MAX            131072 /* waiting or running, over all agents */
#define RUNNING_MAX          4096   /* calls of one agent that run and were not reported back */
#define HELD_BYTES           ((size_t)64 << 20) /* of all action texts that wait */
#define HELD_AGENT_BYTES     ((size_t)16 << 20)
#define REASON_BYTES         512
#define MODEL_BYTES          256
#define RECENT_MAX           32768
#define TOKEN_BYTES          80
#define PASSWORD_BYTES       136          /* "Basic " and base64 of "checkrein:" and a token */
#define BACKEND_SELF         SPAN("self") /* this daemon's own name in its fold */

#define COMMAND_ID_BYTES (COMMAND_ID_MAX + 1)

/* What a session's next call meets, from lax to strict; at GATE_FREEZE its processes are suspended
 * besides. Kept in the record as the agent's `agent.gate`. */
#define GATES(X)                                                                                   \
    X(GATE_OPEN, "open")                                                                           \
    X(GATE_HOLD, "hold")                                                                           \
    X(GATE_FREEZE, "freeze")                                                                       \
    X(GATE_REFUSE, "refuse")
enum gate_mode {
#define X(constant, name) constant,
    GATES(X)
#undef X
        GATE_COUNT
};
const char *gate_name(enum gate_mode m);
enum gate_mode gate_find(struct span name); /* GATE_OPEN when unknown */

/* What was seen lately: at least the last RECENT_MAX keys, at most twice as many. Zeroed memory is
 * empty. */
struct recent {
    struct map gen[2]; /* this generation and the one before */
};
bool recent_put(struct recent *r, struct span key, uint32_t value);        /* true when it is new */
bool recent_get(const struct recent *r, struct span key, uint32_t *value); /* `value` may be NULL */
bool recent_take(struct recent *r, struct span key);                       /* and forgets it */
void recent_release(struct recent *r);

/* What a session has that `checkrein run` started: its `pid` is the guardian's, which all of its
 * processes descend from. What the guardian says of itself (name, task, for whom) is a claim; who
 * it is, the kernel says. */
struct guarded {
    struct proc_set known;      /* processes of it as last seen, in case that the guardian dies */
    struct proc_member program; /* the one that was asked for */
    struct proc_member client;  /* whose hooks have become this session's; pid 0: none yet */
    char unit[64];              /* name of a cgroup of its own, if there is one */
    char *cgroup;               /* that folder, once seen; NULL: none */
    char *owner, *on_behalf_of, *task;
    char end[96];  /* what was reported of the end; empty: nothing yet */
    bool hooks;    /* its runtime was given hooks: calls are held */
    bool orphaned; /* the guardian died, and `pid` is one of those that it left */
};

/* Ends the agent.instance_uid of a run whose guardian died. */
#define ORPHAN_MARK "+orphaned"

/* One agent as its hooks show it. Lives as long as the daemon; named by its index + 1. */
typedef uint32_t session_ref;
struct runtime;
struct lease;
struct price_usage;
struct session {
    struct govd *govd;
    const struct runtime *kind; /* whose hooks it has; by the beginning of its id */
    session_ref ref;
    uint32_t children; /* sessions whose parent it is */
    char *id;     /* "claude:<session>" or "claude:<session>/<subagent>", by its runtime's prefix */
    char *native; /* the runtime's own session id */
    char *alias;  /* id under which its runtime's hooks speak of it; NULL: the same */
    char *name, *cwd, *mode, *runtime, *model;
    session_ref parent;
    enum gate_mode gate;
    enum agent_state state;
    bool demo;
    bool heard_again;        /* since room was last looked for */
    struct guarded *guarded; /* NULL: not started by `checkrein run` */
    bool frozen;             /* all of its processes are seen suspended */
    bool ending;             /* its processes are being ended */
    bool in_stop;            /* counted by the fleet stop */
    bool refused;            /* stopped and refused something, but calls that were let run go on */
    bool interrupt_next;     /* the next call is refused and ends the turn */
    bool task_cut;           /* an operator, or its user, ended what it works on */
    int32_t pid;             /* 0: not known. Trusted only from a Unix socket peer's own ancestry */
    uint64_t pid_start;      /* start time of that pid, so that a reused number is noticed */
    loop_id watch;
    int pidfd;            /* -1: none */
    uint32_t held;        /* calls waiting at the gate, for whatever reason */
    uint32_t asked;       /* of these, waiting for an operator */
    uint32_t running;     /* calls let through and not yet reported back */
    uint64_t let_through; /* calls, ever */
    uint64_t told_ran; /* of a runtime without ids of calls: how many its telemetry says have run */
    int64_t told_ran_us; /* monotonic: when it was last said that they are too many */
    size_t held_bytes;   /* of the action texts that wait */
    int64_t cost_microusd;
    int64_t bucket_us;    /* rate limit: time up to which calls are paid for */
    int64_t told_us;      /* monotonic: when it was last said that it is over a limit */
    int64_t opened_us;    /* wall: since when this daemon hears of it */
    int64_t telemetry_us; /* as bucket_us, of records of telemetry */
    uint8_t spend_from;   /* enum spend_from: what its spend is taken from */
    char *waits_for;      /* what its calls through the gateway wait for; NULL: for no budget */
    bool says_wait;       /* its state was told with that as the reason */
    bool held_is_news;    /* what it holds of leases is to be told: gateway/telling.c */
    char watching[COMMAND_ID_BYTES]; /* command that what this session does will confirm */
    enum verb watching_verb;
};

enum call_state { CALL_FREE, CALL_HELD, CALL_ASKED, CALL_RUNNING };

/* One call of a tool, from the hook to the report of its end. */
struct call {
    enum call_state state;
    uint32_t index; /* in govd.calls, for good */
    net_id http;    /* of the waiting hook; 0 once answered */
    session_ref session;
    char id[ULID_BYTES]; /* approval id, while asked */
    char *native_id;     /* the runtime's own id of the call, or one made here: calls.c */
    char *action;        /* exact text that was hashed and will run; gone once it runs */
    size_t action_bytes;
    char *shown; /* the same with its secrets hidden; NULL: there are none */
    size_t shown_bytes;
    uint32_t secrets;
    char shown_digest[DIGEST_TEXT_BYTES]; /* empty: that of the action */
    struct span input;                    /* the tool's input inside `action` */
    char *tool, *summary, *command, *path, *url, *words;
    char *cwd, *mode; /* of the moment of the call: the session's may change while it waits */
    char digest[DIGEST_TEXT_BYTES];
    char policy_version[24];
    char deciding[COMMAND_ID_BYTES]; /* command that let it run: its reported end confirms it */
    bool reads_only;
};

/* Frames leave only after the record they rest on is durable: see outbox.c. */
struct ring_event {
    uint64_t seq;
    char *frame; /* {"kind":"event",...} */
    size_t bytes;
};
struct ring {
    struct ring_event event[RING_EVENTS];
    uint64_t first, end; /* counters; slot = counter % RING_EVENTS */
    size_t bytes;
};

enum parcel_kind { PARCEL_ANSWER, PARCEL_FRAME, PARCEL_CLOSE };
struct parcel {
    enum parcel_kind kind;
    net_id to;
    char *body; /* of PARCEL_CLOSE: the reason */
    size_t bytes;
    int close_code;
    uint64_t ring_at;    /* events before this one go to the console first */
    char *if_unrecorded; /* what is sent instead when the record failed; NULL: the same */
    size_t if_unrecorded_bytes;
    char call[ULID_BYTES];           /* that is let run: it is said when it could not be told */
    char confirms[COMMAND_ID_BYTES]; /* command that is confirmed by handing this over */
};

#define OPERATOR_PATH_BYTES 192

#define HELLO_MS 5000 /* in which a console says hello, or its seat is another's */

/* What is told of who comes by the Unix socket, or by the port: presence.c. */
struct door {
    struct govd *govd;
    int64_t paid_us;     /* as of a bucket: connections that were told one by one */
    uint64_t untold;     /* that left before they were told */
    loop_id more, count; /* one more is told, and how many were not */
};

enum console_sync {
    SYNC_NONE,     /* no hello yet */
    SYNC_DUE,      /* hello is on its way out */
    SYNC_SNAPSHOT, /* it is told the state of `sync_seq`, piece by piece; news wait in the ring */
    SYNC_MISSED,   /* it is told the events up to `sync_at`, then that it is synced */
    SYNC_LIVE,
};

struct console {
    struct govd *govd;
    net_id id;
    bool greeted;  /* hello was exchanged: it gets events */
    bool leaving;  /* it is being closed: it gets no more events and is not heard */
    bool told;     /* operator.presence says that it is here */
    bool by_port;  /* it came over the loopback port */
    bool by_token; /* its rights are a token's, which has this digest */
    uint8_t digest[SHA256_BYTES];
    int64_t expires_us; /* wall; 0: never */
    int32_t peer_pid;
    uint32_t scopes;
    char operator_id[64];
    char connection[ULID_BYTES];
    char path[OPERATOR_PATH_BYTES]; /* how it came in, and what is claimed and not known of that
                                       says so */
    loop_id hello_timer, presence_timer;
    uint64_t untold_since; /* it has stayed, as the how-manieth, and is to be told of; 0: not */
    uint64_t cursor;       /* next ring counter to send */
    enum console_sync sync;
    bool resumes;          /* after what it has: no snapshot */
    uint64_t sync_at;      /* ring counter at which it is synced */
    uint64_t sync_seq;     /* the same as a number of an event */
    struct fleet_cut *cut; /* what is left of its snapshot */
    uint64_t head_n;       /* of the record's head that it was told last; 0: none */
    char head[SHA256_HEX_BYTES];
    int64_t head_us;    /* monotonic: when */
    bool head_answered; /* once, whatever it said */
};

/* What a console has signed for a head, until it is in the record: witness.c. */
struct countersign_due {
    struct journal_countersign sign;
    char by[64];
};

struct govd {
    struct loop *loop;
    struct net *net;
    const struct conf *conf;
    struct journal *journal;
    struct forward *forward;      /* NULL until it is open */
    struct fleet_cut *retain_cut; /* of what is told again before the record's oldest part goes */
    uint64_t retain_seq, retain_from; /* of that: number of the events, first record; 0: none */
    struct forward_retention retention;
    struct fleet *fleet;
    struct policy *policy;
    struct codec *codec;
    char *policy_path, *prices_path, *issuers_path, *socket_path, *own_socket, *host, *source;
    char token[TOKEN_BYTES];
    char password[PASSWORD_BYTES]; /* the same as HTTP basic authentication */
    char *tokens_path;
    struct console_tokens console_tokens;
    net_id unix_door, tcp_door, console_door;
    int port, console_port;

    struct tape_token *tokens;
    struct buf text;    /* unescaped strings of one body */
    struct buf scratch; /* frames and replies being written */

    uint64_t seq; /* of the newest published event */
    struct ring *ring;
    struct parcel *parcels;
    size_t parcel_count, parcel_cap;

    struct session **sessions; /* each stays where it is */
    size_t session_count, session_cap;
    struct map session_by_id;

    struct call **calls; /* each stays where it is; CALL_FREE ones are used again */
    size_t call_count, call_cap;
    uint32_t *call_free; /* indexes of CALL_FREE ones */
    size_t call_free_count, call_free_cap;
    uint32_t held; /* over all sessions */
    size_t held_bytes;
    struct map call_by_http, call_by_approval, call_by_native;
    struct map ran_before; /* calls that ran when the last daemon ended: by agent and call */

    struct proc_tree tree;
    int64_t tree_read_us; /* the turn that it was read in; 0: never */
    struct ending *endings;
    struct recent seen; /* ids of commands that were taken */
    struct recent
        let_through;      /* calls that this gate let run: root agent and call id, to the session */
    struct recent inputs; /* what they were let run with: the same and a digest */
    struct recent ended_early; /* of these, what telemetry told the end of before the hook did */
    struct recent alarmed;     /* calls that ran past the gate, and were said to */
    struct leases *leases;
    struct gateway *gateway; /* never NULL once it is made; without upstreams nobody comes in */
    struct budgets *budgets;
    struct telemetry *telemetry;
    struct issuers *issuers; /* NULL until they are read */
    struct outside *outside; /* of each of their credentials, what is under way */
    bool issuers_due;        /* their file is to be read when nothing is under way */
    struct revocation *revocations;
    struct frozen *frozen;
    struct interruption *interruptions;
    session_ref *guarded; /* sessions with a guardian that lives, or that left processes */
    size_t guarded_count, guarded_cap;
    loop_id guarded_timer;

    struct console consoles[CONSOLES_MAX];
    struct door doors[2];         /* by whether it is the port */
    uint64_t arrivals;            /* connections that have stayed, ever */
    size_t snapshots;             /* consoles that are being told the state */
    size_t snapshot_next;         /* console whose turn it is to be told more */
    const struct console *acting; /* whose command is being carried out; NULL outside of that */
    int64_t stranger_us;          /* monotonic: when it was last said that a token is not known */
    uint64_t strangers;           /* since then */

    bool stop_latched, stop_counting;
    bool stop_changed;                   /* to be counted again at the end of the turn */
    bool stop_untold;                    /* the next count is told, also when it is as before */
    char stop_command[COMMAND_ID_BYTES]; /* that asked for it, until all is confirmed */
    int64_t stop_requested, stop_confirmed, stop_unreachable;

    bool demo;                            /* all agents of this daemon are demo agents */
    bool record_told;                     /* the failure of the record was said once */
    char unrecorded_instance[ULID_BYTES]; /* of the history since then; empty while the record is
                                             well */
    int64_t newcomer_us;      /* rate limit of new sessions: time up to which they are paid for */
    size_t session_next;      /* where to look for one that can be forgotten */
    session_ref session_last; /* opened last */
    int64_t full_us;       /* monotonic: when it was last said that there is no room for another */
    int64_t unreadable_us; /* monotonic: when hooks that cannot be read were last told of */
    uint64_t unreadable;   /* since then */
    int64_t clock_offset_us; /* wall against the time since boot, as last seen; 0: not yet */
    struct config_look *config_looks; /* second looks that are due */
    struct {                          /* the newest head that is worth to be told */
        uint64_t n;
        char head[SHA256_HEX_BYTES];
        struct buf frame;                             /* that tells it */
        uint8_t key[CONSOLES_MAX][ED25519_KEY_BYTES]; /* of who has signed for it */
        size_t key_count;
    } head;
    struct countersign_due countersigns[CONSOLES_MAX];
    size_t countersign_count;
    loop_id countersign_timer;
    bool closing, drained;
    loop_id seal_timer;
};

/* ---- publish.c */
/* Completes the envelope, appends to the record, folds, and queues for consoles. False: nothing of
 * this, because it cannot be recorded as it is; who lets something run on it must not. */
bool publish(struct govd *g, struct event *ev);
void publish_begin(struct govd *g, struct event *ev, enum event_type type);
/* As publish_begin, with agent id and subject of this session. */
void publish_about(struct govd *g, struct event *ev, enum event_type type, const struct session *s);
void publish_state(struct govd *g, struct session *s, enum agent_state state, const char *reason);
void publish_waiting(struct govd *g, struct session *s); /* paused, by what it waits for */
void publish_failure(struct govd *g, const struct session *s, enum failure class,
                     struct span message);
void publish_signal(struct govd *g, const struct session *s, enum severity sev, const char *title);
/* As it may be told: without secrets, then cut to `bytes`. In `room` when something was replaced.
 * What is cut without it may have half a secret left at its end. */
struct span told_text(const struct govd *g, struct span text, char *room, size_t bytes);
/* True at most once a second for one *told_us: what an agent can cause without end is not told
 * without end. */
bool may_tell(int64_t *told_us);

/* ---- witness.c */
/* At the end of a turn: tells consoles of the newest head that is durable. */
void witness_turn(struct govd *g);
void witness_answer(struct govd *g, struct console *c, const struct msg_countersign *s);
/* Into the record, with what is committed next. */
void witness_record(struct govd *g);

/* ---- outbox.c */
void outbox_answer(struct govd *g, net_id http, struct span body);
/* Lets this call run; gate_not_started() follows when it could not be told, or was refused instead.
 */
void outbox_allowance(struct govd *g, net_id http, struct span body, struct span if_unrecorded,
                      const char *call);
/* A refusal: handing it over confirms the operator's command (empty: none). */
void outbox_refusal(struct govd *g, net_id http, struct span body, struct span confirms);
void outbox_frame(struct govd *g, net_id ws, struct span frame);
void outbox_result(struct govd *g, net_id ws, struct span frame, struct span if_unrecorded);
void outbox_close(struct govd *g, net_id ws, int code, const char *why); /* after what is queued */
/* Commits the record, then sends what rests on it. */
void outbox_flush(struct govd *g);
void outbox_release(struct govd *g);
void ring_push(struct govd *g, uint64_t seq, struct span frame);

/* ---- sessions.c */
struct session *session_at(const struct govd *g, session_ref ref); /* NULL for 0 */
struct session *session_find(const struct govd *g, struct span id);
/* Finds or makes; *made says which. NULL: no room. Nothing is published. A gate that the record
 * tells of holds. */
struct session *session_open(struct govd *g, struct span id, bool *made);
void session_set_parent(struct govd *g, struct session *s, session_ref parent);
/* The stricter of its own and its parent's: a helper goes no further than who started it. */
enum gate_mode session_gate_in_force(const struct session *s);
bool session_is_gated(const struct session *s); /* its runtime asks before it calls a tool */
/* True when its calls wait, whatever the rules say. */
bool session_holds(const struct session *s);
void session_settle(struct govd *g, struct session *s,
                    const char *reason); /* publishes the state that follows from its calls */
void session_waits_for(struct session *s, const char *what); /* NULL: nothing any more */
/* The same for its helpers: what they may do depends on it. */
void session_settle_helpers(struct govd *g, const struct session *s, const char *reason);
void session_set(char **slot, struct span value); /* empty leaves what is there */
void session_announce(struct govd *g, struct session *s, enum event_type type);
void session_gate(struct govd *g, struct session *s, enum gate_mode mode);
/* The model it talks to, as hooks or telemetry name it: published when it is news. Empty: not told;
 * without a provider it is the runtime's usual one. */
void session_model(struct govd *g, struct session *s, struct span model, struct span provider);
/* The command is confirmed by a later observation of this session; a command that still waited is
 * superseded. */
void session_watch(struct govd *g, struct session *s, struct span command, enum verb verb);
/* That observation: confirms when the session is watched for this verb. */
void session_seen(struct govd *g, struct session *s, enum verb verb, const char *what);
/* It did not come, or cannot be seen. */
void session_missed(struct govd *g, struct session *s, enum verb verb, enum command_state st,
                    const char *why);
void sessions_release(struct govd *g);
/* A bucket is the time up to which is paid; it never lags by more than `burst_us`. True: paid. */
bool bucket_pay(int64_t *bucket_us, int64_t cost_us, int64_t burst_us);
/* True when a hook may pass the rate limit now; pays for it. */
bool session_pay(struct session *s);
/* The same for a record of telemetry: hooks and telemetry do not take each other's room. */
bool session_pay_telemetry(struct session *s);
/* The same for a session that is not known yet. */
bool newcomer_pay(struct govd *g);

/* ---- gate.c, calls.c */
/* What a refused agent is told beside the refusal. */
enum reply_then { REPLY_GO_ON, REPLY_END_TURN };
struct call_request {                   /* what a runtime's hook tells of a call; spans borrowed */
    struct span native_id, tool, input; /* no id: one is made. input: JSON text as received */
    struct span command, path, url, summary, words;
    struct span folder; /* that it runs in, from the agent's own; NONE: there */
    bool reads_only;
};
void gate_request(struct govd *g, struct session *s, net_id http, const struct call_request *r);
/* That waits for an operator. */
struct call *gate_find_approval(struct govd *g, struct span approval_id);
/* The operator decided: recorded, then answered. */
void gate_approve(struct govd *g, struct call *c, struct span by, const struct command *cmd);
void gate_deny(struct govd *g, struct call *c, struct span by, struct span reason,
               enum reply_then then, struct span command);
/* The client went away: withdrawn. */
void gate_gone(struct govd *g, net_id http);
/* An answer that should have let it run was not given. */
void gate_not_started(struct govd *g, struct span call, const char *why);
/* Why nothing at all may pass for this session now; NULL when something may. */
const char *gate_barred(const struct govd *g, const struct session *s);
/* The process that asked is gone; who still waits in its name is refused. `only`: a session and its
 * helpers; 0: all. */
void gate_withdraw_all(struct govd *g, session_ref only);
/* The gate of a session opened, or the rules changed: judges again what waits. */
void gate_rejudge(struct govd *g, session_ref only);
/* Refuses everything that waits (and ends the turn); gives how many. */
uint32_t gate_refuse_all(struct govd *g, session_ref only, struct span by, const char *reason);
struct call_end { /* what a runtime's hook tells of a call that is over; spans borrowed */
    struct span native_id, tool, output, error;
    struct span input; /* JSON text, as it ran; empty: not told */
    enum outcome outcome;
    int64_t duration_ms; /* -1: not told */
};
void gate_finished(struct govd *g, struct session *s, const struct call_end *end);
/* The same from telemetry, which may come before the hook's report, instead of it, or after it. */
void gate_told_end(struct govd *g, struct session *s, const struct call_end *end);
/* The runtime says that a call was accepted: raises a signal of this severity when it was not this
 * gate that did. */
void gate_told_accepted(struct govd *g, struct session *s, struct span native_id,
                        enum severity sev);
/* Telemetry tells that a call has run, and not which: raises a signal when there are more than were
 * let through. */
void gate_told_ran(struct govd *g, struct session *s);
/* This call of this agent was let run, now or before the daemon was started. */
void gate_remember(struct govd *g, struct span agent, struct span native_id);
/* What still waits is withdrawn, and refused to whoever listens: the agent has gone on without it.
 */
void gate_give_up(struct govd *g, struct session *s, const char *why);
/* Calls of this session that were let through and never reported back. */
void gate_forget(struct govd *g, struct session *s, const char *why);
void gate_release(struct govd *g);

/* ---- runtime.c: a row for each runtime whose hooks are understood (hooks_priv.h) */
struct hook_event;
struct tool_row;
struct runtime {
    const char *name;       /* F_AGENT_RUNTIME */
    const char *id_prefix;  /* of its agents' ids: "claude:" */
    const char *called;     /* an agent that nothing else names */
    const char *provider;   /* whose models it talks to, unless told otherwise; NULL: not known */
    const char *path;       /* where its hooks are posted: "/hook/claude" */
    const char *gate_event; /* the one that is answered with a verdict */
    bool calls_have_no_id;  /* a report is joined to its call by tool and input */
    const struct hook_event *events; /* both end with an empty row */
    const struct tool_row *tools;
    const char *folder_key; /* of a command's input: the folder it runs in, when not the agent's;
                               NULL: there is none */
    /* Each appends the runtime's JSON to `out`. `input`: what was shown, as JSON text. */
    void (*allow)(struct buf *out, struct span input, struct span reason);
    void (*deny)(struct buf *out, struct span reason, enum reply_then then);
    void (*block)(struct buf *out,
                  struct span reason); /* of a prompt, or of a change of settings */
    const struct event_row *limits;    /* F_GATE_LIMITS: what can be told, and cannot be held */
    uint32_t limit_count;
};
extern const struct runtime RUNTIME_CLAUDE, RUNTIME_GEMINI, RUNTIME_CODEX;
const struct runtime *runtime_by_path(struct span path); /* NULL: no runtime posts there */
const struct runtime *runtime_of_agent(struct span id);  /* the first one when no prefix fits */
const struct runtime *runtime_named(struct span name);   /* NULL: none is */

/* ---- hooks.c: one hook call; answered at once or through the gate */
void hook_receive(struct govd *g, net_id http, const struct http_head *head, struct span body);

/* ---- config_change.c: somebody changed a settings file of a runtime while this session runs */
struct config_change { /* what the runtime's hook tells of it; spans borrowed */
    struct span source, path, transcript, cwd;
};
/* Looks at the files, tells what it found, and gives why the session must keep what it has; NULL
 * when it may take the change up. */
const char *config_change(struct govd *g, struct session *s, const struct config_change *c);
void config_looks_release(struct govd *g);

/* ---- rules.c */
void rules_reload(struct govd *g);
enum status rules_load(struct govd *g, struct why *why) MUST_USE; /* a missing file: the defaults */

/* ---- commands.c */
void commands_run(struct govd *g, const struct console *from, const struct command *c);
uint32_t commands_offered(void); /* 1u << enum verb */
/* What is said of a command that was done while the record has failed, when there is nothing else
 * to say. */
const char *command_reason_unrecorded(enum command_state st, const char *reason);
void command_result(struct govd *g, struct span id, enum command_state st, const char *reason,
                    const char *by);

/* ---- stop.c */
void stop_all(struct govd *g, struct span command, struct span by);
void stop_reset(struct govd *g);
void stop_resume(struct govd *g);
/* Refuses its calls for good and ends its processes. */
void session_stop(struct govd *g, struct session *s, struct span by, const char *reason);
/* Something of a stopped session was refused: what confirms the stop when no process is known. */
void session_refused(struct govd *g, struct session *s, const char *what);
/* Calls that it was let run have ended: the last one was all that a stop still waited for. */
void session_calls_ended(struct govd *g, struct session *s);
/* It has said that it ended, or was stopped, and no process of it is known. */
bool session_is_over(struct govd *g, const struct session *s);
void stop_count(struct govd *g);  /* something changed: is counted at the end of the turn */
void stop_settle(struct govd *g); /* the end of the turn: counts, publishes, confirms */

/* ---- procs.c */
/* True for what this daemon, or a console that is connected, runs under or is. */
bool proc_is_ours(const struct govd *g, int32_t pid);
void proc_watch(struct govd *g, struct session *s);
void proc_unwatch(struct govd *g, struct session *s);
/* Its process, and those below that were to end with it, are gone. */
void proc_gone(struct govd *g, struct session *s, const char *reason);
/* Ends the process and all below it; proc_gone() follows. False: it is not to be ended. */
bool proc_end(struct govd *g, struct session *s);
/* The same by SIGKILL at once, also of one that is being ended. */
bool proc_kill(struct govd *g, struct session *s);
void endings_release(struct govd *g);

/* ---- freeze.c: session.frozen follows; VERB_FREEZE and VERB_RESUME are confirmed from the process
 * table */
/* False: its process is not known, or not to be frozen. */
bool freeze_begin(struct govd *g, struct session *s);
/* After a start: takes up what the record says is frozen. */
void freeze_resume(struct govd *g);
void freeze_end(struct govd *g, struct session *s);
/* They are gone, or are to be killed as they are. True when it was frozen. */
bool freeze_drop(struct govd *g, struct session *s);
void freezers_release(struct govd *g);

/* ---- interrupt.c: for a session without a gate. False: there is nobody to interrupt. */
bool proc_interrupt(struct govd *g, struct session *s);
void interruptions_release(struct govd *g);

/* ---- guardians.c */
/* Whose guardian this process descends from; NULL: nobody's. */
struct session *guarded_of(const struct govd *g, int32_t pid);
/* Of a process that connects. Unknown: there are guardians, and who it descends from cannot be
 * told, because it has ended already or has too many ancestors. */
enum descent { DESCENT_OTHER, DESCENT_AGENT, DESCENT_UNKNOWN };
enum descent guarded_descent(struct govd *g, int32_t pid);
void guarded_make(struct govd *g, struct session *s);
/* After a start: with the cgroup that its processes are in, which may be frozen. */
void guarded_restore(struct govd *g, struct session *s, bool orphaned);
/* The hook's sender descends from a guardian: the session that it speaks of is that agent, unless
 * it is one that runs, or another process' hooks are that agent's already. */
void guarded_adopt(struct govd *g, const struct http_head *head, struct span id);
/* After a start: its runtime's session is known by its own id again. */
void guarded_take_name(struct govd *g, struct session *s);
/* It is over: a session like any other, should its runtime's session go on. */
void guarded_drop(struct govd *g, struct session *s);

/* ---- runs.c: POST /run/..., over the Unix socket only */
bool run_is_id(struct span agent);
void run_unit(const char *id, char *out, size_t bytes); /* the name of its scope, if it has one */
void run_started(struct govd *g, net_id http, const struct http_head *head, struct span body);
void run_line(struct govd *g, net_id http, const struct http_head *head, struct span body);
void run_ended(struct govd *g, net_id http, const struct http_head *head, struct span body);

/* ---- seen.c */
/* True when this id is new; it is known from then on, for the next RECENT_MAX at least. */
bool seen_take(struct govd *g, struct span command);

/* ---- identity.c: "unix socket, user ops, ...", of the process at its other end */
void identity_of_unix(int32_t pid, char path[OPERATOR_PATH_BYTES]);

/* ---- tokens.c: the rest is in govd.h */
/* That the header names and that is good now; NULL otherwise. */
const struct console_token *console_token_in(const struct govd *g, struct span authorization);
void console_tokens_reload(struct govd *g);

/* ---- consoles.c */
bool console_expired(const struct console *c);
/* Cuts off whose token is gone, has expired, or has other rights now. */
void consoles_check_tokens(struct govd *g);
void consoles_opened(struct govd *g, net_id id, const struct http_head *head);
void consoles_message(struct govd *g, net_id id, struct span text);
void console_error(struct govd *g, const struct console *c, const char *code, const char *text);
void consoles_closed(struct govd *g, net_id id, const char *why);
void consoles_flush(struct govd *g, uint64_t end); /* of the ring: what is durable */
void consoles_catch_up(struct govd *g, net_id id, uint64_t end);
/* One frame at once; a console that does not take it is leaving. */
void console_send(struct console *c, struct span frame);
/* The record failed: what consoles know is not the record's history any more. */
void consoles_start_over(struct govd *g);
void consoles_bye(struct govd *g);
/* To every console that reads: who sent the command knows its id. */
void consoles_result(struct govd *g, struct span id, enum command_state st, const char *reason,
                     const char *by);

/* ---- snapshots.c */
/* Nothing is on its way and all is durable: tells some of their state to those who wait for it. */
void snapshots_tell(struct govd *g);
/* Before this event is folded. */
void snapshots_before(struct govd *g, const struct event *ev);
void snapshot_drop(struct console *c);
void snapshots_release(struct govd *g);

/* ---- presence.c */
void presence_init(struct govd *g);
void presence_begin(struct console *c); /* after hello */
void presence_end(struct console *c, const char *why);
void presence_release(struct govd *g);

/* ---- telemetry/, budget*.c: what agents spend, and may */
#include "spend_face_priv.h"

/* ---- gateway/: the leases that agents hold in place of real keys, and the way through them */
#include "gateway/gateway_face_priv.h"

/* ---- credentials.c: what agents hold, and what became of revoking it */
#define CREDENTIAL_ROWS 32
struct credential_rows { /* F_CREDENTIALS of an agent; the spans are those of who has them */
    struct event_row row[CREDENTIAL_ROWS + 1]; /* the last: how many have no room */
    char expires[CREDENTIAL_ROWS + 1][TIME_TEXT_BYTES];
    uint32_t count, left_out; /* that no other event tells of */
};
void credential_rows_fill(const struct govd *g, const struct session *s,
                          struct credential_rows *out);
/* One kind of credentials. */
struct credential_owner {
    /* How many of its own the command means: by `credential`, by `agent`, or by both. */
    uint32_t (*count)(const struct govd *g, const struct command *c);
    /* Begins with each of them; revocation_told() follows for each. */
    void (*revoke)(struct govd *g, const struct command *c, struct span by);
    /* Tell the command's result themselves; NULL: not offered. */
    void (*pause)(struct govd *g, const struct command *c, struct span by);
    void (*resume)(struct govd *g, const struct command *c, struct span by);
    /* Adds what this session holds. */
    void (*fill)(const struct govd *g, const struct session *s, struct credential_rows *out);
};
extern const struct credential_owner OWNER_LEASES, OWNER_ISSUERS;
#define OWNERS_COUNT 2
extern const struct credential_owner *const OWNERS[OWNERS_COUNT];
/* So many credentials are being revoked for this command: its result is the worst of theirs. */
void revocation_begin(struct govd *g, struct span command, uint32_t count);
void revocation_told(struct govd *g, struct span command, enum command_state st, struct span reason,
                     struct span by);
void revocations_release(struct govd *g);

/* ---- issuers.c: credentials that were issued elsewhere */
enum status issuers_open(struct govd *g, struct why *why) MUST_USE; /* a missing file: none */
void issuers_reload(struct govd *g); /* on a bad file the old set stays, and the reason is told */
void issuers_turn(struct govd *g);
void issuers_close(struct govd *g);

/* ---- listen.c, restore.c, token.c */
/* Host of a request to this loopback port, as a client that means it would say it. */
bool host_is_ours(struct span host, int port);
enum status doors_open(struct govd *g, const struct govd_options *o, struct why *why) MUST_USE;
void doors_close(struct govd *g);
/* ---- retain.c */
void retain_look(struct govd *g);  /* now and then */
void retain_again(struct govd *g); /* a person asks for it, also after trouble */
/* Before the event is folded. */
void retain_before(struct govd *g, const struct event *ev);
void retain_turn(struct govd *g);
void retain_release(struct govd *g);
/* That an agent ended long ago is no state that anybody needs. */
bool snapshot_leaves_out(const struct govd *g, const struct event *ev);

enum status restore(struct govd *g, const char *journal_dir, struct why *why) MUST_USE;
enum status token_load(const char *path, char out[TOKEN_BYTES], struct why *why) MUST_USE;
/* The header field of a client that can be given an address and no header:
 * http://checkrein:TOKEN@... */
void token_as_password(const char *token, char out[PASSWORD_BYTES]);

int64_t govd_wall_us(void);

#endif
