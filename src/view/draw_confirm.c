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

void confirm_draw(struct frame *fr, struct rect r)
{
    char key[KEY_NAME_BYTES];
    int cols = r.w < BOX_COLS ? r.w : BOX_COLS;
    struct rect box = {r.x + (r.w - cols) / 2, r.y + (r.h - BOX_ROWS) / 2, cols, BOX_ROWS};
    struct rect saved = canvas_clip(fr->c, box);
    bool armed = confirm_armed(fr->ui, fr->now);
    action_key(fr->ui, ACT_RESUME, key);
    canvas_fill(fr->c, box, ROLE_TEXT, ' ');
    canvas_box(fr->c, box, ROLE_FRAME, BOX_SINGLE);
    canvas_put(fr->c, box.x + 2, box.y, ROLE_TITLE, text_own(" resume "));
    canvas_field(fr->c, box.x + 2, box.y + 1, box.w - 4, ROLE_STRONG,
                 frame_say(fr, agent_name(fr->f, fr->ui->confirm.agent), box.w));
    canvas_field(fr->c, box.x + 2, box.y + 2, box.w - 4, ROLE_TEXT, text_own(what_goes_on(fr)));
    if (armed) {
        canvas_field(fr->c, box.x + 2, box.y + 3, box.w - 4, ROLE_KEY,
                     text_fmt(fr->arena, "%s again resumes it", key));
    } else {
        canvas_field(fr->c, box.x + 2, box.y + 3, box.w - 4, ROLE_DIM, text_own("armed in 1 s"));
        frame_change_mono(fr, fr->ui->confirm.quiet_us + fr->ui->options.arm_low_us);
    }
    canvas_unclip(fr->c, saved);
}
