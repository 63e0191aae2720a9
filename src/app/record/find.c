/* find.c - `checkrein find`: what a record has of a word. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../replay/moment.h"
#include "checkrein/clock.h"
#include "checkrein/index.h"
#include "checkrein/num.h"
#include "checkrein/text.h"
#include "records.h"
#include "words.h"

#define LINE_CHARS 200

/* As those of grep. */
enum { FOUND = 0, NOT_FOUND = 1, FAILED = 2 };

struct choices {
    const char *config, *from, *to, *agent, *type, *decisions, *failures, *alarms, *limit, *scan,
        *json;
};

const struct option_row OPTIONS_FIND[] = {
    {"config",                                              "FILE", "read this file", offsetof(struct choices, config)},
    {"from",                                     "TIME", "not before: 14:03:20, 2026-11-17 14:03 or -5m, UTC",
     offsetof(struct choices, from)},
    {"to",                                              "TIME", "not after", offsetof(struct choices, to)},
    {"agent",                                                "AGENT", "of this one only: an id, or a name", offsetof(struct choices, agent)},
    {"type", "TYPE", "approval.resolved, or approval for all of these",
     offsetof(struct choices, type)},
    {"decisions",                                                NULL, "what rules and operators decided", offsetof(struct choices, decisions)},
    {"failures",                                                  NULL, "calls and tasks that failed", offsetof(struct choices, failures)},
    {"alarms",                                          NULL, "signals", offsetof(struct choices, alarms)},
    {"limit",                                                  "N", "the newest N of each record", offsetof(struct choices, limit)},
    {"scan",                                               NULL, "read the record through, without its index", offsetof(struct choices, scan)},
    {"json",                 NULL, "one JSON object a line", offsetof(struct choices, json)},
    {0                                              },
};

struct finder {
    const struct choices *given;
    struct index_wanted wanted;
    const char *path;
    bool names_path; /* several are looked through */
    bool written;    /* false: standard output takes no more */
    uint64_t hits;
};

/* ---- a hit */

static void print_text(const struct finder *f, const struct index_hit *h)
{
    const struct index_entry *e = h->entry;
    char when[TIME_TEXT_BYTES];
    char who[80];
    char what[LINE_CHARS];
    char id[80];
    char path[256];
    char from[256];
    time_format(h->rec->time_us, when);
    bool from_is_known = e->agent.n == 0 && journal_record_from(h->rec, from, sizeof(from));
    (void)text_plain_of(from_is_known ? span_str(from) : e->agent, who, sizeof(who));
    (void)text_plain_of(e->line, what, sizeof(what));
    (void)text_plain_of(e->id, id, sizeof(id));
    (void)text_plain_of(span_str(f->path), path, sizeof(path));
    (void)printf("%s%s%s  %-20s %-20s %s%s  %s\n", f->names_path ? path : "",
                 f->names_path ? ":" : "", when, who[0] ? who : "-", e->kind,
                 e->state ? "(state) " : "", what[0] ? what : "-", id[0] ? id : "-");
}

static void print_json(const struct finder *f, const struct index_hit *h)
{
    const struct index_entry *e = h->entry;
    char from[256];
    json_t *o = json_object();
    json_put(o, "record", span_str(f->path));
    json_put_int(o, "n", (int64_t)h->rec->n);
    json_put_int(o, "segment", h->segment);
    json_put_time(o, "t", h->rec->time_us);
    json_put(o, "type", span_str(e->kind));
    json_put(o, "agent", e->agent);
    json_put(o, "name", e->name);
    json_put(o, "from",
             journal_record_from(h->rec, from, sizeof(from)) ? span_str(from) : SPAN_NONE);
    json_put(o, "line", e->line);
    json_put(o, "id", e->id);
    json_put_bool(o, "state", e->state);
    json_put_bool(o, "decision", (e->what & INDEX_DECISION) != 0);
    json_put_bool(o, "failure", (e->what & INDEX_FAILURE) != 0);
    json_put_bool(o, "alarm", (e->what & INDEX_ALARM) != 0);
    json_print(o);
}

static bool on_hit(void *ctx, const struct index_hit *h)
{
    struct finder *f = ctx;
    (f->given->json ? print_json : print_text)(f, h);
    f->written = !ferror(stdout);
    return f->written;
}

/* ---- one record */

