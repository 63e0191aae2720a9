/* journal.h - the record: a folder of chained JSON Lines segments (docs/JOURNAL.md specifies the
 * format).
 *
 * Every line is one record, {"prev":"<hex>","n":N,"t":"<time>","k":"<kind>",...}; `prev` is the
 * SHA-256 of the line before it without its newline, so anyone can verify it with twenty lines of
 * any language. Records are appended to memory and go to the file with one write and one fdatasync
 * in journal_commit() (group commit). A `seal` record (Ed25519 over the head) is added by
 * journal_seal() with every decision and at least every minute.
 *
 * Failure: a write or fdatasync that fails puts the journal into a failed state for good:
 * journal_commit() returns ST_IO from then on, nothing is retried-and-trusted, and who holds a gate
 * lets nothing more through. After a crash the torn tail is cut back to the last whole record that
 * chains, moved to a .torn file beside the segment, and a `torn` record says how many bytes. A
 * second writer is refused and told who holds the lock. A record that was changed rather than torn
 * is refused too (ST_CONFLICT).
 *
 *     struct journal *j;
 *     struct journal_options o = {.dir = dir, .writer = "daemon", .now_us = clock_wall_us()};
 *     if (journal_open(&j, &o, NULL, &why) != ST_OK || journal_command(j, now_us, &command, NULL)
 * != ST_OK || journal_seal(j, now_us) != ST_OK || journal_commit(j, &why) != ST_OK) refuse();
 *     ...act on the command only here
 *     journal_close(j, clock_wall_us());
 *
 * No record holds a secret: what is given to the four functions that append goes through the
 * journal's veil first, whatever the caller did (docs/JOURNAL.md, section 9).
 *
 * Thread: the loop's.
 */
#ifndef CHECKREIN_JOURNAL_H
#define CHECKREIN_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/event.h"
#include "checkrein/secret.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define JOURNAL_LINE_BYTES    8388608  /* 8 MiB, with the newline */
#define JOURNAL_SEGMENT_BYTES 67108864 /* 64 MiB: a new segment starts after this */
#define JOURNAL_SEAL_US       60000000

/* X(constant, "k" on the wire): what a record holds. `raw` is as received from a peer; `event` a
 * normalised event. */
#define JOURNAL_KINDS(X)                                                                           \
    X(JOURNAL_OPEN, "open")                                                                        \
    X(JOURNAL_EVENT, "event")                                                                      \
    X(JOURNAL_RAW, "raw")                                                                          \
    X(JOURNAL_SNAPSHOT, "snapshot")                                                                \
    X(JOURNAL_COMMAND, "command")                                                                  \
    X(JOURNAL_NOTE, "note")                                                                        \
    X(JOURNAL_TORN, "torn")                                                                        \
    X(JOURNAL_TOMBSTONE, "tombstone")                                                              \
    X(JOURNAL_HEAD, "head")                                                                        \
    X(JOURNAL_COUNTERSIGN, "countersign")                                                          \
    X(JOURNAL_SEAL, "seal")                                                                        \
    X(JOURNAL_CLOSE, "close")

enum journal_kind {
#define X(constant, name) constant,
    JOURNAL_KINDS(X)
#undef X
        JOURNAL_KIND_COUNT
};

struct journal;

struct journal_options {
    const char *dir; /* made 0700 when missing */
    /* "console" or "daemon" (a-z, 0-9, -): stands in the open record and in the lock */
    const char *writer;
    int64_t now_us;         /* wall */
    uint64_t segment_bytes; /* 0: JOURNAL_SEGMENT_BYTES */
    int64_t segment_us;     /* a new segment starts after this too; 0: by size only */
};

struct journal_opened {  /* what was found */
    uint64_t next_n;     /* of the next record, behind this start's own (open, torn, seal) */
    uint64_t torn_bytes; /* cut from the end; 0 = clean */
    char instance[32];   /* ULID of this record's history, stays over restarts */
};

/* What this start adds is committed when it returns. ST_EXISTS: another writer has it; ST_CONFLICT:
 * the record was changed, or its key is gone; ST_DENIED: folder or key are open to others; ST_IO.
 * `found` may be NULL. */
enum status journal_open(struct journal **out, const struct journal_options *o,
                         struct journal_opened *found, struct why *why) MUST_USE;
/* Writes a close record and a seal over it, commits, releases the lock. NULL is fine. Who must know
 * that the last records are safe commits before. */
void journal_close(struct journal *j, int64_t now_us);

