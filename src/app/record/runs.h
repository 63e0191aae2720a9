/* runs.h - what a record tells of each agent, from its first event there to its last, in one pass.
 *
 * A run is one agent of one back-end: all that a record holds of that id, also when the agent was
 * resumed under it. State that a console was sent when it connected is no news: it names the agent
 * and gives sums, and is not counted.
 */
#ifndef APP_RECORD_RUNS_H
#define APP_RECORD_RUNS_H

#include "checkrein/event.h"
#include "checkrein/model.h"

/* X(constant, name): who decided */
#define DECIDERS(X)                                                                                \
    X(DECIDER_NONE, "none")                                                                        \
    X(DECIDER_OPERATOR, "operator")                                                                \
    X(DECIDER_RULE, "rule")                                                                        \
    X(DECIDER_ELSEWHERE, "elsewhere") /* in the agent's own client, and nobody told by whom */

enum decider {
#define X(constant, name) constant,
    DECIDERS(X)
#undef X
        DECIDER_COUNT
};
const char *decider_name(enum decider d);

/* One call of a tool. */
struct act {
    char *id, *tool, *summary;
    enum decider decider;
    enum decision decision; /* DECISION_UNKNOWN: nobody decided it, as far as is told */
    char *by;               /* the operator, or the rule; NULL: not told */
    enum outcome outcome;
    bool started;
    int64_t duration_ms; /* -1: not told */
};
#define RUN_ACTS_MAX 50000 /* of one run, where they are kept */

struct run {
    char *backend, *id, *name, *runtime, *model, *on_behalf_of, *owner, *task, *parent,
        *cwd; /* NULL: not told */
    int64_t first_us, last_us;
    enum agent_state state;
    int64_t tokens_in, tokens_out, tokens_cached, cost_microusd;
    bool told; /* false: what it used is not known, which is not nothing */
    bool cost_estimated, unpriced;
    uint64_t actions, failures, asked;
    uint64_t approved[DECIDER_COUNT], denied[DECIDER_COUNT];
    uint64_t unanswered; /* requests that were withdrawn, ran out, or were superseded */
    struct act *acts;    /* in the order of their first event; empty unless they are kept */
    size_t act_count, act_cap;
    uint64_t acts_left_out;
    uint64_t ruled; /* private: the call that a rule decided last */
};

struct runs;

struct runs *runs_new(void);
struct runs *runs_new_with_acts(void);
void runs_free(struct runs *r); /* NULL is fine */

struct runs_read {
    uint64_t records, bad; /* bad: lines that are no records, or cannot be read; passed over */
    char first_bad[256];
};
/* A folder or one segment file, to its end. */
enum status runs_read(struct runs *r, const char *path, struct runs_read *read,
                      struct why *why) MUST_USE;
/* In the order of appearance. */
size_t runs_count(const struct runs *r);
const struct run *runs_at(const struct runs *r, size_t i);
/* By id, or by name when only one has it; NULL: the only one there is. ST_NOTFOUND, ST_CONFLICT. */
enum status runs_find(const struct runs *r, const char *word, const struct run **out,
                      struct why *why) MUST_USE;

#endif
