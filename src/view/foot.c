/* The last lines: back-ends or what was just said, and the keys that mean something here. */
#include <stdio.h>
#include <string.h>

#include "agent_columns_priv.h"

#define GAP_COLS 3
#define TRACK_US                                                                                   \
    (10 * SECOND_US) /* a command that came to its end is told so long, and until a key */
#define NAME_COLS   24
#define WHAT_COLS   16
#define REASON_COLS 80

/* ---- back-ends */
static struct safe backend_words(struct frame *fr, const struct backend *b)
{
    struct symbol s = symbol_of_link(b->link);
    struct words w = words_of(fr);
    words_own(&w, s.mark);
    words_own(&w, " ");
    words_sid(&w, b->name, NAME_COLS);
    if (b->link != LINK_LIVE) {
        words_own(&w, " ");
        words_own(&w, s.word);
        words_own(&w, " ");
        words_safe(&w, frame_age_short(fr, b->link_since_us));
        if (b->retry_at_us > 0) {
            words_own(&w, ", again in ");
            words_safe(&w, frame_left_short(fr, b->retry_at_us));
        }
    }
    if (b->why != 0) {
        words_own(&w, " (");
        words_sid(&w, b->why, REASON_COLS);
        words_own(&w, ")");
    }
    return words_end(&w);
}

/* Those that are in trouble first: they must not be what does not fit. */
static int backends_where(struct frame *fr, struct rect r, int x, bool live)
{
    for (uint32_t i = 0; i < fleet_backend_count(fr->f) && x < r.x + r.w; i++) {
        const struct backend *b = fleet_backend_at(fr->f, i);
        if ((b->link == LINK_LIVE) == live) {
            struct safe words = backend_words(fr, b);
            int room = r.x + r.w - 1 - x;
            if (room > 0 && words.cols > (uint32_t)room) {
                words = text_ellipsis(fr->arena, words, (uint32_t)room, "…");
            }
            x = canvas_put(fr->c, x, r.y, symbol_of_link(b->link).role, words) + GAP_COLS;
        }
    }
    return x;
}

void backends_draw(struct frame *fr, struct rect r)
{
    struct rect saved = canvas_clip(fr->c, r);
    int x = canvas_put(fr->c, r.x + 1, r.y, ROLE_LABEL, text_own("back-ends ")) + 1;
    if (fleet_backend_count(fr->f) == 0) {
        canvas_put(fr->c, x, r.y, ROLE_LINK_DOWN, text_own("none is configured"));
    }
    x = backends_where(fr, r, x, false);
    backends_where(fr, r, x, true);
    canvas_unclip(fr->c, saved);
}

/* ---- what became of the last command */
static bool is_over(enum command_state s)
{
    return s != COMMAND_UNKNOWN && s != COMMAND_SENT && s != COMMAND_ACCEPTED;
}

static bool is_answered(enum command_state s)
{
    return is_over(s) || s == COMMAND_ACCEPTED;
}

static bool track_visible(struct frame *fr, const struct command_track *t)
{
    const struct track *track = &fr->ui->track;
    if (!track->set || fr->ui->approve.open || fr->ui->revoke.stage != REVOKE_CLOSED) {
        return false;
    }
    if (t != NULL && !is_over(t->state) && track->failed[0] == '\0') {
        return true;
    }
    frame_change_mono(fr, track->since_us + TRACK_US);
    return !track->key_since || fr->now.mono_us - track->since_us < TRACK_US;
}

/* Of a credential and of a budget it is told what came of it: how many wait, how many went on. */
static struct span answer_of(const struct fleet *f, const struct command_track *t)
{
    if (t == NULL || !is_answered(t->state)) {
        return SPAN_NONE;
    }
    bool says_more = t->credential != 0 || t->verb == VERB_BUDGET;
    return fleet_span(f,
                      t->state == COMMAND_CONFIRMED && says_more && t->by != 0 ? t->by : t->reason);
}

static bool track_draw(struct frame *fr, struct rect r)
{
    const struct track *track = &fr->ui->track;
    const struct command_track *t = fleet_command_by_id(fr->f, span_str(track->id));
    struct symbol s = symbol_of_command(t == NULL ? COMMAND_SENT : t->state);
    struct words w = words_of(fr);
    if (!track_visible(fr, t)) {
        return false;
    }
    words_own(&w, track->word);
    if (track->credential != 0) {
        words_own(&w, " ");
        words_safe(&w, credential_title(fr, track->credential));
    } else if (track->agent != 0) {
        words_own(&w, " ");
        words_foreign(&w, agent_name(fr->f, track->agent), NAME_COLS);
    }
    words_own(&w, ": ");
    words_own(&w, track->failed[0] != '\0' ? "not sent" : s.word);
    struct span why = track->failed[0] != '\0' ? span_str(track->failed) : answer_of(fr->f, t);
    if (why.n > 0) {
        words_own(&w, ": ");
        words_foreign(&w, why, REASON_COLS);
    }
    canvas_field(fr->c, r.x + 1, r.y, r.w - 2, track->failed[0] != '\0' ? ROLE_ERROR : s.role,
                 words_end(&w));
    return true;
}

