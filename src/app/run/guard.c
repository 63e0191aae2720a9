/* guard.c - the guardian while its agent lives: it is a subreaper, so that nothing below it gets
 * away from it, and tells the daemon that the run began and ended. It judges nothing: reins are
 * pulled by the daemon, on the processes.
 *
 * A request that is never answered shows by its end that the daemon went away; from then on it
 * registers again and again, with pauses that grow. Calls are refused meanwhile, because the hooks
 * fail closed.
 */
#include "run_priv.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

#define ANSWER_BYTES   65536
#define ANSWER_TOKENS  64
#define ANSWER_MS      10000
#define END_MS         2000
#define AGAIN_FIRST_MS 100
#define AGAIN_MOST_MS  5000
#define LEFT_LOOK_MS   20
#define LEFT_SELDOM_MS 1000

#define EXIT_NOT_RUN    126 /* as shells say it */
#define EXIT_NO_PROGRAM 127

struct guard {
    struct run_plan *plan;
    struct loop *loop;
    struct net *net;
    struct screen *screen;
    struct child child;
    bool let_go;  /* it was to start the program */
    bool running; /* it did */
    bool over;    /* it has ended, and its status is known */
    int status;
    bool answered; /* the first registration */
    int http_status, hook_port;
    char refusal[256];
    int64_t again_ms;
    net_id line;
    bool told; /* the end */
};

/* ---- requests */

static void write_claims(const struct guard *g, struct buf *b)
{
    const struct run_plan *p = g->plan;
    buf_printf(b, "{\"run\":\"%s\",\"pid\":%d,\"hooks\":%s,\"runtime\":", p->id, (int)g->child.pid,
               p->runtime->hooks ? "true" : "false");
    (void)tape_quote(b, span_str(p->runtime->name ? p->runtime->name : p->program));
    const struct {
        const char *key, *value;
    } TEXTS[] = {
        {"name",         p->name        },
        {"on_behalf_of", p->on_behalf_of},
        {"task",         p->task        },
        {"cwd",          p->cwd         },
        {"version",      p->version     },
        {"unit",         p->unit        }
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        if (TEXTS[i].value && TEXTS[i].value[0]) {
            buf_printf(b, ",\"%s\":", TEXTS[i].key);
            (void)tape_quote(b, span_str(TEXTS[i].value));
        }
    }
    buf_addch(b, '}');
}

static enum status post(struct guard *g, const char *url, struct span body, int64_t timeout_ms,
                        http_client_fn *fn, net_id *id, struct why *why)
{
    static const char *const HEADERS[] = {"Content-Type: application/json", NULL};
    struct http_client_request r = {
        .url = url,
        .unix_path = g->plan->socket_path,
        .method = "POST",
        .headers = HEADERS,
        .body = body,
        .answer_bytes = ANSWER_BYTES,
        .timeout_ms = timeout_ms,
    };
    return net_http_request(g->net, &r, fn, g, id, why);
}

static void read_answer(struct guard *g, const struct http_client_answer *a)
{
    struct tape_token tokens[ANSWER_TOKENS];
    struct tape j;
    struct buf text;
    int64_t port = 0;
    buf_init(&text, ANSWER_BYTES);
    g->answered = true;
    g->http_status = a->http_status;
    (void)span_copy(span_str(a->why ? a->why : "the daemon does not know of runs"), g->refusal,
                    sizeof(g->refusal));
    if (tape_parse(&j, a->body, TAPE_STRICT, tokens, ANSWER_TOKENS) == ST_OK) {
        struct span error = tape_string(&j, tape_get(&j, TAPE_ROOT, "error"), &text);
        if (error.n) {
            (void)span_copy(error, g->refusal, sizeof(g->refusal));
        }
        if (tape_int(&j, tape_get(&j, TAPE_ROOT, "hook_port"), &port) == ST_OK && port > 0 &&
            port <= 65535) {
            g->hook_port = (int)port;
        }
    }
    buf_release(&text);
}

static void on_first_answer(void *ctx, net_id id, const struct http_client_answer *a)
{
    (void)id;
    read_answer(ctx, a);
}

static enum status ask(struct guard *g, http_client_fn *fn, struct why *why)
{
    struct buf body;
    net_id id = 0;
    buf_init(&body, ANSWER_BYTES);
    write_claims(g, &body);
    enum status st =
        buf_status(&body) == ST_OK
            ? post(g, "http://localhost/run/started", buf_span(&body), ANSWER_MS, fn, &id, why)
            : why_fail(why, ST_LIMIT, "name, task or folder are too long");
    buf_release(&body);
    return st;
}

