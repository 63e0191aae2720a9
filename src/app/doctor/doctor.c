#include "doctor_priv.h"

#include <stdarg.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "checkrein/text.h"
#include "checkrein/wire.h"

#define JSON_BYTES ((size_t)1 << 20)

/* In this order: each may rest on what those before it found. */
static void (*const CHECKS[])(struct doctor *d) = {
    check_configuration, check_token,    check_socket, check_port,    check_record,
    check_client,        check_settings, check_proof,  check_absence,
};

static const char *const LEVELS[] = {
    [LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "FAIL"};

void found(struct doctor *d, const char *check, enum finding_level level, const char *todo,
           const char *fmt, ...)
{
    if (d->count == FINDINGS_MAX) {
        return;
    }
    struct finding *f = &d->findings[d->count++];
    *f = (struct finding){.check = check, .level = level};
    if (todo && level != LEVEL_OK) {
        (void)snprintf(f->todo, sizeof(f->todo), "%s", todo);
    }
    struct buf b;
    buf_init(&b, 8192);
    va_list ap;
    va_start(ap, fmt);
    (void)buf_vprintf(&b, fmt, ap);
    va_end(ap);
    (void)span_copy(buf_span(&b), f->words, sizeof(f->words));
    buf_release(&b);
}

/* ---- telling */

static bool gate_holds(const struct doctor *d)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->findings[i].level == LEVEL_FAIL) {
            return false;
        }
    }
    return d->proved;
}

static void print_finding(const struct finding *f)
{
    char words[2 * WORDS_BYTES];
    char todo[2 * WORDS_BYTES];
    (void)text_plain_of(span_str(f->words), words, sizeof(words));
    (void)text_plain_of(span_str(f->todo), todo, sizeof(todo));
    (void)printf("%-4s  %-18s %s\n", LEVELS[f->level], f->check, words);
    if (f->todo[0]) {
        (void)printf("%-24s -> %s\n", "", todo);
    }
}

static void print_text(const struct doctor *d, bool holds)
{
    for (size_t i = 0; i < d->count; i++) {
        print_finding(&d->findings[i]);
    }
    (void)printf("\n%s\n", holds ? "the gate holds: no call of a tool runs here without a decision"
                                 : "THE GATE DOES NOT HOLD");
    if (!d->in_force) {
        return;
    }
    (void)printf("\nan agent that gets a shell command approved could still\n");
    for (size_t i = 0; way_past(d->in_force->scope, i); i++) {
        (void)printf("  - %s\n", way_past(d->in_force->scope, i));
    }
    if (!d->in_force->scope || d->in_force->scope->who != SCOPE_MACHINE) {
        (void)printf("fewer of these remain with managed settings: checkrein connect claude "
                     "--scope managed\n");
    }
}

static void put(struct buf *out, const char *name, const char *text)
{
    char plain[2 * WORDS_BYTES];
    (void)text_plain_of(span_str(text), plain, sizeof(plain));
    buf_printf(out, "\"%s\":", name);
    tape_quote(out, span_str(plain));
}

