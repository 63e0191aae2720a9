#include "govd_priv.h"

#include "checkrein/clock.h"

#define BURST_US       1000000  /* what a second brings may come at once */
#define TELEMETRY_US   10000000 /* telemetry comes in batches: ten seconds of it may come at once */
#define NEWCOMERS_RATE 200      /* new sessions a second */
#define NEWCOMERS_US   5000000  /* five seconds of them may come at once */

static const char *const GATE_NAMES[] = {
#define X(constant, name) name,
    GATES(X)
#undef X
};

const char *gate_name(enum gate_mode m)
{
    return m < GATE_COUNT ? GATE_NAMES[m] : GATE_NAMES[GATE_OPEN];
}

enum gate_mode gate_find(struct span name)
{
    for (unsigned i = 0; i < GATE_COUNT; i++) {
        if (span_is(name, GATE_NAMES[i])) {
            return (enum gate_mode)i;
        }
    }
    return GATE_OPEN;
}

struct session *session_at(const struct govd *g, session_ref ref)
{
    return ref && ref <= g->session_count ? g->sessions[ref - 1] : NULL;
}

struct session *session_find(const struct govd *g, struct span id)
{
    uint32_t ref = 0;
    return map_get(&g->session_by_id, id, &ref) ? session_at(g, ref) : NULL;
}

static void release(struct govd *g, struct session *s)
{
    proc_unwatch(g, s);
    free(s->id);
    free(s->native);
    free(s->name);
    free(s->cwd);
    free(s->mode);
    free(s->runtime);
    free(s->model);
    free(s->alias);
    free(s->waits_for);
    guarded_drop(g, s);
}

/* Over, and nothing speaks of it any more. Its gate and what it spent stay in the fold. */
static bool can_be_forgotten(const struct session *s)
{
    return s->state == AGENT_STOPPED && !s->pid && !s->ending && !s->held && !s->running &&
           !s->children && !s->watching[0];
}

static void forget_name(struct govd *g, const struct session *s, struct span id)
{
    if (session_find(g, id) == s) { /* a run may have taken the name over */
        map_del(&g->session_by_id, id);
    }
}

/* Its own id, and that of the runtime's session that it stands for. */
static void forget_names(struct govd *g, const struct session *s)
{
    forget_name(g, s, span_str(s->id));
    if (s->alias) {
        forget_name(g, s, span_str(s->alias));
    }
}

/* Nothing of it waits, nothing holds it, and it is not known to live: it comes back when it is
 * heard of. */
static bool can_be_let_go(const struct session *s)
{
    bool is_held = s->held || s->gate != GATE_OPEN || s->refused || s->interrupt_next ||
                   s->frozen || s->in_stop;
    return !is_held && !s->pid && !s->ending && !s->guarded && !s->children && !s->watching[0];
}

static void let_go(struct govd *g, struct session *s)
{
    static const char why[] = "not heard of: forgotten to make room for others";
    if (s->running) {
        gate_forget(g, s, why);
    }
    publish_state(g, s, AGENT_UNKNOWN, why);
}

static struct session *vacate(struct govd *g, struct session *s)
{
    session_set_parent(g, s, 0);
    forget_names(g, s);
    release(g, s);
    return s;
}

/* One that ended, or the next that was not heard of again since this came by; not the one that was
 * opened last, whose helper may be the one to come in. */
static struct session *make_room(struct govd *g)
{
    for (size_t n = 0; n < 2 * g->session_count; n++) {
        g->session_next = (g->session_next + 1) % g->session_count;
        struct session *s = g->sessions[g->session_next];
        if (s->ref == g->session_last) {
            continue;
        }
        if (can_be_forgotten(s)) {
            return vacate(g, s);
        }
        if (can_be_let_go(s) && !s->heard_again) {
            let_go(g, s);
            return vacate(g, s);
        }
        s->heard_again = false;
    }
    return NULL;
}

static struct session *place(struct govd *g)
{
    if (g->session_count >= (size_t)g->conf->serve.max_agents) {
        return make_room(g);
    }
    struct session *s = xcalloc(1, sizeof(*s));
    GROW(g->sessions, g->session_cap, g->session_count + 1);
    g->sessions[g->session_count++] = s;
    s->ref = (session_ref)g->session_count;
    return s;
}

