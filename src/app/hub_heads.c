#include "hub_heads.h"

#include "checkrein/clock.h"
#include "checkrein/codec.h"
#include "checkrein/log.h"
#include "checkrein/num.h"
#include "hub_fold.h"
#include "witness.h"

#define TELL_AGAIN_US 60000000

void hub_alarm(struct hub_backend *b, enum severity severity, const char *title)
{
    struct hub *h = b->hub;
    struct own_event o;
    own_signal(&o, b->conf.name, severity, title, clock_wall_us() / 1000 * 1000);
    const struct event *told = &o.ev;
    if (hub_record_own(h, &o, &told) != ST_OK) {
        log_write(LOG_ERROR, "the record does not take an alarm");
    }
    fleet_apply(h->fleet, told);
    if (h->events.seen) {
        h->events.seen(h->ctx, told);
    }
    if (h->events.changed) {
        h->events.changed(h->ctx);
    }
    log_write(severity == SEVERITY_LOW ? LOG_INFO : LOG_ERROR, "%s: %s", b->conf.name, title);
}

/* What it can say without end is not told without end. */
static void complain(struct hub_backend *b, const char *title)
{
    int64_t now = clock_mono_us();
    if (b->complained_us == 0 || now - b->complained_us >= TELL_AGAIN_US) {
        b->complained_us = now;
        hub_alarm(b, SEVERITY_HIGH, title);
    }
}

void heads_told(void *ctx, struct span seal)
{
    struct hub_backend *b = ctx;
    struct journal_seal s;
    struct why why = {0};
    if (!b->hub->witness || b->hub->record_failed) {
        return;
    }
    if (journal_seal_read(seal, &s) != ST_OK) {
        complain(b, "it told a head of its record that is no seal, or whose signature is not good");
        return;
    }
    if (strcmp(s.instance, b->instance) != 0) {
        complain(b, "it told a head of another record than its own");
        return;
    }
    switch (witness_judge(b->hub->witness, b->conf.name, &s, &why)) {
    case WITNESS_NEW:
        (void)span_copy(seal, b->head_due, sizeof(b->head_due));
        break;
    case WITNESS_KNOWN: /* the answer may have been lost, also with the process that had it */
        b->sign_due = b->sign.n == s.n && strcmp(b->sign.head, s.head) == 0;
        if (!b->sign_due) {
            (void)span_copy(seal, b->head_due, sizeof(b->head_due));
        }
        break;
    case WITNESS_REFUSED:
        hub_alarm(b, SEVERITY_EMERGENCY, why.text);
        b->hub->keep_due = true;
        break;
    case WITNESS_TOO_MANY:
        complain(b, "it told heads of too many records: nothing of this one is signed");
        break;
    case WITNESS_IGNORED:
        break;
    }
}

void heads_sign(struct hub *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        struct hub_backend *b = &h->backends[i];
        if (b->head_due[0] &&
            journal_witness(h->journal, clock_wall_us() / 1000 * 1000, span_str(b->conf.name),
                            span_str(b->head_due), &b->sign) == ST_OK) {
            b->sign_due = true;
        }
        b->head_due[0] = '\0';
    }
}

static void send_one(struct hub_backend *b)
{
    char key[HEX_BYTES(sizeof(b->sign.key))];
    char sig[HEX_BYTES(sizeof(b->sign.sig))];
    hex_encode(b->sign.key, sizeof(b->sign.key), key);
    hex_encode(b->sign.sig, sizeof(b->sign.sig), sig);
    const struct msg_countersign m = {.n = (int64_t)b->sign.n,
                                      .time_us = b->sign.time_us,
                                      .head = span_str(b->sign.head),
                                      .key = span_str(key),
                                      .sig = span_str(sig)};
    if (driver_countersign(b->driver, &m) != ST_OK) {
        log_write(LOG_DEBUG, "%s is away: it tells its head again", b->conf.name);
    }
}

void heads_send(struct hub *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        struct hub_backend *b = &h->backends[i];
        if (b->sign_due && b->driver) {
            send_one(b);
        }
        b->sign_due = false;
    }
}
