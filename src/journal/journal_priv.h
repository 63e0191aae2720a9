/* journal_priv.h - the writer.
 *
 * A record is built in `line`, chained, and moved to `pending`; a commit writes `pending` to `fd`.
 * The invariants: `prev` and `next_n` belong to the last record in `pending` (or on disk, when that
 * is empty), `committed_bytes` is the length of the file that is known to be durable, and once
 * `failed` is set nothing of this changes any more.
 */
#ifndef CHECKREIN_JOURNAL_PRIV_H
#define CHECKREIN_JOURNAL_PRIV_H

#include "checkrein/buf.h"
#include "checkrein/codec.h"
#include "checkrein/crypto.h"
#include "checkrein/journal.h"
#include "io_priv.h"
#include "record_priv.h"

#define PENDING_BYTES     8388608 /* 8 MiB waiting: the next append commits them first */
#define WRITER_NAME_BYTES 32

struct journal {
    struct journal_io io;
    char *path;
    int dir;
    int lock;
    int fd; /* the segment being written */
    uint32_t segment;
    uint64_t committed_bytes;
    uint64_t segment_bytes;
    int64_t segment_us; /* 0: no limit */
    int64_t begun_us;   /* when this segment was */
    struct buf line;
    struct buf pending;
    struct sha256_state hash;
    struct signer signer;
    struct veil *veil;
    struct codec *codec;  /* reads again what secrets were replaced in; NULL: not needed yet */
    struct buf told_text; /* that it read last */
    struct event told;
    char instance[ULID_BYTES];
    char writer[WRITER_NAME_BYTES];
    char prev[SHA256_HEX_BYTES];
    uint64_t next_n;
    int64_t last_us; /* time of the last record: what the journal adds by itself gets the same */
    int64_t last_seal_us;
    bool is_sealed;             /* the last record is a seal */
    char seal[SEAL_LINE_BYTES]; /* the last one's line */
    size_t seal_bytes;
    uint64_t seal_n; /* its number; 0: there is none */
    char seal_head[SHA256_HEX_BYTES];
    uint64_t news_n; /* of the last record that tells something */
    bool failed;
    struct why failure;
};

/* Fails for good and cuts the file back to its committed length. Always ST_IO. */
enum status journal_fail(struct journal *j, const char *fmt, ...) PRINTF(2, 3);
/* ST_IO with the first failure's words. */
enum status journal_refuse(const struct journal *j, struct why *why);

/* Writes and syncs what is pending, without looking whether the segment is full. */
enum status journal_flush(struct journal *j) MUST_USE;
/* Opens the next segment: section 3 of docs/JOURNAL.md. */
enum status journal_rotate(struct journal *j) MUST_USE;

enum status append_open(struct journal *j, int64_t now_us, enum open_cause cause) MUST_USE;
enum status append_torn(struct journal *j, int64_t now_us, const struct torn_body *torn) MUST_USE;
/* `next`: the segment to be named; 0 for an ordinary seal. */
enum status append_seal(struct journal *j, int64_t now_us, uint32_t next) MUST_USE;
enum status append_tombstone(struct journal *j, int64_t now_us,
                             const struct journal_drop *drop) MUST_USE;
enum status append_close(struct journal *j, int64_t now_us) MUST_USE;

/* Of a record that is built: what append.c does for all. `st` is how its body went. */
enum status append_begin(struct journal *j, int64_t now_us, enum journal_kind kind) MUST_USE;
enum status append_finish(struct journal *j, int64_t now_us, enum status st, uint64_t *n) MUST_USE;

#endif
