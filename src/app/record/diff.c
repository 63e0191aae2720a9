/* diff.c - `checkrein diff A B`: two runs of a task, beside each other: what was done in which
 * order, who decided it, what came of it, and what it cost.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/map.h"
#include "checkrein/num.h"
#include "checkrein/text.h"
#include "compare.h"
#include "words.h"

/* As diff(1) has them. */
enum { SAME = EXIT_DONE, DIFFERENT = EXIT_TROUBLE, NOT_COMPARED = EXIT_USAGE };

#define CONTEXT    3
#define LINE_BYTES ((size_t)FLEET_TEXT_BYTES + 512)
#define GONE       SIZE_MAX

struct choices {
    const char *config, *json, *agent, *actions;
};

const struct option_row OPTIONS_DIFF[] = {
    {"config",                                          "FILE", "read this file", offsetof(struct choices, config)},
    {"agent",                                 "NAME", "of the records that are named without an agent",
     offsetof(struct choices, agent)},
    {"actions",                                          NULL, "cost and tokens do not count as a difference",
     offsetof(struct choices, actions)},
    {"json",                                           NULL, "one JSON object", offsetof(struct choices, json)},
    {0},
};

/* ---- the two */

struct side {
    char *path, *agent; /* agent NULL: the only one */
    struct runs *runs;
    const struct run *run;
    uint32_t *key; /* of each act: equal when it is the same act */
    size_t *match;
};

struct pair {
    struct side a, b;
    bool counts_cost;
};

static void side_release(struct side *s)
{
    free(s->path);
    free(s->agent);
    free(s->key);
    free(s->match);
    runs_free(s->runs);
}

/* FILE or FILE:AGENT, where both may have colons: the shortest FILE that is there. */
static void side_name(struct side *s, const char *word, const char *agent)
{
    const char *colon = access(word, F_OK) == 0 ? NULL : strchr(word, ':');
    for (; colon; colon = strchr(colon + 1, ':')) {
        char *path = xstrndup(word, (size_t)(colon - word));
        if (colon == word || access(path, F_OK) == 0) {
            s->path = path;
            s->agent = xstrdup(colon + 1);
            return;
        }
        free(path);
    }
    s->path = xstrdup(word);
    s->agent = agent ? xstrdup(agent) : NULL;
}

static enum status side_read(struct side *s, const char *config, struct why *why)
{
    struct runs_read read;
    enum status st = ST_OK;
    if (!s->path[0]) {
        free(s->path);
        s->path = NULL;
        st = own_record(config, &s->path, why);
    }
    s->runs = runs_new_with_acts();
    if (st == ST_OK) {
        st = runs_read(s->runs, s->path, &read, why);
    }
    if (st == ST_OK && read.bad > 0) {
        st = why_fail(why, ST_INVALID, "%s", read.first_bad);
    }
    if (st == ST_OK) {
        st = runs_find(s->runs, s->agent, &s->run, why);
    }
    if (st == ST_OK && s->run->acts_left_out > 0) {
        st = why_fail(why, ST_LIMIT, "it has more than %d calls", RUN_ACTS_MAX);
    }
    if (st != ST_OK && s->path) {
        why_prefix(why, "%s", s->path);
    }
    return st;
}

/* ---- the same act */

static void side_keys(struct side *s, struct map *known)
{
    char *text = xmalloc(LINE_BYTES);
    s->key = xcalloc(s->run->act_count + 1, sizeof(*s->key));
    s->match = xcalloc(s->run->act_count + 1, sizeof(*s->match));
    for (size_t i = 0; i < s->run->act_count; i++) {
        const struct act *a = &s->run->acts[i];
        int n = snprintf(text, LINE_BYTES, "%s\n", a->tool ? a->tool : "");
        normalise(a->summary, s->run->cwd, text + n, LINE_BYTES - (size_t)n);
        if (!map_get(known, span_str(text), &s->key[i])) {
            s->key[i] = (uint32_t)known->used;
            (void)map_put(known, span_str(text), s->key[i]);
        }
    }
    free(text);
}

