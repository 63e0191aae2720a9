#include "checkrein/theme.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "checkrein/conf.h"
#include "style_priv.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-"

static const struct style plain = {COLOR_DEFAULT, COLOR_DEFAULT, 0};

/* A theme in the making. */
struct draft {
    const struct ini *ini;
    struct theme theme;
    bool has_name, has_base;
    bool has_role[ROLE_COUNT];
};

static void start(struct draft *d)
{
    *d = (struct draft){0};
    for (int r = 0; r < ROLE_COUNT; r++) {
        d->theme.style[r] = plain;
    }
}

static void fill_gaps(struct draft *d)
{
    for (int r = 0; r < ROLE_COUNT; r++) {
        enum role from = (enum role)r;
        while (!d->has_role[from] && role_fallback(from) != from) {
            from = role_fallback(from);
        }
        d->theme.style[r] = d->theme.style[from];
    }
}

void theme_default(struct theme *t)
{
    static const struct {
        enum role role;
        uint32_t attr;
    } rows[] = {
        {ROLE_STRONG,       STYLE_BOLD                },
        {ROLE_SELECTED,     STYLE_REVERSE             },
        {ROLE_MODE_FROZEN,  STYLE_REVERSE             },
        {ROLE_MODE_REPLAY,  STYLE_REVERSE             },
        {ROLE_MODE_STALE,   STYLE_REVERSE             },
        {ROLE_MODE_STOPPED, STYLE_REVERSE | STYLE_BOLD},
        {ROLE_EMERGENCY,    STYLE_REVERSE | STYLE_BOLD},
        {ROLE_REPLACED,     STYLE_REVERSE             },
        {ROLE_FOREIGN,      STYLE_REVERSE             },
    };
    struct draft d;
    start(&d);
    (void)span_copy(SPAN("mono"), d.theme.name, sizeof(d.theme.name));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        d.theme.style[rows[i].role].attr = rows[i].attr;
        d.has_role[rows[i].role] = true;
    }
    fill_gaps(&d);
    *t = d.theme;
}

static bool is_name(struct span s)
{
    return s.n > 0 && s.n < sizeof(((struct theme *)0)->name) && ini_has_only(s, NAME_CHARS);
}

static enum status read_name(struct draft *d, struct span value, struct why *why)
{
    if (!is_name(value)) {
        return why_fail(why, ST_INVALID, "must be a word of a-z 0-9 _ - up to %zu",
                        sizeof(d->theme.name) - 1);
    }
    (void)span_copy(value, d->theme.name, sizeof(d->theme.name));
    d->has_name = true;
    return ST_OK;
}

static enum status read_base(struct draft *d, struct span value, struct why *why)
{
    static const char *const names[] = {
        [THEME_BASE_ANY] = "any", [THEME_BASE_DARK] = "dark", [THEME_BASE_LIGHT] = "light"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (span_is(value, names[i])) {
            d->theme.base = (enum theme_base)i;
            d->has_base = true;
            return ST_OK;
        }
    }
    return why_fail(why, ST_INVALID, "must be dark, light or any");
}

static enum status read_about(struct draft *d, const struct ini_key *k, struct why *why)
{
    if (span_is(k->name, "name")) {
        return read_name(d, k->value, why);
    }
    if (span_is(k->name, "base")) {
        return read_base(d, k->value, why);
    }
    return why_fail(why, ST_INVALID, "there is no such key; there are name, base");
}

static enum status read_role(struct draft *d, const struct ini_key *k, struct why *why)
{
    enum role role = role_find(k->name);
    if (role == ROLE_COUNT) {
        return why_fail(why, ST_INVALID, "there is no such role");
    }
    d->has_role[role] = true;
    return style_parse(k->value, &d->theme.style[role], why);
}

static enum status read_section(struct draft *d, const struct ini_section *s, struct why *why)
{
    enum status (*read)(struct draft *, const struct ini_key *, struct why *) = NULL;
    if (span_is(s->name, "theme")) {
        read = read_about;
    } else if (span_is(s->name, "roles")) {
        read = read_role;
    } else {
        return ini_fail(d->ini, s, s->name.n == 0 ? s->keys : NULL, why,
                        "a theme has the sections [theme] and [roles]");
    }
    for (uint32_t i = 0; i < s->key_count; i++) {
        struct why what = {0};
        if (read(d, &s->keys[i], &what) != ST_OK) {
            return ini_fail(d->ini, s, &s->keys[i], why, "%s", what.text);
        }
    }
    return ST_OK;
}

static enum status read_theme(struct draft *d, struct why *why)
{
    enum status st = ST_OK;
    for (uint32_t i = 0; i < d->ini->section_count && st == ST_OK; i++) {
        st = read_section(d, &d->ini->sections[i], why);
    }
    if (st == ST_OK && !(d->has_name && d->has_base)) {
        st = ini_fail(d->ini, ini_section(d->ini, "theme"), NULL, why,
                      "[theme] needs a name and a base");
    }
    return st;
}

enum status theme_load(struct theme *t, const char *path, struct why *why)
{
    struct ini ini;
    enum status st = ini_load(&ini, path, why);
    if (st != ST_OK) {
        return st;
    }
    struct draft d;
    start(&d);
    d.ini = &ini;
    st = read_theme(&d, why);
    if (st == ST_OK) {
        fill_gaps(&d);
        *t = d.theme;
    }
    ini_release(&ini);
    return st;
}

static enum status load_from(struct theme *t, const char *dir, const char *name, struct why *why)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s.ini", dir, name);
    return n >= 0 && (size_t)n < sizeof(path)
               ? theme_load(t, path, why)
               : why_fail(why, ST_LIMIT, "the path of a folder for themes is too long");
}

enum status theme_find(struct theme *t, const char *name, const char *const *dirs, struct why *why)
{
    if (strchr(name, '/') != NULL) {
        return theme_load(t, name, why);
    }
    if (!is_name(span_str(name))) {
        return why_fail(why, ST_INVALID,
                        "\"%s\" is no name of a theme; a path to one has a '/' in it", name);
    }
    for (; *dirs != NULL; dirs++) {
        enum status st = load_from(t, *dirs, name, why);
        if (st != ST_NOTFOUND) {
            return st;
        }
    }
    return why_fail(why, ST_NOTFOUND, "there is no theme \"%s\"", name);
}

struct style theme_style(const struct theme *t, enum role role, enum color_depth depth)
{
    struct style s = t->style[role];
    bool had_bg = s.bg != COLOR_DEFAULT;
    s.fg = theme_color(s.fg, depth);
    s.bg = theme_color(s.bg, depth);
    if (had_bg && s.bg == s.fg) { /* at COLOR_MONO both are the default */
        s = (struct style){COLOR_DEFAULT, COLOR_DEFAULT, s.attr | STYLE_REVERSE};
    }
    return s;
}
