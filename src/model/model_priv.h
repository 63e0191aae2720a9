/* model_priv.h - what the files of the fold share.
 *
 * Every event goes through one `struct fold`; handlers live in the file of the thing that they
 * change. Public structs are the first member of an item that adds what queries do not show.
 *
 * Ownership: the fleet owns its items; a roster, an index, a bay or a list only points at them. A
 * `sid` in an item or a log entry is one hold of the pool: string_set() and string_drop() keep the
 * count.
 */
#ifndef MODEL_PRIV_H
#define MODEL_PRIV_H

#include "checkrein/map.h"
#include "checkrein/model.h"
#include "checkrein/pool.h"

#define DAY_US (INT64_C(86400) * 1000000) /* of the days that spend is counted by: UTC */

/* ---- roster.c: things in order of appearance. Refs count up, so the array is sorted by ref. */
struct roster {
    uint32_t *refs;
    void **items;
    size_t refs_cap, items_cap;
    uint32_t count;
    uint32_t last_ref;
};

void roster_release(struct roster *r); /* not the items */
/* Its room for as many; the items are still those of `from`. `to` holds nothing. */
void roster_copy(struct roster *to, const struct roster *from);
uint32_t roster_add(struct roster *r, void *item);
void roster_remove(struct roster *r, uint32_t ref);
void *roster_find(const struct roster *r, uint32_t ref);        /* NULL when gone */
uint32_t roster_position(const struct roster *r, uint32_t ref); /* UINT32_MAX when gone */

/* ---- index.c: 64-bit key to item. */
struct index_slot {
    uint64_t key;
    void *item; /* NULL: empty */
};

struct index {
    struct index_slot *slots;
    size_t cap; /* zero or a power of two */
    size_t used;
};

void index_release(struct index *x);
void index_copy(struct index *to, const struct index *from); /* as roster_copy() */
void *index_get(const struct index *x, uint64_t key);
void index_put(struct index *x, uint64_t key, void *item);
void index_del(struct index *x, uint64_t key);
uint64_t index_key(uint32_t backend, sid id);
uint64_t
index_spread(uint64_t key); /* ids are handed out in a row; this spreads them over all bits */

/* ---- lists.c: rows of LIST attributes; equal lists are stored once. Id 0 is the empty list. */
struct row_list {
    sid key; /* the rows in serial form: also the list's id; the cells point into this string */
    uint32_t count, holds;
    struct event_row rows[];
};

struct list_store {
    struct index by_key;
    struct buf serial; /* scratch */
};

/* ---- items */
struct backend_item {
    struct backend b;
    uint32_t epoch; /* of its newest snapshot */
    bool full_said; /* the log says already that there is no room for its agents */
    bool credentials_full_said;
};

struct watcher_item {
    struct watcher w;
    uint32_t epoch; /* snapshot that brought it last */
};

/* Small: there may be FLEET_AGENTS_MAX of them. Neighbours in lists are refs, 0 at the ends. */
struct agent_item {
    struct agent a;
    sid now_action;
    uint32_t epoch;                     /* snapshot that brought it last */
    uint32_t older, newer;              /* in the list of the finished and lost, by since when */
    uint32_t wait_next, wait_prev;      /* those that wait for the same parent to appear */
    uint16_t pending_high, pending_low; /* at most FLEET_PENDING_MAX */
    uint16_t open_decisions; /* approved, and not seen to finish: at most FLEET_RESOLVED_KEPT */
    bool finished : 1, waiting : 1;
    bool lost : 1; /* its back-end's newest snapshot did not bring it, and nothing was heard of it
                      since */
};

/* ---- agent_store.c: the agents' memory, and their index by back-end and id */
struct agent_store {
    struct agent_item **chunks;
    size_t chunks_cap;
    uint32_t count;       /* that were ever there at once */
    uint32_t free_number; /* first of those that are not there now, 0: none */
    uint32_t *slots;
    size_t cap; /* zero or a power of two */
    size_t used;
};

void agent_store_release(struct agent_store *s);
void agent_store_copy(struct agent_store *to, const struct agent_store *from);
struct agent_item *agent_store_find(const struct agent_store *s, uint32_t backend, sid id);
/* Zeroed but for these two; keeps the caller's hold of the id. There is none of them yet. */
struct agent_item *agent_store_add(struct agent_store *s, uint32_t backend, sid id);
void agent_store_remove(struct agent_store *s, struct agent_item *it);

/* ---- traits.c: what agents have alike; equal traits are stored once */
struct traits_store {
    struct traits_record **buckets;
    size_t cap; /* zero or a power of two */
    size_t used;
};

