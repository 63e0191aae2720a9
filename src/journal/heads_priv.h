/* heads_priv.h - a collection of heads, to be held against a record. */
#ifndef CHECKREIN_JOURNAL_HEADS_PRIV_H
#define CHECKREIN_JOURNAL_HEADS_PRIV_H

#include "checkrein/crypto.h"
#include "checkrein/journal.h"

#define HEADS_MAX                                                                                  \
    4000000 /* years of decisions; what a folder of noise may take of memory ends here */

struct head {
    uint64_t n;
    int64_t time_us; /* 0: not told */
    char hash[SHA256_HEX_BYTES];
    char *seal; /* its line; NULL: number and hash are all that is known */
};

struct journal_heads {
    struct head *head;
    size_t count, cap;
    uint64_t bad;
};

/* A line that is no seal is counted as bad. */
void heads_take_line(struct journal_heads *h, struct span line);
void heads_add_hash(struct journal_heads *h, uint64_t n, const char *hash);

#endif
