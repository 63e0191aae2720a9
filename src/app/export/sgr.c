#include "sgr.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

#define BEGIN "\033[0m\033[2J\033[H\033[?25l"

static bool is_same(const struct cell *a, const struct cell *b)
{
    return memcmp(a->cp, b->cp, sizeof(a->cp)) == 0 && a->role == b->role && a->flags == b->flags &&
           a->width == b->width;
}

/* ---- colours */

static void put_color(struct buf *out, int32_t color, int base)
{
    if (color == COLOR_DEFAULT) {
        return;
    }
    if (COLOR_IS_RGB(color)) {
        buf_printf(out, ";%d;2;%d;%d;%d", base + 8, color >> 16 & 0xFF, color >> 8 & 0xFF,
                   color & 0xFF);
    } else {
        buf_printf(out, ";%d;5;%d", base + 8, color);
    }
}

static void put_style(struct sgr *s, const struct cell *c, struct buf *out)
{
    static const struct {
        unsigned style;
        int code;
    } ATTRIBUTES[] = {
        {STYLE_BOLD,      1},
        {STYLE_DIM,       2},
        {STYLE_ITALIC,    3},
        {STYLE_UNDERLINE, 4},
        {STYLE_REVERSE,   7},
    };
    enum role role = c->role < ROLE_COUNT ? (enum role)c->role : ROLE_TEXT;
    struct style style = theme_style(&s->theme, role, s->depth);
    uint32_t attr = style.attr;
    attr |= (c->flags & CELL_REVERSE) != 0 ? STYLE_REVERSE : 0;
    attr |= (c->flags & (CELL_DIM | CELL_STRIKE)) != 0 ? STYLE_DIM : 0;
    buf_addstr(out, "\033[0");
    for (size_t i = 0; i < ARRAY_LEN(ATTRIBUTES); i++) {
        if ((attr & ATTRIBUTES[i].style) != 0) {
            buf_printf(out, ";%d", ATTRIBUTES[i].code);
        }
    }
    put_color(out, style.fg, 30);
    put_color(out, style.bg, 40);
    buf_addch(out, 'm');
}

/* ---- rows */

static void put_cell(const struct cell *c, struct buf *out)
{
    char bytes[TEXT_UTF8_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(c->cp) && (i == 0 || c->cp[i] != 0); i++) {
        uint32_t cp = c->cp[i] ? c->cp[i] : ' ';
        buf_append(out, bytes, text_utf8_put(cp, bytes));
    }
}

static void put_row(struct sgr *s, const struct cell *row, int y, struct buf *out)
{
    const struct cell *before = NULL;
    buf_printf(out, "\033[%d;1H", y + 1);
    for (int x = 0; x < s->w; x++) {
        if ((row[x].flags & CELL_CONT) != 0) {
            continue;
        }
        if (!before || before->role != row[x].role || before->flags != row[x].flags) {
            put_style(s, &row[x], out);
        }
        put_cell(&row[x], out);
        before = &row[x];
    }
}

static bool row_is_same(const struct cell *a, const struct cell *b, int w)
{
    int x = 0;
    while (x < w && is_same(&a[x], &b[x])) {
        x++;
    }
    return x == w;
}

static void begin(struct sgr *s, const struct canvas *c, struct buf *out)
{
    s->w = c->w;
    s->h = c->h;
    s->shown = xcalloc((size_t)c->w * (size_t)c->h, sizeof(*s->shown));
    buf_addstr(out, BEGIN);
}

enum status sgr_frame(struct sgr *s, const struct canvas *c, struct buf *out)
{
    if (!s->shown) {
        begin(s, c, out);
    }
    for (int y = 0; y < s->h; y++) {
        struct cell *was = s->shown + (size_t)y * (size_t)s->w;
        const struct cell *now = c->cells + (size_t)y * (size_t)s->w;
        if (!row_is_same(was, now, s->w)) {
            put_row(s, now, y, out);
            memcpy(was, now, (size_t)s->w * sizeof(*was));
        }
    }
    return buf_status(out);
}

void sgr_release(struct sgr *s)
{
    free(s->shown);
    s->shown = NULL;
}
