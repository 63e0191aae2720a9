/* bench_keys CHECKREIN FRAMES RATE KEYS FOLDER: the console on a terminal of its own, fed with RATE
 * news a second by a back-end in this process; `p` is pressed KEYS times. Each time: from the key
 * on the terminal to the command frame on the back-end's socket. The console records a command and
 * makes it durable before it sends it, so the same number of bare append + fdatasync is measured
 * beside it, one after each key.
 */
#include <fcntl.h>
#include <inttypes.h>
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
#include "peer.h"

#define KEYS_MAX   100000
#define BETWEEN_S  0.004 /* of keys: from this on, spread over as much again */
#define DEADLINE_S 20.0
#define BEAT_MS    1

struct run {
    struct peer peer;
    struct frames frames;
    int terminal;
    pid_t console;
    double began; /* when the news began */
    double rate;
    size_t sent; /* frames */
};

static char *config(const char *folder, int port)
{
    char *path = xmalloc(4096);
    (void)snprintf(path, 4096, "%s/checkrein.ini", folder);
    FILE *f = fopen(path, "w");
    bench_must(f != NULL, path);
    (void)fprintf(f,
                  "[console]\njournal = %s/record\n[backend bench]\nkind = checkrein\nurl = "
                  "ws://127.0.0.1:%d/\n",
                  folder, port);
    bench_must(fclose(f) == 0, path);
    return path;
}

static void start_console(struct run *r, const char *binary, const char *folder, int port)
{
    struct winsize size = {.ws_row = 52, .ws_col = 160};
    char *ini = config(folder, port);
    r->console = forkpty(&r->terminal, NULL, NULL, &size);
    bench_must(r->console >= 0, "make a terminal");
    if (r->console == 0) {
        (void)setenv("TERM", "xterm-256color", 1);
        (void)setenv("LC_ALL", "C.UTF-8", 1);
        (void)execl(binary, binary, "console", "--config", ini, (char *)NULL);
        _exit(127);
    }
    free(ini);
    (void)fcntl(r->terminal, F_SETFL, O_NONBLOCK);
}

static size_t drain_terminal(const struct run *r)
{
    char bytes[65536];
    size_t total = 0;
    ssize_t n;
    while ((n = read(r->terminal, bytes, sizeof(bytes))) > 0) {
        total += (size_t)n;
    }
    return total;
}

/* One beat: news that are due, and what is on the screen. True when something came on the socket.
 */
static bool beat(struct run *r)
{
    struct pollfd fds[] = {
        {r->peer.fd,  POLLIN, 0},
        {r->terminal, POLLIN, 0},
    };
    size_t due = r->frames.state + (size_t)((bench_wall_s() - r->began) * r->rate);
    due = due < r->frames.count ? due : r->frames.count;
    bench_must(due == r->sent || peer_send(&r->peer, frames_between(&r->frames, r->sent, due)),
               "send news");
    r->sent = due;
    bench_must(poll(fds, 2, BEAT_MS) >= 0, "wait");
    if (fds[1].revents != 0) {
        (void)drain_terminal(r);
    }
    return fds[0].revents != 0;
}

static void beats(struct run *r, double seconds)
{
    double until = bench_wall_s() + seconds;
    while (bench_wall_s() < until) {
        (void)beat(r);
    }
}

static bool is_command(struct span text)
{
    return span_starts(text, "{\"kind\":\"command\"");
}

static double press(struct run *r)
{
    double began = bench_wall_s();
    bench_must(write(r->terminal, "p", 1) == 1, "press a key");
    for (;;) {
        if (beat(r) && is_command(peer_heard(&r->peer))) {
            return bench_wall_s() - began;
        }
        bench_must(bench_wall_s() - began < DEADLINE_S, "see a command come");
    }
}

/* Until the state is on the screen, and quiet. */
static void settle(struct run *r)
{
    size_t drawn = 0;
    double until = bench_wall_s() + DEADLINE_S;
    while (drawn < 4000) {
        struct pollfd fd = {r->terminal, POLLIN, 0};
        bench_must(bench_wall_s() < until && poll(&fd, 1, 1000) >= 0,
                   "see the fleet on the screen");
        drawn += drain_terminal(r);
    }
}

int main(int argc, char **argv)
{
    struct run *r = xcalloc(1, sizeof(*r));
    int port = 0;
    frames_load(&r->frames, bench_word(argc, argv, 2));
    r->rate = (double)bench_number(argc, argv, 3, 0, 1000000);
    size_t keys = (size_t)bench_number(argc, argv, 4, 1, KEYS_MAX);
    const char *folder = bench_word(argc, argv, 5);
    double *latency = xcalloc(keys, sizeof(*latency));
    double *bare = xcalloc(keys, sizeof(*bare));
    int listener = peer_listen(&port);
    start_console(r, bench_word(argc, argv, 1), folder, port);
    bench_must(peer_accept(&r->peer, listener), "greet the console");
    bench_must(peer_send(&r->peer, frames_between(&r->frames, 0, r->frames.state)),
               "send the state");
    settle(r);
    r->sent = r->frames.state;
    r->began = bench_wall_s();
    beats(r, 0.5);
    for (size_t i = 0; i < keys; i++) {
        beats(r, BETWEEN_S + BETWEEN_S * (double)(i % 7) / 7);
        latency[i] = press(r);
        bare[i] = bench_fdatasync_s(folder);
    }
    (void)printf("{\"keys\":%zu,\"news\":%zu,\"seconds\":%.3f,\"p50_us\":%.0f,\"p99_us\":%.0f,"
                 "\"fdatasync_p50_us\":%.0f,"
                 "\"fdatasync_p99_us\":%.0f}\n",
                 keys, r->sent - r->frames.state, bench_wall_s() - r->began,
                 bench_percentile(latency, keys, 0.5) * 1e6,
                 bench_percentile(latency, keys, 0.99) * 1e6,
                 bench_percentile(bare, keys, 0.5) * 1e6, bench_percentile(bare, keys, 0.99) * 1e6);
    (void)kill(r->console, SIGTERM);
    (void)fcntl(r->terminal, F_SETFL, 0);
    char bytes[4096];
    while (read(r->terminal, bytes, sizeof(bytes)) > 0) {
    }
    (void)waitpid(r->console, NULL, 0);
    peer_close(&r->peer);
    frames_release(&r->frames);
    free(latency);
    free(bare);
    free(r);
    return 0;
}
