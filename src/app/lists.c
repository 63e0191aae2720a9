/* lists.c - what the screens show, from a shell: agents, approvals, spend, who is there, and what
 * happened.
 *
 * Text is for people and is made plain; --json is one object a line, attributes named as in the
 * protocol, printable ASCII.
 */
#include "event_line.h"
#include "history.h"
#include "spend_by.h"
#include "spend_tasks.h"

#include "checkrein/alloc.h"
#include "checkrein/codec.h"
#include "checkrein/num.h"
#include "checkrein/text.h"

struct choices {
    const char *config, *json, *last, *by;
};

#define AT(member) offsetof(struct choices, member)

const struct option_row OPTIONS_LIST[] = {
    {"config",          "FILE", "read this file", AT(config)},
    {"json", NULL, "one JSON object a line", AT(json)},
    {0                },
};
const struct option_row OPTIONS_SPEND[] = {
    {"config",          "FILE", "read this file", AT(config)},
    {"json", NULL, "one JSON object a line", AT(json)},
    {"by",                 "WHAT", "sums by task, operator, provider, model or runtime", AT(by)},
    {0            },
};
const struct option_row OPTIONS_HISTORY[] = {
    {"config",          "FILE", "read this file", AT(config)},
    {"json", NULL, "one event a line, as in the protocol", AT(json)},
    {"last",                 "N", "at most so many, the newest; 100 unless given", AT(last)},
    {0            },
};

/* ---- lists of what is */

static void print_agents(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        char name[40];
        char id[80];
        char runtime[24];
        char now[80];
        (void)printf("%-17s %-20s %-10s %-44s %s\n", agent_state_name(a->state),
                     headless_plain(f, a->name, name, sizeof(name)),
                     headless_plain(f, a->traits->runtime, runtime, sizeof(runtime)),
                     headless_plain(f, a->id, id, sizeof(id)),
                     headless_plain(f, a->now, now, sizeof(now)));
    }
}

static void print_approvals(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_pending_count(f); i++) {
        const struct approval *p = fleet_pending_at(f, i);
        const struct agent *a = fleet_agent(f, p->agent);
        char id[40];
        char name[40];
        char what[120];
        (void)printf("%s  %-7s  %-20s %s\n", headless_plain(f, p->id, id, sizeof(id)),
                     risk_name(p->risk), headless_plain(f, a ? a->name : 0, name, sizeof(name)),
                     headless_plain(f, p->summary, what, sizeof(what)));
    }
}

static void print_spend(const struct fleet *f)
{
    struct fleet_totals t;
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        char name[40];
        (void)printf("%-24s %12lld in %12lld out %8lld.%02lld USD%s%s\n",
                     headless_plain(f, a->name ? a->name : a->id, name, sizeof(name)),
                     (long long)a->tokens_in, (long long)a->tokens_out,
                     (long long)(a->cost_microusd / 1000000),
                     (long long)(a->cost_microusd / 10000 % 100),
                     a->cost_estimated ? ", estimated" : "",
                     a->unpriced ? ", and tokens without a price" : "");
    }
    fleet_totals(f, &t);
    (void)printf("%-24s %40lld.%02lld USD%s%s\n", "all", (long long)(t.cost_microusd / 1000000),
                 (long long)(t.cost_microusd / 10000 % 100), t.cost_estimated ? ", estimated" : "",
                 t.unpriced ? ", and tokens without a price" : "");
    spend_tasks_say(fleet_task_sums_all(f));
}

/* What its back-end tells; an agent's list alone tells none. */
static const char *state_of(const struct fleet *f, const struct credential *c)
{
    return c->told ? credential_state_name(fleet_credential_in_force(f, c)) : "listed";
}

static void print_credentials(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_credential_count(f); i++) {
        const struct credential *c = fleet_credential_at(f, i);
        const struct agent *a = fleet_agent(f, c->agent);
        const struct command_track *t = fleet_credential_revocation(f, c);
        struct span why = SPAN_NONE;
        char id[80];
        char kind[24];
        char issuer[40];
        char holder[40];
        char reason[200];
        char used[TIME_TEXT_BYTES] = "-";
        bool can = fleet_credential_revocable(f, c, &why);
        if (c->used_us > 0) {
            time_format(c->used_us, used);
        }
        (void)text_plain_of(why, reason, sizeof(reason));
        (void)printf("%-8s %-10s %-28s %-16s %-20s used %-24s %s%s%s\n", state_of(f, c),
                     headless_plain(f, c->kind, kind, sizeof(kind)),
                     headless_plain(f, c->id, id, sizeof(id)),
                     headless_plain(f, c->issuer, issuer, sizeof(issuer)),
                     headless_plain(f, a ? a->name : 0, holder, sizeof(holder)), used,
                     t ? "revoke " : "", t ? command_state_name(t->state) : "",
                     t     ? ""
                     : can ? "can be revoked"
                           : reason);
    }
}

