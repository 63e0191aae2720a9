#include "run_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/clock.h"

#define PROBE_MS 3000
#define LOOK_MS  10

extern char **environ;

static bool has_bus(void)
{
    const char *dir = env_or("XDG_RUNTIME_DIR", NULL);
    char *bus = dir ? path_join(dir, "bus") : NULL;
    bool has = env_or("DBUS_SESSION_BUS_ADDRESS", NULL) || (bus && access(bus, R_OK) == 0);
    free(bus);
    return has;
}

/* True when it ends well in time. */
static bool succeeds(char *const *argv)
{
    pid_t pid = 0;
    int status = -1;
    posix_spawn_file_actions_t fa;
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    int err = posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&fa);
    if (err) {
        return false;
    }
    int64_t until = clock_mono_us() + PROBE_MS * 1000LL;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_mono_us() >= until) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return false;
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool scope_is_offered(void)
{
    char *const probe[] = {
        (char *)"systemd-run", (char *)"--user", (char *)"--scope", (char *)"--quiet",
        (char *)"--collect",   (char *)"--",     (char *)"true",    NULL};
    return has_bus() && succeeds(probe);
}
