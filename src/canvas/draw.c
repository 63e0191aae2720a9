/* Text, fields, lines and boxes. */
#include <limits.h>

#include "canvas_priv.h"

#define ELLIPSIS "\xE2\x80\xA6"

static uint8_t role_of(enum role role, const struct text_cell *cell)
{
    if (cell->replacement) {
        return ROLE_REPLACED;
    }
    return cell->foreign ? ROLE_FOREIGN : (uint8_t)role;
}

static struct cell cell_of(enum role role, const struct text_cell *from)
{
    struct cell cell = {.role = role_of(role, from), .width = from->width};
    cell.flags = from->replacement ? CELL_REVERSE : 0;
    for (size_t i = 0; i < ARRAY_LEN(cell.cp); i++) {
        cell.cp[i] = from->cp[i];
    }
    return cell;
}

/* What has no stand-in is a reversed '?' in each of its columns, so that it is never taken for a
 * '?'. */
static void put_ascii(struct canvas *c, int x, int y, struct cell cell)
{
    bool plain = cell.cp[1] == 0 && cell.width == 1;
    int cols = cell.width;
    cell.cp[0] = plain ? canvas_ascii(cell.cp[0]) : 0;
    if (cell.cp[0] == 0) {
        cell.cp[0] = '?';
        cell.role = ROLE_REPLACED;
        cell.flags |= CELL_REVERSE;
    }
    cell.cp[1] = cell.cp[2] = 0;
    cell.width = 1;
    for (int i = 0; i < cols; i++) {
        canvas_set(c, x + i, y, cell);
    }
}

static void put_cell(struct canvas *c, int x, int y, struct cell cell)
{
    if (c->ascii) {
        put_ascii(c, x, y, cell);
    } else {
        canvas_set(c, x, y, cell);
    }
}

static int add_cols(int x, uint32_t cols)
{
    int64_t end = (int64_t)x + cols;
    return end > INT_MAX ? INT_MAX : (int)end;
}

int canvas_put(struct canvas *c, int x, int y, enum role role, struct safe s)
{
    int end = add_cols(x, s.cols);
    int limit = c->clip.x + c->clip.w;
    if (y < c->clip.y || y - c->clip.y >= c->clip.h) {
        return end;
    }
    struct text_cell cell;
    uint32_t at = 0;
    while (x < limit && text_next(s, &at, &cell)) {
        put_cell(c, x, y, cell_of(role, &cell));
        x += cell.width;
    }
    return end;
}

static void blank(struct canvas *c, int x, int y, int cols, enum role role)
{
    canvas_fill(c, (struct rect){x, y, cols, 1}, role, ' ');
}

/* Draws what fits of it with "…" when that is not all; returns the column after. */
static int put_cut(struct canvas *c, int x, int y, int cols, enum role role, struct safe s)
{
    if (s.cols <= (uint32_t)cols) {
        return canvas_put(c, x, y, role, s);
    }
    x = canvas_put(c, x, y, role, text_clip(s, (uint32_t)cols - 1));
    return canvas_put(c, x, y, role, text_own(ELLIPSIS));
}

int canvas_field(struct canvas *c, int x, int y, int cols, enum role role, struct safe s)
{
    if (cols <= 0) {
        return x;
    }
    int end = add_cols(x, (uint32_t)cols);
    int after = put_cut(c, x, y, cols, role, s);
    blank(c, after, y, end - after, role);
    return end;
}

int canvas_field_right(struct canvas *c, int x, int y, int cols, enum role role, struct safe s)
{
    if (cols <= 0) {
        return x;
    }
    uint32_t width = s.cols;
    if (width > (uint32_t)cols) {
        width = text_clip(s, (uint32_t)cols - 1).cols + 1;
    }
    int pad = cols - (int)width;
    blank(c, x, y, pad, role);
    put_cut(c, add_cols(x, (uint32_t)pad), y, cols, role, s);
    return add_cols(x, (uint32_t)cols);
}

void canvas_fill(struct canvas *c, struct rect r, enum role role, uint32_t cp)
{
    struct rect in = canvas_cross(r, c->clip);
    struct cell cell = {.cp = {text_width(cp) == 1 ? cp : ' '}, .role = (uint8_t)role, .width = 1};
    for (int y = in.y; y < in.y + in.h; y++) {
        for (int x = in.x; x < in.x + in.w; x++) {
            put_cell(c, x, y, cell);
        }
    }
}

void canvas_hline(struct canvas *c, int x, int y, int w, enum role role)
{
    canvas_fill(c, (struct rect){x, y, w, 1}, role, 0x2500);
}

enum piece { LINE_H, LINE_V, TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT, PIECE_COUNT };

static const uint32_t box_lines[][PIECE_COUNT] = {
    [BOX_SINGLE] = {0x2500, 0x2502, 0x250C, 0x2510, 0x2514, 0x2518},
    [BOX_DOUBLE] = {0x2550, 0x2551, 0x2554, 0x2557, 0x255A, 0x255D},
};

void canvas_box(struct canvas *c, struct rect r, enum role role, enum box_style style)
{
    if (r.w < 2 || r.h < 2) {
        return;
    }
    const uint32_t *line = box_lines[style];
    int right = add_cols(r.x, (uint32_t)r.w - 1);
    int bottom = add_cols(r.y, (uint32_t)r.h - 1);
    canvas_fill(c, (struct rect){r.x, r.y, r.w, 1}, role, line[LINE_H]);
    canvas_fill(c, (struct rect){r.x, bottom, r.w, 1}, role, line[LINE_H]);
    canvas_fill(c, (struct rect){r.x, r.y, 1, r.h}, role, line[LINE_V]);
    canvas_fill(c, (struct rect){right, r.y, 1, r.h}, role, line[LINE_V]);
    canvas_fill(c, (struct rect){r.x, r.y, 1, 1}, role, line[TOP_LEFT]);
    canvas_fill(c, (struct rect){right, r.y, 1, 1}, role, line[TOP_RIGHT]);
    canvas_fill(c, (struct rect){r.x, bottom, 1, 1}, role, line[BOTTOM_LEFT]);
    canvas_fill(c, (struct rect){right, bottom, 1, 1}, role, line[BOTTOM_RIGHT]);
}

/* A selection bar must not hide that something was replaced or looks like what it is not. */
static bool keeps_role(const struct cell *cell)
{
    return cell->role == ROLE_REPLACED || cell->role == ROLE_FOREIGN;
}

void canvas_mark(struct canvas *c, struct rect r, enum role role, uint8_t flags)
{
    struct rect in = canvas_cross(r, c->clip);
    for (int y = in.y; y < in.y + in.h; y++) {
        for (int x = in.x; x < in.x + in.w; x++) {
            struct cell *cell = canvas_at(c, x, y);
            cell->role = keeps_role(cell) ? cell->role : (uint8_t)role;
            cell->flags |= flags & (uint8_t)~CELL_CONT;
        }
    }
}

void canvas_dim(struct canvas *c, struct rect r)
{
    struct rect in = canvas_cross(r, c->clip);
    for (int y = in.y; y < in.y + in.h; y++) {
        for (int x = in.x; x < in.x + in.w; x++) {
            canvas_at(c, x, y)->flags |= CELL_DIM;
        }
    }
}
