/* counter.h - where all hits of a search are: an index is asked by a process of its own, which
 * reads on in the record first. It may take long, wait for another process, or die: the screen goes
 * on.
 *
 * Thread: the loop's.
 */
#ifndef APP_REPLAY_COUNTER_H
#define APP_REPLAY_COUNTER_H

#include <sys/types.h>

#include "checkrein/buf.h"
#include "checkrein/loop.h"

struct counter {
    struct loop *loop;
    pid_t child; /* 0: nothing is asked */
    int fd;
    loop_id watch;
    struct buf got;
    bool done; /* counter_take() has something */
};

void counter_init(struct counter *c, struct loop *loop);
/* Ends what was asked before. */
enum status counter_begin(struct counter *c, const char *path, const char *text,
                          struct why *why) MUST_USE;
void counter_end(struct counter *c);

struct counted {
    uint64_t *hits; /* positions, the caller's to free */
    size_t count;
    uint64_t covered; /* of so many records */
};
/* ST_OK; ST_IO: there is no index, and why. */
enum status counter_take(struct counter *c, struct counted *out, struct why *why) MUST_USE;

#endif
