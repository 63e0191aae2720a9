/* vt.h - a terminal of the xterm family, small and strict: it draws what it is sent, and whatever a
 * program of ours has no business sending makes `wrong` say so. Widths are those of our own table.
 */
#ifndef CHECKREIN_TEST_VT_H
#define CHECKREIN_TEST_VT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/text.h"
#include "checkrein/theme.h"
#include "safe_check.h"

#define VT_PARAMS       16
#define VT_STRING_BYTES 8192

struct vt_pen {
    int32_t fg, bg; /* COLOR_DEFAULT, 0..255 */
    uint32_t attr;  /* STYLE_... */
};
struct vt_cell {
    uint32_t cp[1 + TEXT_MARKS_MAX];
    struct vt_pen pen;
    uint8_t width; /* 0: right half */
};

enum vt_state { VT_GROUND, VT_ESC, VT_CHARSET, VT_CSI, VT_STRING, VT_STRING_ESC };
struct vt {
    int w, h, x, y;
    bool wrap; /* the last column was written: the next character goes to the next row */
    bool no_wrap;
    struct vt_cell *cells;
    struct vt_pen pen;
    enum vt_state state;
    int param[VT_PARAMS];
    int params;
    char prefix, middle;
    char utf8[4];
    size_t utf8_n;
    char string[VT_STRING_BYTES + 1];
    size_t string_n;
    uint32_t last; /* what REP repeats */
    /* what the tests ask about */
    bool alternate, cursor, bracketed, focus, explicit_bidi, sync_asked, in_frame, colored;
    unsigned marks, frames, bells, bytes;
    char copied[VT_STRING_BYTES + 1]; /* base64 of the last OSC 52 */
    char wrong[128];
    struct buf log; /* all bytes */
};

static inline void vt_wrong(struct vt *v, const char *what, int detail)
{
    if (v->wrong[0] == '\0') {
        (void)snprintf(v->wrong, sizeof(v->wrong), "%s (%d) at %d,%d", what, detail, v->x, v->y);
    }
}

static inline struct vt_cell *vt_at(struct vt *v, int x, int y)
{
    return &v->cells[(size_t)y * (size_t)v->w + (size_t)x];
}

static inline void vt_blank(struct vt *v, int x, int y)
{
    *vt_at(v, x, y) = (struct vt_cell){
        .cp = {' '},
          .pen = { COLOR_DEFAULT, v->pen.bg, 0},
          .width = 1
    };
}

static inline void vt_erase(struct vt *v, int y, int from, int to)
{
    for (int x = from; x < to && x < v->w; x++) {
        vt_blank(v, x, y);
    }
}

static inline void vt_resize(struct vt *v, int w, int h)
{
    free(v->cells);
    v->cells = calloc((size_t)w * (size_t)h, sizeof(*v->cells));
    v->w = w;
    v->h = h;
    v->x = v->y = 0;
    v->wrap = false;
    for (int y = 0; y < h; y++) {
        vt_erase(v, y, 0, w);
    }
}

static inline void vt_init(struct vt *v, int w, int h)
{
    *v = (struct vt){
        .pen = {COLOR_DEFAULT, COLOR_DEFAULT, 0},
          .cursor = true
    };
    buf_init(&v->log, 64 * 1024 * 1024);
    vt_resize(v, w, h);
}

static inline void vt_release(struct vt *v)
{
    free(v->cells);
    v->cells = NULL;
    buf_release(&v->log);
}

/* ---- characters */

static inline void vt_line_feed(struct vt *v)
{
    if (v->y + 1 < v->h) {
        v->y++;
        return;
    }
    vt_wrong(v, "the screen scrolls", 0);
}

/* What is left of a wide character that is half overwritten is a blank. */
static inline void vt_free(struct vt *v, int x, int y)
{
    struct vt_cell *c = vt_at(v, x, y);
    if (c->width == 0 && x > 0) {
        vt_blank(v, x - 1, y);
    } else if (c->width == 2 && x + 1 < v->w) {
        vt_blank(v, x + 1, y);
    }
}

static inline void vt_put_wide(struct vt *v, uint32_t cp, int width)
{
    if (v->wrap || v->x + width > v->w) {
        v->x = 0;
        v->wrap = false;
        vt_line_feed(v);
    }
    for (int i = 0; i < width; i++) {
        vt_free(v, v->x + i, v->y);
        *vt_at(v, v->x + i, v->y) = (struct vt_cell){.pen = v->pen};
    }
    struct vt_cell *c = vt_at(v, v->x, v->y);
    c->cp[0] = cp;
    c->width = (uint8_t)width;
    v->last = cp;
    bool at_end = v->x + width == v->w;
    v->wrap = at_end && !v->no_wrap;
    v->x += at_end ? width - 1 : width;
}