#define JOURNAL_MARK_BYTES 40
/* What stands in a record for a text that it must not hold: only who has the record's key can tell
 * whether it was a certain one. `about` makes the marks of one text in two places differ. */
void journal_mark(const struct journal *j, struct span about, struct span text,
                  char out[JOURNAL_MARK_BYTES]);

/* Each appends one record in memory; *n (may be NULL) is its number. ST_LIMIT for a record over
 * JOURNAL_LINE_BYTES, ST_IO when the journal has failed; what the codec refuses is passed on.
 * Nothing is appended then. For JOURNAL_EVENT the event's seq is set to n on the wire when it is 0
 * (the daemon's own events). When 8 MiB wait, the next append commits them first. */
enum status journal_event(struct journal *j, int64_t now_us, const struct event *ev,
                          uint64_t *n) MUST_USE;
enum status journal_command(struct journal *j, int64_t now_us, const struct command *c,
                            uint64_t *n) MUST_USE;
/* The same; *told is what the record tells: `ev`, or when secrets in it were replaced, the event
 * without them, which lives until the next call. Who shows it or goes by it takes that one. */
enum status journal_event_told(struct journal *j, int64_t now_us, const struct event *ev,
                               const struct event **told) MUST_USE;
/* `from` says from where ("hook/claude", "backend local"); the bytes stand in the record as a JSON
 * string, as base64 ("raw_b64") when they are not UTF-8 or too long as a string. */
enum status journal_raw(struct journal *j, int64_t now_us, struct span from, struct span bytes,
                        uint64_t *n) MUST_USE;
/* What has been through journal_veil() already. */
enum status journal_raw_veiled(struct journal *j, int64_t now_us, struct span from,
                               struct veiled bytes) MUST_USE;
enum status journal_note(struct journal *j, int64_t now_us, struct span text, uint64_t *n) MUST_USE;
/* What a driver made of the frames before it, for a picture that is made again without that driver:
 * `from` is its back-end. The event's seq stays as it is; *told as journal_event_told() has it. */
enum status journal_event_from(struct journal *j, int64_t now_us, struct span from,
                               const struct event *ev, const struct event **told) MUST_USE;
/* A state transfer of that back-end begins, or is complete up to seq. */
struct journal_transfer {
    uint64_t seq;
    bool complete;
};
enum status journal_snapshot(struct journal *j, int64_t now_us, struct span from,
                             const struct journal_transfer *t) MUST_USE;
/* Nothing is added when nothing followed the last seal; only its time is noted. */
enum status journal_seal(struct journal *j, int64_t now_us) MUST_USE;
/* One write and one fdatasync for all that was appended; nothing to do is ST_OK. Goes to the next
 * segment when this one is full; that it could not does not undo ST_OK, but journal_failed() is
 * true then. ST_IO: `why` has the first failure's words, also at every later call. */
enum status journal_commit(struct journal *j, struct why *why) MUST_USE;
/* Something waits for a commit; true for good once the journal has failed, so that "not dirty"
 * always means durable. */
bool journal_dirty(const struct journal *j);
bool journal_failed(const struct journal *j);
const char *journal_failure(const struct journal *j); /* its words; "" while all is well */
/* SHA-256 in hex of the last record, also of one not yet committed: to be shown and kept elsewhere.
 */
const char *journal_head(const struct journal *j);
int64_t journal_last_seal_us(const struct journal *j);
uint64_t journal_next(const struct journal *j);
const char *journal_instance(const struct journal *j);
/* Replaces secrets as in this record: for what is shown of the same. Give it what is known. */
struct veil *journal_veil(const struct journal *j);

/* ---- heads that others sign for (docs/JOURNAL.md, section 13). A seal's line is a head; who keeps
 * a record of its own keeps it there, and signs for it with the key of that record. */
struct journal_seal { /* a seal's line, taken apart */
    uint64_t n;
    int64_t time_us;
    char head[65]; /* SHA-256 of the line */
    char instance[32];
    uint8_t key[32];
};
struct journal_countersign {
    uint64_t n; /* of the seal */
    char head[65];
    int64_t time_us; /* the signer's clock */
    uint8_t key[32]; /* of the signer's record */
    uint8_t sig[64];
};
/* ST_INVALID: it is no seal, or its signature does not hold under the key that it names. */
enum status journal_seal_read(struct span line, struct journal_seal *out) MUST_USE;
/* The seal that was appended last, committed or not; n is 0 when there is none. Lives until the
 * next one. */
