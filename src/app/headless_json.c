#include "headless.h"

#include <jansson.h>

#include "checkrein/num.h"

/* What is foreign is escaped by ascii_json() on its way out. */
static void put(json_t *o, const char *name, struct span s)
{
    if (!s.n) {
        return;
    }
    json_t *v = json_stringn(s.p, s.n);
    (void)json_object_set_new(o, name, v ? v : json_string("(not UTF-8)"));
}

static void put_int(json_t *o, const char *name, int64_t n)
{
    (void)json_object_set_new(o, name, json_integer(n));
}

static void put_time(json_t *o, const char *name, int64_t us)
{
    char text[TIME_TEXT_BYTES];
    if (us) {
        time_format(us, text);
        put(o, name, span_str(text));
    }
}

static const char *attribute(enum event_field f)
{
    return event_field_info(f)->name;
}

static json_t *backend_json(const struct fleet *f, const struct backend *b)
{
    json_t *o = json_object();
    put(o, "name", fleet_span(f, b->name));
    put(o, attribute(F_BACKEND_KIND), fleet_span(f, b->kind));
    put(o, attribute(F_LINK), span_str(link_name(b->link)));
    put(o, attribute(F_REASON), fleet_span(f, b->why));
    put_int(o, "seq", (int64_t)b->seq);
    put_int(o, "agents", b->agents);
    (void)json_object_set_new(o, attribute(F_STOP_LATCHED), json_boolean(b->stop_latched));
    (void)json_object_set_new(o, "stop.left", json_boolean(b->stop_asked && !b->stop_latched));
    if (b->stop_latched) {
        put_int(o, attribute(F_STOP_REQUESTED), b->stop_requested);
        put_int(o, attribute(F_STOP_CONFIRMED), b->stop_confirmed);
        put_int(o, attribute(F_STOP_UNREACHABLE), b->stop_unreachable);
    }
    return o;
}

/* "BACK-END ID" of the other one. */
static void put_twin(json_t *o, const struct fleet *f, const struct agent *a)
{
    const struct agent *twin = fleet_agent_twin(f, a);
    struct buf b;
    if (twin) {
        buf_init(&b, 1024);
        buf_printf(&b, "%.*s %.*s", SPAN_ARG(fleet_span(f, fleet_backend(f, twin->backend)->name)),
                   SPAN_ARG(fleet_span(f, twin->id)));
        put(o, "agent.twin", buf_span(&b));
        buf_release(&b);
    }
}

/* ---- tasks */
static void put_ended(json_t *o, const struct task_sums by_outcome[OUTCOME_COUNT])
{
    const struct task_sums sum = task_sums_total(by_outcome);
    int64_t each = task_sums_each(by_outcome);
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "tasks.%s", outcome_name((enum outcome)i));
        if (i != OUTCOME_DENIED || by_outcome[i].count > 0) {
            put_int(o, name, by_outcome[i].count);
        }
    }
    put_int(o, "tasks.silent", sum.silent);
    put_int(o, "tasks.untold", sum.untold);
    put_int(o, "tasks.tokens_in", sum.tokens_in);
    put_int(o, "tasks.tokens_out", sum.tokens_out);
    put_int(o, "tasks.cost_microusd", sum.cost_microusd);
    (void)json_object_set_new(o, "tasks.unpriced", json_boolean(sum.unpriced));
    if (each >= 0) {
        put_int(o, "tasks.completed_cost_microusd", each);
    }
}

