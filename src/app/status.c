/* status.c - `checkrein status` and `checkrein watch`. */
#include "event_line.h"
#include "headless.h"
#include "hub_stops.h"

#include "checkrein/codec.h"
#include "checkrein/num.h"

#define JSON_OUT_BYTES ((size_t)256 << 20)

static enum status put_line(struct span line)
{
    bool ok = fwrite(line.p, 1, line.n, stdout) == line.n && fputc('\n', stdout) != EOF &&
              fflush(stdout) == 0;
    return ok ? ST_OK : ST_IO;
}

static enum status print_json(const struct fleet *f)
{
    struct buf b;
    struct buf ascii;
    buf_init(&b, JSON_OUT_BYTES);
    buf_init(&ascii, JSON_OUT_BYTES);
    enum status st = headless_json(f, &b);
    if (st == ST_OK) {
        st = ascii_json(&ascii, buf_span(&b));
    }
    if (st == ST_OK) {
        st = put_line(buf_span(&ascii));
    }
    buf_release(&b);
    buf_release(&ascii);
    return st;
}

static void print_agents(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        char name[40];
        char id[80];
        char now[60];
        (void)printf(
            "%-17s %-20s %8lld.%02lld  %-44s %s\n", agent_state_name(a->state),
            headless_plain(f, a->name, name, sizeof(name)), (long long)(a->cost_microusd / 1000000),
            (long long)(a->cost_microusd / 10000 % 100), headless_plain(f, a->id, id, sizeof(id)),
            headless_plain(f, a->now, now, sizeof(now)));
    }
}

static void print_approvals(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_pending_count(f); i++) {
        const struct approval *p = fleet_pending_at(f, i);
        char id[40];
        char what[80];
        char digest[80];
        (void)printf("waits  %s  %-4s  %s\n       %s\n", headless_plain(f, p->id, id, sizeof(id)),
                     risk_name(p->risk), headless_plain(f, p->summary, what, sizeof(what)),
                     headless_plain(f, p->digest, digest, sizeof(digest)));
    }
}

static void print_text(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_backend_count(f); i++) {
        const struct backend *b = fleet_backend_at(f, i);
        char name[40];
        char why[120];
        (void)printf("back-end %s: %s%s%s%s\n", headless_plain(f, b->name, name, sizeof(name)),
                     link_name(b->link), b->why ? ", " : "",
                     b->why ? headless_plain(f, b->why, why, sizeof(why)) : "",
                     b->stop_latched ? ", FLEET STOP latched"
                     : b->stop_asked ? ", FLEET STOP left for the console that is started next"
                                     : "");
    }
    print_agents(f);
    print_approvals(f);
}

struct choices {
    const char *config, *json;
};

const struct option_row OPTIONS_STATUS[] = {
    {"config",          "FILE", "read this file", offsetof(struct choices, config)},
    {"json", NULL, "one JSON object a line", offsetof(struct choices, json)},
    {0         },
};

static enum status choose(struct args *a, struct choices *ch)
{
    enum status st = options_parse(a, ch);
    if (st == ST_OK && a->argc) {
        (void)usage_fault(a);
        st = ST_INVALID;
    }
    return st;
}

static void tell_stops_left(struct headless *h)
{
    char *record = console_record(&h->conf);
    hub_take_up_stops(&h->hub, record);
    for (uint32_t i = 0; i < h->hub.count; i++) {
        stops_tell(&h->hub.backends[i]);
    }
    free(record);
}

int cmd_status(struct args *a)
{
    struct choices ch = {0};
    enum status st = choose(a, &ch);
    if (st != ST_OK) {
        return st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    struct headless h;
    struct why why = {0};
    int code = EXIT_DONE;
    if (headless_open(&h, ch.config, NULL, NULL, &why) != ST_OK) {
        code = app_trouble(&why, EXIT_TROUBLE);
        headless_close(&h);
        return code;
    }
    tell_stops_left(&h);
    if (!ch.json) {
        print_text(h.hub.fleet);
    } else if (print_json(h.hub.fleet) != ST_OK) {
        code = EXIT_TROUBLE;
    }
    headless_close(&h);
    return code == EXIT_DONE && fflush(stdout) != 0 ? EXIT_TROUBLE : code;
}

/* ---- watch */

struct onlooker {
    bool json, failed;
};

static void on_seen(void *ctx, const struct event *ev)
{
    struct onlooker *w = ctx;
    if (!w->failed) {
        char *line = w->json ? event_line_json(ev) : event_line_text(ev);
        w->failed = put_line(span_str(line)) != ST_OK;
        free(line);
    }
}

int cmd_watch(struct args *a)
{
    struct choices ch = {0};
    enum status st = choose(a, &ch);
    if (st != ST_OK) {
        return st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    struct onlooker w = {.json = ch.json != NULL};
    struct hub_events ev = {.seen = on_seen};
    struct headless h;
    struct why why = {0};
    int code = EXIT_DONE;
    st = headless_open(&h, ch.config, &ev, &w, &why);
    if (st != ST_OK) {
        code = app_trouble(&why, EXIT_TROUBLE);
    }
    while (st == ST_OK && !w.failed) {
        st = loop_turn(h.hub.loop, -1);
    }
    headless_close(&h);
    return code;
}
