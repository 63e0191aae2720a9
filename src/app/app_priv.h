/* app_priv.h - what the subcommands share. One subcommand a file, named in the table of app.c.
 */
#ifndef APP_PRIV_H
#define APP_PRIV_H

#include "checkrein/app.h"
#include "checkrein/buf.h"
#include "checkrein/conf.h"
#include "checkrein/event.h"
#include "checkrein/loop.h"
#include "checkrein/net.h"
#include "checkrein/status.h"

#define PATH_SHOWN_BYTES 1024 /* of a path, in printable characters */

/* Exit codes, stable: scripts rely on them. X(constant, code, what it means) */
#define EXIT_CODES(X)                                                                               \
    X(EXIT_DONE, 0, "done")                                                                         \
    X(EXIT_TROUBLE, 1,                                                                              \
      "it could not be done: the reason is on standard error; diff: the two differ; find: nothing " \
      "is found")                                                                                   \
    X(EXIT_USAGE, 2,                                                                                \
      "bad arguments; a hook that must block its call; diff: could not compare; find: could not "   \
      "look")                                                                                       \
    X(EXIT_REFUSED, 3, "the back-end said no, or there is no such agent or request")                \
    X(EXIT_UNKNOWN, 4, "sent, but no answer came in time: read back before trying again")           \
    X(EXIT_BROKEN, 5,                                                                               \
      "verify, sessions: a record is not intact, or tells of a call that ran undecided")
enum exit_code {
#define X(constant, code, meaning) constant = (code),
    EXIT_CODES(X)
#undef X
};
struct exit_row {
    int code;
    const char *meaning;
};
const struct exit_row *exit_table(void); /* ends with a row without a meaning */

struct subcommand;
struct args {
    int argc;         /* what stands after the subcommand */
    char **argv;      /* argv[0] is the first of it; NULL-ended */
    const char *self; /* path of this executable */
    char **all;       /* as the process was called, NULL-ended */
    const struct subcommand *sub;
};

/* ---- paths.c: where things are (XDG base directories); each is made absolute, caller frees */
char *
path_runtime(const char *name); /* $XDG_RUNTIME_DIR/checkrein/NAME, or a private folder in /tmp */
/* The daemon's socket of this user, found without the environment: an agent's settings can change
 * that. */
char *path_own_socket(void);
char *path_config(const char *name);
char *path_state(const char *name);
char *path_cache(const char *name);
char *path_join(const char *dir, const char *name);
char *path_self(void);
/* What was given, else what is configured (never NULL; empty: nothing), else `standard`, which it
 * owns; caller frees. */
char *path_chosen(const char *given, const char *configured, char *standard);
const char *env_or(const char *name, const char *fallback); /* unset and empty are the same */
/* The folder of a Unix socket belongs to this user (or root) and nobody else can put another socket
 * there: who answers is the daemon. A folder that is missing is fine, there nobody answers. */
enum status socket_is_ours(const char *path, struct why *why) MUST_USE;
const char *const *theme_dirs(void); /* NULL-ended: XDG, installed, beside the executable */

/* ---- say.c: words for people on stderr; foreign text is made plain first */
int app_trouble(const struct why *why, int code);
/* JSON for a terminal or a script: everything but printable ASCII is escaped. */
enum status ascii_json(struct buf *out, struct span json) MUST_USE;
void app_say(const char *fmt, ...) PRINTF(1, 2);

/* ---- options.c: long options of one subcommand from its table, which ends with a row without a
 * name */
struct option_row {
    const char *name;     /* without -- */
    const char *argument; /* what it takes, as the help calls it; NULL: nothing. Completion goes by
                             this word. "..." at its end: it may be given several times */
    const char *help;
    size_t
        at; /* offset, in the subcommand's struct of choices, of the const char * that gets it;
               of OPTION_TIMES of them, NULL behind the last, when it may be given several times */
};
#define OPTION_TIMES 65
#define OPTIONS_MAX  24 /* of one subcommand */
/* Takes the options of a->sub out into *choices ("" for one that takes nothing); what is left stays
 * in args in order, and all that follows "--" is left as it is. ST_INVALID has told what was wrong,
 * ST_END has printed the help. */
enum status options_parse(struct args *a, void *choices) MUST_USE;
/* Says how the subcommand is used, on stderr. Gives EXIT_USAGE. */
int usage_fault(const struct args *a);

