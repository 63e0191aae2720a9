#include "marks.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

#define WHAT_BITS 8
#define WHAT_MASK ((UINT64_C(1) << WHAT_BITS) - 1)
#define MS_US     INT64_C(1000)

static int64_t time_of(uint64_t entry)
{
    return (int64_t)(entry >> WHAT_BITS) * MS_US;
}

void marks_add(struct marks *m, int64_t time_us, unsigned what)
{
    int64_t newest = m->count > 0 ? time_of(m->entry[m->count - 1]) : 0;
    int64_t at = time_us > newest ? time_us : newest;
    GROW(m->entry, m->cap, m->count + 1);
    if ((what & MARK_START) != 0) {
        GROW(m->start, m->start_cap, m->starts + 1);
        m->start[m->starts++] = m->count;
    }
    m->entry[m->count++] = (uint64_t)(at / MS_US) << WHAT_BITS | (what & WHAT_MASK);
}

void marks_release(struct marks *m)
{
    free(m->entry);
    free(m->start);
    *m = (struct marks){0};
}

int64_t marks_time_us(const struct marks *m, uint64_t position)
{
    if (m->count == 0) {
        return 0;
    }
    uint64_t last = position == 0 ? 0 : position - 1;
    return time_of(m->entry[last < m->count ? last : m->count - 1]);
}

uint64_t marks_at_time(const struct marks *m, int64_t time_us)
{
    uint64_t low = 0;
    uint64_t high = m->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (time_of(m->entry[middle]) <= time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint64_t marks_next(const struct marks *m, uint64_t position, unsigned what)
{
    for (uint64_t i = position; i < m->count; i++) {
        if ((m->entry[i] & what) != 0) {
            return i + 1;
        }
    }
    return position;
}

uint64_t marks_previous(const struct marks *m, uint64_t position, unsigned what)
{
    for (uint64_t i = position; i > 1; i--) {
        if ((m->entry[i - 2] & what) != 0) {
            return i - 1;
        }
    }
    return position;
}

struct marks_span marks_session(const struct marks *m, uint64_t position)
{
    size_t low = 0;
    size_t high = m->starts;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->start[middle] < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t number = low > 0 ? low : m->starts > 0;
    return (struct marks_span){.first = number > 0 ? m->start[number - 1] : 0,
                               .last = number < m->starts ? m->start[number] : m->count,
                               .number = (uint32_t)number,
                               .of = (uint32_t)m->starts};
}

void marks_cells(const struct marks *m, const struct marks_span *s, struct marks_cell *cell,
                 size_t cells)
{
    int64_t from = marks_time_us(m, s->first + 1);
    int64_t span = marks_time_us(m, s->last) - from + MS_US;
    memset(cell, 0, cells * sizeof(*cell));
    for (uint64_t i = s->first; i < s->last; i++) {
        size_t at = (size_t)((double)(time_of(m->entry[i]) - from) / (double)span * (double)cells);
        struct marks_cell *c = &cell[at < cells ? at : cells - 1];
        c->changes += (m->entry[i] & MARK_CHANGE) != 0;
        c->what |= (unsigned)(m->entry[i] & WHAT_MASK);
    }
}
