#include "connect_priv.h"

#include "../app_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define VERSION_WAIT_MS 20000

extern char **environ;

struct choices {
    const char *config, *settings, *dry_run, *remove, *binary, *version, *socket, *token, *port;
};

/* ---- what is installed: "2.1.328 (Claude Code)" */

static void read_first_line(int fd, char *out, size_t bytes)
{
    size_t have = 0;
    struct pollfd pf = {.fd = fd, .events = POLLIN};
    while (have < bytes - 1 && poll(&pf, 1, VERSION_WAIT_MS) > 0) {
        ssize_t n = read(fd, out + have, bytes - 1 - have);
        if (n <= 0) {
            break;
        }
        have += (size_t)n;
    }
    out[have] = '\0';
    out[strcspn(out, " \r\n")] = '\0';
}

static bool is_version(const char *text)
{
    return *text && strspn(text, "0123456789.") == strlen(text);
}

void client_version(const char *binary, char *out, size_t bytes)
{
    int fds[2];
    pid_t pid = 0;
    out[0] = '\0';
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return;
    }
    char *argv[] = {(char *)binary, (char *)"--version", NULL};
    posix_spawn_file_actions_t fa;
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&fa, fds[1], 1);
    (void)posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    int err = posix_spawnp(&pid, binary, &fa, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&fa);
    (void)close(fds[1]);
    if (err == 0) {
        read_first_line(fds[0], out, bytes);
        (void)kill(pid, SIGKILL); /* it has said what we asked, or never will */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    (void)close(fds[0]);
    if (!is_version(out)) {
        out[0] = '\0';
    }
}

/* ---- where */

static enum status read_settings(const char *path, struct buf *b, struct why *why)
{
    enum status st = file_read(path, b, why);
    return st == ST_NOTFOUND ? ST_OK : st;
}

/* ---- doing it */

struct plan {
    const struct connector *to;
    struct claude_gate gate;
    struct beside beside;
    struct buf before, after, token;
    char version[32];
    char *settings, *socket_path, *token_path;
};

static enum status choose_gate(struct plan *p, const struct choices *ch, const struct conf *conf,
                               const char *self, struct why *why)
{
    int64_t port = conf->serve.hook_port;
    if (ch->port && num_parse(span_str(ch->port), 1, 65535, &port) != ST_OK) {
        return why_fail(why, ST_INVALID, "--hook-port: 1 to 65535");
    }
    if (port == 0) {
        return why_fail(why, ST_INVALID,
                        "hook_port is 0, so it is another one at each start: set a port in [serve]");
    }
    enum status st = file_read_secret(p->token_path, &p->token, why);
    if (st == ST_NOTFOUND) {
        return why_fail(why, st, "%s: no token yet; start `checkrein serve` once", p->token_path);
    }
    if (ch->version && (!is_version(ch->version) ||
                        !span_copy(span_str(ch->version), p->version, sizeof(p->version)))) {
        return why_fail(why, ST_INVALID, "--runtime-version: numbers and points, such as 2.1.328");
    }
    if (!ch->version) {
        client_version(ch->binary ? ch->binary : p->to->name, p->version, sizeof(p->version));
    }
    p->gate = (struct claude_gate){.self = self,
                                   .socket_path = p->socket_path,
                                   .port = (int)port,
                                   .token = span_trim(buf_span(&p->token)),
                                   .version = span_str(p->version)};
    return st;
}

static enum status transform(struct plan *p, const struct choices *ch, const struct conf *conf,
                             const char *self, struct why *why)
{
    enum status st = read_settings(p->settings, &p->before, why);
    if (st == ST_OK && p->to->beside) {
        st = beside_read(&p->beside, p->to, p->settings, why);
    }
    if (st != ST_OK) {
        return st;
    }
    if (ch->remove) {
        st = p->to->remove(buf_span(&p->before), &p->after, why);
    } else {
        st = choose_gate(p, ch, conf, self, why);
        if (st == ST_OK) {
            st = p->to->add(buf_span(&p->before), &p->gate, &p->after, why);
        }
    }
    if (st == ST_INVALID || st == ST_LIMIT) {
        why_prefix(why, "%s: ", p->settings);
    }
    return st;
}

static void explain(const struct plan *p, const struct choices *ch)
{
    if (ch->remove) {
        return;
    }
    (void)printf("%s %s: %s\n%s\n", p->to->called, p->version[0] ? p->version : "(version not found)",
                 p->to->form(span_str(p->version)), p->to->limits);
    if (p->to->telemetry_is_anothers(buf_span(&p->before))) {
        (void)printf("telemetry is set up already and is left as it is: what the agent spends is not seen\n");
    }
}

