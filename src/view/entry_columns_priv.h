/* entry_columns_priv.h - cells of tables whose rows are log entries. */
#ifndef CHECKREIN_ENTRY_COLUMNS_PRIV_H
#define CHECKREIN_ENTRY_COLUMNS_PRIV_H

#include "frame_priv.h"

typedef struct field entry_cell_fn(struct frame *fr, const struct row *row, int cols);
entry_cell_fn entry_time, entry_age, entry_agent, entry_backend, entry_what, entry_subject,
    entry_words, entry_who, entry_took, entry_cost;

/* Ids of rows are entry numbers. */
texts_fn entry_search;
struct target entry_target(const struct ui *ui, const struct fleet *f, uint32_t id);
void entry_open(struct press *k, uint32_t id);
/* Entries of one agent, newest first. */
void entries_of_agent(struct ui *ui, const struct fleet *f, struct list *l, uint32_t agent);
bool entry_is_alarm(const struct log_entry *e);
/* Alarms of the last ten minutes; notes when the number would fall. */
uint32_t alarms_lately(struct frame *fr);

#endif
