#include "hub_record.h"

#include "checkrein/clock.h"
#include "checkrein/log.h"
#include "hub_heads.h"
#include "witness.h"

#define SEAL_EVERY_MS (JOURNAL_SEAL_US / 1000)
#define OURS          "own record: "

void record_trouble(struct hub *h)
{
    static const char words[] = "the console's own record failed: approvals are not sent any more";
    if (h->journal && journal_failed(h->journal) && !h->record_failed) {
        h->record_failed = true;
        log_write(LOG_ERROR, "%s", words);
        if (h->forward) {
            forward_alarm(h->forward, words);
        }
    }
}

/* ---- what is kept elsewhere, and for how long */

/* An alarm has to be about some back-end to be shown: it says whose it is. */
static void tell(struct hub *h, enum severity severity, const char *words)
{
    char title[700];
    (void)snprintf(title, sizeof(title), OURS "%s", words);
    if (h->count > 0) {
        hub_alarm(&h->backends[0], severity, title);
    }
}

static void on_forward_told(void *ctx, bool trouble, const char *words)
{
    tell(ctx, trouble ? SEVERITY_HIGH : SEVERITY_LOW, words);
}

/* The picture of now is made again from the last whole state of each back-end on: that stays. */
static uint64_t needed(const struct hub *h)
{
    uint64_t first = h->session_n;
    for (uint32_t i = 0; i < h->count; i++) {
        uint64_t n = h->backends[i].picture_n;
        if (n == 0) {
            return h->session_n;
        }
        first = i == 0 || n < first ? n : first;
    }
    return first;
}

static void drop(struct hub *h)
{
    struct why why = {0};
    h->retention.needed = needed(h);
    enum status st = forward_drop(&h->retention, clock_wall_us(), &why);
    if (st == ST_OK) {
        tell(h, SEVERITY_LOW, why.text);
    } else if (why.text[0]) {
        tell(h, SEVERITY_HIGH, why.text);
        record_trouble(h);
    }
}

/* ---- seals and commits */

static void on_seal_due(void *ctx)
{
    struct hub *h = ctx;
    drop(h);
    if (journal_seal(h->journal, clock_wall_us()) != ST_OK) {
        record_trouble(h);
    }
    h->keep_due = true;
    h->seal_timer = loop_timer(h->loop, SEAL_EVERY_MS, on_seal_due, h);
}

static void on_commit_due(void *ctx)
{
    struct hub *h = ctx;
    h->commit_timer = 0;
    heads_sign(h);
    if (journal_dirty(h->journal) && journal_commit(h->journal, NULL) != ST_OK) {
        record_trouble(h);
    } else {
        heads_send(h);
    }
    if (h->keep_due) {
        h->keep_due = false;
        witness_keep(h->witness);
    }
}

void hub_commit(struct hub *h)
{
    if (h->journal && !h->record_failed && !h->commit_timer && journal_dirty(h->journal)) {
        h->commit_timer = loop_timer(h->loop, HUB_COMMIT_MS, on_commit_due, h);
    }
    if (h->forward) {
        forward_turn(h->forward);
    }
}

/* ---- its opening and its end */

static enum status open_all(struct hub *h, const char *dir, struct why *why)
{
    struct forward_options fo = {.record = dir, .keep = &h->keep};
    struct journal_options o = {.dir = dir,
                                .writer = "console",
                                .now_us = clock_wall_us(),
                                .segment_us = forward_segment_us(&h->keep)};
    struct journal_opened found;
    enum status st = forward_check(&fo, why);
    if (st == ST_OK) {
        st = journal_open(&h->journal, &o, &found, why);
    }
    if (st == ST_OK) {
        h->session_n = found.next_n;
        st = witness_open(&h->witness, h->journal, dir, why);
    }
    return st == ST_OK
               ? forward_open(&h->forward, h->loop, h->journal, &fo, on_forward_told, h, why)
               : st;
}

enum status record_open(struct hub *h, const struct hub_record *record, struct why *why)
{
    if (!record || !record->dir) {
        return ST_OK;
    }
    h->keep = record->keep;
    enum status st = open_all(h, record->dir, why);
    if (h->journal) {
        h->veil = journal_veil(h->journal);
    }
    if (st == ST_OK) {
        h->retention = (struct forward_retention){
            .keep = &h->keep, .journal = h->journal, .forward = h->forward};
        h->seal_timer = loop_timer(h->loop, 0, on_seal_due, h);
    }
    return st;
}

void record_close(struct hub *h)
{
    if (h->loop) {
        loop_remove(h->loop, h->seal_timer);
        loop_remove(h->loop, h->commit_timer);
    }
    if (h->witness && journal_commit(h->journal, NULL) == ST_OK) {
        witness_keep(h->witness);
    }
    witness_free(h->witness);
    journal_close(h->journal, clock_wall_us());
    forward_close(h->forward);
}
