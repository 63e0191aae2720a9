#include "export_priv.h"

#include "checkrein/text.h"

#define SPELT_BYTES 8 /* of one byte, at most, when it is spelt out */

static enum status put_line(struct buf *out, struct span line)
{
    char *room = buf_reserve(out, line.n * SPELT_BYTES + 1);
    if (!room) {
        return ST_LIMIT;
    }
    buf_commit(out, text_plain_of(line, room, line.n * SPELT_BYTES + 1));
    return ST_OK;
}

enum status put_plain(struct buf *out, struct span foreign)
{
    struct span rest = foreign;
    struct span line;
    bool first = true;
    while (rest.n && span_next(&rest, '\n', &line)) {
        if (!first) {
            buf_addch(out, '\n');
        }
        first = false;
        if (put_line(out, line) != ST_OK) {
            return ST_LIMIT;
        }
    }
    return buf_status(out);
}

struct span item_words(const struct event *ev)
{
    static const enum event_field FIELDS[] = {F_SUMMARY, F_TITLE, F_ERROR, F_REASON};
    for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
        struct span s = event_text(ev, FIELDS[i]);
        if (s.n) {
            return s;
        }
    }
    return SPAN_NONE;
}

struct span item_person(const struct event *ev)
{
    struct span operator_id = event_text(ev, F_OPERATOR);
    struct span by = event_text(ev, F_DECIDED_BY);
    bool by_machine = span_is(by, "policy") || span_is(by, "checkrein");
    return operator_id.n ? operator_id : by_machine ? SPAN_NONE : by;
}
