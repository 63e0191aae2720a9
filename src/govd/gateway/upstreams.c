/* upstreams.c - the services behind the gateway, and the real keys: read from a file, from a
 * systemd credential, or from what a command says, at the start and again at SIGHUP, so that a key
 * can be changed without any agent noticing. What cannot be read leaves the key that was there.
 */
#include "gateway_priv.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/file.h"
#include "checkrein/log.h"

#define ASK_MS 10000

extern char **environ;

struct asking { /* a command whose output is the key */
    struct upstream *up;
    pid_t pid;
    int pidfd, out;
    loop_id watch, deadline;
};

static void wipe_text(char **slot)
{
    if (*slot) {
        wipe(*slot, strlen(*slot));
        free(*slot);
        *slot = NULL;
    }
}

static void no_key(struct upstream *up, const char *why)
{
    char text[REASON_BYTES];
    (void)snprintf(up->why_not, sizeof(up->why_not), "%s", why);
    (void)snprintf(text, sizeof(text), "upstream %s: %s%s", up->conf->name, why,
                   up->secret ? "; the key that was read before stays" : "");
    log_write(LOG_ERROR, "%s", text);
    publish_signal(up->govd, NULL, SEVERITY_HIGH, text);
}

static void take_key(struct upstream *up, struct span text)
{
    struct span key = span_trim(text);
    bool sound = key.n >= GATEWAY_SECRET_MIN && key.n <= GATEWAY_SECRET_MAX;
    for (size_t i = 0; sound && i < key.n; i++) {
        sound = key.p[i] > ' ' && key.p[i] <= '~';
    }
    if (!sound) {
        no_key(up, "the key is not one line of 8 to 4096 visible ASCII characters");
        return;
    }
    wipe_text(&up->secret);
    up->secret = xstrndup(key.p, key.n);
    veil_know(journal_veil(up->govd->journal), "upstream-key", key);
}

static void read_file(struct upstream *up, const char *path)
{
    struct buf b;
    struct why why = {0};
    buf_init(&b, GATEWAY_SECRET_MAX + 2);
    if (file_read_secret(path, &b, &why) == ST_OK) {
        take_key(up, buf_span(&b));
    } else {
        no_key(up, why.text);
    }
    buf_wipe(&b);
}

/* systemd makes the folder and the files; they belong to it, so that who may read them is its care.
 */
static void read_credential(struct upstream *up)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    struct buf path;
    struct buf b;
    struct why why = {0};
    buf_init(&path, 4096);
    buf_init(&b, GATEWAY_SECRET_MAX + 2);
    buf_printf(&path, "%s/%s", folder ? folder : "", up->conf->secret_credential);
    if (!folder || folder[0] != '/') {
        no_key(up, "secret_credential needs a unit that systemd started ($CREDENTIALS_DIRECTORY)");
    } else if (file_read(path.data, &b, &why) == ST_OK) {
        take_key(up, buf_span(&b));
    } else {
        no_key(up, why.text);
    }
    buf_release(&path);
    buf_wipe(&b);
}

/* ---- a command */

static void asking_free(struct asking *a)
{
    struct loop *l = a->up->govd->loop;
    loop_remove(l, a->watch);
    loop_remove(l, a->deadline);
    (void)kill(a->pid, SIGKILL);
    (void)waitpid(a->pid, NULL, 0);
    (void)close(a->pidfd);
    (void)close(a->out);
    a->up->asking = NULL;
    free(a);
}

static void on_answer(void *ctx, int fd, unsigned ready)
{
    struct asking *a = ctx;
    struct upstream *up = a->up;
    char text[GATEWAY_SECRET_MAX + 2];
    siginfo_t info = {0};
    (void)fd;
    (void)ready;
    (void)waitid(P_PID, (id_t)a->pid, &info, WEXITED | WNOWAIT);
    ssize_t n = read(a->out, text, sizeof(text));
    if (info.si_code == CLD_EXITED && info.si_status == 0 && n > 0) {
        take_key(up, (struct span){text, (size_t)n});
    } else {
        no_key(up, "secret_command failed, or said nothing");
    }
    wipe(text, sizeof(text));
    asking_free(a);
}

static void on_silence(void *ctx)
{
    struct asking *a = ctx;
    a->deadline = 0;
    no_key(a->up, "secret_command gave no answer in ten seconds");
    asking_free(a);
}

