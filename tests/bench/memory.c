/* bench_memory AGENTS NEWS: what the model takes of that many agents, once they have been
 * introduced and news of all of them have come. `resident` is what the kernel counts, `live` what
 * malloc() has given out.
 *
 * The log is a ring of FLEET_LOG_ENTRIES lines for the whole fleet, whatever the number of agents:
 * its share is what a fleet of one agent takes with the same news.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>

#include "bench.h"
#include "checkrein/model.h"
#include "events.h"

struct size {
    int64_t resident, live;
};

static struct size size_now(void)
{
    struct mallinfo2 m = mallinfo2();
    return (struct size){bench_resident_bytes(), (int64_t)(m.uordblks + m.hblkhd)};
}

static void introduce(struct fleet *f, struct events *e)
{
    struct event ev;
    fleet_snapshot_begin(f, SPAN("bench"));
    for (uint32_t i = 0; i < e->agents; i++) {
        events_introduce(e, i, &ev);
        ev.backend = SPAN("bench");
        fleet_apply(f, &ev);
    }
    fleet_snapshot_end(f, SPAN("bench"), 0);
}

/* Every agent in turn, so that each has been heard of. */
static void tell(struct fleet *f, struct events *e, uint32_t news)
{
    struct event ev;
    for (uint32_t i = 0; i < news; i++) {
        events_next_of(e, i % e->agents, &ev);
        ev.backend = SPAN("bench");
        fleet_apply(f, &ev);
    }
}

static void print(const char *name, struct size before, struct size after)
{
    (void)printf("\"%s\":{\"resident\":%" PRId64 ",\"live\":%" PRId64 "}", name,
                 after.resident - before.resident, after.live - before.live);
}

int main(int argc, char **argv)
{
    struct events e;
    uint32_t agents = (uint32_t)bench_number(argc, argv, 1, 1, FLEET_AGENTS_MAX);
    uint32_t news = (uint32_t)bench_number(argc, argv, 2, 0, 100000000);
    struct size empty = size_now();
    struct fleet *f = fleet_new();
    events_init(&e, 1, agents);
    introduce(f, &e);
    struct size introduced = size_now();
    tell(f, &e, news);
    struct size told = size_now();
    (void)printf("{\"agents\":%u,\"events\":%" PRIu64 ",", (unsigned)fleet_agent_count(f), e.seq);
    print("introduced", empty, introduced);
    (void)printf(",");
    print("told", empty, told);
    (void)printf("}\n");
    fleet_free(f);
    return 0;
}
