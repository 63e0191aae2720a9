/* export.c - `checkrein export`: a record for another program. */
#include "export_priv.h"

#include <stdlib.h>
#include <string.h>

#include "../replay/moment.h"
#include "checkrein/alloc.h"
#include "checkrein/clock.h"

#define ITEMS_ALL    (ITEM_START | ITEM_TRANSFER | ITEM_COMMAND | ITEM_STATE | ITEM_NEWS)
#define ITEMS_EVENTS (ITEM_STATE | ITEM_NEWS)

/* clang-format off */
static const struct export_format EXPORT_FORMATS[] = {
    {"jsonl",       export_items,  ITEMS_ALL,    NULL,      jsonl_item},
    {"cloudevents", export_items,  ITEMS_EVENTS, NULL,      cloudevents_item},
    {"ocsf",        export_items,  ITEM_NEWS,    NULL,      ocsf_item},
    {"cef",         export_items,  ITEM_NEWS,    NULL,      cef_item},
    {"csv",         export_items,  ITEMS_EVENTS, csv_begin, csv_item},
    {"asciicast",   asciicast_run, 0,            NULL,      NULL},
};

const struct option_row OPTIONS_EXPORT[] = {
    {"format", "jsonl|cloudevents|ocsf|cef|csv|asciicast", "in which form", offsetof(struct export_choices, format)},
    {"from", "TIME", "what was recorded then or later: 14:03:20, 2026-11-17 14:03 or -5m, UTC", offsetof(struct export_choices, from)},
    {"to", "TIME", "what was recorded then or before", offsetof(struct export_choices, to)},
    {"agent", "AGENT", "of this agent only: its id or name", offsetof(struct export_choices, agent)},
    {"output", "FILE", "into a new file that only this user reads; else to standard output", offsetof(struct export_choices, output)},
    {"force", NULL, "replace a file that is there", offsetof(struct export_choices, force)},
    {"size", "COLSxROWS", "of an asciicast: 120x40", offsetof(struct export_choices, size)},
    {"idle", "SECONDS", "of an asciicast: how long nothing happens at most, 3", offsetof(struct export_choices, idle)},
    {"theme", "NAME", "of an asciicast: dark, light, mono, deuteranopia, or a path", offsetof(struct export_choices, theme)},
    {"config", "FILE", "read this file", offsetof(struct export_choices, config)},
    {0},
};
/* clang-format on */

const struct export_format *export_format_at(size_t i)
{
    return i < ARRAY_LEN(EXPORT_FORMATS) ? &EXPORT_FORMATS[i] : NULL;
}

static const struct export_format *format_find(const char *name)
{
    const struct export_format *f = NULL;
    for (size_t i = 0; name && (f = export_format_at(i)) && strcmp(f->name, name) != 0; i++) {
    }
    return name ? f : NULL;
}

/* ---- what goes with what */

static enum status check_choices(const struct export_choices *ch, const struct export_format *f,
                                 struct why *why)
{
    bool is_screen = f && !f->item;
    if (!f) {
        return why_fail(why, ST_INVALID,
                        "--format %s: jsonl, cloudevents, ocsf, cef, csv or asciicast",
                        ch->format ? ch->format : "is missing");
    }
    if (is_screen && ch->agent) {
        return why_fail(why, ST_INVALID, "--agent: an asciicast shows the screen, with all agents");
    }
    if (!is_screen && (ch->size || ch->idle || ch->theme)) {
        return why_fail(why, ST_INVALID, "--size, --idle and --theme are of an asciicast");
    }
    if (ch->force && !ch->output) {
        return why_fail(why, ST_INVALID, "--force goes with --output");
    }
    return ST_OK;
}

static enum status take_times(struct export_job *job, struct why *why)
{
    int64_t now_us = clock_wall_us();
    enum status st = ST_OK;
    job->from_us = INT64_MIN;
    job->to_us = INT64_MAX;
    if (job->given->from) {
        st = moment_parse(span_str(job->given->from), now_us, &job->from_us, why);
    }
    if (st == ST_OK && job->given->to) {
        st = moment_parse(span_str(job->given->to), now_us, &job->to_us, why);
    }
    return st == ST_OK && job->from_us > job->to_us
               ? why_fail(why, ST_INVALID, "--from is later than --to")
               : st;
}

/* ---- doing it */

static void say_left_out(const struct export_job *job)
{
    if (job->left_out) {
        app_say("%llu left out, the first: %s", (unsigned long long)job->left_out, job->first.text);
    }
}

static int code_of(const struct export_job *job, enum status st, const struct why *why)
{
    if (st != ST_OK) {
        return app_trouble(why, EXIT_TROUBLE);
    }
    say_left_out(job);
    if (job->given->agent && !job->items) {
        app_say("nothing of an agent %s", job->given->agent);
        return EXIT_REFUSED;
    }
    return job->left_out ? EXIT_TROUBLE : EXIT_DONE;
}

static int run(struct export_job *job, const struct export_format *f)
{
    struct export_output out = {0};
    struct why why = {0};
    struct journal_cursor *readable = NULL;
    enum status st = journal_cursor_open(&readable, job->record, &why); /* before a file is made */
    journal_cursor_close(readable);
    if (st == ST_OK) {
        st = export_open(&out, job->given->output, job->given->force, &why);
    }
    if (st == ST_OK) {
        job->out = &out;
        st = f->run(job, f, &why);
    }
    st = export_close(&out, st, &why);
    return code_of(job, st, &why);
}

static int export_record(const struct export_choices *ch, const char *file)
{
    const struct export_format *f = format_find(ch->format);
    struct export_job job = {.given = ch};
    struct conf conf;
    struct why why = {0};
    if (check_choices(ch, f, &why) != ST_OK || take_times(&job, &why) != ST_OK) {
        return app_trouble(&why, EXIT_USAGE);
    }
    if (config_load(&conf, ch->config, &why) != ST_OK) {
        conf_release(&conf);
        return app_trouble(&why, EXIT_TROUBLE);
    }
    char *standard = console_record(&conf);
    job.conf = &conf;
    job.record = file ? file : standard;
    int code = run(&job, f);
    free(standard);
    conf_release(&conf);
    return code;
}

int cmd_export(struct args *a)
{
    struct export_choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || a->argc > 1) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    return export_record(&ch, a->argc ? a->argv[0] : NULL);
}
