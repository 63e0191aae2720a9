#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

/* Serial form of a list: for each row the lengths of its cells as uint32_t, then their bytes. */
#define SERIAL_BYTES                                                                               \
    ((size_t)EVENT_LIST_ROWS * EVENT_LIST_COLUMNS * (EVENT_CELL_BYTES + sizeof(uint32_t)))

void lists_init(struct list_store *s)
{
    *s = (struct list_store){0};
    buf_init(&s->serial, SERIAL_BYTES);
}

void lists_release(struct list_store *s)
{
    for (size_t i = 0; i < s->by_key.cap; i++) {
        free(s->by_key.slots[i].item);
    }
    index_release(&s->by_key);
    buf_release(&s->serial);
}

static void write_row(struct buf *out, const struct event_row *row)
{
    uint32_t bytes[EVENT_LIST_COLUMNS];
    for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
        bytes[c] = (uint32_t)string_cut(row->cell[c], EVENT_CELL_BYTES).n;
    }
    buf_append(out, bytes, sizeof(bytes));
    for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
        buf_append(out, row->cell[c].p, bytes[c]);
    }
}

static void read_rows(struct row_list *list, const char *at)
{
    for (uint32_t r = 0; r < list->count; r++) {
        uint32_t bytes[EVENT_LIST_COLUMNS];
        memcpy(bytes, at, sizeof(bytes));
        at += sizeof(bytes);
        for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
            list->rows[r].cell[c] = (struct span){at, bytes[c]};
            at += bytes[c];
        }
    }
}

void lists_copy(struct fleet *to, const struct fleet *from)
{
    lists_init(&to->lists);
    index_copy(&to->lists.by_key, &from->lists.by_key);
    for (size_t i = 0; i < to->lists.by_key.cap; i++) {
        const struct row_list *list = from->lists.by_key.slots[i].item;
        if (list != NULL) {
            struct row_list *copy = xmalloc(sizeof(*list) + list->count * sizeof(list->rows[0]));
            *copy = (struct row_list){.key = list->key, .count = list->count, .holds = list->holds};
            read_rows(copy, pool_str(to->pool, copy->key));
            to->lists.by_key.slots[i].item = copy;
        }
    }
}

/* `key` comes with one hold, which the new list keeps. */
static struct row_list *list_new(struct fleet *f, sid key, uint32_t count)
{
    struct row_list *list = xcalloc(1, sizeof(*list) + count * sizeof(list->rows[0]));
    list->key = key;
    list->count = count;
    read_rows(list, pool_str(f->pool, key));
    index_put(&f->lists.by_key, key, list);
    return list;
}

/* Id of these rows, held once more. */
static uint32_t list_hold(struct fleet *f, const struct event_row *rows, uint32_t count)
{
    struct list_store *s = &f->lists;
    if (count == 0 || pool_bytes(f->pool) > POOL_BYTES_FULL) {
        return 0;
    }
    buf_clear(&s->serial);
    for (uint32_t i = 0; i < count; i++) {
        write_row(&s->serial, &rows[i]);
    }
    sid key = pool_hold(f->pool, buf_span(&s->serial));
    struct row_list *list = index_get(&s->by_key, key);
    if (list == NULL) {
        list = list_new(f, key, count);
    } else {
        pool_drop(f->pool, key);
    }
    list->holds++;
    return key;
}

void list_keep(struct fleet *f, uint32_t id)
{
    struct row_list *list = index_get(&f->lists.by_key, id);
    if (list != NULL) {
        list->holds++;
    }
}

void list_drop(struct fleet *f, uint32_t *slot)
{
    struct row_list *list = index_get(&f->lists.by_key, *slot);
    *slot = 0;
    if (list == NULL || --list->holds > 0) {
        return;
    }
    index_del(&f->lists.by_key, list->key);
    pool_drop(f->pool, list->key);
    free(list);
}

bool list_set(struct fleet *f, uint32_t *slot, const struct event_row *rows, uint32_t count)
{
    uint32_t most = count < EVENT_LIST_ROWS ? count : EVENT_LIST_ROWS;
    uint32_t id = list_hold(f, rows, most);
    bool changed = id != *slot;
    list_drop(f, slot);
    *slot = id;
    return changed;
}

const struct event_row *list_rows(const struct fleet *f, uint32_t id, uint32_t *count)
{
    const struct row_list *list = index_get(&f->lists.by_key, id);
    *count = list == NULL ? 0 : list->count;
    return list == NULL ? NULL : list->rows;
}