static inline void vt_put_mark(struct vt *v, uint32_t cp)
{
    int x = v->wrap || v->no_wrap ? v->x : v->x - 1;
    if (x < 0) {
        vt_wrong(v, "a mark on nothing", (int)cp);
        return;
    }
    struct vt_cell *c = vt_at(v, x, v->y);
    c = c->width == 0 && x > 0 ? c - 1 : c;
    for (int i = 1; i <= TEXT_MARKS_MAX; i++) {
        if (c->cp[i] == 0) {
            c->cp[i] = cp;
            return;
        }
    }
    vt_wrong(v, "too many marks", (int)cp);
}

static inline void vt_put(struct vt *v, uint32_t cp)
{
    int width = text_width(cp);
    if (is_unfit(cp)) {
        vt_wrong(v, "a character that is not fit to show", (int)cp);
    } else if (width == 0) {
        vt_put_mark(v, cp);
    } else {
        vt_put_wide(v, cp, width);
    }
}

static inline void vt_utf8(struct vt *v, char byte)
{
    uint32_t cp = 0;
    v->utf8[v->utf8_n++] = byte;
    if (text_utf8(v->utf8, v->utf8_n, &cp) == v->utf8_n) {
        v->utf8_n = 0;
        vt_put(v, cp);
    } else if (v->utf8_n == sizeof(v->utf8)) {
        v->utf8_n = 0;
        vt_wrong(v, "not UTF-8", (unsigned char)byte);
    }
}

/* ---- control sequences */

static inline int vt_arg(const struct vt *v, int i, int otherwise)
{
    return i < v->params && v->param[i] > 0 ? v->param[i] : otherwise;
}

static inline void vt_go(struct vt *v, int x, int y)
{
    v->x = x < 0 ? 0 : x >= v->w ? v->w - 1 : x;
    v->y = y < 0 ? 0 : y >= v->h ? v->h - 1 : y;
    v->wrap = false;
}

static inline void vt_color(struct vt *v, int *i, int32_t *slot)
{
    if (v->param[*i + 1] == 5 && *i + 2 < v->params) {
        *slot = v->param[*i + 2];
        *i += 2;
        v->colored = true;
    } else {
        vt_wrong(v, "a colour in another way", v->param[*i + 1]);
    }
}

static inline void vt_pen(struct vt *v, int *i)
{
    static const uint32_t ON[] = {[1] = STYLE_BOLD,
                                  [2] = STYLE_DIM,
                                  [3] = STYLE_ITALIC,
                                  [4] = STYLE_UNDERLINE,
                                  [7] = STYLE_REVERSE};
    int p = v->param[*i];
    if (p == 0) {
        v->pen = (struct vt_pen){COLOR_DEFAULT, COLOR_DEFAULT, 0};
    } else if (p < 8 && ON[p] != 0) {
        v->pen.attr |= ON[p];
    } else if (p == 22) {
        v->pen.attr &= ~(uint32_t)(STYLE_BOLD | STYLE_DIM);
    } else if (p == 23 || p == 24 || p == 27) {
        v->pen.attr &= ~ON[p - 20];
    } else if (p == 38 || p == 48) {
        vt_color(v, i, p == 38 ? &v->pen.fg : &v->pen.bg);
    } else if (p == 39 || p == 49) {
        *(p == 39 ? &v->pen.fg : &v->pen.bg) = COLOR_DEFAULT;
    } else if ((p >= 30 && p <= 37) || (p >= 90 && p <= 97)) {
        v->pen.fg = p < 40 ? p - 30 : p - 82;
        v->colored = true;
    } else if ((p >= 40 && p <= 47) || (p >= 100 && p <= 107)) {
        v->pen.bg = p < 50 ? p - 40 : p - 92;
        v->colored = true;
    } else {
        vt_wrong(v, "an unknown attribute", p);
    }
}