/* ---- subcommands.c: every subcommand, in the order of the help. Help, completion and manual are
 * made from this. */
struct subcommand {
    const char *name;
    int (*run)(struct args *a);
    const char *operands; /* after the options, as the help shows them; "" for none */
    const char *help;     /* one line; NULL keeps it out of help, completion and manual */
    const struct option_row *options; /* NULL: none */
    const char
        *text; /* more, for its manual page: paragraphs, a blank line between; NULL: nothing more */
};
const struct subcommand *subcommand_at(size_t i); /* NULL behind the last */
const struct subcommand *subcommand_find(const char *name);

/* ---- ask.c: one request to this machine, within five seconds. 0: no answer, `why` says. */
struct question {
    const char *url, *unix_path, *method;
    const char *const *headers;
    struct span bearer, body;
};
int ask_http(const struct question *q, struct buf *answer, struct why *why);

/* ---- verbs.c: a command on a credential, without naming an agent. Gives the exit code. */
struct credential_act {
    enum verb verb;
    const char *credential, *scope;
    const char *config, *reason, *wait,
        *json; /* as the options of the same name; NULL: not given */
};
int verb_on_credential(const struct credential_act *act);

/* ---- hook_client.c: the process that runs this hook, behind the shell that it gave the hook's
 * line to */
pid_t hook_client(const char *runtime);
char *console_record(const struct conf *conf);            /* folder of its record; caller frees */
bool process_has_word(const char *pid, const char *word); /* of its command line */

/* ---- config.c */
enum status config_load(struct conf *c, const char *path,
                        struct why *why) MUST_USE; /* NULL: the default place */
/* One of them is this user's own daemon: it is named without an address. */
bool backends_have_own(const struct conf_backend *b, uint32_t count);
/* A copy, the caller's to free, in which those without an address have this one; all else is
 * borrowed. */
struct conf_backend *backends_addressed(const struct conf_backend *b, uint32_t count,
                                        char *own_url);
struct hub;
/* The list of prices that the configuration names, or the one beside it. */
enum status config_load_prices(struct hub *h, const struct conf *c, struct why *why) MUST_USE;

/* ---- the subcommands, and the options of those that take any */
int cmd_console(struct args *a);
int cmd_serve(struct args *a);
int cmd_demo(struct args *a);
int cmd_demo_agent(struct args *a);
int cmd_demo_model(struct args *a);
int cmd_hook(struct args *a);
int cmd_connect(struct args *a);
int cmd_doctor(struct args *a);
int cmd_run(struct args *a);
int cmd_status(struct args *a);
int cmd_watch(struct args *a);
int cmd_list(struct args *a);
int cmd_show(struct args *a);
int cmd_history(struct args *a);
int cmd_verb(struct args *a);
int cmd_token(struct args *a);
int cmd_lease(struct args *a);
int cmd_verify(struct args *a);
int cmd_replay(struct args *a);
int cmd_sessions(struct args *a);
int cmd_diff(struct args *a);
int cmd_why(struct args *a);
int cmd_find(struct args *a);
int cmd_index(struct args *a);
int cmd_export(struct args *a);
int cmd_import(struct args *a);
int cmd_config(struct args *a);
int cmd_keys(struct args *a);
int cmd_schema(struct args *a);
int cmd_completion(struct args *a);
int cmd_complete(struct args *a);
int cmd_man(struct args *a);
int cmd_help(struct args *a);
int cmd_version(struct args *a);

extern const struct option_row OPTIONS_CONSOLE[], OPTIONS_SERVE[], OPTIONS_DEMO[],
    OPTIONS_DEMO_AGENT[], OPTIONS_DEMO_MODEL[], OPTIONS_HOOK[], OPTIONS_CONNECT[], OPTIONS_DOCTOR[],
    OPTIONS_RUN[], OPTIONS_STATUS[], OPTIONS_VERIFY[], OPTIONS_CONFIG[], OPTIONS_MAN[],
    OPTIONS_TOKEN[], OPTIONS_LEASE[], OPTIONS_LIST[], OPTIONS_SPEND[], OPTIONS_HISTORY[],
    OPTIONS_REPLAY[], OPTIONS_SESSIONS[], OPTIONS_DIFF[], OPTIONS_WHY[], OPTIONS_FIND[],
    OPTIONS_INDEX[], OPTIONS_EXPORT[], OPTIONS_IMPORT[];

#endif
