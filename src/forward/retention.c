/* retention.c - which segments the configuration says are to go, and their end. */
#include <stdio.h>

#include "checkrein/forward.h"

#define MIB ((uint64_t)1 << 20)

int64_t forward_segment_us(const struct conf_keep *keep)
{
    int64_t hours = keep->journal_segment_hours;
    return (hours == 0 && keep->journal_keep_days > 0 ? 24 : hours) * 3600 * 1000000;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

bool forward_droppable(const struct forward_retention *r, int64_t now_us, struct journal_drop *drop,
                       struct why *why)
{
    const struct journal_keep keep = {.days = r->keep->journal_keep_days,
                                      .bytes = (uint64_t)r->keep->journal_keep_mb * MIB,
                                      .needed = lower(forward_needs(r->forward), r->needed)};
    *drop = (struct journal_drop){0};
    if ((keep.days == 0 && keep.bytes == 0) || r->is_off || journal_failed(r->journal)) {
        return false;
    }
    return journal_droppable(r->journal, now_us, &keep, drop, why) == ST_OK &&
           drop->first_segment > 0;
}

enum status forward_drop(struct forward_retention *r, int64_t now_us, struct why *why)
{
    struct journal_drop d;
    if (!forward_droppable(r, now_us, &d, why)) {
        return ST_END;
    }
    enum status st = journal_drop(r->journal, now_us, &d, why);
    if (st != ST_OK) {
        r->is_off = true; /* each try would write all of it again: a person has to look */
        return st;
    }
    (void)why_fail(why, ST_OK, "records %llu to %llu were dropped, as the configuration says",
                   (unsigned long long)d.first, (unsigned long long)d.last);
    return ST_OK;
}
