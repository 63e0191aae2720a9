/* app_priv.h - what the subcommands share. One subcommand a file, named in the table of app.c.
 */
#ifndef APP_PRIV_H
#define APP_PRIV_H

#include "checkrein/app.h"
#include "checkrein/buf.h"
#include "checkrein/conf.h"
#include "checkrein/loop.h"
#include "checkrein/net.h"
#include "checkrein/status.h"

/* Exit codes, stable: scripts rely on them. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_TROUBLE = 1,  /* it could not be done: the reason is on stderr */
    EXIT_USAGE = 2,    /* bad arguments; and a hook that must block its call */
    EXIT_REFUSED = 3,  /* the back-end said no */
    EXIT_UNKNOWN = 4,  /* sent, but no answer came in time: read back before trying again */
    EXIT_BROKEN = 5    /* verify: the record is not intact */
};

struct args {
    int argc;    /* what stands after the subcommand */
    char **argv; /* argv[0] is the first of it; NULL-ended */
    const char *self; /* path of this executable */
};

/* ---- paths.c: where things are (XDG base directories); each is made absolute, caller frees */
char *path_runtime(const char *name); /* $XDG_RUNTIME_DIR/checkrein/NAME, or a private folder in /tmp */
char *path_config(const char *name);
char *path_state(const char *name);
char *path_join(const char *dir, const char *name);
char *path_self(void);
const char *env_or(const char *name, const char *fallback); /* unset and empty are the same */
/* The folder of a Unix socket belongs to this user (or root) and nobody else can put another socket there: who
 * answers is the daemon. A folder that is missing is fine, there nobody answers. */
enum status socket_is_ours(const char *path, struct why *why) MUST_USE;
const char *const *theme_dirs(void); /* NULL-ended: XDG, installed, beside the executable */

/* ---- say.c: words for people on stderr; foreign text is made plain first */
int app_trouble(const struct why *why, int code);
/* JSON for a terminal or a script: everything but printable ASCII is escaped. */
enum status ascii_json(struct buf *out, struct span json) MUST_USE;
void app_say(const char *fmt, ...) PRINTF(1, 2);

/* ---- options.c: long options of one subcommand from a table */
struct option_row {
    const char *name;      /* without -- */
    const char *argument;  /* NULL: it takes none */
    const char *help;
    const char **value;    /* where the argument, or "" for one without, goes */
};
/* Takes the options out; what is left stays in args in order. ST_INVALID has told what was wrong. */
enum status options_parse(struct args *a, const struct option_row *rows, const char *usage);

/* ---- config.c */
enum status config_load(struct conf *c, const char *path, struct why *why) MUST_USE; /* NULL: the default place */

/* ---- the subcommands */
int cmd_console(struct args *a);
int cmd_serve(struct args *a);
int cmd_demo(struct args *a);
int cmd_demo_agent(struct args *a);
int cmd_hook(struct args *a);
int cmd_connect(struct args *a);
int cmd_status(struct args *a);
int cmd_watch(struct args *a);
int cmd_approve(struct args *a);
int cmd_deny(struct args *a);
int cmd_pause(struct args *a);
int cmd_resume(struct args *a);
int cmd_interrupt(struct args *a);
int cmd_stop(struct args *a);
int cmd_stop_all(struct args *a);
int cmd_reset_stop(struct args *a);
int cmd_verify(struct args *a);
int cmd_config(struct args *a);
int cmd_keys(struct args *a);
int cmd_schema(struct args *a);
int cmd_help(struct args *a);
int cmd_version(struct args *a);

#endif
