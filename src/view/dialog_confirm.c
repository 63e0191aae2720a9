/* "resume? r again": a question that a key typed for something else does not answer. */
#include "ui_priv.h"

void confirm_open(struct press *k, uint32_t agent)
{
    k->ui->confirm = (struct confirm){.agent = agent, .quiet_us = k->now.mono_us};
    k->out->kind = INTENT_FLUSH_KEYS;
}

bool confirm_armed(const struct ui *ui, struct moment now)
{
    return now.mono_us >= ui->confirm.quiet_us + ui->options.arm_low_us;
}

void confirm_key(struct press *k, enum action a)
{
    struct ui *ui = k->ui;
    uint32_t agent = ui->confirm.agent;
    if (a == ACT_BACK) {
        ui->confirm.agent = 0;
    } else if (a == ACT_RESUME && confirm_armed(ui, k->now)) {
        ui->confirm.agent = 0;
        intent_agent(k, VERB_RESUME, agent);
    }
}

void confirm_sync(struct ui *ui, const struct fleet *f, struct moment now)
{
    const char *why = NULL;
    struct target t = {.agent = ui->confirm.agent};
    if (t.agent != 0 && !action_offered(ui, f, ACT_RESUME, t, &why)) {
        ui->confirm.agent = 0;
        notice_put(ui, now, ROLE_HINT, "resume: %s", why);
    }
}
