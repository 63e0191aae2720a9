/* console.h - the full-screen console over given back-ends, and the daemon that it starts when
 * there is none.
 */
#ifndef APP_CONSOLE_H
#define APP_CONSOLE_H

#include "app_priv.h"

struct own_place {
    const char *self; /* this program */
    const char *url;  /* the daemon's socket */
};
/* A record that is looked at, from the start on. */
struct past_view {
    const char *path;
    const char *at;    /* a time (moment.h); NULL: the last session's start */
    const char *event; /* text of a record; before `at` */
    const char *speed; /* and it plays; NULL: it stands still */
    int64_t from_us;   /* that `at` is of the day of, or counted from */
    bool over_live;    /* the console's own, from within it */
};
struct console_options { /* all outlive the call */
    const struct conf *conf;
    const struct conf_backend *backends;
    uint32_t count;
    const char *journal_dir; /* NULL: no record is kept */
    char **again; /* how the process was called, to be called so once more when it is stuck; NULL:
                     it ends then */
    const struct own_place *own;  /* when one of the back-ends is a daemon that embedded_daemon()
                                     starts: to connect again then starts it when it is gone */
    const struct past_view *past; /* a replay: there are no back-ends, and nothing is kept */
};
/* Runs until the operator leaves; gives the exit code. */
int console_run(const struct console_options *o);

/* ---- daemon_child.c */
/* Makes sure that a daemon answers on this user's socket: one that runs is used, else one is
 * started which stays when the console leaves. *url is the caller's to free. */
enum status embedded_daemon(const char *self, const struct conf *conf, char **url,
                            struct why *why) MUST_USE;
/* Somebody listens there. Never waits. */
bool daemon_answers(const char *socket_path);
/* Starts one as embedded_daemon() does and does not wait: a line with its port comes on *ready_fd,
 * the caller's to close, or its end when the daemon has died. */
enum status daemon_begin(const char *self, const struct conf *conf, pid_t *pid, int *ready_fd,
                         struct why *why) MUST_USE;
/* Starts `checkrein serve` with these arguments, waits until it says that it is ready; it ends with
 * us when `pid` is not NULL (the caller ends it), else it goes on by itself. */
enum status daemon_start(const char *self, const char *const *arguments, int *pid, int *hook_port,
                         struct why *why) MUST_USE;

#endif
