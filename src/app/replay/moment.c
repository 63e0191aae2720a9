#include "moment.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "checkrein/num.h"

#define SECOND_US  INT64_C(1000000)
#define DATE_CHARS 10                  /* 2026-11-17 */
#define MOST       INT64_C(1000000000) /* of a distance, in its unit */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum status parse_distance(struct span s, int64_t from_us, int64_t *at_us)
{
    static const struct {
        char unit;
        int64_t us;
    } units[] = {
        {'s', SECOND_US        },
        {'m', 60 * SECOND_US   },
        {'h', 3600 * SECOND_US },
        {'d', 86400 * SECOND_US}
    };
    int64_t number = 0;
    size_t i = 1;
    for (; i < s.n && is_digit(s.p[i]) && number < MOST; i++) {
        number = number * 10 + (s.p[i] - '0');
    }
    for (size_t u = 0; i > 1 && i + 1 == s.n && u < ARRAY_LEN(units); u++) {
        if (s.p[i] == units[u].unit && number <= INT64_MAX / 4 / units[u].us) {
            int64_t by = number * units[u].us;
            *at_us = s.p[0] == '-' ? from_us - by : from_us + by;
            return ST_OK;
        }
    }
    return ST_INVALID;
}

/* "14:03" and "14:03:20" become whole times of that date; what has an offset keeps it. */
static enum status parse_clock(struct span date, struct span clock, int64_t *at_us)
{
    char text[64];
    size_t colons = 0;
    bool has_zone = false;
    for (size_t i = 0; i < clock.n; i++) {
        colons += clock.p[i] == ':';
        has_zone |= clock.p[i] == 'Z' || clock.p[i] == '+' || clock.p[i] == '-';
    }
    if (clock.n > 32 || clock.n < 5 || !is_digit(clock.p[0])) {
        return ST_INVALID;
    }
    (void)snprintf(text, sizeof(text), "%.*sT%.*s%s%s", SPAN_ARG(date), SPAN_ARG(clock),
                   colons == 1 && !has_zone ? ":00" : "", has_zone ? "" : "Z");
    return time_parse(span_str(text), at_us);
}

static bool begins_with_date(struct span s)
{
    return s.n >= DATE_CHARS && s.p[4] == '-' && s.p[7] == '-' &&
           (s.n == DATE_CHARS || s.p[DATE_CHARS] == 'T' || s.p[DATE_CHARS] == ' ');
}

static enum status parse(struct span s, int64_t from_us, int64_t *at_us)
{
    char today[TIME_TEXT_BYTES];
    if (s.n > 1 && (s.p[0] == '-' || s.p[0] == '+')) {
        return parse_distance(s, from_us, at_us);
    }
    if (begins_with_date(s)) {
        struct span clock = span_trim(span_sub(s, DATE_CHARS + 1, s.n));
        return parse_clock(span_sub(s, 0, DATE_CHARS), clock.n ? clock : SPAN("00:00"), at_us);
    }
    time_format(from_us, today);
    return parse_clock((struct span){today, DATE_CHARS}, s, at_us);
}

enum status moment_parse(struct span text, int64_t from_us, int64_t *at_us, struct why *why)
{
    return parse(span_trim(text), from_us, at_us) == ST_OK
               ? ST_OK
               : why_fail(why, ST_INVALID,
                          "\"%.*s\" is no time: 14:03:20, 2026-11-17 14:03 or -5m, in UTC",
                          SPAN_ARG(span_sub(text, 0, 40)));
}
