/* console_priv.h - the console's state, shared by its wiring (console.c) and its turn (tick.c).
 */
#ifndef CONSOLE_PRIV_H
#define CONSOLE_PRIV_H

#include "checkrein/term.h"
#include "checkrein/view.h"
#include "console.h"
#include "hub.h"
#include "replay/past.h"

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
    struct past past;
    uint32_t stop_key; /* that was typed into a line of the past just now; 0: none */
    struct moment stop_key_at;
    const struct console_options *options;
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
/* The screen's state for keys and frames: of the live console, or of what is looked back at. */
enum status console_ui(const struct console *c, const struct ui_options *more, struct ui **out,
                       struct why *why) MUST_USE;
/* Connects to what is dead, now; an own daemon that is gone is started first. */
void console_reconnect(struct console *c);
void revive_release(struct console *c);
/* One turn, in the order that docs/ARCHITECTURE.md gives. */
enum status tick(struct console *c, struct why *why) MUST_USE;

#endif
