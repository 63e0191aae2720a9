/* hub_stops.c - fleet stops that were not answered outlive the console.
 *
 * A line a back-end: its name, the command, and how many agents it had. The file lies beside the
 * record, whose lock says that no other console writes it, and is there only while something is
 * due.
 */
#include "hub_stops.h"

#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/file.h"
#include "checkrein/log.h"
#include "checkrein/num.h"
#include "hub_fold.h"

#define STOPS_BYTES ((size_t)64 << 10)

int64_t stops_agents_of(const struct hub_backend *b)
{
    const struct fleet *f = b->hub->fleet;
    const struct backend *known = fleet_backend_named(f, span_str(b->conf.name));
    int64_t count = 0;
    for (uint32_t i = 0; known && i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        count += a->backend == known->ref && a->state != AGENT_STOPPED;
    }
    return count;
}

void stops_keep(const struct hub *h)
{
    struct buf b;
    struct why why = {0};
    if (!h->stops_path) {
        return;
    }
    buf_init(&b, STOPS_BYTES);
    for (uint32_t i = 0; i < h->count; i++) {
        const struct hub_backend *at = &h->backends[i];
        if (at->stop_due[0]) {
            buf_printf(&b, "%s %s %lld\n", at->conf.name, at->stop_due, (long long)at->stop_agents);
        }
    }
    if (b.len == 0) {
        (void)unlink(h->stops_path);
    } else if (file_replace(h->stops_path, buf_span(&b), 0600, &why) != ST_OK) {
        log_write(LOG_ERROR, "a fleet stop that is not answered will not outlive this console: %s",
                  why.text);
    }
    buf_release(&b);
}

static struct hub_backend *backend_named(struct hub *h, struct span name)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (span_is(name, h->backends[i].conf.name)) {
            return &h->backends[i];
        }
    }
    return NULL;
}

void stops_tell(struct hub_backend *b)
{
    struct hub *h = b->hub;
    if (!b->stop_due[0]) {
        return;
    }
    struct command c = {.id = span_str(b->stop_due),
                        .verb = VERB_STOP_ALL,
                        .backend = span_str(b->conf.name),
                        .time_us = clock_wall_us() / 1000 * 1000,
                        .reason =
                            SPAN("of the console before: not answered, sent when it is back")};
    struct own_event o;
    own_command(&o, &c);
    event_set_number(&o.ev, F_STOP_REQUESTED, b->stop_agents);
    const struct event *told;
    if (hub_record_own(h, &o, &told) != ST_OK) {
        log_write(LOG_ERROR, "the record does not take a fleet stop of before");
    }
    fleet_apply(h->fleet, told);
}

static void take_line(struct hub *h, struct span line)
{
    struct span name;
    struct span id;
    struct hub_backend *b = span_next(&line, ' ', &name) ? backend_named(h, name) : NULL;
    if (!b || !span_next(&line, ' ', &id) || !span_copy(id, b->stop_due, sizeof(b->stop_due))) {
        return;
    }
    if (num_parse(line, 0, INT32_MAX, &b->stop_agents) != ST_OK) {
        b->stop_agents = 0;
    }
}

void hub_take_up_stops(struct hub *h, const char *journal_dir)
{
    struct buf b;
    struct buf path;
    struct span line;
    struct why why = {0};
    if (!journal_dir) {
        return;
    }
    buf_init(&b, STOPS_BYTES);
    buf_init(&path, 4096);
    buf_printf(&path, "%s.stop", journal_dir);
    h->stops_path = buf_detach(&path, NULL);
    enum status st = file_read_secret(h->stops_path, &b, &why);
    if (st != ST_OK && st != ST_NOTFOUND) {
        log_write(LOG_ERROR, "fleet stops of before are not known: %s", why.text);
    }
    struct span text = buf_span(&b);
    while (st == ST_OK && text.n && span_next(&text, '\n', &line)) {
        take_line(h, line);
    }
    buf_release(&path);
    buf_release(&b);
}
