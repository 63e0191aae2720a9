/* agent_columns_priv.h - cells of tables whose rows are agents. */
#ifndef CHECKREIN_AGENT_COLUMNS_PRIV_H
#define CHECKREIN_AGENT_COLUMNS_PRIV_H

#include "frame_priv.h"

typedef struct field cell_fn(struct frame *fr, const struct row *row, int cols);
cell_fn cell_state, cell_agent, cell_for, cell_runtime, cell_backend, cell_model, cell_task,
    cell_may, cell_now, cell_age, cell_tokens, cell_cost;

uint8_t agent_look(struct frame *fr, const struct row *row);
bool agent_over_budget(const struct agent *a);
texts_fn agent_search;
struct target agent_target(const struct ui *ui, const struct fleet *f, uint32_t id);
void agent_open(struct press *k, uint32_t id);

#endif
