/* player.h - a record that can be looked at in any instant.
 *
 * It is read once, a slice at a time, while what was read can be looked at already: marks_add() for
 * each record, and pictures on the way to go on from. From the nearest one the picture of any
 * position is folded: with a million records in well under a tenth of a second (tests/bench). The
 * pictures share PLAYER_BYTES; when they are more, every second one goes.
 *
 * A position is a number of records (marks.h). A record that is being written goes on: reading
 * again finds what is new.
 *
 * Thread: the loop's.
 */
#ifndef APP_REPLAY_PLAYER_H
#define APP_REPLAY_PLAYER_H

#include <stdbool.h>

#include "checkrein/journal.h"
#include "checkrein/model.h"
#include "checkrein/span.h"
#include "checkrein/status.h"
#include "marks.h"

#define PLAYER_BYTES    ((size_t)256 << 20)
#define PLAYER_PICTURES 128
#define PLAYER_STRIDE   1024 /* records between two, at first */

struct player;

/* A folder or one segment file. Nothing is read yet. */
enum status player_open(struct player **out, const char *path, struct why *why) MUST_USE;
void player_close(struct player *p); /* NULL is fine */

/* Reads at most so many records on. ST_OK: there may be more; ST_END: all that is written now was
 * read; ST_IO. What is no record is passed over and counted. */
enum status player_read(struct player *p, uint32_t records, struct why *why) MUST_USE;
const struct marks *player_marks(const struct player *p);
uint64_t player_bad(const struct player *p); /* lines that are no records, or cannot be folded */
const char *player_first_bad(const struct player *p); /* where the first is, and what; or "" */

/* The picture at this position, which is cut to what was read. ST_IO. */
enum status player_seek(struct player *p, uint64_t position, struct why *why) MUST_USE;
uint64_t player_position(const struct player *p);
int64_t player_time_us(const struct player *p);           /* of its last record */
const struct fleet *player_fleet(const struct player *p); /* until the next seek */

/* Whether a record is looked for. */
struct player_wanted {
    bool (*has)(void *ctx, const struct journal_record *rec, uint32_t segment);
    void *ctx;
};

/* A search for the next position after one, or the last before it, whose record is looked for. It
 * goes through the whole record if need be, so it is done in pieces that take as long as a seek
 * each. */
struct player_hunt {
    uint64_t from, at; /* where it began, and how far it has come */
    bool back;
};
void player_hunt_begin(struct player_hunt *h, uint64_t from, bool back);
/* ST_OK and the position; ST_AGAIN: not in this piece; ST_NOTFOUND; ST_IO. */
enum status player_hunt_on(struct player *p, struct player_hunt *h, const struct player_wanted *w,
                           uint64_t *position, struct why *why) MUST_USE;
/* Is it the record of this position? ST_OK, ST_NOTFOUND, ST_IO. */
enum status player_look_at(struct player *p, uint64_t position, const struct player_wanted *w,
                           struct why *why) MUST_USE;

#endif
