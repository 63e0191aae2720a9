/* What the application is asked to do. The spans of an intent live in the ui's store until its next
 * call. */
#include <string.h>

#include "frame_priv.h"

void intent_begin(struct ui *ui, struct intent *out)
{
    *out = (struct intent){.kind = INTENT_NONE};
    memset(ui->store, 0, ui->stored); /* an answer may have been secret */
    ui->stored = 0;
}

struct span intent_keep(struct ui *ui, struct span s)
{
    size_t room = STORE_BYTES - ui->stored;
    struct span kept = {ui->store + ui->stored, s.n < room ? s.n : room};
    if (kept.n > 0) {
        memcpy(ui->store + ui->stored, s.p, kept.n);
    }
    ui->stored += kept.n;
    return kept;
}

static struct command *begin_command(struct press *k, enum verb v)
{
    struct ui *ui = k->ui;
    k->out->kind = INTENT_COMMAND;
    k->out->command =
        (struct command){.verb = v, .operator_label = intent_keep(ui, span_str(ui->label))};
    ui->sent = (struct command){.verb = v};
    ui->sent_agent = ui->sent_approval = ui->sent_credential = 0;
    ui->sent_word = verb_words(v);
    ui->sent_by_dialog = false;
    return &k->out->command;
}

static struct span backend_name(const struct fleet *f, const struct agent *a)
{
    const struct backend *b = fleet_backend(f, a->backend);
    return b == NULL ? SPAN_NONE : fleet_span(f, b->name);
}

void intent_agent(struct press *k, enum verb v, uint32_t agent)
{
    const struct agent *a = fleet_agent(k->f, agent);
    if (a == NULL) {
        return;
    }
    struct command *c = begin_command(k, v);
    c->agent = intent_keep(k->ui, fleet_span(k->f, a->id));
    c->backend = intent_keep(k->ui, backend_name(k->f, a));
    k->ui->sent_agent = agent;
}

/* With the digest and the policy of what is known now; approve_send() has made sure that this is
 * what was displayed. */
void intent_approval(struct press *k, enum verb v, uint32_t approval)
{
    const struct approval *request = fleet_approval(k->f, approval);
    const struct agent *a = request == NULL ? NULL : fleet_agent(k->f, request->agent);
    if (a == NULL) {
        return;
    }
    intent_agent(k, v, a->ref);
    struct command *c = &k->out->command;
    c->approval = intent_keep(k->ui, fleet_span(k->f, request->id));
    c->digest = intent_keep(k->ui, fleet_span(k->f, request->digest));
    c->shown_digest = intent_keep(k->ui, fleet_span(k->f, request->shown_digest));
    c->policy_version = intent_keep(k->ui, fleet_span(k->f, request->policy_version));
    k->ui->sent_approval = approval;
    k->ui->sent_by_dialog = k->ui->approve.open && k->ui->approve.approval == approval;
    c->scope = v == VERB_APPROVE && k->ui->sent_by_dialog
                   ? intent_keep(k->ui, approve_scope(k->ui, k->f).cell[0])
                   : SPAN("once");
    c->display = approve_display(k->ui, k->f, approval, k->now);
    if (k->ui->sent_by_dialog) {
        k->ui->approve.answer = v;
    }
}

void intent_everywhere(struct press *k, enum verb v)
{
    (void)begin_command(k, v);
}

/* To its holder's name, when it is known: so that it is told as one of that agent's. */
void intent_credential(struct press *k, enum verb v, const struct credential *c)
{
    const struct backend *b = fleet_backend(k->f, c->backend);
    if (fleet_agent(k->f, c->agent) != NULL) {
        intent_agent(k, v, c->agent);
    } else {
        (void)begin_command(k, v);
        k->out->command.backend =
            intent_keep(k->ui, b == NULL ? SPAN_NONE : fleet_span(k->f, b->name));
    }
    k->ui->sent_credential = c->ref;
    k->out->command.credential = intent_keep(k->ui, fleet_span(k->f, c->id));
}