static void json_findings(const struct doctor *d, struct buf *out)
{
    static const char *const WORDS[] = {
        [LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "fail"};
    for (size_t i = 0; i < d->count; i++) {
        const struct finding *f = &d->findings[i];
        buf_addstr(out, i ? ",{" : "{");
        put(out, "check", f->check);
        buf_addch(out, ',');
        put(out, "result", WORDS[f->level]);
        buf_addch(out, ',');
        put(out, "words", f->words);
        if (f->todo[0]) {
            buf_addch(out, ',');
            put(out, "todo", f->todo);
        }
        buf_addch(out, '}');
    }
}

static enum status print_json(const struct doctor *d, bool holds)
{
    struct buf json;
    struct buf ascii;
    buf_init(&json, JSON_BYTES);
    buf_init(&ascii, 6 * JSON_BYTES);
    buf_printf(&json, "{\"holds\":%s,\"scope\":", holds ? "true" : "false");
    tape_quote(&json, d->in_force && d->in_force->scope ? span_str(d->in_force->scope->name)
                                                        : SPAN("none"));
    buf_addstr(&json, ",\"checks\":[");
    json_findings(d, &json);
    buf_addstr(&json, "],\"past\":[");
    for (size_t i = 0; d->in_force && way_past(d->in_force->scope, i); i++) {
        buf_addstr(&json, i ? "," : "");
        tape_quote(&json, span_str(way_past(d->in_force->scope, i)));
    }
    buf_addstr(&json, "]}");
    enum status st = buf_status(&json) == ST_OK ? ascii_json(&ascii, buf_span(&json)) : ST_LIMIT;
    if (st == ST_OK &&
        (fwrite(ascii.data, 1, ascii.len, stdout) != ascii.len || fputc('\n', stdout) == EOF)) {
        st = ST_IO;
    }
    buf_release(&json);
    buf_release(&ascii);
    return st;
}

/* ---- running */

struct choices {
    const char *config, *socket, *token, *record, *port, *binary, *version, *json;
};

#define AT(member) offsetof(struct choices, member)

const struct option_row OPTIONS_DOCTOR[] = {
    {"config",                                    "FILE", "read this file", AT(config)},
    {"json",                           NULL, "one JSON object", AT(json)},
    {"binary",                                           "FILE", "the installed client, to ask its version", AT(binary)},
    {"runtime-version",             "V", "take this version instead of asking", AT(version)},
    {"socket",                                   "PATH", "the daemon's socket", AT(socket)},
    {"token-file",                                    "FILE", "the daemon's token", AT(token)},
    {"hook-port", "N", "the daemon's hook port", AT(port)},
    {"journal",                                           "FOLDER", "the daemon's record", AT(record)},
    {0                           },
};

static char *first_of(const char *argument, const char *configured, char *standard)
{
    const char *chosen = argument ? argument : configured[0] ? configured : NULL;
    if (!chosen) {
        return standard;
    }
    free(standard);
    return xstrdup(chosen);
}

static enum status doctor_open(struct doctor *d, const struct choices *ch, struct why *why)
{
    int64_t port = d->conf.serve.hook_port;
    if (ch->port && num_parse(span_str(ch->port), 1, 65535, &port) != ST_OK) {
        return why_fail(why, ST_INVALID, "--hook-port: 1 to 65535");
    }
    d->port = (int)port;
    d->binary = ch->binary;
    d->given_version = ch->version;
    d->given_port = ch->port;
    d->socket_path = first_of(ch->socket, d->conf.serve.socket, path_runtime("checkrein.sock"));
    d->own_socket = path_own_socket();
    d->token_path = first_of(ch->token, d->conf.serve.token_file, path_state("hook.token"));
    d->record = first_of(ch->record, d->conf.serve.record, path_state("daemon"));
    return ST_OK;
}

static void doctor_close(struct doctor *d)
{
    for (size_t i = 0; i < d->file_count; i++) {
        free(d->files[i].path);
        buf_wipe(&d->files[i].text);
    }
    conf_release(&d->conf);
    buf_wipe(&d->token);
    free(d->socket_path);
    free(d->own_socket);
    free(d->token_path);
    free(d->record);
    free(d);
}

static int run(struct doctor *d, const struct choices *ch)
{
    struct why why = {0};
    if (config_load(&d->conf, ch->config, &why) != ST_OK) {
        found(d, "configuration", LEVEL_FAIL, "repair the file: nothing else was looked at", "%s",
              why.text);
    } else if (doctor_open(d, ch, &why) != ST_OK) {
        return app_trouble(&why, EXIT_USAGE);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(CHECKS); i++) {
            CHECKS[i](d);
        }
    }
    bool holds = gate_holds(d);
    if (!ch->json) {
        print_text(d, holds);
    } else if (print_json(d, holds) != ST_OK) {
        return EXIT_TROUBLE;
    }
    return holds && fflush(stdout) == 0 ? EXIT_DONE : EXIT_TROUBLE;
}

int cmd_doctor(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    if (st != ST_OK || a->argc > 1 || (a->argc == 1 && strcmp(a->argv[0], "claude") != 0)) {
        app_say("which runtime? `claude` is known");
        return EXIT_USAGE;
    }
    struct doctor *d = xcalloc(1, sizeof(*d));
    buf_init(&d->token, 256);
    int code = run(d, &ch);
    doctor_close(d);
    return code;
}
