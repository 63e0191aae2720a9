#include "frame_priv.h"

#define BOX_COLS 56
#define BOX_ROWS 5

/* A server that was frozen goes on as a whole. */
static const char *what_goes_on(const struct frame *fr)
{
    const struct agent *a = fleet_agent(fr->f, fr->ui->confirm.agent);
    const struct backend *b = a == NULL ? NULL : fleet_backend(fr->f, a->backend);
    return b != NULL && b->link == LINK_FROZEN ? "its server goes on at once, with ALL its threads"
                                               : "what it was held from runs on at once";
}

struct question {
    const char *title;
    struct safe what;
    const char *effect;
    enum action action;
    const char *answer;
};

static struct question about_agent(struct frame *fr, int cols)
{
    return (struct question){" resume ",
                             frame_say(fr, agent_name(fr->f, fr->ui->confirm.agent), cols),
                             what_goes_on(fr), ACT_RESUME, "again resumes it"};
}

static struct question about_lease(struct frame *fr, int cols)
{
    const struct credential *c = fleet_credential(fr->f, fr->ui->confirm.credential);
    struct words w = words_of(fr);
    words_safe(&w, credential_short(fr, c, 26));
    words_own(&w, " of ");
    words_safe(&w, credential_holder(fr, c, cols - 30));
    return (struct question){" release ", words_end(&w), "what waits under it goes on at once",
                             ACT_RELEASE, "again lets it go on"};
}

static void say_limits(struct words *w, const struct limits *l)
{
    if (l->microusd > 0) {
        words_safe(w, frame_money(w->fr, l->microusd));
    }
    words_own(w, l->microusd > 0 && l->tokens > 0 ? " and " : "");
    if (l->tokens > 0) {
        words_fmt(w, "%lld tokens", (long long)l->tokens);
    }
    words_own(w, l->microusd > 0 || l->tokens > 0 ? "" : "none");
}

static struct question about_budget(struct frame *fr, int cols)
{
    static const char *const WHOSE[] = {[BUDGET_TASK] = ", its task",
                                        [BUDGET_DAY] = "all agents, of a day",
                                        [BUDGET_FLEET] = "all agents, ever"};
    const struct budget *b = &fr->ui->confirm.budget;
    struct words w = words_of(fr);
    if (b->of == BUDGET_AGENT || b->of == BUDGET_TASK) {
        words_safe(&w, frame_say(fr, agent_name(fr->f, b->agent), cols - 34));
    }
    words_own(&w, b->of == BUDGET_AGENT ? "" : WHOSE[b->of]);
    words_own(&w, ": ");
    say_limits(&w, &b->typed);
    words_own(&w, " (now ");
    say_limits(&w, &b->shown);
    words_own(&w, ")");
    return (struct question){" budget ", words_end(&w),
                             "what waits goes on at once, as far as it reaches", ACT_BUDGET,
                             "again sets it"};
}

static struct question about_what(struct frame *fr, int cols)
{
    const struct confirm *c = &fr->ui->confirm;
    return c->credential != 0            ? about_lease(fr, cols)
           : c->budget.of != BUDGET_NONE ? about_budget(fr, cols)
                                         : about_agent(fr, cols);
}

void confirm_draw(struct frame *fr, struct rect r)
{
    char key[KEY_NAME_BYTES];
    int cols = r.w < BOX_COLS ? r.w : BOX_COLS;
    struct rect box = {r.x + (r.w - cols) / 2, r.y + (r.h - BOX_ROWS) / 2, cols, BOX_ROWS};
    struct rect saved = canvas_clip(fr->c, box);
    bool armed = confirm_armed(fr->ui, fr->now);
    struct question q = about_what(fr, box.w);
    action_key(fr->ui, q.action, key);
    canvas_fill(fr->c, box, ROLE_TEXT, ' ');
    canvas_box(fr->c, box, ROLE_FRAME, BOX_SINGLE);
    canvas_put(fr->c, box.x + 2, box.y, ROLE_TITLE, text_own(q.title));
    canvas_field(fr->c, box.x + 2, box.y + 1, box.w - 4, ROLE_STRONG, q.what);
    canvas_field(fr->c, box.x + 2, box.y + 2, box.w - 4, ROLE_TEXT, text_own(q.effect));
    if (armed) {
        canvas_field(fr->c, box.x + 2, box.y + 3, box.w - 4, ROLE_KEY,
                     text_fmt(fr->arena, "%s %s", key, q.answer));
    } else {
        canvas_field(fr->c, box.x + 2, box.y + 3, box.w - 4, ROLE_DIM, text_own("armed in 1 s"));
        frame_change_mono(fr, fr->ui->confirm.quiet_us + fr->ui->options.arm_low_us);
    }
    canvas_unclip(fr->c, saved);
}
