/* index.h - where in a record the words are: a file in the cache that can always be made again, and
 * the search it is for.
 *
 * The index is a help and nothing else. Whether a record is intact is never asked of it, and what
 * it finds is read from the record and compared once more before anybody sees it: an index that is
 * wrong can cost a hit, never show a false one. What the index does not cover (because more was
 * written meanwhile, the cache is full, or nobody may write there) is read through, and the result
 * is the same.
 *
 * Words: what stands between the signs. Case and the accents of Latin letters do not count, wide
 * forms are the plain ones, characters that nobody sees are not there, and of scripts without
 * blanks each character is a word. Both the index and the reading go by words_add(), so they agree.
 *
 * Thread: any, one at a time.
 */
#ifndef CHECKREIN_INDEX_H
#define CHECKREIN_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/event.h"
#include "checkrein/journal.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

/* ---- words */
#define WORD_BYTES  64 /* of one word; what is longer is cut, here and in what is looked for */
#define WORDS_BYTES ((size_t)32 << 20) /* a buffer for the words of any record has this limit */
/* Appends each word, folded, and a blank behind it. */
void words_add(struct buf *out, struct span text);

/* ---- what is looked for: words, all of which are wanted. "two words" in quotes are wanted beside
 * each other, and so is what signs divide (src/app.c). A * at its end makes a word the beginning of
 * one. */
#define QUERY_TERMS 32
#define QUERY_BYTES 4096
struct query;
/* A text without anything in it takes every record. ST_INVALID: there are signs in it and no word;
 * ST_LIMIT. */
enum status query_parse(struct query **out, struct span text, struct why *why) MUST_USE;
void query_free(struct query *q); /* NULL is fine */
bool query_takes_all(const struct query *q);
/* Of words that words_add() has made, with a blank before the first. */
bool query_takes(const struct query *q, struct span words);

/* ---- a record as it is searched: events, orders, notes, and what a daemon's hooks were given. Of
 * a console's record the frames that are events; what a driver made of others stands beside them.
 */
enum {
    INDEX_DECISION = 1, /* a rule's, an operator's, a fleet stop, a revocation */
    INDEX_FAILURE = 2,  /* a call that failed, or a failure that is not tried again */
    INDEX_ALARM = 4     /* a signal */
};
struct index_entry {
    const char *kind; /* "approval.resolved"; "command", "note", "raw" */
    unsigned what;
    bool state; /* of a state transfer: it tells what is, not what happened */
    struct span agent, name, id;
    struct span from;  /* the back-end that told it; JSON string */
    struct span line;  /* for people, hostile: the summary, title, error or reason */
    struct span words; /* what query_takes() takes */
};
struct index_reader;
/* For records of this path: whose frames are events is asked of the segment that they are in. */
struct index_reader *index_reader_new(const char *path);
void index_reader_free(struct index_reader *r); /* NULL is fine */
/* False: there is nothing to be found in this record. What it points to lives until the next call.
 */
bool index_read(struct index_reader *r, const struct journal_record *rec, uint32_t segment,
                struct index_entry *out);
/* The same without the work, when it is plain that the record is not looked for. */
bool index_may_take(struct index_reader *r, const struct journal_record *rec,
                    const struct query *q);

/* ---- the file: FOLDER/NAME.sqlite, 0600, NAME made of the record's path */
struct index;
/* Makes the folder (0700) and the file when they are missing. A file that is damaged, of another
 * program or of another version is made anew. ST_IO, ST_DENIED, ST_LIMIT (the disk is full),
 * ST_AGAIN (another process has held it for too long): go on without. */
enum status index_open(struct index **out, const char *folder, const char *path,
                       struct why *why) MUST_USE;
/* Only when it is there; nothing is made or changed. ST_NOTFOUND. */
enum status index_open_made(struct index **out, const char *folder, const char *path,
                            struct why *why) MUST_USE;
void index_close(struct index *ix); /* NULL is fine */
/* Its name, whether it is there or not; the caller's to free. ST_NOTFOUND: no such record. */
enum status index_file_of(const char *folder, const char *path, char **file,
                          struct why *why) MUST_USE;
/* Takes the file of this record away; ST_OK too when there is none. ST_NOTFOUND: there is no folder
 * of indexes, or no record. ST_AGAIN, ST_IO. */
enum status index_drop(const char *folder, const char *path, struct why *why) MUST_USE;

/* Reads what was appended since, and anew what is not what it was. Two processes may do so at once,
 * and one may be killed at any time. After a failure what was read until then counts. As
 * index_open(). */
enum status index_update(struct index *ix, struct why *why) MUST_USE;

struct index_state {
    uint64_t records; /* read; `found` of them can be found */
    uint64_t found;
    uint64_t gone;     /* that were read and are not in the record any more */
    uint64_t bytes;    /* of the file */
    char instance[32]; /* of the record; "" when nothing was read */
};
struct index_segment {
    uint32_t number;
    uint64_t records, bad; /* bad: lines that are no records */
    uint64_t bytes, at;    /* of the segment as it is now; read up to there */
    bool current;          /* the segment is the one that was read, to its end */
};
enum status index_state(struct index *ix, struct index_state *out, struct why *why) MUST_USE;
/* *out is the caller's to free. */
enum status index_segments(struct index *ix, struct index_segment **out, size_t *count,
                           struct why *why) MUST_USE;

/* ---- finding */
struct index_wanted {
    const struct query *query;
    int64_t from_us, to_us; /* of the records' times; both ends are in */
    const char *agent;      /* id or name; NULL: any */
    const char *type;       /* "approval.resolved", or "approval" for all of these; NULL: any */
    unsigned what;          /* one of these; 0: any */
    uint64_t newest;        /* so many at most, the newest; 0: all */
};
bool index_type_known(const char *type);
struct index_hit {
    const struct journal_record *rec;
    const struct index_entry *entry;
    uint32_t segment;
};
/* False: that is enough. */
typedef bool index_hit_fn(void *ctx, const struct index_hit *hit);
struct index_found {
    uint64_t hits;
    uint64_t dropped; /* places of the index that the record does not bear out */
    uint64_t bad;     /* lines that are no records, in what was read through */
};
/* Every hit in the order of the record, as long as it is when this begins. `ix` NULL: all of it is
 * read through. What is wrong with the index is told by nobody: it is then read through.
 * ST_NOTFOUND, ST_IO: of the record. */
enum status index_find(struct index *ix, const char *path, const struct index_wanted *w,
                       index_hit_fn *fn, void *ctx, struct index_found *found,
                       struct why *why) MUST_USE;

/* Places of all that the index has of a query, in the order of the record: how many records stand
 * before it and it itself, counted as a cursor gives them out. For who reads the record anyway; not
 * compared with it. *out is the caller's to free; *covered is how many records were looked at. */
enum status index_positions(struct index *ix, const struct query *q, uint64_t **out, size_t *count,
                            uint64_t *covered, struct why *why) MUST_USE;

#endif
