/* headless.h - the operator's verbs without a screen: connect, wait for the state, act, wait for
 * what came of it.
 */
#ifndef APP_HEADLESS_H
#define APP_HEADLESS_H

#include "hub.h"

struct headless {
    struct conf conf;
    struct conf_backend *backends; /* with an address each */
    char *own_url;
    struct hub hub;
};

/* Connects to the configured back-ends (none: this user's daemon) and waits until each has told its
 * state or failed. ST_CLOSED when none answers. Close it in any case. */
enum status headless_open(struct headless *h, const char *config, const struct hub_events *ev,
                          void *ctx, struct why *why) MUST_USE;
/* The same for who only looks, and cannot wait longer than this. */
enum status headless_open_within(struct headless *h, const char *config, int64_t settle_ms,
                                 struct why *why) MUST_USE;
void headless_close(struct headless *h);

/* An agent by its id or, when only one has it, by its name: c->agent and c->backend, borrowed from
 * the fleet. */
enum status headless_find_agent(const struct fleet *f, const char *word, struct command *c,
                                struct why *why) MUST_USE;

/* For a terminal: text of an agent's in printable characters, "-" when there is none. */
const char *headless_plain(const struct fleet *f, sid id, char *out, size_t bytes);

/* On standard output, one JSON object a line, in printable ASCII. */
enum headless_thing {
    HEADLESS_AGENTS,
    HEADLESS_APPROVALS,
    HEADLESS_SPEND,
    HEADLESS_CREDENTIALS,
    HEADLESS_WATCHERS
};
void headless_print_lines(const struct fleet *f, enum headless_thing thing);
/* What agents that have something in common spent; `name`: that, 0 when it is not told. */
struct headless_sum {
    sid name;
    uint32_t agents, unpriced;
    int64_t tokens_in, tokens_out, microusd, untold;
    bool estimated;
    struct task_sums tasks[OUTCOME_COUNT]; /* that ended */
};
void headless_print_sum(const struct fleet *f, const char *by, const struct headless_sum *s);
void headless_print_task(const struct fleet *f, const struct task *t);
/* What was spent, but by a task that is still known; `task`: "older" or "none". */
struct headless_rest {
    int64_t tokens_in, tokens_out, microusd;
};
void headless_print_rest(const char *task, const struct headless_rest *r);
void headless_print_approval(const struct fleet *f, const struct approval *p);
/* One line on standard output: a JSON object of these texts, but the empty ones, in printable
 * ASCII. */
struct headless_text {
    const char *name;
    struct span value;
};
void headless_print_object(const struct headless_text *texts, size_t count);
/* The state as JSON: {"backends":[...],"agents":[...],"approvals":[...]}, attributes named as in
 * the protocol. */
enum status headless_json(const struct fleet *f, struct buf *out) MUST_USE;

#endif