/* ---- the line */

static void again(void *ctx);

static void on_line_end(void *ctx, net_id id, const struct http_client_answer *a)
{
    (void)id;
    (void)a;
    struct guard *g = ctx;
    g->line = 0;
    (void)loop_timer(g->loop, g->again_ms, again, g);
}

static void open_line(struct guard *g)
{
    char body[64];
    struct why why = {0};
    (void)snprintf(body, sizeof(body), "{\"run\":\"%s\"}", g->plan->id);
    if (post(g, "http://localhost/run/line", span_str(body), 0, on_line_end, &g->line, &why) !=
        ST_OK) {
        (void)loop_timer(g->loop, AGAIN_MOST_MS, again, g);
    }
}

static void on_again(void *ctx, net_id id, const struct http_client_answer *a)
{
    (void)id;
    struct guard *g = ctx;
    if (a->http_status == 200) {
        g->again_ms = AGAIN_FIRST_MS;
        open_line(g);
        return;
    }
    g->again_ms = g->again_ms * 2 > AGAIN_MOST_MS ? AGAIN_MOST_MS : g->again_ms * 2;
    (void)loop_timer(g->loop, g->again_ms, again, g);
}

static void again(void *ctx)
{
    struct guard *g = ctx;
    struct why why = {0};
    if (socket_is_ours(g->plan->socket_path, &why) != ST_OK || ask(g, on_again, &why) != ST_OK) {
        (void)loop_timer(g->loop, AGAIN_MOST_MS, again, g);
    }
}

/* ---- signals */

static void on_child(void *ctx, int signo)
{
    (void)signo;
    struct guard *g = ctx;
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (pid != g->child.pid) {
            continue; /* one that was left behind */
        }
        if (WIFSTOPPED(status)) {
            (void)screen_suspended(g->screen);
        } else {
            g->over = true;
            g->status = status;
            loop_stop(g->loop);
        }
    }
}

static void on_resize(void *ctx, int signo)
{
    (void)signo;
    const struct guard *g = ctx;
    screen_resized(g->screen);
}

/* Without a terminal of its own the program is let be. */
static void on_suspend(void *ctx, int signo)
{
    (void)signo;
    const struct guard *g = ctx;
    if (g->screen) {
        screen_suspend(g->screen);
    } else {
        (void)raise(SIGSTOP);
    }
}

static void on_continue(void *ctx, int signo)
{
    (void)signo;
    const struct guard *g = ctx;
    screen_continued(g->screen);
}

/* What somebody tells us is meant for the agent, or for what it has left behind. */
static void pass_on(void *ctx, int signo)
{
    const struct guard *g = ctx;
    if (g->over) {
        (void)left_signal(signo);
    } else if (g->running) {
        (void)kill(-g->child.pid, signo);
    }
}

static enum status take_signals(struct guard *g, struct why *why)
{
    static const struct {
        int signo;
        loop_signal_fn *fn;
    } ROWS[] = {
        {SIGCHLD,  on_child   },
        {SIGWINCH, on_resize  },
        {SIGTSTP,  on_suspend },
        {SIGCONT,  on_continue},
        {SIGTERM,  pass_on    },
        {SIGINT,   pass_on    },
        {SIGHUP,   pass_on    },
        {SIGQUIT,  pass_on    },
        {SIGUSR1,  pass_on    },
        {SIGUSR2,  pass_on    }
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (loop_signal(g->loop, ROWS[i].signo, ROWS[i].fn, g) != ST_OK) {
            return why_fail(why, ST_IO, "signals cannot be taken");
        }
    }
    return ST_OK;
}

/* ---- beginning */

static enum status register_run(struct guard *g, struct why *why)
{
    int64_t until = clock_mono_us() + (ANSWER_MS + 1000) * 1000LL;
    enum status st = ask(g, on_first_answer, why);
    while (st == ST_OK && !g->answered && clock_mono_us() < until) {
        st = loop_turn(g->loop, 100);
    }
    if (st == ST_OK && g->http_status != 200) {
        st = why_fail(why, g->http_status == 403 ? ST_DENIED : ST_CLOSED, "not started: %s",
                      g->answered ? g->refusal : "the daemon does not answer");
    }
    return st;
}