bool notice_draw(struct frame *fr, struct rect r)
{
    const struct ui *ui = fr->ui;
    if (stop_chord_open(ui, fr->now)) {
        canvas_field(
            fr->c, r.x + 1, r.y, r.w - 2, ROLE_EMERGENCY,
            text_own("fleet stop: S stops every agent on every back-end; any other key does not"));
        frame_change_mono(fr, ui->stop.chord_us + CHORD_US + 1);
        return true;
    }
    if (!notice_visible(ui, fr->now)) {
        return track_draw(fr, r);
    }
    if (ui->notice.key_since) {
        frame_change_mono(fr, ui->notice.since_us + NOTICE_US);
    }
    struct span text = {ui->notice.text, ui->notice.n};
    canvas_field(fr->c, r.x + 1, r.y, r.w - 2, ui->notice.role, frame_say(fr, text, r.w));
    return true;
}

/* ---- keys */
struct key_line {
    struct frame *fr;
    int x, y, end;
};

/* What comes after one that had no room has none either: the order says what matters. */
static void put_key(struct key_line *k, const char *key, const char *word)
{
    struct safe key_text = frame_say(k->fr, span_str(key), KEY_NAME_BYTES);
    struct safe word_text = text_own(word);
    if (key[0] == '\0') {
        return;
    }
    if (k->x + (int)key_text.cols + 1 + (int)word_text.cols > k->end) {
        k->end = k->x;
        return;
    }
    k->x = canvas_put(k->fr->c, k->x, k->y, ROLE_KEY, key_text) + 1;
    k->x = canvas_put(k->fr->c, k->x, k->y, ROLE_HINT, word_text) + 2;
}

static const char *short_word(enum action a)
{
    switch ((int)a) {
    case ACT_FLEET_STOP:
        return "fleet stop";
    case ACT_NEXT_PANE:
        return "next tab";
    case ACT_ATTENTION:
        return "next waiting";
    case ACT_HELP:
        return "keys";
    default:
        return action_info(a)->name;
    }
}

/* In the view of agents and on an agent's page a budget is of use to one that has reached its own;
 * and resuming is rarely what helps one that waits for one. */
static bool is_worth(const struct frame *fr, enum action a, struct target t)
{
    const struct agent *agent = fleet_agent(fr->f, t.agent);
    bool waits = agent != NULL && agent_waits_for_budget(fr->f, agent);
    if (a == ACT_RESUME) {
        return !waits;
    }
    bool over = waits || (agent != NULL && agent_over_budget(agent));
    bool of_money = ui_pane(fr->ui) != PANE_FLEET && ui_pane(fr->ui) != PANE_NOW;
    return a != ACT_BUDGET || of_money || over;
}

static void put_action(struct key_line *k, enum action a)
{
    char key[KEY_NAME_BYTES];
    char shown[KEY_NAME_BYTES + 4];
    const char *why = NULL;
    struct frame *fr = k->fr;
    struct target t = ui_target(fr->ui, fr->f);
    if (!action_offered(fr->ui, fr->f, a, t, &why) || !is_worth(fr, a, t)) {
        return;
    }
    action_key(fr->ui, a, key);
    (void)snprintf(shown, sizeof(shown), a == ACT_FLEET_STOP ? "%s S" : "%s", key);
    put_key(k, key[0] == '\0' ? "" : shown, short_word(a));
}

static void replay_keys(struct key_line *k)
{
    const struct playback *p = &k->fr->ui->playback;
    put_key(k, "space", p->playing ? "still" : "play");
    put_key(k, ", .", "step");
    put_key(k, "[ ]", "decision");
    put_key(k, "{ }", "failure");
    put_key(k, "0-9", "tenths");
    put_key(k, "Q", p->over_live ? "live" : "leave");
    put_action(k, ACT_HELP);
    put_key(k, "/", "find");
    put_key(k, "+ -", "speed");
    put_key(k, "tab", "next view");
}

static void view_keys(struct key_line *k)
{
    const struct pane *p = pane_table[ui_pane(k->fr->ui)];
    struct key_line last = *k;
    k->end -= (int)strlen("! S fleet stop  : command  ? keys    ");
    for (const enum action *a = p->keys; a != NULL && *a != ACTION_COUNT; a++) {
        put_action(k, *a);
    }
    last.x = k->x;
    put_action(&last, ACT_FLEET_STOP);
    put_action(&last, ACT_COMMAND);
    put_action(&last, ACT_HELP);
}

static void revoke_keys(struct key_line *k)
{
    if (k->fr->ui->revoke.stage == REVOKE_PICK) {
        put_key(k, "space", "pick");
        put_key(k, "a", "all");
        put_key(k, "Enter", "what goes with it");
    } else {
        put_key(k, "j k g G", "read");
    }
    put_key(k, "Esc", "back");
}

