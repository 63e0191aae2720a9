#include "codex_priv.h"

#include <string.h>

#include "checkrein/alloc.h"

void thread_keep(char **slot, struct span s)
{
    free(*slot);
    *slot = s.n ? xstrndup(s.p, s.n) : NULL;
}

/* ---- the table */

struct codex_thread *thread_find(const struct codex *c, struct span id)
{
    uint32_t at = 0;
    return map_get(&c->thread_by_id, id, &at) ? c->threads[at] : NULL;
}

/* An id is sent back in requests and stands in ours. */
static bool is_id(struct span id)
{
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] <= ' ' || id.p[i] >= 0x7f || id.p[i] == '"' || id.p[i] == '\\' ||
            id.p[i] == ':') {
            return false;
        }
    }
    return id.n > 0 && id.n < CODEX_ID_BYTES;
}

static void thread_free(struct codex *c, struct codex_thread *t)
{
    items_release(c, t);
    free(t->name);
    free(t->cwd);
    free(t->history);
    free(t->model);
    free(t->reason);
    free(t);
}

/* Of one that is over and of which nothing is expected. */
static bool can_be_forgotten(const struct codex *c, const struct codex_thread *t)
{
    return (t->hidden || thread_is_over(t) || !(t->known || t->shown)) && !t->asks &&
           !t->awaits_read && !t->awaits_resume && !t->awaits_commands && !t->turn[0] &&
           !orders_name(c, t);
}

/* Where it stood stands the newest now. */
static bool forget_one(struct codex *c)
{
    for (size_t i = 0; i < c->thread_count; i++) {
        struct codex_thread *t = c->threads[i];
        if (can_be_forgotten(c, t)) {
            struct codex_thread *last = c->threads[--c->thread_count];
            c->threads[i] = last;
            (void)map_put(&c->thread_by_id, span_str(last->id), (uint32_t)i);
            (void)map_del(&c->thread_by_id, span_str(t->id));
            thread_free(c, t);
            return true;
        }
    }
    return false;
}

static bool has_room(struct codex *c)
{
    if (c->thread_count < CODEX_THREADS_MAX || (!c->crowded && forget_one(c))) {
        return true;
    }
    if (!c->crowded) {
        c->crowded = true;
        codex_signal(c, NULL, SEVERITY_HIGH,
                     SPAN("it has more threads than can be watched: the others are not shown, and "
                          "their requests only in their own clients"));
    }
    return false;
}

struct codex_thread *thread_get(struct codex *c, struct span id)
{
    struct codex_thread *t = thread_find(c, id);
    if (t || !is_id(id) || !has_room(c)) {
        return t;
    }
    t = xcalloc(1, sizeof(*t));
    (void)span_copy(id, t->id, sizeof(t->id));
    (void)span_copy(id, t->session, sizeof(t->session));
    t->terminals = -1;
    GROW(c->threads, c->thread_cap, c->thread_count + 1);
    (void)map_put(&c->thread_by_id, id, (uint32_t)c->thread_count);
    c->threads[c->thread_count++] = t;
    return t;
}

struct codex_thread *thread_meet(struct codex *c, struct span id)
{
    struct codex_thread *t = thread_get(c, id);
    if (t && !t->known && !t->awaits_read) {
        t->awaits_read = true;
        c->sync_open += c->phase == CODEX_SYNCING;
        codex_ask_about(c, CALL_READ, t);
    }
    return t;
}

void threads_release(struct codex *c)
{
    for (size_t i = 0; i < c->thread_count; i++) {
        thread_free(c, c->threads[i]);
    }
    free(c->threads);
    map_release(&c->thread_by_id);
}

void threads_disconnect(struct codex *c)
{
    for (size_t i = 0; i < c->thread_count; i++) {
        struct codex_thread *t = c->threads[i];
        items_release(c, t);
        t->awaits_read = t->awaits_resume = t->awaits_commands = t->attached = t->known = t->shown =
            t->interrupted = t->attach_due = t->began_here = false;
        t->turn[0] = '\0';
        t->task_open = t->task_titled = false;
        t->terminals = -1;
        t->asks = 0;
        t->asked = t->awaits_usage = false;
        t->state = AGENT_UNKNOWN;
    }
}

/* ---- states */

bool thread_is_quiet(const struct codex_thread *t)
{
    return !t->turn[0] && t->terminals == 0;
}

bool thread_is_over(const struct codex_thread *t)
{
    return t->state == AGENT_STOPPED;
}

static bool same_text(const char *a, const char *b)
{
    return span_eq(span_str(a), span_str(b));
}

void thread_state(struct codex *c, struct codex_thread *t, enum agent_state state,
                  const char *reason)
{
    if (t->state == state && same_text(t->reason, reason)) {
        return;
    }
    t->state = state;
    free(t->reason);
    t->reason = reason ? xstrdup(reason) : NULL;
    if (t->shown) {
        thread_say_state(c, t);
    }
}

