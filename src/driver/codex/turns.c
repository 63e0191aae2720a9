/* turns.c - a turn of a thread is a task. A helper's turns are not: it works for the task of the
 * thread that it comes of, so nothing is told before it is known whose thread this is. */
#include "codex_priv.h"

#include <string.h>

void turn_look(struct codex *c, struct codex_thread *t)
{
    struct event ev;
    if (!t->known || t->helper || !t->turn[0] || t->task_open) {
        return;
    }
    (void)span_copy(span_str(t->turn), t->task, sizeof(t->task));
    t->task_open = true;
    codex_begin(c, &ev, EVENT_TASK_STARTED, t);
    event_set_text(&ev, F_TASK_ID, span_str(t->task));
    codex_emit(c, &ev);
}

/* What it was asked comes after its turn has begun; what is typed while it runs is no other title.
 */
void turn_titled(struct codex *c, struct codex_thread *t, uint32_t item)
{
    struct event ev;
    if (!t->task_open || t->task_titled || !span_is(codex_text(c, item, "type"), "userMessage")) {
        return;
    }
    uint32_t first = tape_first(&c->j, codex_at(c, item, "content"));
    struct span text = codex_cut(codex_text(c, first, "text"), CODEX_TEXT_BYTES);
    if (text.n > 0) {
        t->task_titled = true;
        codex_begin(c, &ev, EVENT_TASK_STARTED, t);
        event_set_text(&ev, F_TASK_ID, span_str(t->task));
        event_set_text(&ev, F_TASK_TITLE, text);
        codex_emit(c, &ev);
    }
}

static enum outcome outcome_of(struct span status)
{
    static const struct {
        const char *status;
        enum outcome outcome;
    } ROWS[] = {
        {"completed",   OUTCOME_SUCCEEDED},
        {"interrupted", OUTCOME_CANCELLED},
        {"failed",      OUTCOME_FAILED   },
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (span_is(status, ROWS[i].status)) {
            return ROWS[i].outcome;
        }
    }
    return OUTCOME_UNKNOWN;
}

void turn_over(struct codex *c, struct codex_thread *t, struct span status)
{
    struct event ev;
    if (t->task_open) {
        t->task_open = t->task_titled = false;
        codex_begin(c, &ev, EVENT_TASK_FINISHED, t);
        event_set_text(&ev, F_TASK_ID, span_str(t->task));
        event_set_number(&ev, F_TASK_OUTCOME, outcome_of(status));
        codex_emit(c, &ev);
    }
}

void turn_put(const struct codex_thread *t, struct event *ev, struct span turn)
{
    if (t->known && !t->helper && turn.n) {
        event_set_text(ev, F_TASK_ID, span_is(turn, t->task) ? turn : SPAN_NONE);
    }
}
