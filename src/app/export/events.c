/* events.c - the record, folded as a replay folds it, and each change told to a format. */
#include "export_priv.h"

#include "../replay/refold.h"
#include "checkrein/codec.h"
#include "checkrein/wire.h"

struct telling {
    struct export_job *job;
    const struct export_format *format;
    uint64_t n;      /* of the record that is being folded, */
    int64_t time_us; /* and its time */
    struct refold *refold;
    struct codec *codec; /* of commands: the fold has its own */
    struct agent_choice agent;
    struct buf text;
    bool begun;     /* an open record was seen */
    enum status st; /* of the output */
    struct why *why;
};

void export_leave_out(struct export_job *job, const struct why *why)
{
    if (job->left_out++ == 0) {
        job->first = *why;
    }
}

static bool is_asked_for(struct telling *t, const struct export_item *it)
{
    const struct export_job *job = t->job;
    bool of_all = (it->what & (ITEM_START | ITEM_TRANSFER)) != 0 || !t->agent.wanted.n;
    bool of_agent = of_all || agent_choice_takes(&t->agent, it);
    bool in_time = it->time_us >= job->from_us && it->time_us <= job->to_us;
    return (t->format->takes & it->what) != 0 && in_time && of_agent;
}

static void tell(struct telling *t, struct export_item it)
{
    it.n = t->n;
    it.time_us = t->time_us;
    it.fleet = refold_fleet(t->refold);
    if (t->st != ST_OK || !is_asked_for(t, &it)) {
        return;
    }
    buf_clear(&t->text);
    enum status st = t->format->item(&t->text, &it);
    if (st != ST_OK) {
        struct why why;
        (void)why_fail(&why, st, "record %llu cannot be written: %s", (unsigned long long)it.n,
                       status_name(st));
        export_leave_out(t->job, &why);
        return;
    }
    t->st = export_write(t->job->out, buf_span(&t->text), t->why);
    t->job->items += (it.what & ITEM_START) == 0;
}

static void on_event(void *ctx, const struct event *ev)
{
    tell(ctx, (struct export_item){
                  .what = ev->snapshot ? ITEM_STATE : ITEM_NEWS, .backend = ev->backend, .ev = ev});
}

static void on_transfer(void *ctx, struct span backend, const struct journal_transfer *transfer)
{
    tell(ctx,
         (struct export_item){.what = ITEM_TRANSFER, .backend = backend, .transfer = transfer});
}

static enum status take_command(struct telling *t, const struct journal_record *rec,
                                struct why *why)
{
    struct command c;
    enum status st = codec_read_command(t->codec, rec->body, &c, why);
    if (st == ST_OK) {
        tell(t, (struct export_item){.what = ITEM_COMMAND, .command = &c});
    }
    return st;
}

static bool is_json(struct span text)
{
    struct tape_token tokens[64];
    struct tape tape;
    return tape_parse(&tape, text, TAPE_STRICT, tokens, ARRAY_LEN(tokens)) == ST_OK;
}

/* As in the fold: a start, and where a segment that is read by itself begins. */
static bool begins(struct telling *t, const struct journal_record *rec)
{
    bool first = rec->kind == JOURNAL_OPEN && !t->begun;
    t->begun = t->begun || first;
    return first || journal_record_is_start(rec);
}

static void take(struct telling *t, const struct journal_record *rec)
{
    struct why bad = {0};
    t->n = rec->n;
    t->time_us = rec->time_us;
    if (begins(t, rec) && is_json(rec->body)) {
        tell(t, (struct export_item){.what = ITEM_START, .body = rec->body});
    }
    enum status st = rec->kind == JOURNAL_COMMAND ? take_command(t, rec, &bad) : ST_OK;
    if (st == ST_OK) {
        st = refold_take(t->refold, rec, &bad);
    }
    if (st != ST_OK) {
        export_leave_out(t->job, &bad);
    }
}

static enum status go_through(struct telling *t, struct journal_cursor *c)
{
    struct journal_record rec;
    enum status st = ST_OK;
    while (t->st == ST_OK && st == ST_OK) {
        struct why bad = {0};
        st = journal_cursor_next(c, &rec, &bad);
        if (st == ST_OK) {
            take(t, &rec);
        } else if (st == ST_INVALID) {
            export_leave_out(t->job, &bad);
            st = ST_OK;
        } else if (st != ST_END) {
            return why_fail(t->why, st, "%s", bad.text);
        }
    }
    return t->st;
}

/* All of it, and nothing else, makes the same picture again. */
static bool is_whole(const struct export_job *job)
{
    return job->from_us == INT64_MIN && job->to_us == INT64_MAX && !job->given->agent &&
           !job->left_out;
}

enum status export_items(struct export_job *job, const struct export_format *f, struct why *why)
{
    struct telling t = {.job = job, .format = f, .why = why};
    struct journal_cursor *c = NULL;
    buf_init(&t.text, EXPORT_TEXT_BYTES);
    t.refold = refold_new();
    t.codec = codec_new();
    t.agent.wanted = span_str(job->given->agent);
    refold_observe(
        t.refold, &(struct refold_observer){.ctx = &t, .event = on_event, .transfer = on_transfer});
    enum status st = journal_cursor_open(&c, job->record, why);
    if (st == ST_OK && f->begin) {
        f->begin(&t.text);
        st = export_write(job->out, buf_span(&t.text), why);
    }
    if (st == ST_OK) {
        st = go_through(&t, c);
    }
    if (st == ST_OK && (f->takes & ITEM_START) != 0 && is_whole(job)) {
        app_say("fleet digest %016llx", (unsigned long long)fleet_digest(refold_fleet(t.refold)));
    }
    journal_cursor_close(c);
    codec_free(t.codec);
    refold_free(t.refold);
    agent_choice_release(&t.agent);
    buf_release(&t.text);
    return st;
}
