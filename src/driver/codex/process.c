/* process.c - the server's own process, and suspending it with all that is below it.
 *
 * What is seen here of the machine is not in any frame of the server, but has to be in the record:
 * it is written down as a frame of ours (OWN_MARK) and taken as one, live and when it is replayed.
 * No server can send such a frame.
 *
 *   FREE -> FREEZING -> FROZEN -> THAWING -> FREE     PARTLY: some could not be stopped
 *                       ASLEEP: stopped, and not from here: by a console before, or by its user
 *
 * The server stops as a whole: all of its threads stand still. Closing this console leaves it so.
 */
#include "codex_priv.h"

#include <unistd.h>

#include "checkrein/alloc.h"

#define OWN_MARK  "{\"checkrein.saw\":\""
#define SERVER_ID "server"

/* ---- our own frames */

enum seen {
    SEEN_SERVER,
    SEEN_FROZEN,
    SEEN_PARTLY,
    SEEN_CONTINUED,
    SEEN_THAWED,
    SEEN_STUCK,
    SEEN_ASLEEP,
    SEEN_AWAKE,
    SEEN_GONE,
    SEEN_OTHER,
    SEEN_COUNT
};

static const char *const NAMES[SEEN_COUNT] = {
    [SEEN_SERVER] = "server",       [SEEN_FROZEN] = "frozen", [SEEN_PARTLY] = "partly",
    [SEEN_CONTINUED] = "continued", [SEEN_THAWED] = "thawed", [SEEN_STUCK] = "stuck",
    [SEEN_ASLEEP] = "asleep",       [SEEN_AWAKE] = "awake",   [SEEN_GONE] = "gone",
    [SEEN_OTHER] = "other",
};

static void saw(struct codex *c, enum seen what, int64_t pid, const char *words)
{
    struct buf b;
    buf_init(&b, 2048);
    buf_printf(&b, OWN_MARK "%s\",\"pid\":%lld,\"words\":", NAMES[what], (long long)pid);
    (void)tape_quote(&b, span_str(words));
    buf_addch(&b, '}');
    codex_take_own(c, buf_span(&b));
    buf_release(&b);
}

bool process_is_own(struct span frame)
{
    return span_starts(frame, OWN_MARK);
}

/* ---- what is known of it */

bool process_is_frozen(const struct codex *c)
{
    return c->process.state == SERVER_FROZEN || c->process.state == SERVER_ASLEEP;
}

static void each_shown(struct codex *c, void (*fn)(struct codex *c, struct codex_thread *t))
{
    for (size_t i = 0; i < c->thread_count; i++) {
        if (c->threads[i]->shown) {
            fn(c, c->threads[i]);
        }
    }
}

static void tell(struct codex *c, struct codex_thread *t)
{
    struct event ev;
    codex_begin(c, &ev, EVENT_AGENT_UPDATED, t);
    if (c->process.pid) {
        event_set_number(&ev, F_PID, c->process.pid);
    }
    reins_put(c, &ev);
    codex_emit(c, &ev);
}

/* While nothing of its own can be shown, the server stands for its threads: it can be let go on. */
static void show_server(struct codex *c, enum agent_state state, const char *reason)
{
    static const struct event_row REIN = {
        {SPAN_INIT("freeze"), SPAN_INIT("true"), SPAN_INIT("every process is seen stopped"),
         SPAN_INIT("resume lets it go on")}
    };
    struct event ev;
    codex_begin(c, &ev, EVENT_AGENT_STARTED, NULL);
    ev.subject = SPAN(SERVER_ID);
    event_set_text(&ev, F_AGENT_ID, SPAN(SERVER_ID));
    event_set_text(&ev, F_AGENT_NAME, SPAN("codex server"));
    event_set_text(&ev, F_AGENT_RUNTIME, SPAN("codex"));
    event_set_number(&ev, F_PID, c->process.pid);
    event_set_number(&ev, F_STATE, state);
    event_put_text(&ev, F_REASON, span_str(reason));
    event_set_list(&ev, F_REINS, &REIN, 1);
    codex_emit(c, &ev);
}

bool process_is_server(struct span agent)
{
    return span_is(agent, SERVER_ID);
}