static void print_watchers(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_watcher_count(f); i++) {
        const struct watcher *w = fleet_watcher_at(f, i);
        char id[80];
        char path[200];
        char since[TIME_TEXT_BYTES];
        char scopes[SCOPES_NAMES_BYTES];
        time_format(w->since_us, since);
        scopes_text(w->scopes, scopes);
        (void)printf("%-24s %-32s since %s  %s\n", headless_plain(f, w->id, id, sizeof(id)), scopes,
                     since, headless_plain(f, w->path, path, sizeof(path)));
    }
}

static const struct list_row {
    const char *name;
    void (*print)(const struct fleet *f);
    enum headless_thing thing;
} LISTS[] = {
    {"credentials", print_credentials, HEADLESS_CREDENTIALS},
    {"agents",      print_agents,      HEADLESS_AGENTS     },
    {"approvals",   print_approvals,   HEADLESS_APPROVALS  },
    {"spend",       print_spend,       HEADLESS_SPEND      },
    {"who",         print_watchers,    HEADLESS_WATCHERS   },
};

static const struct list_row *list_of(const struct args *a)
{
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(LISTS) && strcmp(LISTS[i].name, a->sub->name) != 0) {
        i++;
    }
    return &LISTS[i];
}

/* Options taken and operands counted; else *code says how to leave. */
static bool ready(struct args *a, struct choices *ch, int operands, int *code)
{
    enum status st = options_parse(a, ch);
    if (st == ST_OK && a->argc == operands) {
        return true;
    }
    *code = st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    return false;
}

int cmd_list(struct args *a)
{
    struct choices ch = {0};
    struct headless h = {0};
    struct why why = {0};
    int code = EXIT_DONE;
    if (!ready(a, &ch, 0, &code)) {
        return code;
    }
    if (headless_open(&h, ch.config, NULL, NULL, &why) != ST_OK) {
        code = app_trouble(&why, EXIT_TROUBLE);
    } else if (ch.by) {
        if (spend_by_print(h.hub.fleet, ch.by, ch.json != NULL, &why) != ST_OK) {
            code = app_trouble(&why, EXIT_USAGE);
        }
    } else if (ch.json) {
        headless_print_lines(h.hub.fleet, list_of(a)->thing);
    } else {
        list_of(a)->print(h.hub.fleet);
    }
    headless_close(&h);
    return code == EXIT_DONE && fflush(stdout) != 0 ? EXIT_TROUBLE : code;
}

/* ---- one request, whole */

static const struct approval *request_named(const struct fleet *f, const char *id)
{
    for (uint32_t i = 0; i < fleet_pending_count(f); i++) {
        if (span_is(fleet_span(f, fleet_pending_at(f, i)->id), id)) {
            return fleet_pending_at(f, i);
        }
    }
    return NULL;
}

static void print_field(const char *label, struct span value)
{
    size_t bytes = 8 * value.n + 64; /* a replaced byte takes several characters */
    char *text = xmalloc(bytes);
    (void)text_plain_of(value, text, bytes);
    if (text[0]) {
        (void)printf("%-8s %s\n", label, text);
    }
    free(text);
}

/* One line a row: the cells that are not empty, the first of them with a colon. */
static void print_rows(const struct fleet *f, const struct approval *p, enum event_field field,
                       const char *label)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(f, p->ref, field, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct buf line;
        buf_init(&line, EVENT_CELL_BYTES * EVENT_LIST_COLUMNS + 64);
        for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
            if (rows[i].cell[c].n) {
                buf_addstr(&line, !line.len ? "" : c == 1 ? ": " : " | ");
                buf_add(&line, rows[i].cell[c]);
            }
        }
        print_field(label, buf_span(&line));
        buf_release(&line);
    }
}

static void print_request(const struct fleet *f, const struct approval *p)
{
    const struct agent *a = fleet_agent(f, p->agent);
    print_field("request", fleet_span(f, p->id));
    print_field("agent", fleet_span(f, a ? a->id : 0));
    print_field("name", fleet_span(f, a ? a->name : 0));
    print_field("tool", fleet_span(f, p->tool));
    print_field("risk", span_str(risk_name(p->risk)));
    print_field("rule", fleet_span(f, p->rule));
    print_field("why", fleet_span(f, p->reason));
    print_field("only in", fleet_span(f, p->only_in));
    print_field("it says", fleet_span(f, p->agent_words));
    print_rows(f, p, F_TERMS, "terms");
    print_rows(f, p, F_QUESTIONS, "asks");
    print_rows(f, p, F_OPTIONS, "option");
    print_rows(f, p, F_SCOPES, "grants");
    print_rows(f, p, F_DENIALS, "denies");
    print_field("action", p->action);
    print_field("digest", fleet_span(f, p->digest));
    print_field("shown", fleet_span(f, p->shown_digest));
    if (p->secrets) {
        (void)printf("%-8s %u hidden in the action%s\n", "secrets", p->secrets,
                     p->shown_digest ? ": approve needs --shown-digest too" : "");
    }
}