static json_t *task_json(const struct fleet *f, const struct task *t)
{
    json_t *o = json_object();
    const struct agent *a = fleet_agent(f, t->agent);
    const struct backend *b = a ? fleet_backend(f, a->backend) : NULL;
    put(o, attribute(F_TASK_ID), fleet_span(f, t->id));
    put(o, attribute(F_TASK_TITLE), fleet_span(f, t->title));
    put(o, "backend", b ? fleet_span(f, b->name) : SPAN_NONE);
    put(o, attribute(F_AGENT_ID), a ? fleet_span(f, a->id) : SPAN_NONE);
    put(o, attribute(F_AGENT_NAME), a ? fleet_span(f, a->name) : SPAN_NONE);
    (void)json_object_set_new(o, "task.open", json_boolean(t->open));
    put_time(o, "task.began_at", t->began_us);
    if (!t->open) {
        put(o, attribute(F_TASK_OUTCOME), span_str(outcome_name(t->outcome)));
        put_time(o, "task.ended_at", t->ended_us);
    }
    put_int(o, attribute(F_TOKENS_IN), t->tokens_in);
    put_int(o, attribute(F_TOKENS_OUT), t->tokens_out);
    (void)json_object_set_new(o, "tokens.told", json_boolean(task_told(t)));
    put_int(o, attribute(F_COST_MICROUSD), t->cost_microusd);
    (void)json_object_set_new(o, attribute(F_COST_ESTIMATED), json_boolean(t->cost_estimated));
    (void)json_object_set_new(o, "cost.unpriced", json_boolean(t->unpriced));
    put_int(o, attribute(F_SPEND_UNTOLD), t->untold);
    put_int(o, attribute(F_SPEND_BOUND), t->bound_microusd);
    put_int(o, attribute(F_SPEND_BOUND_TOKENS), t->bound_tokens);
    put_int(o, attribute(F_BUDGET_LIMIT), t->limit_microusd);
    put_int(o, attribute(F_BUDGET_TOKENS), t->limit_tokens);
    return o;
}

static json_t *agent_json(const struct fleet *f, const struct agent *a)
{
    const struct {
        enum event_field field;
        sid value;
    } TEXTS[] = {
        {F_AGENT_ID,              a->id                     },
        {F_AGENT_INSTANCE,        a->instance               },
        {F_AGENT_NAME,            a->name                   },
        {F_AGENT_RUNTIME,         a->traits->runtime        },
        {F_AGENT_RUNTIME_VERSION, a->traits->runtime_version},
        {F_MODEL,                 a->traits->model          },
        {F_HOST,                  a->traits->host           },
        {F_CWD,                   a->cwd                    },
        {F_AGENT_ON_BEHALF_OF,    a->traits->on_behalf_of   },
        {F_AGENT_PARENT,          a->parent_id              },
        {F_SESSION,               a->session                },
        {F_TASK_TITLE,            a->task_title             },
        {F_PERMISSION_MODE,       a->traits->permission_mode},
        {F_GATE,                  a->traits->gate           },
        {F_REASON,                a->state_reason           },
        {F_SUMMARY,               a->now                    },
        {F_TOOL,                  a->now_tool               },
    };
    json_t *o = json_object();
    const struct backend *b = fleet_backend(f, a->backend);
    put(o, "backend", b ? fleet_span(f, b->name) : SPAN_NONE);
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        put(o, attribute(TEXTS[i].field), fleet_span(f, TEXTS[i].value));
    }
    put_twin(o, f, a);
    put(o, attribute(F_STATE), span_str(agent_state_name(a->state)));
    put_time(o, "agent.state_since", a->state_since_us);
    put_time(o, "agent.last_event", a->last_event_us);
    if (a->pid) {
        put_int(o, attribute(F_PID), a->pid);
    }
    put_int(o, attribute(F_TOKENS_IN), a->tokens_in);
    put_int(o, attribute(F_TOKENS_OUT), a->tokens_out);
    put_int(o, attribute(F_TOKENS_CACHED), a->tokens_cached);
    (void)json_object_set_new(o, "tokens.told", json_boolean(agent_told_tokens(a)));
    put_int(o, attribute(F_COST_MICROUSD), a->cost_microusd);
    (void)json_object_set_new(o, attribute(F_COST_ESTIMATED), json_boolean(a->cost_estimated));
    (void)json_object_set_new(o, "cost.unpriced", json_boolean(a->unpriced));
    (void)json_object_set_new(o, attribute(F_AGENT_DEMO), json_boolean(a->demo));
    put_int(o, "approvals.pending", a->pending);
    put_int(o, "failures", a->failures);
    put_int(o, "retrying", a->retrying);
    const struct task *task = fleet_task_of(f, a->ref);
    if (task) {
        (void)json_object_set_new(o, "task", task_json(f, task));
    }
    return o;
}

/* Rows as objects, named by the columns of the attribute. */
static void put_list(json_t *o, const struct fleet *f, const struct approval *p,
                     enum event_field field)
{
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t column_count = event_list_columns(field, columns);
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(f, p->ref, field, &count);
    json_t *list = count ? json_array() : NULL;
    for (uint32_t i = 0; i < count; i++) {
        json_t *row = json_object();
        for (uint32_t c = 0; c < column_count; c++) {
            char name[32];
            (void)span_copy(columns[c], name, sizeof(name));
            put(row, name, rows[i].cell[c]);
        }
        (void)json_array_append_new(list, row);
    }
    if (list) {
        (void)json_object_set_new(o, attribute(field), list);
    }
}

