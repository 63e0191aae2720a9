#include "spend_tasks.h"

#include <stdio.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "headless.h"

struct rows {
    const struct task **at;
    size_t count, cap;
};

static void add(struct rows *r, const struct task *t)
{
    GROW(r->at, r->cap, r->count + 1);
    r->at[r->count++] = t;
}

static int64_t minus(int64_t a, int64_t b)
{
    int64_t out = 0;
    return __builtin_sub_overflow(a, b, &out) || out < 0 ? 0 : out;
}

/* What cost most is first. */
static int compare(const void *left, const void *right)
{
    const struct task *a = *(const struct task *const *)left;
    const struct task *b = *(const struct task *const *)right;
    if (a->cost_microusd != b->cost_microusd) {
        return a->cost_microusd < b->cost_microusd ? 1 : -1;
    }
    return a->tokens_in < b->tokens_in ? 1 : a->tokens_in > b->tokens_in ? -1 : 0;
}

static struct rows collect(const struct fleet *f)
{
    struct rows r = {0};
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct task *open = fleet_task_of(f, fleet_agent_at(f, i)->ref);
        if (open) {
            add(&r, open);
        }
    }
    for (const struct task *t = fleet_task_newest(f); t; t = fleet_task_older(f, t)) {
        add(&r, t);
    }
    if (r.count > 0) {
        qsort(r.at, r.count, sizeof(struct task *), compare);
    }
    return r;
}

static void print_money(int64_t microusd)
{
    (void)printf("%8lld.%04lld USD", (long long)(microusd / 1000000),
                 (long long)(microusd / 100 % 10000));
}

static void print_row(const struct fleet *f, const struct task *t)
{
    char title[44];
    char name[24];
    const struct agent *a = fleet_agent(f, t->agent);
    (void)printf("%-40s %-9s %-20s", headless_plain(f, t->title, title, sizeof(title)),
                 t->open ? "open" : outcome_name(t->outcome),
                 headless_plain(f, a ? a->name : 0, name, sizeof(name)));
    if (!task_told(t)) {
        (void)printf(" nobody said what it used\n");
        return;
    }
    (void)printf(" %11lld in %9lld out ", (long long)t->tokens_in, (long long)t->tokens_out);
    print_money(t->cost_microusd);
    (void)printf("%s%s%s\n", t->cost_estimated ? ", estimated" : "",
                 t->unpriced ? ", and tokens without a price" : "",
                 t->untold ? ", and calls that told nothing" : "");
}

static void print_rest(const char *what, const struct headless_rest *r)
{
    if (r->tokens_in > 0 || r->tokens_out > 0 || r->microusd > 0) {
        (void)printf("%-71s %11lld in %9lld out ", what, (long long)r->tokens_in,
                     (long long)r->tokens_out);
        print_money(r->microusd);
        (void)printf("\n");
    }
}

/* Of agents that are still known. */
static struct headless_rest all_of(const struct fleet *f)
{
    struct headless_rest sum = {0};
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        sum.tokens_in += a->tokens_in;
        sum.tokens_out += a->tokens_out;
        sum.microusd += a->cost_microusd;
    }
    return sum;
}

static struct task_sums ended_of(const struct fleet *f)
{
    struct task_sums sum = {0};
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct task_sums one = task_sums_total(fleet_task_sums(f, fleet_agent_at(f, i)->ref));
        task_sums_add(&sum, &one);
    }
    return sum;
}

void spend_tasks_say(const struct task_sums by_outcome[OUTCOME_COUNT])
{
    static const struct {
        enum outcome outcome;
        const char *words;
    } ENDS[] = {
        {OUTCOME_FAILED,    "failed"                             },
        {OUTCOME_CANCELLED, "cancelled"                          },
        {OUTCOME_DENIED,    "denied"                             },
        {OUTCOME_UNKNOWN,   "over without a word of how it ended"},
    };
    const struct task_sums sum = task_sums_total(by_outcome);
    int64_t each = task_sums_each(by_outcome);
    if (sum.count == 0) {
        return;
    }
    (void)printf("%lld tasks completed", (long long)by_outcome[OUTCOME_SUCCEEDED].count);
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
        if (by_outcome[ENDS[i].outcome].count > 0) {
            (void)printf(", %lld %s", (long long)by_outcome[ENDS[i].outcome].count, ENDS[i].words);
        }
    }
    if (each >= 0) {
        (void)printf(": %lld.%06lld USD for each completed%s", (long long)(each / 1000000),
                     (long long)(each % 1000000), sum.cost_estimated ? ", estimated" : "");
    }
    if (sum.silent > 0) {
        (void)printf("; of %lld nobody said what they used", (long long)sum.silent);
    }
    (void)printf("%s%s\n", sum.unpriced ? "; tokens without a price are not in it" : "",
                 sum.untold > 0 ? "; nor are calls that told nothing" : "");
}

void spend_tasks_print(const struct fleet *f, bool json)
{
    struct rows r = collect(f);
    struct headless_rest none = all_of(f);
    const struct task_sums ended = ended_of(f);
    struct headless_rest older = {ended.tokens_in, ended.tokens_out, ended.cost_microusd};
    for (size_t i = 0; i < r.count; i++) {
        const struct task *t = r.at[i];
        struct headless_rest *from = t->open ? &none : &older;
        from->tokens_in = minus(from->tokens_in, t->tokens_in);
        from->tokens_out = minus(from->tokens_out, t->tokens_out);
        from->microusd = minus(from->microusd, t->cost_microusd);
        if (json) {
            headless_print_task(f, t);
        } else {
            print_row(f, t);
        }
    }
    none.tokens_in = minus(none.tokens_in, ended.tokens_in);
    none.tokens_out = minus(none.tokens_out, ended.tokens_out);
    none.microusd = minus(none.microusd, ended.cost_microusd);
    if (json) {
        headless_print_rest("older", &older);
        headless_print_rest("none", &none);
    } else {
        print_rest("(older tasks)", &older);
        print_rest("(in no task)", &none);
        spend_tasks_say(fleet_task_sums_all(f));
    }
    free(r.at);
}