/* The client writes its settings too: what it wrote meanwhile would be lost. */
static enum status still_the_same(const struct plan *p, struct why *why)
{
    struct buf now;
    buf_init(&now, SETTINGS_BYTES);
    enum status st = read_settings(p->settings, &now, why);
    if (st == ST_OK && !span_eq(buf_span(&now), buf_span(&p->before))) {
        st = why_fail(why, ST_CONFLICT, "%s was changed meanwhile: nothing was written, try again", p->settings);
    }
    buf_release(&now);
    return st;
}

/* The rules that let pass what passed the hooks are there only while the hooks are. */
static enum status write_all(const struct plan *p, bool remove, struct why *why)
{
    enum status st = still_the_same(p, why);
    if (st == ST_OK && remove && beside_changes(&p->beside, true)) {
        st = beside_remove(&p->beside, why);
    }
    if (st == ST_OK) {
        st = file_make_parent(p->settings, why);
    }
    if (st == ST_OK && !span_eq(buf_span(&p->before), buf_span(&p->after))) {
        st = file_replace(p->settings, buf_span(&p->after), 0600, why);
    }
    if (st == ST_OK && !remove && beside_changes(&p->beside, false)) {
        st = beside_write(&p->beside, why);
    }
    return st;
}

static int apply(const struct plan *p, const struct choices *ch, struct why *why)
{
    bool remove = ch->remove != NULL;
    if (span_eq(buf_span(&p->before), buf_span(&p->after)) && !beside_changes(&p->beside, remove)) {
        (void)printf("%s: nothing to change\n", p->settings);
        return EXIT_DONE;
    }
    explain(p, ch);
    diff_print(p->settings, buf_span(&p->before), buf_span(&p->after));
    beside_show(&p->beside, remove);
    if (ch->dry_run) {
        (void)printf("nothing was written (--dry-run)\n");
        return EXIT_DONE;
    }
    if (write_all(p, remove, why) != ST_OK) {
        return app_trouble(why, EXIT_TROUBLE);
    }
    (void)printf("written; %s\n", p->to->taken_up);
    return EXIT_DONE;
}

static char *first_of(const char *a, const char *b, char *standard)
{
    const char *chosen = a ? a : b[0] ? b : NULL;
    if (!chosen) {
        return standard;
    }
    free(standard);
    return xstrdup(chosen);
}

static int run(const struct choices *ch, const struct connector *to, const struct conf *conf, const char *self)
{
    struct plan p = {.to = to};
    struct why why = {0};
    buf_init(&p.before, SETTINGS_BYTES);
    buf_init(&p.after, SETTINGS_BYTES);
    buf_init(&p.token, 256);
    p.settings = first_of(ch->settings, "", to->settings_path());
    p.socket_path = first_of(ch->socket, conf->serve.socket, path_runtime("checkrein.sock"));
    p.token_path = first_of(ch->token, conf->serve.token_file, path_state("hook.token"));
    int code = transform(&p, ch, conf, self, &why) == ST_OK ? apply(&p, ch, &why)
                                                            : app_trouble(&why, EXIT_TROUBLE);
    buf_release(&p.before);
    buf_release(&p.after);
    beside_release(&p.beside);
    buf_wipe(&p.token);
    free(p.settings);
    free(p.socket_path);
    free(p.token_path);
    return code;
}

#define AT(member) offsetof(struct choices, member)

const struct option_row OPTIONS_CONNECT[] = {
    {"config", "FILE", "read this file", AT(config)},
    {"settings", "FILE", "the settings to edit; else the user's own", AT(settings)},
    {"dry-run", NULL, "show what would change and write nothing", AT(dry_run)},
    {"remove", NULL, "take checkrein's hooks out again", AT(remove)},
    {"binary", "FILE", "the installed client, to ask its version", AT(binary)},
    {"runtime-version", "V", "take this version instead of asking", AT(version)},
    {"socket", "PATH", "the daemon's socket", AT(socket)},
    {"token-file", "FILE", "the daemon's token", AT(token)},
    {"hook-port", "N", "the daemon's hook port", AT(port)},
    {0},
};

int cmd_connect(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    const struct connector *to = st == ST_OK && a->argc == 1 ? connector_find(a->argv[0]) : NULL;
    if (!to) {
        app_say("which runtime? `claude` and `gemini` are known");
        return EXIT_USAGE;
    }
    struct conf conf;
    struct why why = {0};
    int code = config_load(&conf, ch.config, &why) == ST_OK ? run(&ch, to, &conf, a->self)
                                                            : app_trouble(&why, EXIT_TROUBLE);
    conf_release(&conf);
    return code;
}
