#include "doctor_priv.h"

#include <stdarg.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

/* In this order: each may rest on what those before it found. */
static void (*const CHECKS[])(struct doctor *d) = {
    check_configuration, check_token,    check_socket,  check_port,  check_record,
    check_client,        check_settings, check_besides, check_proof, check_absence,
};

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
    d->socket_path = path_chosen(ch->socket, d->conf.serve.socket, path_runtime("checkrein.sock"));
    d->own_socket = path_own_socket();
    d->token_path = path_chosen(ch->token, d->conf.serve.token_file, path_state("hook.token"));
    d->record = path_chosen(ch->record, d->conf.serve.record, path_state("daemon"));
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
    if (!ch->json) {
        tell_text(d);
    } else if (tell_json(d) != ST_OK) {
        return EXIT_TROUBLE;
    }
    return gate_holds(d) && fflush(stdout) == 0 ? EXIT_DONE : EXIT_TROUBLE;
}

int cmd_doctor(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    const struct doctor_runtime *runtime =
        st == ST_OK && a->argc <= 1 ? doctor_runtime(a->argc ? a->argv[0] : "claude") : NULL;
    if (!runtime) {
        app_say("which runtime? `claude`, `gemini` and `codex` are known");
        return EXIT_USAGE;
    }
    struct doctor *d = xcalloc(1, sizeof(*d));
    d->runtime = runtime;
    (void)snprintf(d->again, sizeof(d->again), "checkrein connect %s%s", runtime->kind->runtime,
                   runtime->kind == &settings_codex ? " --hooks" : "");
    buf_init(&d->token, 256);
    int code = run(d, &ch);
    doctor_close(d);
    return code;
}
