/* hook.c - `checkrein hook RUNTIME`: what a runtime's command hook runs. Standard input goes to the
 * daemon's Unix socket, the answer to standard output. Fail closed: whatever goes wrong, it exits
 * with 2, which blocks the call. Its own deadline is below the one that the runtime sets, because a
 * runtime's time-out lets the call run.
 *
 * A runtime takes an empty answer, and an object that says nothing, for "no opinion" and lets the
 * call run: so the answer at the gate is looked at, and must be a verdict.
 *
 * A hook inherits the runtime's environment, keys of its model included: nothing of it is sent or
 * said but the name in $CHECKREIN_AGENT.
 */
#include "app_priv.h"

#include <errno.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

#define INPUT_BYTES  ((size_t)4 << 20)
#define INPUT_TOKENS 65536
#define REASON_BYTES 512

/* How a runtime's hooks are told apart, and what is a verdict to it. */
struct client {
    const char *name;
    const char *pid_from;       /* variable that names the process; NULL: --pid, or who ran this */
    const char *const *reports; /* events that are no call; NULL-ended. Whatever is not among them
                                   is at the gate */
    bool (*is_verdict)(const struct tape *j);
    const char *many; /* word of the client's command line when it serves many sessions: its process
                         is no one's */
};

struct hook_run {
    const struct client *client;
    struct loop *loop;
    struct tape_token *tokens;
    bool gated; /* a report may be answered with anything that is JSON */
    int code;
    bool over;
};

static enum status read_input(struct buf *b, struct why *why)
{
    for (;;) {
        char *room = buf_reserve(b, 65536);
        if (!room) {
            return why_fail(why, ST_LIMIT, "the call is larger than %zu bytes", INPUT_BYTES);
        }
        ssize_t n = read(STDIN_FILENO, room, 65536);
        if (n == 0) {
            return b->len ? ST_OK : why_fail(why, ST_INVALID, "there is no call on standard input");
        }
        if (n < 0 && errno != EINTR) {
            return why_fail(why, ST_IO, "standard input: %s", err_text(errno));
        }
        buf_commit(b, n > 0 ? (size_t)n : 0);
    }
}

static bool is_text(const struct tape *j, uint32_t at, const char *text)
{
    char quoted[32];
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", text);
    return span_is(tape_raw(j, at), quoted);
}

static bool is_gated(struct hook_run *run, struct span input)
{
    struct tape j;
    if (tape_parse(&j, input, TAPE_REPAIR, run->tokens, INPUT_TOKENS) != ST_OK) {
        return true;
    }
    uint32_t event = tape_get(&j, TAPE_ROOT, "hook_event_name");
    for (const char *const *report = run->client->reports; *report; report++) {
        if (is_text(&j, event, *report)) {
            return false;
        }
    }
    return true;
}

static bool is_claude_verdict(const struct tape *j)
{
    uint32_t verdict = tape_path(j, TAPE_ROOT, "hookSpecificOutput/permissionDecision");
    uint32_t event = tape_path(j, TAPE_ROOT, "hookSpecificOutput/hookEventName");
    return is_text(j, event, "PreToolUse") &&
           (is_text(j, verdict, "allow") || is_text(j, verdict, "deny"));
}

/* An answer that would change the call is none of ours. */
static bool is_gemini_verdict(const struct tape *j)
{
    uint32_t verdict = tape_get(j, TAPE_ROOT, "decision");
    return tape_get(j, TAPE_ROOT, "hookSpecificOutput") == TAPE_ABSENT &&
           (is_text(j, verdict, "allow") || is_text(j, verdict, "deny"));
}

/* With `continue` beside it the client would let a refused call run, and with another input that.
 */
static bool is_codex_verdict(const struct tape *j)
{
    return is_claude_verdict(j) && tape_get(j, TAPE_ROOT, "continue") == TAPE_ABSENT &&
           tape_path(j, TAPE_ROOT, "hookSpecificOutput/updatedInput") == TAPE_ABSENT;
}

static const char *const CLAUDE_REPORTS[] = {
    "SessionStart",  "UserPromptSubmit", "PostToolUse",  "PostToolUseFailure",
    "SubagentStart", "SubagentStop",     "Notification", "ConfigChange",
    "Stop",          "StopFailure",      "SessionEnd",   NULL,
};
static const char *const GEMINI_REPORTS[] = {
    "SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "AfterTool", "Notification", NULL,
};
static const char *const CODEX_REPORTS[] = {
    "PermissionRequest", "PostToolUse",
    "UserPromptSubmit",  "SessionStart",
    "SessionEnd",        "SubagentStart",
    "SubagentStop",      "Stop",
    "Interrupt",         NULL,
};
static const struct client CLIENTS[] = {
    {"claude", "CLAUDE_PID", CLAUDE_REPORTS, is_claude_verdict, NULL        },
    {"gemini", NULL,         GEMINI_REPORTS, is_gemini_verdict, NULL        },
    {"codex",  NULL,         CODEX_REPORTS,  is_codex_verdict,  "app-server"},
};

static const struct client *client_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(CLIENTS); i++) {
        if (strcmp(name, CLIENTS[i].name) == 0) {
            return &CLIENTS[i];
        }
    }
    return NULL;
}

static bool is_answer(const struct hook_run *run, struct span body)
{
    struct tape j;
    return tape_parse(&j, body, TAPE_STRICT, run->tokens, INPUT_TOKENS) == ST_OK &&
           tape_type(&j, TAPE_ROOT) == TAPE_OBJECT && (!run->gated || run->client->is_verdict(&j));
}

