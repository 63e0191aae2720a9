/* recover_priv.h - what a start finds at the end of a record, and cutting off what a crash left
 * there. docs/JOURNAL.md, section 5, says which end is an accident and which is a change.
 */
#ifndef CHECKREIN_JOURNAL_RECOVER_PRIV_H
#define CHECKREIN_JOURNAL_RECOVER_PRIV_H

#include <stdint.h>

#include "checkrein/crypto.h"
#include "checkrein/status.h"
#include "checkrein/ulid.h"
#include "io_priv.h"
#include "record_priv.h"

struct recovered {
    uint32_t segment;    /* the one to write into; from 1 */
    bool is_there;       /* its file exists */
    uint32_t stale;      /* an empty segment after it, to be removed; 0: none */
    uint64_t good_bytes; /* whole, chaining records in it */
    uint64_t torn_bytes; /* behind them */
    uint32_t torn_told;  /* up to this number the segment's files of torn bytes are told of */
    uint64_t last_n;     /* 0: there is no record yet, and what follows is unset */
    int64_t last_us;
    int64_t begun_us; /* when the segment was; 0: it is empty */
    uint32_t first;   /* the oldest segment that is there */
    uint32_t
        dropped_until; /* it, and up to this one, are to be removed: a tombstone says so; 0: none */
    char head[SHA256_HEX_BYTES];
    char instance[ULID_BYTES];
    uint8_t key[ED25519_KEY_BYTES];
};

/* Reads only. ST_CONFLICT: the record was changed, and `why` says where. */
enum status recover_read(int dir, struct recovered *r, struct why *why) MUST_USE;
/* Keeps the torn bytes in a file of their own, then cuts the segment `fd` back. *torn is what its
 * record says. */
enum status recover_cut(const struct journal_io *io, int dir, int fd, const struct recovered *r,
                        struct torn_body *torn, struct why *why) MUST_USE;
/* What a start that was killed before it could tell of it has cut off: the segment's file of this
 * number. False: there is none. */
bool recover_left(int dir, const struct recovered *r, uint32_t number, struct torn_body *left);
/* That start was killed before it had cut: the same bytes, or the first of them, were kept again.
 */
bool recover_is_again(int dir, const struct torn_body *left, const struct torn_body *torn);

#endif
