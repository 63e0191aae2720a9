/* bench_keys CHECKREIN FRAMES RATE KEYS FOLDER: the console on a terminal of its own, fed with RATE
 * news a second by a back-end of checkrein.v1 in this process; `p` is pressed KEYS times. Each
 * time: from the key on the terminal to the command frame on the back-end's socket.
 */
#include <stdio.h>

#include "bench.h"
#include "desk.h"

#define KEYS_MAX 100000

struct run {
    struct desk desk;
    struct frames frames;
};

static bool send_news(void *ctx, size_t from, size_t to)
{
    struct run *r = ctx;
    const struct frames *f = &r->frames;
    return peer_send(&r->desk.peer, frames_between(f, f->state + from, f->state + to));
}

static bool is_command(void *ctx, struct span text)
{
    (void)ctx;
    return span_starts(text, "{\"kind\":\"command\"");
}

int main(int argc, char **argv)
{
    struct run r = {
        .desk = {.ctx = &r, .news = send_news, .hears = is_command}
    };
    struct desk *d = &r.desk;
    struct times times;
    frames_load(&r.frames, bench_word(argc, argv, 2));
    double rate = (double)bench_number(argc, argv, 3, 0, 1000000);
    size_t keys = (size_t)bench_number(argc, argv, 4, 1, KEYS_MAX);
    times_init(&times, keys);
    int listener =
        desk_open(d, bench_word(argc, argv, 1), bench_word(argc, argv, 5), "checkrein", "");
    bench_must(peer_accept(&d->peer, listener), "greet the console");
    bench_must(peer_send(&d->peer, frames_between(&r.frames, 0, r.frames.state)), "send the state");
    desk_settle(d);
    desk_news(d, rate, r.frames.count - r.frames.state);
    desk_wait(d, 0.5);
    while (times.count < keys) {
        desk_rest(d, &times);
        desk_time(d, "p", &times);
    }
    (void)printf("{\"news\":%zu,\"seconds\":%.3f,", d->told, bench_wall_s() - d->began);
    times_print(&times);
    (void)printf("}\n");
    desk_close(d);
    frames_release(&r.frames);
    times_release(&times);
    return 0;
}
