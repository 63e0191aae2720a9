#include "event_line.h"

#include "checkrein/codec.h"
#include "checkrein/num.h"
#include "checkrein/text.h"

static struct span words_of(const struct event *ev)
{
    static const enum event_field FIELDS[] = {F_SUMMARY, F_TITLE, F_ERROR, F_REASON, F_OPERATOR};
    for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
        struct span s = event_text(ev, FIELDS[i]);
        if (s.n) {
            return s;
        }
    }
    return SPAN_NONE;
}

char *event_line_text(const struct event *ev)
{
    struct buf b;
    char when[TIME_TEXT_BYTES];
    char who[80];
    char what[200];
    buf_init(&b, 1024);
    time_format(ev->time_us, when);
    (void)text_plain_of(event_text(ev, F_AGENT_ID), who, sizeof(who));
    (void)text_plain_of(words_of(ev), what, sizeof(what));
    buf_printf(&b, "%s  %-20s %-44s %s", when, event_type_name(ev->type), who, what);
    char *line = buf_detach(&b, NULL);
    buf_release(&b);
    return line;
}

char *event_line_json(const struct event *ev)
{
    struct buf b;
    struct buf ascii;
    buf_init(&b, 2 * PROTOCOL_FRAME_BYTES);
    buf_init(&ascii, 12 * PROTOCOL_FRAME_BYTES);
    if (codec_write_event(&b, ev) != ST_OK || ascii_json(&ascii, buf_span(&b)) != ST_OK) {
        buf_clear(&ascii);
        buf_addstr(&ascii, "{}");
    }
    char *line = buf_detach(&ascii, NULL);
    buf_release(&b);
    buf_release(&ascii);
    return line;
}
