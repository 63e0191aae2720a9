/* codex_priv.h - a second client of `codex app-server`: its rooms and what they share.
 *
 *   codex.c    the connection: greeting, state transfer, live; upkeep
 *   rpc.c      the only methods that are ever sent, and the frames in and out
 *   texts.c    texts of a frame
 *   notes.c    notifications: which room each one goes to
 *   cut.c      frames that are too long for the record
 *   threads.c  threads: who they are, and their states
 *   attach.c   attaching to a thread, and what comes with it
 *   history.c  how long a thread's history is
 *   process.c  the server's own process, and freezing it
 *   rights.c   what a thread may do without being asked about
 *   items.c    what a thread does: items that begin and end
 *   asks.c     what the server asks its clients, and the answers; its kinds in ask_kinds.c, what is
 *              told of one in tellings.c, questions in forms.c
 *   spend.c    tokens, limits, failures
 *   orders.c   commands of the operator: what is sent, and what confirms them
 *
 * The protocol is that of codex-cli 0.169 (`codex app-server generate-json-schema`): JSON-RPC 2.0
 * without its "jsonrpc" member, one message a text frame. Everything that a frame brings about
 * depends on the frames and commands before it only, so that a record replays to the same picture:
 * ids of our requests say themselves what they were for ("read:<thread>"), time is the frame's, and
 * timers send, but tell nothing.
 *
 * A thread is an agent; its id is the agent's. All strings of a thread are as received and hostile.
 */
#ifndef CODEX_PRIV_H
#define CODEX_PRIV_H

#include "../kinds_priv.h"
#include "../wslink_priv.h"

#include "checkrein/map.h"
#include "checkrein/procs.h"
#include "checkrein/wire.h"

#define CODEX_THREADS_MAX 8192
#define CODEX_ASKS_MAX    4096
#define CODEX_ITEMS_MAX   256 /* open ones of one thread */
#define CODEX_ORDERS_MAX  256
#define CODEX_REINS       16
#define CODEX_LIMITS      2                  /* primary and secondary */
#define CODEX_ID_BYTES    ((size_t)128)      /* of a thread, turn, item or request */
#define CODEX_TEXT_BYTES  ((size_t)512)      /* of a summary or a title */
#define CODEX_CHANGES     ((size_t)64 << 20) /* bytes of all changes that are kept */
#define CODEX_FRAME_BYTES ((size_t)5 << 20)  /* as base64 it is a line of the record */
#define CODEX_CUT         "checkrein.cut"    /* member of a frame that was longer */

enum codex_phase {
    CODEX_AWAY,
    CODEX_GREETING, /* the answer to initialize is awaited */
    CODEX_SYNCING,  /* threads are read and attached to: what is told now is state, not news */
    CODEX_LIVE,
    CODEX_BROKEN,
};

/* How much of a thread is asked for with it, each less than the one before. */
enum attach_form { ATTACH_WHOLE, ATTACH_LAST, ATTACH_BARE, ATTACH_FORMS };

enum codex_tokens {
    TOKENS_IN,
    TOKENS_CACHED,
    TOKENS_CACHE_WRITE,
    TOKENS_OUT,
    TOKENS_REASONING,
    TOKENS_COUNT
};

struct codex_item {
    char id[CODEX_ID_BYTES];
    const struct codex_tool *tool;
    char *summary;
    char *changes;  /* of a file change: its JSON as received, which is what an approval lets run */
    enum risk risk; /* of a file change: by the files that it touches */
    char *call;     /* of an MCP tool: server, tool and arguments as received */
};

