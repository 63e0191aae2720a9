/* presence.c - that somebody watches.
 *
 * It is told once the connection has lasted a while: a verb or a look at the state from a shell is
 * over before, and stands in the record by its command alone. It is not for the peer to say which
 * of these it is. Who comes and goes without end does not fill the record: at each door some are
 * told at once, then one in a while, the one first that has waited longest, so that nobody who
 * stays is left out; those who left untold are told as a number.
 */
#include "govd_priv.h"

#define STAYED_MS 2000
#define AT_ONCE   20
#define EVERY_MS  INT64_C(10000) /* one more */
#define COUNT_MS  20000          /* a number at most as often */

static const char *const DOORS[] = {"by the Unix socket", "by the loopback port"};

static struct door *door_of(const struct console *c)
{
    return &c->govd->doors[c->by_port];
}

static void tell(struct console *c, bool here, const char *why)
{
    struct event_row rows[SCOPE_COUNT];
    uint32_t count = 0;
    struct event ev;
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if (c->scopes & SCOPE_BIT(s)) {
            rows[count++] = (struct event_row){{span_str(scope_name((enum scope)s))}};
        }
    }
    publish_begin(c->govd, &ev, EVENT_OPERATOR_PRESENCE);
    event_set_text(&ev, F_OPERATOR, span_str(c->operator_id));
    event_set_text(&ev, F_OPERATOR_PATH, span_str(c->path));
    event_set_text(&ev, F_CONNECTION, span_str(c->connection));
    event_set_list(&ev, F_OPERATOR_SCOPES, rows, count);
    event_set_number(&ev, F_PRESENT, here);
    event_put_text(&ev, F_REASON, span_str(why));
    c->told = publish(c->govd, &ev) && here;
    c->untold_since = 0;
}

static struct console *longest_untold(struct govd *g, const struct door *d)
{
    struct console *first = NULL;
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        struct console *c = &g->consoles[i];
        if (c->untold_since && door_of(c) == d &&
            (!first || c->untold_since < first->untold_since)) {
            first = c;
        }
    }
    return first;
}

static void on_more(void *ctx);

static void tell_untold(struct govd *g, struct door *d)
{
    struct console *c = NULL;
    while ((c = longest_untold(g, d)) &&
           bucket_pay(&d->paid_us, EVERY_MS * 1000, EVERY_MS * 1000 * AT_ONCE)) {
        tell(c, true, NULL);
    }
    if (c && !d->more) {
        d->more = loop_timer(g->loop, EVERY_MS, on_more, d);
    }
}

static void on_more(void *ctx)
{
    struct door *d = ctx;
    d->more = 0;
    tell_untold(d->govd, d);
}

static void on_stayed(void *ctx)
{
    struct console *c = ctx;
    c->presence_timer = 0;
    c->untold_since = ++c->govd->arrivals;
    tell_untold(c->govd, door_of(c));
}

static void on_count(void *ctx)
{
    struct door *d = ctx;
    char text[REASON_BYTES];
    (void)snprintf(text, sizeof(text),
                   "%llu consoles that came %s have left and were not told of one by one",
                   (unsigned long long)d->untold, DOORS[d - d->govd->doors]);
    d->count = 0;
    d->untold = 0;
    publish_signal(d->govd, NULL, SEVERITY_LOW, text);
}

void presence_begin(struct console *c)
{
    c->presence_timer = loop_timer(c->govd->loop, STAYED_MS, on_stayed, c);
}

void presence_end(struct console *c, const char *why)
{
    struct door *d = door_of(c);
    loop_remove(c->govd->loop, c->presence_timer);
    if (c->told) {
        tell(c, false, why);
    } else if (c->untold_since) {
        c->untold_since = 0;
        d->untold++;
        d->count = d->count ? d->count : loop_timer(c->govd->loop, COUNT_MS, on_count, d);
    }
}

void presence_init(struct govd *g)
{
    for (size_t i = 0; i < ARRAY_LEN(g->doors); i++) {
        g->doors[i].govd = g;
    }
}

void presence_release(struct govd *g)
{
    for (size_t i = 0; i < ARRAY_LEN(g->doors); i++) {
        loop_remove(g->loop, g->doors[i].more);
        loop_remove(g->loop, g->doors[i].count);
    }
}
