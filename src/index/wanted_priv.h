/* wanted_priv.h - is this record looked for? Asked of each hit, wherever it comes from. */
#ifndef CHECKREIN_INDEX_WANTED_PRIV_H
#define CHECKREIN_INDEX_WANTED_PRIV_H

#include "checkrein/index.h"

struct wanted {
    const struct index_wanted *given;
    char **agents; /* ids: the one that was given, and those that had it as their name */
    size_t *agent_bytes;
    size_t count, cap, bytes_cap;
};

void wanted_init(struct wanted *w, const struct index_wanted *given);
void wanted_release(struct wanted *w);
void wanted_add_agent(struct wanted *w, struct span id);
/* Learns who had the name. */
void wanted_learn(struct wanted *w, const struct index_entry *e);
bool wanted_takes(const struct wanted *w, const struct journal_record *rec,
                  const struct index_entry *e);
/* " AND row.kind IN (...) AND row.agent IN (...)": the same as far as a table can tell. */
void wanted_condition(const struct wanted *w, struct buf *sql);

#endif
