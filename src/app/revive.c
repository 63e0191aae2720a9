/* revive.c - to connect again, and to start the console's own daemon when it is gone. Nothing waits
 * for it here: what it says comes through the loop.
 */
#include "console_priv.h"

#include <sys/wait.h>
#include <unistd.h>

static void say(struct console *c, enum role role, const char *text)
{
    ui_notice(c->ui, span_str(text), role, console_now());
    c->dirty = true;
}

static void await_no_more(struct console *c)
{
    loop_remove(c->hub.loop, c->own.watch);
    c->own.watch = 0;
    if (c->own.ready_fd >= 0) {
        (void)close(c->own.ready_fd);
    }
    c->own.ready_fd = -1;
}

/* Another console may have been quicker: then the one that we began has ended, and that one is
 * joined. */
static void on_ready(void *ctx, int fd, unsigned ready)
{
    (void)ready;
    struct console *c = ctx;
    char line[16];
    bool came_up = read(fd, line, sizeof(line)) > 0;
    await_no_more(c);
    if (came_up) {
        say(c, ROLE_HINT, "the daemon was started again");
    } else if (!daemon_answers(c->own.socket_path)) {
        say(c, ROLE_ERROR, "the daemon ended at once: daemon.log says why");
    }
    hub_reconnect(&c->hub);
}

static void start(struct console *c)
{
    struct why why = {0};
    enum status st = daemon_begin(c->own.self, c->own.conf, &c->own.pid, &c->own.ready_fd, &why);
    if (st == ST_OK) {
        st = loop_fd_add(c->hub.loop, c->own.ready_fd, LOOP_READ, on_ready, c, &c->own.watch);
    }
    if (st != ST_OK) {
        await_no_more(c);
        say(c, ROLE_ERROR, why.text[0] ? why.text : "the daemon could not be started");
        return;
    }
    say(c, ROLE_HINT, "the daemon is gone: it is being started");
}

void console_reconnect(struct console *c)
{
    if (c->own.pid > 0 && waitpid(c->own.pid, NULL, WNOHANG) != 0) {
        c->own.pid = 0; /* it was ours, and is over */
    }
    if (c->own.watch) {
        say(c, ROLE_HINT, "the daemon is being started");
    } else if (c->own.self && !daemon_answers(c->own.socket_path)) {
        start(c);
    } else {
        hub_reconnect(&c->hub);
    }
}

void revive_release(struct console *c)
{
    if (c->hub.loop) {
        await_no_more(c);
    }
}
