/* term_priv.h - the terminal's state. term.c opens, closes and sizes it; family.c says what a type
 * of terminal is sent, terminfo.c what the system says of it; style.c turns roles into curses
 * attributes; paint.c draws; output.c carries what curses wrote to the terminal; decode.c turns
 * bytes into keys and input.c gets the bytes; restore.c puts everything back.
 */
#ifndef TERM_PRIV_H
#define TERM_PRIV_H

#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/term.h"
#include "decode_priv.h"
#include "terminfo_priv.h"

/* What is sent beyond what terminfo knows. */
struct family {
    const char *prefix; /* of TERM */
    bool modern;        /* takes the modes of xterm, which all its descendants at least ignore */
    bool unicode;       /* draws what a UTF-8 locale promises */
};

/* What curses writes goes into a file in memory and from there to the terminal without ever waiting
 * for long: curses itself would wait for ever on a terminal that has stopped reading. */
struct output {
    FILE *curses;     /* the terminal while curses sets it up, from then on `captured` */
    int captured;     /* memory file; holds nothing but during a paint */
    struct buf queue; /* taken from there */
    size_t sent;      /* bytes of the queue that the terminal has */
    bool stalled;     /* it takes nothing: nobody waits for it any more */
};

#define INPUT_BYTES 4096
struct input {
    struct decoder decoder;
    unsigned char bytes[INPUT_BYTES];
    size_t at, n;
    int64_t read_us; /* when they came */
};

struct term {
    SCREEN *screen;
    struct output out;
    struct input in;
    enum color_depth depth;
    bool ascii, modern;
    attr_t attr[ROLE_COUNT];
    int pair[ROLE_COUNT];
    struct cell *shown; /* what curses was last told, shown_w * shown_h cells */
    int shown_w, shown_h;
    int cursor_x, cursor_y; /* -1: hidden */
    bool all;               /* the next paint starts from nothing */
    cchar_t *row;           /* shown_w + 1: one row being handed over */
};

/* ---- family.c */
const struct family *family_of(const char *type);

/* ---- style.c */
void style_set(struct term *t, const struct theme *theme, const struct term_options *o);

/* ---- output.c */
enum status output_open(struct output *o, struct why *why) MUST_USE;
void output_capture(struct output *o); /* from here on curses does not reach the terminal */
void output_close(struct output *o);   /* takes zeroed memory */
/* Queues our own bytes, or what curses wrote since the last time. ST_LIMIT. */
enum status output_add(struct output *o, struct span bytes) MUST_USE;
enum status output_take(struct output *o) MUST_USE;
bool output_is_waiting(const struct output *o);
/* ST_OK: the terminal has all. ST_AGAIN: it did not take all within OUTPUT_PATIENCE_MS; calls do
 * not wait any more until it takes something. ST_IO: it is gone. */
#define OUTPUT_PATIENCE_MS 250
enum status output_send(struct output *o) MUST_USE;
/* One write() that cannot block; errno as write() leaves it. Async-signal-safe. */
ssize_t output_write_now(int fd, const char *p, size_t n);

/* ---- restore.c */
void restore_prepare(void);      /* before curses changes anything: newterm() does */
void restore_learn(bool modern); /* when it knows the terminal: how that is left */

#endif
