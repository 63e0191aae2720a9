/* demo.c - `checkrein demo`: a private daemon, eight agents, the console over them; nothing is left
 * behind.
 *
 *   <temporary folder>/run    socket        state  record, token, log
 *                      agents/<agent>       the only place where an agent does anything
 */
#include "../app_priv.h"
#include "../console.h"
#include "demo_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define AGENTS_MAX 500

extern char **environ;

/* Of the port where the scripted service listens, and the file with its key, twice. */
static const char CONFIG[] = "[serve]\n"
                             "agent_budget = 5.00\n"
                             "daily_budget = 25.00\n"
                             "fleet_budget = 250.00\n"
                             "stop_grace_ms = 1500\n"
                             "gateway_port = 0\n"
                             "[upstream " DEMO_MODELS "]\n"
                             "url = http://127.0.0.1:%d\n"
                             "dialect = anthropic\n"
                             "secret_file = %s\n"
                             "[upstream " DEMO_SERVICE "]\n"
                             "url = http://127.0.0.1:%d\n"
                             "dialect = http\n"
                             "header = x-api-key\n"
                             "secret_file = %s\n";

static const char KEY[] = "the-real-key-of-the-demos-scripted-service\n";

/* So that a step costs what its script says. */
static const char PRICES[] = "[price demo]\n"
                             "model = demo-*\n"
                             "from = 2020-01-01\n"
                             "input = 2.00\n"
                             "output = 20.00\n"
                             "source = the demo's own: its models are scripts\n";

static const char POLICY[] =
    "# The demo's rules. The first that matches decides; what none names: reads are allowed, the rest asks.\n"
    "[rule look]\n"
    "tool = Bash\n"
    "command = ls | ls * | grep * | wc * | cat * | test *\n"
    "verdict = allow\n"
    "reason = looking does no harm\n"
    "\n"
    "[rule results]\n"
    "tool = Write\n"
    "path = */results.txt\n"
    "verdict = allow\n"
    "reason = the test runner's own file\n"
    "\n"
    "[rule cache]\n"
    "tool = Bash\n"
    "command = mkdir -p cache/* | touch cache/*\n"
    "verdict = allow\n"
    "reason = its own cache\n"
    "\n"
    "[rule helpers]\n"
    "tool = Agent\n"
    "verdict = allow\n"
    "reason = helpers are gated one by one\n"
    "\n"
    "[rule no-network]\n"
    "tool = WebFetch\n"
    "verdict = deny\n"
    "reason = demo agents have no network\n";

struct demo {
    const char *self;
    char dir[64];
    char *socket_path, *token_path, *state, *config, *key, *url;
    int daemon, port;
    pid_t service;
    int service_port;
    pid_t agents[AGENTS_MAX];
    size_t count;
};

static char *inside(const struct demo *d, const char *name)
{
    return path_join(d->dir, name);
}

static enum status write_inside(const struct demo *d, const char *name, const char *text,
                                struct why *why)
{
    char *path = inside(d, name);
    enum status st = file_replace(path, span_str(text), 0600, why);
    free(path);
    return st;
}

static enum status make_folder(struct demo *d, struct why *why)
{
    (void)snprintf(d->dir, sizeof(d->dir), "/tmp/checkrein-demo-XXXXXX");
    if (!mkdtemp(d->dir)) {
        d->dir[0] = '\0';
        return why_fail(why, ST_IO, "no temporary folder: %s", err_text(errno));
    }
    static const char *const FOLDERS[] = {"run", "state", "agents"};
    for (size_t i = 0; i < ARRAY_LEN(FOLDERS); i++) {
        char *path = inside(d, FOLDERS[i]);
        int made = mkdir(path, 0700);
        free(path);
        if (made != 0) {
            return why_fail(why, ST_IO, "no folder in %s: %s", d->dir, err_text(errno));
        }
    }
    d->socket_path = inside(d, "run/demo.sock");
    d->token_path = inside(d, "state/hook.token");
    d->state = inside(d, "state");
    d->config = inside(d, "state/checkrein.ini");
    d->key = inside(d, "state/key");
    static const struct {
        const char *name, *text;
    } FILES[] = {
        {"state/policy.ini", POLICY},
        {"state/prices.ini", PRICES},
        {"state/key",        KEY   }
    };
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(FILES); i++) {
        st = write_inside(d, FILES[i].name, FILES[i].text, why);
    }
    return st;
}

/* ---- the scripted service */

/* In a process group of its own, with no signal blocked. */
static void spawn_apart(posix_spawnattr_t *attr)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)posix_spawnattr_init(attr);
    (void)posix_spawnattr_setsigmask(attr, &none);
    (void)posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

