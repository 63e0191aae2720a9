/* stuck.h - what becomes of a process whose loop is stuck: see loop_watch().
 *
 * The daemon ends at once, so that no hook waits at a gate that nobody keeps: its connections
 * close, and who lost his connection blocks the call. A console puts the terminal back, says what
 * happened and becomes a new console in the same process: at most STUCK_RESTARTS times a minute,
 * then it ends. No core is left, since it would hold secrets.
 */
#ifndef APP_STUCK_H
#define APP_STUCK_H

#include <stdint.h>

#include "checkrein/loop.h"

#define STUCK_RESTARTS 3

/* limit_ms 0: not watched. */
enum status stuck_watch_daemon(struct loop *l, int64_t limit_ms, struct why *why) MUST_USE;
/* `restore` is async-signal-safe and puts the terminal back. `argv` is that of the process, and
 * must stay; NULL: it is not started again. */
enum status stuck_watch_console(struct loop *l, int64_t limit_ms, char **argv,
                                void (*restore)(void), struct why *why) MUST_USE;
/* What to tell the operator when this process took the place of one that was stuck; else NULL. To
 * be asked once, before stuck_watch_console(). */
const char *stuck_before(void);

#endif
