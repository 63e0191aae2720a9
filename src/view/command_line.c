/* The ':' line: every action by its name, and a few words that take an argument. */
#include <string.h>

#include "frame_priv.h"

static bool find_agent(struct press *k, struct span name, uint32_t *ref)
{
    uint32_t count = fleet_agent_count(k->f);
    for (uint32_t i = 0; i < count; i++) {
        const struct agent *a = fleet_agent_at(k->f, i);
        if (span_eq(agent_name(k->f, a->ref), name) || span_eq(fleet_span(k->f, a->id), name)) {
            *ref = a->ref;
            return true;
        }
    }
    notice_put(k->ui, k->now, ROLE_ERROR, "no agent is called %.*s",
               SPAN_ARG(span_sub(name, 0, 100)));
    return false;
}

static void run_agent(struct press *k, struct span rest)
{
    uint32_t ref;
    if (find_agent(k, rest, &ref)) {
        ui_open_agent(k, ref);
    }
}

static void run_select(struct press *k, struct span rest)
{
    uint32_t ref;
    if (find_agent(k, rest, &ref)) {
        ui_show(k, VIEW_FLEET);
        list_select(ui_list(k->ui), ref);
    }
}

static const char *const view_names[] = {
#define X(constant, name, key, title) [constant] = (name),
    VIEWS(X)
#undef X
};

static void run_view(struct press *k, struct span rest)
{
    for (unsigned v = 0; v < VIEW_AGENT; v++) {
        if (span_is(rest, view_names[v])) {
            action_do(k, (enum action)(ACT_FLEET + v));
            return;
        }
    }
    notice_put(k->ui, k->now, ROLE_ERROR, "no view is called %.*s",
               SPAN_ARG(span_sub(rest, 0, 100)));
}

static void run_filter(struct press *k, struct span rest)
{
    struct list *l = ui_list(k->ui);
    (void)span_copy(rest, l->filter, sizeof(l->filter));
    (void)span_copy(rest, k->ui->search, sizeof(k->ui->search));
    k->ui->stale_rows = true;
}

static void run_sort(struct press *k, struct span rest)
{
    const struct pane *p = pane_table[ui_pane(k->ui)];
    for (uint32_t i = 0; i < p->sort_count; i++) {
        if (span_is(rest, p->sorts[i])) {
            ui_list(k->ui)->sort = i;
            k->ui->stale_rows = true;
            return;
        }
    }
    notice_put(k->ui, k->now, ROLE_ERROR, "this view has no order called %.*s",
               SPAN_ARG(span_sub(rest, 0, 100)));
}

/* As if the prompt of the action had been opened and the rest typed into it. */
static void run_typed(struct press *k, struct span rest, enum action a)
{
    action_do(k, a);
    if (k->ui->prompt.kind != NULL && k->ui->prompt.kind->typing != TYPE_WORD) {
        line_set(&k->ui->prompt.line, rest);
        k->key = KEY_NAMED(KEYN_ENTER);
        prompt_key(k);
    }
}

static void run_deny(struct press *k, struct span rest)
{
    run_typed(k, rest, ACT_DENY);
}

static void run_message(struct press *k, struct span rest)
{
    run_typed(k, rest, ACT_MESSAGE);
}

static void run_budget(struct press *k, struct span rest)
{
    run_typed(k, rest, ACT_BUDGET);
}

static void run_at(struct press *k, struct span rest)
{
    run_typed(k, rest, ACT_AT);
}

static void run_find(struct press *k, struct span rest)
{
    run_typed(k, rest, ACT_FIND);
}

static void run_jump(struct press *k, struct span rest)
{
    k->key = rest.n == 1 ? (uint32_t)(unsigned char)rest.p[0] : 0;
    action_do(k, ACT_JUMP);
}

/* With an argument these words mean more than the action of the same name. */
static const struct {
    const char *name;
    void (*run)(struct press *k, struct span rest);
} words[] = {
    {"agent",   run_agent  },
    {"select",  run_select },
    {"view",    run_view   },
    {"filter",  run_filter },
    {"sort",    run_sort   },
    {"deny",    run_deny   },
    {"message", run_message},
    {"budget",  run_budget },
    {"at",      run_at     },
    {"find",    run_find   },
    {"jump",    run_jump   },
};