static enum status spawn_service(struct demo *d, int out, struct why *why)
{
    char parent[16];
    (void)snprintf(parent, sizeof(parent), "%d", (int)getpid());
    const char *argv[] = {d->self, "demo-model", "--key-file", d->key, "--parent", parent, NULL};
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t fa;
    spawn_apart(&attr);
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&fa, out, 1);
    (void)posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    int err = posix_spawn(&d->service, d->self, &fa, &attr, (char **)argv, environ);
    (void)posix_spawn_file_actions_destroy(&fa);
    (void)posix_spawnattr_destroy(&attr);
    if (err) {
        d->service = 0;
        return why_fail(why, ST_IO, "its service could not be started: %s", err_text(err));
    }
    return ST_OK;
}

/* It says its port when it listens, and nothing when it cannot. */
static enum status read_port(int fd, int *port, struct why *why)
{
    char line[16] = "";
    int64_t n = 0;
    ssize_t got = 0;
    while ((got = read(fd, line, sizeof(line) - 1)) < 0 && errno == EINTR) {
    }
    if (got <= 0 || num_parse(span_trim((struct span){line, (size_t)got}), 1, 65535, &n) != ST_OK) {
        return why_fail(why, ST_IO, "its service does not listen");
    }
    *port = (int)n;
    return ST_OK;
}

static enum status start_service(struct demo *d, struct why *why)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return why_fail(why, ST_IO, "no pipe: %s", err_text(errno));
    }
    enum status st = spawn_service(d, fds[1], why);
    (void)close(fds[1]);
    if (st == ST_OK) {
        st = read_port(fds[0], &d->service_port, why);
    }
    (void)close(fds[0]);
    return st;
}

static enum status write_config(const struct demo *d, struct why *why)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b, CONFIG, d->service_port, d->key, d->service_port, d->key);
    enum status st = buf_status(&b) == ST_OK ? write_inside(d, "state/checkrein.ini", b.data, why)
                                             : why_fail(why, ST_LIMIT, "the folder's name is long");
    buf_release(&b);
    return st;
}

static enum status start_daemon(struct demo *d, struct why *why)
{
    char *policy = inside(d, "state/policy.ini");
    char *prices = inside(d, "state/prices.ini");
    char *record = inside(d, "state/record");
    const char *arguments[] = {"--config",     d->config,     "--socket",  d->socket_path,
                               "--token-file", d->token_path, "--policy",  policy,
                               "--prices",     prices,        "--journal", record,
                               "--hook-port",  "0",           "--demo",    NULL};
    (void)setenv("XDG_STATE_HOME", d->state, 1);
    char *log_dir = path_state("");
    enum status st = file_make_dirs(log_dir, 0700, why);
    if (st == ST_OK) {
        st = daemon_start(d->self, arguments, &d->daemon, &d->port, why);
    }
    free(log_dir);
    free(policy);
    free(prices);
    free(record);
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b, "unix:%s", d->socket_path);
    d->url = buf_detach(&b, NULL);
    buf_release(&b);
    return st;
}

/* Files that some scripts expect in their folder. */
static void furnish(const char *dir)
{
    static const struct {
        const char *name, *text;
    } FILES[] = {
        {"guide.md",    "# Guide\n\nTo be written.\n"     },
        {"results.txt", "pass one\npass two\npass three\n"},
        {"suppliers",   "north\nsouth\n"                  },
        {"figures.txt", "orders 1204\nreturns 17\n"       },
    };
    for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
        struct outcome_of_call out = {0};
        buf_init(&out.output, 256);
        call_write(dir, FILES[i].name, span_str(FILES[i].text), &out);
        buf_release(&out.output);
    }
}

static enum status start_agent(struct demo *d, const struct script *s, size_t number,
                               struct why *why)
{
    char name[64];
    char url[64];
    char parent[16];
    (void)snprintf(parent, sizeof(parent), "%d", (int)getpid());
    (void)snprintf(name, sizeof(name), number ? "agents/%s-%zu" : "agents/%s", s->name, number);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", d->port);
    char *dir = inside(d, name);
    (void)mkdir(dir, 0700);
    furnish(dir);
    const char *argv[] = {d->self, "demo-agent", "--script",     s->name,        "--url",
                          url,     "--socket",   d->socket_path, "--token-file", d->token_path,
                          "--dir", dir,          "--parent",     parent,         NULL};
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t fa;
    spawn_apart(&attr);
    (void)posix_spawn_file_actions_init(&fa);
    for (int fd = 0; fd < 3; fd++) {
        (void)posix_spawn_file_actions_addopen(&fa, fd, "/dev/null", O_RDWR, 0);
    }
    int err = posix_spawn(&d->agents[d->count], d->self, &fa, &attr, (char **)argv, environ);
    (void)posix_spawn_file_actions_destroy(&fa);
    (void)posix_spawnattr_destroy(&attr);
    free(dir);
    d->count += err == 0;
    return err ? why_fail(why, ST_IO, "an agent could not be started: %s", err_text(err)) : ST_OK;
}

