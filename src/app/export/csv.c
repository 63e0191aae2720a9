/* csv.c - RFC 4180: a header, then a line for each event and a column for each attribute that there
 * is. A spreadsheet must not take foreign text for a formula. */
#include "export_priv.h"

#include "checkrein/num.h"

#define CELL_BYTES EXPORT_TEXT_BYTES
#define LINE_END   "\r\n"

/* What a spreadsheet begins a formula with, the wide forms of some of them included. */
static bool looks_like_formula(struct span s)
{
    static const char *const BEGINNINGS[] = {"=",  "+",      "-",      "@",      "\t",    "\r",
                                             "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
    for (size_t i = 0; i < ARRAY_LEN(BEGINNINGS); i++) {
        if (span_starts(s, BEGINNINGS[i])) {
            return true;
        }
    }
    return false;
}

static void put_quoted(struct buf *out, struct span s)
{
    struct span rest = s;
    struct span piece;
    bool first = true;
    buf_addch(out, '"');
    while (rest.p && span_next(&rest, '"', &piece)) {
        buf_addstr(out, first ? "" : "\"\"");
        buf_add(out, piece);
        first = false;
    }
    buf_addch(out, '"');
}

/* Foreign text. */
static void put_text(struct buf *out, struct span foreign)
{
    struct buf plain;
    buf_init(&plain, CELL_BYTES);
    if (looks_like_formula(foreign)) {
        buf_addch(&plain, '\'');
    }
    if (put_plain(&plain, foreign) != ST_OK) {
        out->over = true;
    } else if (plain.len) {
        put_quoted(out, buf_span(&plain));
    }
    buf_release(&plain);
}

static void put_time(struct buf *out, int64_t us)
{
    char when[TIME_TEXT_BYTES];
    time_format(us, when);
    buf_addstr(out, when);
}

/* Rows as "a, b; c, d". */
static void put_list(struct buf *out, const struct event *ev, enum event_field f)
{
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t width = event_list_columns(f, columns);
    uint32_t rows = 0;
    const struct event_row *row = event_list(ev, f, &rows);
    struct buf text;
    buf_init(&text, CELL_BYTES);
    for (uint32_t i = 0; i < rows; i++) {
        buf_addstr(&text, i ? "; " : "");
        for (uint32_t c = 0; c < width; c++) {
            buf_addstr(&text, c ? ", " : "");
            buf_add(&text, row[i].cell[c]);
        }
    }
    put_text(out, buf_span(&text));
    buf_release(&text);
}

static void put_attribute(struct buf *out, const struct event *ev, enum event_field f)
{
    const struct event_field_info *info = event_field_info(f);
    if (!event_has(ev, f)) {
        return;
    }
    switch (info->kind) {
    case EVENT_STR:
        put_text(out, event_text(ev, f));
        break;
    case EVENT_INT:
        buf_printf(out, "%lld", (long long)event_number(ev, f));
        break;
    case EVENT_BOOL:
        buf_addstr(out, event_number(ev, f) ? "true" : "false");
        break;
    case EVENT_TIME:
        put_time(out, event_number(ev, f));
        break;
    case EVENT_ENUM:
        buf_addstr(out, event_enum_name(info->set, event_number(ev, f)));
        break;
    case EVENT_LIST:
        put_list(out, ev, f);
        break;
    }
}

void csv_begin(struct buf *out)
{
    buf_addstr(out, "record,recordtime,backend,time,type,id,source,subject,seq,snapshot");
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        buf_printf(out, ",%s", event_field_info((enum event_field)f)->name);
    }
    buf_addstr(out, LINE_END);
}

enum status csv_item(struct buf *out, const struct export_item *it)
{
    const struct event *ev = it->ev;
    const struct span envelope[] = {ev->id, ev->source, ev->subject};
    buf_printf(out, "%llu,", (unsigned long long)it->n);
    put_time(out, it->time_us);
    buf_addch(out, ',');
    put_text(out, it->backend);
    buf_addch(out, ',');
    put_time(out, ev->time_us);
    buf_addch(out, ',');
    put_text(out, ev->raw_type.n ? ev->raw_type : span_str(event_type_name(ev->type)));
    for (size_t i = 0; i < ARRAY_LEN(envelope); i++) {
        buf_addch(out, ',');
        put_text(out, envelope[i]);
    }
    buf_printf(out, ",%llu,%s", (unsigned long long)ev->seq, ev->snapshot ? "true" : "false");
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        buf_addch(out, ',');
        put_attribute(out, ev, (enum event_field)f);
    }
    buf_addstr(out, LINE_END);
    return buf_status(out);
}
