#include "checkrein/event.h"

#include <assert.h>

#include "slot_tables_priv.h"

_Static_assert((int)EVENT_FIELD_COUNT < SLOT_NONE, "a slot is one byte");

#define X(constant, name, kind, set) [constant] = {name, kind, set},
static const struct event_field_info infos[EVENT_FIELD_COUNT] = {EVENT_FIELDS(X)};
#undef X

const struct event_field_info *event_field_info(enum event_field f)
{
    return (unsigned)f < EVENT_FIELD_COUNT ? &infos[f] : NULL;
}

enum event_field event_field_find(struct span name)
{
    if (name.n < SLOT_NAME_MIN || name.n > SLOT_NAME_MAX) {
        return EVENT_FIELD_COUNT;
    }
    uint8_t at = field_slots[slot_of(name, FIELD_SLOT_MULTIPLIER, FIELD_SLOT_LOG)];
    if (at == SLOT_NONE || !span_is(name, infos[at].name)) {
        return EVENT_FIELD_COUNT;
    }
    return (enum event_field)at;
}

uint32_t event_list_columns(enum event_field f, struct span column[EVENT_LIST_COLUMNS])
{
    const struct event_field_info *info = event_field_info(f);
    if (info == NULL || info->kind != EVENT_LIST) {
        return 0;
    }
    struct span rest = span_str(info->set);
    uint32_t count = 0;
    while (count < EVENT_LIST_COLUMNS && span_next(&rest, ' ', &column[count])) {
        count++;
    }
    return count;
}
