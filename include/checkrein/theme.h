/* theme.h - theme files: role to style, and the ladder truecolor -> 256 -> 16 -> mono.
 *
 * A theme is an ini: [theme] name, base = dark|light|any (the terminals it is made for); [roles]
 * role = "fg [on bg] [bold] [dim] [reverse] [underline] [italic]" where a colour is default, a name
 * (red, bright-red, grey), 0-255, or 0xRRGGBB. A role without a line takes its fallback's style
 * (canvas.h). Every state also has a word and a symbol, so mono loses nothing. Thread: the loop's.
 *
 *     struct style s = theme_style(&theme, cell->role, depth);
 *     paint(s.fg, s.bg, s.attr);
 */
#ifndef CHECKREIN_THEME_H
#define CHECKREIN_THEME_H

#include <stdint.h>

#include "checkrein/canvas.h"
#include "checkrein/status.h"

enum color_depth { COLOR_MONO, COLOR_16, COLOR_256, COLOR_TRUE };
enum { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_REVERSE = 4, STYLE_UNDERLINE = 8, STYLE_ITALIC = 16 };

#define COLOR_DEFAULT (-1)
struct style {
    int32_t fg, bg; /* as written: COLOR_DEFAULT, 0..255, or COLOR_RGB(0xRRGGBB) */
    uint32_t attr;
};
#define COLOR_RGB(rgb)  (0x1000000 | (int32_t)(rgb))
#define COLOR_IS_RGB(c) ((c) >= 0x1000000)

enum theme_base { THEME_BASE_ANY, THEME_BASE_DARK, THEME_BASE_LIGHT };

struct theme {
    char name[32]; /* [a-z0-9_-] */
    enum theme_base base;
    struct style style[ROLE_COUNT];
};

/* The theme that is compiled in: default colours, bold and reverse only. Never fails. */
void theme_default(struct theme *t);
enum status theme_load(struct theme *t, const char *path, struct why *why) MUST_USE;
/* Finds "dark" in $dir/dark.ini for each of the NULL-ended folders, or takes a path with a '/'. The
 * first file that exists is the one, also when it is refused. ST_NOTFOUND when there is none. On
 * failure (here and above) *t is unchanged. */
enum status theme_find(struct theme *t, const char *name, const char *const *dirs,
                       struct why *why) MUST_USE;
/* The style of a role as this depth can show it. A background that the depth cannot show, or that
 * would come out in the colour of the text, becomes STYLE_REVERSE: what stands out keeps standing
 * out. */
struct style theme_style(const struct theme *t, enum role role, enum color_depth depth);
/* The nearest colour at this depth, in the same notation: COLOR_DEFAULT always at COLOR_MONO, 0..15
 * at COLOR_16, 0..255 at COLOR_256 (an RGB goes to 16..255, which users do not redefine), as-is at
 * COLOR_TRUE. */
int32_t theme_color(int32_t color, enum color_depth depth);
/* WCAG contrast ratio times 100 of two RGB values (for the theme tests: at least 450). */
int theme_contrast_x100(uint32_t rgb_a, uint32_t rgb_b);
/* xterm's palette: 0..15 its defaults, 16..231 the cube, 232..255 the greys. */
uint32_t theme_rgb_of_256(int index);

#endif