static void now_frozen(struct codex *c, enum server_state state)
{
    c->process.state = state;
    codex_say_link(c);
    each_shown(c, thread_say_state);
    if (c->phase != CODEX_LIVE && c->phase != CODEX_SYNCING) {
        c->process.shown = true;
        show_server(c, AGENT_PAUSED, c->process.words);
    }
}

static void now_free(struct codex *c, const char *reason)
{
    bool was = c->process.state != SERVER_FREE;
    c->process.state = SERVER_FREE;
    if (c->process.shown) {
        c->process.shown = false;
        show_server(c, AGENT_STOPPED, reason);
    }
    if (was) {
        codex_say_link(c);
        each_shown(c, thread_say_state);
        orders_goes_on(c);
    }
}

/* ---- our frames, taken */

static void take_server(struct codex *c)
{
    each_shown(c, tell);
}

static void take_frozen(struct codex *c)
{
    now_frozen(c, SERVER_FROZEN);
}

static void take_partly(struct codex *c)
{
    c->process.state = SERVER_PARTLY;
    codex_signal(c, NULL, SEVERITY_EMERGENCY, span_str(c->process.words));
}

static void take_continued(struct codex *c)
{
    codex_signal(
        c, NULL, SEVERITY_HIGH,
        SPAN("a frozen process of this server was continued by somebody else: it is stopped "
             "again"));
}

static void take_thawed(struct codex *c)
{
    now_free(c, "its processes go on");
}

static void take_stuck(struct codex *c)
{
    c->process.state = SERVER_PARTLY;
}

static void take_asleep(struct codex *c)
{
    now_frozen(c, SERVER_ASLEEP);
}

static void take_awake(struct codex *c)
{
    now_free(c, "it was let go on from elsewhere");
}

static void take_gone(struct codex *c)
{
    now_free(c, "its process has ended");
    c->process.pid = 0;
}

static void take_other(struct codex *c)
{
    codex_signal(c, NULL, SEVERITY_HIGH, span_str(c->process.words));
    now_free(c, c->process.words);
    c->process.pid = 0;
}

static void (*const TAKES[SEEN_COUNT])(struct codex *c) = {
    [SEEN_SERVER] = take_server,       [SEEN_FROZEN] = take_frozen, [SEEN_PARTLY] = take_partly,
    [SEEN_CONTINUED] = take_continued, [SEEN_THAWED] = take_thawed, [SEEN_STUCK] = take_stuck,
    [SEEN_ASLEEP] = take_asleep,       [SEEN_AWAKE] = take_awake,   [SEEN_GONE] = take_gone,
    [SEEN_OTHER] = take_other,
};

void process_take(struct codex *c)
{
    struct span name = codex_text(c, TAPE_ROOT, "checkrein.saw");
    for (size_t i = 0; i < SEEN_COUNT; i++) {
        if (span_is(name, NAMES[i])) {
            int64_t pid = codex_number(c, TAPE_ROOT, "pid", 0);
            c->process.pid = pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0;
            if (!span_copy(
                    codex_cut(codex_text(c, TAPE_ROOT, "words"), sizeof(c->process.words) - 1),
                    c->process.words, sizeof(c->process.words))) {
                c->process.words[0] = '\0';
            }
            TAKES[i](c);
            return;
        }
    }
}

/* ---- which process it is: live only */

static bool is_codex(int32_t pid)
{
    char name[64];
    proc_program(pid, name, sizeof(name));
    return span_starts(span_str(name), "codex");
}

/* ST_OK: it may be stopped from here. */
static enum status find_server(struct codex *c, int32_t said, struct proc_member *out,
                               struct why *why)
{
    enum status st = proc_of_peer(net_ws_fd(c->link.net, c->link.ws), said, out, why);
    if (st != ST_OK) {
        return st;
    }
    if (!is_codex(out->pid)) {
        return why_fail(why, ST_DENIED, "process %d, which listens there, does not run codex",
                        out->pid);
    }
    return proc_is_ancestor(out->pid, (int32_t)getpid())
               ? why_fail(why, ST_DENIED, "this console runs below it: process %d", out->pid)
               : ST_OK;
}