static void match(struct pair *p)
{
    struct map known = {0};
    side_keys(&p->a, &known);
    side_keys(&p->b, &known);
    map_release(&known);
    compare((struct row_of){p->a.key, p->a.run->act_count},
            (struct row_of){p->b.key, p->b.run->act_count}, p->a.match);
    for (size_t i = 0; i < p->b.run->act_count; i++) {
        p->b.match[i] = GONE;
    }
    for (size_t i = 0; i < p->a.run->act_count; i++) {
        if (p->a.match[i] != GONE) {
            p->b.match[p->a.match[i]] = i;
        }
    }
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_fate(const struct act *a, const struct act *b)
{
    return a->decider == b->decider && a->decision == b->decision && same_text(a->by, b->by) &&
           a->outcome == b->outcome && a->started == b->started;
}

/* ---- figures */

struct figure {
    const char *name;
    char a[2 * FIGURE_BYTES], b[2 * FIGURE_BYTES];
    bool counts;
};
enum { FIGURES = 8 };

static void decided(const uint64_t by[DECIDER_COUNT], char *out, size_t cap)
{
    (void)snprintf(out, cap, "%" PRIu64 "+%" PRIu64, by[DECIDER_OPERATOR] + by[DECIDER_ELSEWHERE],
                   by[DECIDER_RULE]);
}

static void side_figures(const struct run *r, char *out[FIGURES], size_t cap)
{
    char one[FIGURE_BYTES];
    (void)snprintf(out[0], cap, "%" PRIu64, r->actions);
    decided(r->approved, out[1], cap);
    decided(r->denied, out[2], cap);
    (void)snprintf(out[3], cap, "%" PRIu64, r->unanswered);
    (void)snprintf(out[4], cap, "%" PRIu64, r->failures);
    cost_text(r, one);
    (void)snprintf(out[5], cap, "%s", one);
    if (r->told) {
        (void)snprintf(out[6], cap, "%lld in, %lld out", (long long)r->tokens_in,
                       (long long)r->tokens_out);
    } else {
        (void)snprintf(out[6], cap, "not told");
    }
    took_text(r->last_us - r->first_us, one);
    (void)snprintf(out[7], cap, "%s", one);
}

static void figures_of(const struct pair *p, struct figure out[FIGURES])
{
    static const struct {
        const char *name;
        bool cost, time;
    } ROWS[FIGURES] = {
        {"calls",      false, false},
        {"approved",   false, false},
        {"denied",     false, false},
        {"unanswered", false, false},
        {"failures",   false, false},
        {"cost",       true,  false},
        {"tokens",     true,  false},
        {"length",     false, true },
    };
    char *a[FIGURES];
    char *b[FIGURES];
    for (int i = 0; i < FIGURES; i++) {
        out[i] = (struct figure){.name = ROWS[i].name,
                                 .counts = !ROWS[i].time && (!ROWS[i].cost || p->counts_cost)};
        a[i] = out[i].a;
        b[i] = out[i].b;
    }
    side_figures(p->a.run, a, sizeof(out->a));
    side_figures(p->b.run, b, sizeof(out->b));
}

static bool figures_differ(const struct figure f[FIGURES])
{
    for (int i = 0; i < FIGURES; i++) {
        if (f[i].counts && strcmp(f[i].a, f[i].b) != 0) {
            return true;
        }
    }
    return false;
}

/* ---- the acts of both, in one order */

struct step {
    size_t a, b; /* GONE: not there */
};

static bool is_equal(const struct pair *p, struct step s)
{
    return s.a != GONE && s.b != GONE && same_fate(&p->a.run->acts[s.a], &p->b.run->acts[s.b]);
}

/* What went stands before what came. */
static size_t steps_of(const struct pair *p, struct step *out)
{
    size_t count = 0;
    size_t b = 0;
    for (size_t a = 0; a < p->a.run->act_count; a++) {
        size_t to = p->a.match[a];
        if (to == GONE) {
            out[count++] = (struct step){a, GONE};
            continue;
        }
        for (; b < to; b++) {
            out[count++] = (struct step){GONE, b};
        }
        out[count++] = (struct step){a, b++};
    }
    for (; b < p->b.run->act_count; b++) {
        out[count++] = (struct step){GONE, b};
    }
    return count;
}

static bool acts_differ(const struct pair *p, const struct step *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_equal(p, s[i])) {
            return true;
        }
    }
    return false;
}

