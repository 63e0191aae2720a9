/* tick.c - one turn of the console, in this order and no other:
 *
 *   1. wait: callbacks append what drivers say to the record and fold it
 *   2. see that the record is committed: one write and one fdatasync for what came within a few
 * milliseconds
 *   3. resize, then keys -> intent -> command: durable, then sent; drawing comes after sending
 *   4. draw when dirty and a frame is due; not in the turn of a command, whose bytes leave in the
 * next wait
 */
#include "console_priv.h"

#include "checkrein/clock.h"

struct moment console_now(void)
{
    return (struct moment){.wall_us = clock_wall_us(), .mono_us = clock_mono_us()};
}

static struct scene scene_of(struct console *c)
{
    struct moment now = console_now();
    if (c->past.open) {
        return past_scene(&c->past, c->canvas.w, fleet_pending_count(c->hub.fleet), now.mono_us);
    }
    return (struct scene){.fleet = c->hub.fleet, .ui = c->ui, .now = now};
}

static int64_t frame_due_ms(struct console *c)
{
    struct scene s = scene_of(c);
    int64_t at = view_next_change_us(&s);
    if (c->dirty) {
        at = c->last_frame_us + c->frame_us;
    }
    if (at == INT64_MAX) {
        return -1;
    }
    int64_t left = at - s.now.mono_us;
    return left <= 0 ? 0 : left / 1000 + 1;
}

static int64_t due_in_ms(struct console *c)
{
    int64_t frame = frame_due_ms(c);
    int64_t past = c->past.open ? past_due_ms(&c->past, clock_mono_us()) : -1;
    return frame < 0 ? past : past < 0 || frame < past ? frame : past;
}

/* ---- intents */

static void carry_out_command(struct console *c, struct command *cmd)
{
    char id[ULID_BYTES];
    struct why why = {0};
    enum status st = hub_send(&c->hub, cmd, id, &why);
    struct moment now = console_now();
    ui_sent(c->ui, span_str(id), now);
    c->sending = true;
    if (st != ST_OK) {
        ui_send_failed(c->ui, span_str(id), why.text, now);
    }
}

/* An order may take several commands: each is one of its own. */
static void carry_out_order(struct console *c, struct intent *in)
{
    while (in->kind == INTENT_COMMAND) {
        carry_out_command(c, &in->command);
        ui_next(c->ui, c->hub.fleet, console_now(), in);
    }
}

static void tell_copied(struct console *c, enum status st)
{
    if (st != ST_OK && st != ST_AGAIN) {
        ui_notice(c->ui, SPAN("not copied: too long, or not on this terminal"), ROLE_ERROR,
                  console_now());
    }
}

/* ---- looking back */

static void look_back(struct console *c, const struct intent *in)
{
    struct why why = {0};
    struct past_view v = {
        .path = c->options->journal_dir, .from_us = clock_wall_us(), .over_live = true};
    char at[64];
    struct ui *ui = NULL;
    const struct ui_options o = {.replay = true};
    enum status st =
        span_copy(in->text, at, sizeof(at)) && v.path
            ? console_ui(c, &o, &ui, &why)
            : why_fail(&why, ST_INVALID, v.path ? "that is no time" : "no record is kept here");
    v.at = at;
    if (st == ST_OK) {
        st = past_open(&c->past, c->hub.loop, ui, &v, &why);
    }
    if (st != ST_OK) {
        ui_notice(c->ui, span_str(why.text), ROLE_ERROR, console_now());
        return;
    }
    ui_resized(ui, c->canvas.w, c->canvas.h, console_now());
}

static void carry_out_replay(struct console *c, const struct intent *in)
{
    if (c->past.open) {
        past_do(&c->past, in, console_now());
    } else {
        look_back(c, in);
    }
}

/* Out of what was looked back at; a replay has nothing behind it. */
static void leave(struct console *c)
{
    c->quit = !c->past.open || !c->past.over_live;
    if (!c->quit) {
        past_close(&c->past);
        ui_reconnected(c->ui, console_now());
    }
}

