#include "task_words_priv.h"

#define SAY_COLS 4096

static struct safe money(struct frame *fr, int64_t microusd, bool estimated, bool more)
{
    struct words w = words_of(fr);
    words_own(&w, estimated ? "~" : "");
    words_safe(&w, frame_money(fr, microusd));
    words_own(&w, more ? "+" : "");
    return words_end(&w);
}

struct safe task_cost(struct frame *fr, const struct task *t)
{
    if (t->cost_microusd == 0) {
        return text_own(t->unpriced ? "unpriced" : "-");
    }
    return money(fr, t->cost_microusd, t->cost_estimated, t->unpriced || t->untold > 0);
}

struct safe tasks_each(struct frame *fr, const struct task_sums by_outcome[OUTCOME_COUNT])
{
    const struct task_sums sum = task_sums_total(by_outcome);
    int64_t each = task_sums_each(by_outcome);
    if (each < 0) {
        return text_own("");
    }
    if (each == 0 && sum.unpriced) {
        return text_own("unpriced");
    }
    return money(fr, each, sum.cost_estimated, sum.unpriced || sum.untold > 0 || sum.silent > 0);
}

struct safe tasks_done(struct frame *fr, const struct task_sums by_outcome[OUTCOME_COUNT])
{
    int64_t count = task_sums_total(by_outcome).count;
    struct words w = words_of(fr);
    if (count > 0) {
        words_safe(&w, frame_quantity(fr, by_outcome[OUTCOME_SUCCEEDED].count));
        words_own(&w, "/");
        words_safe(&w, frame_quantity(fr, count));
    }
    return words_end(&w);
}

struct safe tasks_in_short(struct frame *fr, const struct task_sums by_outcome[OUTCOME_COUNT])
{
    int64_t count = task_sums_total(by_outcome).count;
    struct safe each = tasks_each(fr, by_outcome);
    struct words w = words_of(fr);
    if (count > 0) {
        words_own(&w, "tasks: ");
        words_safe(&w, frame_quantity(fr, by_outcome[OUTCOME_SUCCEEDED].count));
        words_own(&w, " of ");
        words_safe(&w, frame_quantity(fr, count));
        words_own(&w, " done");
    }
    if (each.cols > 0) {
        words_own(&w, ", ");
        words_safe(&w, each);
        words_own(&w, " each");
    }
    return words_end(&w);
}

static bool is_used_up(const struct task *t)
{
    int64_t tokens = 0;
    bool over = __builtin_add_overflow(t->tokens_in, t->tokens_out, &tokens);
    return (t->limit_microusd > 0 && t->cost_microusd >= t->limit_microusd - t->bound_microusd) ||
           (t->limit_tokens > 0 && (over || tokens >= t->limit_tokens));
}

static void open_line(struct frame *fr, struct sheet *s, const struct task *t)
{
    struct words w = words_of(fr);
    int64_t tokens = 0;
    words_sid(&w, t->title, SAY_COLS);
    words_own(&w, t->title != 0 ? " · since " : "since ");
    words_safe(&w, frame_age_long(fr, t->began_us));
    words_own(&w, " · ");
    if (task_told(t)) {
        bool over = __builtin_add_overflow(t->tokens_in, t->tokens_out, &tokens);
        words_safe(&w, task_cost(fr, t));
        if (t->limit_microusd > 0) {
            words_own(&w, " of ");
            words_safe(&w, frame_money(fr, t->limit_microusd));
        }
        words_own(&w, ", ");
        words_safe(&w, frame_quantity(fr, over ? INT64_MAX : tokens));
        if (t->limit_tokens > 0) {
            words_own(&w, " of ");
            words_safe(&w, frame_quantity(fr, t->limit_tokens));
        }
        words_own(&w, " tokens");
    } else {
        words_own(&w, "spend not told yet");
        if (t->limit_microusd > 0) {
            words_own(&w, ", limit ");
            words_safe(&w, frame_money(fr, t->limit_microusd));
        }
    }
    if (t->untold > 0) {
        words_fmt(&w, ", %lld calls untold", (long long)t->untold);
    }
    if (t->bound_microusd > 0) {
        words_own(&w, ", at most ");
        words_safe(&w, frame_money(fr, t->bound_microusd));
        words_own(&w, " more");
    }
    sheet_line(s, "task", is_used_up(t) ? ROLE_SPEND_OVER : ROLE_TEXT, words_end(&w));
}

static void say_ends(struct words *w, const struct task_sums by_outcome[OUTCOME_COUNT])
{
    static const struct {
        enum outcome outcome;
        const char *word;
    } ENDS[] = {
        {OUTCOME_FAILED,    "failed"      },
        {OUTCOME_CANCELLED, "cut"         },
        {OUTCOME_DENIED,    "denied"      },
        {OUTCOME_UNKNOWN,   "end not told"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
        int64_t n = by_outcome[ENDS[i].outcome].count;
        if (n > 0) {
            words_fmt(w, " · %lld %s", (long long)n, ENDS[i].word);
        }
    }
}

static void ended_line(struct frame *fr, struct sheet *s,
                       const struct task_sums by_outcome[OUTCOME_COUNT])
{
    const struct task_sums sum = task_sums_total(by_outcome);
    struct safe each = tasks_each(fr, by_outcome);
    struct words w = words_of(fr);
    if (sum.count == 0) {
        return;
    }
    words_fmt(&w, "%lld done", (long long)by_outcome[OUTCOME_SUCCEEDED].count);
    say_ends(&w, by_outcome);
    if (each.cols > 0) {
        words_own(&w, " · ");
        words_safe(&w, each);
        words_own(&w, " for each done");
    }
    if (sum.silent > 0) {
        words_fmt(&w, " · spend of %lld not told", (long long)sum.silent);
    }
    sheet_line(s, "tasks", ROLE_TEXT, words_end(&w));
}

void tasks_lines(struct frame *fr, struct sheet *s, const struct agent *a)
{
    const struct task *open = fleet_task_of(fr->f, a->ref);
    if (open != NULL) {
        open_line(fr, s, open);
    } else if (a->task_title != 0 || a->task_id != 0) {
        sheet_line(s, "task", ROLE_TEXT,
                   frame_say_sid(fr, a->task_title != 0 ? a->task_title : a->task_id, SAY_COLS));
    }
    ended_line(fr, s, fleet_task_sums(fr->f, a->ref));
}
