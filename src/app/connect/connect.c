#include "connect_priv.h"

#include "../app_priv.h"
#include "../program.h"
#include "attach.h"

#include "checkrein/file.h"
#include "checkrein/num.h"

#define VERSION_WAIT_MS 20000

struct choices {
    const char *config, *hooks, *scope, *settings, *dry_run, *remove, *binary, *version, *socket,
        *token, *port;
};

/* ---- what is installed: "2.1.328 (Claude Code)" */

static bool is_version(const char *text)
{
    return *text && strspn(text, "0123456789.") == strlen(text);
}

void client_version(const char *binary, char *out, size_t bytes)
{
    struct buf said;
    struct why why;
    buf_init(&said, 256);
    const char *const argv[] = {binary, "--version", NULL};
    struct program p = {.argv = argv, .out = &said, .deadline_ms = VERSION_WAIT_MS};
    enum status st = program_run(&p, &why);
    struct span line = buf_span(&said);
    size_t end = strcspn(said.data, " \r\n");
    bool told = (st == ST_OK || st == ST_TIMEOUT) && span_copy(span_sub(line, 0, end), out, bytes);
    if (!told || !is_version(out)) {
        out[0] = '\0';
    }
    buf_release(&said);
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
    const struct settings_scope *scope;
    struct claude_gate gate;
    struct beside beside;
    struct buf before, after, token;
    char version[32];
    char *settings, *socket_path, *token_path;
};

/* Port and token, where the file is one that a token may stand in. */
static enum status choose_door(struct plan *p, const struct choices *ch, const struct conf *conf,
                               struct why *why)
{
    int64_t port = conf->serve.hook_port;
    if (p->scope->who != SCOPE_PRIVATE) {
        return ST_OK;
    }
    if (ch->port && num_parse(span_str(ch->port), 1, 65535, &port) != ST_OK) {
        return why_fail(why, ST_INVALID, "--hook-port: 1 to 65535");
    }
    if (port == 0) {
        return why_fail(
            why, ST_INVALID,
            "hook_port is 0, so it is another one at each start: set a port in [serve]");
    }
    enum status st = file_read_secret(p->token_path, &p->token, why);
    if (st == ST_NOTFOUND) {
        return why_fail(why, st, "%s: no token yet; start `checkrein serve` once", p->token_path);
    }
    p->gate.port = (int)port;
    p->gate.token = span_trim(buf_span(&p->token));
    return st;
}

static enum status choose_gate(struct plan *p, const struct choices *ch, const struct conf *conf,
                               const char *self, struct why *why)
{
    enum status st = choose_door(p, ch, conf, why);
    if (st != ST_OK) {
        return st;
    }
    if (ch->version && (!is_version(ch->version) ||
                        !span_copy(span_str(ch->version), p->version, sizeof(p->version)))) {
        return why_fail(why, ST_INVALID, "--runtime-version: numbers and points, such as 2.1.328");
    }
    if (!ch->version) {
        client_version(ch->binary ? ch->binary : p->to->name, p->version, sizeof(p->version));
    }
    p->gate.self = self;
    p->gate.socket_path = p->scope->who == SCOPE_MACHINE ? ch->socket : p->socket_path;
    p->gate.version = span_str(p->version);
    p->gate.lock = p->scope->who == SCOPE_MACHINE;
    return ST_OK;
}

