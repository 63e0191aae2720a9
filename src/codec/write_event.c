/* struct event to CloudEvents. */
#include "checkrein/codec.h"
#include "writer_priv.h"

/* Every attribute's name as it stands in the text. */
#define X(constant, name, kind, set) [constant] = {"\"" name "\":", sizeof(name) + 2},
static const struct span keys[EVENT_FIELD_COUNT] = {EVENT_FIELDS(X)};
#undef X

static void write_type(struct writer *w, const struct event *ev)
{
    write_name(w, "type");
    if (ev->type == EVENT_UNKNOWN && ev->raw_type.n > 0) {
        tape_quote(w->out, ev->raw_type);
        return;
    }
    buf_addstr(w->out, "\"" EVENT_TYPE_PREFIX);
    buf_addstr(w->out, event_type_name(ev->type));
    buf_addch(w->out, '"');
}

static void write_row(struct writer *w, const struct event_row *row, const struct span *columns,
                      uint32_t count)
{
    write_comma(w);
    write_open(w, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (row->cell[i].n > 0) {
            write_comma(w);
            tape_quote(w->out, columns[i]);
            buf_addch(w->out, ':');
            tape_quote(w->out, row->cell[i]);
        }
    }
    write_close(w, '}');
}

static void write_list(struct writer *w, const struct event *ev, enum event_field f)
{
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t width = event_list_columns(f, columns);
    uint32_t count;
    const struct event_row *rows = event_list(ev, f, &count);
    write_open(w, '[');
    for (uint32_t i = 0; i < count && i < EVENT_LIST_ROWS; i++) {
        write_row(w, &rows[i], columns, width);
    }
    write_close(w, ']');
}

static void write_attribute(struct writer *w, const struct event *ev, enum event_field f)
{
    const struct event_field_info *info = event_field_info(f);
    write_key(w, keys[f]);
    switch (info->kind) {
    case EVENT_STR:
        tape_quote(w->out, event_text(ev, f));
        break;
    case EVENT_INT:
        write_int_value(w, event_number(ev, f));
        break;
    case EVENT_BOOL:
        write_bool_value(w, event_number(ev, f) != 0);
        break;
    case EVENT_TIME:
        write_time_value(w, event_number(ev, f));
        break;
    case EVENT_ENUM:
        write_plain_value(w, event_enum_name(info->set, event_number(ev, f)));
        break;
    case EVENT_LIST:
        write_list(w, ev, f);
        break;
    }
}

static void write_data(struct writer *w, const struct event *ev)
{
    write_name(w, "data");
    write_open(w, '{');
    for (uint32_t word = 0; word < ARRAY_LEN(ev->present); word++) {
        for (uint64_t bits = ev->present[word]; bits != 0; bits &= bits - 1) {
            write_attribute(w, ev, (enum event_field)(word * 64 + (uint32_t)__builtin_ctzll(bits)));
        }
    }
    write_close(w, '}');
}

static void write_envelope(struct writer *w, const struct event *ev)
{
    write_plain(w, "specversion", "1.0");
    write_text(w, "id", ev->id);
    write_text(w, "source", ev->source);
    write_type(w, ev);
    write_text_if(w, "subject", ev->subject);
    write_time(w, "time", ev->time_us);
    if (ev->seq > 0) {
        write_int(w, "seq", (int64_t)ev->seq);
    }
    if (ev->snapshot) {
        write_bool(w, "snapshot", true);
    }
    write_data(w, ev);
}

static bool is_name(struct span s)
{
    return s.n > 0 && s.n <= CODEC_NAME_BYTES;
}

/* Nothing is written that could not be read back. */
static enum status check(const struct event *ev)
{
    if (!is_name(ev->id) || !is_name(ev->source) || ev->subject.n > CODEC_NAME_BYTES ||
        ev->raw_type.n > CODEC_NAME_BYTES || ev->seq > EVENT_INT_MAX) {
        return ST_INVALID;
    }
    return event_check(ev, NULL);
}

enum status codec_write_event(struct buf *out, const struct event *ev)
{
    enum status st = check(ev);
    if (st != ST_OK) {
        return st;
    }
    struct writer w = writer_begin(out);
    write_envelope(&w, ev);
    return writer_end(&w);
}

enum status codec_write_msg_event(struct buf *out, const struct event *ev)
{
    enum status st = check(ev);
    if (st != ST_OK) {
        return st;
    }
    struct writer w = writer_begin(out);
    write_plain(&w, "kind", msg_kind_name(KIND_EVENT));
    write_name(&w, "event");
    write_open(&w, '{');
    write_envelope(&w, ev);
    write_close(&w, '}');
    return writer_end(&w);
}
