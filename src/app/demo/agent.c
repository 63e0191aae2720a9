/* agent.c - one demo agent: a process that takes the steps of its script, asks the gate before
 * every call as a runtime's hooks do, and really does what it was allowed, with the input that the
 * gate's answer carries.
 *
 * It fails closed: no answer, no call. When the daemon is gone, it ends.
 */
#include "../app_priv.h"
#include "demo_priv.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/file.h"
#include "checkrein/num.h"
#include "checkrein/ulid.h"

#define ANSWER_BYTES ((size_t)4 << 20)
#define OUTPUT_BYTES 65536

extern char **environ;

struct agent_args {
    const char *script, *url, *socket_path, *token_file, *dir, *session, *lease;
};

struct demo_agent {
    const struct agent_args *args;
    const struct script *script;
    const char *self;
    struct poster *poster;
    char session[ULID_BYTES];
    char subagent[ULID_BYTES];        /* of a child: its own id below its parent's session */
    struct demo_lease model, service; /* of the two services behind the gateway */
    int64_t turn;
    bool turn_over;
};

/* ---- hooks */

static json_t *hook(const struct demo_agent *a, const char *event)
{
    json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "hook_event_name", event, "session_id", a->session,
                          "cwd", a->args->dir, "permission_mode", "default");
    if (a->subagent[0]) {
        (void)json_object_set_new(o, "agent_id", json_string(a->subagent));
        (void)json_object_set_new(o, "agent_type", json_string(a->script->name));
    }
    return o;
}

/* The answer, or NULL when there was none: then the agent ends. */
static json_t *send_json(struct demo_agent *a, enum door door, const char *path, json_t *o)
{
    struct buf answer;
    struct why why = {0};
    buf_init(&answer, ANSWER_BYTES);
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    enum status st = poster_send(a->poster, door, path, span_str(text), &answer, &why);
    free(text);
    json_t *reply =
        st == ST_OK ? json_loadb(answer.data, answer.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    buf_release(&answer);
    return reply;
}

static bool tell(struct demo_agent *a, json_t *o)
{
    json_t *reply = send_json(a, DOOR_PORT, "/hook/claude", o);
    bool answered = reply != NULL;
    json_decref(reply);
    return answered;
}

static bool tell_event(struct demo_agent *a, const char *event)
{
    return tell(a, hook(a, event));
}

static bool telemetry(struct demo_agent *a, const char *event, json_t *attributes)
{
    struct {
        const char *key, *value;
    } common[] = {
        {"event.name", event           },
        {"session.id", a->session      },
        {"model",      a->script->model},
        {"agent_id",   a->subagent     }
    };
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        if (common[i].value[0]) {
            (void)json_array_append_new(attributes,
                                        json_pack("{s:s,s:{s:s}}", "key", common[i].key, "value",
                                                  "stringValue", common[i].value));
        }
    }
    json_t *o = json_pack("{s:[{s:[{s:[{s:o}]}]}]}", "resourceLogs", "scopeLogs", "logRecords",
                          "attributes", attributes);
    json_t *reply = send_json(a, DOOR_PORT, "/v1/logs", o);
    bool answered = reply != NULL;
    json_decref(reply);
    return answered;
}

/* ---- steps */

static bool tell_failure(struct demo_agent *a, const char *what)
{
    json_t *at = json_array();
    (void)json_array_append_new(
        at, json_pack("{s:s,s:{s:s}}", "key", "error", "value", "stringValue", what));
    json_t *o = hook(a, "StopFailure");
    (void)json_object_set_new(o, "last_assistant_message", json_string(what));
    return telemetry(a, "api_error", at) && tell(a, o);
}

static bool do_error(struct demo_agent *a, const struct step *s)
{
    return tell_failure(a, s->text);
}

/* Refused, it goes on after a while: whether it may is not its own to decide. */
static bool do_ask_of(struct demo_agent *a, const struct demo_lease *l, const char *path, json_t *o)
{
    static const struct timespec AFTER_REFUSAL = {.tv_sec = 5};
    char refusal[DEMO_REFUSAL_BYTES];
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    enum status st = demo_lease_ask(a->poster, l, path, span_str(text), refusal);
    free(text);
    if (st != ST_DENIED) {
        return st == ST_OK;
    }
    bool told = tell_failure(a, refusal);
    (void)nanosleep(&AFTER_REFUSAL, NULL);
    return told;
}