/* What is frozen does nothing, whatever the server has said of it last. */
static void put_state(const struct codex *c, struct event *ev, const struct codex_thread *t)
{
    bool frozen = process_is_frozen(c) && !thread_is_over(t);
    event_set_number(ev, F_STATE, frozen ? AGENT_PAUSED : t->state);
    event_put_text(ev, F_REASON, span_str(frozen ? c->process.words : t->reason));
}

void thread_say_state(struct codex *c, struct codex_thread *t)
{
    struct event ev;
    codex_begin(c, &ev, EVENT_AGENT_STATE, t);
    put_state(c, &ev, t);
    codex_emit(c, &ev);
}

bool thread_is_busy(const struct codex_thread *t)
{
    return t->state == AGENT_RUNNING || t->state == AGENT_WAITING_APPROVAL ||
           t->state == AGENT_WAITING_INPUT;
}

static bool has_flag(struct codex *c, uint32_t status, const char *name)
{
    uint32_t flags = codex_at(c, status, "activeFlags");
    for (uint32_t at = tape_first(&c->j, flags); at != TAPE_ABSENT;
         at = tape_next(&c->j, flags, at)) {
        if (span_is(codex_string(c, at), name)) {
            return true;
        }
    }
    return false;
}

static void set_active(struct codex *c, struct codex_thread *t, uint32_t status)
{
    if (has_flag(c, status, "waitingOnApproval")) {
        thread_state(c, t, AGENT_WAITING_APPROVAL, NULL);
    } else if (has_flag(c, status, "waitingOnUserInput")) {
        thread_state(c, t, AGENT_WAITING_INPUT, NULL);
    } else {
        thread_state(c, t, AGENT_RUNNING, NULL);
    }
    thread_attach(c, t);
}

static void set_idle(struct codex *c, struct codex_thread *t)
{
    if (t->terminals <= 0 && !t->interrupted) {
        thread_state(c, t, AGENT_IDLE, NULL);
    }
}

void thread_status(struct codex *c, struct codex_thread *t, uint32_t status)
{
    struct span type = codex_text(c, status, "type");
    if (span_is(type, "active")) {
        set_active(c, t, status);
    } else if (span_is(type, "idle")) {
        set_idle(c, t);
    } else if (span_is(type, "systemError")) {
        thread_state(c, t, AGENT_FAILED, "the server says: system error");
    } else if (span_is(type, "notLoaded") && !thread_is_over(t)) {
        thread_state(c, t, AGENT_STOPPED, "unloaded: nothing of it runs in this server");
    }
}

/* ---- who it is */

static struct span last_part(struct span path)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '/') {
        at--;
    }
    return span_sub(path, at, path.n);
}

static void name_it(struct codex *c, struct codex_thread *t, uint32_t object)
{
    struct span nick = codex_text(c, object, "agentNickname");
    struct span given = codex_text(c, object, "name");
    struct span folder = last_part(codex_text(c, object, "cwd"));
    struct span name = nick.n ? nick : given.n ? given : folder.n ? folder : span_str(t->id);
    thread_keep(&t->name, codex_cut(name, CODEX_TEXT_BYTES));
    thread_keep(&t->cwd, codex_text(c, object, "cwd"));
    thread_keep(&t->model, codex_text(c, object, "model"));
    thread_keep(&t->history, codex_text(c, object, "path"));
}

/* Its parent, by its id as long as its name is not known, or the program that began it, as that
 * called itself. */
static void put_delegation(struct codex *c, struct event *ev, const struct codex_thread *t,
                           uint32_t object, struct event_row *row)
{
    struct span parent = codex_text(c, object, "parentThreadId");
    const struct codex_thread *known = thread_find(c, parent);
    struct span from = !parent.n              ? codex_text(c, object, "originator")
                       : known && known->name ? span_str(known->name)
                                              : parent;
    struct span role = codex_text(c, object, "agentRole");
    if (from.n) {
        *row = (struct event_row){
            {from, span_str(t->name),
             role.n     ? role
             : parent.n ? SPAN("a helper of it")
                        : SPAN("as this client calls itself")}
        };
        event_set_list(ev, F_DELEGATION, row, 1);
    }
}

/* X(field, path in the thread object) */
static const struct {
    enum event_field field;
    const char *path;
} TEXTS[] = {
    {F_AGENT_RUNTIME_VERSION, "cliVersion"    },
    {F_AGENT_PARENT,          "parentThreadId"},
    {F_SESSION,               "sessionId"     },
    {F_MODEL,                 "model"         },
    {F_PROVIDER,              "modelProvider" },
    {F_CWD,                   "cwd"           },
    {F_VCS_BRANCH,            "gitInfo/branch"},
    {F_VCS_REVISION,          "gitInfo/sha"   },
};

