/* why.c - `checkrein why ID`: of one call, or request, what a record tells: what came of it, who
 * decided it and on what, what was asked, what its agent might do, who sent it, for which task.
 *
 * Of an id that was used again the last use is told. What an approval's id is asked for is found in
 * two passes: the first learns the call's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../replay/refold.h"
#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "checkrein/text.h"
#include "words.h"

#define ID_BYTES   (FLEET_ID_BYTES + 1)
#define ROWS_SHOWN 32 /* of a list of the agent's, for people */

struct choices {
    const char *config, *json, *agent;
};

const struct option_row OPTIONS_WHY[] = {
    {"config",          "FILE", "read this file", offsetof(struct choices, config)},
    {"agent", "ID", "of this agent, where several used that id", offsetof(struct choices, agent)},
    {"json",          NULL, "one JSON object, attributes named as in the protocol",
     offsetof(struct choices, json)},
    {0          },
};

/* ---- what is kept of an event, by what it is to the call */

enum part {
    PART_JUDGED,
    PART_ASKED,
    PART_DECIDED,
    PART_ORDERED,
    PART_ANSWERED,
    PART_STARTED,
    PART_FINISHED,
    PARTS
};
#define FIELDS_MAX 12

static const struct {
    const char *name;
    enum event_field fields[FIELDS_MAX]; /* ends with 0, which is none of these */
} KEPT[PARTS] = {
    [PART_JUDGED] = {"judged",   {F_RULE, F_REASON, F_POLICY_VERSION}            },
    [PART_ASKED] = {"asked",
                     {F_APPROVAL_ID, F_RISK, F_REVERSIBLE, F_RULE, F_REASON, F_POLICY_VERSION,
                     F_AGENT_WORDS, F_DIGEST, F_ACTION}                          },
    [PART_DECIDED] = {"decided",
                     {F_VERDICT, F_DECISION, F_RULE, F_DECIDED_BY, F_OPERATOR_PATH, F_REASON,
                       F_SCOPE, F_DIGEST, F_POLICY_VERSION}                      },
    [PART_ORDERED] = {"ordered",
                     {F_COMMAND_ID, F_VERB, F_REASON, F_OPERATOR_LABEL, F_SCOPE, F_DISPLAY_DIGEST,
                       F_DISPLAY_COLS, F_DISPLAY_ROWS, F_DISPLAY_MS, F_DISPLAY_TO_END,
                       F_DISPLAY_RISK}                                           },
    [PART_ANSWERED] = {"answered", {F_COMMAND_STATE, F_REASON, F_BY}               },
    [PART_STARTED] = {"started",  {F_DIGEST}                                      },
    [PART_FINISHED] = {"finished", {F_OUTCOME, F_DURATION_MS, F_ERROR, F_EXIT_CODE}},
};

static const char *name_of(enum event_field f)
{
    return event_field_info(f)->name;
}

static void put_field(json_t *o, const struct event *ev, enum event_field f)
{
    const struct event_field_info *info = event_field_info(f);
    if (!event_has(ev, f)) {
        return;
    }
    switch (info->kind) {
    case EVENT_STR:
        json_put(o, info->name, event_text(ev, f));
        break;
    case EVENT_BOOL:
        json_put_bool(o, info->name, event_number(ev, f) != 0);
        break;
    case EVENT_ENUM:
        json_put(o, info->name, span_str(event_enum_name(info->set, event_number(ev, f))));
        break;
    case EVENT_INT:
    case EVENT_TIME:
    case EVENT_LIST:
    default:
        json_put_int(o, info->name, event_number(ev, f));
        break;
    }
}

/* ---- finding */

