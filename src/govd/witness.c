/* witness.c - consoles are told the heads of the record, keep them, and sign for them: what they
 * signed goes into the record (docs/JOURNAL.md, section 13). Nothing waits for it.
 */
#include "govd_priv.h"

#include "checkrein/clock.h"
#include "checkrein/log.h"

#define AGAIN_US  60000000 /* as long as one that was told is waited for */
#define RECORD_MS 1000
#define AHEAD     ((size_t)256 << 10) /* a console that has so much to read has it before a head */

/* Countersignatures and the seals over them are no news: told each time, they would go on for ever.
 */
static void look_for_news(struct govd *g)
{
    struct journal_last last = journal_last_seal(g->journal);
    if (last.n > g->head.n && journal_last_news(g->journal) > g->head.n) {
        g->head.n = last.n;
        g->head.key_count = 0;
        memcpy(g->head.head, last.head, sizeof(g->head.head));
        buf_clear(&g->head.frame);
        if (codec_write_head(&g->head.frame, last.line) != ST_OK) {
            log_write(LOG_ERROR, "the record's head does not fit a frame");
        }
    }
}

static bool is_due(const struct govd *g, const struct console *c, int64_t now_us)
{
    return c->id && c->sync == SYNC_LIVE && !c->leaving && c->head_n < g->head.n &&
           (c->head_n == 0 || c->head_answered || now_us - c->head_us >= AGAIN_US) &&
           net_ws_queued(g->net, c->id) < AHEAD;
}

static void tell(struct govd *g, struct console *c, struct span frame, int64_t now_us)
{
    c->head_n = g->head.n;
    memcpy(c->head, g->head.head, sizeof(c->head));
    c->head_us = now_us;
    c->head_answered = false;
    console_send(c, frame);
}

void witness_turn(struct govd *g)
{
    int64_t now_us = clock_mono_us();
    if (journal_dirty(g->journal) || g->closing) {
        return;
    }
    look_for_news(g);
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        if (is_due(g, &g->consoles[i], now_us)) {
            tell(g, &g->consoles[i], buf_span(&g->head.frame), now_us);
        }
    }
}

/* ---- answers */

static bool decode(const struct msg_countersign *s, const struct console *c,
                   struct journal_countersign *out)
{
    *out = (struct journal_countersign){.n = (uint64_t)s->n, .time_us = s->time_us};
    memcpy(out->head, c->head, sizeof(out->head));
    return hex_decode(s->key, out->key, sizeof(out->key)) == ST_OK &&
           hex_decode(s->sig, out->sig, sizeof(out->sig)) == ST_OK;
}

/* Whoever comes again is told it again, and may answer: a record that is at rest does not grow by
 * that. Of one head so many are kept as consoles can be there at once. */
static bool is_wanted(struct govd *g, const struct journal_countersign *s)
{
    if (s->n != g->head.n) { /* told before there was news: one a connection */
        return true;
    }
    for (size_t i = 0; i < g->head.key_count; i++) {
        if (memcmp(g->head.key[i], s->key, sizeof(s->key)) == 0) {
            return false;
        }
    }
    if (g->head.key_count == CONSOLES_MAX) {
        return false;
    }
    memcpy(g->head.key[g->head.key_count++], s->key, sizeof(s->key));
    return true;
}

static void on_record_due(void *ctx)
{
    struct govd *g = ctx;
    g->countersign_timer = 0;
    witness_record(g);
}

void witness_answer(struct govd *g, struct console *c, const struct msg_countersign *s)
{
    struct countersign_due due;
    bool is_asked = c->head_n != 0 && !c->head_answered && (uint64_t)s->n == c->head_n &&
                    span_is(s->head, c->head);
    if (!is_asked) {
        console_error(g, c, "countersign", "that is not the head that was told last");
        return;
    }
    c->head_answered = true;
    if (!decode(s, c, &due.sign) ||
        !journal_countersign_holds(&due.sign, journal_instance(g->journal))) {
        console_error(g, c, "countersign", "the signature does not hold");
        return;
    }
    if (!is_wanted(g, &due.sign)) {
        return;
    }
    (void)span_copy(span_str(c->operator_id), due.by, sizeof(due.by));
    if (g->countersign_count == CONSOLES_MAX) {
        witness_record(g);
    }
    g->countersigns[g->countersign_count++] = due;
    if (!g->countersign_timer) {
        g->countersign_timer = loop_timer(g->loop, RECORD_MS, on_record_due, g);
    }
}

void witness_record(struct govd *g)
{
    for (size_t i = 0; i < g->countersign_count; i++) {
        const struct countersign_due *d = &g->countersigns[i];
        if (journal_countersigned(g->journal, govd_wall_us(), &d->sign, span_str(d->by)) != ST_OK) {
            log_write(LOG_DEBUG, "a countersignature was not recorded");
        }
    }
    g->countersign_count = 0;
    loop_remove(g->loop, g->countersign_timer);
    g->countersign_timer = 0;
}