static inline void vt_private_mode(struct vt *v, int mode, bool on)
{
    switch (mode) {
    case 1:  /* keys of the application: was never on */
    case 12: /* blinks */
        break;
    case 7:
        v->no_wrap = !on;
        break;
    case 25:
        v->cursor = on;
        break;
    case 1004:
        v->focus = on;
        break;
    case 1049:
        v->alternate = on;
        break;
    case 2004:
        v->bracketed = on;
        break;
    case 2026:
        v->frames += v->in_frame && !on;
        v->in_frame = on;
        break;
    default:
        vt_wrong(v, "an unknown mode", mode);
    }
}

static inline void vt_mode(struct vt *v, bool on)
{
    for (int i = 0; i < v->params; i++) {
        if (v->prefix == '?') {
            vt_private_mode(v, v->param[i], on);
        } else if (v->param[i] == 8) {
            v->explicit_bidi = !on;
        } else if (v->param[i] != 34 && (v->param[i] != 4 || on)) { /* 34: the cursor's shape */
            vt_wrong(v, "an unknown ANSI mode", v->param[i]);
        }
    }
}

static inline void vt_erase_display(struct vt *v)
{
    int how = vt_arg(v, 0, 0);
    for (int y = 0; y < v->h; y++) {
        bool all = how == 2 || (how == 0 && y > v->y) || (how == 1 && y < v->y);
        vt_erase(v, y, all ? 0 : v->w, v->w);
    }
    if (how < 2) {
        vt_erase(v, v->y, how == 0 ? v->x : 0, how == 0 ? v->w : v->x + 1);
    }
}

static inline void vt_repeat(struct vt *v)
{
    for (int i = vt_arg(v, 0, 1); i > 0; i--) {
        vt_put(v, v->last);
    }
}

static inline void vt_insert(struct vt *v, int n)
{
    for (int x = v->w - 1; x >= v->x + n; x--) {
        *vt_at(v, x, v->y) = *vt_at(v, x - n, v->y);
    }
    vt_erase(v, v->y, v->x, v->x + n);
}

static inline void vt_csi_plain(struct vt *v, char final)
{
    int n = vt_arg(v, 0, 1);
    switch (final) {
    case 'A':
        vt_go(v, v->x, v->y - n);
        break;
    case 'B':
        vt_go(v, v->x, v->y + n);
        break;
    case 'C':
        vt_go(v, v->x + n, v->y);
        break;
    case 'D':
        vt_go(v, v->x - n, v->y);
        break;
    case 'G':
        vt_go(v, n - 1, v->y);
        break;
    case 'd':
        vt_go(v, v->x, n - 1);
        break;
    case 'H':
        vt_go(v, vt_arg(v, 1, 1) - 1, n - 1);
        break;
    case 'J':
        vt_erase_display(v);
        break;
    case 'K':
        vt_erase(v, v->y, vt_arg(v, 0, 0) == 0 ? v->x : 0, vt_arg(v, 0, 0) == 1 ? v->x + 1 : v->w);
        break;
    case '@':
        vt_insert(v, n);
        break;
    case 'X':
        vt_erase(v, v->y, v->x, v->x + n);
        break;
    case 'b':
        vt_repeat(v);
        break;
    case 'm':
        for (int i = 0; i < (v->params > 0 ? v->params : 1); i++) {
            vt_pen(v, &i);
        }
        break;
    case 'h':
        vt_mode(v, true);
        break;
    case 'l':
        vt_mode(v, false);
        break;
    case 'r':
        vt_go(v, 0, 0);
        break; /* the whole screen scrolls, or nothing would look right */
    case 't':
        break; /* the title, put away and back */
    default:
        vt_wrong(v, "an unknown control sequence", final);
    }
}

static inline void vt_csi_end(struct vt *v, char final)
{
    v->state = VT_GROUND;
    if (v->prefix == '?' && v->middle == '$' && final == 'p') {
        v->sync_asked = v->param[0] == 2026;
    } else if (v->middle != 0 ||
               (v->prefix != 0 && (v->prefix != '?' || (final != 'h' && final != 'l')))) {
        vt_wrong(v, "an unknown sequence", final);
    } else {
        vt_csi_plain(v, final);
    }
}

static inline void vt_csi(struct vt *v, char c)
{
    if (c >= '0' && c <= '9') {
        v->params = v->params == 0 ? 1 : v->params;
        v->param[v->params - 1] = v->param[v->params - 1] * 10 + (c - '0');
    } else if (c == ';' && v->params < VT_PARAMS) {
        v->params += v->params == 0 ? 2 : 1;
        v->param[v->params - 1] = 0;
    } else if (c >= '<' && c <= '?') {
        v->prefix = c;
    } else if (c >= ' ' && c <= '/') {
        v->middle = c;
    } else {
        vt_csi_end(v, c);
    }
}

