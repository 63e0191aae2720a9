/* A canvas as text, for goldens, --once and digests. */
#include "canvas_priv.h"

static void add_cell(struct buf *out, const struct cell *cell)
{
    char bytes[TEXT_UTF8_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(cell->cp) && cell->cp[i] != 0; i++) {
        buf_append(out, bytes, text_utf8_put(cell->cp[i], bytes));
    }
}

static int row_end(const struct canvas *c, int y)
{
    int end = c->w;
    while (end > 0 && canvas_at(c, end - 1, y)->cp[0] == ' ') {
        end--;
    }
    return end;
}

enum status canvas_dump_text(const struct canvas *c, struct buf *out)
{
    for (int y = 0; y < c->h; y++) {
        int end = row_end(c, y);
        for (int x = 0; x < end; x++) {
            add_cell(out, canvas_at(c, x, y));
        }
        buf_addch(out, '\n');
    }
    return buf_status(out);
}

static bool is_same(const struct cell *a, const struct cell *b)
{
    return a->role == b->role && ((a->flags ^ b->flags) & ~CELL_CONT) == 0;
}

static void add_flags(struct buf *out, uint8_t flags)
{
    static const struct {
        uint8_t flag;
        const char *name;
    } names[] = {
        {CELL_REVERSE, "reverse"},
        {CELL_STRIKE,  "strike" },
        {CELL_DIM,     "dim"    }
    };
    const char *before = " [";
    if (flags == 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if ((flags & names[i].flag) == 0) {
            continue;
        }
        buf_printf(out, "%s%s", before, names[i].name);
        before = " ";
    }
    buf_addch(out, ']');
}

static void add_run(struct buf *out, int y, int from, int to, const struct cell *cell)
{
    if (cell->role == ROLE_TEXT && (cell->flags & ~CELL_CONT) == 0) {
        return;
    }
    buf_printf(out, "%d:%d-%d %s", y, from, to, role_name((enum role)cell->role));
    add_flags(out, cell->flags & (uint8_t)~CELL_CONT);
    buf_addch(out, '\n');
}

enum status canvas_dump_roles(const struct canvas *c, struct buf *out)
{
    for (int y = 0; y < c->h; y++) {
        int from = 0;
        for (int x = 1; x <= c->w; x++) {
            const struct cell *cell = canvas_at(c, from, y);
            if (x < c->w && is_same(cell, canvas_at(c, x, y))) {
                continue;
            }
            add_run(out, y, from, x - 1, cell);
            from = x;
        }
    }
    return buf_status(out);
}

static uint64_t mix(uint64_t hash, const void *p, size_t n)
{
    return span_hash((struct span){p, n}, hash);
}

/* Cells are packed first: what lies between a cell's members in memory is not part of it. */
static uint64_t mix_cell(uint64_t hash, const struct cell *cell)
{
    const uint32_t packed[] = {cell->cp[0], cell->cp[1], cell->cp[2],
                               (uint32_t)cell->role << 16 | (uint32_t)cell->flags << 8 |
                                   cell->width};
    return mix(hash, packed, sizeof(packed));
}

uint64_t canvas_digest(const struct canvas *c)
{
    const int head[] = {c->w, c->h, c->cursor_x, c->cursor_y};
    uint64_t hash = mix(0, head, sizeof(head));
    size_t count = (size_t)c->w * (size_t)c->h;
    for (size_t i = 0; i < count; i++) {
        hash = mix_cell(hash, &c->cells[i]);
    }
    return hash;
}
