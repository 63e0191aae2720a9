/* console_priv.h - the console's state, shared by its wiring (console.c) and its turn (tick.c).
 */
#ifndef CONSOLE_PRIV_H
#define CONSOLE_PRIV_H

#include "checkrein/term.h"
#include "checkrein/view.h"
#include "console.h"
#include "hub.h"

/* The daemon that this console starts when it is gone: revive.c. */
struct own_daemon {
    const char *self; /* NULL: it is not ours to start */
    const struct conf *conf;
    const char *socket_path;
    pid_t pid;    /* that we have begun; 0: none yet */
    int ready_fd; /* where it says that it is ready; -1: nothing is awaited */
    loop_id watch;
};

struct console {
    struct hub hub;
    struct own_daemon own;
    struct ui *ui;
    struct term *term;
    struct canvas canvas;
    loop_id keys;
    int64_t frame_us;      /* least time between two frames */
    int64_t last_frame_us; /* monotonic; before the first one: since when it is due */
    bool dirty, drawn, resized, keys_ready, quit;
    bool lost;    /* the terminal went away */
    bool sending; /* a command waits for the next turn to leave */
};

struct moment console_now(void);
/* Connects to what is dead, now; an own daemon that is gone is started first. */
void console_reconnect(struct console *c);
void revive_release(struct console *c);
/* One turn, in the order that docs/ARCHITECTURE.md gives. */
enum status tick(struct console *c, struct why *why) MUST_USE;

#endif
