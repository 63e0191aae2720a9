/* bench_path PORT NEWS FOLDER: what the console does with news, with the console's own hub:
 * WebSocket, strict reader, record with fdatasync once a turn, fold. Measured from `synced` to the
 * last commit.
 *
 * `sums` is over what the agents did, so that another runner's fold can be compared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "hub.h"

struct run {
    uint64_t news, seen;
    double wall, cpu; /* when `synced` came */
    bool live;
};

static void on_seen(void *ctx, const struct event *ev)
{
    struct run *r = ctx;
    if (ev->type == EVENT_BACKEND_LINK) {
        bool live = event_number(ev, F_LINK) == LINK_LIVE;
        bench_must(live || !r->live, "go on: the connection was lost");
        if (live && !r->live) {
            r->wall = bench_wall_s();
            r->cpu = bench_cpu_s();
        }
        r->live = live;
    } else if (!ev->snapshot && ev->seq > 0) {
        r->seen++;
    }
}

static int by_id(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *sum_of(const struct fleet *f, const struct agent *a)
{
    struct buf b;
    buf_init(&b, 4096);
    (void)buf_printf(&b, "%s %u %" PRId64 " %" PRId64 " %" PRId64 " %s\n", fleet_str(f, a->id),
                     (unsigned)a->actions, a->tokens_in, a->tokens_out, a->cost_microusd,
                     fleet_str(f, a->now));
    char *line = buf_detach(&b, NULL);
    buf_release(&b);
    return line;
}

static void print_sums(const struct fleet *f)
{
    uint32_t count = fleet_agent_count(f);
    char **lines = xcalloc(count, sizeof(*lines));
    char digest[DIGEST_TEXT_BYTES];
    struct buf all;
    buf_init(&all, (size_t)1 << 30);
    for (uint32_t i = 0; i < count; i++) {
        lines[i] = sum_of(f, fleet_agent_at(f, i));
    }
    qsort(lines, count, sizeof(*lines), by_id);
    for (uint32_t i = 0; i < count; i++) {
        (void)buf_addstr(&all, lines[i]);
        free(lines[i]);
    }
    digest_text(buf_span(&all), digest);
    (void)printf("\"agents\":%u,\"sums\":\"%s\"", (unsigned)count, digest);
    buf_release(&all);
    free(lines);
}

static void run(struct hub *h, struct run *r)
{
    uint64_t commits = 0;
    struct why why = {0};
    bench_must(hub_connect(h, &why) == ST_OK, why.text);
    while (r->seen < r->news || journal_dirty(h->journal)) {
        bool was_dirty = r->live && journal_dirty(h->journal);
        bench_must(loop_turn(h->loop, 10000) == ST_OK, "turn the loop");
        commits += was_dirty && !journal_dirty(h->journal);
        hub_commit(h);
        bench_must(!h->record_failed, "keep the record");
    }
    double wall = bench_wall_s() - r->wall;
    double cpu = bench_cpu_s() - r->cpu;
    (void)printf("{\"events\":%" PRIu64
                 ",\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"commits\":%" PRIu64
                 ",\"resident_bytes\":%" PRId64 ",",
                 r->seen, wall, cpu, commits, bench_resident_bytes());
    print_sums(h->fleet);
    (void)printf("}\n");
}

int main(int argc, char **argv)
{
    struct hub h;
    struct why why = {0};
    char url[64];
    struct run r = {.news = (uint64_t)bench_number(argc, argv, 2, 1, INT64_MAX)};
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/",
                   (int)bench_number(argc, argv, 1, 1, 65535));
    struct conf_backend backend = {
        .name = (char *)"bench", .kind = (char *)"checkrein", .url = url};
    static const struct hub_events EVENTS = {.seen = on_seen};
    const struct hub_record record = {.dir = bench_word(argc, argv, 3)};
    bench_must(hub_open(&h, &backend, 1, &record, &EVENTS, &r, &why) == ST_OK, why.text);
    run(&h, &r);
    hub_close(&h);
    return 0;
}
