/* bench_events NEWS AGENTS SEED: frames of checkrein.v1, one a line, on standard output: the state
 * of the agents, a `synced`, and then the news. What is sent by bench_backend, and read by the JSON
 * readers.
 */
#include <stdio.h>

#include "bench.h"
#include "checkrein/buf.h"
#include "checkrein/codec.h"
#include "events.h"

static void put(struct buf *frame, enum status written)
{
    bench_must(written == ST_OK && buf_addch(frame, '\n') == ST_OK, "write a frame");
    bench_must(fwrite(frame->data, 1, frame->len, stdout) == frame->len,
               "write to standard output");
    buf_clear(frame);
}

int main(int argc, char **argv)
{
    uint32_t news = (uint32_t)bench_number(argc, argv, 1, 1, 100000000);
    uint32_t agents = (uint32_t)bench_number(argc, argv, 2, 1, 100000);
    struct events e;
    struct event ev;
    struct buf frame;
    events_init(&e, (uint64_t)bench_number(argc, argv, 3, 0, INT64_MAX), agents);
    buf_init(&frame, PROTOCOL_FRAME_BYTES);
    for (uint32_t i = 0; i < agents; i++) {
        events_introduce(&e, i, &ev);
        put(&frame, codec_write_msg_event(&frame, &ev));
    }
    put(&frame, codec_write_synced(&frame, 0));
    for (uint32_t i = 0; i < news; i++) {
        events_next(&e, &ev);
        put(&frame, codec_write_msg_event(&frame, &ev));
    }
    buf_release(&frame);
    bench_must(fflush(stdout) == 0, "write to standard output");
    return 0;
}
