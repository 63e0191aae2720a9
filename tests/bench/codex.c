/* bench_codex CHECKREIN THREADS RATE ANSWERS INTERRUPTS FOLDER: the console on a terminal of its
 * own, as second client of a made-up `codex app-server` with so many threads in this process, which
 * tells RATE news a second. Its first thread asks for one command after the other, each of which is
 * approved in the console's dialog: from the key that approves, once that is armed, to the answer
 * on the server's socket. Then its turns are interrupted: from the key to the `turn/interrupt`.
 */
#include <stdio.h>

#include "bench.h"
#include "codex_server.h"
#include "desk.h"

#define KEYS_MAX 100000
#define ARMED    "a approve once"
#define BACK     "\x7f"
/* A key that is no part of a longer one: nothing of what follows it is taken for that. */
#define BINDING "[keys]\nback = backspace\n"

struct run {
    struct desk desk;
    struct codex_server server;
};

static bool send_news(void *ctx, size_t from, size_t to)
{
    struct run *r = ctx;
    return codex_server_tell(&r->server, to - from);
}

static bool hears(void *ctx, struct span text)
{
    struct run *r = ctx;
    return codex_server_hear(&r->server, text);
}

static bool has_read(const void *ctx)
{
    const struct run *r = ctx;
    return r->server.read;
}

static bool has_attached(const void *ctx)
{
    const struct run *r = ctx;
    return r->server.attached == r->server.news.count;
}

static bool turn_runs(const void *ctx)
{
    const struct run *r = ctx;
    return r->server.runs;
}

/* Until the console has taken everything that was sent. */
static void catch_up(struct run *r)
{
    codex_server_call(&r->server);
    desk_until(&r->desk, has_read, "see that the console has read all");
}

/* Selects who waits, and opens its request. */
static void approve(struct run *r, struct times *t)
{
    desk_type(&r->desk, " a");
    desk_see(&r->desk, ARMED);
    desk_time(&r->desk, "a", t);
    desk_type(&r->desk, BACK);
}

static void approve_all(struct run *r, size_t answers, struct times *t)
{
    approve(r, t);
    while (t->count < answers) {
        codex_server_ask(&r->server);
        catch_up(r);
        approve(r, t);
    }
}

static void interrupt_all(struct run *r, size_t interrupts, struct times *t)
{
    while (t->count < interrupts) {
        catch_up(r);
        desk_rest(&r->desk, t);
        desk_time(&r->desk, "i", t);
        desk_until(&r->desk, turn_runs, "hear the console ask what still runs");
    }
}

static void print_times(const char *name, struct times *t)
{
    (void)printf(",\"%s\":{", name);
    times_print(t);
    (void)printf("}");
    times_release(t);
}

int main(int argc, char **argv)
{
    struct run r = {
        .desk = {.ctx = &r, .news = send_news, .hears = hears}
    };
    struct desk *d = &r.desk;
    struct times answered, interrupted;
    uint32_t threads = (uint32_t)bench_number(argc, argv, 2, 2, 8192);
    double rate = (double)bench_number(argc, argv, 3, 0, 1000000);
    size_t answers = (size_t)bench_number(argc, argv, 4, 1, KEYS_MAX);
    size_t interrupts = (size_t)bench_number(argc, argv, 5, 1, KEYS_MAX);
    times_init(&answered, answers);
    times_init(&interrupted, interrupts);
    codex_server_init(&r.server, &d->peer, threads);
    int listener =
        desk_open(d, bench_word(argc, argv, 1), bench_word(argc, argv, 6), "codex", BINDING);
    bench_must(peer_meet(&d->peer, listener, NULL), "greet the console");
    desk_until(d, has_attached, "see every thread attached to");
    catch_up(&r);
    desk_settle(d);
    desk_news(d, rate, SIZE_MAX);
    desk_wait(d, 0.5);
    approve_all(&r, answers, &answered);
    interrupt_all(&r, interrupts, &interrupted);
    (void)printf("{\"news\":%zu,\"seconds\":%.3f", d->told, bench_wall_s() - d->began);
    print_times("answers", &answered);
    print_times("interrupts", &interrupted);
    (void)printf("}\n");
    desk_close(d);
    codex_server_release(&r.server);
    return 0;
}
