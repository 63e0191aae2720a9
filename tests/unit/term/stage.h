/* stage.h - a terminal for one test: a child that runs the module on a pty, and the parent at its
 * other end.
 *
 *     static void actor(struct actor *a)           the child: opens, paints, reads keys
 *     {
 *         actor_open(a);
 *         actor_mark(a);
 *     }
 *     ...
 *     struct stage s;
 *     stage_start(&s, actor, &(struct stage_options){0});
 *     stage_wait_mark(&s);                         the parent: reads until the child's mark has
 * come assert_string_equal(vt_row(&s.vt, 0), "..."); stage_end(&s, 0); the child's exit code
 *
 * Nothing sleeps: each side waits for the other's word, with a deadline.
 */
#ifndef CHECKREIN_TEST_STAGE_H
#define CHECKREIN_TEST_STAGE_H

#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "checkrein/term.h"
#include "vt.h"

#define STAGE_MS 20000
#define MARK     "\033]mark\a"

struct stage_options {
    int cols, rows;     /* 80 x 24 when 0 */
    const char *type;   /* xterm-256color when NULL */
    const char *locale; /* C.UTF-8 when NULL */
    const char *colorterm;
    enum color_choice color;
    bool no_color, ascii;
    uint64_t seed;
    const struct theme *theme; /* the compiled-in one when NULL */
};

struct actor {
    struct stage_options o;
    int control;
    struct term *t;
    struct canvas c;
    struct why why;
    char block[64 * 1024];
    struct text_arena arena;
};

struct stage {
    struct termios initial; /* of the terminal, before the child has touched it */
    pid_t pid;
    int master, control;
    struct vt vt;
    char bytes[65536]; /* read, and from `at` to `n` not yet drawn */
    size_t at, n;
};

/* ---- the child's side. A failure there is an exit code and words on standard error. */

#define ACTOR_CHECK(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: child: %s\n", __FILE__, __LINE__, #condition);           \
            term_restore_now();                                                                    \
            _exit(99);                                                                             \
        }                                                                                          \
    } while (0)

static inline enum status actor_try_open(struct actor *a)
{
    static struct theme fallback;
    theme_default(&fallback);
    struct term_options o = {
        .theme = a->o.theme != NULL ? a->o.theme : &fallback,
        .color = a->o.color,
        .no_color = a->o.no_color,
        .ascii = a->o.ascii,
        .type = a->o.type,
        .colorterm = a->o.colorterm,
    };
    return term_open(&a->t, &o, &a->why);
}

static inline void actor_fit_canvas(struct actor *a)
{
    int cols = 0;
    int rows = 0;
    term_size(a->t, &cols, &rows);
    canvas_resize(&a->c, cols, rows);
}

static inline void actor_open(struct actor *a)
{
    ACTOR_CHECK(actor_try_open(a) == ST_OK);
    canvas_init(&a->c);
    actor_fit_canvas(a);
}

static inline void actor_close(struct actor *a)
{
    term_close(a->t);
    canvas_release(&a->c);
}

static inline struct safe actor_safe(struct actor *a, struct span hostile)
{
    text_arena_init(&a->arena, a->block, sizeof(a->block));
    return text_sanitise(&a->arena, hostile, TEXT_ONE_LINE);
}

static inline void actor_put(struct actor *a, int x, int y, enum role role, const char *text)
{
    (void)canvas_put(&a->c, x, y, role, actor_safe(a, span_str(text)));
}

static inline void actor_paint(struct actor *a)
{
    ACTOR_CHECK(term_paint(a->t, &a->c) == ST_OK);
}

/* The mark goes the way of what was painted, so that the parent has read all before it. */
static inline void actor_mark(struct actor *a)
{
    (void)a;
    ACTOR_CHECK(write(STDOUT_FILENO, MARK, sizeof(MARK) - 1) == sizeof(MARK) - 1);
}

/* One byte of the parent's, or -1 when it has gone. */
static inline int actor_wait(struct actor *a)
{
    unsigned char byte = 0;
    ssize_t n = 0;
    do {
        n = read(a->control, &byte, 1);
    } while (n < 0 && errno == EINTR);
    return n == 1 ? byte : -1;
}

static inline void actor_tell(struct actor *a, const void *p, size_t n)
{
    ACTOR_CHECK(send(a->control, p, n, MSG_NOSIGNAL) == (ssize_t)n);
}

/* The next key, waiting for it as the loop does. */
static inline enum status actor_key(struct actor *a, uint32_t *key)
{
    enum status st = ST_AGAIN;
    while ((st = term_key(a->t, key)) == ST_AGAIN) {
        struct pollfd pf = {.fd = term_fd(a->t), .events = POLLIN};
        ACTOR_CHECK(poll(&pf, 1, STAGE_MS) == 1);
    }
    return st;
}

/* ---- the parent's side */

