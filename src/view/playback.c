/* playback.c - where in the record the picture is: one line of words, and a strip of the session
 * with what was asked, decided and failed in it.
 */
#include "frame_priv.h"

#include <stdio.h>

#include "checkrein/num.h"

#define STRIP_MARGIN      2 /* columns on each side */
#define NAME_COLS         40
#define SEARCH_COLS       20
#define SEARCH_COLS_LEAST 4
#define GAP_COLS          2

int playback_columns(int cols)
{
    return cols > 2 * STRIP_MARGIN ? cols - 2 * STRIP_MARGIN : 0;
}

void ui_set_playback(struct ui *ui, const struct playback *p)
{
    ui->playback = *p;
}

/* "Tue 2026-11-17 02:14:09.331" */
static void say_moment(struct words *w, int64_t at_us)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    int64_t day = at_us / (INT64_C(86400) * SECOND_US); /* since a Thursday */
    char text[TIME_TEXT_BYTES];
    time_format(at_us, text);
    words_fmt(w, "%s %.10s ", days[day % 7], text);
    words_safe(w, frame_clock_ms(w->fr, at_us));
    words_own(w, " UTC");
}

static void say_count(struct words *w, uint64_t n)
{
    char digits[32];
    int count = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    char text[48];
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
    words_fmt(w, "%s", text);
}

struct row_of { /* words put side by side as long as they fit */
    struct frame *fr;
    struct rect r;
    int x;
};

static void put(struct row_of *row, enum role role, struct safe text)
{
    int at = row->x + (row->x > row->r.x + 1 ? GAP_COLS : 0);
    if (text.cols > 0 && at + (int)text.cols < row->r.x + row->r.w) {
        row->x = canvas_put(row->fr->c, at, row->r.y, role, text);
    }
}

static struct safe place(struct frame *fr, const struct playback *p)
{
    struct words w = words_of(fr);
    say_count(&w, p->record);
    words_own(&w, " of ");
    say_count(&w, p->records);
    words_own(&w, p->reading ? ", reading on" : "");
    return words_end(&w);
}

static struct safe session(struct frame *fr, const struct playback *p)
{
    return p->sessions > 1 ? text_fmt(fr->arena, "session %u of %u", p->session, p->sessions)
                           : text_own("");
}

/* "hit 3 of 128", or "128 hits" between them */
static struct safe hits(struct frame *fr, const struct playback *p)
{
    struct words w = words_of(fr);
    if (p->search != NULL && p->hits_known) {
        if (p->hit > 0) {
            words_own(&w, "hit ");
            say_count(&w, p->hit);
            words_own(&w, " of ");
        }
        say_count(&w, p->hits);
        words_own(&w, p->hits_grow ? "+" : "");
        words_own(&w, p->hit > 0 ? "" : p->hits == 1 ? " hit" : " hits");
    }
    return words_end(&w);
}

/* "/make", cut to what is left of the row */
static void put_search(struct row_of *row, const struct playback *p)
{
    struct words w = words_of(row->fr);
    int left = row->r.x + row->r.w - row->x - GAP_COLS - 2;
    if (p->search != NULL && left >= SEARCH_COLS_LEAST) {
        words_own(&w, "/");
        struct safe text = frame_say(row->fr, span_str(p->search), SEARCH_COLS);
        words_safe(&w, text_ellipsis(row->fr->arena, text,
                                     (uint32_t)(left < SEARCH_COLS ? left : SEARCH_COLS), "…"));
    }
    put(row, ROLE_LABEL, words_end(&w));
}

static void draw_right(struct row_of *row, const struct playback *p)
{
    struct words w = words_of(row->fr);
    if (p->over_live) {
        words_own(&w, "live goes on");
        if (p->live_pending > 0) {
            words_fmt(&w, ", %u pending", p->live_pending);
        }
    } else {
        words_foreign(&w, span_str(p->name), NAME_COLS);
    }
    struct safe text = words_end(&w);
    int at = row->r.x + row->r.w - 1 - (int)text.cols;
    if (at >= row->x + GAP_COLS) {
        canvas_put(row->fr->c, at, row->r.y, p->over_live ? ROLE_WAITING : ROLE_LABEL, text);
    }
}

