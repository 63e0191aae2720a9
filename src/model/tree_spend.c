#include "model_priv.h"

static bool is_within(const struct fleet *f, const struct agent *a, uint32_t root)
{
    while (a != NULL && a->ref != root) {
        a = a->parent != 0 ? fleet_agent(f, a->parent) : NULL;
    }
    return a != NULL;
}

bool agent_told_tokens(const struct agent *a)
{
    return a->tokens_in != 0 || a->tokens_out != 0 || a->tokens_cached != 0 ||
           a->tokens_reasoning != 0;
}

struct tree_spend fleet_tree_spend(const struct fleet *f, uint32_t root)
{
    struct tree_spend sum = {0};
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        if (!is_within(f, a, root)) {
            continue;
        }
        sum.agents++;
        sum.untold += !agent_told_tokens(a);
        sum.tokens_in = add_saturating(sum.tokens_in, a->tokens_in);
        sum.tokens_out = add_saturating(sum.tokens_out, a->tokens_out);
        sum.cost_microusd = add_saturating(sum.cost_microusd, a->cost_microusd);
        sum.cost_estimated |= a->cost_estimated;
        sum.unpriced |= a->unpriced;
    }
    return sum;
}