static inline int64_t stage_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void stage_start(struct stage *s, void (*play)(struct actor *),
                               const struct stage_options *o)
{
    struct actor a = {.o = *o};
    struct winsize ws = {.ws_col = (unsigned short)(o->cols ? o->cols : 80),
                         .ws_row = (unsigned short)(o->rows ? o->rows : 24)};
    int slave = -1;
    int pair[2];
    a.o.type = o->type ? o->type : "xterm-256color";
    *s = (struct stage){.master = -1};
    vt_init(&s->vt, ws.ws_col, ws.ws_row);
    assert_int_equal(openpty(&s->master, &slave, NULL, NULL, &ws), 0);
    assert_int_equal(tcgetattr(s->master, &s->initial), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    s->control = pair[0];
    (void)fflush(NULL);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        (void)close(s->master);
        (void)close(pair[0]);
        a.control = pair[1];
        (void)setsid();
        (void)ioctl(slave, TIOCSCTTY, 0);
        (void)dup2(slave, STDIN_FILENO);
        (void)dup2(slave, STDOUT_FILENO);
        (void)close(slave);
        (void)setlocale(LC_CTYPE, o->locale ? o->locale : "C.UTF-8");
        vt_release(&s->vt);
        play(&a);
        exit(0); /* and the leak checker looks */
    }
    (void)close(slave);
    (void)close(pair[1]);
}

/* Waits for at most `ms` for something to draw; false when nothing came or the other end is closed.
 */
static inline bool stage_fill(struct stage *s, int ms)
{
    struct pollfd pf = {.fd = s->master, .events = POLLIN};
    if (s->at < s->n) {
        return true;
    }
    ssize_t n = poll(&pf, 1, ms) == 1 ? read(s->master, s->bytes, sizeof(s->bytes)) : 0;
    s->at = 0;
    s->n = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* Draws all that there is. */
static inline bool stage_read(struct stage *s, int ms)
{
    if (!stage_fill(s, ms)) {
        return false;
    }
    vt_feed(&s->vt, s->bytes + s->at, s->n - s->at);
    s->at = s->n;
    return true;
}

/* Draws what came before the next mark, and nothing behind it. */
static inline void stage_wait_mark(struct stage *s)
{
    unsigned before = s->vt.marks;
    while (s->vt.marks == before) {
        if (!stage_fill(s, STAGE_MS)) {
            fail_msg("the child's mark did not come");
        }
        vt_byte(&s->vt, s->bytes[s->at++]);
    }
}

static inline void stage_well(struct stage *s)
{
    if (s->vt.wrong[0] != '\0') {
        fail_msg("the terminal was sent %s", s->vt.wrong);
    }
}

static inline void stage_go(struct stage *s, char word)
{
    assert_int_equal(send(s->control, &word, 1, MSG_NOSIGNAL), 1);
}

static inline void stage_type(struct stage *s, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(s->master, bytes.p, bytes.n);
        assert_true(n > 0);
        bytes = span_sub(bytes, (size_t)n, SIZE_MAX);
    }
}

static inline void stage_hear(struct stage *s, void *p, size_t n)
{
    for (size_t have = 0; have < n;) {
        struct pollfd pf = {.fd = s->control, .events = POLLIN};
        if (poll(&pf, 1, STAGE_MS) != 1) {
            fail_msg("the child says nothing");
        }
        ssize_t got = read(s->control, (char *)p + have, n - have);
        if (got <= 0) {
            fail_msg("the child has gone");
        }
        have += (size_t)got;
    }
}

/* Waits for the child to end while reading what it still writes. Its wait status. */
static inline int stage_reap(struct stage *s)
{
    int state = 0;
    int64_t until = stage_now_ms() + STAGE_MS;
    while (waitpid(s->pid, &state, WNOHANG) == 0) {
        if (stage_now_ms() > until) {
            (void)kill(s->pid, SIGKILL);
            (void)waitpid(s->pid, &state, 0);
            fail_msg("the child does not end");
        }
        if (s->master < 0 || !stage_read(s, 5)) {
            struct pollfd none = {.fd = -1};
            (void)poll(&none, 1, 5);
        }
    }
    while (s->master >= 0 && stage_read(s, 0)) {
    }
    return state;
}

static inline void stage_close(struct stage *s)
{
    if (s->master >= 0) {
        (void)close(s->master);
    }
    (void)close(s->control);
    vt_release(&s->vt);
}

/* What the terminal at the other end is set to. */
static inline struct termios stage_modes(struct stage *s)
{
    struct termios modes;
    assert_int_equal(tcgetattr(s->master, &modes), 0);
    return modes;
}

/* When the terminal is another than the one that vt.h knows. */
static inline void stage_end_elsewhere(struct stage *s, int code)
{
    assert_int_equal(stage_reap(s), code << 8);
    stage_close(s);
}

static inline void stage_end(struct stage *s, int code)
{
    int state = stage_reap(s);
    if (!WIFEXITED(state) || WEXITSTATUS(state) != code) {
        fail_msg("the child ended with state %x, not code %d", (unsigned)state, code);
    }
    stage_well(s);
    stage_close(s);
}

#endif
