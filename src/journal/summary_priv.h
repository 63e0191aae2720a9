/* summary_priv.h - one segment read from end to end at a start: does it chain, and how does it end?
 */
#ifndef CHECKREIN_JOURNAL_SUMMARY_PRIV_H
#define CHECKREIN_JOURNAL_SUMMARY_PRIV_H

#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/crypto.h"
#include "checkrein/status.h"
#include "record_priv.h"

struct summary {
    uint32_t segment;
    uint64_t lines; /* whole records; when 0, only the byte counts mean anything */
    uint64_t good_bytes;
    uint64_t torn_bytes;
    uint32_t
        torn_told;    /* the highest number of a file of torn bytes that a record names; 0: none */
    uint64_t last_at; /* where the last whole one begins */
    uint64_t first_n;
    uint64_t last_n;
    int64_t first_us;
    int64_t last_us;
    char first_prev[SHA256_HEX_BYTES];
    char head[SHA256_HEX_BYTES];
    char instance[ULID_BYTES]; /* of its open record */
    uint8_t key[ED25519_KEY_BYTES];
    uint32_t next;   /* named by the last line, when that is a seal that names one */
    struct buf seal; /* the last seal's line; empty: there is none */
};

void summary_release(struct summary *s); /* takes zeroed memory */
/* ST_CONFLICT: a line was changed. ST_IO. Release *s in every case. */
enum status summary_read(struct summary *s, int dir, uint32_t segment, struct why *why) MUST_USE;

#endif
