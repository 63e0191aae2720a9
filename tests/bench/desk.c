#include "desk.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "checkrein/alloc.h"

#define BETWEEN_S    0.004 /* of keys: from this on, spread over as much again */
#define DEADLINE_S   20.0
#define BEAT_MS      1
#define FLEET_BYTES  4000 /* a fleet on the screen takes more than that */
#define SCREEN_BYTES ((size_t)16 << 20)

/* ---- opening and closing */

static char *config(const char *folder, const char *kind, int port, const char *more)
{
    char *path = xmalloc(4096);
    (void)snprintf(path, 4096, "%s/checkrein.ini", folder);
    FILE *f = fopen(path, "w");
    bench_must(f != NULL, path);
    (void)fprintf(f,
                  "[console]\njournal = %s/record\n[backend bench]\nkind = %s\nurl = "
                  "ws://127.0.0.1:%d/\n%s",
                  folder, kind, port, more);
    bench_must(fclose(f) == 0, path);
    return path;
}

static void become(const char *binary, const char *ini)
{
    (void)setenv("TERM", "xterm-256color", 1);
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)execl(binary, binary, "console", "--config", ini, (char *)NULL);
    _exit(127);
}

int desk_open(struct desk *d, const char *binary, const char *folder, const char *kind,
              const char *more)
{
    struct winsize size = {.ws_row = 52, .ws_col = 160};
    int port = 0;
    int listener = peer_listen(&port);
    char *ini = config(folder, kind, port, more);
    d->folder = folder;
    buf_init(&d->screen, SCREEN_BYTES);
    d->console = forkpty(&d->terminal, NULL, NULL, &size);
    bench_must(d->console >= 0, "make a terminal");
    if (d->console == 0) {
        become(binary, ini);
    }
    free(ini);
    (void)fcntl(d->terminal, F_SETFL, O_NONBLOCK);
    bench_must(poll(&(struct pollfd){listener, POLLIN, 0}, 1, (int)(DEADLINE_S * 1000)) == 1,
               "see the console connect");
    return listener;
}

void desk_close(struct desk *d)
{
    char bytes[4096];
    (void)kill(d->console, SIGTERM);
    (void)fcntl(d->terminal, F_SETFL, 0);
    while (read(d->terminal, bytes, sizeof(bytes)) > 0) {
    }
    (void)waitpid(d->console, NULL, 0);
    (void)close(d->terminal);
    peer_close(&d->peer);
    buf_release(&d->screen);
}

/* ---- one beat: news that are due, what is on the screen, what came on the socket */

static void drain_terminal(struct desk *d)
{
    char bytes[65536];
    ssize_t n;
    while ((n = read(d->terminal, bytes, sizeof(bytes))) > 0) {
        d->drawn += (size_t)n;
        bench_must(d->sought == NULL || buf_append(&d->screen, bytes, (size_t)n) == ST_OK,
                   "keep what is drawn");
    }
}

static void tell_news(struct desk *d)
{
    size_t due = d->rate > 0 ? (size_t)((bench_wall_s() - d->began) * d->rate) : 0;
    due = due < d->most ? due : d->most;
    bench_must(due == d->told || d->news(d->ctx, d->told, due), "send news");
    d->told = due;
}

static bool hear(struct desk *d)
{
    bool expected = false;
    struct span text;
    while ((text = peer_heard(&d->peer)).n > 0) {
        expected = d->hears(d->ctx, text) || expected;
    }
    return expected;
}

/* True: a key has brought what it was to bring. */
static bool beat(struct desk *d)
{
    struct pollfd fds[] = {
        {d->peer.fd,  POLLIN, 0},
        {d->terminal, POLLIN, 0},
    };
    tell_news(d);
    bench_must(poll(fds, 2, BEAT_MS) >= 0, "wait");
    if (fds[1].revents != 0) {
        drain_terminal(d);
    }
    return fds[0].revents != 0 && hear(d);
}

void desk_wait(struct desk *d, double seconds)
{
    double until = bench_wall_s() + seconds;
    while (bench_wall_s() < until) {
        (void)beat(d);
    }
}

static void until(struct desk *d, bool (*is)(const void *of), const void *of, const char *what)
{
    double end = bench_wall_s() + DEADLINE_S;
    while (!is(of)) {
        bench_must(bench_wall_s() < end, what);
        (void)beat(d);
    }
}

void desk_until(struct desk *d, bool (*is)(const void *ctx), const char *what)
{
    until(d, is, d->ctx, what);
}

static bool is_settled(const void *of)
{
    const struct desk *d = of;
    return d->drawn >= FLEET_BYTES;
}

void desk_settle(struct desk *d)
{
    until(d, is_settled, d, "see the fleet on the screen");
}

void desk_news(struct desk *d, double rate, size_t most)
{
    d->rate = rate;
    d->most = most;
    d->began = bench_wall_s();
}

/* ---- screen and keys */

static bool is_drawn(const void *of)
{
    const struct desk *d = of;
    return memmem(d->screen.data, d->screen.len, d->sought, strlen(d->sought)) != NULL;
}

void desk_see(struct desk *d, const char *text)
{
    char what[128];
    (void)snprintf(what, sizeof(what), "see \"%s\" on the screen", text);
    buf_clear(&d->screen);
    d->sought = text;
    until(d, is_drawn, d, what);
    d->sought = NULL;
}

void desk_type(struct desk *d, const char *keys)
{
    size_t n = strlen(keys);
    bench_must(write(d->terminal, keys, n) == (ssize_t)n, "press a key");
}

static double press(struct desk *d, const char *key)
{
    char what[64];
    (void)snprintf(what, sizeof(what), "hear what the key \"%s\" is to bring", key);
    double began = bench_wall_s();
    desk_type(d, key);
    while (!beat(d)) {
        bench_must(bench_wall_s() - began < DEADLINE_S, what);
    }
    return bench_wall_s() - began;
}

void times_init(struct times *t, size_t keys)
{
    *t = (struct times){.key = xcalloc(keys, sizeof(*t->key)),
                        .bare = xcalloc(keys, sizeof(*t->bare))};
}

void desk_time(struct desk *d, const char *key, struct times *t)
{
    t->key[t->count] = press(d, key);
    t->bare[t->count] = bench_fdatasync_s(d->folder);
    t->count++;
}

void desk_rest(struct desk *d, const struct times *t)
{
    desk_wait(d, BETWEEN_S + BETWEEN_S * (double)(t->count % 7) / 7);
}

void times_print(const struct times *t)
{
    (void)printf("\"keys\":%zu,\"p50_us\":%.0f,\"p99_us\":%.0f,\"fdatasync_p50_us\":%.0f,"
                 "\"fdatasync_p99_us\":%.0f",
                 t->count, bench_percentile(t->key, t->count, 0.5) * 1e6,
                 bench_percentile(t->key, t->count, 0.99) * 1e6,
                 bench_percentile(t->bare, t->count, 0.5) * 1e6,
                 bench_percentile(t->bare, t->count, 0.99) * 1e6);
}

void times_release(struct times *t)
{
    free(t->key);
    free(t->bare);
}
