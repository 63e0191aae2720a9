#include "spend_by.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/event.h"
#include "headless.h"
#include "spend_tasks.h"

struct groups {
    struct headless_sum *at;
    size_t count, cap;
};

/* For whom it works, else whose it is. */
static sid operator_of(const struct agent *a)
{
    return a->traits->on_behalf_of ? a->traits->on_behalf_of : a->traits->owner;
}

static sid provider_of(const struct agent *a)
{
    return a->traits->provider;
}

static sid model_of(const struct agent *a)
{
    return a->traits->model;
}

static sid runtime_of(const struct agent *a)
{
    return a->traits->runtime;
}

static const struct by_row {
    const char *name;
    sid (*of)(const struct agent *a);
} BY[] = {
    {"operator", operator_of},
    {"provider", provider_of},
    {"model",    model_of   },
    {"runtime",  runtime_of },
};

static int64_t plus(int64_t a, int64_t b)
{
    int64_t out = 0;
    return __builtin_add_overflow(a, b, &out) ? INT64_MAX : out;
}

static struct headless_sum *group_of(struct groups *all, sid name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->at[i].name == name) {
            return &all->at[i];
        }
    }
    GROW(all->at, all->cap, all->count + 1);
    all->at[all->count] = (struct headless_sum){.name = name};
    return &all->at[all->count++];
}

static void add(const struct fleet *f, struct headless_sum *g, const struct agent *a)
{
    const struct task_sums *ended = fleet_task_sums(f, a->ref);
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        task_sums_add(&g->tasks[o], &ended[o]);
    }
    g->agents++;
    g->unpriced += a->unpriced;
    g->estimated |= a->cost_estimated;
    g->tokens_in = plus(g->tokens_in, a->tokens_in);
    g->tokens_out = plus(g->tokens_out, a->tokens_out);
    g->microusd = plus(g->microusd, a->cost_microusd);
    g->untold = plus(g->untold, a->traits->untold);
}

/* What cost most is first. */
static int compare(const void *left, const void *right)
{
    const struct headless_sum *a = left;
    const struct headless_sum *b = right;
    if (a->microusd != b->microusd) {
        return a->microusd < b->microusd ? 1 : -1;
    }
    return a->tokens_in < b->tokens_in ? 1 : a->tokens_in > b->tokens_in ? -1 : 0;
}

static void print_text(const struct fleet *f, const struct headless_sum *g)
{
    char name[48];
    (void)printf("%-32s %6u agents %12lld in %12lld out %8lld.%02lld USD%s%s%s\n",
                 g->name ? headless_plain(f, g->name, name, sizeof(name)) : "(not told)", g->agents,
                 (long long)g->tokens_in, (long long)g->tokens_out,
                 (long long)(g->microusd / 1000000), (long long)(g->microusd / 10000 % 100),
                 g->estimated ? ", estimated" : "",
                 g->unpriced ? ", and tokens without a price" : "",
                 g->untold ? ", and calls that told nothing" : "");
    if (task_sums_total(g->tasks).count > 0) {
        (void)printf("%-32s ", "");
        spend_tasks_say(g->tasks);
    }
}

static bool has_news(const struct fleet *f, const struct agent *a)
{
    return agent_told_tokens(a) || a->cost_microusd != 0 || a->traits->untold > 0 ||
           task_sums_total(fleet_task_sums(f, a->ref)).count > 0;
}

enum status spend_by_print(const struct fleet *f, const char *by, bool json, struct why *why)
{
    struct groups all = {0};
    size_t row = 0;
    if (strcmp(by, "task") == 0) {
        spend_tasks_print(f, json);
        return ST_OK;
    }
    while (row < ARRAY_LEN(BY) && strcmp(BY[row].name, by) != 0) {
        row++;
    }
    if (row == ARRAY_LEN(BY)) {
        return why_fail(why, ST_NOTFOUND, "--by task, operator, provider, model or runtime");
    }
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        if (has_news(f, a)) {
            add(f, group_of(&all, BY[row].of(a)), a);
        }
    }
    if (all.count > 0) {
        qsort(all.at, all.count, sizeof(*all.at), compare);
    }
    for (size_t i = 0; i < all.count; i++) {
        if (json) {
            headless_print_sum(f, by, &all.at[i]);
        } else {
            print_text(f, &all.at[i]);
        }
    }
    free(all.at);
    return ST_OK;
}
