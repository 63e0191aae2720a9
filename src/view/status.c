/* The first line: mode, who, how many, how much. What fits least is left out first. */
#include <string.h>

#include "frame_priv.h"

#define GAP        2
#define ITEMS_MAX  24
#define NAME_COLS  24
#define ROOMY_COLS 110 /* for whole words */

struct item {
    int keep; /* the smallest goes first */
    enum role role;
    struct safe text;
    bool right;
};

struct bar {
    struct frame *fr;
    struct item item[ITEMS_MAX];
    size_t count;
};

static void add(struct bar *b, bool right, int keep, enum role role, struct safe text)
{
    if (text.cols > 0 && b->count < ITEMS_MAX) {
        b->item[b->count++] = (struct item){keep, role, text, right};
    }
}

#define LEFT  false
#define RIGHT true

static void add_modes(struct bar *b)
{
    const struct ui *ui = b->fr->ui;
    const struct fleet_totals *t = &b->fr->totals;
    bool stale = t->backends_live < t->backends;
    if (t->stop_latched) {
        add(b, LEFT, 1000, ROLE_MODE_STOPPED, text_own("STOPPED"));
    }
    if (ui->record_failed) {
        add(b, LEFT, 999, ROLE_ERROR, text_own("RECORD FAILED"));
    }
    if (ui->frozen) {
        add(b, LEFT, 998, ROLE_MODE_FROZEN, text_own("FROZEN"));
    }
    if (ui->options.replay) {
        add(b, LEFT, 998, ROLE_MODE_REPLAY, text_own("REPLAY"));
    }
    if (stale) {
        add(b, LEFT, 997, ROLE_MODE_STALE, text_own("STALE"));
    }
    if (ui->options.readonly || fleet_readonly(b->fr->f)) {
        add(b, LEFT, 996, ROLE_MODE_READONLY, text_own("READONLY"));
    }
    if (t->backends == 0) {
        add(b, LEFT, 995, ROLE_MODE_STALE, text_own("NO BACK-END"));
    } else if (!stale && !ui->frozen && !ui->options.replay) {
        add(b, LEFT, 995, ROLE_MODE_LIVE, text_own("LIVE"));
    }
    if (t->demo) {
        add(b, LEFT, 994, ROLE_DEMO, text_own("demo agents"));
    }
}

static void add_operator(struct bar *b)
{
    struct frame *fr = b->fr;
    const char *id = fr->ui->operator_id;
    struct safe name = frame_say(fr, span_str(id[0] != '\0' ? id : fr->ui->label), NAME_COLS);
    add(b, LEFT, 45, ROLE_STATUS, text_ellipsis(fr->arena, name, NAME_COLS, "…"));
    uint32_t others = others_count(fr->f);
    if (others > 0) {
        add(b, LEFT, 42, ROLE_STATUS, text_fmt(fr->arena, "+%u watching", others));
    }
}

static void add_count(struct bar *b, int keep, enum role role, uint32_t n, const char *word)
{
    if (n > 0) {
        add(b, RIGHT, keep, role, text_fmt(b->fr->arena, "%u %s", n, word));
    }
}

static void add_agents(struct bar *b)
{
    const struct fleet_totals *t = &b->fr->totals;
    const uint32_t *n = t->by_state;
    add(b, RIGHT, 60, ROLE_STATUS,
        text_fmt(b->fr->arena, "%u agent%s", t->agents, t->agents == 1 ? "" : "s"));
    add_count(b, 12, ROLE_STATUS, n[AGENT_RUNNING] + n[AGENT_STARTING], "run");
    add_count(b, 30, ROLE_STATUS, n[AGENT_WAITING_INPUT], "input");
    add_count(b, 40, ROLE_STATUS, n[AGENT_PAUSED] + n[AGENT_PAUSING], "paused");
    add_count(b, 10, ROLE_STATUS, n[AGENT_IDLE], "idle");
    add_count(b, 8, ROLE_STATUS, n[AGENT_STOPPED] + n[AGENT_STOPPING], "stopped");
    add_count(b, 80, ROLE_FAILED, t->failed, "failed");
}

