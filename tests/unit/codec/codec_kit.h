/* codec_kit.h - events with everything in them, and comparing them. */
#ifndef CHECKREIN_TEST_CODEC_KIT_H
#define CHECKREIN_TEST_CODEC_KIT_H

#include "expect.h"

#include "checkrein/codec.h"

#define KIT_TIME_US  INT64_C(1795184527123000) /* 2026-11-20T14:22:07.123Z */
#define KIT_TIME     "2026-11-20T14:22:07.123Z"
#define KIT_ENVELOPE "\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"checkrein://h/i\","
#define KIT_TEXT     "caf\xc3\xa9 \"q\" \\ / \b\f\n\r\t \x01\x1f\x7f \xe2\x80\xae \xf0\x9f\x98\x80"

/* Text with everything in it that needs care, and the name of its place. */
static inline struct span kit_text(enum event_field f)
{
    static char texts[EVENT_FIELD_COUNT][128];
    int n =
        snprintf(texts[f], sizeof(texts[f]), "%s %s%c!", KIT_TEXT, event_field_info(f)->name, 0);
    assert_in_range(n, 1, sizeof(texts[f]) - 1);
    return (struct span){texts[f], (size_t)n};
}

static inline const struct event_row *kit_rows(enum event_field f)
{
    static struct event_row rows[EVENT_FIELD_COUNT][3];
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t count = event_list_columns(f, columns);
    for (uint32_t i = 0; i < count; i++) {
        rows[f][0].cell[i] = columns[i];
        rows[f][2].cell[i] = i % 2 == 0 ? SPAN(KIT_TEXT) : SPAN_NONE;
    }
    return rows[f]; /* the row in the middle is empty */
}

static inline void kit_set(struct event *ev, enum event_field f)
{
    const struct event_field_info *info = event_field_info(f);
    switch (info->kind) {
    case EVENT_STR:
        event_set_text(ev, f, kit_text(f));
        break;
    case EVENT_INT:
        event_set_number(ev, f, info->set[0] != '\0' ? -1 - (int)f : EVENT_INT_MAX - (int)f);
        break;
    case EVENT_BOOL:
        event_set_number(ev, f, f % 2);
        break;
    case EVENT_TIME:
        event_set_number(ev, f, KIT_TIME_US + (int64_t)f * 1000);
        break;
    case EVENT_ENUM:
        event_set_number(ev, f, event_enum_count(info->set) - 1);
        break;
    case EVENT_LIST:
        event_set_list(ev, f, kit_rows(f), 3);
        break;
    }
}

static inline void kit_envelope(struct event *ev, enum event_type type)
{
    event_init(ev, type, KIT_TIME_US);
    ev->id = SPAN("01K0000000000000000000EVENT");
    ev->source = SPAN("checkrein://host/instance");
}

/* An event of this type with its required attributes. */
static inline void kit_least(struct event *ev, enum event_type type)
{
    kit_envelope(ev, type);
    for (const enum event_field *f = event_required(type); *f != EVENT_FIELD_COUNT; f++) {
        kit_set(ev, *f);
    }
}

/* An event of this type with every attribute there is. */
static inline void kit_whole(struct event *ev, enum event_type type)
{
    kit_envelope(ev, type);
    ev->subject = SPAN("agent/7f3c");
    ev->seq = 81234;
    ev->snapshot = true;
    ev->raw_type = type == EVENT_UNKNOWN ? SPAN("com.example.\"other\"") : SPAN_NONE;
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        kit_set(ev, (enum event_field)f);
    }
}

static inline void kit_same_list(const struct event *a, const struct event *b, enum event_field f)
{
    uint32_t count[2];
    const struct event_row *rows[] = {event_list(a, f, &count[0]), event_list(b, f, &count[1])};
    assert_int_equal(count[0], count[1]);
    for (uint32_t r = 0; r < count[0]; r++) {
        for (uint32_t c = 0; c < EVENT_LIST_COLUMNS; c++) {
            assert_span_eq(rows[0][r].cell[c], rows[1][r].cell[c]);
        }
    }
}

static inline void kit_same(const struct event *a, const struct event *b)
{
    assert_int_equal(a->type, b->type);
    assert_true(a->time_us == b->time_us);
    assert_true(a->seq == b->seq);
    assert_span_eq(a->id, b->id);
    assert_span_eq(a->source, b->source);
    assert_span_eq(a->subject, b->subject);
    assert_span_eq(a->raw_type, b->raw_type);
    assert_int_equal(a->snapshot, b->snapshot);
    assert_memory_equal(a->present, b->present, sizeof(a->present));
    for (uint32_t i = 0; i < EVENT_FIELD_COUNT; i++) {
        enum event_field f = (enum event_field)i;
        if (!event_has(a, f)) {
            continue;
        }
        if (event_field_info(f)->kind == EVENT_STR) {
            assert_span_eq(event_text(a, f), event_text(b, f));
        } else if (event_field_info(f)->kind == EVENT_LIST) {
            kit_same_list(a, b, f);
        } else {
            assert_true(event_number(a, f) == event_number(b, f));
        }
    }
}

#endif
