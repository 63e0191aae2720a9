/* civil.c - the two time functions of num.h: Gregorian dates in UTC, no time zone data, no libc. */
#include "checkrein/num.h"

#include <string.h>

#define FIRST_YEAR   1970
#define DAY_SECONDS  86400
#define SECOND_US    1000000
#define LAST_WALL_US 253402300799999999 /* 9999-12-31T23:59:59.999999Z */

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Leap years in [1, year]. */
static int leaps_to(int year)
{
    return year / 4 - year / 100 + year / 400;
}

/* Days from 1970-01-01 to January 1st of the year. */
static int64_t year_start(int year)
{
    return (int64_t)(year - FIRST_YEAR) * 365 + leaps_to(year - 1) - leaps_to(FIRST_YEAR - 1);
}

static int64_t days_from_date(int year, int month, int day)
{
    int64_t days = year_start(year) + day - 1;
    for (int m = 1; m < month; m++) {
        days += month_days(year, m);
    }
    return days;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
    int y = FIRST_YEAR + (int)(days / 365); /* never too early, at most a few years too late */
    while (year_start(y) > days) {
        y--;
    }
    int left = (int)(days - year_start(y));
    int m = 1;
    while (left >= month_days(y, m)) {
        left -= month_days(y, m);
        m++;
    }
    *year = y;
    *month = m;
    *day = left + 1;
}

static char *put_digits(char *out, int value, int width)
{
    for (int i = width; i-- > 0; value /= 10) {
        out[i] = (char)('0' + value % 10);
    }
    return out + width;
}

void time_format(int64_t wall_us, char out[TIME_TEXT_BYTES])
{
    int64_t us = wall_us < 0 ? 0 : wall_us;
    us = us > LAST_WALL_US ? LAST_WALL_US : us;
    int second = (int)(us / SECOND_US % DAY_SECONDS);
    const char seps[] = {'-', '-', 'T', ':', ':', '.', 'Z'};
    const int widths[] = {4, 2, 2, 2, 2, 2, 3};
    int fields[] = {0, 0, 0, second / 3600, second / 60 % 60, second % 60, (int)(us / 1000 % 1000)};
    date_from_days(us / SECOND_US / DAY_SECONDS, &fields[0], &fields[1], &fields[2]);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        out = put_digits(out, fields[i], widths[i]);
        *out++ = seps[i];
    }
    *out = '\0';
}

/* Takes a fixed number of digits whose value lies in [min, max]. */
static bool take_int(struct span *s, size_t width, int min, int max, int *out)
{
    int value = 0;
    if (s->n < width) {
        return false;
    }
    for (size_t i = 0; i < width; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') {
            return false;
        }
        value = value * 10 + (s->p[i] - '0');
    }
    *s = span_sub(*s, width, SIZE_MAX);
    *out = value;
    return value >= min && value <= max;
}

static bool take_char(struct span *s, const char *any_of)
{
    if (s->n == 0 || s->p[0] == '\0' || strchr(any_of, s->p[0]) == NULL) {
        return false;
    }
    *s = span_sub(*s, 1, SIZE_MAX);
    return true;
}

static bool take_date(struct span *s, int64_t *days)
{
    int year;
    int month;
    int day;
    if (!take_int(s, 4, 1, 9999, &year) || !take_char(s, "-") || !take_int(s, 2, 1, 12, &month) ||
        !take_char(s, "-") || !take_int(s, 2, 1, month_days(year, month), &day)) {
        return false;
    }
    *days = days_from_date(year, month, day);
    return true;
}

static bool take_clock(struct span *s, int *seconds, bool *is_leap_second)
{
    int hour;
    int minute;
    int second;
    if (!take_int(s, 2, 0, 23, &hour) || !take_char(s, ":") || !take_int(s, 2, 0, 59, &minute) ||
        !take_char(s, ":") || !take_int(s, 2, 0, 60, &second)) {
        return false;
    }
    *seconds = hour * 3600 + minute * 60 + second;
    *is_leap_second = second == 60;
    return true;
}

/* Any number of digits; those below a microsecond are cut. */
static bool take_fraction(struct span *s, int *us)
{
    *us = 0;
    if (!take_char(s, ".")) {
        return true;
    }
    int digit;
    int weight = SECOND_US / 10;
    size_t before = s->n;
    while (s->n > 0 && take_int(s, 1, 0, 9, &digit)) {
        *us += digit * weight;
        weight /= 10;
    }
    return s->n < before;
}

static bool take_offset(struct span *s, int *seconds)
{
    *seconds = 0;
    if (take_char(s, "Zz")) {
        return true;
    }
    int hour;
    int minute;
    int sign = s->n > 0 && s->p[0] == '-' ? -1 : 1;
    if (!take_char(s, "+-") || !take_int(s, 2, 0, 23, &hour) || !take_char(s, ":") ||
        !take_int(s, 2, 0, 59, &minute)) {
        return false;
    }
    *seconds = sign * (hour * 3600 + minute * 60);
    return true;
}

enum status time_parse(struct span s, int64_t *wall_us)
{
    int64_t days;
    int seconds;
    int us;
    int offset;
    bool is_leap_second;
    if (!take_date(&s, &days) || !take_char(&s, "Tt") ||
        !take_clock(&s, &seconds, &is_leap_second) || !take_fraction(&s, &us) ||
        !take_offset(&s, &offset) || s.n > 0) {
        return ST_INVALID;
    }
    int64_t utc = days * DAY_SECONDS + seconds - offset;
    if (is_leap_second && utc % DAY_SECONDS != 0) {
        return ST_INVALID; /* second 60 exists only at the end of a day in UTC */
    }
    int64_t value = utc * SECOND_US + us;
    if (value < 0 || value > LAST_WALL_US) {
        return ST_LIMIT;
    }
    *wall_us = value;
    return ST_OK;
}
