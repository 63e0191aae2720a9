/* The fleet stop on the screen: what was asked, what is confirmed, who is missing. */
#include "frame_priv.h"

static bool is_unanswered(const struct frame *fr)
{
    return fr->ui->stop.by_key && !fr->ui->stop.answered;
}

static struct safe counts(struct frame *fr)
{
    const struct fleet_totals *t = &fr->totals;
    if (is_unanswered(fr) && t->backends_live > 0) {
        return text_own("the stop was sent; no back-end has answered yet");
    }
    return text_fmt(fr->arena, "requested %lld   confirmed %lld   unreachable %lld",
                    (long long)t->stop_requested, (long long)t->stop_confirmed,
                    (long long)t->stop_unreachable);
}

static bool is_unsure(const struct backend *b)
{
    return b->link != LINK_LIVE || !b->stop_latched || b->stop_confirmed < b->stop_requested;
}

static void say_missing(struct words *w, const struct backend *b)
{
    if (b->link != LINK_LIVE) {
        int64_t agents = b->agents > b->stop_asked_agents ? b->agents : b->stop_asked_agents;
        words_fmt(w, " (%lld agent%s, sent when it returns)", (long long)agents,
                  agents == 1 ? "" : "s");
    } else if (!b->stop_latched) {
        words_fmt(w, " (%u agent%s)", b->agents, b->agents == 1 ? "" : "s");
    } else {
        words_fmt(w, " (%lld of %lld missing)", (long long)(b->stop_requested - b->stop_confirmed),
                  (long long)b->stop_requested);
    }
}

/* Back-ends whose agents have not all been seen to stop. */
static struct safe missing(struct frame *fr)
{
    struct words w = words_of(fr);
    for (uint32_t i = 0; i < fleet_backend_count(fr->f); i++) {
        const struct backend *b = fleet_backend_at(fr->f, i);
        if (is_unsure(b) && w.count + 4 < WORDS_MAX) {
            words_own(&w, w.count == 0 ? "not certain: " : ", ");
            words_sid(&w, b->name, 24);
            say_missing(&w, b);
        }
    }
    return w.count > 0 ? words_end(&w) : text_own("every back-end has taken it");
}

static struct safe since(struct frame *fr)
{
    struct words w = words_of(fr);
    words_own(&w, " ");
    words_safe(&w, frame_age_long(fr, is_unanswered(fr) ? fr->ui->stop.fired_us
                                                        : fr->totals.stop_since_us));
    words_own(&w, " ago ");
    return words_end(&w);
}

void stop_panel_draw(struct frame *fr, struct rect r)
{
    static const char after[] = "nothing resumes by itself; :reset-stop takes it back (typed)";
    struct canvas *c = fr->c;
    struct rect inner = {r.x + 2, r.y + 1, r.w - 4, r.h - 2};
    canvas_fill(c, r, ROLE_TEXT, ' ');
    canvas_box(c, r, ROLE_EMERGENCY, BOX_DOUBLE);
    canvas_put(c, r.x + 2, r.y, ROLE_EMERGENCY, text_own(" FLEET STOP "));
    struct safe when = since(fr);
    canvas_put(c, r.x + r.w - 2 - (int)when.cols, r.y, ROLE_EMERGENCY, when);
    canvas_field(c, inner.x, inner.y, inner.w, ROLE_STRONG, counts(fr));
    canvas_field(c, inner.x, inner.y + 1, inner.w, ROLE_TEXT, missing(fr));
    if (inner.h > 2) {
        canvas_field(c, inner.x, inner.y + 2, inner.w, ROLE_HINT, text_own(after));
    }
}

void stop_line_draw(struct frame *fr, struct rect r)
{
    rule_draw(fr, r, ROLE_EMERGENCY, text_own("FLEET STOP"), counts(fr));
}
