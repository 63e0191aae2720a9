/* gemini.c - Gemini CLI behind the gate for one run: a home of its own (GEMINI_CLI_HOME), whose
 * settings are the user's with our hooks, and whose policies hold the one rule of ours besides. All
 * else in it are links to the user's own files, so that login, trusted folders and history are the
 * same: see docs/drivers/gemini.md.
 *
 * The machine's settings file cannot be used for this: the client takes it only when root alone can
 * write it.
 */
#include "run_priv.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "../connect/connect_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/file.h"

#define OWN_FOLDER   ".gemini"
#define OWN_SETTINGS "settings.json"
#define OWN_POLICIES "policies"
#define OWN_RULES    "checkrein.toml"

static char *join3(const char *a, const char *b, const char *c)
{
    char *ab = path_join(a, b);
    char *abc = path_join(ab, c);
    free(ab);
    return abc;
}

static const char *user_home(void)
{
    return env_or("GEMINI_CLI_HOME", env_or("HOME", "/"));
}

/* ---- what would switch the hooks off */

static enum status options_are_fit(const struct run_plan *p, struct why *why)
{
    for (int i = 1; i < p->argc; i++) {
        if (strcmp(p->argv[i], "--acp") == 0 || strcmp(p->argv[i], "--experimental-acp") == 0) {
            return why_fail(
                why, ST_DENIED,
                "%s: the client asks no hook before its calls then, so they would not be held",
                p->argv[i]);
        }
    }
    return ST_OK;
}

/* One that cannot be read for certain may switch them off. */
static enum status file_is_fit(const char *path, struct why *why)
{
    const struct settings_daemon any = {.socket_path = ""};
    struct settings_look look;
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    enum status st = file_read(path, &b, NULL);
    settings_look_at(&settings_gemini, buf_span(&b), &any, &look);
    buf_release(&b);
    if (st == ST_NOTFOUND) {
        return ST_OK;
    }
    if (st != ST_OK || look.faults & 1u << FAULT_UNREADABLE) {
        return why_fail(
            why, ST_DENIED,
            "%s: cannot be read as strict JSON, so whether it switches the gate off is not known",
            path);
    }
    if (look.faults & (1u << FAULT_DISABLED | 1u << FAULT_NAMED)) {
        return why_fail(
            why, ST_DENIED,
            "%s: \"hooksConfig\" switches the gate off; take that out, or run it elsewhere", path);
    }
    return ST_OK;
}

/* Of the folder that it works in and of those above it; the user's own is looked at when ours are
 * added. */
static enum status project_is_fit(const char *cwd, struct why *why)
{
    char *folder = xstrdup(cwd);
    enum status st = ST_OK;
    char *slash = folder + strlen(folder);
    while (st == ST_OK && slash) {
        *slash = '\0';
        char *path = join3(folder, OWN_FOLDER, OWN_SETTINGS);
        st = file_is_fit(path, why);
        free(path);
        slash = strrchr(folder, '/');
    }
    free(folder);
    return st;
}

enum status gemini_prepare(struct run_plan *p, struct why *why)
{
    client_version(p->argv[0], p->version, sizeof(p->version));
    enum status st = options_are_fit(p, why);
    if (st == ST_OK) {
        st = project_is_fit(p->cwd, why);
    }
    plan_env(p, "GEMINI_CLI_HOME", p->folder);
    return st;
}

/* ---- the home */

static bool is_own(const char *name)
{
    static const char *const NAMES[] = {".", "..", OWN_SETTINGS, OWN_POLICIES, OWN_RULES};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Links to all that stands in `from`, but for what is ours. A folder that is not there has nothing
 * to link. */
static enum status link_all(const char *from, const char *to, struct why *why)
{
    DIR *dir = opendir(from);
    const struct dirent *e;
    enum status st = ST_OK;
    while (st == ST_OK && dir && (e = readdir(dir))) {
        if (is_own(e->d_name)) {
            continue;
        }
        char *target = path_join(from, e->d_name);
        char *path = path_join(to, e->d_name);
        if (symlink(target, path) != 0) {
            st = why_fail(why, ST_IO, "%s: %s", path, err_text(errno));
        }
        free(target);
        free(path);
    }
    if (dir) {
        (void)closedir(dir);
    }
    return st;
}

static enum status write_settings(const struct run_plan *p, const char *theirs, const char *ours,
                                  int hook_port, struct why *why)
{
    struct buf token;
    struct buf before;
    struct buf after;
    char *path = path_join(theirs, OWN_SETTINGS);
    buf_init(&token, 256);
    buf_init(&before, SETTINGS_BYTES);
    buf_init(&after, SETTINGS_BYTES);
    enum status st = file_read(path, &before, why);
    st = st == ST_NOTFOUND ? ST_OK : st;
    if (st == ST_OK) {
        st = file_read_secret(p->token_path, &token, why);
    }
    if (st == ST_OK) {
        struct claude_gate gate = {.self = p->self,
                                   .socket_path = p->socket_path,
                                   .port = hook_port,
                                   .token = span_trim(buf_span(&token)),
                                   .version = span_str(p->version)};
        st = gemini_settings_add(buf_span(&before), &gate, &after, why);
        if (st != ST_OK) {
            why_prefix(why, "%s", path);
        }
    }
    if (st == ST_OK) {
        st = run_lease_settle(p, &after, why);
    }
    free(path);
    path = path_join(ours, OWN_SETTINGS);
    if (st == ST_OK) {
        st = file_replace(path, buf_span(&after), 0600, why);
    }
    free(path);
    buf_wipe(&token);
    buf_release(&before);
    buf_wipe(&after);
    return st;
}

static enum status write_policies(const char *theirs, const char *ours, struct why *why)
{
    char *from = path_join(theirs, OWN_POLICIES);
    char *to = path_join(ours, OWN_POLICIES);
    char *rules = path_join(to, OWN_RULES);
    enum status st = file_make_dirs(to, 0700, why);
    if (st == ST_OK) {
        st = link_all(from, to, why);
    }
    if (st == ST_OK) {
        st = file_replace(rules, span_str(GEMINI_RULES), 0600, why);
    }
    free(from);
    free(to);
    free(rules);
    return st;
}

enum status gemini_write(const struct run_plan *p, int hook_port, struct why *why)
{
    char *theirs = path_join(user_home(), OWN_FOLDER);
    char *ours = path_join(p->folder, OWN_FOLDER);
    enum status st = file_make_dirs(ours, 0700, why);
    if (st == ST_OK) {
        st = link_all(theirs, ours, why);
    }
    if (st == ST_OK) {
        st = write_policies(theirs, ours, why);
    }
    if (st == ST_OK) {
        st = write_settings(p, theirs, ours, hook_port, why);
    }
    free(theirs);
    free(ours);
    return st;
}
