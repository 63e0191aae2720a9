/* What lines are typed for. */
#include <string.h>

#include "ui_priv.h"

#define REASON_DEFAULT "denied by the operator"

static struct history *command_history(struct ui *ui)
{
    return &ui->commands;
}

static struct history *filter_history(struct ui *ui)
{
    return &ui->filters;
}

/* ---- filter: the rows follow while it is typed */
static void filter_changed(struct press *k)
{
    struct ui *ui = k->ui;
    struct list *l = ui_list(ui);
    (void)span_copy(line_span(&ui->prompt.line), l->filter, sizeof(l->filter));
    ui->stale_rows = true;
    ui_sync(ui, k->f, k->now);
    if (list_selected(l) == 0 && l->count > 0 && l->chosen_once) {
        list_move_to(l, 0);
    }
}

static void filter_submit(struct press *k)
{
    struct list *l = ui_list(k->ui);
    const char *text = l->filter + (l->filter[0] == '!');
    (void)span_copy(span_str(text), k->ui->search, sizeof(k->ui->search));
}

static void filter_cancel(struct press *k)
{
    ui_list(k->ui)->filter[0] = '\0';
    k->ui->stale_rows = true;
}

/* ---- help search */
static void help_changed(struct press *k)
{
    struct help *h = &k->ui->help;
    (void)span_copy(line_span(&k->ui->prompt.line), h->search, sizeof(h->search));
    h->top = 0;
}

static void help_submit(struct press *k)
{
    (void)k;
}

static void help_cancel(struct press *k)
{
    k->ui->help.search[0] = '\0';
}

/* ---- orders */
static void command_submit(struct press *k)
{
    struct line typed = k->ui->prompt.line; /* what runs may open a prompt of its own */
    command_run(k, line_span(&typed));
}

static void give_reason(struct press *k, struct span reason)
{
    if (k->out->kind == INTENT_COMMAND) {
        k->out->command.reason = intent_keep(k->ui, reason);
    }
}

static void deny_submit(struct press *k)
{
    struct prompt *p = &k->ui->prompt;
    struct span typed = span_trim(line_span(&p->line));
    intent_approval(k, VERB_DENY, p->approval);
    give_reason(k, typed.n > 0 ? typed : SPAN(REASON_DEFAULT));
    /* A refusal holds for whatever the request has become; only an approval is bound to what was
     * seen. */
    k->out->command.digest = SPAN_NONE;
    k->out->command.shown_digest = SPAN_NONE;
}

static void approve_submit(struct press *k)
{
    approve_send(k);
}

static void stop_submit(struct press *k)
{
    intent_agent(k, VERB_STOP, k->ui->prompt.agent);
}

static void kill_submit(struct press *k)
{
    intent_agent(k, VERB_KILL, k->ui->prompt.agent);
}

static void reset_submit(struct press *k)
{
    intent_everywhere(k, VERB_RESET_STOP);
}

static void message_submit(struct press *k)
{
    struct prompt *p = &k->ui->prompt;
    intent_agent(k, VERB_MESSAGE, p->agent);
    give_reason(k, span_trim(line_span(&p->line)));
}

static void ask_replay(struct press *k, enum action a)
{
    k->out->kind = INTENT_REPLAY;
    k->out->action = a;
    k->out->text = intent_keep(k->ui, span_trim(line_span(&k->ui->prompt.line)));
}

static void at_submit(struct press *k)
{
    ask_replay(k, ACT_AT);
}

static void find_submit(struct press *k)
{
    ask_replay(k, ACT_FIND);
}

static const struct prompt_kind kinds[] = {
    [PROMPT_FILTER] = {.verb = "/",
                       .hint = "text; ! in front inverts",
                       .changed = filter_changed,
                       .submit = filter_submit,
                       .cancel = filter_cancel,
                       .history = filter_history},
    [PROMPT_COMMAND] = {.verb = ":",
                       .hint = "Tab completes",
                       .submit = command_submit,
                       .history = command_history,
                       .complete = command_complete},
    [PROMPT_DENY] = {.verb = "deny ",
                       .about = ABOUT_REQUEST,
                       .hint = "Enter = default reason, or type one",
                       .submit = deny_submit                  },
    [PROMPT_DENY_REASON] = {.verb = "deny ",
                       .about = ABOUT_REQUEST,
                       .hint = "the reason",
                       .typing = TYPE_SOMETHING,
                       .submit = deny_submit},
    [PROMPT_APPROVE] = {.verb = "approve once",
                       .typing = TYPE_WORD,
                       .in_dialog = true,
                       .submit = approve_submit                                         },
    [PROMPT_APPROVE_MORE] = {.verb = "approve for more than this once",
                       .typing = TYPE_WORD,
                       .in_dialog = true,
                       .submit = approve_submit},
    [PROMPT_APPROVE_LASTING] = {.verb = "approve FOR GOOD",
                       .typing = TYPE_WORD,
                       .in_dialog = true,
                       .submit = approve_submit                                         },
    [PROMPT_SEND] = {.verb = "send these answers",
                       .typing = TYPE_WORD,
                       .in_dialog = true,
                       .submit = approve_submit},
    [PROMPT_STOP] = {.verb = "end ",
                       .about = ABOUT_AGENT,
                       .typing = TYPE_WORD,
                       .submit = stop_submit                                         },
    [PROMPT_KILL] = {.verb = "kill ",
                       .about = ABOUT_AGENT,
                       .typing = TYPE_WORD,
                       .submit = kill_submit},
    [PROMPT_RESET] = {.verb = "take the fleet stop back",
                       .typing = TYPE_WORD,
                       .submit = reset_submit                  },
    [PROMPT_MESSAGE] = {.verb = "message to ",
                       .about = ABOUT_AGENT,
                       .typing = TYPE_SOMETHING,
                       .submit = message_submit                                         },
    [PROMPT_BUDGET] = {.verb = "limit in USD for ",
                       .about = ABOUT_AGENT,
                       .hint =
                           "such as 2.50, or 400000 tokens; @task 1; of all: @day 50, @fleet 500",              .typing = TYPE_SOMETHING,
                       .submit = budget_ask},
    [PROMPT_AT] = {.verb = "at ",
                       .hint = "14:03:20, 2026-11-17 14:03, -5m (UTC)",
                       .typing = TYPE_SOMETHING,
                       .submit = at_submit},
    [PROMPT_FIND] = {.verb = "find ",
                       .hint = "text of a record, as it stands there",
                       .typing = TYPE_SOMETHING,
                       .submit = find_submit,
                       .history = filter_history},
    [PROMPT_HELP] = {.verb = "search keys: ",
                       .changed = help_changed,
                       .submit = help_submit,
                       .cancel = help_cancel                                                                          },
};

const struct prompt_kind *prompt_kind(enum prompt_name name)
{
    return &kinds[name];
}
