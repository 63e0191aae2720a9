/* jsonl.c - lines as docs/JOURNAL.md has them, without the chain and without frames: each event as
 * it was made of them, in words of checkrein.v1. `checkrein import` makes a record of it again. */
#include "export_priv.h"

#include "checkrein/codec.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

static void put_head(struct buf *out, const struct export_item *it, const char *kind)
{
    char when[TIME_TEXT_BYTES];
    time_format(it->time_us, when);
    buf_printf(out, "{\"n\":%llu,\"t\":\"%s\",\"k\":\"%s\",", (unsigned long long)it->n, when,
               kind);
    if (it->backend.n) {
        buf_addstr(out, "\"from\":");
        tape_quote(out, it->backend);
        buf_addch(out, ',');
    }
    buf_printf(out, "\"%s\":", kind);
}

static enum status put_line(struct buf *out, const struct export_item *it)
{
    enum status st = ST_OK;
    if (it->ev) {
        put_head(out, it, "event");
        st = codec_write_event(out, it->ev);
    } else if (it->transfer) {
        put_head(out, it, "snapshot");
        buf_printf(out, "{\"seq\":%llu,\"complete\":%s}", (unsigned long long)it->transfer->seq,
                   it->transfer->complete ? "true" : "false");
    } else if (it->command) {
        put_head(out, it, "command");
        st = codec_write_command(out, it->command);
    } else {
        put_head(out, it, "open");
        buf_add(out, it->body);
    }
    buf_addstr(out, "}\n");
    return st == ST_OK ? buf_status(out) : st;
}

enum status jsonl_item(struct buf *out, const struct export_item *it)
{
    struct buf line;
    buf_init(&line, EXPORT_TEXT_BYTES);
    enum status st = put_line(&line, it);
    if (st == ST_OK) {
        st = ascii_json(out, buf_span(&line));
    }
    buf_release(&line);
    return st;
}
