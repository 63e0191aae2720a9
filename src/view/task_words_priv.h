/* task_words_priv.h - tasks, and what a completed one costs, in words and as rows of the view of
 * spending. */
#ifndef CHECKREIN_TASK_WORDS_PRIV_H
#define CHECKREIN_TASK_WORDS_PRIV_H

#include "frame_priv.h"

/* "~$0.12+", "unpriced", "-". */
struct safe task_cost(struct frame *fr, const struct task *t);
/* What a completed one costs: "~$0.40+"; empty: no figure. "+": there is more that was not told, or
 * has no price. */
struct safe tasks_each(struct frame *fr, const struct task_sums by_outcome[OUTCOME_COUNT]);
/* "12/15": completed, of those that ended; empty when none did. */
struct safe tasks_done(struct frame *fr, const struct task_sums by_outcome[OUTCOME_COUNT]);
/* "tasks: 12 of 15 done, ~$0.40 each"; empty when none ended. */
struct safe tasks_in_short(struct frame *fr, const struct task_sums by_outcome[OUTCOME_COUNT]);
/* Of an agent: the one that it works on, and those that ended. */
void tasks_lines(struct frame *fr, struct sheet *s, const struct agent *a);

/* ---- view_tasks.c: a row is a task; its id has this bit, so that it is never taken for an agent's
 */
#define TASK_ROW 0x80000000u
extern const struct pane pane_tasks; /* columns, and how it looks: shown in PANE_SPEND */
void task_rows_build(struct ui *ui, const struct fleet *f, struct list *l);
uint32_t task_row_agent(const struct fleet *f, uint32_t id); /* ref; 0: none */

#endif
