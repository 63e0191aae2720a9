#include "checkrein/forward.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "heads_priv.h"
#include "syslog_priv.h"

struct forward {
    struct loop *loop;
    const struct journal *journal;
    struct heads *heads;   /* NULL: none are kept */
    struct syslog *syslog; /* NULL: nothing is told */
    uint64_t until; /* what is before this record is durable; it stays when the record fails */
};

static bool is_set(const char *path)
{
    return path != NULL && path[0] != '\0';
}

static enum status judge(const struct forward_options *o, const struct journal_heads_report *r,
                         struct why *why)
{
    if (r->verdict == HEADS_CUT) {
        return why_fail(why, ST_CONFLICT,
                        "the record in %s ends with record %llu, and %s knows record %llu of it: "
                        "its end was cut off; move the folder away and keep it",
                        o->record, (unsigned long long)r->end_n, o->keep->journal_heads,
                        (unsigned long long)r->n);
    }
    if (r->verdict == HEADS_OTHER) {
        return why_fail(why, ST_CONFLICT,
                        "record %llu in %s is not the one whose head is in %s: it was written "
                        "anew; move the folder away and keep it",
                        (unsigned long long)r->n, o->record, o->keep->journal_heads);
    }
    return ST_OK;
}

enum status forward_check(const struct forward_options *o, struct why *why)
{
    struct journal_heads_report r;
    struct why ignored = {0};
    if (!is_set(o->keep->journal_heads)) {
        return ST_OK;
    }
    struct journal_heads *heads = journal_heads_new();
    enum status st = ST_OK;
    /* A record that cannot be read is for journal_open() to refuse. */
    if (journal_heads_read_end(heads, o->keep->journal_heads, &ignored) == ST_OK &&
        journal_heads_compare(heads, o->record, &r, &ignored) == ST_OK) {
        st = judge(o, &r, why);
    }
    journal_heads_free(heads);
    return st;
}

enum status forward_open(struct forward **out, struct loop *l, const struct journal *j,
                         const struct forward_options *o, forward_told_fn *told, void *ctx,
                         struct why *why)
{
    struct forward *f = xcalloc(1, sizeof(*f));
    enum status st = ST_OK;
    *f = (struct forward){.loop = l, .journal = j};
    if (is_set(o->keep->journal_heads)) {
        st = heads_open(&f->heads, l, j, o, told, ctx, why);
    }
    if (st == ST_OK && is_set(o->keep->syslog)) {
        st = syslog_open(&f->syslog, l, j, o, told, ctx, why);
    }
    if (st != ST_OK) {
        forward_close(f);
        f = NULL;
    }
    *out = f;
    return st;
}

/* Only committed records are told: all that are in the file when nothing waits. */
void forward_turn(struct forward *f)
{
    if (!journal_dirty(f->journal)) {
        f->until = journal_next(f->journal);
    }
    if (f->syslog != NULL) {
        syslog_take(f->syslog, f->until);
    }
    if (f->heads != NULL && heads_take(f->heads, f->until)) {
        loop_wake(f->loop);
    }
}

void forward_alarm(struct forward *f, const char *words)
{
    if (f->syslog != NULL) {
        syslog_alarm(f->syslog, words);
    }
}

uint64_t forward_needs(const struct forward *f)
{
    uint64_t heads = f->heads != NULL ? heads_needs(f->heads) : 0;
    uint64_t told = f->syslog != NULL ? syslog_needs(f->syslog) : 0;
    return heads == 0 || (told != 0 && told < heads) ? told : heads;
}

void forward_close(struct forward *f)
{
    if (f == NULL) {
        return;
    }
    syslog_close(f->syslog);
    heads_close(f->heads);
    free(f);
}