static inline void vt_string_end(struct vt *v)
{
    v->string[v->string_n] = '\0';
    v->state = VT_GROUND;
    if (strcmp(v->string, "mark") == 0) {
        v->marks++;
    } else if (strncmp(v->string, "52;c;", 5) == 0) {
        (void)snprintf(v->copied, sizeof(v->copied), "%s", v->string + 5);
    } else {
        vt_wrong(v, "an unknown string", (int)v->string_n);
    }
}

static inline void vt_string(struct vt *v, char c)
{
    if (c == '\a') {
        vt_string_end(v);
    } else if (c == '\033') {
        v->state = VT_STRING_ESC;
    } else if (v->string_n < VT_STRING_BYTES) {
        v->string[v->string_n++] = c;
    }
}

static inline void vt_esc(struct vt *v, char c)
{
    v->state = VT_GROUND;
    switch (c) {
    case '[':
        v->state = VT_CSI;
        v->params = 0;
        v->prefix = v->middle = 0;
        memset(v->param, 0, sizeof(v->param));
        break;
    case ']':
        v->state = VT_STRING;
        v->string_n = 0;
        break;
    case '(':
    case ')': /* the other set, used by nothing */
        v->state = VT_CHARSET;
        break;
    case '\\':
    case '>': /* keypad of numbers: was never another */
        break;
    case 'M':
        vt_go(v, v->x, v->y - 1);
        break;
    default:
        vt_wrong(v, "an unknown escape sequence", c);
    }
}

static inline void vt_control(struct vt *v, char c)
{
    switch (c) {
    case '\033':
        v->state = VT_ESC;
        break;
    case '\r':
        v->x = 0;
        v->wrap = false;
        break;
    case '\n':
        v->wrap = false;
        vt_line_feed(v);
        break;
    case '\b':
        vt_go(v, v->x - 1, v->y);
        break;
    case '\a':
        v->bells++;
        break;
    case '\017':
        break; /* the first character set, as it always is */
    default:
        vt_wrong(v, "a control character", c);
    }
}

static inline void vt_ground(struct vt *v, char c)
{
    if ((unsigned char)c >= 0x80 || v->utf8_n > 0) {
        vt_utf8(v, c);
    } else if (c >= ' ' && c != 0x7F) {
        vt_put(v, (uint32_t)c);
    } else {
        vt_control(v, c);
    }
}

static inline void vt_byte(struct vt *v, char c)
{
    v->bytes++;
    (void)buf_addch(&v->log, c);
    switch (v->state) {
    case VT_ESC:
        vt_esc(v, c);
        break;
    case VT_CHARSET:
        v->state = VT_GROUND;
        if (c != 'B' && c != '0') {
            vt_wrong(v, "another character set", c);
        }
        break;
    case VT_CSI:
        vt_csi(v, c);
        break;
    case VT_STRING:
        vt_string(v, c);
        break;
    case VT_STRING_ESC:
        vt_string_end(v);
        if (c != '\\') {
            vt_wrong(v, "a string cut by an escape", c);
        }
        break;
    case VT_GROUND:
    default:
        vt_ground(v, c);
        break;
    }
}

static inline void vt_feed(struct vt *v, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        vt_byte(v, p[i]);
    }
}

/* How often this was sent. */
static inline unsigned vt_count(const struct vt *v, const char *bytes)
{
    unsigned n = 0;
    const char *at = v->log.data;
    const char *end = v->log.data + v->log.len;
    while ((at = memmem(at, (size_t)(end - at), bytes, strlen(bytes))) != NULL) {
        n++;
        at++;
    }
    return n;
}

/* Row y as text, right end cut; until the next call. */
static inline const char *vt_row(struct vt *v, int y)
{
    static char text[4096 * 4];
    size_t n = 0;
    size_t end = 0;
    for (int x = 0; x < v->w; x++) {
        const struct vt_cell *c = vt_at(v, x, y);
        for (size_t i = 0; i < 1 + TEXT_MARKS_MAX && c->cp[i] != 0 && n + 8 < sizeof(text); i++) {
            n += text_utf8_put(c->cp[i], text + n);
        }
        end = c->cp[0] != ' ' ? n : end;
    }
    text[end] = '\0';
    return text;
}

#endif