void traits_release(struct traits_store *s);
/* When pool and lists were copied; traits_same() is then the copy of a record of `from`. */
void traits_copy(struct fleet *to, const struct fleet *from);
const struct agent_traits *traits_same(const struct fleet *to, const struct agent_traits *t);
/* A copy that may be changed. It goes to traits_hold() or agent_set_traits(), which take it over.
 */
struct agent_traits traits_draft(struct fleet *f, const struct agent_traits *t);
const struct agent_traits *traits_hold(struct fleet *f, struct agent_traits *draft);
void traits_drop(struct fleet *f, const struct agent_traits *t);
void agent_set_traits(struct fleet *f, struct agent_item *it, struct agent_traits *draft);

enum { APPROVAL_LISTS = 5 };
extern const enum event_field approval_lists[APPROVAL_LISTS];

struct approval_item {
    struct approval a;
    char *text; /* owns a.action */
    uint32_t backend, epoch;
    uint32_t lists[APPROVAL_LISTS]; /* as in approval_lists */
    bool open_decision;
};

struct queue_slot {
    struct approval_item *it;
};

struct bay {
    struct queue_slot *slots;
    size_t cap;
    uint32_t count;
};

enum { BAY_HIGH, BAY_REST, BAY_COUNT };

struct credential_item {
    struct credential c;
    uint32_t epoch; /* snapshot that brought it last */
    uint32_t stamp; /* of the list that was counted last: a list may name it twice */
};

/* Tasks that ended lie in two lists, of the fleet and of their agent, in the same order: by when
 * their end was told. */
struct task_item {
    struct task t;
    uint32_t epoch; /* snapshot that brought it last */
    struct task_item *older, *newer;
    struct task_item *own_older, *own_newer;
};

/* Of an agent that was told to have a task. */
struct agent_tasks {
    uint32_t agent; /* ref */
    uint32_t epoch; /* snapshot that told its sums last */
    struct task_item *open;
    struct task_item *oldest, *newest; /* that ended */
    uint32_t kept;
    struct task_sums ended[OUTCOME_COUNT];
};

struct fleet {
    struct pool *pool;
    struct list_store lists;
    uint64_t generation;
    uint64_t events, unknown, evicted, refused;

    struct roster backends;
    struct map backend_by_name;

    struct roster agents;
    struct agent_store agent_store;
    struct traits_store traits;
    struct index waiting_children;
    uint32_t finished_first, finished_last; /* refs */
    uint32_t by_state[AGENT_STATE_COUNT], failed, demo;
    bool cost_estimated;
    uint32_t unpriced; /* agents, those that were forgotten too */
    int64_t cost_microusd, newest_event_us;
    int64_t burn_minute;              /* the newest one that is told of, since 1970 */
    int64_t burn[FLEET_BURN_MINUTES]; /* minute n lies at n % FLEET_BURN_MINUTES */

    struct roster approvals;
    struct index approval_by_id;
    struct bay bays[BAY_COUNT];
    struct queue_slot resolved[FLEET_RESOLVED_KEPT]; /* oldest at resolved_first */
    uint32_t resolved_first, resolved_count;
    size_t action_bytes;

    struct roster commands;

    struct roster credentials;
    struct index credential_by_id;
    uint32_t credential_stamp;
    uint64_t credentials_refused;

    struct index tasks_of;    /* struct agent_tasks, by the agent's ref */
    struct index task_by_ref; /* struct task_item */
    struct task_item *task_oldest, *task_newest;
    uint32_t tasks_kept, task_last_ref;
    struct task_sums ended[OUTCOME_COUNT];

    struct watcher_item watchers[FLEET_WATCHERS_MAX];
    uint32_t watcher_count;

    struct log_entry *log; /* number n lies at n % FLEET_LOG_ENTRIES */
    uint32_t log_newest;
};

struct fold {
    struct fleet *f;
    struct backend_item *b;
    const struct event *ev;
};

/* ---- strings.c */
/* With this much in the pool new strings are kept only in part, and no new lists: a back-end that
 * floods the console with names may not take its memory. */
#define POOL_BYTES_FULL ((size_t)1 << 30)
struct span string_cut(struct span s, size_t cap_bytes); /* at a UTF-8 boundary */
void string_set(struct fleet *f, sid *slot, struct span s);
sid string_hold(struct fleet *f, struct span s);
void string_drop(struct fleet *f, sid *slot);
/* Ids have their own cap, and the same one when they are looked up. */
void id_set(struct fleet *f, sid *slot, struct span id);
sid id_find(const struct fleet *f, struct span id);
/* Drops the sids that lie at these offsets of an item. */
void string_drop_all(struct fleet *f, void *item, const size_t *offsets, size_t count);
int64_t add_saturating(int64_t a, int64_t b);
int64_t later_us(int64_t a, int64_t b);
/* An ENUM attribute below `count`; 0, its "unknown", when it is out of range or absent. */
uint32_t event_choice(const struct event *ev, enum event_field field, uint32_t count);