int cmd_show(struct args *a)
{
    struct choices ch = {0};
    struct headless h = {0};
    struct why why = {0};
    int code = EXIT_DONE;
    if (!ready(a, &ch, 1, &code)) {
        return code;
    }
    if (headless_open(&h, ch.config, NULL, NULL, &why) == ST_OK) {
        const struct approval *p = request_named(h.hub.fleet, a->argv[0]);
        if (!p) {
            app_say("no request %s is waiting", a->argv[0]);
            code = EXIT_REFUSED;
        } else if (ch.json) {
            headless_print_approval(h.hub.fleet, p);
        } else {
            print_request(h.hub.fleet, p);
        }
    } else {
        code = app_trouble(&why, EXIT_TROUBLE);
    }
    headless_close(&h);
    return code == EXIT_DONE && fflush(stdout) != 0 ? EXIT_TROUBLE : code;
}

/* ---- what was */

struct past_lines {
    char **line; /* the newest `most`, a ring */
    size_t most, seen;
    bool json;
    struct span agent; /* of this one only; empty: all */
    bool (*wanted)(const struct event *ev);
};

static bool any(const struct event *ev)
{
    (void)ev;
    return true;
}

/* As the view of alarms. */
static bool is_alarm(const struct event *ev)
{
    switch ((int)ev->type) {
    case EVENT_SIGNAL_RAISED:
        return event_number(ev, F_SEVERITY) != SEVERITY_LOW;
    case EVENT_FAILURE_REPORTED:
        return !event_number(ev, F_RETRYING);
    case EVENT_FLEET_STOP:
        return event_number(ev, F_STOP_LATCHED) != 0;
    default:
        return false;
    }
}

static void take(void *ctx, const struct event *ev)
{
    struct past_lines *p = ctx;
    if (!p->wanted(ev) || (p->agent.n && !span_eq(event_text(ev, F_AGENT_ID), p->agent))) {
        return;
    }
    char **slot = &p->line[p->seen++ % p->most];
    free(*slot);
    *slot = p->json ? event_line_json(ev) : event_line_text(ev);
}

static void print_past(const struct past_lines *p)
{
    size_t first = p->seen > p->most ? p->seen - p->most : 0;
    for (size_t i = first; i < p->seen; i++) {
        (void)printf("%s\n", p->line[i % p->most]);
    }
}

static enum status open_past(struct headless *h, const struct args *a, struct past_lines *p,
                             const char *config, struct why *why)
{
    enum status st = headless_open(h, config, NULL, NULL, why);
    if (st == ST_OK && a->argc) {
        struct command c = {0};
        st = headless_find_agent(h->hub.fleet, a->argv[0], &c, why);
        p->agent = c.agent;
    }
    return st == ST_OK ? history_read(h, take, p, why) : st;
}

int cmd_history(struct args *a)
{
    struct choices ch = {0};
    struct headless h = {0};
    struct why why = {0};
    int64_t most = 100;
    int code = EXIT_DONE;
    if (!ready(a, &ch, a->sub->operands[0] ? 1 : 0, &code)) {
        return code;
    }
    if (ch.last && num_parse(span_str(ch.last), 1, HISTORY_EVENTS_MAX, &most) != ST_OK) {
        app_say("--last: 1 to %d", HISTORY_EVENTS_MAX);
        return EXIT_USAGE;
    }
    struct past_lines p = {.line = xcalloc((size_t)most, sizeof(*p.line)),
                           .most = (size_t)most,
                           .json = ch.json != NULL,
                           .wanted = strcmp(a->sub->name, "alarms") == 0 ? is_alarm : any};
    enum status st = open_past(&h, a, &p, ch.config, &why);
    print_past(&p);
    if (st != ST_OK) {
        code =
            app_trouble(&why, st == ST_NOTFOUND || st == ST_CONFLICT ? EXIT_REFUSED : EXIT_TROUBLE);
    }
    headless_close(&h);
    for (size_t i = 0; i < p.most; i++) {
        free(p.line[i]);
    }
    free(p.line);
    return code == EXIT_DONE && fflush(stdout) != 0 ? EXIT_TROUBLE : code;
}
