/* term.h - the terminal: the only user of curses. Paints a canvas, reads keys, puts the terminal
 * back.
 *
 * term_paint() compares with what was painted last and lets curses make the difference: the same
 * canvas twice costs no system call. What curses writes is caught in memory and goes out without
 * ever waiting for long, so that a terminal that has stopped reading stops nothing else. The
 * terminal is restored by term_close(), and by term_restore_now() from a crash handler
 * (async-signal-safe: it writes prepared bytes and sets the saved modes).
 *
 * Thread: the loop's, but for term_restore_now(). One terminal a process: standard input and
 * output.
 *
 *     if (term_open(&t, &options, &why) != ST_OK)
 *         ...
 *     while (term_key(t, &key) == ST_OK)
 *         ...
 *     if (term_paint(t, &canvas) == ST_AGAIN)
 *         ... the frame stays dirty: paint again later
 */
#ifndef CHECKREIN_TERM_H
#define CHECKREIN_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/canvas.h"
#include "checkrein/keys.h"
#include "checkrein/status.h"
#include "checkrein/theme.h"

/* COLOR_AUTO looks at NO_COLOR. Nobody forces more than terminfo has an entry for: truecolor comes
 * out as the nearest of 256. */
enum color_choice {
    COLOR_AUTO,
    COLOR_ALWAYS,
    COLOR_NEVER,
    COLOR_FORCE_16,
    COLOR_FORCE_256,
    COLOR_FORCE_TRUE
};

struct term_options {
    const struct theme *theme; /* copied */
    enum color_choice color;
    bool no_color; /* NO_COLOR is set and not empty */
    bool ascii;    /* asked for; also chosen when the locale is not UTF-8, and for types that were
                      hardware */
    const char *type;      /* TERM; not NULL */
    const char *colorterm; /* COLORTERM; may be NULL */
};

struct term;

/* ST_UNSUPPORTED (with the headless alternative in `why`) for no tty, TERM=dumb or unknown. Nothing
 * is written before the first paint. */
enum status term_open(struct term **out, const struct term_options *o, struct why *why) MUST_USE;
void term_close(struct term *t); /* takes NULL; waits for at most 0.3 s */
/* Only the first call does anything, from wherever it comes. */
void term_restore_now(void);

/* True when only ASCII is drawn: the canvas and text_arena.ascii should be told, or everything else
 * comes out as a reversed "?". */
bool term_ascii(const struct term *t);
enum color_depth term_depth(const struct term *t);
/* At most 1000 each way, whatever the terminal says. */
void term_size(const struct term *t, int *cols, int *rows);
/* After SIGWINCH: asks the kernel, tells curses. True when the size is another. */
bool term_resize(struct term *t);
/* The descriptor that keys come from; stays blocking, and must be waited for level-triggered. */
int term_fd(const struct term *t);
/* ST_OK with a key in its normal form, ST_AGAIN when there is none now, ST_CLOSED when the terminal
 * is gone. Ctrl-C, Ctrl-Z and the like are keys, not signals. Waits 25 ms when Escape is the last
 * byte. Focus reports come as KEYN_FOCUS_IN / _OUT. A bracketed paste, and 0.1 s behind it, is
 * swallowed and counted; whatever else is no key (unknown sequences, answers that a terminal gives,
 * mouse reports) is swallowed whole. So "alt-[", "alt-O", "alt-P", "alt-]" and "alt-_", with which
 * such things begin, are no keys; shifted arrows and function keys neither. */
enum status term_key(struct term *t, uint32_t *key) MUST_USE;
/* Forgets what was typed and not yet taken. */
void term_flush_keys(struct term *t);
/* Bytes of pastes that were swallowed, ever. */
uint64_t term_paste_bytes(const struct term *t);
/* ST_AGAIN: the terminal does not take the frame now (after 0.25 s, then at once until it goes on):
 * paint again soon, nothing is lost. ST_IO: it is gone. Cells whose width the C library and ours
 * disagree on come out as a reversed "?" of ROLE_REPLACED. */
enum status term_paint(struct term *t, const struct canvas *c) MUST_USE;
void term_redraw(struct term *t); /* the next paint sends everything */
/* OSC 52, base64, at most 4 KiB (ST_LIMIT); made plain first. ST_UNSUPPORTED where it would be
 * printed; else as term_paint(), and what is ST_AGAIN goes with the next frame. */
enum status term_copy(struct term *t, struct span text) MUST_USE;
void term_bell(struct term *t);

#endif