static void modal_keys(struct key_line *k)
{
    const struct ui *ui = k->fr->ui;
    if (ui->frozen) {
        put_key(k, "F", "goes on");
        put_key(k, "other keys", "unfreeze and do nothing else");
    } else if (ui->prompt.kind != NULL) {
        put_key(k, "Enter",
                ui->prompt.kind->typing == TYPE_WORD ? "when the word is typed" : "do it");
        put_key(k, "Esc", "leave it");
    } else if (ui->help.open) {
        put_key(k, "Esc", "back");
        put_key(k, "/", "search");
        put_key(k, "j k", "scroll");
    } else if (ui->why.open && !confirm_is_open(ui) && !ui->approve.open) {
        put_key(k, "Enter", "the request");
        put_key(k, "Esc", "back");
        put_key(k, "j k g G", "read");
    } else if (confirm_is_open(ui)) {
        put_key(k, "Esc",
                ui->confirm.credential != 0            ? "leave it held"
                : ui->confirm.budget.of != BUDGET_NONE ? "leave it as it is"
                                                       : "leave it paused");
    } else if (ui->revoke.stage != REVOKE_CLOSED) {
        revoke_keys(k);
    } else {
        put_key(k, ask_is_open(ui) ? "PgUp PgDn" : "j k g G", "read");
        put_key(k, "Esc", "back");
    }
    put_action(k, ACT_FLEET_STOP);
}

void keys_draw(struct frame *fr, struct rect r)
{
    const struct ui *ui = fr->ui;
    struct rect saved = canvas_clip(fr->c, r);
    struct key_line k = {.fr = fr, .x = r.x + 1, .y = r.y, .end = r.x + r.w};
    bool modal = ui->frozen || ui->prompt.kind != NULL || ui->help.open || confirm_is_open(ui) ||
                 ui->approve.open || ui->revoke.stage != REVOKE_CLOSED ||
                 (ui->why.open && !ui->options.replay);
    if (modal) {
        modal_keys(&k);
    } else if (ui->options.replay) {
        replay_keys(&k);
    } else {
        view_keys(&k);
    }
    canvas_unclip(fr->c, saved);
}

/* ---- a line being typed */
static void say_about(struct words *w, const struct prompt *p)
{
    struct frame *fr = w->fr;
    const struct approval *request = fleet_approval(fr->f, p->approval);
    switch (p->kind->about) {
    case ABOUT_AGENT:
        words_foreign(w, agent_name(fr->f, p->agent), NAME_COLS);
        break;
    case ABOUT_REQUEST:
        words_foreign(w, agent_name(fr->f, p->agent), NAME_COLS);
        if (request != NULL) {
            words_own(w, " (");
            words_safe(
                w, text_ellipsis(fr->arena, approval_what(fr, request, WHAT_COLS), WHAT_COLS, "…"));
            words_own(w, ")");
        }
        break;
    case ABOUT_NOTHING:
    default:
        break;
    }
    if (p->kind->typing == TYPE_WORD) {
        words_own(w, ", type \"");
        words_foreign(w, span_str(p->word), NAME_COLS);
        words_own(w, "\"");
    }
    words_own(w, p->kind->about != ABOUT_NOTHING || p->kind->typing == TYPE_WORD ? ": " : "");
}

void typed_draw(struct frame *fr, struct rect r, int x, const struct line *l)
{
    int room = r.x + r.w - 1 - x;
    struct safe typed = text_sanitise(fr->arena, line_span(l), TEXT_ONE_LINE);
    struct safe before = text_sanitise(fr->arena, (struct span){l->text, l->at}, TEXT_ONE_LINE);
    int skip = (int)before.cols >= room && room > 0 ? (int)before.cols - room + 1 : 0;
    canvas_put(fr->c, x, r.y, ROLE_TEXT, text_skip(typed, (uint32_t)skip));
    fr->c->cursor_x = x + (int)before.cols - skip;
    fr->c->cursor_y = r.y;
}

void prompt_draw(struct frame *fr, struct rect r)
{
    const struct prompt *p = &fr->ui->prompt;
    struct rect saved = canvas_clip(fr->c, r);
    struct words label = words_of(fr);
    canvas_fill(fr->c, r, ROLE_TEXT, ' ');
    words_own(&label, p->kind->verb);
    say_about(&label, p);
    struct safe head = text_clip(words_end(&label), (uint32_t)(r.w * 3 / 4));
    int x = canvas_put(fr->c, r.x + 1, r.y, ROLE_PROMPT, head);
    typed_draw(fr, r, x, &p->line);
    if (p->line.len == 0 && p->kind->hint != NULL) {
        canvas_put(fr->c, x + 1, r.y, ROLE_HINT, text_own(p->kind->hint));
    }
    canvas_unclip(fr->c, saved);
}