static void add_pending(struct bar *b)
{
    struct frame *fr = b->fr;
    if (fr->totals.pending > 0) {
        struct words w = words_of(fr);
        words_fmt(&w, "%u pending ", fr->totals.pending);
        words_safe(&w, frame_age_short(fr, fr->totals.oldest_pending_us));
        add(b, RIGHT, 90, ROLE_APPROVAL, words_end(&w));
    }
}

static void say_spent(struct words *w, int64_t microusd)
{
    words_own(w, w->fr->totals.cost_estimated ? "~" : "");
    words_safe(w, frame_money(w->fr, microusd));
    words_own(w, w->fr->totals.unpriced > 0 ? "+" : "");
}

static void add_today(struct bar *b)
{
    struct frame *fr = b->fr;
    struct words w = words_of(fr);
    bool roomy = fr->c->w >= ROOMY_COLS;
    int64_t limit = 0;
    int64_t today = spend_today(fr, &limit);
    say_spent(&w, today);
    words_own(&w, roomy ? " of " : "/");
    words_safe(&w, frame_money(fr, limit));
    words_own(&w, roomy ? " today" : "");
    add(b, RIGHT, 50, today >= limit ? ROLE_SPEND_OVER : ROLE_SPEND, words_end(&w));
}

/* Of today where a day has a limit, else of all time. */
static void add_cost(struct bar *b)
{
    struct frame *fr = b->fr;
    int64_t limit = 0;
    (void)fleet_spent_today_all(fr->f, fr->now.wall_us, &limit);
    if (limit > 0) {
        add_today(b);
        return;
    }
    struct words w = words_of(fr);
    say_spent(&w, fr->totals.cost_microusd);
    add(b, RIGHT, 50, ROLE_SPEND, words_end(&w));
}

static void add_newest(struct bar *b)
{
    struct frame *fr = b->fr;
    if (fr->totals.newest_event_us > 0) {
        struct words w = words_of(fr);
        words_own(&w, "last event ");
        words_safe(&w, frame_age_short(fr, fr->totals.newest_event_us));
        add(b, RIGHT, 6, ROLE_STATUS, words_end(&w));
    }
}

static void add_backends(struct bar *b)
{
    const struct fleet_totals *t = &b->fr->totals;
    bool all = t->backends_live == t->backends;
    add(b, RIGHT, 70, all ? ROLE_STATUS : ROLE_LINK_DOWN,
        text_fmt(b->fr->arena, "back-ends %u/%u", t->backends_live, t->backends));
}

static int width(const struct bar *b)
{
    int sum = 1;
    for (size_t i = 0; i < b->count; i++) {
        sum += (int)b->item[i].text.cols + GAP;
    }
    return sum;
}

static void drop_least(struct bar *b)
{
    size_t least = 0;
    for (size_t i = 1; i < b->count; i++) {
        if (b->item[i].keep < b->item[least].keep) {
            least = i;
        }
    }
    memmove(&b->item[least], &b->item[least + 1], (b->count - least - 1) * sizeof(b->item[0]));
    b->count--;
}

void status_draw(struct frame *fr, struct rect r)
{
    struct bar b = {.fr = fr};
    struct rect saved = canvas_clip(fr->c, r);
    add(&b, LEFT, 25, ROLE_TITLE, text_own("checkrein"));
    add_modes(&b);
    add_operator(&b);
    add_backends(&b);
    add_newest(&b);
    add_agents(&b);
    add_pending(&b);
    add_cost(&b);
    while (b.count > 1 && width(&b) > r.w) {
        drop_least(&b);
    }
    canvas_fill(fr->c, r, ROLE_STATUS, ' ');
    int left = r.x + 1;
    int right = r.x + r.w - 1;
    for (size_t i = 0; i < b.count; i++) {
        right -= b.item[i].right ? (int)b.item[i].text.cols : 0;
        right -= b.item[i].right && i + 1 < b.count ? GAP : 0;
    }
    for (size_t i = 0; i < b.count; i++) {
        int *x = b.item[i].right ? &right : &left;
        *x = canvas_put(fr->c, *x, r.y, b.item[i].role, b.item[i].text) + GAP;
    }
    canvas_unclip(fr->c, saved);
}
