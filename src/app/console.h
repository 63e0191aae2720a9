/* console.h - the full-screen console over given back-ends, and the daemon that it starts when there is none.
 */
#ifndef APP_CONSOLE_H
#define APP_CONSOLE_H

#include "app_priv.h"

/* Runs until the operator leaves; gives the exit code. `backends` must outlive the call. `again`: how the process
 * was called, to be called so once more when it is stuck; NULL: it ends then. */
int console_run(const struct conf *conf, const struct conf_backend *backends, uint32_t count,
                const char *journal_dir, char **again);

/* ---- daemon_child.c */
/* Makes sure that a daemon answers on this user's socket: one that runs is used, else one is started which
 * stays when the console leaves. *url is the caller's to free. */
enum status embedded_daemon(const char *self, const struct conf *conf, char **url,
                            struct why *why) MUST_USE;
/* Starts `checkrein serve` with these arguments, waits until it says that it is ready; it ends with us when
 * `pid` is not NULL (the caller ends it), else it goes on by itself. */
enum status daemon_start(const char *self, const char *const *arguments, int *pid, int *hook_port,
                         struct why *why) MUST_USE;

#endif
