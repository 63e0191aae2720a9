/* store_priv.h - the file, as SQLite has it.
 *
 * Records are numbered as they are read: `doc`, never given twice, so that those of a segment stand
 * in a row and all of them in the order of the record. What is read anew gets new numbers; the
 * words of the old ones stay behind and lead nowhere, since only the table of segments says which
 * numbers are of the record. When more lead nowhere than somewhere, the file is made anew.
 */
#ifndef CHECKREIN_INDEX_STORE_PRIV_H
#define CHECKREIN_INDEX_STORE_PRIV_H

#include <sqlite3.h>

#include "checkrein/crypto.h"
#include "checkrein/index.h"

#define STORE_APPLICATION 0x43524958 /* "CRIX" */
#define STORE_VERSION     1

struct index {
    sqlite3 *db;
    char *path; /* of the record, as it was given */
    char *file;
    int folder;     /* locked by who makes or writes a file in it */
    uint64_t inode; /* of the file that is open */
    bool made_only; /* nothing may be made or changed */
};

/* A segment as it was read; `doc` of its first record, and how many it has. */
struct store_segment {
    struct journal_segment is; /* number, and what the file was like */
    bool whole;                /* another one follows: it does not change any more */
    uint64_t at, line;         /* read up to there */
    uint64_t doc, docs, bad;
    uint8_t first[SHA256_BYTES]; /* hash of its first record, */
    uint8_t last[SHA256_BYTES];  /* and of the last that was read, */
    uint64_t last_at, last_line; /* which stands there */
};

/* Under the lock: opens the file, or makes it. ST_CONFLICT: it is damaged, or none of ours. */
enum status store_open(struct index *ix, struct why *why) MUST_USE;
void store_close(struct index *ix);
/* Held while a file is made, written or taken away: SQLite's journal beside it goes by its name, so
 * two files of one name must not be written at once. ST_AGAIN: another process has held it for too
 * long. */
enum status store_lock(struct index *ix, struct why *why) MUST_USE;
void store_unlock(struct index *ix);
/* Between two slices: who waits gets it. */
void store_let_others(void);
/* Under the lock: opens the file again when another process has put a new one there. */
enum status store_same(struct index *ix, struct why *why) MUST_USE;
/* Under the lock: takes the file away, and what SQLite may have left beside it. */
enum status store_remove(const char *file, struct why *why) MUST_USE;
/* Under the lock: takes the file away and makes another. */
enum status store_renew(struct index *ix, struct why *why) MUST_USE;

/* ST_OK, or what SQLite's last answer means: ST_CONFLICT for damage, ST_LIMIT for a full disk,
 * ST_AGAIN when it is held, ST_IO. */
enum status store_status(struct index *ix, int rc, struct why *why);
enum status store_run(struct index *ix, const char *sql, struct why *why) MUST_USE;
/* One statement, with numbers for its ?s; *out may be NULL, else it gets the first column of its
 * first row. */
enum status store_ask(struct index *ix, const char *sql, const int64_t *numbers, size_t count,
                      int64_t *out, struct why *why) MUST_USE;
enum status store_prepare(struct index *ix, const char *sql, sqlite3_stmt **out,
                          struct why *why) MUST_USE;
/* Of SQLITE_ROW and SQLITE_DONE: ST_OK and ST_END. */
enum status store_step(struct index *ix, sqlite3_stmt *s, struct why *why) MUST_USE;

/* All that are there, by number. */
enum status store_segments(struct index *ix, struct store_segment **out, size_t *count,
                           struct why *why) MUST_USE;
enum status store_put_segment(struct index *ix, const struct store_segment *s,
                              struct why *why) MUST_USE;

/* A text as a number: two may have the same one, so what it leads to is compared. */
int64_t store_number(struct span text);

#endif