struct session *session_open(struct govd *g, struct span id, bool *made)
{
    struct session *s = session_find(g, id);
    *made = false;
    if (s) {
        s->heard_again = true;
        g->session_last = s->ref;
        return s;
    }
    s = place(g);
    if (!s) {
        return NULL;
    }
    *made = true;
    *s = (struct session){.govd = g,
                          .ref = s->ref,
                          .kind = runtime_of_agent(id),
                          .pidfd = -1,
                          .demo = g->demo,
                          .opened_us = govd_wall_us()};
    s->id = xstrndup(id.p, id.n);
    g->session_last = s->ref;
    map_put(&g->session_by_id, id, s->ref);
    stop_count(g);
    const struct agent *known = fleet_agent_by_id(g->fleet, BACKEND_SELF, id);
    if (known) {
        s->gate = gate_find(fleet_span(g->fleet, known->traits->gate));
        s->state = known->state;
        s->cost_microusd = known->cost_microusd;
    }
    return s;
}

void session_set_parent(struct govd *g, struct session *s, session_ref parent)
{
    struct session *before = session_at(g, s->parent);
    struct session *now = session_at(g, parent);
    if (before) {
        before->children--;
    }
    if (now) {
        now->children++;
    }
    s->parent = parent;
}

enum gate_mode session_gate_in_force(const struct session *s)
{
    const struct session *parent = session_at(s->govd, s->parent);
    return parent && parent->gate > s->gate ? parent->gate : s->gate;
}

bool session_is_gated(const struct session *s)
{
    return !s->guarded || s->guarded->hooks || s->native;
}

bool session_holds(const struct session *s)
{
    enum gate_mode mode = session_gate_in_force(s);
    return mode == GATE_HOLD || mode == GATE_FREEZE;
}

void session_set(char **slot, struct span value)
{
    if (value.n) {
        free(*slot);
        *slot = xstrndup(value.p, value.n);
    }
}

/* What can be pulled on an agent, soft to hard, how it is confirmed, and on which agents. */
enum { WITH_GATE = 1, WITHOUT_GATE = 2, WITH_PID = 4, WITHOUT_PID = 8, WITH_CREDENTIAL = 16 };
static const struct {
    unsigned when;
    struct event_row row;
} REINS[] = {
    {WITH_GATE,
     {{SPAN_INIT("withhold"), SPAN_INIT("true"), SPAN_INIT("the request is still pending"),
       SPAN_INIT("")}}                                                                            },
    {WITH_GATE,
     {{SPAN_INIT("hold"), SPAN_INIT("true"), SPAN_INIT("its next call is seen waiting"),
       SPAN_INIT("")}}                                                                            },
    {WITH_PID,
     {{SPAN_INIT("freeze"), SPAN_INIT("true"), SPAN_INIT("every process of it is seen stopped"),
       SPAN_INIT("")}}                                                                            },
    {WITH_GATE,
     {{SPAN_INIT("interrupt"), SPAN_INIT("true"), SPAN_INIT("turn ended event"),
       SPAN_INIT("at its next call")}}                                                            },
    {WITHOUT_GATE | WITH_PID,
     {{SPAN_INIT("interrupt"), SPAN_INIT("true"), SPAN_INIT("its foreground processes end"),
       SPAN_INIT("SIGINT: what it makes of that may not be seen")}}                               },
    {WITH_PID,
     {{SPAN_INIT("stop"), SPAN_INIT("false"), SPAN_INIT("its processes are gone"), SPAN_INIT("")}}},
    {WITHOUT_PID,
     {{SPAN_INIT("stop"), SPAN_INIT("false"), SPAN_INIT("its next call is refused"),
       SPAN_INIT("process not known: only its calls can be refused")}}                            },
    {WITH_PID,
     {{SPAN_INIT("kill"), SPAN_INIT("false"), SPAN_INIT("its processes are gone"), SPAN_INIT("")}}},
    {WITH_CREDENTIAL,
     {{SPAN_INIT("revoke"), SPAN_INIT("false"), SPAN_INIT("a refused test call, or who issued it"),
       SPAN_INIT("each credential says how it is proven")}}                                       },
};

static void set_reins(struct event *ev, const struct session *s, uint32_t credentials,
                      struct event_row rows[ARRAY_LEN(REINS)])
{
    unsigned is = (session_is_gated(s) ? WITH_GATE : WITHOUT_GATE) |
                  (s->pid > 0 ? WITH_PID : WITHOUT_PID) | (credentials > 0 ? WITH_CREDENTIAL : 0);
    uint32_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(REINS); i++) {
        if ((REINS[i].when & ~is) == 0) {
            rows[count++] = REINS[i].row;
        }
    }
    event_set_list(ev, F_REINS, rows, count);
}