struct journal_last {
    uint64_t n;
    const char *head;
    struct span line;
};
struct journal_last journal_last_seal(const struct journal *j);
/* Number of the last record that tells something: no seal and no countersignature. 0: none since
 * this start. */
uint64_t journal_last_news(const struct journal *j);
/* Appends a head of another record, told by `from`, with our signature, which is *out. Whether it
 * may be signed is for the caller to know. ST_INVALID as above. */
enum status journal_witness(struct journal *j, int64_t now_us, struct span from, struct span seal,
                            struct journal_countersign *out) MUST_USE;
/* The seal in such a record of ours, and who told it; false when it is none, or the name does not
 * fit. */
struct journal_record;
bool journal_record_head(const struct journal_record *r, struct journal_seal *out, char *from,
                         size_t cap);
bool journal_countersign_holds(const struct journal_countersign *c, const char *instance);
/* Appends what another one signed for a head of this record; `by` is who that was, in our words. */
enum status journal_countersigned(struct journal *j, int64_t now_us,
                                  const struct journal_countersign *c, struct span by) MUST_USE;

/* ---- dropping the oldest segments. What is gone is said by a signed record: a tombstone. */
#define DROP_REASONS(X)                                                                            \
    X(DROP_AGE, "age")   /* the limit is in days */                                                \
    X(DROP_SIZE, "size") /* in bytes */

enum drop_reason {
#define X(constant, name) constant,
    DROP_REASONS(X)
#undef X
        DROP_REASON_COUNT
};
struct journal_keep {
    int64_t days;    /* segments whose last record is older go; 0: none for that */
    uint64_t bytes;  /* as many go as are needed to have no more in the folder; 0: none for that */
    uint64_t needed; /* record from which on nothing may go; 0: no such record */
};
struct journal_drop {
    uint32_t first_segment, last_segment; /* 0: nothing is to go */
    uint64_t first, last;                 /* records */
    int64_t first_us, last_us;            /* their times */
    char head[65];                        /* of the last */
    enum drop_reason reason;
    uint64_t limit;
};
/* What these limits say is to go: finished segments only, without a hole, the oldest first. ST_IO.
 */
enum status journal_droppable(const struct journal *j, int64_t now_us,
                              const struct journal_keep *keep, struct journal_drop *out,
                              struct why *why) MUST_USE;
/* Writes the tombstone, seals and commits, then unlinks. Who needs something of what goes has
 * written it again before. ST_IO also when the tombstone stands and a file could not be removed:
 * the record is whole, and a start or the next drop removes it. Nothing goes when the record has
 * failed. */
enum status journal_drop(struct journal *j, int64_t now_us, const struct journal_drop *drop,
                         struct why *why) MUST_USE;

/* ---- reading: forward over all segments of a folder, or one file; works while it is written. */
struct journal_record {
    uint64_t n;
    int64_t time_us;
    enum journal_kind kind; /* JOURNAL_KIND_COUNT for one this version does not know */
    struct span key;  /* name of the body: "event", "command", "raw" or "raw_b64", "text", ... */
    struct span body; /* its value: JSON text as it stands, not checked; "event" is what
                         codec_read_event() takes */
    struct span
        from; /* of a raw record, a snapshot, and what a driver told: JSON string; else empty */
    uint32_t secrets; /* that were replaced by marks before it was written */
    struct span line; /* the whole line without its newline */
};
struct journal_cursor;
enum status journal_cursor_open(struct journal_cursor **out, const char *path,
                                struct why *why) MUST_USE;
/* The oldest segments were dropped since it was opened: it may have missed some of what they told.
 */
bool journal_cursor_was_overtaken(const struct journal_cursor *c);
/* ST_OK; ST_END, and ST_OK again when more was written meanwhile; ST_INVALID for a line that is not
 * a record and for a missing segment: the next call goes on behind it; ST_IO. Spans live until the
 * next call. Does not check the chain, and may see what a writer has not committed yet. */
enum status journal_cursor_next(struct journal_cursor *c, struct journal_record *r,
                                struct why *why) MUST_USE;
/* Moves to the first record with number >= n (binary search over segments, then forward), forward
 * or back. ST_END when there is none yet: the next call to journal_cursor_next() waits for it.
 * ST_IO. */
