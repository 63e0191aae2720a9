/* tasks_priv.h - what agents were asked to do, and which spend is of it (tasks.c). */
#ifndef TASKS_PRIV_H
#define TASKS_PRIV_H

#include "govd_priv.h"

#define TASK_TITLE_ROOM 4097
struct span task_title(const struct govd *g, struct span prompt, char room[TASK_TITLE_ROOM]);
void task_begin(struct govd *g, struct session *s, struct span title); /* ends the one before */
/* What an operator has ended is cancelled, whatever is told. Nothing when there is none. */
void task_end(struct govd *g, struct session *s, enum outcome told, const char *reason);
/* What the agent works on now, or who started it; NULL: nothing. */
const struct task *task_of(const struct govd *g, struct span agent);
/* The id of what the agent works on now, or who started it; empty: nothing. */
void task_now(const struct govd *g, struct span agent, char id[ULID_BYTES]);
/* Says whose an event of spend is: of the task `id`, of the one of that moment, or of none. */
void task_put(const struct govd *g, struct event *ev, struct span agent, const char *id);
void task_put_at(const struct govd *g, struct event *ev, const struct session *s, int64_t wall_us);

#endif
