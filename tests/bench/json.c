/* bench_json FRAMES ROUNDS: reads each frame of the file, and six fields out of it. Of the best and
 * the middle round of each reader: "tape" is wire's reader alone, "codec" makes the whole typed
 * event of it, with every check. `sum` is over what was read, so that another reader can be
 * compared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "checkrein/alloc.h"
#include "checkrein/codec.h"

#define TOKENS     512
#define ROUNDS_MAX 100

struct lines {
    struct span *items;
    size_t count, cap, bytes;
};

static void split(struct lines *l, struct span text)
{
    struct span line;
    while (span_next(&text, '\n', &line)) {
        if (line.n > 0) {
            GROW(l->items, l->cap, l->count + 1);
            l->items[l->count++] = line;
            l->bytes += line.n;
        }
    }
}

static size_t length_of(const struct tape *j, uint32_t object, const char *key, struct buf *scratch)
{
    return tape_string(j, tape_get(j, object, key), scratch).n;
}

static uint64_t read_tape(struct lines *l)
{
    static struct tape_token tokens[TOKENS];
    struct buf scratch;
    struct tape j;
    uint64_t sum = 0;
    buf_init(&scratch, PROTOCOL_FRAME_BYTES);
    for (size_t i = 0; i < l->count; i++) {
        int64_t seq = 0;
        bench_must(tape_parse(&j, l->items[i], TAPE_STRICT, tokens, TOKENS) == ST_OK,
                   "read a frame");
        buf_clear(&scratch);
        uint32_t event = tape_get(&j, TAPE_ROOT, "event");
        uint32_t data = tape_get(&j, event, "data");
        uint32_t at = tape_get(&j, event, "seq");
        bench_must(at == TAPE_ABSENT || tape_int(&j, at, &seq) == ST_OK, "read a number");
        sum += (uint64_t)seq;
        sum += length_of(&j, event, "type", &scratch) + length_of(&j, event, "time", &scratch);
        sum += length_of(&j, data, "gen_ai.agent.id", &scratch);
        sum += length_of(&j, data, "gen_ai.tool.name", &scratch);
        sum += length_of(&j, data, "action.summary", &scratch);
    }
    buf_release(&scratch);
    return sum;
}

static struct codec *codec;

static uint64_t read_codec(struct lines *l)
{
    uint64_t sum = 0;
    struct msg m;
    for (size_t i = 0; i < l->count; i++) {
        bench_must(codec_read_msg(codec, l->items[i], &m, NULL) == ST_OK, "read a frame");
        if (m.kind != KIND_EVENT) {
            continue;
        }
        sum += m.event.seq;
        sum += sizeof(EVENT_TYPE_PREFIX) - 1 + strlen(event_type_name(m.event.type)) + 24;
        sum += event_text(&m.event, F_AGENT_ID).n + event_text(&m.event, F_TOOL).n;
        sum += event_text(&m.event, F_SUMMARY).n;
    }
    return sum;
}

static void measure(const char *name, uint64_t (*read_all)(struct lines *l), struct lines *l,
                    size_t rounds)
{
    double seconds[ROUNDS_MAX];
    uint64_t sum = 0;
    for (size_t i = 0; i < rounds; i++) {
        double began = bench_wall_s();
        sum = read_all(l);
        seconds[i] = bench_wall_s() - began;
    }
    double middle = bench_percentile(seconds, rounds, 0.5);
    (void)printf("\"%s\":{\"events_per_second\":%.0f,\"best\":%.0f,\"sum\":%" PRIu64 "}", name,
                 (double)l->count / middle, (double)l->count / seconds[0], sum);
}

int main(int argc, char **argv)
{
    struct lines l = {0};
    struct span text = bench_file(bench_word(argc, argv, 1));
    size_t rounds = (size_t)bench_number(argc, argv, 2, 1, ROUNDS_MAX);
    split(&l, text);
    codec = codec_new();
    (void)printf("{\"frames\":%zu,\"mean_bytes\":%.0f,", l.count,
                 (double)l.bytes / (double)l.count);
    measure("tape", read_tape, &l, rounds);
    (void)printf(",");
    measure("codec", read_codec, &l, rounds);
    (void)printf("}\n");
    codec_free(codec);
    free(l.items);
    free((char *)text.p);
    return 0;
}
