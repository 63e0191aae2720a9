/* index.c - `checkrein index`: the indexes of records, which can be made again at any time. */
#include "checkrein/index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkrein/text.h"
#include "records.h"
#include "words.h"

struct choices {
    const char *config, *rebuild, *drop, *json;
};

const struct option_row OPTIONS_INDEX[] = {
    {"config",          "FILE", "read this file", offsetof(struct choices, config)},
    {"rebuild", NULL, "make it anew", offsetof(struct choices, rebuild)},
    {"drop",          NULL, "take it away", offsetof(struct choices, drop)},
    {"json",         NULL, "one JSON object a line", offsetof(struct choices, json)},
    {0  },
};

struct job {
    const char *folder, *path;
    bool json;
};

/* ---- what there is */

static void print_text(const struct job *job, const struct index_state *state, bool current)
{
    (void)printf("%s: %s, %" PRIu64 " records read, %" PRIu64 " of them can be found, %" PRIu64
                 " are gone, %" PRIu64 " bytes\n",
                 job->path, current ? "up to date" : "behind", state->records, state->found,
                 state->gone, state->bytes);
}

static void print_segment(const struct index_segment *s)
{
    (void)printf("  %06" PRIu32 "  %10" PRIu64 " records  %12" PRIu64 " of %" PRIu64 " bytes  %s",
                 s->number, s->records, s->at, s->bytes, s->current ? "up to date" : "to be read");
    if (s->bad > 0) {
        (void)printf(", %" PRIu64 " lines are no records", s->bad);
    }
    (void)printf("\n");
}

static void print_json(const struct job *job, const struct index_state *state, bool current,
                       const struct index_segment *s, size_t count)
{
    json_t *o = json_object();
    json_t *list = json_array();
    json_put(o, "record", span_str(job->path));
    json_put(o, "instance", span_str(state->instance));
    json_put_bool(o, "made", state->bytes > 0);
    json_put_bool(o, "current", current);
    json_put_int(o, "records", (int64_t)state->records);
    json_put_int(o, "found", (int64_t)state->found);
    json_put_int(o, "gone", (int64_t)state->gone);
    json_put_int(o, "bytes", (int64_t)state->bytes);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_object();
        json_put_int(one, "segment", s[i].number);
        json_put_int(one, "records", (int64_t)s[i].records);
        json_put_int(one, "bad", (int64_t)s[i].bad);
        json_put_int(one, "bytes", (int64_t)s[i].bytes);
        json_put_int(one, "read", (int64_t)s[i].at);
        json_put_bool(one, "current", s[i].current);
        (void)json_array_append_new(list, one);
    }
    (void)json_object_set_new(o, "segments", list);
    json_print(o);
}

static enum status print_state(const struct job *job, struct index *ix, struct why *why)
{
    struct index_state state;
    struct index_segment *segments = NULL;
    size_t count = 0;
    bool current = true;
    enum status st = index_state(ix, &state, why);
    st = st == ST_OK ? index_segments(ix, &segments, &count, why) : st;
    for (size_t i = 0; i < count; i++) {
        current = current && segments[i].current;
    }
    if (st == ST_OK && job->json) {
        print_json(job, &state, current, segments, count);
    } else if (st == ST_OK) {
        print_text(job, &state, current);
        for (size_t i = 0; i < count; i++) {
            print_segment(&segments[i]);
        }
    }
    free(segments);
    return st;
}

static void print_none(const struct job *job)
{
    if (job->json) {
        print_json(job, &(struct index_state){0}, false, NULL, 0);
    } else {
        (void)printf("%s: no index\n", job->path);
    }
}

/* One that cannot be used is as good as none: the next search makes another. */
static enum status show(const struct job *job, struct why *why)
{
    struct index *ix = NULL;
    struct why none = {0};
    enum status st = index_open_made(&ix, job->folder, job->path, &none);
    st = st == ST_OK ? print_state(job, ix, &none) : st;
    index_close(ix);
    if (st == ST_NOTFOUND || st == ST_CONFLICT) {
        print_none(job);
        return ST_OK;
    }
    return st == ST_OK ? ST_OK : why_fail(why, st, "%s", none.text);
}

/* ---- making it anew, or taking it away */

/* Without a folder there is none. */
static enum status drop(const struct job *job, struct why *why)
{
    enum status st = index_drop(job->folder, job->path, why);
    return st == ST_NOTFOUND ? ST_OK : st;
}

static enum status rebuild(const struct job *job, struct why *why)
{
    struct index *ix = NULL;
    enum status st = drop(job, why);
    st = st == ST_OK ? index_open(&ix, job->folder, job->path, why) : st;
    st = st == ST_OK ? index_update(ix, why) : st;
    index_close(ix);
    return st == ST_OK ? show(job, why) : st;
}

int cmd_index(struct args *a)
{
    struct choices ch = {0};
    struct records records;
    struct why why = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || (ch.rebuild && ch.drop)) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    st = records_find(&records, a->argv, a->argc, ch.config, &why);
    int code = st == ST_OK ? EXIT_DONE : app_trouble(&why, EXIT_TROUBLE);
    char *folder = index_folder();
    for (size_t i = 0; st == ST_OK && i < records.count; i++) {
        struct job job = {folder, records.path[i], ch.json != NULL};
        struct why bad = {0};
        enum status (*act)(const struct job *, struct why *) = ch.rebuild ? rebuild
                                                               : ch.drop  ? drop
                                                                          : show;
        if (act(&job, &bad) != ST_OK) {
            code = app_trouble(&bad, EXIT_TROUBLE);
        }
    }
    free(folder);
    records_release(&records);
    return code == EXIT_DONE && fflush(stdout) != 0 ? EXIT_TROUBLE : code;
}
