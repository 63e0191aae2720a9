/* Numbers as words. Times come in steps that grow, so that nothing on the screen ticks by the
 * second. */
#include <string.h>

#include "checkrein/num.h"
#include "frame_priv.h"

#define MINUTE_S INT64_C(60)
#define HOUR_S   INT64_C(3600)
#define DAY_S    INT64_C(86400)

struct step {
    int64_t below_s, step_s, unit_s;
    const char *shorter, *longer;
};
static const struct step steps[] = {
    {MINUTE_S,  10,       1,        "s", " s"   },
    {HOUR_S,    MINUTE_S, MINUTE_S, "m", " min" },
    {2 * DAY_S, HOUR_S,   HOUR_S,   "h", " h"   },
    {INT64_MAX, DAY_S,    DAY_S,    "d", " days"},
};

static const struct step *step_of(int64_t span_s)
{
    const struct step *s = steps;
    while (span_s >= s->below_s && s->below_s != INT64_MAX) {
        s++;
    }
    return s;
}

struct reading {
    int64_t number;
    int64_t shown_s;
    const struct step *step;
};

static struct reading read_span(int64_t span_us)
{
    int64_t span_s = span_us > 0 ? span_us / SECOND_US : 0;
    struct reading r = {.step = step_of(span_s)};
    r.shown_s = span_s - span_s % r.step->step_s;
    r.number = r.shown_s / r.step->unit_s;
    return r;
}

static struct reading read_age(struct frame *fr, int64_t since_us)
{
    int64_t age_us = 0;
    if (__builtin_sub_overflow(fr->now.wall_us, since_us, &age_us) || age_us < 0) {
        age_us = 0;
    }
    struct reading r = read_span(age_us);
    int64_t next_us = (r.shown_s + r.step->step_s) * SECOND_US;
    if (!__builtin_add_overflow(since_us, next_us, &next_us)) {
        frame_change_wall(fr, next_us);
    }
    return r;
}

/* What is left reads lower from the moment on at which it falls below what is shown. */
static struct reading read_left(struct frame *fr, int64_t until_us)
{
    int64_t left_us = 0;
    if (__builtin_sub_overflow(until_us, fr->now.wall_us, &left_us) || left_us < 0) {
        left_us = 0;
    }
    struct reading r = read_span(left_us);
    int64_t next_us = 0;
    if (!__builtin_sub_overflow(until_us, r.shown_s * SECOND_US - 1, &next_us)) {
        frame_change_wall(fr, next_us);
    }
    return r;
}

struct safe frame_age_short(struct frame *fr, int64_t since_us)
{
    struct reading r = read_age(fr, since_us);
    return text_fmt(fr->arena, "%lld%s", (long long)r.number, r.step->shorter);
}

struct safe frame_age_long(struct frame *fr, int64_t since_us)
{
    struct reading r = read_age(fr, since_us);
    if (r.number == 0) {
        return text_own("a moment");
    }
    return text_fmt(fr->arena, "%lld%s", (long long)r.number, r.step->longer);
}

struct safe frame_left_short(struct frame *fr, int64_t until_us)
{
    struct reading r = read_left(fr, until_us);
    return r.number == 0 ? text_own("<10s")
                         : text_fmt(fr->arena, "%lld%s", (long long)r.number, r.step->shorter);
}

struct safe frame_left_long(struct frame *fr, int64_t until_us)
{
    struct reading r = read_left(fr, until_us);
    return r.number == 0 ? text_own("10 s")
                         : text_fmt(fr->arena, "%lld%s", (long long)r.number, r.step->longer);
}

/* "2026-11-20T14:22:07.123Z" */
enum { AT_DAY = 8, AT_CLOCK = 11, CLOCK_BYTES = 8, CLOCK_MS_BYTES = 12, DATE_BYTES = 10 };

struct safe frame_clock(struct frame *fr, int64_t wall_us)
{
    char then[TIME_TEXT_BYTES];
    char now[TIME_TEXT_BYTES];
    time_format(wall_us, then);
    time_format(fr->now.wall_us, now);
    if (memcmp(then, now, DATE_BYTES) == 0) {
        return text_fmt(fr->arena, "%.*s", CLOCK_BYTES, then + AT_CLOCK);
    }
    return text_fmt(fr->arena, "%.2s %.5s", then + AT_DAY, then + AT_CLOCK);
}

struct safe frame_clock_ms(struct frame *fr, int64_t wall_us)
{
    char text[TIME_TEXT_BYTES];
    time_format(wall_us, text);
    return text_fmt(fr->arena, "%.*s", CLOCK_MS_BYTES, text + AT_CLOCK);
}

struct safe frame_money(struct frame *fr, int64_t microusd)
{
    const char *sign = microusd < 0 ? "-" : "";
    uint64_t micro = microusd < 0 ? 0 - (uint64_t)microusd : (uint64_t)microusd;
    uint64_t cents = micro / 10000;
    if (micro > 0 && cents == 0) {
        return text_fmt(fr->arena, "%s<$0.01", sign);
    }
    if (cents >= 10000000) {
        return text_fmt(fr->arena, "%s$%lluk", sign, (unsigned long long)(cents / 100000));
    }
    if (cents >= 100000) {
        return text_fmt(fr->arena, "%s$%llu", sign, (unsigned long long)(cents / 100));
    }
    return text_fmt(fr->arena, "%s$%llu.%02llu", sign, (unsigned long long)(cents / 100),
                    (unsigned long long)(cents % 100));
}

struct safe frame_quantity(struct frame *fr, int64_t n)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t unit = 0;
    int64_t tenths = 0;
    for (n = n < 0 ? 0 : n; n >= 1000 && unit + 1 < ARRAY_LEN(units); unit++) {
        tenths = n % 1000 / 100;
        n /= 1000;
    }
    if (unit > 0 && n < 10) {
        return text_fmt(fr->arena, "%lld.%lld%s", (long long)n, (long long)tenths, units[unit]);
    }
    return text_fmt(fr->arena, "%lld%s", (long long)n, units[unit]);
}

struct safe frame_took(struct frame *fr, int64_t ms)
{
    if (ms < 0) {
        return text_own("");
    }
    if (ms < 1000) {
        return text_fmt(fr->arena, "%lld ms", (long long)ms);
    }
    if (ms < 60000) {
        return text_fmt(fr->arena, "%lld.%lld s", (long long)(ms / 1000),
                        (long long)(ms % 1000 / 100));
    }
    return text_fmt(fr->arena, "%lld min", (long long)(ms / 60000));
}