static void forget_freezer(struct codex *c)
{
    freezer_free(c->process.freezer);
    c->process.freezer = NULL;
    net_ws_patient(c->link.net, c->link.ws, false);
}

static void say_gone(struct codex *c)
{
    forget_freezer(c);
    c->process.server = (struct proc_member){0};
    c->process.retell = false;
    saw(c, SEEN_GONE, 0, "its process has ended");
}

/* Whoever answers a new connection is not what stands still. Nobody has asked for this one to be
 * stopped: what was stopped is left as it is, and said. */
static void part_from(struct codex *c, const struct proc_member *frozen)
{
    char text[160];
    if (!proc_alive(frozen->pid, frozen->start)) {
        say_gone(c);
        return;
    }
    (void)snprintf(text, sizeof(text),
                   "another server answers there now; what was frozen stays stopped: process %d "
                   "and those below it",
                   frozen->pid);
    forget_freezer(c);
    c->process.retell = false;
    saw(c, SEEN_OTHER, 0, text);
}

static bool is_same(const struct proc_member *a, const struct proc_member *b)
{
    return a->pid == b->pid && a->start == b->start;
}

static void look_who(void *ctx)
{
    struct codex *c = ctx;
    struct why why = {0};
    struct proc_member found = {0};
    c->process.timer = 0;
    enum status st = c->process.said > 0
                         ? find_server(c, c->process.said, &found, &why)
                         : why_fail(&why, ST_NOTFOUND, "it does not say which process it is");
    const struct proc_member before = c->process.server;
    if (c->process.state != SERVER_FREE && before.pid && !is_same(&before, &found)) {
        part_from(c, &before);
    }
    c->process.server = st == ST_OK ? found : (struct proc_member){0};
    saw(c, SEEN_SERVER, c->process.server.pid, why.text);
}

/* Not inside of the frame that said it: what is seen is a frame of its own. */
void process_said(struct codex *c, int64_t pid)
{
    if (c->link.loop) {
        c->process.said = pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0;
        loop_remove(c->link.loop, c->process.timer);
        c->process.timer = loop_timer(c->link.loop, 0, look_who, c);
    }
}

/* ---- the freezer */

static bool above_us(int32_t pid)
{
    return proc_is_ancestor(pid, (int32_t)getpid());
}

/* All below the server, and what was below it when it was last looked at. This console, and what it
 * runs under, are never among them, whatever group or session says so. */
static void on_find(void *ctx, struct proc_set *all)
{
    struct codex *c = ctx;
    struct proc_tree *t = &c->process.tree;
    int32_t *roots = xcalloc(all->count + 1, sizeof(*roots));
    size_t count = 0;
    if (proc_alive(c->process.server.pid, c->process.server.start)) {
        roots[count++] = c->process.server.pid;
    }
    for (size_t i = 0; i < all->count; i++) {
        roots[count++] = all->item[i].pid;
    }
    proc_tree_read(t);
    proc_tree_mark(t, roots, count);
    free(roots);
    for (size_t i = 0; i < t->count; i++) {
        const struct proc_stat *p = &t->proc[i];
        if (t->below[i] && !proc_has_ended(p) && !above_us(p->pid)) {
            proc_set_add(all, p->pid, p->start);
        }
    }
}

static void on_still(void *ctx, size_t count)
{
    struct codex *c = ctx;
    char text[128];
    (void)snprintf(text, sizeof(text),
                   "frozen with its server: all its threads; %zu of %zu processes are seen stopped",
                   count, count);
    net_ws_patient(c->link.net, c->link.ws, true);
    saw(c, SEEN_FROZEN, c->process.server.pid, text);
}

static void on_moves(void *ctx, size_t still, size_t count, const char *fault)
{
    struct codex *c = ctx;
    char text[192];
    (void)snprintf(text, sizeof(text), "frozen %zu of %zu: %s", still, count, fault);
    saw(c, SEEN_PARTLY, c->process.server.pid, text);
}

static void on_continued(void *ctx)
{
    struct codex *c = ctx;
    saw(c, SEEN_CONTINUED, c->process.server.pid, c->process.words);
}

