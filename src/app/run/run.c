/* run.c - `checkrein run -- PROGRAM ...`: what is to be run and for whom, under a daemon that
 * answers. Without one nothing is started.
 */
#include "run_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../connect/connect_priv.h"
#include "../console.h"

#include "checkrein/alloc.h"
#include "checkrein/file.h"

extern char **environ;

struct choices {
    const char *config, *name, *on_behalf_of, *task, *runtime, *socket, *token, *keep, *no_scope,
        *upstream, *scopes;
};

/* ---- the words */

/* Where the options end and the program begins. */
static int find_program(const struct args *a)
{
    for (int i = 0; i < a->argc; i++) {
        if (strcmp(a->argv[i], "--") == 0) {
            return i;
        }
    }
    return a->argc;
}

const struct option_row OPTIONS_RUN[] = {
    {"name",                                                       "N", "what the agent is called; else the folder's name",
     offsetof(struct choices, name)},
    {"on-behalf-of",          "WHO", "for whom it works", offsetof(struct choices, on_behalf_of)},
    {"task",                                                       "T", "what it is to do", offsetof(struct choices, task)},
    {"runtime",                                               "R", "claude, gemini, codex or none; else by the program's name",
     offsetof(struct choices, runtime)},
    {"keep",                                         NULL, "wait for what it leaves behind, instead of ending that",
     offsetof(struct choices, keep)},
    {"no-scope",                                               NULL, "no cgroup of its own, also where systemd gives one",
     offsetof(struct choices, no_scope)},
    {"upstream",                                                       "NAME", "whose lease it gets, or `none`; else the first of its dialect",
     offsetof(struct choices, upstream)},
    {"scopes",                                          "SCOPES", "what its lease is narrowed to: see checkrein lease",
     offsetof(struct choices, scopes)},
    {"config",                                                       "FILE", "read this file", offsetof(struct choices, config)},
    {"socket",                                                    "PATH", "the daemon's socket; then none is started",
     offsetof(struct choices, socket)},
    {"token-file", "FILE", "the daemon's token", offsetof(struct choices, token)},
    {0                                                   },
};

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static char **copy_environment(void)
{
    size_t count = 0;
    while (environ[count]) {
        count++;
    }
    char **env = xcalloc(count + 1, sizeof(*env));
    for (size_t i = 0; i < count; i++) {
        env[i] = xstrdup(environ[i]);
    }
    return env;
}

/* ---- a daemon that answers */

/* It is started from a process between, so that it is no descendant of the agent's guardian. */
static enum status start_daemon(const struct run_plan *p, struct why *why)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return why_fail(why, ST_IO, "no pipe: %s", err_text(errno));
    }
    pid_t between = fork();
    if (between == 0) {
        struct why told = {0};
        char *url = NULL;
        enum status st = embedded_daemon(p->self, &p->conf, &url, &told);
        (void)!write(fds[1], told.text, strlen(told.text));
        _exit(st == ST_OK ? EXIT_DONE : EXIT_TROUBLE);
    }
    (void)close(fds[1]);
    int status = -1;
    struct why told = {0};
    size_t have = 0;
    ssize_t n;
    while (have < sizeof(told.text) - 1 &&
           (n = read(fds[0], told.text + have, sizeof(told.text) - 1 - have)) > 0) {
        have += (size_t)n;
    }
    (void)close(fds[0]);
    while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR) {
    }
    return status == 0
               ? ST_OK
               : why_fail(why, ST_CLOSED,
                          "nothing was started, because no daemon answers and none could be "
                          "started (%.300s): see `checkrein serve`",
                          told.text);
}

static enum status await_daemon(const struct run_plan *p, const struct choices *ch, struct why *why)
{
    enum status st = socket_is_ours(p->socket_path, why);
    return st == ST_OK && !ch->socket ? start_daemon(p, why) : st;
}

/* ---- the plan */

static enum status plan_words(struct run_plan *p, char **words, struct why *why)
{
    static const char *const SCOPE[] = {"systemd-run", "--user", "--scope", "--quiet", "--collect"};
    int count = 0;
    while (words[count]) {
        count++;
    }
    if (count > RUN_WORDS_MAX) {
        return why_fail(why, ST_LIMIT, "more than %d words", RUN_WORDS_MAX);
    }
    p->argv = xcalloc((size_t)count + ARRAY_LEN(SCOPE) + RUN_ROOM, sizeof(*p->argv));
    for (p->argc = 0; p->argc < count; p->argc++) {
        p->argv[p->argc] = words[p->argc];
    }
    return ST_OK;
}

