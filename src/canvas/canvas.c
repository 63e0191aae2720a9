/* The grid: size, clip rectangle, and the one function that writes a cell. */
#include <stdlib.h>

#include "canvas_priv.h"
#include "checkrein/alloc.h"

#define SIZE_MAX_CELLS 1000

static const struct cell blank_cell = {.cp = {' '}, .role = ROLE_TEXT, .width = 1};

static int clamp(int value, int min, int max)
{
    return value < min ? min : value > max ? max : value;
}

void canvas_init(struct canvas *c)
{
    *c = (struct canvas){.cursor_x = -1, .cursor_y = -1};
}

void canvas_release(struct canvas *c)
{
    if (c == NULL) {
        return;
    }
    free(c->cells);
    canvas_init(c);
}

void canvas_resize(struct canvas *c, int w, int h)
{
    c->w = clamp(w, 1, SIZE_MAX_CELLS);
    c->h = clamp(h, 1, SIZE_MAX_CELLS);
    c->cells = xreallocarray(c->cells, (size_t)c->w * (size_t)c->h, sizeof(*c->cells));
    canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
    size_t count = (size_t)c->w * (size_t)c->h;
    for (size_t i = 0; i < count; i++) {
        c->cells[i] = blank_cell;
    }
    c->clip = canvas_bounds(c);
    c->attr = 0;
    c->cursor_x = -1;
    c->cursor_y = -1;
}

/* Ends are computed in 64 bits: a rectangle may lie anywhere in the range of int. */
static void cross_axis(int a, int a_size, int b, int b_size, int *from, int *size)
{
    int64_t a_end = (int64_t)a + (a_size > 0 ? a_size : 0);
    int64_t b_end = (int64_t)b + (b_size > 0 ? b_size : 0);
    int64_t end = a_end < b_end ? a_end : b_end;
    *from = a > b ? a : b;
    *size = end > *from ? (int)(end - *from) : 0;
}

struct rect canvas_cross(struct rect a, struct rect b)
{
    struct rect r;
    cross_axis(a.x, a.w, b.x, b.w, &r.x, &r.w);
    cross_axis(a.y, a.h, b.y, b.h, &r.y, &r.h);
    return r;
}

struct rect canvas_clip(struct canvas *c, struct rect r)
{
    struct rect saved = c->clip;
    c->clip = canvas_cross(c->clip, r);
    return saved;
}

void canvas_unclip(struct canvas *c, struct rect saved)
{
    c->clip = canvas_cross(saved, canvas_bounds(c));
}

static bool is_inside(const struct canvas *c, int x, int y)
{
    struct rect r = c->clip;
    return x >= r.x && x - r.x < r.w && y >= r.y && y - r.y < r.h;
}

static void blank_half(struct canvas *c, int x, int y)
{
    struct cell *cell = canvas_at(c, x, y);
    *cell = (struct cell){
        .cp = {' '}, .role = cell->role, .flags = cell->flags & (uint8_t)~CELL_CONT, .width = 1};
}

/* What is about to be overwritten may be half of a wide character: its other half becomes a blank.
 */
static void free_cell(struct canvas *c, int x, int y)
{
    const struct cell *old = canvas_at(c, x, y);
    if ((old->flags & CELL_CONT) != 0) {
        blank_half(c, x - 1, y);
    } else if (old->width == 2) {
        blank_half(c, x + 1, y);
    }
}

static void write_cell(struct canvas *c, int x, int y, struct cell cell)
{
    if (!is_inside(c, x, y)) {
        return;
    }
    free_cell(c, x, y);
    *canvas_at(c, x, y) = cell;
}

void canvas_set(struct canvas *c, int x, int y, struct cell cell)
{
    cell.flags |= c->attr & (uint8_t)~CELL_CONT;
    if (cell.width != 2) {
        write_cell(c, x, y, cell);
        return;
    }
    struct cell right = {.role = cell.role, .flags = cell.flags | CELL_CONT};
    if (!is_inside(c, x, y) || !is_inside(c, x + 1, y)) {
        cell = (struct cell){.cp = {' '}, .role = cell.role, .flags = cell.flags, .width = 1};
        write_cell(c, x, y, cell);
        write_cell(c, x + 1, y, cell);
        return;
    }
    write_cell(c, x, y, cell);
    write_cell(c, x + 1, y, right);
}
