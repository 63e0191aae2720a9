#include "entry_columns_priv.h"

#define ALARM_WINDOW_US (INT64_C(600) * SECOND_US)

static const struct log_entry *entry_of(struct frame *fr, const struct row *row)
{
    return fleet_log_entry(fr->f, row->id);
}

struct field entry_time(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    (void)cols;
    return e == NULL ? field_none(fr) : (struct field){frame_clock(fr, e->time_us), ROLE_DIM};
}

struct field entry_age(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    (void)cols;
    return e == NULL ? field_none(fr) : (struct field){frame_age_short(fr, e->time_us), ROLE_TEXT};
}

struct field entry_agent(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    if (e == NULL || e->agent == 0) {
        return field_none(fr);
    }
    return (struct field){agent_title(fr, fleet_agent(fr->f, e->agent), cols), ROLE_TEXT};
}

struct field entry_backend(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    const struct backend *b = e == NULL ? NULL : fleet_backend(fr->f, e->backend);
    return b == NULL ? field_none(fr) : (struct field){frame_say_sid(fr, b->name, cols), ROLE_TEXT};
}

struct field entry_what(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    (void)cols;
    if (e == NULL) {
        return field_none(fr);
    }
    struct symbol s = symbol_of_entry(e);
    return (struct field){text_fmt(fr->arena, "%s %s", s.mark, s.word), s.role};
}

struct field entry_subject(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    if (e == NULL) {
        return field_none(fr);
    }
    bool order = e->type == EVENT_OPERATOR_COMMAND || e->type == EVENT_OPERATOR_RESULT;
    if (order) {
        return (struct field){text_own(verb_words(e->verb)), ROLE_STRONG};
    }
    if (e->subject == 0 && e->type == EVENT_FAILURE_REPORTED) {
        return (struct field){text_own(failure_name((enum failure)e->detail)), ROLE_TEXT};
    }
    return (struct field){frame_say_sid(fr, e->subject, cols), ROLE_TEXT};
}

struct field entry_words(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    return e == NULL ? field_none(fr) : (struct field){entry_text(fr, e, cols), ROLE_TEXT};
}

struct field entry_who(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    return e == NULL ? field_none(fr) : (struct field){frame_say_sid(fr, e->who, cols), ROLE_DIM};
}

struct field entry_took(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    (void)cols;
    return e == NULL ? field_none(fr) : (struct field){frame_took(fr, e->duration_ms), ROLE_TEXT};
}

struct field entry_cost(struct frame *fr, const struct row *row, int cols)
{
    const struct log_entry *e = entry_of(fr, row);
    (void)cols;
    if (e == NULL || e->microusd < 0) {
        return field_none(fr);
    }
    return (struct field){frame_money(fr, e->microusd), ROLE_SPEND};
}

size_t entry_search(const struct ui *ui, const struct fleet *f, uint32_t id,
                    struct span out[SEARCH_TEXTS])
{
    (void)ui;
    const struct log_entry *e = fleet_log_entry(f, id);
    if (e == NULL) {
        return 0;
    }
    const struct backend *b = fleet_backend(f, e->backend);
    out[0] = agent_name(f, e->agent);
    out[1] = span_str(symbol_of_entry(e).word);
    out[2] = fleet_span(f, e->subject);
    out[3] = fleet_span(f, e->text);
    out[4] = fleet_span(f, e->who);
    out[5] = b == NULL ? SPAN_NONE : fleet_span(f, b->name);
    return 6;
}

struct target entry_target(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    (void)ui;
    const struct log_entry *e = fleet_log_entry(f, id);
    return (struct target){.agent = e == NULL ? 0 : e->agent};
}

void entry_open(struct press *k, uint32_t id)
{
    uint32_t agent = entry_target(k->ui, k->f, id).agent;
    if (fleet_agent(k->f, agent) != NULL) {
        ui_open_agent(k, agent);
    }
}

void entries_of_agent(struct ui *ui, const struct fleet *f, struct list *l, uint32_t agent)
{
    uint32_t number = fleet_log_of_agent(f, agent);
    while (number != 0) {
        list_offer(l, ui, f, entry_search, (struct row){.id = number});
        number = fleet_log_older(f, number);
    }
}

bool entry_is_alarm(const struct log_entry *e)
{
    switch ((int)e->type) {
    case EVENT_SIGNAL_RAISED:
        return e->detail != SEVERITY_LOW;
    case EVENT_FAILURE_REPORTED:
        return !e->retrying;
    case EVENT_BACKEND_LINK:
        return e->detail == LINK_DOWN || e->detail == LINK_REFUSED || e->detail == LINK_STALE;
    case EVENT_FLEET_STOP:
        return e->detail != 0;
    default:
        return false;
    }
}

uint32_t alarms_lately(struct frame *fr)
{
    uint32_t count = 0;
    uint32_t oldest = fleet_log_oldest(fr->f);
    for (uint32_t n = fleet_log_newest(fr->f); n >= oldest && n > 0; n--) {
        const struct log_entry *e = fleet_log_entry(fr->f, n);
        if (e == NULL || fr->now.wall_us - e->time_us >= ALARM_WINDOW_US) {
            break;
        }
        if (entry_is_alarm(e)) {
            count++;
            frame_change_wall(fr, e->time_us + ALARM_WINDOW_US);
        }
    }
    return count;
}
