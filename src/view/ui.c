#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "frame_priv.h"

struct ui *ui_new(const struct ui_options *o)
{
    struct ui *ui = xcalloc(1, sizeof(*ui));
    ui->options = *o;
    (void)span_copy(span_str(o->operator_label), ui->label, sizeof(ui->label));
    (void)span_copy(span_str(o->version), ui->version, sizeof(ui->version));
    ui->options.operator_label = ui->label;
    ui->options.version = ui->version;
    ui->frame = xmalloc(FRAME_BYTES);
    ui->store = xmalloc(STORE_BYTES);
    text_arena_init(&ui->arena, ui->frame, FRAME_BYTES);
    ui->arena.ascii = o->ascii;
    action_bind_defaults(&ui->keymap);
    canvas_init(&ui->picture);
    ui->change_us = INT64_MAX;
    ui->rebuild_us = INT64_MAX;
    return ui;
}

void ui_free(struct ui *ui)
{
    if (ui == NULL) {
        return;
    }
    for (int i = 0; i < PANE_COUNT; i++) {
        list_release(&ui->list[i]);
    }
    ask_close(ui);
    payload_release(&ui->approve.payload);
    payload_release(&ui->preview);
    canvas_release(&ui->picture);
    free(ui->frame);
    free(ui->store);
    free(ui);
}

enum status ui_bind(struct ui *ui, struct span action, struct span keys, struct why *why)
{
    enum action a = action_find(action);
    if (a == ACTION_COUNT || span_is(action, "q")) {
        return why_fail(why, ST_NOTFOUND, "there is no action \"%.*s\"",
                        SPAN_ARG(span_sub(action, 0, 60)));
    }
    struct keymap changed = ui->keymap;
    uint16_t context = (uint16_t)action_info(a)->context;
    keymap_unbind(&changed, context, (uint16_t)a);
    enum status st = keymap_bind(&changed, context, keys, (uint16_t)a, why);
    if (st == ST_OK) {
        ui->keymap = changed;
    }
    return st;
}

/* ---- where we are */
enum pane_id ui_pane(const struct ui *ui)
{
    if (ui->view == VIEW_AGENT) {
        return (enum pane_id)(PANE_TAB_FIRST + ui->tab);
    }
    return (enum pane_id)ui->view; /* panes begin in the order of the views */
}

struct list *ui_list(struct ui *ui)
{
    return &ui->list[ui_pane(ui)];
}

void ui_show(struct press *k, enum view v)
{
    struct ui *ui = k->ui;
    ui->view = v;
    ui->stale_rows = true;
    ui_sync(ui, k->f, k->now);
}

void ui_open_agent(struct press *k, uint32_t agent)
{
    struct ui *ui = k->ui;
    if (ui->view != VIEW_AGENT) {
        ui->back_view = ui->view;
    }
    if (ui->subject != agent || ui->view != VIEW_AGENT) {
        ui->tab = 0;
        for (int i = PANE_TAB_FIRST; i < PANE_COUNT; i++) {
            struct list *l = &ui->list[i];
            l->top = 0;
            l->selected = 0;
            l->at = 0;
            l->chosen_once = false;
            l->filter[0] = '\0';
        }
    }
    ui->subject = agent;
    ui_show(k, VIEW_AGENT);
}

/* ---- what is said to the operator */
static void set_notice(struct ui *ui, struct span text, enum role role, struct moment now)
{
    struct notice *n = &ui->notice;
    *n = (struct notice){.role = role, .since_us = now.mono_us, .set = true};
    n->n = (uint32_t)(text.n < sizeof(n->text) ? text.n : sizeof(n->text));
    if (n->n > 0) {
        memcpy(n->text, text.p, n->n);
    }
}

void ui_notice(struct ui *ui, struct span hostile, enum role role, struct moment now)
{
    set_notice(ui, hostile, role, now);
}