static json_t *approval_json(const struct fleet *f, const struct approval *p)
{
    json_t *o = json_object();
    const struct agent *a = fleet_agent(f, p->agent);
    const struct backend *b = a ? fleet_backend(f, a->backend) : NULL;
    put(o, "backend", b ? fleet_span(f, b->name) : SPAN_NONE);
    put(o, attribute(F_APPROVAL_ID), fleet_span(f, p->id));
    put(o, attribute(F_AGENT_ID), a ? fleet_span(f, a->id) : SPAN_NONE);
    put(o, attribute(F_AGENT_NAME), a ? fleet_span(f, a->name) : SPAN_NONE);
    put(o, attribute(F_TOOL), fleet_span(f, p->tool));
    put(o, attribute(F_SUMMARY), fleet_span(f, p->summary));
    put(o, attribute(F_ACTION), p->action);
    put(o, attribute(F_DIGEST), fleet_span(f, p->digest));
    put(o, attribute(F_SHOWN_DIGEST), fleet_span(f, p->shown_digest));
    if (p->secrets) {
        (void)json_object_set_new(o, attribute(F_ACTION_SECRETS), json_integer(p->secrets));
    }
    put(o, attribute(F_RULE), fleet_span(f, p->rule));
    put(o, attribute(F_REASON), fleet_span(f, p->reason));
    put(o, attribute(F_POLICY_VERSION), fleet_span(f, p->policy_version));
    put(o, attribute(F_AGENT_WORDS), fleet_span(f, p->agent_words));
    put(o, attribute(F_ONLY_IN), fleet_span(f, p->only_in));
    put(o, attribute(F_RISK), span_str(risk_name(p->risk)));
    (void)json_object_set_new(o, attribute(F_REVERSIBLE), json_boolean(p->reversible));
    put_time(o, "approval.requested_at", p->requested_us);
    put_time(o, attribute(F_EXPIRES_AT), p->expires_us);
    static const enum event_field LISTS[] = {F_SCOPES, F_DENIALS, F_TERMS, F_QUESTIONS, F_OPTIONS};
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++) {
        put_list(o, f, p, LISTS[i]);
    }
    return o;
}

enum status headless_json(const struct fleet *f, struct buf *out)
{
    json_t *backends = json_array();
    json_t *agents = json_array();
    json_t *approvals = json_array();
    for (uint32_t i = 0; i < fleet_backend_count(f); i++) {
        (void)json_array_append_new(backends, backend_json(f, fleet_backend_at(f, i)));
    }
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        (void)json_array_append_new(agents, agent_json(f, fleet_agent_at(f, i)));
    }
    for (uint32_t i = 0; i < fleet_pending_count(f); i++) {
        (void)json_array_append_new(approvals, approval_json(f, fleet_pending_at(f, i)));
    }
    json_t *all =
        json_pack("{s:o,s:o,s:o}", "backends", backends, "agents", agents, "approvals", approvals);
    char *text = json_dumps(all, JSON_COMPACT);
    enum status st = text ? buf_addstr(out, text) : ST_INVALID;
    free(text);
    json_decref(all);
    return st;
}

static void print_line(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);
    struct buf ascii;
    buf_init(&ascii, (size_t)64 << 20);
    if (text && ascii_json(&ascii, span_str(text)) == ST_OK) {
        (void)printf("%.*s\n", SPAN_ARG(buf_span(&ascii)));
    }
    buf_release(&ascii);
    free(text);
    json_decref(o);
}

void headless_print_object(const struct headless_text *texts, size_t count)
{
    json_t *o = json_object();
    for (size_t i = 0; i < count; i++) {
        put(o, texts[i].name, texts[i].value);
    }
    print_line(o);
}

void headless_print_approval(const struct fleet *f, const struct approval *p)
{
    print_line(approval_json(f, p));
}

