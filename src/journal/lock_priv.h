/* lock_priv.h - one writer a folder: flock() on the file `lock`, which also names the holder.
 *
 * The kernel lets go of it when the process ends, however it ends.
 */
#ifndef CHECKREIN_JOURNAL_LOCK_PRIV_H
#define CHECKREIN_JOURNAL_LOCK_PRIV_H

#include "checkrein/status.h"

/* *fd holds the lock until lock_release(). ST_EXISTS: `why` names the holder. */
enum status lock_take(int dir, const char *dir_path, const char *writer, int *fd,
                      struct why *why) MUST_USE;
void lock_release(int fd); /* -1 is fine */

#endif