void notice_put(struct ui *ui, struct moment now, enum role role, const char *fmt, ...)
{
    char text[NOTICE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    set_notice(ui, span_str(text), role, now);
}

void notice_drop(struct ui *ui)
{
    ui->notice = (struct notice){0};
}

bool notice_visible(const struct ui *ui, struct moment now)
{
    const struct notice *n = &ui->notice;
    return n->set && (!n->key_since || now.mono_us - n->since_us < NOTICE_US);
}

void ui_set_record_failed(struct ui *ui, bool failed)
{
    ui->record_failed = failed;
}

void ui_set_operator(struct ui *ui, struct span operator_id)
{
    (void)span_copy(operator_id, ui->operator_id, sizeof(ui->operator_id));
}

/* ---- what becomes of a command */
void ui_sent(struct ui *ui, struct span command_id, struct moment now)
{
    ui->track = (struct track){.word = ui->sent_word,
                               .agent = ui->sent_agent,
                               .credential = ui->sent_credential,
                               .set = true,
                               .since_us = now.mono_us};
    (void)span_copy(command_id, ui->track.id, sizeof(ui->track.id));
    notice_drop(ui); /* what becomes of the command stands in its place */
    if (ui->sent_by_dialog && ui->approve.open && ui->approve.approval == ui->sent_approval) {
        (void)span_copy(command_id, ui->approve.command, sizeof(ui->approve.command));
    }
    revoke_sent(ui, command_id);
}

void ui_send_failed(struct ui *ui, struct span command_id, const char *why_text, struct moment now)
{
    struct approve *d = &ui->approve;
    if (d->open && span_is(command_id, d->command)) {
        (void)span_copy(span_str(why_text), d->failed, sizeof(d->failed));
    }
    if (span_is(command_id, ui->track.id)) {
        (void)span_copy(span_str(why_text), ui->track.failed, sizeof(ui->track.failed));
    }
    revoke_send_failed(ui, command_id, why_text);
    notice_put(ui, now, ROLE_ERROR, "not sent: %s", why_text);
}

/* ---- the world moves on */
static void refresh_attention(struct ui *ui, const struct fleet *f)
{
    struct attention *n = &ui->attention;
    uint32_t count = fleet_agent_count(f);
    n->failed_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct agent *a = fleet_agent_at(f, i);
        if (agent_in_trouble(a) && n->failed_count++ < ATTENTION_ROWS) {
            n->failed[n->failed_count - 1] = a->ref;
        }
    }
}

static void refresh_rebuild_time(struct ui *ui, const struct fleet *f, struct moment now)
{
    ui->rebuild_us = INT64_MAX;
    uint32_t count = ui->view == VIEW_QUEUE ? fleet_resolved_count(f) : 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t gone = fleet_resolved_at(f, i)->resolved_us + RESOLVED_SHOWN_US;
        if (gone > now.wall_us && gone < ui->rebuild_us) {
            ui->rebuild_us = gone;
        }
    }
}

/* The request beside the queue. */
static void preview_sync(struct ui *ui, const struct fleet *f)
{
    uint32_t ref = ui->view == VIEW_QUEUE ? list_selected(&ui->list[PANE_QUEUE]) : 0;
    const struct approval *a = fleet_approval(f, ref);
    uint32_t revision = a == NULL ? 0 : a->revision;
    if (ref == ui->preview_of && revision == ui->preview_revision) {
        return;
    }
    ui->preview_of = ref;
    ui->preview_revision = revision;
    if (a == NULL) {
        payload_release(&ui->preview);
    } else {
        payload_load(&ui->preview, a->action, ui->options.ascii);
    }
}

void ui_sync(struct ui *ui, const struct fleet *f, struct moment now)
{
    uint64_t generation = fleet_generation(f);
    bool news = !ui->synced || generation != ui->generation;
    if (news || ui->stale_rows || now.wall_us >= ui->rebuild_us) {
        ui->wall_us = now.wall_us;
        list_rebuild(ui, f, ui_pane(ui), now);
        refresh_rebuild_time(ui, f, now);
    }
    if (news) {
        refresh_attention(ui, f);
        stop_sync(ui, f);
        approve_sync(ui, f, now);
        prompt_sync(ui, f, now);
        confirm_sync(ui, f, now);
        revoke_sync(ui, f, now);
    }
    ui->generation = generation;
    ui->synced = true;
    ui->stale_rows = false;
    preview_sync(ui, f);
}

void ui_disarm(struct ui *ui, struct moment now, const char *why)
{
    bool armed = ui->approve.open && ui->approve.answer == VERB_UNKNOWN;
    if (ui->prompt.kind != NULL && ui->prompt.kind->typing == TYPE_WORD) {
        prompt_close(ui);
        armed = true;
    }
    ui->approve.quiet_us = ui->confirm.quiet_us = now.mono_us;
    revoke_disarm(ui, now);
    if (armed || confirm_is_open(ui) || ui->revoke.stage == REVOKE_ASK) {
        notice_put(ui, now, ROLE_HINT, "%s: disarmed, look again", why);
    }
}

void ui_resized(struct ui *ui, int cols, int rows, struct moment now)
{
    (void)cols;
    (void)rows;
    ui_disarm(ui, now, "the screen has another size");
}

void ui_reconnected(struct ui *ui, struct moment now)
{
    ui_disarm(ui, now, "a back-end is connected again");
}

void ui_frame_lost(struct ui *ui, struct moment now)
{
    approve_hidden(ui);
    ui_disarm(ui, now, "the terminal did not take a frame");
}
