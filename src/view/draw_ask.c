/* The parts of the dialog that are of questions only: where one is, what is chosen, and which keys
 * there are. The question itself is drawn as any payload. */
#include "frame_priv.h"

#define LABEL_COLS 200
#define KEY_GAP    3

void ask_title(struct frame *fr, struct words *w)
{
    const struct asking *ask = fr->ui->approve.asking;
    if (ask->page < ask->count) {
        words_fmt(w, " question %u of %u ─ ", ask->page + 1, ask->count);
    } else {
        words_own(w, " answers ─ ");
    }
}

static uint32_t number_of_field(const struct asking *ask, uint32_t field)
{
    return field < ask->first_option ? UINT32_MAX : field - ask->first_option;
}

/* Before each option: is it chosen, and is it the one that keys would be about? */
void ask_draw_marks(struct frame *fr, struct rect area)
{
    const struct approve *d = &fr->ui->approve;
    const struct reply *r = &d->asking->reply[d->asking->page];
    for (int y = 0; y < area.h && (uint32_t)(d->top + y) < d->payload.row_count; y++) {
        const struct payload_row *row = &d->payload.rows[d->top + y];
        uint32_t n = number_of_field(d->asking, row->field);
        if (row->part != PAYLOAD_PAIR || n == UINT32_MAX) {
            continue;
        }
        if (ask_has_chosen(r, (int)n)) {
            canvas_put(fr->c, area.x - 1, area.y + y, ROLE_STRONG, text_own("•"));
        }
        if ((int)n == r->at) {
            canvas_put(fr->c, area.x - 1, area.y + y, ROLE_KEY, text_own("▸"));
        }
    }
}

static void say_typed(struct frame *fr, struct rect r, int x, const struct form_question *q,
                      const struct reply *reply)
{
    if (!q->secret) {
        typed_draw(fr, r, x, &reply->line);
        return;
    }
    struct words w = words_of(fr);
    uint32_t n = line_characters(&reply->line);
    words_fmt(&w, "(hidden) %u character%s", n, n == 1 ? "" : "s");
    fr->c->cursor_x = canvas_put(fr->c, x, r.y, ROLE_TEXT, words_end(&w));
    fr->c->cursor_y = r.y;
}

static struct safe chosen_words(struct frame *fr, const struct form *f,
                                const struct form_question *q, const struct reply *reply)
{
    struct words w = words_of(fr);
    if (q->kind != FORM_CHOICES) {
        words_foreign(&w, ask_option_label(f, q, reply->at), LABEL_COLS);
        return words_end(&w);
    }
    for (int i = 0; i < REPLY_OPTIONS; i++) {
        if (ask_has_chosen(reply, i)) {
            words_own(&w, w.count > 0 ? ", " : "");
            words_foreign(&w, ask_option_label(f, q, i), LABEL_COLS);
        }
    }
    return words_end(&w);
}

static void draw_reply(struct frame *fr, struct rect r)
{
    const struct asking *ask = fr->ui->approve.asking;
    const struct reply *reply = &ask->reply[ask->page];
    struct form form = ask_form(fr->f, fr->ui->approve.approval);
    struct form_question q = form_question(&form, ask->page);
    int x = canvas_put(fr->c, r.x, r.y, ROLE_PROMPT, text_own("answer: "));
    if (ask_is_typing(fr->ui, fr->f)) {
        say_typed(fr, r, x, &q, reply);
        return;
    }
    struct safe chosen = chosen_words(fr, &form, &q, reply);
    bool any = (reply->at >= 0 && q.kind != FORM_CHOICES) || chosen.cols > 0;
    canvas_field(fr->c, x, r.y, r.x + r.w - x, any ? ROLE_STRONG : ROLE_DIM,
                 any ? chosen : text_own("nothing is chosen"));
}

/* Where the next one goes; what does not fit is left out. */
static int draw_key(struct frame *fr, struct rect r, int x, const char *key, const char *word)
{
    struct safe name = text_fmt(fr->arena, "%s", key);
    struct safe does = text_own(word);
    if (x + (int)(name.cols + 1 + does.cols) > r.x + r.w) {
        return x;
    }
    x = canvas_put(fr->c, x, r.y, ROLE_KEY, name) + 1;
    return canvas_put(fr->c, x, r.y, ROLE_HINT, does) + KEY_GAP;
}

static void draw_keys(struct frame *fr, struct rect r)
{
    const struct asking *ask = fr->ui->approve.asking;
    struct form form = ask_form(fr->f, fr->ui->approve.approval);
    struct form_question q = form_question(&form, ask->page);
    bool typing = ask_is_typing(fr->ui, fr->f);
    int x = r.x;
    if (q.kind != FORM_TEXT && q.kind != FORM_INTEGER && q.kind != FORM_NUMBER) {
        x = draw_key(fr, r, x, typing ? "↑↓" : "1-9 ↑↓", "choose");
    }
    if (q.kind == FORM_CHOICES && !typing) {
        x = draw_key(fr, r, x, "space", "one more");
    }
    x = draw_key(fr, r, x, "Enter", "goes on");
    if (ask->page > 0) {
        x = draw_key(fr, r, x, "S-Tab", "back");
    }
    if (!typing) {
        char key[KEY_NAME_BYTES];
        action_key(fr->ui, ACT_DENY, key);
        x = draw_key(fr, r, x, key, "deny");
    }
    (void)draw_key(fr, r, x, "Esc", "leaves it");
}

void ask_draw_answer(struct frame *fr, struct rect r)
{
    draw_reply(fr, (struct rect){r.x, r.y, r.w, 1});
    if (r.h > 1) {
        draw_keys(fr, (struct rect){r.x, r.y + r.h - 1, r.w, 1});
    }
}