enum status journal_cursor_seek(struct journal_cursor *c, uint64_t n) MUST_USE;
/* Where the next call reads, and back to there. ST_IO. */
struct journal_place {
    uint32_t segment;
    uint64_t at, line;
};
struct journal_place journal_cursor_place(const struct journal_cursor *c);
enum status journal_cursor_return(struct journal_cursor *c, const struct journal_place *p) MUST_USE;
void journal_cursor_close(struct journal_cursor *c); /* NULL is fine */
/* The segments that are there, by number: for who keeps something about them and must see that one
 * is another now. A change of a file's bytes changes one of these. */
struct journal_segment {
    uint32_t number; /* 0: the path is one file */
    uint64_t bytes;
    uint64_t inode;
    int64_t changed_ns; /* its ctime */
};
/* *out is the caller's to free. ST_NOTFOUND when there is none, ST_IO. */
enum status journal_segments(const char *path, struct journal_segment **out, size_t *count,
                             struct why *why) MUST_USE;
/* A cause "new" or "start": a process began to write here, and knew nothing of what is before. */
bool journal_record_is_start(const struct journal_record *r);
/* The writer's name in an open record: "console", "daemon"; empty when it is none. */
struct span journal_record_writer(const struct journal_record *r);
/* The history's ULID in an open record, put into `out`; false when it is none, or does not fit. */
bool journal_record_instance(const struct journal_record *r, char *out, size_t cap);
/* The name in `from`, put into `out`; false when there is none or it does not fit. */
bool journal_record_from(const struct journal_record *r, char *out, size_t cap);
enum status journal_record_transfer(const struct journal_record *r,
                                    struct journal_transfer *out) MUST_USE;
/* The bytes of a raw record as they were received, appended to `out`. ST_INVALID when it is none,
 * ST_LIMIT. */
enum status journal_record_raw(const struct journal_record *r, struct buf *out) MUST_USE;

/* ---- verifying: the chain, the numbers, the times' order, the seals. */
enum journal_verdict { VERIFY_INTACT, VERIFY_TORN_TAIL, VERIFY_BROKEN, VERIFY_UNREADABLE };
struct journal_report {
    enum journal_verdict verdict;
    uint64_t records, seals; /* good ones, up to the end or to the first bad one */
    uint64_t first_n;        /* 1, or where a single segment begins */
    uint64_t last_seal_n;    /* nothing up to here was changed; 0: nothing is sealed */
    uint64_t secrets;        /* replaced by marks before they were written, as the records tell */
    char secret_kinds[256];  /* of these, "github-token, password": as many as fit */
    uint64_t clock_steps;    /* times earlier than the one before: a clock set back, not a fault */
    uint64_t torn_bytes;     /* of VERIFY_TORN_TAIL: behind the last whole line */
    uint64_t first_bad_n;    /* of VERIFY_BROKEN */
    int64_t first_bad_us;    /* its time, 0 when it cannot be read */
    /* "changed", "removed: 12 follows 10", "inserted: ...", "reordered: ...", "cut: ...",
     * "rewritten after record 40: ...", "seal of another key or instance" ... */
    char what[256];
    char file[256];     /* segment and line of it: "000001.jsonl:17" */
    char head[65];      /* SHA-256 of the last good line: compare with one kept elsewhere */
    char instance[32];  /* ULID of the history */
    uint8_t key[32];    /* of the seals */
    bool key_given;     /* false: the key came with the record, trusted on first use: say so */
    bool sealed_to_end; /* the last record is a seal */
    /* A folder that begins later: the tombstone that says why, and its record; else 0. */
    uint64_t dropped_n;
    int64_t dropped_us;  /* when */
    char dropped_by[32]; /* the writer */
    enum drop_reason dropped_why;
    uint64_t dropped_limit;
};
/* A folder or one segment file. public_key NULL: that of the folder's key.pub, or else of the first
 * open record. ST_OK: *report has a verdict. Else the verdict is VERIFY_UNREADABLE and `why` tells:
 * ST_NOTFOUND, ST_DENIED, ST_IO, ST_INVALID, ST_UNSUPPORTED (a format of a later version). */
enum status journal_verify(const char *path, const uint8_t *public_key,
                           struct journal_report *report, struct why *why) MUST_USE;

/* ---- heads kept elsewhere. A shorter record is a valid record: that its end was cut off is seen
 * only by who knows a later head. A file of heads has the seals' lines as they stand in the record,
 * of one record or of several; each can be checked by itself, and its hash is the head. */
