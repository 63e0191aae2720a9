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

void confirm_draw(struct frame *fr, struct rect r)
{
    char key[KEY_NAME_BYTES];
    int cols = r.w < BOX_COLS ? r.w : BOX_COLS;
    struct rect box = {r.x + (r.w - cols) / 2, r.y + (r.h - BOX_ROWS) / 2, cols, BOX_ROWS};
    struct rect saved = canvas_clip(fr->c, box);
    bool armed = confirm_armed(fr->ui, fr->now);
    struct question q =
        fr->ui->confirm.credential != 0 ? about_lease(fr, box.w) : about_agent(fr, box.w);
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
