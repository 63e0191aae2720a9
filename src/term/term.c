#include "term_priv.h"

#include <langinfo.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SIDE_MAX   1000 /* as canvas: a terminal may say any size */
#define TYPE_BYTES 64

/* Pastes in brackets, so that what is pasted is never taken for keys; reports of the focus, so that
 * a dialog can disarm; text in the order in which it is sent, so that right-to-left letters move
 * nothing; and the question whether frames can be shown at once. */
#define MODERN_MODES SPAN("\033[?2004h\033[?1004h\033[8l\033[?2026$p")

#define INSTEAD                                                                                    \
    "without a screen, use `checkrein status`, `checkrein watch` and `checkrein approve`"

/* ---- size */

static bool ask_kernel(struct winsize *ws)
{
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, ws) == 0 && ws->ws_row != 0 && ws->ws_col != 0;
}

static bool is_sane(const struct winsize *ws)
{
    return ws->ws_row <= SIDE_MAX && ws->ws_col <= SIDE_MAX;
}

static int side(unsigned n)
{
    return n > SIDE_MAX ? SIDE_MAX : (int)n;
}

static bool ask_size(int *cols, int *rows)
{
    struct winsize ws;
    if (!ask_kernel(&ws)) {
        return false;
    }
    *cols = side(ws.ws_col);
    *rows = side(ws.ws_row);
    return true;
}

static void set_size(struct term *t, int cols, int rows)
{
    if (cols != COLS || rows != LINES) {
        (void)resize_term(rows, cols);
    }
    t->shown_w = COLS;
    t->shown_h = LINES;
    free(t->shown);
    free(t->row);
    t->shown = xcalloc((size_t)COLS * (size_t)LINES, sizeof(*t->shown));
    t->row = xcalloc((size_t)COLS + 1, sizeof(*t->row));
    t->all = true;
}

bool term_resize(struct term *t)
{
    int cols = 0;
    int rows = 0;
    if (!ask_size(&cols, &rows) || (cols == t->shown_w && rows == t->shown_h)) {
        return false;
    }
    set_size(t, cols, rows);
    return true;
}

void term_size(const struct term *t, int *cols, int *rows)
{
    *cols = t->shown_w;
    *rows = t->shown_h;
}

/* ---- opening */

static bool wants_more_colors(const struct term_options *o)
{
    struct span has = span_str(o->colorterm);
    return o->color == COLOR_FORCE_256 || o->color == COLOR_FORCE_TRUE ||
           span_is(has, "truecolor") || span_is(has, "24bit");
}

/* "xterm" is what many terminals say that have 256 colours: they are known under a longer name. */
static enum status find_type(const struct term_options *o, char type[TYPE_BYTES], struct why *why)
{
    int n = snprintf(type, TYPE_BYTES, "%s-256color", o->type);
    if (wants_more_colors(o) && !strstr(o->type, "256color") && n < TYPE_BYTES &&
        terminfo_knows(type)) {
        return ST_OK;
    }
    if (span_copy(span_str(o->type), type, TYPE_BYTES) && terminfo_knows(type)) {
        return ST_OK;
    }
    return why_fail(why, ST_UNSUPPORTED,
                    "TERM=%s: this system does not know such a terminal, or it cannot move its "
                    "cursor; " INSTEAD,
                    o->type);
}

/* The environment's LINES and COLUMNS, which do not change with the window, are asked only where
 * the kernel knows no size; the kernel is not when it says what curses should not believe. Signals
 * stay the application's. */
static SCREEN *open_screen(const char *type, FILE *out)
{
    static const int TAKEN[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    struct sigaction before[ARRAY_LEN(TAKEN)];
    struct winsize ws;
    bool told = ask_kernel(&ws);
    use_env(!told);
    use_tioctl(!told || is_sane(&ws));
    for (size_t i = 0; i < ARRAY_LEN(TAKEN); i++) {
        (void)sigaction(TAKEN[i], NULL, &before[i]);
    }
    SCREEN *screen = newterm(type, out, stdin);
    for (size_t i = 0; i < ARRAY_LEN(TAKEN); i++) {
        (void)sigaction(TAKEN[i], &before[i], NULL);
    }
    return screen;
}

static void set_modes(struct term *t)
{
    (void)raw();
    (void)noecho();
    (void)nonl();
    output_capture(&t->out);
    (void)typeahead(-1);
    (void)idcok(stdscr, FALSE); /* terminals differ in what shifting does to wide characters */
    (void)leaveok(stdscr, TRUE);
    (void)curs_set(0);
    t->cursor_x = t->cursor_y = -1;
}

static enum status begin(struct term *t, const struct term_options *o)
{
    int cols = COLS;
    int rows = LINES;
    (void)ask_size(&cols, &rows);
    set_modes(t);
    style_set(t, o->theme, o);
    set_size(t, cols, rows);
    (void)refresh();
    enum status st = output_take(&t->out);
    return st == ST_OK && t->modern ? output_add(&t->out, MODERN_MODES) : st;
}

static enum status open_terminal(struct term *t, const struct term_options *o, struct why *why)
{
    char type[TYPE_BYTES];
    enum status st = find_type(o, type, why);
    if (st == ST_OK) {
        st = output_open(&t->out, why);
    }
    if (st != ST_OK) {
        return st;
    }
    t->screen = open_screen(type, t->out.curses);
    if (t->screen == NULL) {
        return why_fail(why, ST_UNSUPPORTED, "curses cannot use this terminal; " INSTEAD);
    }
    const struct family *family = family_of(o->type);
    t->modern = family->modern;
    t->ascii = o->ascii || !family->unicode || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    restore_learn(t->modern);
    st = begin(t, o);
    return st == ST_OK ? st : why_fail(why, st, "the terminal takes no output");
}

enum status term_open(struct term **out, const struct term_options *o, struct why *why)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return why_fail(why, ST_UNSUPPORTED,
                        "standard input and output are not a terminal; " INSTEAD);
    }
    struct term *t = xcalloc(1, sizeof(*t));
    restore_prepare();
    enum status st = open_terminal(t, o, why);
    if (st != ST_OK) {
        term_close(t);
        return st;
    }
    *out = t;
    return ST_OK;
}

/* Curses' own way out would write to the terminal and wait for it. */
void term_close(struct term *t)
{
    if (t == NULL) {
        return;
    }
    term_restore_now();
    if (t->screen != NULL) {
        delscreen(t->screen);
    }
    output_close(&t->out);
    free(t->shown);
    free(t->row);
    free(t);
}

/* ---- questions */

bool term_ascii(const struct term *t)
{
    return t->ascii;
}

enum color_depth term_depth(const struct term *t)
{
    return t->depth;
}

int term_fd(const struct term *t)
{
    (void)t;
    return STDIN_FILENO;
}
