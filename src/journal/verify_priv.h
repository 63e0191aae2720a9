/* verify_priv.h - a verification on its way, and the naming of what is wrong. */
#ifndef CHECKREIN_JOURNAL_VERIFY_PRIV_H
#define CHECKREIN_JOURNAL_VERIFY_PRIV_H

#include "checkrein/journal.h"
#include "checkrein/wire.h"
#include "record_priv.h"
#include "walk_priv.h"

/* The last record that was found good. */
struct trusted {
    uint64_t n; /* 0: none yet */
    int64_t time_us;
    struct place place;
    char prev[SHA256_HEX_BYTES];
    char head[SHA256_HEX_BYTES]; /* its own hash: what the next line must have as prev */
    bool is_seal;                /* and its signature holds */
    uint32_t next;               /* the segment it names */
};

/* A record that begins late, and the tombstone that says why. */
struct late {
    uint64_t n; /* of its first record; 0: it begins with record 1 */
    int64_t time_us;
    struct place place;
    char prev[SHA256_HEX_BYTES];
    uint64_t told_n; /* the tombstone's record, not sealed yet; 0: none */
    bool is_told;    /* and sealed */
};

struct verify {
    struct walk walk;
    struct journal_report *report;
    struct sha256_state hash;
    struct trusted last;
    struct late late;
    bool has_key;
    struct tape_token *tokens;
};

/* Each sets the report's verdict and what it says about the first bad record. The walk stands
 * behind the bad line and is used up. */

/* A line that has the form of a record but another number or prev than must come now. */
void diagnose_chain(struct verify *v, const struct record *r);
/* A line that is no record; its time is told when that much could be read. */
void diagnose_garbage(struct verify *v, int64_t time_us, const char *what);
/* The line chains, but its signature does not hold. */
void diagnose_seal(struct verify *v, const struct record *r);
/* The line chains, but says something that cannot be. */
void diagnose_content(struct verify *v, const struct record *r, const char *what);
/* Something that is not there. */
/* It begins late, and nothing says why. */
void diagnose_begin(struct verify *v);
void diagnose_missing(struct verify *v, const char *what);

bool verify_is_chained(struct verify *v,
                       const struct record *r); /* does the line after it know it as it is? */

#endif
