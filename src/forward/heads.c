#include "heads_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/log.h"
#include "keeper_priv.h"

#define BATCH_BYTES  262144
#define TURN_RECORDS 2000 /* read in one turn: a millisecond or two */
#define CLOSE_MS     2000

struct heads {
    struct loop *loop;
    struct keeper *keeper;
    struct journal_cursor *cursor;
    char *path;
    struct buf batch;
    uint64_t next;   /* record to be read */
    uint64_t handed; /* what is before it was given to the keeper, */
    uint64_t before; /* and before this one even without its last batch */
    bool troubled;
    forward_told_fn *told;
    void *ctx;
};

/* What the thread had to say: is the batch on the disk, is the file in trouble? */
static void look(void *ctx)
{
    struct heads *h = ctx;
    char words[512];
    int err = keeper_error(h->keeper);
    if (err != 0 && !h->troubled) {
        (void)snprintf(words, sizeof(words), "the record's heads are not kept in %s: %s", h->path,
                       err_text(err));
        h->troubled = true;
        h->told(h->ctx, true, words);
    } else if (err == 0 && h->troubled && !keeper_is_busy(h->keeper)) {
        (void)snprintf(words, sizeof(words), "the record's heads are kept in %s again", h->path);
        h->troubled = false;
        h->told(h->ctx, false, words);
    }
    loop_wake(h->loop);
}

/* The newest head of this record that the file has; 0: none. */
static enum status known(const char *path, const struct journal *j, uint64_t *n, struct why *why)
{
    struct journal_heads *heads = journal_heads_new();
    enum status st = journal_heads_read_end(heads, path, why);
    *n = journal_heads_newest(heads, j);
    journal_heads_free(heads);
    return st == ST_NOTFOUND ? ST_OK : st;
}

enum status heads_open(struct heads **out, struct loop *l, const struct journal *j,
                       const struct forward_options *o, forward_told_fn *told, void *ctx,
                       struct why *why)
{
    struct heads *h = xcalloc(1, sizeof(*h));
    uint64_t n = 0;
    *h = (struct heads){
        .loop = l, .path = xstrdup(o->keep->journal_heads), .told = told, .ctx = ctx};
    buf_init(&h->batch, BATCH_BYTES);
    enum status st = known(h->path, j, &n, why);
    if (st != ST_OK) { /* the disk may be away: its trouble is told when it is written to */
        log_write(LOG_WARN, "%s", why->text);
    }
    /* A start ends with a seal: that one stands for all that is before it. */
    h->next = n > 0 ? n + 1 : journal_next(j) - 1;
    h->handed = h->before = h->next;
    st = journal_cursor_open(&h->cursor, o->record, why);
    if (st == ST_OK && journal_cursor_seek(h->cursor, h->next) == ST_IO) {
        st = why_fail(why, ST_IO, "cannot read the record in %s", o->record);
    }
    if (st == ST_OK) {
        st = keeper_new(&h->keeper, l, h->path, look, h, why);
    }
    if (st != ST_OK) {
        heads_close(h);
        h = NULL;
    }
    *out = h;
    return st;
}

static bool fits_one_more(const struct heads *h)
{
    return h->batch.limit - h->batch.len > 2048; /* no seal's line is half as long */
}

/* A line that cannot be read is passed over: verification will name it. */
static bool read_one(struct heads *h)
{
    struct journal_record r;
    struct why why = {0};
    enum status st = journal_cursor_next(h->cursor, &r, &why);
    if (st == ST_OK) {
        h->next = r.n + 1;
        if (r.kind == JOURNAL_SEAL) {
            (void)buf_add(&h->batch, r.line);
            (void)buf_addch(&h->batch, '\n');
        }
    }
    return st == ST_OK || st == ST_INVALID;
}

bool heads_take(struct heads *h, uint64_t until)
{
    uint32_t count = 0;
    bool good = true;
    while (good && h->next < until && count++ < TURN_RECORDS && fits_one_more(h)) {
        good = read_one(h);
    }
    if (h->batch.len > 0 && !keeper_is_busy(h->keeper)) {
        keeper_put(h->keeper, buf_span(&h->batch));
        buf_clear(&h->batch);
        h->before = h->handed;
        h->handed = h->next;
    }
    return good && h->next < until && fits_one_more(h);
}

/* What is read is not kept: the file may be away for as long as it likes. */
uint64_t heads_needs(const struct heads *h)
{
    if (keeper_is_busy(h->keeper)) {
        return h->before;
    }
    return h->batch.len > 0 ? h->handed : h->next;
}

/* The last seal is written when the record is closed. */
static void take_the_rest(struct heads *h)
{
    while (heads_take(h, UINT64_MAX)) {
        keeper_finish(h->keeper, CLOSE_MS);
        if (keeper_error(h->keeper) != 0) {
            return;
        }
    }
    keeper_finish(h->keeper, CLOSE_MS);
    (void)heads_take(h, UINT64_MAX);
    keeper_finish(h->keeper, CLOSE_MS);
}

void heads_close(struct heads *h)
{
    if (h == NULL) {
        return;
    }
    if (h->keeper != NULL) {
        take_the_rest(h);
    }
    keeper_free(h->keeper);
    journal_cursor_close(h->cursor);
    buf_release(&h->batch);
    free(h->path);
    free(h);
}