static enum status transform(struct plan *p, const struct choices *ch, const struct conf *conf,
                             const char *self, struct why *why)
{
    enum status st = read_settings(p->settings, &p->before, why);
    if (st == ST_OK && p->to->beside && p->scope->who == SCOPE_PRIVATE) {
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

static void explain_copies(const struct plan *p)
{
    char *other = copy_elsewhere(p->scope, p->settings, buf_span(&p->after));
    if (other) {
        (void)printf("warning: %s asks in another way: %s; take one out with --remove\n", other,
                     p->to->twice);
    }
    free(other);
}

static void explain_machine(const struct plan *p)
{
    if (p->gate.socket_path) {
        (void)printf("all users of this machine ask %s\n", p->gate.socket_path);
    } else {
        (void)printf(
            "each user asks the daemon of his own, in /run/user/<uid>/checkrein: who runs none is refused\n");
    }
    if (!only_root_writes(p->gate.self)) {
        (void)printf(
            "warning: %s can be changed by somebody else than root, and the hooks run it\n",
            p->gate.self);
    }
}

static void explain(const struct plan *p, const struct choices *ch)
{
    if (ch->remove) {
        return;
    }
    (void)printf("%s %s: %s\n%s\n", p->to->called,
                 p->version[0] ? p->version : "(version not found)", p->to->form(&p->gate),
                 p->to->limits);
    explain_copies(p);
    if (p->scope->who == SCOPE_MACHINE) {
        explain_machine(p);
    }
    if (p->to->explain) {
        p->to->explain(p->scope, p->settings);
    }
    if (p->scope->who == SCOPE_SHARED && git_would_commit(p->settings)) {
        (void)printf(
            "warning: git does not ignore %s: it holds no secret, but paths of this machine\n",
            p->settings);
    }
    if (!p->to->telemetry_is_anothers) {
        (void)printf(
            "spend is not seen by hooks: attach to its server for that, with checkrein connect codex\n");
    } else if (p->scope->who != SCOPE_PRIVATE) {
        (void)printf(
            "spend is not seen from here: its telemetry needs the token, and so the user's own settings\n");
    } else if (p->to->telemetry_is_anothers && p->to->telemetry_is_anothers(buf_span(&p->before))) {
        (void)printf(
            "telemetry is set up already and is left as it is: what the agent spends is not seen\n");
    }
}

/* The client writes its settings too: what it wrote meanwhile would be lost. */
static enum status still_the_same(const struct plan *p, struct why *why)
{
    struct buf now;
    buf_init(&now, SETTINGS_BYTES);
    enum status st = read_settings(p->settings, &now, why);
    if (st == ST_OK && !span_eq(buf_span(&now), buf_span(&p->before))) {
        st = why_fail(why, ST_CONFLICT, "%s was changed meanwhile: nothing was written, try again",
                      p->settings);
    }
    buf_release(&now);
    return st;
}

/* The rules that let pass what passed the hooks are there only while the hooks are. */
static enum status write_all(const struct plan *p, bool remove, struct why *why)
{
    mode_t mode = 0;
    enum status st = connect_scope_writable(p->scope, p->settings, why);
    if (st == ST_OK) {
        st = still_the_same(p, why);
    }
    if (st == ST_OK) {
        st = connect_scope_mode(p->scope, p->settings, &mode, why);
    }
    if (st == ST_OK && remove && beside_changes(&p->beside, true)) {
        st = beside_remove(&p->beside, why);
    }
    if (st == ST_OK) {
        st = file_make_parent_mode(p->settings, p->scope->folder_mode, why);
    }
    if (st == ST_OK && !span_eq(buf_span(&p->before), buf_span(&p->after))) {
        st = file_replace(p->settings, buf_span(&p->after), mode, why);
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

static int run(const struct choices *ch, const struct connector *to,
               const struct settings_scope *scope, const struct conf *conf, const char *self)
{
    struct plan p = {.to = to, .scope = scope};
    struct why why = {0};
    buf_init(&p.before, SETTINGS_BYTES);
    buf_init(&p.after, SETTINGS_BYTES);
    buf_init(&p.token, 256);
    p.settings = path_chosen(ch->settings, "", scope->path());
    p.socket_path = path_chosen(ch->socket, conf->serve.socket, path_runtime("checkrein.sock"));
    p.token_path = path_chosen(ch->token, conf->serve.token_file, path_state("hook.token"));
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
    {"config",                                     "FILE", "read this file", AT(config)},
    {"scope",                            "SCOPE", "user, project (this folder) or managed (this machine, by root); else user",
     AT(scope)},
    {"settings",                                            "FILE", "edit this file instead of the scope's own", AT(settings)},
    {"hooks",          NULL, "of codex: put hooks into its settings, instead of attaching to its server",
     AT(hooks)},
    {"dry-run",                                    NULL, "show what would change and write nothing", AT(dry_run)},
    {"remove",                                   NULL, "take checkrein's hooks out again", AT(remove)},
    {"binary", "FILE", "the installed client, to ask its version", AT(binary)},
    {"runtime-version",                                            "V", "take this version instead of asking", AT(version)},
    {"socket",                               "PATH", "the daemon's socket; of codex: its control socket", AT(socket)},
    {"token-file",                                    "FILE", "the daemon's token", AT(token)},
    {"hook-port",                                    "N", "the daemon's hook port", AT(port)},
    {0 },
};

static int attach(const struct choices *ch)
{
    struct conf conf;
    struct why why = {0};
    struct attach_options o = {.config = ch->config,
                               .socket = ch->socket,
                               .dry_run = ch->dry_run != NULL,
                               .remove = ch->remove != NULL};
    enum status st = config_load(&conf, ch->config, &why);
    if (st == ST_OK) {
        st = attach_codex(&o, &conf, &why);
    }
    conf_release(&conf);
    if (st != ST_OK) {
        return app_trouble(&why, EXIT_TROUBLE);
    }
    if (!ch->remove) {
        (void)printf(
            "it is watched and steered as its server allows. To hold each call before it runs, in codex "
            "exec too: checkrein connect codex --hooks\n");
    }
    return EXIT_DONE;
}

int cmd_connect(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    if (st == ST_OK && a->argc == 1 && strcmp(a->argv[0], "codex") == 0 && !ch.hooks) {
        return attach(&ch);
    }
    const struct connector *to = st == ST_OK && a->argc == 1 ? connector_find(a->argv[0]) : NULL;
    if (!to) {
        app_say("which runtime? `claude`, `gemini` and `codex` are known");
        return EXIT_USAGE;
    }
    const struct settings_scope *scope = connect_scope(to->name, ch.scope ? ch.scope : "user");
    if (!scope) {
        app_say("--scope: user, project or managed");
        return EXIT_USAGE;
    }
    struct conf conf;
    struct why why = {0};
    int code = config_load(&conf, ch.config, &why) == ST_OK ? run(&ch, to, scope, &conf, a->self)
                                                            : app_trouble(&why, EXIT_TROUBLE);
    conf_release(&conf);
    return code;
}