static json_t *spend_json(const struct fleet *f, const struct agent *a)
{
    json_t *o = json_object();
    const struct backend *b = fleet_backend(f, a->backend);
    put(o, "backend", b ? fleet_span(f, b->name) : SPAN_NONE);
    put(o, attribute(F_AGENT_ID), fleet_span(f, a->id));
    put(o, attribute(F_AGENT_NAME), fleet_span(f, a->name));
    put_int(o, attribute(F_TOKENS_IN), a->tokens_in);
    put_int(o, attribute(F_TOKENS_OUT), a->tokens_out);
    put_int(o, attribute(F_TOKENS_CACHED), a->tokens_cached);
    put_int(o, attribute(F_TOKENS_REASONING), a->tokens_reasoning);
    put_int(o, attribute(F_COST_MICROUSD), a->cost_microusd);
    (void)json_object_set_new(o, attribute(F_COST_ESTIMATED), json_boolean(a->cost_estimated));
    (void)json_object_set_new(o, "cost.unpriced", json_boolean(a->unpriced));
    (void)json_object_set_new(o, "tokens.told", json_boolean(agent_told_tokens(a)));
    struct tree_spend tree = fleet_tree_spend(f, a->ref);
    put_int(o, "tree.agents", tree.agents);
    put_int(o, "tree.untold", tree.untold);
    put_int(o, "tree.tokens_in", tree.tokens_in);
    put_int(o, "tree.tokens_out", tree.tokens_out);
    put_int(o, "tree.cost_microusd", tree.cost_microusd);
    put_int(o, attribute(F_BUDGET_LIMIT), a->traits->budget_limit);
    put_int(o, attribute(F_BUDGET_USED), a->budget_used);
    put_int(o, attribute(F_BUDGET_TOKENS), a->traits->budget_tokens);
    put_int(o, attribute(F_BUDGET_TOKENS_USED), a->traits->budget_tokens_used);
    put_int(o, attribute(F_SPEND_UNTOLD), a->traits->untold);
    put_int(o, attribute(F_SPEND_BOUND), a->traits->bound_microusd);
    put_int(o, attribute(F_SPEND_BOUND_TOKENS), a->traits->bound_tokens);
    (void)json_object_set_new(o, "spend.metered", json_boolean(a->traits->metered));
    put_int(o, "beside.tokens_in", a->traits->beside_in);
    put_int(o, "beside.tokens_out", a->traits->beside_out);
    put_int(o, "beside.cost_microusd", a->traits->beside_microusd);
    put_ended(o, fleet_task_sums(f, a->ref));
    return o;
}

static void put_agent(json_t *o, const struct fleet *f, const char *name, uint32_t ref)
{
    const struct agent *a = fleet_agent(f, ref);
    put(o, name, a ? fleet_span(f, a->id) : SPAN_NONE);
}

/* What is known of its end: of the newest command to revoke that means it. */
static void put_revocation(json_t *o, const struct fleet *f, const struct credential *c)
{
    const struct command_track *t = fleet_credential_revocation(f, c);
    struct span why = SPAN_NONE;
    bool can = fleet_credential_revocable(f, c, &why);
    (void)json_object_set_new(o, "credential.revocable", json_boolean(can));
    put(o, "credential.not_revocable", why);
    if (t) {
        put(o, attribute(F_COMMAND_ID), fleet_span(f, t->id));
        put(o, attribute(F_COMMAND_STATE), span_str(command_state_name(t->state)));
        put(o, attribute(F_BY), fleet_span(f, t->by));
        put(o, "command.reason", fleet_span(f, t->reason));
    }
}

