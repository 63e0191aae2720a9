/* What a Codex server may send, a frame a line, and commands of ours in between, to the driver
 * attached to nothing.
 *
 * A line "!verb scope answers" is a command to the agent or request that came last, a line "!"
 * alone a new connection. Every event can be written down and folded, every command has one end at
 * most, and the same lines bring about the same again; so do the events as they were written down.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/codec.h"
#include "checkrein/driver.h"
#include "checkrein/model.h"
#include "checkrein/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SAID_BYTES    ((size_t)64 << 20)
#define COMMANDS_MOST 64
#define START_US      INT64_C(1793000000000000)

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

struct heard {
    struct buf said;
    struct fleet *fleet, *replayed;
    struct codec *codec;
    struct driver *driver;
    int64_t now_us;
    char agent[200], approval[300], digest[100];
    unsigned commands, ends[COMMANDS_MOST];
};

/* ---- what it says */

static int64_t on_raw(void *ctx, struct span bytes)
{
    (void)bytes;
    return ((struct heard *)ctx)->now_us += 1000;
}

static void remember(char *slot, size_t bytes, const struct event *ev, enum event_field f)
{
    if (event_text(ev, f).n) {
        demand(span_copy(event_text(ev, f), slot, bytes));
    }
}

/* As a replay does it: the record does not name the back-end within the event. */
static void replay(struct heard *h, struct span written, struct span backend)
{
    struct event ev;
    demand(codec_read_event(h->codec, written, &ev, NULL, NULL) == ST_OK);
    ev.backend = backend;
    fleet_apply(h->replayed, &ev);
}

static void on_event(void *ctx, const struct event *ev)
{
    struct heard *h = ctx;
    size_t from = h->said.len;
    demand(codec_write_event(&h->said, ev) == ST_OK);
    replay(h, span_sub(buf_span(&h->said), from, h->said.len), ev->backend);
    buf_addch(&h->said, '\n');
    fleet_apply(h->fleet, ev);
    remember(h->agent, sizeof(h->agent), ev, F_AGENT_ID);
    if (ev->type == EVENT_APPROVAL_REQUESTED) {
        remember(h->approval, sizeof(h->approval), ev, F_APPROVAL_ID);
        remember(h->digest, sizeof(h->digest), ev, F_DIGEST);
    }
}

static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    struct heard *h = ctx;
    buf_printf(&h->said, "link %s %s %lld\n", link_name(st), why ? why : "", (long long)retry_ms);
}

static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    struct heard *h = ctx;
    if (complete) {
        fleet_snapshot_end(h->fleet, SPAN("b"), seq);
        fleet_snapshot_end(h->replayed, SPAN("b"), seq);
    } else {
        fleet_snapshot_begin(h->fleet, SPAN("b"));
        fleet_snapshot_begin(h->replayed, SPAN("b"));
    }
}

static void on_offers(void *ctx, const struct driver_offer *o)
{
    buf_printf(&((struct heard *)ctx)->said, "offers %x\n", o->verbs);
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    struct heard *h = ctx;
    unsigned n = (unsigned)(command.p[0] - '0');
    demand(command.n == 1 && n < h->commands);
    h->ends[n] += st != COMMAND_ACCEPTED;
    demand(h->ends[n] <= 1 && (st != COMMAND_ACCEPTED || h->ends[n] == 0));
    buf_printf(&h->said, "result %u %s %.*s %.*s\n", n, command_state_name(st), SPAN_ARG(reason),
               SPAN_ARG(by));
}

static const struct driver_sink SINK = {.raw = on_raw,
                                        .event = on_event,
                                        .link = on_link,
                                        .snapshot = on_snapshot,
                                        .offers = on_offers,
                                        .result = on_result};

/* ---- what it is told */

static enum verb verb_named(struct span word)
{
    int v = 0;
    while (v < VERB_COUNT && !span_is(word, verb_name((enum verb)v))) {
        v++;
    }
    return v < VERB_COUNT ? (enum verb)v : VERB_APPROVE;
}

static void command(struct heard *h, struct span words)
{
    size_t blank = span_find(words, ' ');
    struct span more = span_sub(words, blank + 1, words.n);
    size_t behind = span_find(more, ' ');
    char id[2] = {(char)('0' + h->commands), '\0'};
    struct why why = {0};
    struct command c = {.id = span_str(id),
                        .verb = verb_named(span_sub(words, 0, blank)),
                        .backend = SPAN("b"),
                        .agent = span_str(h->agent),
                        .approval = span_str(h->approval),
                        .digest = span_str(h->digest),
                        .scope = span_sub(more, 0, behind),
                        .answers = span_sub(more, behind + 1, more.n),
                        .reason = SPAN("words"),
                        .time_us = h->now_us += 1000};
    if (h->commands < COMMANDS_MOST) {
        h->commands++;
        enum status st = driver_send(h->driver, &c, &why);
        buf_printf(&h->said, "sent %d %s\n", (int)st, why.text);
    }
}

static void line(struct heard *h, struct span text)
{
    if (!utf8_valid(text)) {
        return; /* no line passes it on */
    }
    if (text.n == 0 || text.p[0] != '!') {
        buf_printf(&h->said, "fed %d\n", (int)driver_feed(h->driver, text));
    } else if (text.n == 1) {
        driver_reconnect(h->driver);
    } else {
        command(h, span_sub(text, 1, text.n));
    }
}

static struct heard *told(struct span all)
{
    struct heard *h = calloc(1, sizeof(*h));
    struct driver_sink sink = SINK;
    struct why why = {0};
    demand(h != NULL);
    sink.ctx = h;
    h->now_us = START_US;
    h->fleet = fleet_new();
    h->replayed = fleet_new();
    h->codec = codec_new();
    buf_init(&h->said, SAID_BYTES);
    demand(driver_open(&h->driver, driver_kind("codex"), &(struct driver_conf){.name = "b"}, NULL,
                       NULL, sink, &why) == ST_OK);
    while (all.n > 0) {
        size_t end = span_find(all, '\n');
        line(h, span_sub(all, 0, end));
        all = span_sub(all, end + 1, all.n);
    }
    driver_close(h->driver);
    return h;
}

static void forget(struct heard *h)
{
    buf_release(&h->said);
    fleet_free(h->fleet);
    fleet_free(h->replayed);
    codec_free(h->codec);
    free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = {(const char *)data, size};
    struct heard *h = told(all);
    struct heard *again = told(all);
    demand(span_eq(buf_span(&h->said), buf_span(&again->said)));
    demand(fleet_digest(h->fleet) == fleet_digest(again->fleet));
    demand(fleet_digest(h->fleet) == fleet_digest(h->replayed));
    forget(h);
    forget(again);
    return 0;
}