struct trace {
    const char *id, *agent; /* as asked for; agent NULL: whichever it is */
    char call[ID_BYTES], request[ID_BYTES], owner[ID_BYTES], backend[ID_BYTES]; /* "": not known */
    uint64_t n;         /* of the record that is looked at */
    uint64_t uses;      /* of the id */
    uint64_t elsewhere; /* events of other agents under this id */
    uint64_t unread;    /* records that cannot be read: they tell nothing */
    char order[COMMAND_ID_MAX + 1];
    json_t *part[PARTS], *agent_then;
    char *tool, *summary;
};

static void forget(struct trace *t)
{
    for (int i = 0; i < PARTS; i++) {
        json_decref(t->part[i]);
        t->part[i] = NULL;
    }
    json_decref(t->agent_then);
    t->agent_then = NULL;
}

/* As it is kept: longer ones are cut. */
static struct span id_in(const struct event *ev, enum event_field f)
{
    return span_sub(event_text(ev, f), 0, FLEET_ID_BYTES);
}

static bool is_one(struct span s, const char *wanted)
{
    return s.n > 0 && wanted[0] != '\0' && span_is(s, wanted);
}

static bool is_about(const struct trace *t, const struct event *ev)
{
    struct span call = id_in(ev, F_ACTION_ID);
    struct span request = id_in(ev, F_APPROVAL_ID);
    bool answers = ev->type == EVENT_OPERATOR_RESULT && is_one(id_in(ev, F_COMMAND_ID), t->order);
    return is_one(call, t->id) || is_one(request, t->id) || is_one(call, t->call) ||
           is_one(request, t->request) || answers;
}

/* The first agent that is told of with it; an answer may name its request only. */
static bool is_of_owner(struct trace *t, const struct event *ev)
{
    struct span agent = id_in(ev, F_AGENT_ID);
    if (t->agent && agent.n > 0 && !span_is(agent, t->agent)) {
        return false;
    }
    if (t->owner[0] == '\0' && agent.n > 0) {
        (void)span_copy(agent, t->owner, sizeof(t->owner));
        (void)span_copy(ev->backend, t->backend, sizeof(t->backend));
    }
    bool mine = span_is(ev->backend, t->backend) && (agent.n == 0 || span_is(agent, t->owner));
    t->elsewhere += !mine;
    return mine;
}

static void learn(struct trace *t, const struct event *ev)
{
    struct span call = id_in(ev, F_ACTION_ID);
    struct span request = id_in(ev, F_APPROVAL_ID);
    if (call.n > 0) {
        (void)span_copy(call, t->call, sizeof(t->call));
    }
    if (request.n > 0) {
        (void)span_copy(request, t->request, sizeof(t->request));
    }
}

static enum part part_of(const struct event *ev)
{
    switch ((int)ev->type) {
    case EVENT_ACTION_STARTED:
        return PART_STARTED;
    case EVENT_ACTION_FINISHED:
        return PART_FINISHED;
    case EVENT_APPROVAL_REQUESTED:
        return PART_ASKED;
    case EVENT_APPROVAL_RESOLVED:
        return PART_DECIDED;
    case EVENT_OPERATOR_COMMAND:
        return PART_ORDERED;
    case EVENT_OPERATOR_RESULT:
        return PART_ANSWERED;
    case EVENT_POLICY_DECIDED:
        return event_number(ev, F_VERDICT) == VERDICT_ALLOW ||
                       event_number(ev, F_VERDICT) == VERDICT_DENY
                   ? PART_DECIDED
                   : PART_JUDGED;
    default:
        return PARTS;
    }
}

/* What the console records of its order, with what was displayed, stands: its back-end tells the
 * order again without. A rule's decision is not replaced by the closing of the request. */
static bool stands(const struct trace *t, enum part p, const struct event *ev)
{
    bool closes =
        ev->type == EVENT_APPROVAL_RESOLVED && span_is(event_text(ev, F_DECIDED_BY), "policy");
    return t->part[p] && ((p == PART_DECIDED && closes) ||
                          (p == PART_ORDERED && is_one(id_in(ev, F_COMMAND_ID), t->order)));
}