/* Each turn is another one, as a conversation that goes on is. */
static bool do_spend(struct demo_agent *a, const struct step *s)
{
    char words[64];
    (void)snprintf(words, sizeof(words), "turn %lld", (long long)++a->turn);
    return do_ask_of(a, &a->model, DEMO_MODEL_PATH,
                     json_pack("{s:s,s:I,s:I,s:[{s:s,s:s}]}", "model", a->script->model,
                               DEMO_TOKENS_IN, (json_int_t)(s->number / 4), DEMO_TOKENS_OUT,
                               (json_int_t)(s->number / 40), "messages", "role", "user", "content",
                               words));
}

static bool do_ask(struct demo_agent *a, const struct step *s)
{
    return do_ask_of(a, &a->service, s->text, json_object());
}

static bool do_prompt(struct demo_agent *a, const struct step *s)
{
    json_t *o = hook(a, "UserPromptSubmit");
    (void)json_object_set_new(o, "prompt", json_string(s->text));
    json_t *reply = send_json(a, DOOR_PORT, "/hook/claude", o);
    const char *decision = json_string_value(json_object_get(reply, "decision"));
    bool go_on = reply && !(decision && strcmp(decision, "block") == 0);
    json_decref(reply);
    return go_on;
}

static bool do_wait(struct demo_agent *a, const struct step *s)
{
    (void)a;
    struct timespec t = {.tv_sec = s->number / 1000, .tv_nsec = s->number % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
    return true;
}

static bool do_child(struct demo_agent *a, const struct step *s)
{
    char child_id[ULID_BYTES];
    char parent[16];
    ulid_make(child_id);
    (void)snprintf(parent, sizeof(parent), "%d", (int)getpid());
    const char *argv[] = {a->self,
                          "demo-agent",
                          "--script",
                          s->text,
                          "--url",
                          a->args->url,
                          "--socket",
                          a->args->socket_path,
                          "--token-file",
                          a->args->token_file,
                          "--dir",
                          a->args->dir,
                          "--session",
                          a->session,
                          "--child",
                          child_id,
                          "--parent",
                          parent,
                          "--lease",
                          a->model.id,
                          NULL};
    pid_t pid = 0;
    int state = 0;
    if (posix_spawn(&pid, a->self, NULL, NULL, (char **)argv, environ) != 0) {
        return false;
    }
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(state) && WEXITSTATUS(state) == EXIT_DONE;
}

/* ---- calls at the gate */

static const struct {
    enum step_kind kind;
    const char *tool, *key;
} TOOLS[] = {
    {STEP_BASH,  "Bash",     "command"  },
    {STEP_WRITE, "Write",    "file_path"},
    {STEP_READ,  "Read",     "file_path"},
    {STEP_FETCH, "WebFetch", "url"      },
    {STEP_CHILD, "Agent",    "prompt"   },
};

static json_t *input_of(const struct demo_agent *a, const struct step *s, const char *key)
{
    char path[4096];
    bool is_file = s->kind == STEP_WRITE || s->kind == STEP_READ;
    (void)snprintf(path, sizeof(path), "%s/%s", a->args->dir, s->text);
    json_t *input = json_pack("{s:s}", key, is_file ? path : s->text);
    if (s->words) {
        (void)json_object_set_new(input, s->kind == STEP_WRITE ? "content" : "description",
                                  json_string(s->words));
    }
    return input;
}

static const char *file_name(const json_t *input)
{
    const char *path = json_string_value(json_object_get(input, "file_path"));
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : "";
}

/* What was allowed is done with the input of the answer: exactly what was shown. */
static void perform(struct demo_agent *a, const struct step *s, const json_t *input,
                    struct outcome_of_call *out)
{
    const char *command = json_string_value(json_object_get(input, "command"));
    const char *content = json_string_value(json_object_get(input, "content"));
    if (s->kind == STEP_BASH && command) {
        call_shell(a->args->dir, command, out);
    } else if (s->kind == STEP_WRITE) {
        call_write(a->args->dir, file_name(input), span_str(content), out);
    } else if (s->kind == STEP_READ) {
        call_read(a->args->dir, file_name(input), out);
    } else if (s->kind == STEP_CHILD) {
        out->succeeded = do_child(a, s);
    } else {
        buf_addstr(&out->output, "a demo agent has no network");
    }
}

static bool report(struct demo_agent *a, const char *tool, const char *call_id, const json_t *input,
                   const struct outcome_of_call *out)
{
    json_t *o = hook(a, out->succeeded ? "PostToolUse" : "PostToolUseFailure");
    (void)json_object_set_new(o, "tool_name", json_string(tool));
    (void)json_object_set_new(o, "tool_use_id", json_string(call_id));
    (void)json_object_set_new(o, "tool_input", json_deep_copy(input));
    json_t *text = json_stringn(out->output.data, out->output.len);
    text = text ? text : json_string("(output that is not text)");
    if (out->succeeded) {
        (void)json_object_set_new(o, "tool_response", json_pack("{s:o}", "stdout", text));
    } else {
        (void)json_object_set_new(o, "error", text);
    }
    return tell(a, o);
}

static const json_t *allowed_input(const json_t *reply)
{
    const json_t *specific = json_object_get(reply, "hookSpecificOutput");
    const char *verdict = json_string_value(json_object_get(specific, "permissionDecision"));
    return verdict && strcmp(verdict, "allow") == 0 ? json_object_get(specific, "updatedInput")
                                                    : NULL;
}

static bool do_call(struct demo_agent *a, const struct step *s)
{
    size_t t = 0;
    while (t + 1 < ARRAY_LEN(TOOLS) && TOOLS[t].kind != s->kind) {
        t++;
    }
    char call_id[ULID_BYTES];
    ulid_make(call_id);
    json_t *o = hook(a, "PreToolUse");
    (void)json_object_set_new(o, "tool_name", json_string(TOOLS[t].tool));
    (void)json_object_set_new(o, "tool_use_id", json_string(call_id));
    (void)json_object_set_new(o, "tool_input", input_of(a, s, TOOLS[t].key));
    json_t *reply = send_json(a, DOOR_PORT, "/hook/claude", o);
    const json_t *input = allowed_input(reply);
    bool answered = reply != NULL;
    a->turn_over = json_is_false(json_object_get(reply, "continue"));
    if (input) {
        struct outcome_of_call out = {0};
        buf_init(&out.output, OUTPUT_BYTES);
        perform(a, s, input, &out);
        answered = report(a, TOOLS[t].tool, call_id, input, &out);
        buf_release(&out.output);
    }
    json_decref(reply);
    return answered;
}

static bool do_stop(struct demo_agent *a, const struct step *s)
{
    (void)s;
    return tell_event(a, "Stop");
}

static bool (*const STEPS[])(struct demo_agent *a, const struct step *s) = {
    [STEP_PROMPT] = do_prompt, [STEP_SPEND] = do_spend, [STEP_WAIT] = do_wait,
    [STEP_BASH] = do_call,     [STEP_WRITE] = do_call,  [STEP_READ] = do_call,
    [STEP_FETCH] = do_call,    [STEP_CHILD] = do_call,  [STEP_ERROR] = do_error,
    [STEP_STOP] = do_stop,     [STEP_ASK] = do_ask,
};

/* One round of the script; false when the agent is to end. */
static bool play(struct demo_agent *a)
{
    for (const struct step *s = a->script->steps; s->kind != STEP_END; s++) {
        if (!STEPS[s->kind](a, s)) {
            return false;
        }
        if (a->turn_over) {
            a->turn_over = false;
            return tell_event(a, "Stop") && !a->script->child;
        }
    }
    return true;
}

/* A helper's comes of its parent's. */
static bool get_leases(struct demo_agent *a)
{
    char id[sizeof("claude:/") + (size_t)2 * ULID_BYTES];
    struct why why = {0};
    (void)snprintf(id, sizeof(id), "claude:%s%s%s", a->session, a->subagent[0] ? "/" : "",
                   a->subagent);
    const struct demo_wish model = {.upstream = DEMO_MODELS,
                                    .agent = id,
                                    .scopes = a->script->scopes,
                                    .parent = a->args->lease ? a->args->lease : ""};
    const struct demo_wish service = {
        .upstream = DEMO_SERVICE, .agent = id, .scopes = a->script->asks, .parent = ""};
    enum status st = demo_lease_get(a->poster, &model, &a->model, &why);
    if (st == ST_OK && a->script->asks) {
        st = demo_lease_get(a->poster, &service, &a->service, &why);
    }
    return st == ST_OK || (st == ST_DENIED && tell_failure(a, why.text));
}

static bool begin(struct demo_agent *a)
{
    if (a->script->child) {
        return tell_event(a, "SubagentStart") && get_leases(a);
    }
    json_t *o = hook(a, "SessionStart");
    (void)json_object_set_new(o, "source", json_string("startup"));
    (void)json_object_set_new(o, "model", json_string(a->script->model));
    json_t *reply = send_json(a, DOOR_SOCKET, "/hook/claude", o);
    bool answered = reply != NULL;
    json_decref(reply);
    return answered && get_leases(a);
}

static int run(struct demo_agent *a)
{
    bool go_on = begin(a);
    while (go_on) {
        go_on = play(a) && !a->script->child;
    }
    (void)tell_event(a, a->script->child ? "SubagentStop" : "SessionEnd");
    return EXIT_DONE;
}

static void on_end(int signo)
{
    (void)signo;
    (void)kill(0, SIGKILL);
}

/* Whoever starts it may be killed at any time: then it ends at once, with the shells and helpers of
 * its group. False: that has happened already. */
static bool end_with_parent(const char *parent, bool is_helper)
{
    int64_t pid = 0;
    if (!is_helper && setpgid(0, 0) != 0) {
        return false;
    }
    const struct sigaction sa = {.sa_handler = on_end};
    (void)sigaction(SIGTERM, &sa, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    return parent && num_parse(span_str(parent), 1, INT32_MAX, &pid) == ST_OK &&
           getppid() == (pid_t)pid;
}

struct choices {
    struct agent_args given;
    const char *child, *parent;
};

const struct option_row OPTIONS_DEMO_AGENT[] = {
    {"script",            "NAME", "", offsetof(struct choices, given.script)},
    {"url",                 "URL", "", offsetof(struct choices, given.url)},
    {"socket",      "PATH", "", offsetof(struct choices, given.socket_path)},
    {"token-file",               "FILE", "", offsetof(struct choices, given.token_file)},
    {"dir",                 "FOLDER", "", offsetof(struct choices, given.dir)},
    {"session",         "ID", "", offsetof(struct choices, given.session)},
    {"lease",            "ID", "", offsetof(struct choices, given.lease)},
    {"child",                 "ID", "", offsetof(struct choices, child)},
    {"parent", "PID", "", offsetof(struct choices, parent)},
    {0       },
};

int cmd_demo_agent(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    struct agent_args g = ch.given;
    if (st != ST_OK || !g.script || !g.url || !g.socket_path || !g.token_file || !g.dir) {
        return EXIT_USAGE;
    }
    if (!end_with_parent(ch.parent, ch.child != NULL)) {
        return EXIT_TROUBLE;
    }
    struct demo_agent agent = {.args = &g, .script = script_find(g.script), .self = a->self};
    struct buf token;
    struct why why = {0};
    buf_init(&token, 256);
    if (!agent.script || file_read_secret(g.token_file, &token, &why) != ST_OK) {
        buf_release(&token);
        return EXIT_TROUBLE;
    }
    ulid_make(agent.session);
    if (ch.child) {
        (void)span_copy(span_str(g.session), agent.session, sizeof(agent.session));
        (void)span_copy(span_str(ch.child), agent.subagent, sizeof(agent.subagent));
    }
    agent.poster = poster_new(g.url, g.socket_path, span_trim(buf_span(&token)));
    buf_wipe(&token);
    int code = run(&agent);
    poster_free(agent.poster);
    wipe(&agent.model, sizeof(agent.model));
    wipe(&agent.service, sizeof(agent.service));
    return code;
}
