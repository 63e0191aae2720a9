/* sessions.c - `checkrein sessions`: what is recorded, agent by agent, and whether it is intact.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../verify.h"
#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "checkrein/text.h"
#include "words.h"

#define STAMP_CHARS 16 /* 2026-11-17T14:03 */

struct choices {
    const char *config, *json;
};

const struct option_row OPTIONS_SESSIONS[] = {
    {"config",          "FILE", "read this file", offsetof(struct choices, config)},
    {"json", NULL, "one JSON object a line: each agent, then the record",
     offsetof(struct choices, json)},
    {0         },
};

/* ---- for people */

static void print_head(void)
{
    (void)printf("%-20s %-11s %-16s %-16s %7s %6s %8s %8s %9s %9s %8s %6s %-16s %s\n", "agent",
                 "runtime", "for", "started", "length", "calls", "tok in", "tok out", "cost",
                 "approved", "denied", "failed", "state", "id");
}

/* "3+41": by a person, here or in its own client, and by a rule. */
static void decided_text(const uint64_t by[DECIDER_COUNT], char out[FIGURE_BYTES])
{
    (void)snprintf(out, FIGURE_BYTES, "%" PRIu64 "+%" PRIu64,
                   by[DECIDER_OPERATOR] + by[DECIDER_ELSEWHERE], by[DECIDER_RULE]);
}

static void print_run(const struct run *r)
{
    char name[21];
    char runtime[12];
    char whom[17];
    char id[200];
    char when[TIME_TEXT_BYTES];
    char took[FIGURE_BYTES];
    char cost[FIGURE_BYTES];
    char in[FIGURE_BYTES];
    char out[FIGURE_BYTES];
    char approved[FIGURE_BYTES];
    char denied[FIGURE_BYTES];
    time_format(r->first_us, when);
    when[STAMP_CHARS] = '\0';
    when[10] = ' ';
    took_text(r->last_us - r->first_us, took);
    cost_text(r, cost);
    tokens_text(r, r->tokens_in, in);
    tokens_text(r, r->tokens_out, out);
    decided_text(r->approved, approved);
    decided_text(r->denied, denied);
    (void)printf(
        "%-20s %-11s %-16s %-16s %7s %6" PRIu64 " %8s %8s %9s %9s %8s %6" PRIu64 " %-16s %s\n",
        plain_text(r->name, name, sizeof(name)), plain_text(r->runtime, runtime, sizeof(runtime)),
        plain_text(r->on_behalf_of ? r->on_behalf_of : r->owner, whom, sizeof(whom)), when, took,
        r->actions, in, out, cost, approved, denied, r->failures, agent_state_name(r->state),
        plain_text(r->id, id, sizeof(id)));
}

static void print_verdict(const char *path, const struct verify_verdict *v, int code,
                          const struct runs_read *read)
{
    const struct journal_decisions *d = &v->decisions;
    char name[PATH_SHOWN_BYTES];
    (void)printf("%s: %s, %" PRIu64 " records", plain_text(path, name, sizeof(name)), v->words,
                 read->records);
    if (v->report.verdict == VERIFY_BROKEN) {
        (void)printf(", first bad %" PRIu64 ": %s", v->report.first_bad_n, v->report.what);
    } else if (d->faults > 0) {
        (void)printf(", NOT AS DECIDED at %" PRIu64 ": %s", d->first_n, d->first);
    } else if (code == EXIT_DONE && d->started > 0 && !d->partial) {
        (void)printf(", each of %" PRIu64 " calls let run was decided once", d->started);
    }
    (void)printf("%s\n", v->report.sealed_to_end ? ", sealed to its end" : "");
    if (read->bad > 0) {
        char bad[sizeof(read->first_bad)];
        (void)printf("  %" PRIu64 " records were passed over: %s\n", read->bad,
                     plain_text(read->first_bad, bad, sizeof(bad)));
    }
}

static void print_text(const char *path, const struct runs *runs, const struct verify_verdict *v,
                       int code, const struct runs_read *read)
{
    if (runs_count(runs) > 0) {
        print_head();
    }
    for (size_t i = 0; i < runs_count(runs); i++) {
        print_run(runs_at(runs, i));
    }
    print_verdict(path, v, code, read);
}

/* ---- for programs */

static void print_json(const char *path, const struct runs *runs, const struct verify_verdict *v,
                       int code, const struct runs_read *read)
{
    for (size_t i = 0; i < runs_count(runs); i++) {
        json_t *o = run_json(runs_at(runs, i));
        json_put(o, "record", span_str(path));
        json_print(o);
    }
    json_t *o = json_object();
    json_put(o, "record", span_str(path));
    json_put(o, "verdict", span_str(v->words));
    json_put_bool(o, "holds", code == EXIT_DONE);
    json_put_int(o, "records", (int64_t)read->records);
    json_put_int(o, "passed_over", (int64_t)read->bad);
    json_put(o, "head", span_str(v->report.head));
    json_put_int(o, "first_bad", (int64_t)v->report.first_bad_n);
    json_put(o, "what", span_str(v->decisions.faults > 0 ? v->decisions.first : v->report.what));
    json_put_int(o, "started", (int64_t)v->decisions.started);
    json_put_int(o, "faults", (int64_t)v->decisions.faults);
    json_put_int(o, "ungated", (int64_t)v->decisions.ungated);
    json_print(o);
}

/* ---- the subcommand */

static int look(const char *path, bool json)
{
    struct runs *runs = runs_new();
    struct runs_read read;
    struct verify_verdict v = {.words = "unreadable"};
    struct why why = {0};
    int code = EXIT_TROUBLE;
    if (runs_read(runs, path, &read, &why) == ST_OK) {
        code = verify_look(path, &v, &why);
    }
    if (code == EXIT_TROUBLE) {
        app_say("%s: %s", path, why.text);
    } else {
        (json ? print_json : print_text)(path, runs, &v, code, &read);
    }
    runs_free(runs);
    return code;
}

int cmd_sessions(struct args *a)
{
    struct choices ch = {0};
    struct why why = {0};
    char *standard = NULL;
    enum status st = options_parse(a, &ch);
    if (st != ST_OK) {
        return st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    if (a->argc == 0 && own_record(ch.config, &standard, &why) != ST_OK) {
        return app_trouble(&why, EXIT_TROUBLE);
    }
    int worst = standard ? look(standard, ch.json != NULL) : EXIT_DONE;
    for (int i = 0; i < a->argc; i++) {
        int code = look(a->argv[i], ch.json != NULL);
        worst = code > worst ? code : worst;
    }
    free(standard);
    return worst == EXIT_DONE && fflush(stdout) != 0 ? EXIT_TROUBLE : worst;
}