static void run_action(struct press *k, struct span name)
{
    enum action a = action_find(name);
    if (a == ACTION_COUNT) {
        notice_put(k->ui, k->now, ROLE_ERROR, "no command is called %.*s",
                   SPAN_ARG(span_sub(name, 0, 100)));
    } else if (k->ui->approve.open) {
        approve_key(k, a);
    } else if (confirm_is_open(k->ui)) {
        confirm_key(k, a);
    } else if (k->ui->revoke.stage != REVOKE_CLOSED) {
        revoke_key(k, a);
    } else {
        action_do(k, a);
    }
}

void command_run(struct press *k, struct span line)
{
    struct span rest = span_trim(line);
    size_t end = span_find(rest, ' ');
    struct span name = span_sub(rest, 0, end);
    rest = span_trim(span_sub(rest, end, rest.n - end));
    if (name.n == 0) {
        return;
    }
    for (size_t i = 0; rest.n > 0 && i < ARRAY_LEN(words); i++) {
        if (span_is(name, words[i].name)) {
            words[i].run(k, rest);
            return;
        }
    }
    run_action(k, name);
}

/* ---- completion: the nth name that begins with the stem */
struct search {
    struct span stem;
    uint32_t nth;
    struct span found;
};

static bool offer(struct search *s, struct span name)
{
    bool fits = name.n >= s->stem.n && span_eq(span_sub(name, 0, s->stem.n), s->stem);
    if (fits && s->nth-- == 0) {
        s->found = name;
        return true;
    }
    return false;
}

static bool is_action(const char *name)
{
    return action_find(span_str(name)) != ACTION_COUNT;
}

static bool complete_name(struct search *s)
{
    for (unsigned a = 0; a < ACTION_COUNT; a++) {
        if (offer(s, span_str(action_info((enum action)a)->name))) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!is_action(words[i].name) && offer(s, span_str(words[i].name))) {
            return true;
        }
    }
    return false;
}

static bool complete_agent(struct press *k, struct search *s)
{
    uint32_t count = fleet_agent_count(k->f);
    for (uint32_t i = 0; i < count; i++) {
        if (offer(s, agent_name(k->f, fleet_agent_at(k->f, i)->ref))) {
            return true;
        }
    }
    return false;
}

static bool complete_sort(struct press *k, struct search *s)
{
    const struct pane *p = pane_table[ui_pane(k->ui)];
    for (uint32_t i = 0; i < p->sort_count; i++) {
        if (offer(s, span_str(p->sorts[i]))) {
            return true;
        }
    }
    return false;
}

static bool complete_view(struct search *s)
{
    for (unsigned v = 0; v < VIEW_AGENT; v++) {
        if (offer(s, span_str(view_names[v]))) {
            return true;
        }
    }
    return false;
}

static bool complete_argument(struct press *k, struct span name, struct search *s)
{
    if (span_is(name, "agent") || span_is(name, "select")) {
        return complete_agent(k, s);
    }
    if (span_is(name, "view")) {
        return complete_view(s);
    }
    return span_is(name, "sort") && complete_sort(k, s);
}

bool command_complete(struct press *k, struct span stem, uint32_t nth, struct line *out)
{
    size_t end = span_find(stem, ' ');
    struct search s = {.stem = stem, .nth = nth};
    char line[LINE_BYTES * 2];
    if (end == stem.n) {
        if (!complete_name(&s)) {
            return false;
        }
        line_set(out, s.found);
        return true;
    }
    s.stem = span_trim(span_sub(stem, end, stem.n - end));
    if (!complete_argument(k, span_sub(stem, 0, end), &s)) {
        return false;
    }
    size_t n = s.found.n < LINE_BYTES ? s.found.n : LINE_BYTES;
    memcpy(line, stem.p, end);
    line[end] = ' ';
    memcpy(line + end + 1, s.found.p, n);
    line_set(out, (struct span){line, end + 1 + n});
    return true;
}