static struct index *index_of(const struct finder *f)
{
    struct index *ix = NULL;
    struct why why = {0};
    char *folder = index_folder();
    if (!f->given->scan) {
        enum status st = index_open(&ix, folder, f->path, &why);
        st = st == ST_OK ? index_update(ix, &why) : st;
        if (st != ST_OK) {
            app_say("%s is read through: %s", f->path, why.text);
        }
    }
    free(folder);
    return ix;
}

static void say_faults(const char *path, const struct index_found *found)
{
    if (found->bad > 0) {
        app_say("%s: %" PRIu64 " lines are no records", path, found->bad);
    }
    if (found->dropped > 0) {
        app_say("%s: %" PRIu64 " places of its index were wrong, and left out; "
                "checkrein index --rebuild makes it anew",
                path, found->dropped);
    }
}

static enum status look(struct finder *f, const char *path, struct why *why)
{
    struct index_found found;
    f->path = path;
    struct index *ix = index_of(f);
    enum status st = index_find(ix, path, &f->wanted, on_hit, f, &found, why);
    index_close(ix);
    f->hits += found.hits;
    say_faults(path, &found);
    return st;
}

/* ---- the subcommand */

static enum status take_time(const char *text, int64_t now_us, int64_t *at, struct why *why)
{
    return text ? moment_parse(span_str(text), now_us, at, why) : ST_OK;
}

static enum status take_limit(const char *text, uint64_t *limit, struct why *why)
{
    int64_t n = 0;
    if (text && num_parse(span_str(text), 1, UINT32_MAX, &n) != ST_OK) {
        return why_fail(why, ST_INVALID, "--limit: \"%s\" is no number from 1 on", text);
    }
    *limit = (uint64_t)n;
    return ST_OK;
}

static enum status take_choices(struct finder *f, const struct choices *ch, struct why *why)
{
    int64_t now_us = clock_wall_us();
    f->given = ch;
    f->wanted = (struct index_wanted){.from_us = INT64_MIN,
                                      .to_us = INT64_MAX,
                                      .agent = ch->agent,
                                      .type = ch->type,
                                      .what = (ch->decisions ? INDEX_DECISION : 0u) |
                                              (ch->failures ? INDEX_FAILURE : 0u) |
                                              (ch->alarms ? INDEX_ALARM : 0u)};
    enum status st = take_time(ch->from, now_us, &f->wanted.from_us, why);
    st = st == ST_OK ? take_time(ch->to, now_us, &f->wanted.to_us, why) : st;
    st = st == ST_OK ? take_limit(ch->limit, &f->wanted.newest, why) : st;
    if (st == ST_OK && ch->type && !index_type_known(ch->type)) {
        return why_fail(why, ST_INVALID, "--type: there is no type \"%s\"", ch->type);
    }
    return st == ST_OK && f->wanted.from_us > f->wanted.to_us
               ? why_fail(why, ST_INVALID, "--from is later than --to")
               : st;
}

static int find(struct finder *f, const struct args *a, struct query *query, struct why *why)
{
    struct records records;
    f->wanted.query = query;
    f->written = true;
    enum status st = records_find(&records, a->argv, a->argc - 1, f->given->config, why);
    if (st == ST_OK && records.count == 0) {
        st = why_fail(why, ST_NOTFOUND, "there is no record yet");
    }
    f->names_path = records.count > 1;
    int code = FOUND;
    for (size_t i = 0; st == ST_OK && f->written && i < records.count; i++) {
        struct why bad = {0};
        if (look(f, records.path[i], &bad) != ST_OK) {
            code = app_trouble(&bad, FAILED);
        }
    }
    records_release(&records);
    if (st != ST_OK) {
        return app_trouble(why, FAILED);
    }
    f->written = fflush(stdout) == 0 && f->written;
    return !f->written ? FAILED : code == FAILED ? code : f->hits > 0 ? FOUND : NOT_FOUND;
}

int cmd_find(struct args *a)
{
    struct choices ch = {0};
    struct finder f = {0};
    struct query *query = NULL;
    struct why why = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || a->argc == 0) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    st = take_choices(&f, &ch, &why);
    st = st == ST_OK ? query_parse(&query, span_str(a->argv[a->argc - 1]), &why) : st;
    int code = st == ST_OK ? find(&f, a, query, &why) : app_trouble(&why, FAILED);
    query_free(query);
    return code;
}