/* ---- for people */

static void fate_text(const struct act *a, struct buf *out)
{
    buf_addstr(out, "  [");
    if (a->decision == DECISION_UNKNOWN) {
        buf_addstr(out, "nobody decided it");
    } else {
        buf_printf(out, "%s", decision_name(a->decision));
        buf_printf(out, a->decider == DECIDER_RULE ? " by rule %s" : " by %s",
                   a->by ? a->by : decider_name(a->decider));
    }
    buf_printf(out, "; %s]",
               a->outcome != OUTCOME_UNKNOWN ? outcome_name(a->outcome)
               : a->started                  ? "no end is told"
                                             : "it did not run");
}

static void print_act(char mark, const struct act *a)
{
    struct buf line;
    buf_init(&line, 2 * LINE_BYTES);
    buf_printf(&line, "%s: %s", a->tool ? a->tool : "-", a->summary ? a->summary : "-");
    fate_text(a, &line);
    size_t bytes = 8 * line.len + 64; /* a replaced byte takes several characters */
    char *plain = xmalloc(bytes);
    (void)text_plain_of(buf_span(&line), plain, bytes);
    (void)printf("%c%s\n", mark, plain);
    free(plain);
    buf_release(&line);
}

static void print_step(const struct pair *p, struct step s)
{
    if (is_equal(p, s)) {
        print_act(' ', &p->a.run->acts[s.a]);
        return;
    }
    if (s.a != GONE) {
        print_act('-', &p->a.run->acts[s.a]);
    }
    if (s.b != GONE) {
        print_act('+', &p->b.run->acts[s.b]);
    }
}

static bool is_near_change(const struct pair *p, const struct step *s, size_t count, size_t at)
{
    size_t from = at > CONTEXT ? at - CONTEXT : 0;
    for (size_t i = from; i < count && i <= at + CONTEXT; i++) {
        if (!is_equal(p, s[i])) {
            return true;
        }
    }
    return false;
}

/* Which calls of both follow, counted from 1, up to where nothing is near a change. */
static void print_hunk_head(const struct pair *p, const struct step *s, size_t count, size_t from,
                            struct step next)
{
    size_t a = 0;
    size_t b = 0;
    for (size_t i = from; i < count && is_near_change(p, s, count, i); i++) {
        a += s[i].a != GONE;
        b += s[i].b != GONE;
    }
    (void)printf("@@ -%zu,%zu +%zu,%zu @@\n", next.a + (a > 0), a, next.b + (b > 0), b);
}

static void print_acts(const struct pair *p, const struct step *s, size_t count)
{
    struct step next = {0, 0};
    bool within = false;
    for (size_t i = 0; i < count; i++) {
        bool near = is_near_change(p, s, count, i);
        if (near && !within) {
            print_hunk_head(p, s, count, i, next);
        }
        if (near) {
            print_step(p, s[i]);
        }
        within = near;
        next.a += s[i].a != GONE;
        next.b += s[i].b != GONE;
    }
}

static void print_side(const char *mark, const struct side *s)
{
    char id[200];
    char name[80];
    char model[80];
    char path[PATH_SHOWN_BYTES];
    char when[TIME_TEXT_BYTES];
    time_format(s->run->first_us, when);
    (void)printf(
        "%s %s:%s  %s, %s, %s\n", mark, plain_text(s->path, path, sizeof(path)),
        plain_text(s->run->id, id, sizeof(id)), plain_text(s->run->name, name, sizeof(name)),
        plain_text(s->run->model ? s->run->model : s->run->runtime, model, sizeof(model)), when);
}

