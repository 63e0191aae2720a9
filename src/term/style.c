#include "term_priv.h"

#define BRIGHT      8
#define BRIGHT_GREY 8

static enum color_depth wanted(const struct term_options *o)
{
    switch (o->color) {
    case COLOR_NEVER:
        return COLOR_MONO;
    case COLOR_FORCE_16:
        return COLOR_16;
    case COLOR_AUTO:
        return o->no_color ? COLOR_MONO : COLOR_256;
    case COLOR_ALWAYS:
    case COLOR_FORCE_256:
    case COLOR_FORCE_TRUE: /* terminfo has no entry for direct colours in Debian's base: the nearest
                              of 256 */
    default:
        return COLOR_256;
    }
}

/* Starts curses' colours, which writes to the terminal: only for one that is to have some. */
static enum color_depth offered(void)
{
    if (!has_colors() || start_color() != OK || use_default_colors() != OK || COLORS < 8) {
        return COLOR_MONO;
    }
    return COLORS >= 256 ? COLOR_256 : COLOR_16;
}

static enum color_depth choose(const struct term_options *o)
{
    enum color_depth want = wanted(o);
    enum color_depth has = want == COLOR_MONO ? COLOR_MONO : offered();
    return has < want ? has : want;
}

static const struct {
    unsigned style;
    attr_t attr;
} ATTRIBUTES[] = {
    {STYLE_BOLD,      A_BOLD     },
    {STYLE_DIM,       A_DIM      },
    {STYLE_REVERSE,   A_REVERSE  },
    {STYLE_UNDERLINE, A_UNDERLINE},
    {STYLE_ITALIC,    A_ITALIC   },
};

/* Eight colours have no bright half. Bold stands for it, dim for grey, which would come out black,
 * and reverse for a background that would come out in the colour of the text. */
static void squeeze(struct style *s)
{
    if (s->fg == BRIGHT_GREY) {
        s->fg = COLOR_DEFAULT;
        s->attr |= STYLE_DIM;
    } else if (s->fg >= BRIGHT) {
        s->fg -= BRIGHT;
        s->attr |= STYLE_BOLD;
    }
    if (s->bg >= BRIGHT) {
        s->bg -= BRIGHT;
    }
    if (s->bg != COLOR_DEFAULT && s->bg == s->fg) {
        s->fg = s->bg = COLOR_DEFAULT;
        s->attr |= STYLE_REVERSE;
    }
}

static int pair_of(const struct style *s)
{
    if (s->fg == COLOR_DEFAULT && s->bg == COLOR_DEFAULT) {
        return 0;
    }
    int pair = alloc_pair(s->fg, s->bg);
    return pair > 0 ? pair : 0;
}

static void set_role(struct term *t, const struct theme *theme, enum role r)
{
    struct style s = theme_style(theme, r, t->depth);
    if (t->depth == COLOR_16 && COLORS < 16) {
        squeeze(&s);
    }
    t->attr[r] = A_NORMAL;
    for (size_t i = 0; i < ARRAY_LEN(ATTRIBUTES); i++) {
        t->attr[r] |= (s.attr & ATTRIBUTES[i].style) != 0 ? ATTRIBUTES[i].attr : A_NORMAL;
    }
    t->pair[r] = t->depth == COLOR_MONO ? 0 : pair_of(&s);
    if (t->pair[r] == 0 && s.bg != COLOR_DEFAULT) {
        t->attr[r] |= A_REVERSE;
    }
}

void style_set(struct term *t, const struct theme *theme, const struct term_options *o)
{
    t->depth = choose(o);
    for (int r = 0; r < ROLE_COUNT; r++) {
        set_role(t, theme, (enum role)r);
    }
}
