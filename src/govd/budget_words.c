/* budget_words.c - how a budget is told of. */
#include "budget_priv.h"

#define MONEY_BYTES 40

static void put_usd(char out[MONEY_BYTES], int64_t microusd)
{
    int n = snprintf(out, MONEY_BYTES, "$%lld.%06lld", (long long)(microusd / 1000000),
                     (long long)(microusd % 1000000));
    for (int cents = 4; cents > 0 && out[n - 1] == '0'; cents--) {
        out[--n] = '\0';
    }
}

/* To the cent from a dollar on, down: what is not used up never reads so. */
static void put_used(char out[MONEY_BYTES], int64_t microusd)
{
    put_usd(out, microusd < 1000000 ? microusd : microusd - microusd % 10000);
}

static void put_tokens(char out[MONEY_BYTES], int64_t tokens)
{
    (void)snprintf(out, MONEY_BYTES, "%lld tokens", (long long)tokens);
}

#define RUNNING          "until some end, what running calls may use is more than is left of "
#define MODEL_CALLS_WAIT "model calls wait, and tool calls that rules allow ask now"

/* What is said of each limit, around its amount. */
struct phrase {
    const char *before, *after;
};
static const struct {
    void (*put)(char out[MONEY_BYTES], int64_t amount);
    bool is_shared; /* by all agents */
    struct phrase said[SAY_COUNT];
} WORDS[BUDGET_COUNT] = {
    [BUDGET_AGENT] = {put_usd,
                      false, {[SAY_OVER] = {"over its budget of ", ""},
                       [SAY_RUNNING] = {RUNNING "its budget of ", ""},
                       [SAY_USED_UP] = {"its budget of ", " is used up: its " MODEL_CALLS_WAIT},
                       [SAY_NEARLY] = {"80 % of its budget of ", " is used"}}                },
    [BUDGET_TOKENS] = {put_tokens,
                      false, {[SAY_OVER] = {"over its budget of ", ""},
                        [SAY_RUNNING] = {RUNNING "its budget of ", ""},
                        [SAY_USED_UP] = {"its budget of ", " is used up: its " MODEL_CALLS_WAIT},
                        [SAY_NEARLY] = {"80 % of its budget of ", " is used"}}               },
    [BUDGET_TASK] = {put_usd,
                      false, {[SAY_OVER] = {"its task is over its budget of ", ""},
                      [SAY_RUNNING] = {RUNNING "its task's budget of ", ""},
                      [SAY_USED_UP] = {"its task's budget of ",
                                       " is used up: its " MODEL_CALLS_WAIT},
                      [SAY_NEARLY] = {"80 % of its task's budget of ", " is used"}}          },
    [BUDGET_TASK_TOKENS] = {put_tokens,
                      false, {[SAY_OVER] = {"its task is over its budget of ", ""},
                             [SAY_RUNNING] = {RUNNING "its task's budget of ", ""},
                             [SAY_USED_UP] = {"its task's budget of ",
                                              " is used up: its " MODEL_CALLS_WAIT},
                             [SAY_NEARLY] = {"80 % of its task's budget of ", " is used"}}   },
    [BUDGET_DAY] = {put_usd,
                      true,  {[SAY_OVER] = {"the day's budget of all agents, ", ", is used up"},
                     [SAY_RUNNING] = {RUNNING "the day's budget of all agents, ", ""},
                     [SAY_USED_UP] = {"the agents have spent what they may spend today, ",
                                      ": " MODEL_CALLS_WAIT},
                     [SAY_NEARLY] = {"80 % of the day's budget of all agents, ", ", is used"}}},
    [BUDGET_FLEET] = {put_usd,
                      true,  {[SAY_OVER] = {"the budget of all agents, ", ", is used up"},
                       [SAY_RUNNING] = {RUNNING "the budget of all agents, ", ""},
                       [SAY_USED_UP] = {"the agents have spent what they may spend in all, ",
                                        ": " MODEL_CALLS_WAIT},
                       [SAY_NEARLY] = {"80 % of the budget of all agents, ", ", is used"}}    },
};

static bool is_in_tokens(enum budget_kind k)
{
    return WORDS[k].put == put_tokens;
}

void budget_say(char out[REASON_BYTES], enum budget_saying what, enum budget_kind k, int64_t limit)
{
    char amount[MONEY_BYTES];
    const struct phrase *f = &WORDS[k].said[what];
    WORDS[k].put(amount, limit);
    (void)snprintf(out, REASON_BYTES, "%s%s%s", f->before, amount, f->after);
}

bool budget_is_shared(enum budget_kind k)
{
    return WORDS[k].is_shared;
}

void budget_words(const struct budget_state *s, enum budget_kind k, char out[REASON_BYTES])
{
    char used[MONEY_BYTES];
    char limit[MONEY_BYTES];
    void (*put)(char out[MONEY_BYTES], int64_t amount) = is_in_tokens(k) ? put_tokens : put_used;
    put(used, s->used[k]);
    WORDS[k].put(limit, s->limit[k]);
    (void)snprintf(out, REASON_BYTES, "%s of %s used", used, limit);
    if (s->bound[k] > 0) {
        size_t n = strlen(out);
        put(used, s->bound[k]);
        (void)snprintf(out + n, REASON_BYTES - n, ", %s of that estimated", used);
    }
}
