#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app_priv.h"
#include "checkrein/num.h"

static struct {
    struct loop *loop;
    loop_id timer;
    int64_t every_ms; /* 0: no watchdog */
    bool due;
    struct sockaddr_un to;
    socklen_t to_bytes; /* 0: nobody listens */
} service;

/* A path, or a name in the abstract space behind an '@'. */
static void aim_at(const char *name)
{
    size_t n = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof(service.to.sun_path)) {
        return;
    }
    service.to.sun_family = AF_UNIX;
    memcpy(service.to.sun_path, name, n + 1);
    if (name[0] == '@') {
        service.to.sun_path[0] = '\0';
    }
    service.to_bytes =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/' ? 1 : 0));
}

/* What cannot be sent is not tried again: the manager has a deadline of its own. */
static void tell(const char *words)
{
    if (!service.to_bytes) {
        return;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        (void)sendto(fd, words, strlen(words), MSG_NOSIGNAL, (const struct sockaddr *)&service.to,
                     service.to_bytes);
        (void)close(fd);
    }
}

static void on_beat_due(void *ctx)
{
    (void)ctx;
    service.due = true;
    service.timer = loop_timer(service.loop, service.every_ms, on_beat_due, NULL);
}

/* Half of what the manager allows, when it means this process. */
static int64_t beat_ms(void)
{
    int64_t usec = 0;
    int64_t pid = 0;
    const char *whose = env_or("WATCHDOG_PID", NULL);
    if (num_parse(span_str(env_or("WATCHDOG_USEC", "0")), 2000, INT64_MAX, &usec) != ST_OK) {
        return 0;
    }
    if (whose && (num_parse(span_str(whose), 1, INT32_MAX, &pid) != ST_OK || pid != getpid())) {
        return 0;
    }
    return usec / 2000;
}

void notify_begin(struct loop *l)
{
    service.loop = l;
    aim_at(env_or("NOTIFY_SOCKET", ""));
    service.every_ms = service.to_bytes ? beat_ms() : 0;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    if (service.every_ms) {
        on_beat_due(NULL);
    }
}

void notify_ready(void)
{
    tell("READY=1");
}

void notify_reloading(void)
{
    tell("RELOADING=1");
}

void notify_stopping(void)
{
    tell("STOPPING=1");
}

void notify_turn(void)
{
    if (service.due) {
        service.due = false;
        tell("WATCHDOG=1");
    }
}

void notify_end(void)
{
    if (service.loop) {
        loop_remove(service.loop, service.timer);
    }
    service.loop = NULL;
}
