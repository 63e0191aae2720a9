/* bench_replay FOLDER RECORDS AGENTS SEEKS: a record of that many events of that many agents is
 * written there, read once as a replay does, and then looked at in so many places, at random and in
 * no order. The picture of the last record is compared with the reader's own, so that what is
 * measured is what is shown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "checkrein/journal.h"
#include "checkrein/model.h"
#include "prng.h"
#include "record.h"
#include "replay/player.h"
#include "replay/refold.h"

#define SLICE 4096 /* records that are read at once, as the screen does */

/* By a fold of its own, from the first record to the last. */
static uint64_t digest_of_all(const char *folder)
{
    struct journal_cursor *c = NULL;
    struct journal_record rec;
    struct why why = {0};
    struct refold *r = refold_new();
    bench_must(journal_cursor_open(&c, folder, &why) == ST_OK, "open the record");
    while (journal_cursor_next(c, &rec, &why) == ST_OK) {
        bench_must(refold_take(r, &rec, &why) == ST_OK, "fold the record");
    }
    uint64_t digest = fleet_digest(refold_fleet(r));
    journal_cursor_close(c);
    refold_free(r);
    return digest;
}

int main(int argc, char **argv)
{
    const char *folder = bench_word(argc, argv, 1);
    uint32_t records = (uint32_t)bench_number(argc, argv, 2, 1, 100000000);
    uint32_t agents = (uint32_t)bench_number(argc, argv, 3, 1, FLEET_AGENTS_MAX);
    uint32_t seeks = (uint32_t)bench_number(argc, argv, 4, 1, 1000000);
    struct player *p = NULL;
    struct why why = {0};
    bench_write_record(folder, records, agents);
    int64_t before = bench_resident_bytes();
    double start = bench_wall_s();
    bench_must(player_open(&p, folder, &why) == ST_OK, "open the record");
    while (player_read(p, SLICE, &why) == ST_OK) {
    }
    double read = bench_wall_s() - start;
    uint64_t count = player_marks(p)->count;
    double *took = calloc(seeks, sizeof(*took));
    bench_must(took && count > records, "read what was written");
    struct prng random = {.state = 9};
    for (uint32_t i = 0; i < seeks; i++) {
        uint64_t at = prng_below(&random, count + 1);
        start = bench_wall_s();
        bench_must(player_seek(p, at, &why) == ST_OK, "seek");
        took[i] = bench_wall_s() - start;
        bench_must(player_position(p) == at, "be where it was to be");
    }
    int64_t resident = bench_resident_bytes() - before;
    bench_must(player_seek(p, count, &why) == ST_OK, "seek the end");
    bench_must(fleet_digest(player_fleet(p)) == digest_of_all(folder), "show what was recorded");
    (void)printf("{\"records\":%" PRIu64 ",\"read_seconds\":%.6f,\"resident\":%" PRId64, count,
                 read, resident);
    (void)printf(",\"p50_ms\":%.3f", bench_percentile(took, seeks, 0.5) * 1000);
    (void)printf(",\"p99_ms\":%.3f", bench_percentile(took, seeks, 0.99) * 1000);
    (void)printf(",\"max_ms\":%.3f}\n", bench_percentile(took, seeks, 1) * 1000);
    free(took);
    player_close(p);
    return 0;
}