/* ---- lists.c */
void lists_init(struct list_store *s);
void lists_release(struct list_store *s);
void lists_copy(struct fleet *to, const struct fleet *from); /* when the pool was copied */
void list_keep(struct fleet *f, uint32_t id);                /* held once more */
/* *slot = id of the rows; drops what was there. True when the content changed. */
bool list_set(struct fleet *f, uint32_t *slot, const struct event_row *rows, uint32_t count);
void list_drop(struct fleet *f, uint32_t *slot);
const struct event_row *list_rows(const struct fleet *f, uint32_t id, uint32_t *count);

/* ---- log.c */
struct note {
    enum event_type type;
    struct span subject, text, who;
    struct span action, reason, digest; /* of a call, and of what was decided of it */
    uint32_t approval;
    uint8_t detail;
    enum verb verb;
    bool retrying;
    int64_t duration_ms, microusd, tokens;
};

/* Nothing given: durations, money and tokens are -1. */
struct note note_of(enum event_type type);
/* Number of the entry; 0 when the event is part of a snapshot, which is no news. `agent` may be
 * NULL. */
uint32_t log_note(struct fold *x, struct agent_item *agent, const struct note *note);
/* Also within a snapshot: for what is closed or refused. */
uint32_t log_always(struct fold *x, struct agent_item *agent, const struct note *note);
void log_release(struct fleet *f);

/* ---- backends.c */
struct backend_item *backend_of(struct fleet *f, struct span name);
struct backend_item *backend_item(const struct fleet *f, uint32_t ref);
void backends_release(struct fleet *f);
void backend_stop_answered(struct backend *b);

/* ---- offered.c: why the verb does not work there now, in plain words; NULL: it does */
const char *backend_why_not(const struct backend *b, enum verb v);

/* ---- watchers.c */
void watchers_drop_lost(struct fleet *f,
                        const struct backend_item *b); /* that its snapshot did not bring back */
void fold_offered_rights(struct fold *x); /* what a link's event says of our own connection */
void fold_backend_link(struct fold *x);
void fold_fleet_stop(struct fold *x);

/* ---- agents.c */
struct agent_item *agent_find(const struct fleet *f, uint32_t backend, struct span id);
/* The agent that the event is about, made when it was never seen; NULL when the event names none or
 * there is no room. agent_alive() also takes the event as a sign of life. */
struct agent_item *agent_of(struct fold *x);
struct agent_item *agent_alive(struct fold *x);
void agent_set_state(struct fleet *f, struct agent_item *it, enum agent_state state,
                     int64_t time_us);
void agent_set_failing(struct fleet *f, struct agent_item *it, bool failing);
/* What it does is not known any more; it may be forgotten as those that stopped are, until it is
 * heard of again. */
void agent_set_lost(struct fleet *f, struct agent_item *it, int64_t time_us);
/* Its back-end does not know what it does: so may this one, when nothing of it waits or is held. */
void agent_may_go(struct fleet *f, struct agent_item *it);
/* Links it to the agent of that id, now or when that one appears. Never makes a circle. */
void agent_set_parent(struct fleet *f, struct agent_item *it, struct span id);
void agents_release(struct fleet *f);

/* ---- agent_fields.c: text and list attributes of an agent, by event field */
struct agent_text {
    enum event_field field;
    uint16_t offset; /* in struct agent_traits when it is shared, else in struct agent */
    bool shared;
    bool watched; /* a change is worth a line in the log */
};

#define AGENT_LISTS            5
#define AGENT_LIST_CREDENTIALS 1
extern const struct agent_text agent_texts[];
extern const uint32_t agent_text_count;
extern const enum event_field agent_lists[AGENT_LISTS];
sid *own_slot(struct agent *a, const struct agent_text *t);
sid *trait_slot(struct agent_traits *traits, const struct agent_text *t);
sid agent_text_sid(const struct agent *a, const struct agent_text *t);
void agent_drop_texts(struct fleet *f, struct agent_item *it);

/* ---- agent_events.c */
void fold_agent_started(struct fold *x);
void fold_agent_updated(struct fold *x);
void fold_agent_state(struct fold *x);

/* ---- actions.c */
void fold_action_started(struct fold *x);
void fold_action_output(struct fold *x);
void fold_action_finished(struct fold *x);

