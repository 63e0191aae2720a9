/* desk.h - a console on a terminal of its own, connected to a back-end in this process, and keys
 * whose way to the back-end's socket is timed.
 *
 * Who opens it says what the back-end does: what its news are, and which of the things that it
 * hears a key was to bring. All runs in one thread: whenever the desk waits, news that are due go
 * out, and what is on the screen is taken away.
 */
#ifndef CHECKREIN_BENCH_DESK_H
#define CHECKREIN_BENCH_DESK_H

#include <sys/types.h>

#include "peer.h"

struct desk {
    struct peer peer;
    const char *folder;
    int terminal;
    pid_t console;

    /* Set by who opens it. */
    void *ctx;
    bool (*news)(void *ctx, size_t from, size_t to); /* sends these; false: they cannot be sent */
    bool (*hears)(void *ctx, struct span text);      /* true: this is what a key was to bring */

    double rate, began; /* of the news, a second; a rate of 0 before they begin */
    size_t told, most;  /* news */
    size_t drawn;       /* bytes */
    const char *sought; /* on the screen; NULL: nothing */
    struct buf screen;  /* what was drawn since it is sought */
};

/* Starts `checkrein console` for a back-end of this kind, with `more` added to its configuration.
 * At the returned listener it waits to be accepted by the caller, into `peer`. */
int desk_open(struct desk *d, const char *binary, const char *folder, const char *kind,
              const char *more);
void desk_close(struct desk *d);

/* Until the state is on the screen. */
void desk_settle(struct desk *d);
/* News flow from here on, at most so many. */
void desk_news(struct desk *d, double rate, size_t most);

/* A short while, in which what comes is heard. */
void desk_wait(struct desk *d, double seconds);
/* The same, until this is so of `ctx`; `what` is what cannot be done when it does not become so. */
void desk_until(struct desk *d, bool (*is)(const void *ctx), const char *what);
/* Until this text is drawn in one piece. */
void desk_see(struct desk *d, const char *text);
void desk_type(struct desk *d, const char *keys);

/* Of each key; the console makes a command durable before it sends it, so the time of as many bare
 * append + fdatasync stands beside it, one after each key. */
struct times {
    double *key, *bare;
    size_t count;
};
void times_init(struct times *t, size_t keys); /* at most so many */
/* From the key on the terminal to what it was to bring, on the socket. */
void desk_time(struct desk *d, const char *key, struct times *t);
/* Between two keys that wait for nothing else: never in step with the console's own beats. */
void desk_rest(struct desk *d, const struct times *t);
/* Members of a JSON object: keys, p50_us, p99_us, fdatasync_p50_us, fdatasync_p99_us. */
void times_print(const struct times *t);
void times_release(struct times *t);

#endif