static void print_figures(const struct figure f[FIGURES])
{
    for (int i = 0; i < FIGURES; i++) {
        if (strcmp(f[i].a, f[i].b) == 0) {
            (void)printf(" %-10s %s\n", f[i].name, f[i].a);
        } else if (f[i].counts) {
            (void)printf("-%-10s %s\n+%-10s %s\n", f[i].name, f[i].a, f[i].name, f[i].b);
        } else {
            (void)printf(" %-10s %s, and %s: does not count\n", f[i].name, f[i].a, f[i].b);
        }
    }
}

/* ---- for programs */

static json_t *act_json(const struct act *a)
{
    json_t *o = json_object();
    json_put(o, event_field_info(F_ACTION_ID)->name, span_str(a->id));
    json_put(o, event_field_info(F_TOOL)->name, span_str(a->tool));
    json_put(o, event_field_info(F_SUMMARY)->name, span_str(a->summary));
    json_put(o, event_field_info(F_DECISION)->name, span_str(decision_name(a->decision)));
    json_put(o, "decider", span_str(decider_name(a->decider)));
    json_put(o, event_field_info(F_DECIDED_BY)->name, span_str(a->by));
    json_put(o, event_field_info(F_OUTCOME)->name, span_str(outcome_name(a->outcome)));
    json_put_bool(o, "started", a->started);
    if (a->duration_ms >= 0) {
        json_put_int(o, event_field_info(F_DURATION_MS)->name, a->duration_ms);
    }
    return o;
}

static json_t *steps_json(const struct pair *p, const struct step *s, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *o = json_object();
        json_put_bool(o, "same", is_equal(p, s[i]));
        if (s[i].a != GONE) {
            (void)json_object_set_new(o, "a", act_json(&p->a.run->acts[s[i].a]));
        }
        if (s[i].b != GONE) {
            (void)json_object_set_new(o, "b", act_json(&p->b.run->acts[s[i].b]));
        }
        (void)json_array_append_new(list, o);
    }
    return list;
}

static json_t *figures_json(const struct figure f[FIGURES])
{
    json_t *list = json_array();
    for (int i = 0; i < FIGURES; i++) {
        json_t *o = json_object();
        json_put(o, "name", span_str(f[i].name));
        json_put(o, "a", span_str(f[i].a));
        json_put(o, "b", span_str(f[i].b));
        json_put_bool(o, "counts", f[i].counts);
        (void)json_array_append_new(list, o);
    }
    return list;
}

/* ---- the subcommand */

static int tell(struct pair *p, bool json)
{
    struct figure f[FIGURES];
    struct step *s = xcalloc(p->a.run->act_count + p->b.run->act_count + 1, sizeof(*s));
    match(p);
    figures_of(p, f);
    size_t count = steps_of(p, s);
    bool differ = figures_differ(f) || acts_differ(p, s, count);
    if (json) {
        json_print(json_pack("{s:b,s:o,s:o,s:o,s:o}", "same", !differ, "a", run_json(p->a.run), "b",
                             run_json(p->b.run), "figures", figures_json(f), "actions",
                             steps_json(p, s, count)));
    } else {
        print_side("---", &p->a);
        print_side("+++", &p->b);
        print_figures(f);
        print_acts(p, s, count);
    }
    free(s);
    return differ ? DIFFERENT : SAME;
}

int cmd_diff(struct args *a)
{
    struct choices ch = {0};
    struct pair p = {0};
    struct why why = {0};
    enum status st = options_parse(a, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    if (st != ST_OK || a->argc != 2) {
        return st == ST_OK ? usage_fault(a) : EXIT_USAGE;
    }
    p.counts_cost = ch.actions == NULL;
    side_name(&p.a, a->argv[0], ch.agent);
    side_name(&p.b, a->argv[1], ch.agent);
    st = side_read(&p.a, ch.config, &why);
    if (st == ST_OK) {
        st = side_read(&p.b, ch.config, &why);
    }
    int code = st == ST_OK ? tell(&p, ch.json != NULL) : app_trouble(&why, NOT_COMPARED);
    side_release(&p.a);
    side_release(&p.b);
    return code != NOT_COMPARED && fflush(stdout) != 0 ? NOT_COMPARED : code;
}