struct codex_thread {
    char id[CODEX_ID_BYTES];
    char session[CODEX_ID_BYTES]; /* of the tree that it belongs to */
    char turn[CODEX_ID_BYTES];    /* the one that runs; empty: none */
    char task[CODEX_ID_BYTES];    /* the newest turn that was told as a task */
    bool task_open, task_titled;
    bool helper; /* of another thread, and works for its task */
    char *name;
    char *cwd;
    char *model;
    bool asks_all; /* its policy asks about everything, and a person */
    enum agent_state state;
    char *reason; /* of the state */
    bool known;   /* the server has said who it is */
    bool shown;   /* it is an agent on the screen */
    bool hidden;  /* the server's own helper: never shown */
    bool awaits_read, awaits_resume, awaits_commands;
    bool attached;                   /* items, requests and tokens come */
    bool attach_due;                 /* waits until another one is attached */
    bool began_here;                 /* since this connection began: its history is short */
    char *history;                   /* path of its history, as the server says */
    enum attach_form form, asked_as; /* the most that may be asked for; what was */
    int64_t output_us; /* monotonic: when it was last told that a command of it prints */
    bool interrupted;  /* its last turn ended so, and commands of it may go on */
    int32_t terminals; /* its commands that run, as the server lists them; -1: not asked since the
                          turn ended */
    uint32_t asks;     /* pending */
    bool asked;        /* a request of it came, of any kind */
    bool awaits_usage; /* it has had a turn: what it used comes some time after attaching */
    int64_t used[TOKENS_COUNT];
    struct codex_item *items;
    size_t item_count, item_cap;
};

struct codex_ask;
struct codex_order;
struct ask_telling;

struct codex_texts { /* texts.c */
    struct buf block;
    char **full; /* blocks before it */
    size_t full_count, full_cap;
    struct codex_text_seen {
        uint32_t at;
        struct span text;
    } seen[16]; /* the last ones */
    size_t seen_count;
};

/* process.c */
enum server_state {
    SERVER_FREE,
    SERVER_FREEZING,
    SERVER_FROZEN, /* from here */
    SERVER_ASLEEP, /* stopped, and not from here */
    SERVER_PARTLY, /* some could not be stopped, or not let go on */
    SERVER_THAWING,
};

struct codex_process {
    /* As the record tells it. */
    enum server_state state;
    int32_t pid;     /* 0: not known, or not to be frozen from here */
    char words[192]; /* of the state, or why there is no pid */
    bool shown;      /* it stands for its threads, as an agent */
    /* Live only. */
    struct proc_member server;
    int32_t said; /* pid that it claims */
    bool retell;  /* the link has been told something else since */
    struct freezer *freezer;
    struct proc_tree tree;
    loop_id timer;
};

struct codex {
    struct wslink link;
    struct codex_process process;
    enum codex_phase phase;
    uint32_t secrets; /* that are hidden in the frame that is being handled */
    int64_t now_us;   /* of the frame or command that is being handled, wall */
    char version[32];
    char speaks_as[64]; /* the name that the server gives the model's service: its first client's */
    bool told_speaks_as;   /* that it is ours */
    uint64_t told_unknown; /* of `unknown`: in the back-end's line */
    char home[512];        /* where the server keeps its settings; empty: not said */
    struct tape j;         /* of the frame */
    struct tape_token *tokens;
    size_t token_cap;
    struct codex_texts texts;
    struct buf out, action, shorter;
    struct ask_telling *telling;
    bool cut; /* the frame was too long: texts of it end early */
    struct map thread_by_id;
    struct codex_thread **threads;
    size_t thread_count, thread_cap;
    struct codex_ask **asks;
    size_t ask_count, ask_cap;
    struct codex_order **orders;
    size_t order_count, order_cap;
    uint32_t sync_open; /* reads and resumes that are awaited before it is live */
    bool listed;        /* all loaded threads are known by id */
    bool barrier;       /* the last question of the state transfer was asked */
    uint32_t barriers;  /* answers to it */
    uint32_t attaching; /* threads that were asked for and have not come */
    bool careful;       /* one at a time: several at once ended a connection */
    bool plain_attach;  /* it takes no form of attaching */
    bool crowded;       /* that there are too many threads was told */
    size_t changes;     /* bytes of all that are kept */
    char
        account[32]; /* kind of the stored login: "apiKey", "chatgpt"; empty: none, "?": not said */
    bool latched;    /* by a fleet stop from here */
    uint32_t stop_requested, stop_confirmed;
    uint64_t told;     /* events */
    char event_id[40]; /* of the last: the same again when the record is replayed */
    uint64_t unknown;  /* notifications and requests that this version does not know */
    struct event_row reins[CODEX_REINS], limits[CODEX_REINS]; /* of the event that is being told */
    int64_t limit_told;  /* reset time of the limit that was told about */
    struct codex_limit { /* of the account */
        bool known;
        int64_t minutes;    /* its window; 0: not said */
        int64_t used, step; /* percent; which step of it is in the back-end's line */
    } limit[CODEX_LIMITS];
    loop_id upkeep;
};

