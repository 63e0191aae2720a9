/* paint.c - canvas to curses. Rows that are the same as last time are not handed over at all, and
 * curses sends only the cells that differ: an unchanged canvas costs no system call.
 */
#include "term_priv.h"

#include <wchar.h>

#include "checkrein/text.h"

/* Around a frame for a terminal that knows them: it shows the frame at once. */
#define SYNC_BEGIN SPAN("\033[?2026h")
#define SYNC_END   SPAN("\033[?2026l")

static const struct cell BLANK = {.cp = {' '}, .role = ROLE_TEXT, .width = 1};

/* The canvas may have another size for a moment after the screen's has changed. */
static const struct cell *cell_at(const struct canvas *c, int x, int y)
{
    return x < c->w && y < c->h ? &c->cells[(size_t)y * (size_t)c->w + (size_t)x] : &BLANK;
}

static bool is_same(const struct cell *a, const struct cell *b)
{
    for (size_t i = 0; i < ARRAY_LEN(a->cp); i++) {
        if (a->cp[i] != b->cp[i]) {
            return false;
        }
    }
    return a->role == b->role && a->flags == b->flags && a->width == b->width;
}

/* ---- one cell */

/* The C library, which curses asks, and our table, which has no width for what must not be shown,
 * agree on every width: else the columns of the terminal and ours drift apart. */
static bool is_drawable(const struct term *t, const struct cell *c)
{
    bool ascii = c->cp[0] >= ' ' && c->cp[0] <= '~' && c->cp[1] == 0;
    if (ascii || t->ascii) {
        return ascii && c->width == 1;
    }
    if (text_width(c->cp[0]) != c->width || wcwidth((wchar_t)c->cp[0]) != c->width) {
        return false;
    }
    for (size_t i = 1; i < ARRAY_LEN(c->cp) && c->cp[i] != 0; i++) {
        if (wcwidth((wchar_t)c->cp[i]) != 0) {
            return false;
        }
    }
    return true;
}

static void set_glyph(const struct term *t, const wchar_t *glyph, enum role role, unsigned flags,
                      cchar_t *out)
{
    attr_t attr = t->attr[role];
    attr |= (flags & CELL_REVERSE) != 0 ? A_REVERSE : A_NORMAL;
    attr |= (flags & (CELL_DIM | CELL_STRIKE)) != 0 ? A_DIM
                                                    : A_NORMAL; /* curses strikes nothing through */
    int pair = t->pair[role];
    (void)setcchar(out, glyph, attr, 0, &pair);
}

/* What cannot be drawn is a reversed '?' in each of its columns, never to be taken for a '?'. */
static void set_cell(const struct term *t, const struct cell *c, cchar_t *out)
{
    wchar_t glyph[1 + ARRAY_LEN(c->cp)] = {L'?'};
    enum role role = ROLE_REPLACED;
    unsigned flags = c->flags | CELL_REVERSE;
    if (is_drawable(t, c)) {
        for (size_t i = 0; i < ARRAY_LEN(c->cp); i++) {
            glyph[i] = (wchar_t)c->cp[i];
        }
        role = c->role < ROLE_COUNT ? (enum role)c->role : ROLE_TEXT;
        flags = c->flags;
    }
    set_glyph(t, glyph, role, flags, out);
}

/* ---- one row */

/* Columns that the cell at x really has: both halves of a wide character, or one cell. */
static int span_of(const struct canvas *c, int x, int y, int w)
{
    bool wide = cell_at(c, x, y)->width == 2;
    bool whole = wide && x + 1 < w && (cell_at(c, x + 1, y)->flags & CELL_CONT) != 0;
    return whole ? 2 : 1;
}

/* Exactly w columns, whatever the canvas has: half of a wide character is a blank. */
static void put_row(struct term *t, const struct canvas *c, int y)
{
    int n = 0;
    for (int x = 0; x < t->shown_w;) {
        const struct cell *cell = cell_at(c, x, y);
        int cols = span_of(c, x, y, t->shown_w);
        bool drawable = is_drawable(t, cell);
        struct cell half = BLANK;
        half.role = cell->role;
        set_cell(t, cell->width == cols ? cell : &half, &t->row[n++]);
        if (cols == 2 && !drawable) {
            t->row[n] = t->row[n - 1];
            n++;
        }
        x += cols;
    }
    (void)mvadd_wchnstr(y, 0, t->row, n);
}

static bool put_row_if_changed(struct term *t, const struct canvas *c, int y)
{
    struct cell *was = t->shown + (size_t)y * (size_t)t->shown_w;
    bool changed = t->all;
    for (int x = 0; x < t->shown_w; x++) {
        const struct cell *now = cell_at(c, x, y);
        changed = changed || !is_same(now, &was[x]);
        was[x] = *now;
    }
    if (changed) {
        put_row(t, c, y);
    }
    return changed;
}

/* ---- the frame */

static bool put_cursor(struct term *t, const struct canvas *c)
{
    bool shown = c->cursor_x >= 0 && c->cursor_x < t->shown_w && c->cursor_y >= 0 &&
                 c->cursor_y < t->shown_h;
    int x = shown ? c->cursor_x : -1;
    int y = shown ? c->cursor_y : -1;
    if (x == t->cursor_x && y == t->cursor_y) {
        return false;
    }
    if (shown != (t->cursor_x >= 0)) {
        (void)curs_set(shown);
        (void)leaveok(stdscr, !shown);
    }
    t->cursor_x = x;
    t->cursor_y = y;
    return true;
}

/* Drawing a row moves curses' own cursor: it goes where it belongs in every frame that is sent. */
static enum status send_frame(struct term *t)
{
    bool sync = t->in.decoder.sync_offered;
    if (t->cursor_x >= 0) {
        (void)move(t->cursor_y, t->cursor_x);
    }
    (void)wnoutrefresh(stdscr);
    (void)doupdate();
    enum status st = sync ? output_add(&t->out, SYNC_BEGIN) : ST_OK;
    if (st == ST_OK) {
        st = output_take(&t->out);
    }
    if (st == ST_OK && sync) {
        st = output_add(&t->out, SYNC_END);
    }
    return st == ST_OK ? output_send(&t->out) : st;
}

enum status term_paint(struct term *t, const struct canvas *c)
{
    if (output_is_waiting(&t->out)) {
        enum status st = output_send(&t->out);
        if (st != ST_OK) {
            return st;
        }
    }
    if (t->all) {
        (void)clearok(curscr, TRUE);
    }
    bool changed = put_cursor(t, c);
    for (int y = 0; y < t->shown_h; y++) {
        changed |= put_row_if_changed(t, c, y);
    }
    t->all = false;
    return changed ? send_frame(t) : ST_OK;
}

void term_redraw(struct term *t)
{
    t->all = true;
}
