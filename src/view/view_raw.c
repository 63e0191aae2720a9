/* The agent view's last tabs: its money, and all that is known of it as it came. */
#include <stddef.h>

#include "agent_columns_priv.h"
#include "task_words_priv.h"

#define LABEL_COLS 18
#define SAY_COLS   4096

static void money_line(struct frame *fr, struct sheet *s, const char *label, int64_t microusd)
{
    sheet_line(s, label, ROLE_SPEND, frame_money(fr, microusd));
}

static void number_line(struct frame *fr, struct sheet *s, const char *label, int64_t n)
{
    sheet_line(s, label, ROLE_TEXT, text_fmt(fr->arena, "%lld", (long long)n));
}

static void per_action(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct words w = words_of(fr);
    if (a->actions > 0) {
        words_safe(&w, frame_money(fr, a->cost_microusd / a->actions));
        words_fmt(&w, " (%u actions)", a->actions);
        sheet_line(s, "an action", ROLE_TEXT, words_end(&w));
    }
}

/* Of an agent whose calls go through the gateway: it has no other lines. */
static void fill_meter(struct sheet *s, const struct agent *a)
{
    const struct agent_traits *t = a->traits;
    struct frame *fr = s->fr;
    if (t->budget_tokens > 0) {
        number_line(fr, s, "budget of tokens", t->budget_tokens);
        number_line(fr, s, "used of it", t->budget_tokens_used);
    }
    if (t->metered) {
        sheet_line(s, "counted by", ROLE_TEXT, text_own("the gateway"));
    }
    if (t->untold > 0) {
        number_line(fr, s, "calls untold", t->untold);
    }
    if (t->bound_tokens > 0) {
        struct words w = words_of(fr);
        words_fmt(&w, "at most %lld tokens, ", (long long)t->bound_tokens);
        words_safe(&w, frame_money(fr, t->bound_microusd));
        words_own(&w, " (of budgets, not of what is spent)");
        sheet_line(s, "not told", ROLE_DIM, words_end(&w));
    }
    if (t->beside_in > 0 || t->beside_out > 0) {
        struct words w = words_of(fr);
        words_fmt(&w, "%lld in, %lld out, ", (long long)t->beside_in, (long long)t->beside_out);
        words_safe(&w, frame_money(fr, t->beside_microusd));
        words_own(&w, " (not added)");
        sheet_line(s, "its telemetry", ROLE_DIM, words_end(&w));
    }
}

static void fill_cost(struct sheet *s, const struct agent *a)
{
    struct frame *fr = s->fr;
    sheet_line(s, "spent", agent_over_budget(a) ? ROLE_SPEND_OVER : ROLE_SPEND, agent_cost(fr, a));
    if (a->cost_estimated) {
        sheet_line(s, "", ROLE_DIM, text_own("estimated from a price list, not billed"));
    }
    if (a->unpriced) {
        sheet_line(s, "", ROLE_DIM, text_own("tokens were seen that came without a price"));
    }
    per_action(fr, s, a);
    tasks_lines(fr, s, a);
    if (a->traits->budget_limit > 0) {
        money_line(fr, s, "budget", a->traits->budget_limit);
        money_line(fr, s, "used of it", a->budget_used);
    } else {
        sheet_line(s, "budget", ROLE_DIM, text_own("none"));
    }
    fill_meter(s, a);
    sheet_gap(s);
    number_line(fr, s, "tokens in", a->tokens_in);
    number_line(fr, s, "tokens out", a->tokens_out);
    number_line(fr, s, "from the cache", a->tokens_cached);
    number_line(fr, s, "reasoning", a->tokens_reasoning);
    sheet_gap(s);
    number_line(fr, s, "retries", a->retries);
    number_line(fr, s, "failures", a->failures);
}

static void draw_cost(struct frame *fr, struct rect area)
{
    sheet_draw(fr, area, LABEL_COLS, &fr->ui->list[PANE_COST], fill_cost);
}

static const enum action cost_keys[] = {
    ACT_NEXT_PANE, ACT_BUDGET, ACT_PAUSE, ACT_STOP, ACT_BACK, ACTION_COUNT,
};

const struct pane pane_cost = {
    .title = "spend",
    .keys = cost_keys,
    .empty = "",
    .draw = draw_cost,
};

/* ---- raw */
static const struct {
    const char *label;
    size_t offset;
    bool shared; /* it lies in the traits */
} raw_texts[] = {
#define RAW(member)                                                                                \
    {                                                                                              \
#member, offsetof(struct agent, member), false                                             \
    }
#define TRAIT(member)                                                                              \
    {                                                                                              \
#member, offsetof(struct agent_traits, member), true                                       \
    }
    RAW(id),
    RAW(instance),
    RAW(name),
    TRAIT(runtime),
    TRAIT(runtime_version),
    TRAIT(model),
    TRAIT(provider),
    TRAIT(host),
    RAW(cwd),
    TRAIT(vcs_branch),
    TRAIT(vcs_revision),
    TRAIT(owner),
    TRAIT(on_behalf_of),
    TRAIT(builder),
    TRAIT(region),
    TRAIT(boundary),
    RAW(session),
    RAW(task_id),
    RAW(task_title),
    RAW(parent_id),
    TRAIT(gate),
    TRAIT(permission_mode),
    TRAIT(permission_sandbox),
    TRAIT(permission_network),
    RAW(state_reason),
    RAW(now_tool),
    RAW(now),
#undef RAW
#undef TRAIT
};

static sid raw_text(const struct agent *a, size_t which)
{
    const char *from = raw_texts[which].shared ? (const char *)a->traits : (const char *)a;
    return *(const sid *)(const void *)(from + raw_texts[which].offset);
}

static void fill_raw(struct sheet *s, const struct agent *a)
{
    struct frame *fr = s->fr;
    for (size_t i = 0; i < ARRAY_LEN(raw_texts); i++) {
        sid id = raw_text(a, i);
        if (id != 0) {
            size_t mark = frame_mark(fr);
            sheet_line(s, raw_texts[i].label, ROLE_TEXT, frame_say_sid(fr, id, SAY_COLS));
            frame_back(fr, mark);
        }
    }
    sheet_line(s, "state", ROLE_TEXT, text_own(agent_state_name(a->state)));
    number_line(fr, s, "pid", a->pid);
    number_line(fr, s, "heartbeat_ms", a->traits->heartbeat_ms);
    number_line(fr, s, "pending", a->pending);
    number_line(fr, s, "actions", a->actions);
    number_line(fr, s, "failures", a->failures);
}

static void draw_raw(struct frame *fr, struct rect area)
{
    sheet_draw(fr, area, LABEL_COLS, &fr->ui->list[PANE_RAW], fill_raw);
}

static const enum action raw_keys[] = {ACT_NEXT_PANE, ACT_COPY, ACT_BACK, ACTION_COUNT};

const struct pane pane_raw = {
    .title = "raw",
    .keys = raw_keys,
    .empty = "",
    .draw = draw_raw,
};