static void on_over(void *ctx, size_t others, size_t count, bool stuck)
{
    struct codex *c = ctx;
    char text[160] = "its processes go on";
    if (others) {
        (void)snprintf(text, sizeof(text),
                       "%zu of %zu processes were stopped before the freeze, and stay so", others,
                       count);
    }
    forget_freezer(c);
    saw(c, stuck ? SEEN_STUCK : SEEN_THAWED, c->process.server.pid,
        stuck ? "some of its processes are still stopped" : text);
}

static const struct freezer_events EVENTS = {.find = on_find,
                                             .still = on_still,
                                             .moves = on_moves,
                                             .continued = on_continued,
                                             .over = on_over};

static struct freezer *freezer(struct codex *c)
{
    if (!c->process.freezer) {
        c->process.freezer = freezer_new(c->link.loop, &EVENTS, c);
    }
    return c->process.freezer;
}

/* ---- what is asked for */

enum status process_freeze(struct codex *c, struct why *why)
{
    if (!c->process.pid) {
        return why_fail(why, ST_UNSUPPORTED, "its server cannot be frozen from here: %s",
                        c->process.words[0] ? c->process.words : "its process is not known yet");
    }
    if (process_is_frozen(c)) {
        return why_fail(why, ST_CONFLICT, "it stands still already");
    }
    c->process.state = SERVER_FREEZING;
    if (c->link.loop) {
        freezer_stop(freezer(c));
    }
    return ST_OK;
}

enum status process_go_on(struct codex *c, struct why *why)
{
    if (c->process.state == SERVER_FREE || c->process.state == SERVER_THAWING) {
        return why_fail(why, ST_CONFLICT, "it is not frozen");
    }
    c->process.state = SERVER_THAWING;
    if (c->link.loop) {
        if (!c->process.freezer) {
            freezer_adopt(freezer(c));
        }
        freezer_go_on(freezer(c));
    }
    return ST_OK;
}

/* ---- upkeep: live only */

/* One that is stopped answers nothing: the kernel alone says who listens there. */
static void look_for_sleeper(struct codex *c)
{
    struct proc_member found;
    struct proc_stat p;
    struct why why;
    if (c->phase != CODEX_LIVE && c->link.ws && find_server(c, 0, &found, &why) == ST_OK &&
        proc_read(found.pid, &p) && p.start == found.start && proc_is_still(&p)) {
        c->process.server = found;
    }
}

static void look_at_server(struct codex *c)
{
    struct proc_stat p;
    char text[128];
    const struct proc_member *s = &c->process.server;
    if (!proc_read(s->pid, &p) || p.start != s->start || proc_has_ended(&p)) {
        say_gone(c);
        return;
    }
    bool still = proc_is_still(&p);
    if (c->process.state == SERVER_ASLEEP && !still) {
        net_ws_patient(c->link.net, c->link.ws, false);
        saw(c, SEEN_AWAKE, s->pid, "");
    } else if (c->process.state == SERVER_FREE && still) {
        (void)snprintf(text, sizeof(text),
                       "its server stands still with all its threads: process %d is stopped, and "
                       "not by this console",
                       s->pid);
        saw(c, SEEN_ASLEEP, s->pid, text);
    }
    if (process_is_frozen(c)) {
        net_ws_patient(c->link.net, c->link.ws, true);
    }
    if (process_is_frozen(c) && c->process.retell) {
        c->process.retell = false;
        saw(c, c->process.state == SERVER_ASLEEP ? SEEN_ASLEEP : SEEN_FROZEN, s->pid,
            c->process.words);
    }
}

void process_upkeep(struct codex *c)
{
    if (!c->process.server.pid) {
        look_for_sleeper(c);
    }
    if (c->process.server.pid) {
        look_at_server(c);
    }
}

/* A new connection may be to another process. What is frozen is so still. */
void process_disconnect(struct codex *c)
{
    if (c->process.state == SERVER_FREE) {
        c->process.pid = 0;
        c->process.words[0] = '\0';
        c->process.server = (struct proc_member){0};
    } else if (process_is_frozen(c)) {
        c->process.retell = true;
    }
}

void process_release(struct codex *c)
{
    if (c->link.loop) {
        loop_remove(c->link.loop, c->process.timer);
    }
    freezer_free(c->process.freezer);
    c->process.freezer = NULL;
    proc_tree_release(&c->process.tree);
}