struct journal_heads;
struct journal_heads *journal_heads_new(void);
void journal_heads_free(struct journal_heads *h); /* NULL is fine */
/* Adds those of a file. Lines that are no seals are counted. ST_NOTFOUND, ST_INVALID, ST_IO. */
enum status journal_heads_read(struct journal_heads *h, const char *path, struct why *why) MUST_USE;
/* The last MiB of it only. */
enum status journal_heads_read_end(struct journal_heads *h, const char *path,
                                   struct why *why) MUST_USE;
/* "NUMBER:HASH", as a person kept it. */
enum status journal_heads_add(struct journal_heads *h, struct span text, struct why *why) MUST_USE;
/* Those that another record has, as a console that was told them: only what that record's own key
 * has signed for. ST_NOTFOUND, ST_INVALID, ST_IO. */
enum status journal_heads_read_record(struct journal_heads *h, const char *path,
                                      struct why *why) MUST_USE;
/* Number of the newest one that this record's key has signed; 0: none. */
uint64_t journal_heads_newest(const struct journal_heads *h, const struct journal *j);

enum heads_verdict {
    HEADS_AGREE,
    HEADS_NONE,  /* none of this record is known: nothing was compared */
    HEADS_CUT,   /* a head is known of a record behind the last one here */
    HEADS_OTHER, /* a head is known of a record that has another hash here */
};
struct journal_heads_report {
    enum heads_verdict verdict;
    uint64_t agree, last_n; /* how many agree, the last of these */
    uint64_t before;        /* of records before the first one here */
    uint64_t foreign;       /* of other records */
    uint64_t bad;           /* no seals, or not signed by this record's key */
    uint64_t n, end_n;      /* of HEADS_CUT and HEADS_OTHER: whose head; the last record here */
    int64_t time_us;        /* of the same; 0: not told */
};
/* A folder or one segment file, of which nobody is to be told that it ends early. Read the heads
 * before: a writer adds to both. Does not check the chain: journal_verify() does. ST_INVALID,
 * ST_NOTFOUND, ST_IO. */
enum status journal_heads_compare(const struct journal_heads *h, const char *path,
                                  struct journal_heads_report *report, struct why *why) MUST_USE;

/* ---- the countersignatures in a record. Two of one head by one key count twice. */
#define JOURNAL_SIGNERS_MAX 64
struct journal_signer {
    uint8_t key[32];
    char name[64]; /* "": the key is not known */
    uint64_t count, last_n;
};
struct journal_signers { /* known keys before, and counts after */
    struct journal_signer signer[JOURNAL_SIGNERS_MAX];
    size_t count;
};
struct journal_countersigns {
    uint64_t count;   /* that hold, of heads of records that are here or were dropped */
    uint64_t more;    /* of these, by keys over JOURNAL_SIGNERS_MAX */
    uint64_t last_n;  /* the last head that they are of */
    uint64_t bad_n;   /* record of the first one that does not hold; 0: all do */
    uint64_t other_n; /* head that one is of and that has another hash here, or is not here; 0 */
};
/* "<64 hex digits> NAME" a line; '#' and blank lines are passed over. ST_INVALID names the line. */
enum status journal_signers_read(struct journal_signers *s, const char *path,
                                 struct why *why) MUST_USE;
/* A folder or one segment file. Does not check the chain. As journal_heads_compare() fails. */
enum status journal_countersigns(const char *path, struct journal_signers *signers,
                                 struct journal_countersigns *out, struct why *why) MUST_USE;

/* ---- what it proves of the gate: nothing ran that was not decided (docs/JOURNAL.md, section 8).
 * Verification says whether a record was changed; this says what it tells. */
struct journal_decisions {
    uint64_t started;     /* calls that were let run */
    uint64_t by_rule;     /* of these */
    uint64_t by_operator; /* of these */
    uint64_t ungated;     /* calls that ended and that the gate never let through */
    uint64_t faults;
    uint64_t first_n; /* record of the first fault */
    int64_t first_us; /* its time */
    char first[160];  /* what it is, in words of ours */
    char agent[128];  /* of the first fault, as recorded and so hostile; cut to fit */
    char call[128];
    bool partial;    /* it does not begin with record 1: what was said before is not seen. Gates
                        and a fleet stop hold from where they are told again */
    uint64_t unseen; /* of such a record: decisions of requests that are not here, taken as they
                        stand */
};
/* A folder or one segment file, as far as the first line that is no record: the torn end of one
 * that journal_verify() finds intact. ST_OK: *out is filled. ST_NOTFOUND, ST_IO. */
enum status journal_decisions(const char *path, struct journal_decisions *out,
                              struct why *why) MUST_USE;

#endif