/* Of a report nothing is blocked: the runtime shows these words to its user. */
static void say_why(const struct hook_run *run, const char *why)
{
    app_say("%s: %s", run->gated ? "the call is blocked" : "the daemon was not told", why);
}

static void on_answer(void *ctx, net_id id, const struct http_client_answer *answer)
{
    (void)id;
    struct hook_run *run = ctx;
    run->over = true;
    loop_stop(run->loop);
    if (answer->http_status != 200) {
        char why[REASON_BYTES];
        (void)snprintf(why, sizeof(why), "%s (HTTP %d)",
                       answer->why ? answer->why : "the daemon refused", answer->http_status);
        say_why(run, why);
        return;
    }
    if (!is_answer(run, answer->body)) {
        say_why(run, run->gated ? "the daemon's answer is no verdict" : "its answer is not JSON");
        return;
    }
    if (file_write_all(STDOUT_FILENO, answer->body.p, answer->body.n) == ST_OK) {
        run->code = EXIT_DONE;
    }
}

struct target {
    const char *socket_path, *own_socket, *pid, *deadline, *version;
};

/* A name from the environment as the value of a header field. */
static void header_line(char *out, size_t bytes, const char *name, const char *value)
{
    (void)snprintf(out, bytes, "%s: %s", name, value);
    for (char *c = out; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F) {
            *c = '?';
        }
    }
}

static enum status post(struct hook_run *run, struct net *net, const struct target *t,
                        struct span body, struct why *why)
{
    char url[64];
    char pid[48];
    char agent[192];
    char version[96];
    int64_t deadline_ms = 0;
    (void)snprintf(url, sizeof(url), "http://localhost/hook/%s", run->client->name);
    header_line(pid, sizeof(pid), "x-checkrein-pid", t->pid);
    header_line(agent, sizeof(agent), "x-checkrein-agent", env_or("CHECKREIN_AGENT", ""));
    header_line(version, sizeof(version), "x-checkrein-runtime-version", t->version);
    if (num_parse_duration_ms(span_str(t->deadline), &deadline_ms) != ST_OK) {
        return why_fail(why, ST_INVALID, "--deadline: a duration such as 30s or 23h");
    }
    const char *headers[] = {"Content-Type: application/json", pid, agent, version, NULL};
    struct http_client_request r = {
        .url = url,
        .unix_path = t->socket_path,
        .method = "POST",
        .headers = headers,
        .body = body,
        .answer_bytes = 2 * INPUT_BYTES,
        .timeout_ms = deadline_ms,
    };
    net_id id = 0;
    return net_http_request(net, &r, on_answer, run, &id, why);
}

static int run_hook(const struct client *client, const struct target *t)
{
    struct hook_run run = {.client = client,
                           .tokens = xcalloc(INPUT_TOKENS, sizeof(*run.tokens)),
                           .gated = true, /* until it is known to be a report */
                           .code = EXIT_USAGE};
    struct net *net = NULL;
    struct why why = {0};
    struct buf body;
    buf_init(&body, INPUT_BYTES + 65536);
    enum status st = read_input(&body, &why);
    if (st == ST_OK) {
        run.gated = is_gated(&run, buf_span(&body));
        st = socket_is_ours(t->socket_path, &why);
    }
    if (st == ST_OK) {
        st = loop_new(&run.loop, &why);
    }
    if (st == ST_OK) {
        st = net_new(&net, run.loop, &why);
    }
    if (st == ST_OK) {
        st = post(&run, net, t, buf_span(&body), &why);
    }
    if (st == ST_OK && !run.over) {
        st = loop_run(run.loop);
    }
    if (st != ST_OK) {
        say_why(&run, why.text);
    }
    net_free(net);
    loop_free(run.loop);
    buf_release(&body);
    free(run.tokens);
    return run.code;
}

const struct option_row OPTIONS_HOOK[] = {
    {"socket",                                                     "PATH", "the daemon's socket", offsetof(struct target, socket_path)},
    {"own-socket",                                       NULL, "that of this user's daemon, whatever the environment says",
     offsetof(struct target, own_socket)},
    {"deadline",                                                "TIME", "block the call after this long; keep it below the runtime's own",
     offsetof(struct target, deadline)},
    {"runtime-version",                                                 "V", "tell the daemon this version", offsetof(struct target, version)},
    {"pid", "N", "the runtime's process, when who runs this is only its shell",
     offsetof(struct target, pid)},
    {0                                                },
};

int cmd_hook(struct args *a)
{
    struct target t = {.deadline = "23h", .version = ""};
    enum status st = options_parse(a, &t);
    if (st != ST_OK) {
        return EXIT_USAGE;
    }
    const struct client *client = a->argc == 1 ? client_find(a->argv[0]) : NULL;
    if (!client) {
        app_say("the call is blocked: which runtime? `claude`, `gemini` and `codex` are known");
        return EXIT_USAGE;
    }
    static const char *const LOADS_CODE[] = {"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"};
    for (size_t i = 0; i < ARRAY_LEN(LOADS_CODE); i++) {
        (void)unsetenv(LOADS_CODE[i]); /* a project's settings may have set it */
    }
    char found[16];
    (void)snprintf(found, sizeof(found), "%d", (int)hook_client(client->name));
    if (!t.pid) {
        t.pid = client->pid_from ? env_or(client->pid_from, found) : found;
    }
    if (client->many && process_has_word(t.pid, client->many)) {
        t.pid = "";
    }
    char *standard = t.own_socket ? path_own_socket() : path_runtime("checkrein.sock");
    t.socket_path = t.socket_path ? t.socket_path : standard;
    int code = run_hook(client, &t);
    free(standard);
    return code;
}
