/* A limit that is typed: whose, instead of which one, and what is sent once it was confirmed. A
 * raised limit lets calls go, so it is asked once more, armed, with the limit that it replaces.
 */
#include <stdio.h>

#include "ui_priv.h"

static const struct task *open_task(const struct fleet *f, uint32_t ref)
{
    const struct task *t = fleet_task(f, ref);
    return t != NULL && t->open ? t : NULL;
}

bool budget_limits_now(const struct fleet *f, const struct budget *b, struct limits *now)
{
    const struct agent *a = fleet_agent(f, b->agent);
    const struct backend *of = a == NULL ? NULL : fleet_backend(f, a->backend);
    const struct task *t = open_task(f, b->task);
    *now = (struct limits){0};
    if (of == NULL || (b->of == BUDGET_TASK && t == NULL)) {
        return false;
    }
    if (b->of == BUDGET_DAY) {
        now->microusd = of->day_limit_microusd;
    } else if (b->of == BUDGET_FLEET) {
        now->microusd = of->total_limit_microusd;
    } else if (b->of == BUDGET_TASK) {
        *now = (struct limits){t->limit_microusd, t->limit_tokens};
    } else {
        *now = (struct limits){a->traits->budget_limit, a->traits->budget_tokens};
    }
    return true;
}

static enum budget_of read_whose(struct span word)
{
    struct command all = {0};
    struct span before;
    if (command_for_all(word, &all)) {
        return span_is(all.scope, "day") ? BUDGET_DAY : BUDGET_FLEET;
    }
    return command_for_task(word, &before) && before.n == 0 ? BUDGET_TASK : BUDGET_AGENT;
}

void budget_ask(struct press *k)
{
    const struct prompt *p = &k->ui->prompt;
    struct span typed = span_trim(line_span(&p->line));
    size_t first = span_find(typed, ' ');
    struct budget b = {
        .of = read_whose(span_sub(typed, 0, first)), .agent = p->agent, .task = p->task};
    struct command said = {0};
    if (command_limit(b.of == BUDGET_AGENT ? typed : span_sub(typed, first, typed.n), &said) !=
        ST_OK) {
        notice_put(k->ui, k->now, ROLE_ERROR,
                   "budget: an amount in USD above zero, such as 5 or 2.50, or 400000 tokens");
    } else if (!budget_limits_now(k->f, &b, &b.shown)) {
        notice_put(k->ui, k->now, ROLE_ERROR, "budget: it works on no task, or on another one now");
    } else {
        b.typed = (struct limits){said.limit_microusd, said.limit_tokens};
        confirm_budget(k, &b);
    }
}

static void send_for_task(struct press *k, const struct budget *b)
{
    char scope[sizeof(TASK_SCOPE) + FLEET_ID_BYTES + 1];
    const struct task *t = open_task(k->f, b->task);
    struct span id = t == NULL ? SPAN_NONE : fleet_span(k->f, t->id);
    (void)snprintf(scope, sizeof(scope), TASK_SCOPE "%s%.*s", id.n > 0 ? ":" : "", SPAN_ARG(id));
    k->out->command.scope = intent_keep(k->ui, span_str(scope));
}

static void send_for_all(struct press *k, const char *scope)
{
    k->ui->sent_agent = 0;
    k->ui->sent_word = "budget of all agents";
    k->out->command.agent = intent_keep(k->ui, SPAN("*"));
    k->out->command.scope = intent_keep(k->ui, span_str(scope));
}

void budget_order(struct press *k, const struct budget *b)
{
    intent_agent(k, VERB_BUDGET, b->agent);
    k->out->command.limit_microusd = b->typed.microusd;
    k->out->command.limit_tokens = b->typed.tokens;
    if (b->of == BUDGET_TASK) {
        send_for_task(k, b);
    } else if (b->of != BUDGET_AGENT) {
        send_for_all(k, b->of == BUDGET_DAY ? "day" : "fleet");
    }
}
