/* budget_priv.h - budgets of the daemon. One idea a file:
 *
 *   budget.c         purses: what is used and allowed, and whether the next call may go on
 *   budget_spend.c   what is spent, and the marks that it passes
 *   budget_runs.c    what calls that run may use, and calls whose cost nobody knows
 *   budget_limits.c  limits that operators set, and the record
 *   budget_words.c   how it is told
 */
#ifndef BUDGET_PRIV_H
#define BUDGET_PRIV_H

#include "govd_priv.h"

#include "checkrein/usage.h"

enum budget_kind {
    BUDGET_AGENT,
    BUDGET_TOKENS,
    BUDGET_TASK, /* of what it works on now */
    BUDGET_TASK_TOKENS,
    BUDGET_DAY,
    BUDGET_FLEET,
    BUDGET_COUNT
};
enum budget_saying { SAY_OVER, SAY_RUNNING, SAY_USED_UP, SAY_NEARLY, SAY_COUNT };

struct purse {
    char *agent;
    int64_t limit_microusd, limit_tokens; /* an operator's; 0: the configuration's */
    char *by;                             /* whose; NULL: there are none */
    struct amount used;                   /* as told, and the bound of what was not */
    struct amount bound;                  /* of that */
    struct amount running;                /* what calls that run may use at most */
    char task[ULID_BYTES];                /* that this is of: */
    struct amount charged;                /* used by others who pay from it, in its time */
    bool is_shared;                       /* agents whose leases come of its own pay from it too */
    bool metered;                         /* the gateway counts what it uses */
    bool unpriced_told;                   /* that no budget in USD holds it */
    bool elsewhere_told;                  /* that it tells of more than came through the gateway */
    bool uncounted_told;                  /* that it makes calls of another kind */
    bool kept;
    uint32_t runs;               /* calls that run, also of those who pay from it */
    uint32_t unpriced;           /* calls that used tokens without a price */
    uint32_t unpriced_runs;      /* that run, and may do so */
    uint32_t uncounted;          /* calls whose cost is not told, since an operator set a limit */
    uint32_t uncounted_let;      /* of which so many may go on */
    uint32_t waiting;            /* calls that wait for a budget */
    char *waits_for;             /* what is said of them; NULL: nothing */
    struct usage_repeat *repeat; /* NULL: none yet */
};
struct budgets {
    struct map by_agent;
    struct purse **purse;
    size_t count, cap;
    size_t waiting;              /* calls, of all */
    struct amount running;       /* as of a purse, of all */
    int64_t limit[BUDGET_COUNT]; /* of all agents, an operator's; 0: the configuration's */
    char *by[BUDGET_COUNT];
    int64_t day; /* that its limit is for */
    int64_t looked_day;
};
/* Of each budget, in what it is in. A limit of 0: none. */
struct budget_state {
    int64_t used[BUDGET_COUNT], bound[BUDGET_COUNT], running[BUDGET_COUNT], limit[BUDGET_COUNT];
};

struct purse *purse_find(const struct govd *g, struct span agent); /* NULL: none */
struct purse *purse_of(struct govd *g, struct span agent);         /* makes it */
int64_t budget_plus(int64_t a, int64_t b); /* never below 0, nor over EVENT_INT_MAX */
void purse_from_fold(const struct govd *g, struct purse *p);
void budget_read_shared(const struct govd *g, struct budget_state *out); /* of all agents alone */
void budget_read(const struct govd *g, const struct purse *p, struct budget_state *out);
bool budget_is_limited(const struct budget_state *s);
/* A budget in USD holds it, and none in tokens does: what has no price gets around it. */
bool budget_needs_price(const struct budget_state *s);
/* Why a call waits that is within what was used; false: it need not. */
bool budget_runs_hold(const struct purse *p, const struct budget_state *s,
                      const struct budget_call *c, char why[REASON_BYTES]);
void budget_look_again(struct purse *p);                         /* an operator has set its limit */
bool budget_is_metered(const struct govd *g, struct span agent); /* the gateway counts it */
void budget_say(char out[REASON_BYTES], enum budget_saying what, enum budget_kind k, int64_t limit);
void budget_words(const struct budget_state *s, enum budget_kind k, char out[REASON_BYTES]);
bool budget_is_shared(enum budget_kind k);
void budget_signal(struct govd *g, struct span agent, enum severity sev, const char *title);

#endif
