#include "app_priv.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"

const char *env_or(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && *value ? value : fallback;
}

char *path_join(const char *dir, const char *name)
{
    struct buf b;
    buf_init(&b, PATH_MAX);
    buf_printf(&b, "%s%s%s", dir, *name ? "/" : "", name);
    char *path = buf_detach(&b, NULL);
    buf_release(&b);
    return path;
}

/* One that is relative counts as none, as the XDG specification has it: it would be another folder
 * with each place to start from. */
static const char *absolute_or(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && value[0] == '/' ? value : fallback;
}

/* $VARIABLE/checkrein/NAME, or $HOME/REST/checkrein/NAME. */
static char *xdg(const char *variable, const char *rest, const char *name)
{
    char *base = path_join(env_or("HOME", "/"), rest);
    char *dir = path_join(absolute_or(variable, base), "checkrein");
    char *path = path_join(dir, name);
    free(base);
    free(dir);
    return path;
}

char *path_chosen(const char *given, const char *configured, char *standard)
{
    const char *chosen = given ? given : configured[0] ? configured : NULL;
    if (!chosen) {
        return standard;
    }
    free(standard);
    return xstrdup(chosen);
}

char *path_config(const char *name)
{
    return xdg("XDG_CONFIG_HOME", ".config", name);
}

char *path_state(const char *name)
{
    return xdg("XDG_STATE_HOME", ".local/state", name);
}

char *path_cache(const char *name)
{
    return xdg("XDG_CACHE_HOME", ".cache", name);
}

char *path_runtime(const char *name)
{
    if (absolute_or("XDG_RUNTIME_DIR", NULL)) {
        return xdg("XDG_RUNTIME_DIR", "", name);
    }
    char fallback[64];
    (void)snprintf(fallback, sizeof(fallback), "/tmp/checkrein-%u", (unsigned)geteuid());
    return path_join(fallback, name);
}

char *path_own_socket(void)
{
    char dir[64];
    struct stat sb;
    (void)snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned)geteuid());
    if (stat(dir, &sb) != 0 || sb.st_uid != geteuid()) {
        (void)snprintf(dir, sizeof(dir), "/tmp/checkrein-%u", (unsigned)geteuid());
        return path_join(dir, "checkrein.sock");
    }
    return path_join(dir, "checkrein/checkrein.sock");
}

enum status socket_is_ours(const char *path, struct why *why)
{
    char *dir = xstrdup(path);
    char *slash = strrchr(dir, '/');
    struct stat sb = {0};
    if (slash && slash != dir) {
        *slash = '\0';
    }
    bool there = stat(dir, &sb) == 0;
    bool missing = !there && errno == ENOENT;
    free(dir);
    if (missing) {
        return ST_OK;
    }
    bool ours = there && S_ISDIR(sb.st_mode) && (sb.st_uid == geteuid() || sb.st_uid == 0) &&
                (sb.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    return ours ? ST_OK
                : why_fail(why, ST_DENIED,
                           "%s: others can write in its folder, so anybody may answer there", path);
}

char *path_self(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    return n > 0 ? xstrndup(path, (size_t)n) : xstrdup("checkrein");
}

/* Installed: bin/ beside share/; not installed: build/ or build/KIND/ below the source. */
static char *beside_executable(const char *name)
{
    char *self = path_self();
    char *slash = strrchr(self, '/');
    if (slash) {
        *slash = '\0';
    }
    char *dir = path_join(self, name);
    free(self);
    return dir;
}

const char *const *theme_dirs(void)
{
    static const char *dirs[5];
    if (!dirs[0]) {
        dirs[0] = path_config("themes");
        dirs[1] = beside_executable("../share/checkrein/themes");
        dirs[2] = beside_executable("../themes");
        dirs[3] = beside_executable("../../themes");
    }
    return dirs;
}