static void draw_words(struct frame *fr, struct rect r)
{
    const struct playback *p = &fr->ui->playback;
    struct row_of row = {fr, r, r.x + 1};
    struct words moment = words_of(fr);
    words_own(&moment, p->playing ? "▶ " : "‖ ");
    say_moment(&moment, p->at_us);
    put(&row, ROLE_STRONG, words_end(&moment));
    put(&row, ROLE_STRONG, text_own(p->speed == NULL ? "" : p->speed));
    put(&row, ROLE_STRONG, place(fr, p));
    put(&row, p->broken ? ROLE_ERROR : ROLE_LABEL,
        text_fmt(fr->arena, "%s", p->verdict == NULL ? "" : p->verdict));
    put(&row, ROLE_STRONG, hits(fr, p));
    put_search(&row, p);
    put(&row, ROLE_LABEL, session(fr, p));
    draw_right(&row, p);
}

/* Eight heights, by how often the number doubles: one change is seen beside a thousand. */
static uint32_t bar_of(uint32_t changes)
{
    static const uint32_t bars[] = {0x2581, 0x2582, 0x2583, 0x2584, 0x2585, 0x2586, 0x2587, 0x2588};
    uint32_t height = 0;
    while (changes > 1 && height + 1 < ARRAY_LEN(bars)) {
        changes /= 3;
        height++;
    }
    return bars[height];
}

static void draw_cell(struct frame *fr, int x, int y, const struct playback_cell *cell)
{
    struct rect at = {x, y, 1, 1};
    if (cell->failed) {
        canvas_fill(fr->c, at, ROLE_FAILED, '!');
    } else if (cell->decided) {
        canvas_fill(fr->c, at, ROLE_APPROVED, 0x25C6);
    } else if (cell->asked) {
        canvas_fill(fr->c, at, ROLE_APPROVAL, '?');
    } else if (cell->changes > 0) {
        canvas_fill(fr->c, at, ROLE_DIM, bar_of(cell->changes));
    }
}

static void draw_strip(struct frame *fr, struct rect r)
{
    const struct playback *p = &fr->ui->playback;
    int cols = playback_columns(r.w);
    canvas_hline(fr->c, r.x + STRIP_MARGIN - 1, r.y, cols + 2, ROLE_FRAME);
    canvas_put(fr->c, r.x + STRIP_MARGIN - 1, r.y, ROLE_FRAME, text_own("├"));
    canvas_put(fr->c, r.x + STRIP_MARGIN + cols, r.y, ROLE_FRAME, text_own("┤"));
    for (int i = 0; i < cols && (uint32_t)i < p->cell_count; i++) {
        draw_cell(fr, r.x + STRIP_MARGIN + i, r.y, &p->cells[i]);
    }
    int64_t span = p->to_us - p->from_us;
    int64_t in = p->at_us < p->from_us ? 0 : p->at_us > p->to_us ? span : p->at_us - p->from_us;
    int here = span > 0 ? (int)((double)in / (double)span * (cols - 1)) : 0;
    canvas_fill(fr->c, (struct rect){r.x + STRIP_MARGIN + here, r.y, 1, 1}, ROLE_MODE_REPLAY,
                0x25CF);
    canvas_mark(fr->c, (struct rect){r.x + STRIP_MARGIN + here, r.y, 1, 1}, ROLE_MODE_REPLAY,
                CELL_REVERSE);
}

void playback_draw(struct frame *fr, struct rect r)
{
    struct rect saved = canvas_clip(fr->c, r);
    draw_words(fr, (struct rect){r.x, r.y, r.w, 1});
    draw_strip(fr, (struct rect){r.x, r.y + 1, r.w, 1});
    canvas_unclip(fr->c, saved);
}
