/* verify.h - whether a record is intact, for who does not only want it printed.
 */
#ifndef APP_VERIFY_H
#define APP_VERIFY_H

#include "checkrein/journal.h"

struct verify_verdict {
    const char *words; /* "intact" ... */
    struct journal_report report;
    struct journal_decisions decisions; /* of an intact one only */
};
/* By the key that came with it. EXIT_DONE, EXIT_BROKEN, or EXIT_TROUBLE with `why`. */
int verify_look(const char *path, struct verify_verdict *out, struct why *why) MUST_USE;

#endif
