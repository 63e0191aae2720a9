/* spend_tasks.h - tasks, what each of them used, and what one that was completed costs. */
#ifndef APP_SPEND_TASKS_H
#define APP_SPEND_TASKS_H

#include "checkrein/model.h"

/* Those that are worked on and the newest that ended, what cost most first; then what was spent by
 * older ones, and in no task. */
void spend_tasks_print(const struct fleet *f, bool json);
/* " 3 tasks completed, 1 failed, 0.12 USD for each completed": nothing when there was none. */
void spend_tasks_say(const struct task_sums by_outcome[OUTCOME_COUNT]);

#endif