/* ---- reading the frame */
struct span codex_string(struct codex *c,
                         uint32_t at); /* valid as long as the frame; empty when it is no string */
struct span codex_text(struct codex *c, uint32_t object, const char *path);
void texts_init(struct codex_texts *x, size_t frame_bytes);
void texts_clear(struct codex_texts *x);
void texts_release(struct codex_texts *x);
int64_t codex_number(const struct codex *c, uint32_t object, const char *path, int64_t otherwise);
uint32_t codex_at(const struct codex *c, uint32_t object, const char *path);
/* At most `bytes`, whole characters. */
struct span codex_cut(struct span s, size_t bytes);

/* ---- rpc.c */
enum codex_method {
    CALL_INITIALIZE,
    CALL_LOADED_LIST,
    CALL_READ,
    CALL_RESUME,
    CALL_ACCOUNT,
    CALL_DIAGNOSTICS,
    CALL_INTERRUPT,
    CALL_TERMINALS,
    CALL_CLEAN,
    CALL_ARCHIVE,
    CALL_LOGOUT,
    CALL_STEER,
    CALL_TURN,
    CALL_SETTINGS,
    CALL_TURN_SETTINGS,
    CODEX_METHODS
};
/* The allow-list: the name of each method that may be sent, and what its id begins with. */
const char *codex_method_name(enum codex_method m);
/* Queues a request "<word>:<about>"; `params` is the inside of its object, without braces. */
enum status codex_call(struct codex *c, enum codex_method m, struct span about,
                       struct span params) MUST_USE;
/* As codex_call(), with {"threadId":…,more}. What cannot be sent ends the connection: the answer is
 * counted on. */
void codex_ask_with(struct codex *c, enum codex_method m, const struct codex_thread *t,
                    struct span more);
void codex_ask_about(struct codex *c, enum codex_method m, const struct codex_thread *t);
enum status codex_notify_initialized(struct codex *c) MUST_USE;
/* `result` is a whole JSON value; `id` is the request's, as received. */
enum status codex_answer(struct codex *c, const char *id, struct span result) MUST_USE;
enum status codex_parse(struct codex *c, struct span frame) MUST_USE;
/* cut.c: the frame with its long texts cut. */
enum status codex_cut_frame(const struct tape *j, struct buf *out) MUST_USE;
/* Reads the id of a response: which of our requests it answers, and about what. False: none of
 * ours. */
bool codex_response(struct codex *c, enum codex_method *m, struct span *about);

/* ---- codex.c */
void codex_begin(const struct codex *c, struct event *ev, enum event_type type,
                 const struct codex_thread *t);
void codex_emit(struct codex *c, struct event *ev);
void codex_signal(struct codex *c, const struct codex_thread *t, enum severity sev,
                  struct span title);
bool codex_is_up(const struct codex *c); /* commands can be given */
/* A frame of ours: what was seen of the machine, live; from the record, when that is fed. */
void codex_take_own(struct codex *c, struct span frame);
void codex_say_link(struct codex *c); /* as it is now */

