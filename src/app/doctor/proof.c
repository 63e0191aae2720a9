/* proof.c - a test call through the hook that is installed, as the client would make it, and the
 * same hook with nobody there. The daemon refuses every call of this session (DOCTOR_SESSION), so
 * nothing is left waiting.
 *
 * Only hooks that are exactly as `connect` writes them are run: what else stands in a settings file
 * is not ours to start.
 */
#include "doctor_priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/govd.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

#include "../program.h"

#define NONCE_BYTES  16
#define ANSWER_BYTES 65536
#define HOOK_WAIT_MS 10000

struct proof {
    const struct doctor_runtime *runtime;
    char nonce[HEX_BYTES(NONCE_BYTES)];
    struct buf call;
    struct tape j; /* of the installed hook */
    struct tape_token *tokens;
    struct buf text;
};

static void proof_open(struct proof *p, const struct doctor *d)
{
    uint8_t random[NONCE_BYTES];
    *p = (struct proof){.runtime = d->runtime,
                        .tokens = xcalloc(SETTINGS_TOKENS, sizeof(*p->tokens))};
    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), p->nonce);
    buf_init(&p->call, 4096);
    buf_printf(&p->call,
               "{\"hook_event_name\":\"%s\",\"session_id\":\"" DOCTOR_SESSION
               "\",\"cwd\":\"/\",\"tool_name\":"
               "\"Doctor\",\"tool_use_id\":\"doctor\",\"tool_input\":{\"nonce\":\"%s\"}}",
               p->runtime->gate, p->nonce);
    buf_init(&p->text, SETTINGS_BYTES);
    (void)buf_reserve(&p->text, SETTINGS_BYTES);
    if (tape_parse(&p->j, d->in_force->look.gate, TAPE_STRICT, p->tokens, SETTINGS_TOKENS) !=
        ST_OK) {
        p->j.count = 0; /* cannot be: it is part of a text that was read */
    }
}

static void proof_close(struct proof *p)
{
    buf_release(&p->call);
    buf_wipe(&p->text);
    free(p->tokens);
}

static struct span text_at(const char *path, const struct tape *j, struct buf *text)
{
    return tape_string(j, tape_path(j, TAPE_ROOT, path), text);
}

/* A refusal in the form that the client honours, of this very call. */
static bool is_refusal(const struct proof *p, struct span answer)
{
    struct tape_token tokens[64];
    struct tape j;
    struct buf text;
    buf_init(&text, ANSWER_BYTES);
    (void)buf_reserve(&text, ANSWER_BYTES);
    if (tape_parse(&j, answer, TAPE_STRICT, tokens, ARRAY_LEN(tokens)) != ST_OK) {
        buf_release(&text);
        return false;
    }
    struct span reason = text_at(p->runtime->refusal.reason, &j, &text);
    const char *event = p->runtime->refusal.event;
    bool refused = (!event || span_is(text_at(event, &j, &text), p->runtime->gate)) &&
                   span_is(text_at(p->runtime->refusal.verdict, &j, &text), "deny") && reason.n &&
                   memmem(reason.p, reason.n, p->nonce, strlen(p->nonce));
    buf_release(&text);
    return refused;
}

static void tell(struct doctor *d, bool refused, const char *how, const char *instead)
{
    d->proved = refused;
    if (refused) {
        found(d, "proof", LEVEL_OK, NULL,
              "a test call through the %s was refused by the daemon, and is in its record", how);
    } else {
        char todo[WORDS_BYTES];
        (void)snprintf(todo, sizeof(todo), "%s, and restart the daemon when that does not help",
                       d->again);
        found(d, "proof", LEVEL_FAIL, todo, "a test call through the %s was not refused: %s", how,
              instead);
    }
}

/* ---- the HTTP form: the address and the token that the settings name */

