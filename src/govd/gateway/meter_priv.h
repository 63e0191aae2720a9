/* meter_priv.h - what the parts of the meter share.
 *
 *   meter.c        one request: what it asks, what its answer says, what comes of it
 *   meter_bound.c  what it may use at most
 *   meter_late.c   answers that are fetched later
 */
#ifndef GOVD_METER_PRIV_H
#define GOVD_METER_PRIV_H

#include "../budget_priv.h"
#include "gateway_priv.h"

struct meter {
    struct govd *govd;
    struct upstream *up;
    const struct meter_kind *kind;
    struct usage_call_kind call;
    char lease[ULID_BYTES];
    char task[ULID_BYTES]; /* that was worked on when it was let go on */
    char *agent, *target;
    struct buf body;
    int64_t asked_bytes; /* of the body, so far */
    struct usage_ask ask;
    bool asked;        /* `ask` is read */
    bool unread;       /* there was too much of it: what it asks is not known */
    bool whole;        /* all of the body has come */
    bool passed;       /* it was let go on */
    bool answers;      /* with something that has figures */
    bool refused;      /* the service did not take it, or was never reached */
    int64_t passed_us; /* monotonic */
    struct payers who; /* since it was let go on */
    struct call_bound bound;
    struct usage_reader reader;
    struct usage_unzip *unzip; /* NULL: it comes as plain bytes */
};

/* ---- meter_bound.c */
/* From the moment that it is let go on, and again when more is known of what it asks. */
void meter_runs(struct meter *m);
void meter_ran(struct meter *m);
/* Tokens that it may have used on top of what was told. */
void meter_bound_left(const struct meter *m, const struct usage_said *said, struct metered *of);

/* ---- meter_late.c */
struct late_answer {
    struct payers who;
    struct amount bound;
    char task[ULID_BYTES]; /* that it was asked for */
};
/* It may be fetched by this id: then its bound is made good. */
void late_put(struct meter *m, const char *id, const struct amount *bound);
/* What was put there, which is gone then; false: nothing. The payers are the caller's to release.
 */
bool late_take(struct meter *m, const char *id, struct late_answer *out);

#endif