static void keep(struct trace *t, enum part p, const struct event *ev)
{
    json_t *o = json_object();
    json_put_time(o, "time", ev->time_us);
    json_put_int(o, "record", (int64_t)t->n);
    for (int i = 0; i < FIELDS_MAX && KEPT[p].fields[i] != 0; i++) {
        put_field(o, ev, KEPT[p].fields[i]);
    }
    json_decref(t->part[p]);
    t->part[p] = o;
}

static void put_rows(json_t *o, const struct fleet *f, const struct agent *a, enum event_field list)
{
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t width = event_list_columns(list, columns);
    uint32_t count = 0;
    const struct event_row *rows = fleet_agent_list(f, a->ref, list, &count);
    json_t *all = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *row = json_object();
        for (uint32_t c = 0; c < width; c++) {
            char name[32];
            (void)span_copy(columns[c], name, sizeof(name));
            json_put(row, name, rows[i].cell[c]);
        }
        (void)json_array_append_new(all, row);
    }
    if (count > 0) {
        (void)json_object_set_new(o, name_of(list), all);
    } else {
        json_decref(all);
    }
}

/* As it was then: rights and task may be others afterwards. */
static json_t *agent_of(const struct fleet *f, const struct agent *a)
{
    const struct {
        enum event_field field;
        sid value;
    } TEXTS[] = {
        {F_AGENT_ID,           a->id                        },
        {F_AGENT_NAME,         a->name                      },
        {F_AGENT_RUNTIME,      a->traits->runtime           },
        {F_MODEL,              a->traits->model             },
        {F_PERMISSION_MODE,    a->traits->permission_mode   },
        {F_PERMISSION_SANDBOX, a->traits->permission_sandbox},
        {F_PERMISSION_NETWORK, a->traits->permission_network},
        {F_AGENT_ON_BEHALF_OF, a->traits->on_behalf_of      },
        {F_AGENT_OWNER,        a->traits->owner             },
        {F_AGENT_PARENT,       a->parent_id                 },
        {F_TASK_TITLE,         a->task_title                },
        {F_TASK_ID,            a->task_id                   },
        {F_SESSION,            a->session                   },
        {F_CWD,                a->cwd                       },
    };
    static const enum event_field LISTS[] = {F_GRANTS, F_DELEGATION, F_GATE_LIMITS};
    const struct agent *parent = fleet_agent(f, a->parent);
    json_t *o = json_object();
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        json_put(o, name_of(TEXTS[i].field), fleet_span(f, TEXTS[i].value));
    }
    if (parent) {
        json_put(o, "parent.name", fleet_span(f, parent->name));
    }
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++) {
        put_rows(o, f, a, LISTS[i]);
    }
    return o;
}

static void replace_text(char **slot, struct span s)
{
    if (s.n > 0) {
        free(*slot);
        *slot = xstrndup(s.p, s.n);
    }
}

static bool begins_anew(enum part p)
{
    return p != PART_FINISHED && p != PART_ORDERED && p != PART_ANSWERED;
}

static void on_event(void *ctx, const struct fleet *f, const struct event *ev)
{
    struct trace *t = ctx;
    enum part p = part_of(ev);
    if (p == PARTS || !is_about(t, ev) || !is_of_owner(t, ev)) {
        return;
    }
    learn(t, ev);
    if (t->uses == 0 || (t->part[PART_FINISHED] && begins_anew(p))) {
        forget(t);
        t->uses++;
    }
    if (stands(t, p, ev)) {
        return;
    }
    keep(t, p, ev);
    if (p == PART_ORDERED) {
        (void)span_copy(id_in(ev, F_COMMAND_ID), t->order, sizeof(t->order));
    } else {
        replace_text(&t->tool, event_text(ev, F_TOOL));
    }
    if (p == PART_ASKED || p == PART_STARTED || !t->summary) {
        replace_text(&t->summary, event_text(ev, F_SUMMARY));
    }
    const struct agent *a = fleet_agent_by_id(f, ev->backend, span_str(t->owner));
    if (a && (!t->agent_then || p == PART_STARTED)) {
        json_decref(t->agent_then);
        t->agent_then = agent_of(f, a);
    }
}