static int start_command(const struct upstream *up, int out, pid_t *pid)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    char *const argv[] = {"sh", "-c", up->conf->secret_command, NULL};
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
    (void)posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawnattr_setsigmask(&attr, loop_saved_sigmask(up->govd->loop));
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    int err = posix_spawn(pid, "/bin/sh", &fa, &attr, argv, environ);
    (void)posix_spawn_file_actions_destroy(&fa);
    (void)posix_spawnattr_destroy(&attr);
    return err;
}

static void run_command(struct upstream *up)
{
    int fds[2];
    pid_t pid = 0;
    if (up->asking) {
        return;
    }
    (void)snprintf(up->why_not, sizeof(up->why_not), "secret_command has not answered yet");
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
        no_key(up, "no pipe for secret_command");
        return;
    }
    int err = start_command(up, fds[1], &pid);
    (void)close(fds[1]);
    if (err != 0) {
        (void)close(fds[0]);
        no_key(up, "secret_command could not be started");
        return;
    }
    struct asking *a = xcalloc(1, sizeof(*a));
    *a = (struct asking){
        .up = up, .pid = pid, .out = fds[0], .pidfd = (int)syscall(SYS_pidfd_open, pid, 0)};
    up->asking = a;
    a->deadline = loop_timer(up->govd->loop, ASK_MS, on_silence, a);
    if (loop_fd_add(up->govd->loop, a->pidfd, LOOP_READ, on_answer, a, &a->watch) != ST_OK) {
        no_key(up, "secret_command cannot be watched");
        asking_free(a);
    }
}

static void read_key(struct upstream *up)
{
    if (up->conf->secret_file) {
        read_file(up, up->conf->secret_file);
    } else if (up->conf->secret_credential) {
        read_credential(up);
    } else {
        run_command(up);
    }
}

/* ---- all of them */

static void set_header(struct upstream *up)
{
    struct span header = span_str(up->conf->header ? up->conf->header : up->dialect->header);
    size_t colon = span_find(header, ':');
    struct span text =
        colon < header.n ? span_trim(span_sub(header, colon + 1, header.n)) : SPAN("%");
    size_t mark = span_find(text, '%');
    up->field = xstrndup(header.p, colon);
    up->before = xstrndup(text.p, mark);
    up->behind = xstrndup(text.p + mark + 1, text.n - mark - 1);
}

static void set_place(struct upstream *up)
{
    struct span url = span_str(up->conf->url);
    size_t host = (size_t)(strstr(up->conf->url, "://") - up->conf->url) + 3;
    size_t slash = host + span_find(span_sub(url, host, url.n), '/');
    struct span base = span_sub(url, slash, url.n);
    base.n -= span_ends(base, "/") ? 1 : 0;
    up->origin = xstrndup(url.p, slash);
    up->base = xstrndup(base.n ? base.p : "", base.n);
}

void upstreams_open(struct govd *g)
{
    struct gateway *w = g->gateway;
    w->count = g->conf->upstream_count;
    w->upstreams = xcalloc(w->count + 1, sizeof(*w->upstreams));
    for (size_t i = 0; i < w->count; i++) {
        struct upstream *up = &w->upstreams[i];
        up->govd = g;
        up->conf = &g->conf->upstreams[i];
        up->dialect = dialect_named(up->conf->dialect);
        set_header(up);
        set_place(up);
        read_key(up);
    }
}

void upstreams_reload(struct govd *g)
{
    for (size_t i = 0; i < g->gateway->count; i++) {
        read_key(&g->gateway->upstreams[i]);
    }
}

void upstreams_release(struct govd *g)
{
    for (size_t i = 0; i < g->gateway->count; i++) {
        struct upstream *up = &g->gateway->upstreams[i];
        if (up->asking) {
            asking_free(up->asking);
        }
        wipe_text(&up->secret);
        free(up->origin);
        free(up->base);
        free(up->field);
        free(up->before);
        free(up->behind);
    }
    free(g->gateway->upstreams);
}

struct upstream *upstream_named(const struct govd *g, struct span name)
{
    for (size_t i = 0; i < g->gateway->count; i++) {
        if (span_is(name, g->gateway->upstreams[i].conf->name)) {
            return &g->gateway->upstreams[i];
        }
    }
    return NULL;
}

struct upstream *upstream_of_dialect(const struct govd *g, struct span dialect)
{
    for (size_t i = 0; i < g->gateway->count; i++) {
        if (span_is(dialect, g->gateway->upstreams[i].conf->dialect)) {
            return &g->gateway->upstreams[i];
        }
    }
    return NULL;
}
