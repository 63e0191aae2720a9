/* "resume? r again": a question that a key typed for something else does not answer. */
#include "ui_priv.h"

static void open_for(struct press *k, struct confirm what)
{
    k->ui->confirm = what;
    k->ui->confirm.quiet_us = k->now.mono_us;
    k->out->kind = INTENT_FLUSH_KEYS;
}

void confirm_open(struct press *k, uint32_t agent)
{
    open_for(k, (struct confirm){.agent = agent});
}

void confirm_release(struct press *k, uint32_t credential)
{
    open_for(k, (struct confirm){.credential = credential});
}

void confirm_budget(struct press *k, const struct budget *b)
{
    open_for(k, (struct confirm){.budget = *b});
}

bool confirm_is_open(const struct ui *ui)
{
    return ui->confirm.agent != 0 || ui->confirm.credential != 0 ||
           ui->confirm.budget.of != BUDGET_NONE;
}

void confirm_close(struct ui *ui)
{
    ui->confirm = (struct confirm){.quiet_us = ui->confirm.quiet_us};
}

bool confirm_armed(const struct ui *ui, struct moment now)
{
    return now.mono_us >= ui->confirm.quiet_us + ui->options.arm_low_us;
}

void confirm_key(struct press *k, enum action a)
{
    struct confirm what = k->ui->confirm;
    bool armed = confirm_armed(k->ui, k->now);
    if (a == ACT_BACK) {
        confirm_close(k->ui);
    } else if (a == ACT_RESUME && armed && what.agent != 0) {
        confirm_close(k->ui);
        intent_agent(k, VERB_RESUME, what.agent);
    } else if (a == ACT_RELEASE && armed && what.credential != 0) {
        confirm_close(k->ui);
        intent_credential(k, VERB_RESUME, fleet_credential(k->f, what.credential));
        k->ui->sent_word = action_info(a)->name;
    } else if (a == ACT_BUDGET && armed && what.budget.of != BUDGET_NONE) {
        confirm_close(k->ui);
        budget_order(k, &what.budget);
    }
}

static void sync_release(struct ui *ui, const struct fleet *f, struct moment now)
{
    const struct credential *c = fleet_credential(f, ui->confirm.credential);
    const char *why = "it is not known any more";
    if (c == NULL || !fleet_credential_offered(f, c, CREDENTIAL_ACTIVE, &why)) {
        confirm_close(ui);
        notice_put(ui, now, ROLE_HINT, "release: %s", why);
    }
}

/* What is instead of another limit than was shown is asked anew. */
static void sync_budget(struct ui *ui, const struct fleet *f, struct moment now)
{
    const struct budget *b = &ui->confirm.budget;
    struct limits is;
    bool there = budget_limits_now(f, b, &is);
    if (!there || is.microusd != b->shown.microusd || is.tokens != b->shown.tokens) {
        confirm_close(ui);
        notice_put(ui, now, ROLE_GONE, "nothing was sent: %s",
                   there ? "its limit is another one now" : "what it was for is over");
    }
}

void confirm_sync(struct ui *ui, const struct fleet *f, struct moment now)
{
    const char *why = NULL;
    struct target t = {.agent = ui->confirm.agent};
    if (ui->confirm.credential != 0) {
        sync_release(ui, f, now);
    } else if (ui->confirm.budget.of != BUDGET_NONE) {
        sync_budget(ui, f, now);
    } else if (t.agent != 0 && !action_offered(ui, f, ACT_RESUME, t, &why)) {
        confirm_close(ui);
        notice_put(ui, now, ROLE_HINT, "resume: %s", why);
    }
}