static void carry_out(struct console *c, struct intent *in)
{
    switch (in->kind) {
    case INTENT_COMMAND:
        carry_out_order(c, in);
        break;
    case INTENT_QUIT:
        leave(c);
        break;
    case INTENT_REPLAY:
        carry_out_replay(c, in);
        break;
    case INTENT_REDRAW:
        term_redraw(c->term);
        break;
    case INTENT_COPY:
        tell_copied(c, term_copy(c->term, in->text));
        break;
    case INTENT_RECONNECT:
        console_reconnect(c);
        break;
    case INTENT_FLUSH_KEYS:
        term_flush_keys(c->term);
        break;
    case INTENT_NONE:
    default:
        break;
    }
}

/* In a line that is typed the first key of the fleet stop goes into the line; the second one right
 * behind it gives the stop all the same, as it does when the line is one of the live screen. */
static bool gives_stop(struct console *c, uint32_t key)
{
    struct intent none = {0};
    uint32_t first = c->stop_key;
    c->stop_key = ui_begins_stop(c->past.ui, key) ? key : 0;
    if (first && key == UI_STOP_SECOND_KEY) {
        ui_key(c->ui, c->hub.fleet, first, c->stop_key_at, &none);
        return ui_stop_has_begun(c->ui, console_now());
    }
    c->stop_key_at = console_now();
    return false;
}

/* The key of the fleet stop is never one of the past: it leads back to what is live, at once. */
static void take_key(struct console *c, uint32_t key)
{
    struct intent in = {0};
    if (c->past.open && c->past.over_live &&
        (ui_key_means(c->past.ui, key, ACT_FLEET_STOP) || gives_stop(c, key))) {
        leave(c);
    }
    if (c->past.open) {
        struct moment now = {c->past.stage.at_us, clock_mono_us()};
        ui_key(c->past.ui, player_fleet(c->past.stage.player), key, now, &in);
    } else {
        ui_key(c->ui, c->hub.fleet, key, console_now(), &in);
    }
    carry_out(c, &in);
}

static void take_keys(struct console *c)
{
    uint32_t key = 0;
    enum status st = ST_AGAIN;
    while (!c->quit && (st = term_key(c->term, &key)) == ST_OK) {
        take_key(c, key);
        c->dirty = true;
    }
    c->keys_ready = false;
    if (st == ST_CLOSED) {
        c->quit = c->lost = true;
    }
}

static void take_resize(struct console *c)
{
    c->resized = false;
    (void)term_resize(c->term);
    int cols = 0;
    int rows = 0;
    term_size(c->term, &cols, &rows);
    canvas_resize(&c->canvas, cols, rows);
    ui_resized(c->ui, cols, rows, console_now());
    if (c->past.open) {
        ui_resized(c->past.ui, cols, rows, console_now());
    }
    c->dirty = true;
}

/* ---- drawing */

/* The first one comes when the fleet is there, or cannot be had, and soon in any case. */
static bool frame_is_due(struct console *c)
{
    struct scene s = scene_of(c);
    if (view_next_change_us(&s) <= s.now.mono_us) {
        c->dirty = true;
    }
    bool due = s.now.mono_us - c->last_frame_us >= c->frame_us;
    return c->dirty && (due || (!c->drawn && hub_all_settled(&c->hub)));
}

static void draw(struct console *c)
{
    struct scene s = scene_of(c);
    ui_set_record_failed(c->ui, c->hub.record_failed);
    ui_sync(s.ui, s.fleet, s.now);
    canvas_clear(&c->canvas);
    view_render(&c->canvas, &s);
    c->dirty = false;
    c->drawn = true;
    c->last_frame_us = s.now.mono_us;
    enum status st = term_paint(c->term, &c->canvas);
    if (st == ST_AGAIN) {
        c->dirty =
            true; /* the terminal takes nothing now: decisions go on, the frame comes later */
        ui_frame_lost(s.ui, s.now);
    } else if (st != ST_OK) {
        c->quit = c->lost = true;
    }
}

enum status tick(struct console *c, struct why *why)
{
    enum status st = loop_turn(c->hub.loop, c->sending ? 0 : due_in_ms(c));
    c->sending = false;
    if (st != ST_OK) {
        return why_fail(why, st, "the loop failed");
    }
    hub_commit(&c->hub);
    if (c->past.open && past_turn(&c->past, clock_mono_us(), why)) {
        c->dirty = true;
    }
    if (c->resized) {
        take_resize(c);
    }
    if (c->keys_ready) {
        take_keys(c);
    }
    if (!c->quit && !c->sending && frame_is_due(c)) {
        draw(c);
    }
    return ST_OK;
}
