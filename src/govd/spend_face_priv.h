/* spend_face_priv.h - what the rest of the daemon asks of telemetry/ and of budget*.c: in
 * govd_priv.h.
 */
#ifndef GOVD_SPEND_FACE_PRIV_H
#define GOVD_SPEND_FACE_PRIV_H

/* ---- telemetry/ */
enum status telemetry_start(struct govd *g, struct why *why) MUST_USE;
void telemetry_free(struct telemetry *t);
void otlp_receive(struct govd *g, net_id http, const struct http_head *head, struct span body);
enum status prices_load(struct govd *g, struct why *why) MUST_USE; /* a missing file: no prices */
void prices_reload(struct govd *g); /* on a bad file the old prices stay, and the reason is told */
struct amount {
    int64_t microusd, tokens;
};
struct spent {
    struct amount told;
    struct amount bound; /* on top of it; below zero: an earlier one is made good */
    bool unpriced;
};
/* What a service said of one call through the gateway. Spans borrowed. */
struct metered {
    struct span agent, credential, upstream, provider, model;
    const char *task;                 /* that was worked on when it was let go on; empty: none */
    const struct price_usage *tokens; /* NULL: it told nothing, or what cannot be */
    bool untold;                      /* the figures are missing, or are not all of it */
    int64_t bound_in, bound_out;      /* tokens that it may have used on top of what it told */
    struct amount late;               /* the bound of an earlier record that this one makes good */
    const char *answer; /* that tells it later, or has told it now; NULL, empty: none */
};
/* Priced, recorded, and put into the agent's purse. */
struct spent spend_metered(struct govd *g, const struct metered *m);
/* What so many tokens of this model cost at most today. False: it has no price. */
bool spend_bound(const struct govd *g, struct span model, int64_t in, int64_t out,
                 int64_t *microusd);

/* ---- budget*.c */
/* Those who pay for a call: the agent that makes it, and those whose leases its own comes of. */
#define PAYERS_MAX 10
struct payers {
    char *agent[PAYERS_MAX];
    size_t count;
};
/* Of this lease and those it comes of, each agent once. */
void payers_of(const struct govd *g, const struct lease *l, struct payers *out);
void payers_copy(const struct payers *in, struct payers *out);
void payers_release(struct payers *who);
/* What it may use at most, while it runs. */
struct call_bound {
    struct amount most;
    bool unpriced;  /* in USD that is not known */
    bool uncounted; /* nor in tokens, nor will it be told */
};
enum budget_for { FOR_NOTHING, FOR_CALL, FOR_UNCOUNTED };
struct budget_call {
    enum budget_for what;
    const char *name; /* of what is not counted: "batches" */
};
void budgets_init(struct govd *g);
void budgets_release(struct govd *g);
void budgets_restore(struct govd *g, const struct event *ev); /* of the record */
void budgets_restored(struct govd *g);                        /* all of it is read */
void budgets_tell_again(struct govd *g);                      /* its beginning is about to go */
void budgets_look(struct govd *g);                            /* now and then */
/* It has spent what it may, or all agents what they may: what rules allow asks. */
bool spend_over_limit(const struct govd *g, const struct session *s);
/* Puts the limits of all agents into the record, when they are news. */
void spend_tell_limit(struct govd *g);
/* Any budget, of it or of all, has a limit. */
bool budget_limits(const struct govd *g, struct span agent);
/* Why its next request through the gateway waits. */
bool budget_holds(const struct govd *g, struct span agent, const struct budget_call *c,
                  char why[REASON_BYTES]);
/* One that is let go on, and one that is over. */
void budget_runs(struct govd *g, const struct payers *who, const struct call_bound *b);
void budget_ran(struct govd *g, const struct payers *who, const struct call_bound *b);
void budgets_priced_anew(struct govd *g); /* what had no price may have one */
/* One that waits for this goes on, or is over. While there are some, the agent's state says why the
 * one waits that has waited longest. */
void budget_waits(struct govd *g, struct span agent);
void budget_waits_for(struct govd *g, struct span agent, const char *why);
void budget_waits_no_more(struct govd *g, struct span agent);
/* Publishes this spend with what is used now, and tells of the marks that it passes. */
struct spent budget_spend(struct govd *g, struct span agent, struct event *ev);
/* The same was spent by one whose lease comes of this agent's. */
void budget_charge(struct govd *g, struct span agent, const struct spent *s);
/* VERB_BUDGET: why it cannot be; NULL: then it is done, and `done` says what came of it. */
const char *budget_cannot(const struct govd *g, const struct command *c);
void budget_command(struct govd *g, const struct command *c, struct span by,
                    char done[REASON_BYTES]);

#endif