static void set_limits(struct event *ev, const struct session *s)
{
    static const struct event_row NO_GATE[] = {
        {{SPAN_INIT("every call of it"), SPAN_INIT("not held: only its processes can be")}}};
    if (session_is_gated(s)) {
        event_set_list(ev, F_GATE_LIMITS, s->kind->limits, s->kind->limit_count);
    } else {
        event_set_list(ev, F_GATE_LIMITS, NO_GATE, ARRAY_LEN(NO_GATE));
    }
}

/* Who runs it is the kernel's word; name, task and for whom are those of who started it. */
static void set_claims(struct event *ev, const struct session *s, struct event_row *row)
{
    const struct guarded *u = s->guarded;
    if (!u) {
        return;
    }
    event_put_text(ev, F_AGENT_OWNER, span_str(u->owner));
    event_put_text(ev, F_AGENT_ON_BEHALF_OF, span_str(u->on_behalf_of));
    event_put_text(ev, F_TASK_TITLE, span_str(u->task));
    if (u->owner) {
        struct span whom = span_str(u->on_behalf_of ? u->on_behalf_of : u->owner);
        *row = (struct event_row){
            {whom, span_str(s->name), SPAN("as claimed by who started it (checkrein run)")}
        };
        event_set_list(ev, F_DELEGATION, row, 1);
    }
}

/* That it holds none is told of one that was told to hold some. */
static void set_credentials(const struct govd *g, struct event *ev, const struct session *s,
                            struct credential_rows *held)
{
    const struct agent *known = fleet_agent_by_id(g->fleet, BACKEND_SELF, span_str(s->id));
    uint32_t had = 0;
    if (known) {
        (void)fleet_agent_list(g->fleet, known->ref, F_CREDENTIALS, &had);
    }
    credential_rows_fill(g, s, held);
    if (held->count || had) {
        event_set_list(ev, F_CREDENTIALS, held->row, held->count);
    }
}

void session_announce(struct govd *g, struct session *s, enum event_type type)
{
    struct event ev;
    publish_about(g, &ev, type, s);
    char instance[64] = "";
    if (s->pid > 0) {
        bool orphaned = s->guarded && s->guarded->orphaned;
        (void)snprintf(instance, sizeof(instance), "%d@%llu%s", s->pid,
                       (unsigned long long)s->pid_start, orphaned ? ORPHAN_MARK : "");
        event_set_number(&ev, F_PID, s->pid);
    }
    const struct session *parent = session_at(g, s->parent);
    event_put_text(&ev, F_AGENT_INSTANCE, span_str(instance));
    event_put_text(&ev, F_AGENT_NAME, span_str(s->name));
    event_put_text(&ev, F_AGENT_RUNTIME, span_str(s->runtime));
    event_put_text(&ev, F_SESSION, span_str(s->native));
    event_put_text(&ev, F_HOST, span_str(g->host));
    event_put_text(&ev, F_CWD, span_str(s->cwd));
    event_put_text(&ev, F_PERMISSION_MODE, span_str(s->mode));
    event_put_text(&ev, F_AGENT_PARENT, span_str(parent ? parent->id : NULL));
    event_set_text(&ev, F_GATE, span_str(gate_name(s->gate)));
    event_set_number(&ev, F_AGENT_DEMO, s->demo);
    struct event_row reins[ARRAY_LEN(REINS)];
    struct event_row claim;
    struct credential_rows held;
    set_credentials(g, &ev, s, &held);
    set_reins(&ev, s, held.count, reins);
    set_claims(&ev, s, &claim);
    if (type == EVENT_AGENT_STARTED && !s->demo && !parent) {
        set_limits(&ev, s);
    }
    (void)publish(g, &ev);
}

void session_model(struct govd *g, struct session *s, struct span model, struct span provider)
{
    if (!model.n || span_is(model, s->model ? s->model : "")) {
        return;
    }
    session_set(&s->model, model);
    struct event ev;
    publish_about(g, &ev, EVENT_AGENT_UPDATED, s);
    event_set_text(&ev, F_MODEL, model);
    event_put_text(&ev, F_PROVIDER, provider.n ? provider : span_str(s->kind->provider));
    (void)publish(g, &ev);
}

void session_gate(struct govd *g, struct session *s, enum gate_mode mode)
{
    s->refused = s->refused && mode == GATE_REFUSE;
    if (s->gate != mode) {
        s->gate = mode;
        gateway_changed(g);
        session_announce(g, s, EVENT_AGENT_UPDATED);
    }
}

