#include "record.h"

#include "bench.h"
#include "checkrein/journal.h"
#include "events.h"

#define START_US INT64_C(1795184527000000)
#define TOGETHER 4096 /* records of one commit */

void bench_write_record(const char *folder, uint32_t records, uint32_t agents)
{
    struct events e;
    struct event ev;
    struct why why = {0};
    struct journal *j = NULL;
    struct journal_options o = {.dir = folder, .writer = "daemon", .now_us = START_US};
    bench_must(journal_open(&j, &o, NULL, &why) == ST_OK, "make a record");
    events_init(&e, 1, agents);
    for (uint32_t i = 0; i < records; i++) {
        if (i < agents) {
            events_introduce(&e, i, &ev);
        } else {
            events_next(&e, &ev);
        }
        ev.seq = 0;
        bench_must(journal_event(j, START_US + (int64_t)i * 1000, &ev, NULL) == ST_OK,
                   "write an event");
        if (i % TOGETHER == 0) {
            bench_must(journal_commit(j, &why) == ST_OK, "commit");
        }
    }
    journal_close(j, START_US + (int64_t)records * 1000);
}