static enum status begin(struct guard *g, struct why *why)
{
    struct run_plan *p = g->plan;
    enum status st = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
                         ? screen_open(&g->screen, why)
                         : why_fail(why, ST_IO, "what the agent leaves behind cannot be kept: %s",
                                    err_text(errno));
    if (st == ST_OK) {
        st = child_fork(&g->child, p, g->screen, why);
    }
    if (st == ST_OK) {
        st = loop_new(&g->loop, why);
    }
    if (st == ST_OK) {
        st = net_new(&g->net, g->loop, why);
    }
    if (st == ST_OK) {
        st = register_run(g, why);
    }
    if (st == ST_OK && p->runtime->write) {
        st = p->runtime->write(p, g->hook_port, why);
    }
    if (st == ST_OK) {
        st = take_signals(g, why);
    }
    if (st == ST_OK) {
        g->let_go = true;
        st = child_go(&g->child, p, why);
        g->running = st == ST_OK;
    }
    screen_forget_slave(g->screen);
    return st == ST_OK ? screen_start(g->screen, g->loop, g->child.pid, why) : st;
}

/* ---- the end */

/* We inherit whatever loses its parent: without a child nothing is left. */
static bool has_left(void)
{
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    }
    return pid == 0;
}

/* As a service manager does when a service's own process has ended: what it left behind is ended
 * too. */
static void end_what_is_left(struct guard *g)
{
    int64_t kill_us = clock_mono_us() + g->plan->conf.serve.stop_grace_ms * 1000;
    if (has_left()) {
        app_say("the agent has ended; %zu processes that it left behind are ended too (--keep "
                "waits for them)",
                left_signal(SIGTERM));
        (void)left_signal(SIGCONT);
    }
    while (has_left()) {
        if (clock_mono_us() >= kill_us) {
            (void)left_signal(SIGKILL);
        }
        (void)!loop_turn(g->loop, LEFT_LOOK_MS);
    }
}

static void wait_for_what_is_left(struct guard *g)
{
    if (has_left()) {
        app_say("the agent has ended; waiting for %zu processes that it left behind",
                left_signal(0));
    }
    while (has_left()) {
        (void)!loop_turn(g->loop, LEFT_SELDOM_MS);
    }
}

static void on_told(void *ctx, net_id id, const struct http_client_answer *a)
{
    (void)id;
    (void)a;
    struct guard *g = ctx;
    g->told = true;
}

static void tell_end(struct guard *g)
{
    char body[128];
    net_id id = 0;
    struct why why = {0};
    bool by_signal = WIFSIGNALED(g->status);
    (void)snprintf(body, sizeof(body), "{\"run\":\"%s\",\"exit\":%d,\"signal\":%d}", g->plan->id,
                   by_signal ? 0 : WEXITSTATUS(g->status), by_signal ? WTERMSIG(g->status) : 0);
    int64_t until = clock_mono_us() + END_MS * 1000LL;
    g->told =
        post(g, "http://localhost/run/ended", span_str(body), END_MS, on_told, &id, &why) != ST_OK;
    while (!g->told && clock_mono_us() < until && loop_turn(g->loop, 50) == ST_OK) {
    }
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int fault_code(struct guard *g, enum status st)
{
    if (g->let_go && !g->running) {
        return st == ST_NOTFOUND ? EXIT_NO_PROGRAM : EXIT_NOT_RUN;
    }
    return st == ST_DENIED ? EXIT_REFUSED : EXIT_TROUBLE;
}

static int watch(struct guard *g)
{
    open_line(g);
    while (!g->over && loop_run(g->loop) == ST_OK) {
    }
    screen_drain(g->screen);
    screen_close(g->screen);
    g->screen = NULL;
    if (g->plan->keep) {
        wait_for_what_is_left(g);
    } else {
        end_what_is_left(g);
    }
    tell_end(g);
    return exit_code(g->status);
}

int guard_run(struct run_plan *p)
{
    struct guard g = {
        .plan = p, .child = {.go = -1, .fault = -1},
             .again_ms = AGAIN_FIRST_MS
    };
    struct why why = {0};
    enum status st = begin(&g, &why);
    int code = st == ST_OK ? watch(&g) : fault_code(&g, st);
    screen_close(g.screen);
    if (st != ST_OK) {
        if (g.running) {
            (void)kill(-g.child.pid, SIGKILL);
        }
        child_give_up(&g.child);
        if (g.http_status == 200) {
            g.status = W_EXITCODE(code, 0);
            tell_end(&g);
        }
        (void)app_trouble(&why, code);
    }
    net_free(g.net);
    loop_free(g.loop);
    return code;
}