static void prove_http(struct doctor *d, struct proof *p)
{
    static const char *const HEADERS[] = {"Content-Type: application/json",
                                          "X-Checkrein-Agent: doctor", NULL};
    char url[64];
    char instead[WHY_TEXT_BYTES + 64];
    struct why why = {0};
    struct buf answer;
    struct span bearer =
        tape_string(&p->j, tape_path(&p->j, TAPE_ROOT, "headers/Authorization"), &p->text);
    bool ours = span_copy(tape_string(&p->j, tape_get(&p->j, TAPE_ROOT, "url"), &p->text), url,
                          sizeof(url));
    buf_init(&answer, ANSWER_BYTES);
    struct question q = {.url = url,
                         .method = "POST",
                         .headers = HEADERS,
                         .bearer = span_sub(bearer, sizeof("Bearer ") - 1, bearer.n),
                         .body = buf_span(&p->call)};
    int status = ours ? ask_http(&q, &answer, &why) : 0;
    (void)snprintf(instead, sizeof(instead), "HTTP %d %s", status, why.text);
    tell(d, status == 200 && is_refusal(p, buf_span(&answer)), "installed HTTP hook", instead);
    buf_release(&answer);
}

/* ---- the command form: the line that the settings hold, in a shell */

static int run_line(const struct proof *p, const char *line, struct buf *out, struct buf *err)
{
    const char *const argv[] = {p->runtime->shell, "-c", line, NULL};
    struct why why;
    struct program run = {.argv = argv,
                          .input = buf_span(&p->call),
                          .out = out,
                          .err = err,
                          .deadline_ms = HOOK_WAIT_MS};
    return program_run(&run, &why) == ST_OK ? run.code : -1;
}

static char *line_of(struct proof *p)
{
    struct span line = tape_string(&p->j, tape_get(&p->j, TAPE_ROOT, "command"), &p->text);
    return line.n ? xstrndup(line.p, line.n) : xstrdup("exit 1");
}

static void prove_command(struct doctor *d, struct proof *p)
{
    char instead[64];
    struct buf out;
    char *line = line_of(p);
    buf_init(&out, ANSWER_BYTES);
    int code = run_line(p, line, &out, NULL);
    (void)snprintf(instead, sizeof(instead), "exit code %d", code);
    tell(d, code == 0 && is_refusal(p, buf_span(&out)), "installed command hook", instead);
    buf_release(&out);
    free(line);
}

void check_proof(struct doctor *d)
{
    struct proof p;
    if (!d->in_force) {
        found(d, "proof", LEVEL_FAIL, d->again, "there is no hook to try");
        return;
    }
    proof_open(&p, d);
    if (d->in_force->look.http) {
        prove_http(d, &p);
    } else {
        prove_command(d, &p);
    }
    proof_close(&p);
}

/* ---- with nobody there */

/* The same line, with one thing in it that does not exist. It blocks with a code and words: a
 * client may need both. */
static void try_without(struct doctor *d, const struct proof *p, const char *what, const char *self,
                        const char *socket)
{
    struct buf line;
    struct buf out;
    struct buf err;
    buf_init(&line, 16384);
    buf_init(&out, ANSWER_BYTES);
    buf_init(&err, ANSWER_BYTES);
    struct hook_command c = {
        .kind = d->runtime->kind, .role = ROLE_GATE, .self = self, .socket_path = socket};
    hook_command_write(&line, &c);
    int code = run_line(p, line.data, &out, &err);
    if (code == 2 && err.len) {
        found(d, "absence", LEVEL_OK, NULL, "without %s, the command hook blocks (exit code 2)",
              what);
    } else {
        found(d, "absence", LEVEL_FAIL, "install checkrein again",
              "without %s, the command hook ends with %d: the call would run", what, code);
    }
    buf_release(&line);
    buf_release(&out);
    buf_release(&err);
}

void check_absence(struct doctor *d)
{
    struct proof p;
    char folder[] = "/tmp/checkrein-doctor-XXXXXX";
    if (!d->in_force) {
        return;
    }
    if (d->in_force->look.http) {
        bool closed = d->runtime->http_fails_closed(span_str(d->version));
        found(d, "absence", closed ? LEVEL_OK : LEVEL_FAIL, d->again,
              closed ? "without the daemon, this client (%s) blocks by itself (onFailure)"
                     : "without the daemon, it cannot be told that this client (%s) blocks",
              d->version[0] ? d->version : "version not known");
        return;
    }
    if (!mkdtemp(folder)) {
        found(d, "absence", LEVEL_WARN, "make room in /tmp",
              "the hook could not be tried without the daemon");
        return;
    }
    char *nowhere = path_join(folder, "nowhere");
    proof_open(&p, d);
    try_without(d, &p, "the daemon", d->in_force->look.self, nowhere);
    try_without(d, &p, "the executable", nowhere, nowhere);
    proof_close(&p);
    (void)rmdir(folder);
    free(nowhere);
}