static json_t *credential_json(const struct fleet *f, const struct credential *c)
{
    json_t *o = json_object();
    const struct backend *b = fleet_backend(f, c->backend);
    const struct {
        const char *name;
        sid value;
    } TEXTS[] = {
        {attribute(F_CREDENTIAL_ID),     c->id      },
        {attribute(F_CREDENTIAL_KIND),   c->kind    },
        {attribute(F_CREDENTIAL_HOLDER), c->holder  },
        {attribute(F_CREDENTIAL_ISSUER), c->issuer  },
        {attribute(F_CREDENTIAL_SCOPES), c->scopes  },
        {attribute(F_CREDENTIAL_PARENT), c->parent  },
        {"credential.until",             c->until   },
        {attribute(F_REASON),            c->reason  },
        {attribute(F_OPERATOR),          c->by      },
        {attribute(F_PROBE),             c->probe   },
        {"credential.last_use",          c->last_use},
        {"credential.last_refusal",      c->refusal },
        {"credential.last_wait",         c->wait    },
    };
    put(o, "backend", b ? fleet_span(f, b->name) : SPAN_NONE);
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        put(o, TEXTS[i].name, fleet_span(f, TEXTS[i].value));
    }
    put(o, attribute(F_CREDENTIAL_STATE), span_str(credential_state_name(c->state)));
    put(o, "credential.in_force", span_str(credential_state_name(fleet_credential_in_force(f, c))));
    put_agent(o, f, attribute(F_AGENT_ID), c->agent);
    put_agent(o, f, "credential.used_by", c->used_by);
    put_int(o, "credential.holders", c->holders);
    put_time(o, attribute(F_CREDENTIAL_EXPIRES), c->expires_us);
    put_time(o, "credential.issued_at", c->issued_us);
    put_time(o, "credential.changed_at", c->changed_us);
    put_time(o, "credential.used_at", c->used_us);
    put_time(o, "credential.refused_at", c->refused_us);
    put_time(o, "credential.waited_at", c->wait_us);
    if (c->told) {
        put_int(o, attribute(F_CREDENTIAL_USES), c->uses);
    }
    put_revocation(o, f, c);
    return o;
}

void headless_print_sum(const struct fleet *f, const char *by, const struct headless_sum *s)
{
    json_t *o = json_object();
    put(o, by, fleet_span(f, s->name));
    put_int(o, "agents", s->agents);
    put_int(o, "agents.unpriced", s->unpriced);
    put_int(o, attribute(F_TOKENS_IN), s->tokens_in);
    put_int(o, attribute(F_TOKENS_OUT), s->tokens_out);
    put_int(o, attribute(F_COST_MICROUSD), s->microusd);
    (void)json_object_set_new(o, attribute(F_COST_ESTIMATED), json_boolean(s->estimated));
    put_int(o, attribute(F_SPEND_UNTOLD), s->untold);
    put_ended(o, s->tasks);
    print_line(o);
}

void headless_print_task(const struct fleet *f, const struct task *t)
{
    print_line(task_json(f, t));
}

void headless_print_rest(const char *task, const struct headless_rest *r)
{
    json_t *o = json_object();
    put(o, "tasks", span_str(task));
    put_int(o, attribute(F_TOKENS_IN), r->tokens_in);
    put_int(o, attribute(F_TOKENS_OUT), r->tokens_out);
    put_int(o, attribute(F_COST_MICROUSD), r->microusd);
    print_line(o);
}

static json_t *watcher_json(const struct fleet *f, const struct watcher *w)
{
    json_t *o = json_object();
    json_t *scopes = json_array();
    const struct backend *b = fleet_backend(f, w->backend);
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if (w->scopes & SCOPE_BIT(s)) {
            (void)json_array_append_new(scopes, json_string(scope_name((enum scope)s)));
        }
    }
    put(o, "backend", b ? fleet_span(f, b->name) : SPAN_NONE);
    put(o, attribute(F_OPERATOR), fleet_span(f, w->id));
    put(o, attribute(F_CONNECTION), fleet_span(f, w->connection));
    put(o, attribute(F_OPERATOR_PATH), fleet_span(f, w->path));
    (void)json_object_set_new(o, attribute(F_OPERATOR_SCOPES), scopes);
    put_time(o, "operator.since", w->since_us);
    return o;
}

static json_t *thing_json(const struct fleet *f, enum headless_thing thing, uint32_t i)
{
    switch (thing) {
    case HEADLESS_AGENTS:
        return i < fleet_agent_count(f) ? agent_json(f, fleet_agent_at(f, i)) : NULL;
    case HEADLESS_APPROVALS:
        return i < fleet_pending_count(f) ? approval_json(f, fleet_pending_at(f, i)) : NULL;
    case HEADLESS_SPEND:
        return i < fleet_agent_count(f) ? spend_json(f, fleet_agent_at(f, i)) : NULL;
    case HEADLESS_CREDENTIALS:
        return i < fleet_credential_count(f) ? credential_json(f, fleet_credential_at(f, i)) : NULL;
    case HEADLESS_WATCHERS:
    default:
        return i < fleet_watcher_count(f) ? watcher_json(f, fleet_watcher_at(f, i)) : NULL;
    }
}

void headless_print_lines(const struct fleet *f, enum headless_thing thing)
{
    json_t *o;
    for (uint32_t i = 0; (o = thing_json(f, thing, i)); i++) {
        print_line(o);
    }
}
