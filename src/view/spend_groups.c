/* Sums of spend by what agents have in common: made with the rows of the view, so a hidden view
 * costs nothing. */
#include "ui_priv.h"

static int64_t plus(int64_t sum, int64_t n)
{
    int64_t out = 0;
    return __builtin_add_overflow(sum, n, &out) ? INT64_MAX : out;
}

static bool has_spent(const struct agent *a)
{
    return a->cost_microusd != 0 || a->unpriced || a->tokens_in > 0 || a->tokens_out > 0;
}

/* When there is no room for another one, the last one holds all others. */
static struct spend_group *group_of(struct spend_groups *s, sid name, uint32_t backend)
{
    for (uint32_t i = 0; i < s->count; i++) {
        struct spend_group *g = &s->group[i];
        if ((g->name == name && g->backend == backend) || g->others) {
            return g;
        }
    }
    struct spend_group *g = &s->group[s->count++];
    *g = (struct spend_group){.name = name, .backend = backend, .others = s->count == SPEND_GROUPS};
    return g;
}

static void add(struct spend_group *g, const struct agent *a)
{
    g->agents++;
    g->unpriced += a->unpriced;
    g->estimated |= a->cost_estimated;
    g->tokens_in = plus(g->tokens_in, a->tokens_in);
    g->tokens_out = plus(g->tokens_out, a->tokens_out);
    g->tokens_cached = plus(g->tokens_cached, a->tokens_cached);
    g->microusd = plus(g->microusd, a->cost_microusd);
}

static bool is_before(const struct spend_group *a, const struct spend_group *b)
{
    if (a->others != b->others) {
        return b->others;
    }
    return a->microusd != b->microusd ? a->microusd > b->microusd : a->tokens_in > b->tokens_in;
}

/* By insertion: there are few, and equal ones stay as they came. */
static void sort(struct spend_groups *s)
{
    for (uint32_t i = 1; i < s->count; i++) {
        struct spend_group moving = s->group[i];
        uint32_t at = i;
        for (; at > 0 && is_before(&moving, &s->group[at - 1]); at--) {
            s->group[at] = s->group[at - 1];
        }
        s->group[at] = moving;
    }
}

void spend_sum(struct spend_sums *sums, const struct fleet *f)
{
    uint32_t count = fleet_agent_count(f);
    sums->by_model.count = sums->by_runtime.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct agent *a = fleet_agent_at(f, i);
        if (has_spent(a)) {
            add(group_of(&sums->by_model, a->traits->model, 0), a);
            add(group_of(&sums->by_runtime, a->traits->runtime, a->backend), a);
        }
    }
    sort(&sums->by_model);
    sort(&sums->by_runtime);
}