/* A helper lives in its parent's process. */
static bool is_frozen(const struct session *s)
{
    const struct session *parent = session_at(s->govd, s->parent);
    return s->frozen || (parent && parent->frozen);
}

static enum agent_state settled(const struct session *s)
{
    if (s->ending || s->refused) {
        return AGENT_STOPPING;
    }
    if (s->state == AGENT_STOPPED && !s->held && !s->running) {
        return AGENT_STOPPED;
    }
    if (session_holds(s)) {
        return is_frozen(s) || (s->held && !s->running) ? AGENT_PAUSED : AGENT_PAUSING;
    }
    if (s->waits_for) {
        return AGENT_PAUSED;
    }
    if (s->asked) {
        return AGENT_WAITING_APPROVAL;
    }
    if (s->held || s->running) {
        return AGENT_RUNNING;
    }
    bool was_at_gate = s->state == AGENT_WAITING_APPROVAL || s->state == AGENT_PAUSED ||
                       s->state == AGENT_PAUSING || s->state == AGENT_UNKNOWN;
    return was_at_gate ? AGENT_RUNNING : s->state;
}

void session_waits_for(struct session *s, const char *what)
{
    free(s->waits_for);
    s->waits_for = what ? xstrdup(what) : NULL;
    if (what) {
        s->says_wait = false;
    }
}

void session_settle(struct govd *g, struct session *s, const char *reason)
{
    enum agent_state state = settled(s);
    if (state == AGENT_PAUSED && s->waits_for && !session_holds(s)) {
        publish_waiting(g, s);
    } else {
        publish_state(g, s, state, reason);
    }
    if (s->state == AGENT_PAUSED) {
        session_seen(g, s, VERB_PAUSE, "a call is seen waiting");
    }
}

void session_settle_helpers(struct govd *g, const struct session *s, const char *reason)
{
    for (size_t i = 0; s->children && i < g->session_count; i++) {
        struct session *child = g->sessions[i];
        if (child->parent == s->ref && child->state != AGENT_STOPPED) {
            session_settle(g, child, reason);
        }
    }
}

void session_watch(struct govd *g, struct session *s, struct span command, enum verb verb)
{
    if (s->watching[0]) {
        command_result(g, span_str(s->watching), COMMAND_SUPERSEDED,
                       "a later command took its place", NULL);
    }
    if (!span_copy(command, s->watching, sizeof(s->watching))) {
        s->watching[0] = '\0';
    }
    s->watching_verb = verb;
}

/* What became of the command that waits, if it is of this verb. */
static void tell(struct govd *g, struct session *s, enum verb verb, enum command_state st,
                 const char *reason, const char *by)
{
    if (!s->watching[0] || s->watching_verb != verb) {
        return;
    }
    char command[COMMAND_ID_BYTES];
    memcpy(command, s->watching, sizeof(command));
    s->watching[0] = '\0';
    command_result(g, span_str(command), st, reason, by);
}

void session_seen(struct govd *g, struct session *s, enum verb verb, const char *what)
{
    tell(g, s, verb, COMMAND_CONFIRMED, NULL, what);
}

void session_missed(struct govd *g, struct session *s, enum verb verb, enum command_state st,
                    const char *why)
{
    tell(g, s, verb, st, why, NULL);
}

bool bucket_pay(int64_t *bucket_us, int64_t cost_us, int64_t burst_us)
{
    int64_t now = clock_mono_us();
    if (*bucket_us < now - burst_us) {
        *bucket_us = now - burst_us;
    }
    if (*bucket_us + cost_us > now) {
        return false;
    }
    *bucket_us += cost_us;
    return true;
}

static bool pay(int64_t *bucket_us, int64_t rate, int64_t burst_us)
{
    return bucket_pay(bucket_us, 1000000 / rate, burst_us);
}

bool session_pay(struct session *s)
{
    return pay(&s->bucket_us, s->govd->conf->serve.rate, BURST_US);
}

bool session_pay_telemetry(struct session *s)
{
    return pay(&s->telemetry_us, s->govd->conf->serve.rate, TELEMETRY_US);
}

bool newcomer_pay(struct govd *g)
{
    return pay(&g->newcomer_us, NEWCOMERS_RATE, NEWCOMERS_US);
}

void sessions_release(struct govd *g)
{
    for (size_t i = 0; i < g->session_count; i++) {
        release(g, g->sessions[i]);
        free(g->sessions[i]);
    }
    free(g->sessions);
    map_release(&g->session_by_id);
}