static void say_who(struct codex *c, struct codex_thread *t, uint32_t object)
{
    struct event ev;
    struct event_row delegation;
    codex_begin(c, &ev, EVENT_AGENT_STARTED, t);
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        event_put_text(&ev, TEXTS[i].field, codex_text(c, object, TEXTS[i].path));
    }
    event_set_text(&ev, F_AGENT_RUNTIME, SPAN("codex"));
    event_put_text(&ev, F_AGENT_NAME, span_str(t->name));
    event_put_text(&ev, F_TASK_TITLE,
                   codex_cut(codex_text(c, object, "preview"), CODEX_TEXT_BYTES));
    put_state(c, &ev, t);
    put_delegation(c, &ev, t, object, &delegation);
    reins_put(c, &ev);
    t->shown = true;
    codex_emit(c, &ev);
}

void thread_show(struct codex *c, struct codex_thread *t)
{
    if (t->shown || t->hidden) {
        return;
    }
    struct event ev;
    codex_begin(c, &ev, EVENT_AGENT_STARTED, t);
    event_set_text(&ev, F_AGENT_RUNTIME, SPAN("codex"));
    put_state(c, &ev, t);
    reins_put(c, &ev);
    t->shown = true;
    codex_emit(c, &ev);
}

/* Helpers of the server itself, such as the one that finds a title, are told by two marks. */
static bool is_helper_of_server(struct codex *c, uint32_t object)
{
    return tape_bool(&c->j, codex_at(c, object, "ephemeral"), false);
}

struct codex_thread *thread_take(struct codex *c, uint32_t object)
{
    struct codex_thread *t = thread_get(c, codex_text(c, object, "id"));
    if (!t) {
        return NULL;
    }
    struct span session = codex_text(c, object, "sessionId");
    t->hidden = is_helper_of_server(c, object);
    t->known = true;
    t->helper = codex_text(c, object, "parentThreadId").n > 0;
    if (is_id(session)) {
        (void)span_copy(session, t->session, sizeof(t->session));
    }
    if (t->hidden) {
        return NULL;
    }
    name_it(c, t, object);
    thread_status(c, t, codex_at(c, object, "status"));
    say_who(c, t, object);
    turn_look(c, t);
    return t;
}

/* ---- turns */

void thread_turn_began(struct codex *c, struct codex_thread *t, struct span turn)
{
    if (is_id(turn)) {
        (void)span_copy(turn, t->turn, sizeof(t->turn));
    }
    t->interrupted = false;
    t->terminals = -1;
    thread_show(c, t);
    if (t->state != AGENT_WAITING_APPROVAL && t->state != AGENT_WAITING_INPUT) {
        thread_state(c, t, AGENT_RUNNING, NULL);
    }
    turn_look(c, t);
    orders_turn_began(c, t);
}

/* An interrupt leaves its commands running, and a turn may leave some in the background: nothing of
 * them is over before the server lists none. */
void thread_turn_ended(struct codex *c, struct codex_thread *t, uint32_t turn)
{
    if (t->turn[0] && !span_is(codex_text(c, turn, "id"), t->turn)) {
        return;
    }
    t->turn[0] = '\0';
    turn_over(c, t, codex_text(c, turn, "status"));
    t->interrupted = span_is(codex_text(c, turn, "status"), "interrupted");
    if (t->interrupted || t->item_count) {
        t->terminals = -1;
        codex_ask_about(c, CALL_TERMINALS, t);
    } else {
        t->terminals = 0;
    }
    if (t->interrupted) {
        thread_state(c, t, AGENT_RUNNING,
                     "interrupted; whether a command of it still runs is being asked");
    } else if (t->state == AGENT_RUNNING) {
        thread_state(c, t, AGENT_IDLE, NULL);
    }
}

static void none_runs(struct codex *c, struct codex_thread *t)
{
    items_close(c, t, t->interrupted ? OUTCOME_CANCELLED : OUTCOME_UNKNOWN);
    if (t->state == AGENT_FAILED) {
        return; /* that it does nothing now makes that no better */
    }
    thread_state(c, t, AGENT_IDLE, t->interrupted ? "interrupted" : NULL);
}

void thread_took_terminals(struct codex *c, struct codex_thread *t, uint32_t result)
{
    char text[96];
    uint32_t data = codex_at(c, result, "data");
    for (uint32_t at = tape_first(&c->j, data); at != TAPE_ABSENT;
         at = tape_next(&c->j, data, at)) {
        asks_item(c, t, codex_text(c, at, "itemId"), ASK_RAN, "the server lists its command");
    }
    if (t->turn[0] || thread_is_over(t)) {
        return; /* it went on meanwhile */
    }
    t->terminals = (int32_t)tape_count(&c->j, data);
    if (t->terminals == 0) {
        none_runs(c, t);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s%d of its commands still run%s",
                   t->interrupted ? "interrupted, but " : "", (int)t->terminals,
                   t->terminals == 1 ? "s" : "");
    thread_state(c, t, t->interrupted ? AGENT_RUNNING : AGENT_IDLE, text);
}
