/* Where a key goes: fleet stop first, then what is frozen, typed, asked, and last the view. */
#include "ui_priv.h"

static bool is_report(uint32_t key)
{
    return key == KEY_NAMED(KEYN_FOCUS_IN) || key == KEY_NAMED(KEYN_FOCUS_OUT) ||
           key == KEY_NAMED(KEYN_RESIZE);
}

static void take_report(struct press *k)
{
    if (k->key == KEY_NAMED(KEYN_FOCUS_IN)) {
        ui_disarm(k->ui, k->now, "the terminal has the focus again");
    } else if (k->key == KEY_NAMED(KEYN_RESIZE)) {
        ui_disarm(k->ui, k->now, "the screen has another size");
    }
}

/* While frozen nothing acts: who looks at an old picture would hit something else. */
static void frozen_key(struct press *k)
{
    int a = action_of_key(k->ui, CTX_GLOBAL, k->key);
    if (a == ACT_QUIT) {
        action_do(k, ACT_QUIT);
        return;
    }
    k->ui->frozen = false;
    if (a != ACT_FREEZE) {
        notice_put(k->ui, k->now, ROLE_HINT, "unfrozen: that key did nothing else");
    }
}

static void modal_key(struct press *k, enum context context,
                      void (*take)(struct press *, enum action))
{
    int a = action_of_key(k->ui, context, k->key);
    if (a >= 0) {
        take(k, (enum action)a);
    }
}

static enum context view_context(const struct ui *ui)
{
    if (ui->options.replay) {
        return CTX_REPLAY;
    }
    return ui->view == VIEW_AGENT ? CTX_AGENT : CTX_LIST;
}

bool ui_key_means(const struct ui *ui, uint32_t key, enum action a)
{
    return ui->prompt.kind == NULL && action_of_key(ui, view_context(ui), key) == (int)a;
}

static void route(struct press *k)
{
    struct ui *ui = k->ui;
    if (stop_key(k)) {
        return;
    }
    if (ui->frozen) {
        frozen_key(k);
    } else if (ui->prompt.kind != NULL) {
        prompt_key(k);
    } else if (ui->help.open) {
        modal_key(k, CTX_HELP, help_key);
    } else if (ui->why.open && !ui->approve.open && !confirm_is_open(ui)) {
        modal_key(k, view_context(ui), why_key);
    } else if (confirm_is_open(ui)) {
        modal_key(k, CTX_LIST, confirm_key);
    } else if (ui->revoke.stage != REVOKE_CLOSED) {
        if (!revoke_pick_key(k)) {
            modal_key(k, CTX_LIST, revoke_key);
        }
    } else if (ui->approve.open) {
        if (!ask_key(k)) {
            modal_key(k, CTX_DIALOG, approve_key);
        }
    } else {
        modal_key(k, view_context(ui), action_do);
    }
}

static void note_key(struct ui *ui)
{
    ui->notice.key_since = true;
    ui->track.key_since = true;
}

static void finish(struct press *k)
{
    struct ui *ui = k->ui;
    ui->approve.quiet_us = ui->confirm.quiet_us = ui->revoke.quiet_us = k->now.mono_us;
    if (ui->stale_rows) {
        ui_sync(ui, k->f, k->now);
    }
}

void ui_key(struct ui *ui, const struct fleet *f, uint32_t key, struct moment now,
            struct intent *out)
{
    struct press k = {.ui = ui, .f = f, .key = key, .now = now, .out = out};
    intent_begin(ui, out);
    ui_sync(ui, f, now);
    if (is_report(key)) {
        take_report(&k);
        return;
    }
    note_key(ui);
    route(&k);
    finish(&k);
}

void ui_command_line(struct ui *ui, const struct fleet *f, struct span line, struct moment now,
                     struct intent *out)
{
    struct press k = {.ui = ui, .f = f, .now = now, .out = out};
    intent_begin(ui, out);
    ui_sync(ui, f, now);
    note_key(ui);
    command_run(&k, line);
    finish(&k);
}
