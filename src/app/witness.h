/* witness.h - the heads of other records that this console has signed for, so that it never signs
 * for two that contradict each other (docs/JOURNAL.md, section 13).
 *
 * They are in the console's record; the file `witnessed` in its folder has the newest of each, and
 * how far the record was read for it.
 */
#ifndef APP_WITNESS_H
#define APP_WITNESS_H

#include "checkrein/journal.h"
#include "checkrein/status.h"

struct witness;

enum witness_verdict {
    WITNESS_NEW,     /* to be signed; from now on it counts as signed */
    WITNESS_KNOWN,   /* it was signed */
    WITNESS_REFUSED, /* it contradicts what was signed: nothing of that record is signed any more */
    WITNESS_IGNORED, /* of a record of which that was said already */
    WITNESS_TOO_MANY, /* that back-end has told of so many records that no other is kept count of */
};

/* `j` is open and outlives it; `dir` is its folder. */
enum status witness_open(struct witness **out, const struct journal *j, const char *dir,
                         struct why *why) MUST_USE;
/* `why` is filled for WITNESS_REFUSED. */
enum witness_verdict witness_judge(struct witness *w, const char *backend,
                                   const struct journal_seal *seal, struct why *why);
/* When all that was signed is durable in the record: so much of it is not read again. */
void witness_keep(struct witness *w);
void witness_free(struct witness *w); /* NULL is fine */

#endif
