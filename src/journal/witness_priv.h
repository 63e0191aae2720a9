/* witness_priv.h - reading what witness.c writes. */
#ifndef CHECKREIN_JOURNAL_WITNESS_PRIV_H
#define CHECKREIN_JOURNAL_WITNESS_PRIV_H

#include "checkrein/journal.h"
#include "record_priv.h"

struct witnessed {
    struct journal_countersign sign; /* without the key, which is that of the record */
    char instance[ULID_BYTES];       /* of the record that the head is of */
    struct span from;                /* JSON string: who told it */
    struct span line;                /* of its seal, in `room` */
    char room[SEAL_LINE_BYTES];
};
/* False: not the body of a head, or no seal that holds in it. The signature for it is not looked
 * at. */
bool witness_read_head(const struct journal_record *r, struct witnessed *out);
/* The same of a countersignature, which is not looked at either. */
bool witness_read_countersign(const struct journal_record *r, struct journal_countersign *c);

#endif
