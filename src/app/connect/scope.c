/* scope.c - where each runtime's settings are in each scope, whose they are, and what may stand in
 * them.
 *
 * The user's file is its owner's alone, so the daemon's token may be in it. A project's file can be
 * committed, and the machine's is read by everybody: there stand only hooks that ask over the Unix
 * socket, where the kernel says who asks. The machine's file is for all users: each asks the daemon
 * of its own.
 */
#include "connect_priv.h"

#include "../app_priv.h"
#include "../program.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"

#define GIT_WAIT_MS 5000

static char *in_folder(char *folder, const char *name)
{
    char *path = path_join(folder, name);
    free(folder);
    return path;
}

static char *claude_user(void)
{
    const char *dir = env_or("CLAUDE_CONFIG_DIR", NULL);
    return in_folder(dir ? xstrdup(dir) : path_join(env_or("HOME", "/"), ".claude"),
                     "settings.json");
}

static char *here(const char *name)
{
    char dir[PATH_MAX];
    return path_join(getcwd(dir, sizeof(dir)) ? dir : ".", name);
}

/* settings.json beside it is the one that is committed. */
static char *claude_project(void)
{
    return here(".claude/settings.local.json");
}

static char *claude_managed(void)
{
    return xstrdup("/etc/claude-code/managed-settings.json");
}

static char *gemini_user(void)
{
    const char *home = env_or("GEMINI_CLI_HOME", env_or("HOME", "/"));
    return in_folder(path_join(home, ".gemini"), "settings.json");
}

static char *gemini_project(void)
{
    return here(".gemini/settings.json");
}

static char *gemini_managed(void)
{
    return xstrdup(env_or("GEMINI_CLI_SYSTEM_SETTINGS_PATH", "/etc/gemini-cli/settings.json"));
}

static char *codex_user(void)
{
    const char *dir = env_or("CODEX_HOME", NULL);
    return in_folder(dir ? xstrdup(dir) : path_join(env_or("HOME", "/"), ".codex"), "hooks.json");
}

static char *codex_project(void)
{
    return here(".codex/hooks.json");
}

static const struct settings_scope SCOPES[] = {
    {"claude", "user",    "settings.user",    claude_user,    0600, 0700, SCOPE_PRIVATE},
    {"claude", "project", "settings.project", claude_project, 0600, 0755, SCOPE_SHARED },
    {"claude", "managed", "settings.managed", claude_managed, 0644, 0755, SCOPE_MACHINE},
    {"gemini", "user",    "settings.user",    gemini_user,    0600, 0700, SCOPE_PRIVATE},
    {"gemini", "project", "settings.project", gemini_project, 0600, 0755, SCOPE_SHARED },
    {"gemini", "managed", "settings.managed", gemini_managed, 0644, 0755, SCOPE_MACHINE},
    {"codex",  "user",    "settings.user",    codex_user,     0600, 0700, SCOPE_PRIVATE},
    {"codex",  "project", "settings.project", codex_project,  0600, 0755, SCOPE_SHARED },
};

const struct settings_scope *connect_scope(const char *runtime, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(SCOPES); i++) {
        if (strcmp(SCOPES[i].runtime, runtime) == 0 && strcmp(SCOPES[i].name, name) == 0) {
            return &SCOPES[i];
        }
    }
    return NULL;
}

/* A file of somebody else would be ours afterwards, and he could not read it any more. */
enum status connect_scope_mode(const struct settings_scope *s, const char *path, mode_t *mode,
                               struct why *why)
{
    struct stat sb;
    *mode = s->file_mode;
    if (stat(path, &sb) != 0) {
        return ST_OK;
    }
    if (sb.st_uid != geteuid()) {
        return why_fail(why, ST_DENIED, "%s belongs to user %u: run this as that user", path,
                        (unsigned)sb.st_uid);
    }
    if (s->who == SCOPE_SHARED) {
        *mode = sb.st_mode & 0777;
    }
    return ST_OK;
}

enum status connect_scope_writable(const struct settings_scope *s, const char *path,
                                   struct why *why)
{
    if (s->who == SCOPE_MACHINE && geteuid() != 0 && access(path, W_OK) != 0) {
        return why_fail(why, ST_DENIED, "%s: only root writes there: run it with sudo", path);
    }
    return ST_OK;
}

bool only_root_writes(const char *path)
{
    char *part = realpath(path, NULL);
    bool safe = part != NULL;
    while (safe) {
        struct stat sb;
        safe = stat(part, &sb) == 0 && sb.st_uid == 0 && (sb.st_mode & (S_IWGRP | S_IWOTH)) == 0;
        char *slash = strrchr(part, '/');
        if (!slash || !part[1]) {
            break;
        }
        slash[slash == part] = '\0';
    }
    free(part);
    return safe;
}

/* The folder may be made only when the file is written. */
static char *nearest_folder(const char *path)
{
    char *folder = xstrdup(path);
    struct stat sb;
    do {
        char *slash = strrchr(folder, '/');
        if (!slash || slash == folder) {
            break;
        }
        *slash = '\0';
    } while (stat(folder, &sb) != 0 || !S_ISDIR(sb.st_mode));
    return folder;
}

bool git_would_commit(const char *path)
{
    char *folder = nearest_folder(path);
    struct why why;
    const char *const argv[] = {"git", "-c", "core.fsmonitor=false", "check-ignore", "-q", "--",
                                path,  NULL};
    struct program p = {.argv = argv, .folder = folder, .deadline_ms = GIT_WAIT_MS};
    bool committed =
        program_run(&p, &why) == ST_OK && p.code == 1; /* 0: ignored; 128: no repository */
    free(folder);
    return committed;
}

bool only_root_would_write(const char *path)
{
    char *folder = nearest_folder(path);
    bool safe = only_root_writes(access(path, F_OK) == 0 ? path : folder);
    free(folder);
    return safe;
}
