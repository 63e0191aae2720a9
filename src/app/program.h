/* program.h - runs another program to its end and reads what it says.
 */
#ifndef APP_PROGRAM_H
#define APP_PROGRAM_H

#include "checkrein/buf.h"
#include "checkrein/status.h"

struct program {
    const char *const *argv; /* NULL-ended; argv[0] is looked for in $PATH */
    const char *folder;      /* to run in; NULL: this one */
    struct span input;       /* its standard input */
    const char *input_until; /* this ends only once it has said this, or is at its end; at most 32
                                KiB of it then. NULL: at once */
    struct buf *out;         /* its standard output, up to the buffer's limit; NULL: not wanted */
    struct buf *err;
    int64_t deadline_ms; /* then it is killed */
    int code;            /* out: its exit code; 128 + the signal that ended it */
};
/* ST_NOTFOUND: it is not there. ST_TIMEOUT: it was killed; what it had said is in `out`. */
enum status program_run(struct program *p, struct why *why) MUST_USE;

#endif
