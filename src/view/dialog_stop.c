/* Fleet stop: "!" then S, from everywhere; and what is said of it until every agent is accounted
 * for. */
#include "ui_priv.h"

bool stop_chord_open(const struct ui *ui, struct moment now)
{
    return ui->stop.chord && now.mono_us - ui->stop.chord_us <= CHORD_US;
}

static void fire(struct press *k)
{
    struct ui *ui = k->ui;
    approve_close(ui);
    prompt_close(ui);
    confirm_close(ui);
    if (ui->revoke.stage != REVOKE_SENT) { /* what was ordered goes on, and is told */
        revoke_close(ui);
    }
    ui->help.open = false;
    ui->frozen = false;
    ui->stop.by_key = true;
    ui->stop.answered = ui->stop.small = false;
    ui->stop.fired_us = k->now.wall_us;
    intent_everywhere(k, VERB_STOP_ALL);
}

bool ui_stop_has_begun(const struct ui *ui, struct moment now)
{
    return stop_chord_open(ui, now);
}

bool ui_begins_stop(const struct ui *ui, uint32_t key)
{
    return action_of_key(ui, CTX_GLOBAL, key) == ACT_FLEET_STOP;
}

/* A second ! begins anew: whoever presses it twice means it. While a line is typed the ! goes into
 * it too. */
bool stop_key(struct press *k)
{
    struct ui *ui = k->ui;
    bool typing = ui->prompt.kind != NULL || ask_is_typing(ui, k->f);
    bool was_open = stop_chord_open(ui, k->now);
    ui->stop.chord = false;
    if (was_open && k->key == UI_STOP_SECOND_KEY) {
        fire(k);
        return true;
    }
    if (ui_begins_stop(ui, k->key)) {
        const char *why = NULL;
        ui->stop.chord = action_offered(ui, k->f, ACT_FLEET_STOP, (struct target){0, 0}, &why);
        ui->stop.chord_us = k->now.mono_us;
        if (!ui->stop.chord && !typing) {
            notice_put(ui, k->now, ROLE_HINT, "fleet stop: %s", why);
        }
        return !typing;
    }
    if (was_open && !typing) {
        notice_put(ui, k->now, ROLE_HINT, "fleet stop was not given");
        return true;
    }
    return false;
}

static bool is_accounted(const struct fleet_totals *t)
{
    return t->stop_confirmed >= t->stop_requested;
}

enum stop_panel stop_panel(const struct ui *ui, const struct fleet_totals *t)
{
    bool waiting = t->stop_unanswered || (ui->stop.by_key && !ui->stop.answered);
    if (!waiting && !t->stop_latched) {
        return STOP_HIDDEN;
    }
    if (!ui->stop.small) {
        return STOP_PANEL;
    }
    return waiting || !is_accounted(t) ? STOP_LINE : STOP_HIDDEN;
}

/* Esc makes the panel one line while agents are missing, and puts it away when none is. */
bool stop_dismiss(struct ui *ui, const struct fleet *f)
{
    struct fleet_totals t;
    fleet_totals(f, &t);
    if (stop_panel(ui, &t) != STOP_PANEL) {
        return false;
    }
    ui->stop.small = true;
    return true;
}

void stop_sync(struct ui *ui, const struct fleet *f)
{
    struct fleet_totals t;
    fleet_totals(f, &t);
    if (t.stop_latched) {
        ui->stop.answered = true;
    } else if (ui->stop.answered) {
        ui->stop = (struct stop){.chord = ui->stop.chord, .chord_us = ui->stop.chord_us};
    }
}
