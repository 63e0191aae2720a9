#include "headless.h"

#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/log.h"
#include "checkrein/text.h"

#define SETTLE_MS 10000

static void no_log(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    (void)line;
}

/* Why not is said as the first one was found; what to start only where that is known. */
static enum status nobody_answers(const struct headless *h, struct why *why)
{
    char said[200];
    const struct conf_backend *first = &h->hub.backends[0].conf;
    const struct backend *b = fleet_backend_named(h->hub.fleet, span_str(first->name));
    (void)text_plain_of(fleet_span(h->hub.fleet, b ? b->why : 0), said, sizeof(said));
    bool own = strcmp(first->kind, "checkrein") == 0;
    return why_fail(why, ST_CLOSED, "no back-end answers (%s)%s%s%s", first->url,
                    said[0] ? ": " : "", said, own ? ": is `checkrein serve` running?" : "");
}

static enum status settle(struct headless *h, int64_t settle_ms, struct why *why)
{
    int64_t until = clock_mono_us() + settle_ms * 1000;
    while (!hub_all_settled(&h->hub)) {
        int64_t left = (until - clock_mono_us()) / 1000;
        if (left <= 0 || loop_turn(h->hub.loop, left) != ST_OK) {
            break;
        }
    }
    for (uint32_t i = 0; i < h->hub.count; i++) {
        if (h->hub.backends[i].link == LINK_LIVE || h->hub.backends[i].link == LINK_FROZEN) {
            return ST_OK;
        }
    }
    return nobody_answers(h, why);
}

static const struct conf_backend OWN = {.name = (char *)"local", .kind = (char *)"checkrein"};

static enum status own_address(struct headless *h, struct why *why)
{
    char *path = path_chosen(NULL, h->conf.serve.socket, path_runtime("checkrein.sock"));
    struct buf url;
    buf_init(&url, 4096);
    buf_printf(&url, "unix:%s", path);
    h->own_url = buf_detach(&url, NULL);
    buf_release(&url);
    enum status st = socket_is_ours(path, why);
    free(path);
    return st;
}

static enum status open_and_settle(struct headless *h, const char *config,
                                   const struct hub_events *ev, void *ctx, int64_t settle_ms,
                                   struct why *why)
{
    *h = (struct headless){0};
    log_set_sink(no_log, NULL);
    enum status st = config_load(&h->conf, config, why);
    if (st != ST_OK) {
        return st;
    }
    const struct conf_backend *named = h->conf.backend_count ? h->conf.backends : &OWN;
    uint32_t count = h->conf.backend_count ? h->conf.backend_count : 1;
    if (backends_have_own(named, count)) {
        st = own_address(h, why);
    }
    if (st != ST_OK) {
        return st;
    }
    h->backends = backends_addressed(named, count, h->own_url);
    st = hub_open(&h->hub, h->backends, count, NULL, ev, ctx, why);
    if (st == ST_OK) {
        st = config_load_prices(&h->hub, &h->conf, why);
    }
    if (st == ST_OK) {
        st = hub_connect(&h->hub, why);
    }
    return st == ST_OK ? settle(h, settle_ms, why) : st;
}

enum status headless_open(struct headless *h, const char *config, const struct hub_events *ev,
                          void *ctx, struct why *why)
{
    return open_and_settle(h, config, ev, ctx, SETTLE_MS, why);
}

enum status headless_open_within(struct headless *h, const char *config, int64_t settle_ms,
                                 struct why *why)
{
    return open_and_settle(h, config, NULL, NULL, settle_ms, why);
}

enum status headless_find_agent(const struct fleet *f, const char *word, struct command *c,
                                struct why *why)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        bool by_id = span_is(fleet_span(f, a->id), word);
        if (!by_id && !span_is(fleet_span(f, a->name), word)) {
            continue;
        }
        c->agent = fleet_span(f, a->id);
        c->backend = fleet_span(f, fleet_backend(f, a->backend)->name);
        found++;
        if (by_id) {
            return ST_OK;
        }
    }
    if (found > 1) {
        return why_fail(why, ST_CONFLICT, "%u agents are called %s: give the id", found, word);
    }
    return found ? ST_OK : why_fail(why, ST_NOTFOUND, "there is no agent %s", word);
}

void headless_close(struct headless *h)
{
    if (h->hub.backends) {
        hub_close(&h->hub);
    }
    conf_release(&h->conf);
    free(h->backends);
    free(h->own_url);
}

const char *headless_plain(const struct fleet *f, sid id, char *out, size_t bytes)
{
    (void)text_plain_of(fleet_span(f, id), out, bytes);
    return out[0] ? out : "-";
}
