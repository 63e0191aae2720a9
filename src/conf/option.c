#include "option_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

#define MICRO 1000000

static const struct {
    const char *word;
    int64_t value;
} bool_words[] = {
    {"no",    0},
    {"yes",   1},
    {"false", 0},
    {"true",  1},
    {"off",   0},
    {"on",    1},
};

static const struct {
    const char *name;
    int64_t ms;
} units[] = {
    {"d",  86400000},
    {"h",  3600000 },
    {"m",  60000   },
    {"s",  1000    },
    {"ms", 1       },
};

/* A row without bounds takes every value that is not negative. */
static int64_t upper_bound(const struct option_info *o)
{
    return o->min == 0 && o->max == 0 ? INT64_MAX : o->max;
}

static bool in_bounds(const struct option_info *o, int64_t value)
{
    return value >= o->min && value <= upper_bound(o);
}

static enum status read_int(const struct option_info *o, struct span text, int64_t *value)
{
    return num_parse(text, o->min, upper_bound(o), value);
}

static enum status read_duration(const struct option_info *o, struct span text, int64_t *value)
{
    if (span_starts(text, "-")) {
        return ST_INVALID;
    }
    enum status st = num_parse_duration_ms(text, value);
    return st == ST_OK && !in_bounds(o, *value) ? ST_LIMIT : st;
}

static enum status read_bool(const struct option_info *o, struct span text, int64_t *value)
{
    (void)o;
    for (size_t i = 0; i < ARRAY_LEN(bool_words); i++) {
        if (span_is(text, bool_words[i].word)) {
            *value = bool_words[i].value;
            return ST_OK;
        }
    }
    return ST_INVALID;
}

/* Plain decimals down to a micro-dollar: no sign, no exponent, and nothing that would be rounded.
 */
static enum status read_money(const struct option_info *o, struct span text, int64_t *value)
{
    size_t point = span_find(text, '.');
    if (point < text.n && text.n - point - 1 > 6) {
        return ST_INVALID;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '.' && (text.p[i] < '0' || text.p[i] > '9')) {
            return ST_INVALID;
        }
    }
    enum status st = num_parse_micro(text, value);
    return st == ST_OK && !in_bounds(o, *value) ? ST_LIMIT : st;
}

/* For a choice the help is the list of words. */
static enum status read_choice(const struct option_info *o, struct span text)
{
    struct span rest = span_str(o->help);
    struct span word;
    while (span_next(&rest, '|', &word)) {
        if (span_eq(word, text)) {
            return ST_OK;
        }
    }
    return ST_INVALID;
}

static const struct {
    enum status (*read)(const struct option_info *o, struct span text, int64_t *value);
    const char *wants;
    const char *bound_unit;
} number_kinds[] = {
    [OPTION_INT] = {read_int,      "a whole number",                                 ""          },
    [OPTION_DURATION] = {read_duration, "a time with its unit, as in 250ms 30s 5m 8h 7d", " ms"       },
    [OPTION_BOOL] = {read_bool,     "yes or no",                                      ""          },
    [OPTION_MONEY] = {read_money,    "USD with at most six decimals, as in 5.00",      " micro-USD"},
};

static enum status refuse_number(const struct option_info *o, enum status st, struct why *why)
{
    if (st != ST_LIMIT) {
        return why_fail(why, ST_INVALID, "must be %s", number_kinds[o->kind].wants);
    }
    if (upper_bound(o) == INT64_MAX) {
        return why_fail(why, ST_INVALID, "is too big");
    }
    return why_fail(why, ST_INVALID, "must be from %" PRId64 " to %" PRId64 "%s", o->min, o->max,
                    number_kinds[o->kind].bound_unit);
}

static enum status read_number(const struct option_info *o, struct span text, int64_t *slot,
                               struct why *why)
{
    int64_t value;
    enum status st = number_kinds[o->kind].read(o, text, &value);
    if (st != ST_OK) {
        return refuse_number(o, st, why);
    }
    *slot = value;
    return ST_OK;
}

enum status option_read(const struct option_info *o, struct span text, void *slot, struct why *why)
{
    if (!option_is_text(o)) {
        return read_number(o, text, slot, why);
    }
    if (o->kind == OPTION_CHOICE && read_choice(o, text) != ST_OK) {
        return why_fail(why, ST_INVALID, "must be one of %s", o->help);
    }
    char **string = slot;
    free(*string);
    *string = xstrndup(text.p != NULL ? text.p : "", text.n);
    return ST_OK;
}

static void write_duration(int64_t ms, struct buf *out)
{
    size_t unit = 0;
    while (ms % units[unit].ms != 0 || (ms == 0 && units[unit].ms > 1)) {
        unit++;
    }
    (void)buf_printf(out, "%" PRId64 "%s", ms / units[unit].ms, units[unit].name);
}

/* As few decimals as say it all. */
static void write_money(int64_t microusd, struct buf *out)
{
    char text[32];
    int n =
        snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, microusd / MICRO, microusd % MICRO);
    while (text[n - 1] == '0') {
        n--;
    }
    n -= text[n - 1] == '.';
    (void)buf_add(out, (struct span){text, (size_t)n});
}

void option_write(const struct option_info *o, const void *slot, struct buf *out)
{
    int64_t value = option_is_text(o) ? 0 : *(const int64_t *)slot;
    switch (o->kind) {
    case OPTION_TEXT:
    case OPTION_CHOICE:
        (void)buf_addstr(out, *(char *const *)slot);
        break;
    case OPTION_INT:
        (void)buf_printf(out, "%" PRId64, value);
        break;
    case OPTION_DURATION:
        write_duration(value, out);
        break;
    case OPTION_BOOL:
        (void)buf_addstr(out, bool_words[value != 0].word);
        break;
    case OPTION_MONEY:
        write_money(value, out);
        break;
    }
}