/* ---- requests.c, approvals.c, queue.c */
void fold_approval_requested(struct fold *x);
void fold_approval_resolved(struct fold *x);
struct approval_item *approval_find(const struct fleet *f, uint32_t backend, struct span id);
void approval_drop_action(struct fleet *f, struct approval_item *it);
void approval_free(struct fleet *f, struct approval_item *it);
void approvals_release(struct fleet *f);
/* Puts a new pending approval at the end of its bay, and its agent's counts right. */
void queue_join(struct fleet *f, struct approval_item *it);
/* Another risk puts a pending one at the end of the other bay. */
void queue_set_risk(struct fleet *f, struct approval_item *it, enum risk risk);
/* Out of the queue, into the ring of the resolved; the oldest one there goes. */
void queue_resolve(struct fleet *f, struct approval_item *it);
/* Frees texts of resolved ones, oldest first, until so many more bytes fit; false when they cannot.
 */
bool queue_make_room(struct fleet *f, size_t bytes);

struct closing {
    enum decision decision;
    struct span by, reason, scope;
    struct span digest; /* of what was decided, when that is told */
    int64_t time_us;
};
void approval_close(struct fold *x, struct approval_item *it, const struct closing *c);
/* Withdraws what is pending, each with a line in the log: all of an agent's, or all that the newest
 * snapshot of the back-end did not bring. */
void approvals_withdraw_of(struct fold *x, const struct agent_item *agent, const char *reason);
void approvals_withdraw_lost(struct fold *x, const char *reason);

/* ---- spend.c */
void fold_spend_recorded(struct fold *x);
void fold_spend_day(struct fold *x);
void fold_budget_changed(struct fold *x);

/* ---- tasks.c, task_events.c */
void fold_task_started(struct fold *x);
void fold_task_finished(struct fold *x);
/* What was spent goes to the task that it is of. */
void tasks_spend(struct fold *x, const struct agent_item *it);
/* A limit that names a task is of it alone: true. */
bool tasks_take_limit(const struct fold *x, const struct agent_item *it);
/* The agent is over, and with it what it worked on. */
void tasks_agent_over(struct fleet *f, const struct agent_item *it, int64_t time_us);
/* Ends what a snapshot did not bring back of the agents that it brought. */
void tasks_lost(struct fold *x);
struct agent_tasks *tasks_find(const struct fleet *f, uint32_t agent); /* NULL: none */
struct agent_tasks *tasks_make(struct fleet *f, uint32_t agent);
struct task_item *task_known(const struct fleet *f, const struct agent_tasks *at, struct span id);
struct task_item *task_item_new(struct fleet *f, struct agent_tasks *at, const struct event *ev);
/* Out of work, into the lists of what ended; the oldest one there goes. */
void task_keep(struct fleet *f, struct agent_tasks *at, struct task_item *it);
void tasks_forget(struct fleet *f, uint32_t agent);
void tasks_copy(struct fleet *to, const struct fleet *from); /* when the pool was copied */
void tasks_release(struct fleet *f);

/* ---- credentials.c, credential_reach.c */
void fold_credential(struct fold *x);
/* The agent's list is another now: these are list ids. */
void credentials_renamed(struct fold *x, const struct agent_item *agent, uint32_t before,
                         uint32_t now);
/* Those that the newest snapshot of the back-end did not bring: nothing is known of them. */
void credentials_lost(struct fold *x, const char *reason);
void credentials_release(struct fleet *f);
/* A command to revoke is there: notes it with those that it means. */
void credentials_ordered(struct fleet *f, const struct command_track *t);
/* It was refused: what is under way for those that it meant is their order again. */
void credentials_refused(struct fleet *f, const struct command_track *t);
struct credential_item *credential_find(const struct fleet *f, uint32_t backend, struct span id);

/* ---- reports.c */
void fold_failure_reported(struct fold *x);
void fold_signal_raised(struct fold *x);
void fold_policy_decided(struct fold *x);
void fold_policy_loaded(struct fold *x);
void fold_operator_presence(struct fold *x);
void fold_unknown(struct fold *x);

/* ---- commands.c */
void fold_operator_command(struct fold *x);
void fold_operator_result(struct fold *x);
void commands_release(struct fleet *f);

/* ---- walk.c: everything that a query shows, in a fixed order, for the digest and the dump */
struct visitor {
    void *ctx;
    void (*begin)(void *ctx, const char *what, uint64_t number);
    void (*text)(void *ctx, const char *name, struct span s);
    void (*number)(void *ctx, const char *name, int64_t n,
                   const char *set); /* set: enum table or NULL */
    void (*end)(void *ctx);
};
void fleet_walk(const struct fleet *f, const struct visitor *v);

#endif