static enum status pass(struct trace *t, const char *path, struct why *why)
{
    struct journal_cursor *c = NULL;
    struct journal_record rec;
    enum status st = journal_cursor_open(&c, path, why);
    if (st != ST_OK) {
        return st;
    }
    struct refold *r = refold_new();
    refold_observe(r, &(struct refold_observer){.ctx = t, .changed = on_event});
    while (st == ST_OK || st == ST_INVALID) {
        struct why bad = {0};
        st = journal_cursor_next(c, &rec, &bad);
        if (st == ST_OK) {
            t->n = rec.n;
            t->unread += refold_take(r, &rec, &bad) != ST_OK;
        } else if (st != ST_END && st != ST_INVALID) {
            (void)why_fail(why, st, "%s", bad.text);
        }
    }
    refold_free(r);
    journal_cursor_close(c);
    return st == ST_END ? ST_OK : st;
}

static enum status find(struct trace *t, const char *path, struct why *why)
{
    enum status st = pass(t, path, why);
    bool by_request =
        strcmp(t->request, t->id) == 0 && t->call[0] != '\0' && strcmp(t->call, t->id) != 0;
    if (st == ST_OK && by_request) {
        forget(t);
        t->uses = t->elsewhere = t->unread = 0;
        st = pass(t, path, why);
    }
    if (st == ST_OK && t->uses == 0) {
        st = why_fail(why, ST_NOTFOUND, "%s tells of no call or request %s", path, t->id);
    }
    return st;
}

/* ---- for programs */

static json_t *trace_json(const struct trace *t, const char *path)
{
    json_t *o = json_object();
    json_put(o, "record", span_str(path));
    json_put(o, "backend", span_str(t->backend));
    json_put(o, name_of(F_AGENT_ID), span_str(t->owner));
    json_put(o, name_of(F_ACTION_ID), span_str(t->call));
    json_put(o, name_of(F_APPROVAL_ID), span_str(t->request));
    json_put(o, name_of(F_TOOL), span_str(t->tool));
    json_put(o, name_of(F_SUMMARY), span_str(t->summary));
    json_put_int(o, "uses", (int64_t)t->uses);
    json_put_int(o, "elsewhere", (int64_t)t->elsewhere);
    json_put_int(o, "unread", (int64_t)t->unread);
    for (int i = 0; i < PARTS; i++) {
        if (t->part[i]) {
            (void)json_object_set(o, KEPT[i].name, t->part[i]);
        }
    }
    if (t->agent_then) {
        (void)json_object_set(o, "agent", t->agent_then);
    }
    return o;
}

/* ---- for people */

