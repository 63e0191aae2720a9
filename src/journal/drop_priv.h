/* drop_priv.h - removing what a tombstone says is gone, and finding the tombstone at a start. */
#ifndef CHECKREIN_JOURNAL_DROP_PRIV_H
#define CHECKREIN_JOURNAL_DROP_PRIV_H

#include "folder_priv.h"
#include "journal_priv.h"

/* The oldest first; one that is not there is fine. */
enum status drop_unlink(const struct journal_io *io, int dir, uint32_t first, uint32_t last,
                        struct why *why) MUST_USE;

/* The newest tombstone of these segments, looked for from the last on; of the last two only, when
 * there is no need for one. False: there is none. Reads; checks no chain. */
bool drop_find(int dir, const struct folder *f, struct journal_drop *out);

#endif