/* ---- process.c */
bool process_is_own(struct span frame); /* no server may send such a one */
void process_take(struct codex *c);     /* one of these, parsed */
bool process_is_frozen(const struct codex *c);
/* The agent that stands for the whole server while it is frozen and nothing else can be shown. */
bool process_is_server(struct span agent);
void process_said(struct codex *c, int64_t pid);
/* ST_OK: it was begun; the state says what came of it. */
enum status process_freeze(struct codex *c, struct why *why) MUST_USE;
enum status process_go_on(struct codex *c, struct why *why) MUST_USE;
void process_upkeep(struct codex *c);
void process_disconnect(struct codex *c);
void process_release(struct codex *c);

/* ---- threads.c */
struct codex_thread *thread_find(const struct codex *c, struct span id);
/* NULL: its id is none, or there are too many. thread_meet() also asks who it is, when that is not
 * known. */
struct codex_thread *thread_get(struct codex *c, struct span id);
struct codex_thread *thread_meet(struct codex *c, struct span id);
/* From a thread object of a response or notification. */
struct codex_thread *thread_take(struct codex *c, uint32_t object);
void thread_status(struct codex *c, struct codex_thread *t, uint32_t status);
void thread_state(struct codex *c, struct codex_thread *t, enum agent_state state,
                  const char *reason);
void thread_say_state(struct codex *c, struct codex_thread *t); /* again: what it is now */
/* Before anything is said of it that an operator must see, also when it has not said who it is. */
void thread_show(struct codex *c, struct codex_thread *t);
void thread_turn_began(struct codex *c, struct codex_thread *t, struct span turn);
void thread_turn_ended(struct codex *c, struct codex_thread *t, uint32_t turn);
void thread_took_terminals(struct codex *c, struct codex_thread *t, uint32_t result);
bool thread_is_quiet(
    const struct codex_thread *t); /* no turn, and no command of it runs, as far as is known */
bool thread_is_busy(const struct codex_thread *t); /* the server says so */
bool thread_is_over(const struct codex_thread *t);
void thread_keep(char **slot, struct span s); /* a copy in place of what was there; empty: none */
void threads_disconnect(struct codex *c);     /* what a new connection asks anew */
void threads_release(struct codex *c);

/* ---- attach.c */
void thread_attach(struct codex *c, struct codex_thread *t);
void attach_answered(struct codex *c, struct codex_thread *t, bool failed);
/* Its answer is too long to be used: asks for less of it. False: there is no less. */
bool attach_shorter(struct codex *c, struct codex_thread *t);
/* The connection ended, by this code of its close. True: the next one asks for less. */
bool attach_ended(struct codex *c, int code);

/* ---- history.c: false when that is not known. */
bool history_is_short(const char *path);

/* ---- rights.c: from a resume response or a settings notification. */
void rights_take(struct codex *c, struct codex_thread *t, uint32_t settings);
void account_take(struct codex *c, struct span kind);
void reins_put(struct codex *c, struct event *ev);

/* ---- items.c */
struct codex_tool {
    const char *type;    /* of the item */
    const char *name;    /* shown */
    const char *summary; /* path of the text that tells most */
};
void item_began(struct codex *c, struct codex_thread *t, uint32_t item);
void item_ended(struct codex *c, struct codex_thread *t, uint32_t item);
void item_output(struct codex *c, struct codex_thread *t, uint32_t params);
const struct codex_item *item_find(const struct codex_thread *t, struct span id);
/* The MCP call that runs and is this one, and that no request is bound to; NULL: none, or several.
 */
const struct codex_item *item_of_call(const struct codex *c, const struct codex_thread *t,
                                      struct span call);
/* Some MCP call that runs is this one. */
bool item_has_call(const struct codex_thread *t, struct span call);
/* Server, tool and arguments as one text, which stays until the next. */
struct span item_call(struct codex *c, uint32_t server, uint32_t tool, uint32_t arguments);
/* Those of a turn that ended: no word of their own comes any more. */
void items_close(struct codex *c, struct codex_thread *t, enum outcome outcome);
void item_patched(struct codex *c, struct codex_thread *t, uint32_t params);
bool item_is_open(const struct codex_thread *t, struct span id);
void items_release(struct codex *c, struct codex_thread *t);

