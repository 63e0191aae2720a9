/* ulid.h - ULIDs (128 bits, 26 characters of Crockford base 32): time-ordered unique ids.
 *
 * Within one process they strictly increase, in all threads and also when the wall clock does not.
 * The next one can be guessed from the last: a ULID names, it never authorises.
 */
#ifndef CHECKREIN_ULID_H
#define CHECKREIN_ULID_H

#include <stdbool.h>

#include "checkrein/span.h"

#define ULID_BYTES 27 /* with the NUL */

void ulid_make(char out[ULID_BYTES]);
/* Canonical only: upper case, no I L O U, at most 7ZZZZZZZZZZZZZZZZZZZZZZZZZ. */
bool ulid_valid(struct span s);

#endif