static enum status start_agents(struct demo *d, size_t wanted, struct why *why)
{
    const struct script *const *table = script_table();
    size_t scripts = 0;
    while (table[scripts] && !table[scripts]->child) {
        scripts++;
    }
    if (scripts == 0) {
        return why_fail(why, ST_NOTFOUND, "there is no script for an agent");
    }
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < wanted; i++) {
        st = start_agent(d, table[i % scripts], i / scripts, why);
    }
    return st;
}

/* ---- the end */

static int remove_entry(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
    (void)sb;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

static void end_agents(struct demo *d)
{
    for (size_t i = 0; i < d->count; i++) {
        (void)kill(-d->agents[i], SIGKILL);
    }
    for (size_t i = 0; i < d->count; i++) {
        while (waitpid(d->agents[i], NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

static void end(struct demo *d)
{
    end_agents(d);
    if (d->daemon > 0) {
        (void)kill(d->daemon, SIGTERM);
        while (waitpid(d->daemon, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (d->service > 0) {
        (void)kill(d->service, SIGKILL);
        while (waitpid(d->service, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (d->dir[0]) {
        (void)nftw(d->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    free(d->socket_path);
    free(d->token_path);
    free(d->state);
    free(d->config);
    free(d->key);
    free(d->url);
}

/* Whoever waits for one of these takes it; at no other moment does one end the demo before it has
 * cleaned up. A terminal that goes away sends two. */
static void block_ends(sigset_t *ends)
{
    static const int ENDS[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    (void)sigemptyset(ends);
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
        (void)sigaddset(ends, ENDS[i]);
    }
    (void)sigprocmask(SIG_BLOCK, ends, NULL);
}

/* Without a console: says where the daemon is, and runs until it is told to end. */
static int wait_for_end(const struct demo *d, const sigset_t *ends)
{
    int signo = 0;
    (void)printf("{\"url\":\"%s\",\"hook_port\":%d,\"folder\":\"%s\"}\n", d->url, d->port, d->dir);
    (void)fflush(stdout);
    (void)sigwait(ends, &signo);
    return EXIT_DONE;
}

static int run_console(const struct demo *d, const char *theme, const char *ascii,
                       const char *color)
{
    struct conf conf;
    conf_defaults(&conf);
    struct {
        char **slot;
        const char *value;
    } texts[] = {
        {&conf.console.theme, theme},
        {&conf.console.color, color}
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].value) {
            free(*texts[i].slot);
            *texts[i].slot = xstrdup(texts[i].value);
        }
    }
    conf.console.ascii = ascii != NULL;
    struct conf_backend backend = {
        .name = (char *)"demo", .kind = (char *)"checkrein", .url = d->url};
    char *journal = path_join(d->dir, "state/console");
    int code = console_run(&(struct console_options){
        .conf = &conf, .backends = &backend, .count = 1, .journal_dir = journal});
    free(journal);
    conf_release(&conf);
    return code;
}

struct choices {
    const char *agents, *headless, *theme, *color, *ascii;
};

const struct option_row OPTIONS_DEMO[] = {
    {"agents",                                                    "N", "how many, 1 to 500; 8 unless given", offsetof(struct choices, agents)},
    {"headless",                       NULL, "no console: print where the daemon is, run until SIGTERM",
     offsetof(struct choices, headless)},
    {"theme",                                                    "NAME", "dark, light, mono, deuteranopia, or a path",
     offsetof(struct choices, theme)},
    {"color",                                                  "auto|always|never|16|256|truecolor", "how many colours",
     offsetof(struct choices, color)},
    {"ascii", NULL, "draw with ASCII only", offsetof(struct choices, ascii)},
    {0                                                 },
};

int cmd_demo(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    int64_t wanted = 8;
    if (st == ST_OK && ch.agents &&
        num_parse(span_str(ch.agents), 1, AGENTS_MAX, &wanted) != ST_OK) {
        app_say("--agents: 1 to %d", AGENTS_MAX);
        st = ST_INVALID;
    }
    if (st != ST_OK || a->argc) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    sigset_t ends;
    block_ends(&ends);
    struct demo *d = xcalloc(1, sizeof(*d));
    d->self = a->self;
    struct why why = {0};
    st = make_folder(d, &why);
    if (st == ST_OK) {
        st = start_service(d, &why);
    }
    if (st == ST_OK) {
        st = write_config(d, &why);
    }
    if (st == ST_OK) {
        st = start_daemon(d, &why);
    }
    if (st == ST_OK) {
        st = start_agents(d, (size_t)wanted, &why);
    }
    int code = EXIT_TROUBLE;
    if (st == ST_OK) {
        code = ch.headless ? wait_for_end(d, &ends) : run_console(d, ch.theme, ch.ascii, ch.color);
    }
    end(d);
    free(d);
    return st == ST_OK ? code : app_trouble(&why, EXIT_TROUBLE);
}