static const char *text_at(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static const char *field_at(const json_t *o, enum event_field f)
{
    return text_at(o, name_of(f));
}

static int64_t int_at(const json_t *o, enum event_field f)
{
    return json_integer_value(json_object_get(o, name_of(f)));
}

static void add(struct buf *b, const char *before, const char *text, const char *behind)
{
    if (text[0] != '\0') {
        buf_addstr(b, b->len > 0 ? before : "");
        buf_addstr(b, text);
        buf_addstr(b, behind);
    }
}

static void print(const char *label, struct buf *b)
{
    size_t bytes = 8 * b->len + 64; /* a replaced byte takes several characters */
    char *plain = xmalloc(bytes);
    (void)text_plain_of(buf_span(b), plain, bytes);
    if (plain[0]) {
        (void)printf("%-8s %s\n", label, plain);
    }
    free(plain);
    buf_clear(b);
}

static void print_run(const struct trace *t, struct buf *b)
{
    const json_t *start = t->part[PART_STARTED];
    const json_t *end = t->part[PART_FINISHED];
    bool refused = strcmp(field_at(end, F_OUTCOME), "denied") == 0 ||
                   strcmp(field_at(end, F_OUTCOME), "cancelled") == 0;
    add(b, "", start ? "started" : refused ? "it did not run" : "no start of it is told", "");
    add(b, " ", text_at(start, "time"), "");
    add(b, ", ", field_at(end, F_OUTCOME), "");
    add(b, " ", text_at(end, "time"), "");
    if (json_object_get(end, name_of(F_DURATION_MS))) {
        char took[FIGURE_BYTES];
        took_text(int_at(end, F_DURATION_MS) * 1000, took);
        add(b, ", took ", took, "");
    }
    add(b, ": ", field_at(end, F_ERROR), "");
    print("ran", b);
}

static void print_decision(const struct trace *t, struct buf *b)
{
    const json_t *d = t->part[PART_DECIDED];
    bool by_rule = field_at(d, F_VERDICT)[0] != '\0';
    if (!d) {
        add(b, "",
            t->part[PART_STARTED] ? "nobody, as far as is told: it ran without a decision"
                                  : "nobody, as far as is told",
            "");
        print("decided", b);
        return;
    }
    add(b, "", by_rule ? field_at(d, F_VERDICT) : field_at(d, F_DECISION), "");
    add(b, " by rule ", by_rule ? field_at(d, F_RULE) : "", "");
    add(b, " by ", field_at(d, F_DECIDED_BY), "");
    add(b, " ", text_at(d, "time"), "");
    add(b, ": ", field_at(d, F_REASON), "");
    print("decided", b);
    add(b, "", field_at(d, F_DIGEST), "");
    const char *started = field_at(t->part[PART_STARTED], F_DIGEST);
    if (started[0] && strcmp(started, field_at(d, F_DIGEST)) != 0) {
        add(b, ", what started is ANOTHER: ", started, "");
    }
    print("digest", b);
}

/* What this console's operator ordered, and what was on the screen then. */
static void print_order(const struct trace *t, struct buf *b)
{
    const json_t *o = t->part[PART_ORDERED];
    add(b, "", field_at(o, F_VERB), "");
    add(b, " ", text_at(o, "time"), "");
    if (json_object_get(o, name_of(F_DISPLAY_MS))) {
        char took[FIGURE_BYTES];
        took_text(int_at(o, F_DISPLAY_MS) * 1000, took);
        buf_printf(b, " after %s on a screen of %lldx%lld, %s", took,
                   (long long)int_at(o, F_DISPLAY_COLS), (long long)int_at(o, F_DISPLAY_ROWS),
                   json_is_true(json_object_get(o, name_of(F_DISPLAY_TO_END))) ? "to its end"
                                                                               : "NOT to its end");
        add(b, ", as risk ", field_at(o, F_DISPLAY_RISK), "");
        add(b, ", ", field_at(o, F_DISPLAY_DIGEST), "");
    }
    add(b, ": ", field_at(t->part[PART_ANSWERED], F_COMMAND_STATE), "");
    print("ordered", b);
}

static void print_request(const struct trace *t, struct buf *b)
{
    const json_t *a = t->part[PART_ASKED];
    const json_t *rule = a ? a : t->part[PART_JUDGED];
    if (!rule) {
        return;
    }
    add(b, "", text_at(rule, "time"), "");
    add(b, " by rule ", field_at(rule, F_RULE), "");
    add(b, ": ", field_at(rule, F_REASON), "");
    add(b, ", risk ", field_at(rule, F_RISK), "");
    add(b, ", rules ", field_at(rule, F_POLICY_VERSION), "");
    add(b, ", request ", field_at(rule, F_APPROVAL_ID), "");
    print("asked", b);
    add(b, "", field_at(rule, F_AGENT_WORDS), "");
    print("says", b);
}

static void print_rows(const struct trace *t, struct buf *b, enum event_field list,
                       const char *label)
{
    const json_t *rows = json_object_get(t->agent_then, name_of(list));
    for (size_t i = 0; i < json_array_size(rows) && i < ROWS_SHOWN; i++) {
        const char *name;
        json_t *cell;
        json_object_foreach(json_array_get(rows, i), name, cell)
        {
            add(b, " | ", json_string_value(cell) ? json_string_value(cell) : "", "");
        }
        print(label, b);
    }
}

static void print_agent(const struct trace *t, struct buf *b)
{
    const json_t *a = t->agent_then;
    add(b, "", field_at(a, F_PERMISSION_MODE), "");
    add(b, ", sandbox ", field_at(a, F_PERMISSION_SANDBOX), "");
    add(b, ", network ", field_at(a, F_PERMISSION_NETWORK), "");
    print("may", b);
    print_rows(t, b, F_GRANTS, "grant");
    add(b, "", t->owner, "");
    add(b, " ", field_at(a, F_AGENT_NAME), "");
    add(b, ", ", field_at(a, F_AGENT_RUNTIME), "");
    add(b, " for ", field_at(a, F_AGENT_ON_BEHALF_OF), "");
    add(b, ", owner ", field_at(a, F_AGENT_OWNER), "");
    add(b, ", started by ", field_at(a, F_AGENT_PARENT), "");
    add(b, " ", text_at(a, "parent.name"), "");
    print("agent", b);
    print_rows(t, b, F_DELEGATION, "sent by");
    add(b, "", field_at(a, F_TASK_TITLE), "");
    add(b, " ", field_at(a, F_TASK_ID), "");
    add(b, ", session ", field_at(a, F_SESSION), "");
    print("task", b);
}

static void print_text(const struct trace *t)
{
    struct buf b;
    buf_init(&b, (size_t)16 << 20);
    add(&b, "", t->tool ? t->tool : "-", "");
    add(&b, ": ", t->summary ? t->summary : "", "");
    print("call", &b);
    add(&b, "", t->call, "");
    print("id", &b);
    print_run(t, &b);
    print_decision(t, &b);
    print_order(t, &b);
    print_request(t, &b);
    print_agent(t, &b);
    if (t->uses > 1) {
        (void)printf("%-8s the id was used %" PRIu64 " times: this is the last\n", "note", t->uses);
    }
    if (t->elsewhere > 0) {
        (void)printf("%-8s other agents used this id as well: --agent says which\n", "note");
    }
    if (t->unread > 0) {
        (void)printf("%-8s %" PRIu64 " records could not be read\n", "note", t->unread);
    }
    buf_release(&b);
}

/* ---- the subcommand */

static int tell(struct trace *t, const char *path, bool json)
{
    struct why why = {0};
    enum status st = find(t, path, &why);
    if (st != ST_OK) {
        return app_trouble(&why, st == ST_NOTFOUND && t->n > 0 ? EXIT_REFUSED : EXIT_TROUBLE);
    }
    if (json) {
        json_print(trace_json(t, path));
    } else {
        print_text(t);
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TROUBLE;
}

int cmd_why(struct args *a)
{
    struct choices ch = {0};
    struct why why = {0};
    char *standard = NULL;
    enum status st = options_parse(a, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    if (st != ST_OK || a->argc < 1 || a->argc > 2) {
        return st == ST_OK ? usage_fault(a) : EXIT_USAGE;
    }
    if (a->argc == 1 && own_record(ch.config, &standard, &why) != ST_OK) {
        return app_trouble(&why, EXIT_TROUBLE);
    }
    struct trace t = {.id = a->argv[0], .agent = ch.agent};
    int code = tell(&t, standard ? standard : a->argv[1], ch.json != NULL);
    forget(&t);
    free(t.tool);
    free(t.summary);
    free(standard);
    return code;
}
