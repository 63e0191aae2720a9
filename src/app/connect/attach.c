/* attach.c - a back-end that is attached to: nothing of its own is written, only a section of our
 * configuration.
 *
 * `connect codex` looks for the control socket that an ordinary `codex` opens, makes sure that it
 * is this user's alone and that somebody listens there, and adds [backend codex]. Where no back-end
 * is named yet, this user's own daemon is named too: only without any it is there by itself. */
#include "attach.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "connect_priv.h"

#define NAME    "codex"
#define SECTION "[backend " NAME "]"
#define SOCKET  "app-server-control/app-server-control.sock"

#define NOBODY                                                                                                          \
    "start `codex` once in a terminal: it opens this socket. Or start `codex app-server --listen ws://127.0.0.1:PORT` " \
    "and name it yourself: [backend " NAME "] kind = codex, url = ws://127.0.0.1:PORT"

static char *codex_home(void)
{
    const char *set = env_or("CODEX_HOME", NULL);
    return set ? xstrdup(set) : path_join(env_or("HOME", "/"), ".codex");
}

static char *control_socket(const struct attach_options *o)
{
    char *home = codex_home();
    char *path = o->socket ? xstrdup(o->socket) : path_join(home, SOCKET);
    free(home);
    return path;
}

static enum status somebody_listens(const char *path, struct why *why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (!span_copy(span_str(path), at.sun_path, sizeof(at.sun_path))) {
        return why_fail(why, ST_LIMIT, "%s: longer than a socket's path can be", path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return there ? ST_OK : why_fail(why, ST_NOTFOUND, "%s: nobody listens there; " NOBODY, path);
}

static enum status find_server(const char *path, struct why *why)
{
    struct why inner = {0};
    if (access(path, F_OK) != 0) {
        return why_fail(why, ST_NOTFOUND, "there is no %s; " NOBODY, path);
    }
    if (socket_is_ours(path, &inner) != ST_OK) {
        return why_fail(why, ST_DENIED, "%s", inner.text);
    }
    return somebody_listens(path, why);
}

/* ---- the section */

static void add_section(struct buf *out, struct span before, const struct conf *conf,
                        const char *socket)
{
    buf_add(out, before);
    if (before.n && before.p[before.n - 1] != '\n') {
        buf_addch(out, '\n');
    }
    if (!conf->backend_count) {
        buf_addstr(out, "\n[backend local]\nkind = checkrein\n");
    }
    buf_printf(out, "\n" SECTION "\nkind = codex\nurl = unix:%s\n", socket);
}

/* From its header to the next one, with the empty line before it. */
static void drop_section(struct buf *out, struct span before)
{
    struct span rest = before;
    struct span line;
    bool within = false;
    while (span_next(&rest, '\n', &line)) {
        struct span words = span_trim(line);
        bool header = words.n && words.p[0] == '[';
        within = header ? span_is(words, SECTION) : within;
        if (header && within && out->len >= 2 && span_ends(buf_span(out), "\n\n")) {
            buf_truncate(out, out->len - 1);
        }
        if (!within && (line.n || rest.n)) {
            buf_add(out, line);
            buf_addch(out, '\n');
        }
    }
}

static const struct conf_backend *named(const struct conf *conf)
{
    for (uint32_t i = 0; i < conf->backend_count; i++) {
        if (span_is(span_str(conf->backends[i].name), NAME)) {
            return &conf->backends[i];
        }
    }
    return NULL;
}

/* ---- doing it */

static enum status write_configuration(const struct attach_options *o, const char *path,
                                       struct span before, struct span after, struct why *why)
{
    diff_print(path, before, after);
    if (o->dry_run) {
        (void)printf("nothing was written (--dry-run)\n");
        return ST_OK;
    }
    enum status st = file_make_parent_mode(path, 0700, why);
    if (st == ST_OK) {
        st = file_replace(path, after, 0600, why);
    }
    if (st == ST_OK) {
        (void)printf("written; a console that is started now shows it\n");
    }
    return st;
}

static enum status change(const struct attach_options *o, const struct conf *conf, const char *path,
                          struct span before, struct buf *after, struct why *why)
{
    const struct conf_backend *there = named(conf);
    char *socket = control_socket(o);
    enum status st = o->remove ? ST_OK : find_server(socket, why);
    if (st == ST_OK && !o->remove && !there) {
        add_section(after, before, conf, socket);
    } else if (st == ST_OK && o->remove && there) {
        drop_section(after, before);
    }
    if (st == ST_OK && !after->len) {
        (void)printf("%s: nothing to change%s%s\n", path, there ? ": it names " : "",
                     there ? there->url : "");
    } else if (st == ST_OK) {
        st = write_configuration(o, path, before, buf_span(after), why);
    }
    free(socket);
    return st;
}

enum status attach_codex(const struct attach_options *o, const struct conf *conf, struct why *why)
{
    char *path = path_chosen(o->config, "", path_config("checkrein.ini"));
    struct buf before, after;
    buf_init(&before, INI_FILE_BYTES);
    buf_init(&after, INI_FILE_BYTES);
    enum status st = file_read(path, &before, why);
    st = st == ST_NOTFOUND ? ST_OK : st;
    if (st == ST_OK) {
        st = change(o, conf, path, buf_span(&before), &after, why);
    }
    buf_release(&before);
    buf_release(&after);
    free(path);
    return st;
}
