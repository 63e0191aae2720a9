#include "codec_priv.h"

#include <stdlib.h>

#include "checkrein/alloc.h"

static uint32_t list_fields(void)
{
    uint32_t count = 0;
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        count += event_field_info((enum event_field)f)->kind == EVENT_LIST;
    }
    return count;
}

struct codec *codec_new(void)
{
    struct codec *c = xmalloc(sizeof(*c));
    c->rows_cap = list_fields() * EVENT_LIST_ROWS;
    c->rows = xmalloc(c->rows_cap * sizeof(*c->rows));
    c->rows_used = 0;
    buf_init(&c->scratch, CODEC_RECORD_BYTES);
    (void)buf_reserve(&c->scratch, CODEC_RECORD_BYTES);
    return c;
}

void codec_free(struct codec *c)
{
    if (c != NULL) {
        buf_release(&c->scratch);
        free(c->rows);
        free(c);
    }
}
