#include <string.h>

#include "agent_columns_priv.h"

enum order { ORDER_ATTENTION, ORDER_NAME, ORDER_AGE, ORDER_TOKENS, ORDER_SPEND, ORDER_BACKEND };
static const char *const orders[] = {"attention", "name", "age", "tokens", "spend", "back-end"};

/* What needs someone first; within a group agents stay where they came in. */
static int64_t attention_key(const struct agent *a)
{
    static const int8_t groups[AGENT_STATE_COUNT] = {
        [AGENT_WAITING_APPROVAL] = 1, [AGENT_FAILED] = 2,
        [AGENT_WAITING_INPUT] = 4,    [AGENT_PAUSING] = 5,
        [AGENT_STOPPING] = 5,         [AGENT_PAUSED] = 6,
        [AGENT_STARTING] = 7,         [AGENT_RUNNING] = 7,
        [AGENT_UNKNOWN] = 8,          [AGENT_IDLE] = 9,
        [AGENT_STOPPED] = 10,
    };
    if (a->pending > 0) {
        return a->risk == RISK_LOW ? 1 : 0;
    }
    if (agent_retries(a)) {
        return 3;
    }
    return agent_in_trouble(a) ? 2 : groups[(unsigned)a->state < AGENT_STATE_COUNT ? a->state : 0];
}

#define KEY_BYTES  7  /* of a name that one number holds */
#define NAME_BYTES 28 /* of a name that count for the order */

static int64_t name_key(struct span name)
{
    uint64_t key = 0;
    for (size_t i = 0; i < KEY_BYTES; i++) {
        key = key << 8 | (i < name.n ? (unsigned char)name.p[i] : 0u);
    }
    return (int64_t)key;
}

/* Sorting is stable: by the last bytes first, by the first ones last. */
static void sort_by_name(struct list *l, const struct fleet *f)
{
    for (size_t from = NAME_BYTES; from > 0;) {
        from -= KEY_BYTES;
        for (uint32_t i = 0; i < l->count; i++) {
            struct span name = agent_name(f, l->rows[i].id);
            l->rows[i].key = name_key(span_sub(name, from, KEY_BYTES));
        }
        list_sort(l);
    }
}

static int64_t key_of(const struct fleet *f, const struct agent *a, uint32_t order)
{
    switch ((enum order)order) {
    case ORDER_NAME:
        return 0;
    case ORDER_AGE:
        return agent_since(f, a);
    case ORDER_TOKENS:
        return -agent_tokens(a);
    case ORDER_SPEND:
        return -a->cost_microusd;
    case ORDER_BACKEND:
        return a->backend;
    case ORDER_ATTENTION:
    default:
        return attention_key(a);
    }
}

static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    uint32_t count = fleet_agent_count(f);
    for (uint32_t i = 0; i < count; i++) {
        const struct agent *a = fleet_agent_at(f, i);
        list_offer(l, ui, f, agent_search,
                   (struct row){.id = a->ref, .key = key_of(f, a, l->sort)});
    }
    if (l->sort == ORDER_NAME) {
        sort_by_name(l, f);
    }
    list_sort(l);
    if (ui->tree) {
        list_tree(l, f);
    }
}

static const struct column columns[] = {
    {"state",    10, 11, KEEP_ALWAYS, ALIGN_LEFT,  false, cell_state  },
    {"agent",    14, 26, KEEP_ALWAYS, ALIGN_LEFT,  false, cell_agent  },
    {"for",      7,  14, 40,          ALIGN_LEFT,  false, cell_for    },
    {"runtime",  8,  10, 60,          ALIGN_LEFT,  false, cell_runtime},
    {"back-end", 8,  12, 30,          ALIGN_LEFT,  true,  cell_backend},
    {"model",    10, 18, 20,          ALIGN_LEFT,  true,  cell_model  },
    {"may",      10, 16, 35,          ALIGN_LEFT,  false, cell_may    },
    {"now",      30, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, cell_now    },
    {"age",      4,  4,  KEEP_ALWAYS, ALIGN_RIGHT, false, cell_age    },
    {"tokens",   6,  6,  50,          ALIGN_RIGHT, false, cell_tokens },
    {"spend",    8,  9,  KEEP_ALWAYS, ALIGN_RIGHT, false, cell_cost   },
};

static const enum action keys[] = {
    ACT_APPROVE,   ACT_DENY,   ACT_PAUSE,        ACT_BUDGET,   ACT_RESUME, ACT_STOP,
    ACT_INTERRUPT, ACT_OPEN,   ACT_ATTENTION,    ACT_FILTER,   ACT_SORT,   ACT_TREE,
    ACT_WIDE,      ACT_FREEZE, ACT_FREEZE_AGENT, ACTION_COUNT,
};

static void headline(struct frame *fr, struct words *w)
{
    const struct list *l = &fr->ui->list[PANE_FLEET];
    words_fmt(w, "%sby %s  %u", fr->ui->tree ? "tree, " : "", orders[l->sort], l->count);
    if (l->hidden > 0) {
        words_fmt(w, " of %u", l->count + l->hidden);
    }
}

const struct pane pane_fleet = {
    .title = "agents",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .sorts = orders,
    .sort_count = ARRAY_LEN(orders),
    .keys = keys,
    .empty = "no agent has been seen yet",
    .texts = agent_search,
    .build = build,
    .target = agent_target,
    .open = agent_open,
    .look = agent_look,
    .headline = headline,
};

/* ---- those that an agent started */
static void build_children(struct ui *ui, const struct fleet *f, struct list *l)
{
    uint32_t count = fleet_agent_count(f);
    for (uint32_t i = 0; i < count; i++) {
        const struct agent *a = fleet_agent_at(f, i);
        if (a->parent != 0 && a->parent == ui->subject) {
            list_offer(l, ui, f, agent_search, (struct row){.id = a->ref, .key = attention_key(a)});
        }
    }
    list_sort(l);
}

const struct pane pane_children = {
    .title = "children",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .keys = keys,
    .empty = "it has started no other agent",
    .texts = agent_search,
    .build = build_children,
    .target = agent_target,
    .open = agent_open,
    .look = agent_look,
};
