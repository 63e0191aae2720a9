/* marks.h - one entry for each record of a history: when it was, and what to stop at. Eight bytes
 * each; a million records take 8 MB.
 *
 * Times never go back here: a clock that was set back shows as no time passing, so that a moment
 * can be found by halving. A position is a number of records: 0 before the first, count after the
 * last.
 */
#ifndef APP_REPLAY_MARKS_H
#define APP_REPLAY_MARKS_H

#include <stddef.h>
#include <stdint.h>

/* What a record is, besides being there. */
enum {
    MARK_CHANGE = 1, /* the picture is another after it */
    MARK_ASKED = 2,
    MARK_DECIDED = 4,
    MARK_FAILED = 8,
    MARK_START = 16 /* a writer began, with an empty picture */
};

struct marks {
    uint64_t *entry; /* milliseconds << 8 | what */
    size_t count, cap;
    uint64_t *start; /* positions before each MARK_START */
    size_t starts, start_cap;
};

void marks_add(struct marks *m, int64_t time_us, unsigned what);
void marks_release(struct marks *m);
/* Of the record before this position; of position 0 what the first record has. */
int64_t marks_time_us(const struct marks *m, uint64_t position);
/* The last position whose record is not later. */
uint64_t marks_at_time(const struct marks *m, int64_t time_us);
/* The nearest position after, or before, this one whose record is one of `what`; the same when
 * there is none. */
uint64_t marks_next(const struct marks *m, uint64_t position, unsigned what);
uint64_t marks_previous(const struct marks *m, uint64_t position, unsigned what);

/* The records from one start to the next, around this position: first <= position <= last. */
struct marks_span {
    uint64_t first, last; /* positions */
    uint32_t number, of;  /* which of how many starts, from 1 */
};
struct marks_span marks_session(const struct marks *m, uint64_t position);

/* What happened in each of `cells` equal parts of the time between two positions. */
struct marks_cell {
    uint32_t changes;
    unsigned what;
};
void marks_cells(const struct marks *m, const struct marks_span *s, struct marks_cell *cell,
                 size_t cells);

#endif
