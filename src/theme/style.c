#include "style_priv.h"

#include "checkrein/num.h"

static const struct {
    const char *name;
    int32_t color;
} colors[] = {
    {"default",        COLOR_DEFAULT},
    {"black",          0            },
    {"red",            1            },
    {"green",          2            },
    {"yellow",         3            },
    {"blue",           4            },
    {"magenta",        5            },
    {"cyan",           6            },
    {"white",          7            },
    {"grey",           8            },
    {"gray",           8            },
    {"bright-black",   8            },
    {"bright-red",     9            },
    {"bright-green",   10           },
    {"bright-yellow",  11           },
    {"bright-blue",    12           },
    {"bright-magenta", 13           },
    {"bright-cyan",    14           },
    {"bright-white",   15           },
};

static const struct {
    const char *name;
    uint32_t bit;
} attributes[] = {
    {"bold",      STYLE_BOLD     },
    {"dim",       STYLE_DIM      },
    {"reverse",   STYLE_REVERSE  },
    {"underline", STYLE_UNDERLINE},
    {"italic",    STYLE_ITALIC   },
};

static bool next_word(struct span *rest, struct span *word)
{
    *rest = span_trim(*rest);
    size_t end = 0;
    while (end < rest->n && rest->p[end] != ' ' && rest->p[end] != '\t') {
        end++;
    }
    *word = span_sub(*rest, 0, end);
    *rest = span_sub(*rest, end, SIZE_MAX);
    return end > 0;
}

static enum status parse_rgb(struct span digits, int32_t *color)
{
    uint8_t rgb[3];
    enum status st = hex_decode(digits, rgb, sizeof(rgb));
    if (st == ST_OK) {
        *color = COLOR_RGB(rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
    }
    return st;
}

static enum status parse_color(struct span word, int32_t *color)
{
    for (size_t i = 0; i < ARRAY_LEN(colors); i++) {
        if (span_is(word, colors[i].name)) {
            *color = colors[i].color;
            return ST_OK;
        }
    }
    if (span_starts(word, "0x")) {
        return parse_rgb(span_sub(word, 2, SIZE_MAX), color);
    }
    int64_t index;
    enum status st = num_parse(word, 0, 255, &index);
    if (st == ST_OK) {
        *color = (int32_t)index;
    }
    return st;
}

static enum status take_color(struct span *rest, int32_t *color, struct why *why)
{
    struct span word;
    if (!next_word(rest, &word)) {
        return why_fail(why, ST_INVALID, "a colour is missing");
    }
    return parse_color(word, color) == ST_OK
               ? ST_OK
               : why_fail(why, ST_INVALID,
                          "\"%.*s\" is no colour: default, a name as red or bright-red, 0-255, "
                          "0xRRGGBB",
                          SPAN_ARG(word));
}

static enum status add_attribute(struct span word, uint32_t *attr, struct why *why)
{
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        if (!span_is(word, attributes[i].name)) {
            continue;
        }
        if ((*attr & attributes[i].bit) != 0) {
            return why_fail(why, ST_INVALID, "\"%.*s\" stands twice", SPAN_ARG(word));
        }
        *attr |= attributes[i].bit;
        return ST_OK;
    }
    return why_fail(why, ST_INVALID,
                    "\"%.*s\" is none of bold, dim, reverse, underline, italic; \"on\" follows the "
                    "first colour",
                    SPAN_ARG(word));
}

enum status style_parse(struct span text, struct style *out, struct why *why)
{
    struct style style = {COLOR_DEFAULT, COLOR_DEFAULT, 0};
    enum status st = take_color(&text, &style.fg, why);
    struct span after = text;
    struct span word;
    if (st == ST_OK && next_word(&after, &word) && span_is(word, "on")) {
        st = take_color(&after, &style.bg, why);
        text = after;
    }
    while (st == ST_OK && next_word(&text, &word)) {
        st = add_attribute(word, &style.attr, why);
    }
    if (st == ST_OK) {
        *out = style;
    }
    return st;
}
