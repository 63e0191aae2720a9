/* bench_backend FRAMES RATE: a back-end of checkrein.v1 that sends what bench_events wrote, to each
 * client that comes, one after the other. RATE: news a second; 0: as fast as the client takes them.
 * Prints its port first. Ends with its standard input.
 */
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "peer.h"

#define BLAST_FRAMES 400
#define BEAT_NS      1000000 /* at a given rate, news go out in handfuls, one each millisecond */

static bool blast(struct peer *p, const struct frames *f)
{
    bool there = true;
    for (size_t at = f->state; there && at < f->count; at += BLAST_FRAMES) {
        size_t to = at + BLAST_FRAMES < f->count ? at + BLAST_FRAMES : f->count;
        there = peer_send(p, frames_between(f, at, to));
    }
    return there;
}

static bool pace(struct peer *p, const struct frames *f, int64_t rate)
{
    double began = bench_wall_s();
    bool there = true;
    for (size_t at = f->state; there && at < f->count;) {
        size_t due = f->state + (size_t)((bench_wall_s() - began) * (double)rate);
        due = due < f->count ? due : f->count;
        there = due == at || peer_send(p, frames_between(f, at, due));
        at = due;
        (void)nanosleep(&(struct timespec){.tv_nsec = BEAT_NS}, NULL);
    }
    return there;
}

/* Until the client or whoever started us goes away. */
static void linger(struct peer *p)
{
    struct pollfd fds[] = {
        {p->fd,        POLLIN, 0},
        {STDIN_FILENO, POLLIN, 0},
    };
    char bytes[4096];
    while (poll(fds, 2, -1) > 0 && fds[1].revents == 0 && read(p->fd, bytes, sizeof(bytes)) > 0) {
    }
}

static bool client_waits(int listener)
{
    struct pollfd fds[] = {
        {listener,     POLLIN, 0},
        {STDIN_FILENO, POLLIN, 0},
    };
    return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

int main(int argc, char **argv)
{
    struct frames f;
    struct peer p;
    int port = 0;
    frames_load(&f, bench_word(argc, argv, 1));
    int64_t rate = bench_number(argc, argv, 2, 0, 1000000);
    int listener = peer_listen(&port);
    (void)printf("%d\n", port);
    (void)fflush(stdout);
    while (client_waits(listener)) {
        if (peer_accept(&p, listener)) {
            bool there = peer_send(&p, frames_between(&f, 0, f.state));
            there = there && (rate > 0 ? pace(&p, &f, rate) : blast(&p, &f));
            if (there) {
                linger(&p);
            }
            peer_close(&p);
        }
    }
    frames_release(&f);
    return 0;
}