/* In front of the program, when all else is known of it. */
static void plan_scope(struct run_plan *p)
{
    struct buf b;
    buf_init(&b, 128);
    buf_printf(&b, "--unit=checkrein-%s.scope", p->id);
    p->unit = buf_detach(&b, NULL);
    buf_release(&b);
    const char *const SCOPE[] = {"systemd-run", "--user", "--scope", "--quiet",
                                 "--collect",   p->unit,  "--"};
    memmove(&p->argv[ARRAY_LEN(SCOPE)], p->argv, ((size_t)p->argc + 1) * sizeof(*p->argv));
    for (size_t i = 0; i < ARRAY_LEN(SCOPE); i++) {
        p->argv[i] = SCOPE[i];
    }
    p->argc += (int)ARRAY_LEN(SCOPE);
}

static enum status plan_names(struct run_plan *p, const struct choices *ch, struct why *why)
{
    char cwd[PATH_MAX];
    if (!getcwd(cwd, sizeof(cwd))) {
        return why_fail(why, ST_IO, "this folder cannot be named: %s", err_text(errno));
    }
    p->cwd = xstrdup(cwd);
    p->name = xstrdup(ch->name ? ch->name : base_of(cwd));
    p->on_behalf_of = xstrdup(ch->on_behalf_of ? ch->on_behalf_of : "");
    p->task = xstrdup(ch->task ? ch->task : "");
    p->program = base_of(p->argv[0]);
    p->runtime = run_runtime_find(ch->runtime ? ch->runtime : p->program);
    if (ch->runtime && !p->runtime->name && strcmp(ch->runtime, "none") != 0) {
        return why_fail(why, ST_INVALID, "--runtime %s: `claude`, `gemini`, `codex` or `none`",
                        ch->runtime);
    }
    return ST_OK;
}

static void plan_places(struct run_plan *p, const struct choices *ch)
{
    char name[ULID_BYTES + 8];
    ulid_make(p->id);
    (void)snprintf(name, sizeof(name), "run-%s", p->id);
    p->folder = path_runtime(name);
    p->socket_path = path_chosen(ch->socket, p->conf.serve.socket, path_runtime("checkrein.sock"));
    p->token_path = path_chosen(ch->token, p->conf.serve.token_file, path_state("hook.token"));
}

static void plan_marks(struct run_plan *p)
{
    char agent[ULID_BYTES + 32];
    plan_env(p, "CHECKREIN_AGENT", p->name);
    (void)snprintf(agent, sizeof(agent), "checkrein.agent=run:%s", p->id);
    plan_env_append(p, "OTEL_RESOURCE_ATTRIBUTES", agent);
}

static enum status plan(struct run_plan *p, const struct choices *ch, char **words, struct why *why)
{
    p->env = copy_environment();
    p->keep = ch->keep != NULL;
    p->upstream = ch->upstream;
    p->scopes = ch->scopes;
    plan_places(p, ch);
    enum status st = plan_words(p, words, why);
    if (st == ST_OK) {
        st = plan_names(p, ch, why);
    }
    if (st == ST_OK) {
        st = file_make_dirs(p->folder, 0700, why);
    }
    if (st == ST_OK) {
        plan_marks(p);
        st = p->runtime->prepare(p, why);
    }
    return st;
}

static int remove_one(const char *path, const struct stat *sb, int kind, struct FTW *ftw)
{
    (void)sb;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void plan_release(struct run_plan *p)
{
    (void)nftw(p->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (char **at = p->env; *at; at++) {
        free(*at);
    }
    free(p->env);
    free(p->argv);
    for (size_t i = 0; i < p->own_count; i++) {
        free(p->own[i]);
    }
    free(p->own);
    free(p->name);
    free(p->on_behalf_of);
    free(p->task);
    free(p->cwd);
    free(p->socket_path);
    free(p->token_path);
    free(p->folder);
    free(p->settings_path);
    free(p->settings);
    free(p->unit);
}

static int run(struct run_plan *p, const struct choices *ch, char **words)
{
    struct why why = {0};
    enum status st = plan(p, ch, words, &why);
    if (st == ST_OK) {
        st = await_daemon(p, ch, &why);
    }
    if (st == ST_OK) {
        st = run_lease(p, &why);
    }
    if (st == ST_OK && !ch->no_scope && scope_is_offered()) {
        plan_scope(p);
    }
    int code = st == ST_OK ? guard_run(p)
                           : app_trouble(&why, st == ST_DENIED ? EXIT_REFUSED : EXIT_TROUBLE);
    plan_release(p);
    return code;
}

int cmd_run(struct args *a)
{
    struct choices ch = {0};
    int at = find_program(a);
    char **words = a->argv + at + (at < a->argc);
    struct args options = *a;
    options.argc = at;
    enum status st = options_parse(&options, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    if (st != ST_OK || options.argc || !*words) {
        return st == ST_OK ? usage_fault(a) : EXIT_USAGE;
    }
    struct run_plan p = {.self = a->self};
    struct why why = {0};
    int code = config_load(&p.conf, ch.config, &why) == ST_OK ? run(&p, &ch, words)
                                                              : app_trouble(&why, EXIT_TROUBLE);
    conf_release(&p.conf);
    return code;
}
