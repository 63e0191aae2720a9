/* query_priv.h - what is looked for, as SQLite takes it and as a line shows it. */
#ifndef CHECKREIN_INDEX_QUERY_PRIV_H
#define CHECKREIN_INDEX_QUERY_PRIV_H

#include "checkrein/index.h"

/* The FTS5 expression: of words in quotes only, in which nothing has a meaning of its own. */
void query_expression(const struct query *q, struct buf *out);
/* The longest word of ASCII in it; empty when there is none. Lives as long as the query. */
struct span query_plain_word(const struct query *q);

#endif