/* ---- asks.c */
enum codex_choice {
    CHOICE_ONCE,
    CHOICE_SESSION,
    CHOICE_ALWAYS, /* writes a lasting rule */
    CHOICE_DENY,
    CHOICE_DENY_STOP,
    CODEX_CHOICES
};
void ask_take(struct codex *c, struct span method, uint32_t params);
void ask_resolved(struct codex *c, uint32_t params);
struct codex_ask *ask_find(const struct codex *c, struct span approval);
/* What became of an item that was asked about; `seen` says how it is known. */
enum ask_fate {
    ASK_RAN,
    ASK_DECLINED,
    ASK_INTERRUPTED,
    ASK_UNSEEN,
    ASK_NOT_TOLD, /* it has no item: nothing shows whose answer counted */
    ASK_FATES
};
void asks_item(struct codex *c, const struct codex_thread *t, struct span item, enum ask_fate fate,
               const char *seen);
/* What was shown of the item that these params name is not what it is now: it is told anew, and
 * cannot be approved any more. */
void asks_outdated(struct codex *c, struct codex_thread *t, uint32_t params);
/* The answer that this command gave: the model has gone on, and nothing of the item is seen. */
void ask_passed(struct codex *c, struct span command);
bool ask_give_up(struct codex *c, struct span command); /* false: there is none that it answered */
bool ask_is_bound(const struct codex *c, const struct codex_thread *t, struct span item);
/* Of this answer its turn is to end; *interrupt: and that is to be asked for. */
bool ask_ends_turn(const struct codex_ask *a, bool *interrupt);
/* The command's digest must be that of what was shown. */
enum status ask_answer(struct codex *c, struct codex_ask *a, const struct command *cmd,
                       struct why *why) MUST_USE;
void asks_release(struct codex *c);

/* ---- spend.c */
void spend_take(struct codex *c, struct codex_thread *t, uint32_t params);
void limits_take(struct codex *c, uint32_t limits);
/* ", 5h limit 37 % used" for each that is known; it is in the back-end's line then. */
void limits_say(struct codex *c, char *out, size_t cap);
void failure_take(struct codex *c, struct codex_thread *t, uint32_t params);

/* ---- turns.c */
void turn_look(struct codex *c, struct codex_thread *t); /* tells of one that runs, once it can */
void turn_titled(struct codex *c, struct codex_thread *t, uint32_t item);
void turn_over(struct codex *c, struct codex_thread *t, struct span status);
/* Spend of this turn: of its task, or of none that is known. */
void turn_put(const struct codex_thread *t, struct event *ev, struct span turn);

/* ---- orders.c */
uint32_t orders_verbs(void); /* 1u << enum verb of each that can be given */
enum status orders_send(struct codex *c, const struct command *cmd, struct why *why) MUST_USE;
void orders_response(struct codex *c, enum codex_method m, struct span about, bool failed);
/* After each frame: what is confirmed by now? */
void orders_look(struct codex *c);
/* Of an answer, by the command's id: the server closed the request; what came of it. */
void order_closed(struct codex *c, struct span id);
void orders_model_went_on(struct codex *c, const struct codex_thread *t);
void order_end(struct codex *c, struct span id, enum command_state st, struct span reason,
               const char *by);
void orders_turn_began(struct codex *c, struct codex_thread *t);
void orders_reconnected(struct codex *c);
bool orders_name(const struct codex *c, const struct codex_thread *t);
/* The server stood still, and goes on: nothing that waits has waited yet. */
void orders_goes_on(struct codex *c);
void orders_upkeep(struct codex *c);
void orders_release(struct codex *c);

/* ---- notes.c */
void note_take(struct codex *c, struct span method, uint32_t params);
/* What it says comes again with the end of its item, or says no more than the last one did: it
 * changes nothing, and is not recorded. */
bool note_passes(struct codex *c, struct span method, uint32_t params);
/* The names of those that are not even wanted, as JSON. */
void notes_unwanted(struct buf *out);

#endif
