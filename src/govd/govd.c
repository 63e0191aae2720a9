#include "govd_priv.h"

#include "checkrein/clock.h"
#include "checkrein/log.h"

#define SEAL_EVERY_MS    60000
#define TEXT_BYTES       (3 * HOOK_BODY_BYTES) /* each string of a body at most three times */
#define HEAD_FRAME_BYTES 4096
#define CLOCK_JUMP_S     2 /* what is slewed is slower */

static void on_seal_due(void *ctx)
{
    struct govd *g = ctx;
    if (!journal_failed(g->journal) && journal_seal(g->journal, govd_wall_us()) != ST_OK) {
        log_write(LOG_ERROR, "the record was not sealed");
    }
    consoles_check_tokens(g);
    leases_look(g);
    budgets_look(g);
    retain_look(g);
    g->seal_timer = loop_timer(g->loop, SEAL_EVERY_MS, on_seal_due, g);
}

static void init(struct govd *g, struct loop *l, struct net *n, const struct govd_options *o)
{
    g->loop = l;
    g->net = n;
    g->conf = o->conf;
    g->demo = o->demo;
    g->policy_path = xstrdup(o->policy_path);
    g->prices_path = xstrdup(o->prices_path);
    g->issuers_path = xstrdup(o->issuers_path);
    g->tokens_path = xstrdup(o->tokens_path);
    g->socket_path = xstrdup(o->socket_path);
    g->own_socket = o->own_socket ? xstrdup(o->own_socket) : NULL;
    g->host = xstrdup(o->host);
    g->fleet = fleet_new();
    g->policy = policy_new();
    g->codec = codec_new();
    g->ring = xcalloc(1, sizeof(*g->ring));
    g->tokens = xcalloc(HOOK_TOKENS_MAX, sizeof(*g->tokens));
    buf_init(&g->scratch, PROTOCOL_FRAME_BYTES);
    buf_init(&g->head.frame, HEAD_FRAME_BYTES);
    buf_init(&g->text, TEXT_BYTES);
    (void)buf_reserve(&g->text, TEXT_BYTES); /* it must not move while spans point into it */
    presence_init(g);
    gateway_init(g);
    budgets_init(g);
    map_init(&g->session_by_id);
    map_init(&g->call_by_http);
    map_init(&g->call_by_approval);
    map_init(&g->call_by_native);
    map_init(&g->ran_before);
}

static void on_forward_told(void *ctx, bool trouble, const char *words)
{
    struct govd *g = ctx;
    log_write(trouble ? LOG_ERROR : LOG_INFO, "%s", words);
    publish_signal(g, NULL, trouble ? SEVERITY_HIGH : SEVERITY_LOW, words);
}

static enum status open_record(struct govd *g, const struct govd_options *o, struct why *why)
{
    struct forward_options fo = {.record = o->journal_dir, .keep = &o->conf->serve.keep};
    struct journal_options jo = {.dir = o->journal_dir,
                                 .writer = "daemon",
                                 .now_us = govd_wall_us(),
                                 .segment_us = forward_segment_us(&o->conf->serve.keep)};
    struct journal_opened found;
    enum status st = forward_check(&fo, why);
    if (st == ST_OK) {
        st = journal_open(&g->journal, &jo, &found, why);
    }
    if (st == ST_OK) {
        st = forward_open(&g->forward, g->loop, g->journal, &fo, on_forward_told, g, why);
    }
    if (st != ST_OK) {
        return st;
    }
    log_set_veil(veil_line, journal_veil(g->journal));
    veil_know(journal_veil(g->journal), "hook-token", span_str(g->token));
    veil_know(journal_veil(g->journal), "hook-token", span_sub(span_str(g->password), 6, SIZE_MAX));
    struct buf source;
    buf_init(&source, 512);
    buf_printf(&source, "checkrein://%s/%s", g->host, found.instance);
    g->source = buf_detach(&source, NULL);
    buf_release(&source);
    st = restore(g, o->journal_dir, why);
    if (st == ST_OK && found.torn_bytes) {
        char text[120];
        (void)snprintf(
            text, sizeof(text),
            "the record's end was torn by a crash: %llu bytes were cut off and kept aside",
            (unsigned long long)found.torn_bytes);
        publish_signal(g, NULL, SEVERITY_HIGH, text);
    }
    return st;
}

enum status govd_start(struct govd **out, struct loop *l, struct net *n,
                       const struct govd_options *o, struct why *why)
{
    struct govd *g = xcalloc(1, sizeof(*g));
    init(g, l, n, o);
    enum status st = token_load(o->token_path, g->token, why);
    token_as_password(g->token, g->password);
    if (st == ST_OK) {
        st = console_tokens_load(&g->console_tokens, o->tokens_path, why);
    }
    if (st == ST_OK) {
        st = telemetry_start(g, why); /* what the record tells of may have a price by now */
    }
    if (st == ST_OK) {
        st = open_record(g, o, why);
    }
    if (st == ST_OK) {
        st = rules_load(g, why);
    }
    if (st == ST_OK) {
        st = gateway_open(g, why);
    }
    if (st == ST_OK) {
        st = issuers_open(g, why);
    }
    if (st == ST_OK) {
        st = doors_open(g, o, why);
    }
    if (st != ST_OK) {
        govd_free(g);
        return st;
    }
    spend_tell_limit(g);
    on_seal_due(g);
    *out = g;
    return ST_OK;
}

int govd_hook_port(const struct govd *g)
{
    return g->port;
}

void govd_reload(struct govd *g)
{
    prices_reload(g);
    rules_reload(g);
    console_tokens_reload(g);
    upstreams_reload(g);
    issuers_reload(g);
    retain_again(g);
}

/* A clock that is set makes times in the record lie about what came first and how long it took:
 * that is told, and nothing here waits by it. */
static void look_at_the_clock(struct govd *g)
{
    int64_t offset_us = clock_wall_us() - clock_boot_us();
    int64_t jump_s = (offset_us - g->clock_offset_us) / 1000000;
    if (g->clock_offset_us && (jump_s >= CLOCK_JUMP_S || jump_s <= -CLOCK_JUMP_S)) {
        char text[REASON_BYTES];
        (void)snprintf(text, sizeof(text),
                       "the clock of this machine was set by %+lld s: order is by number",
                       (long long)jump_s);
        publish_signal(g, NULL, SEVERITY_HIGH, text);
    }
    if (!g->clock_offset_us || jump_s) {
        g->clock_offset_us = offset_us;
    }
}

void govd_turn(struct govd *g)
{
    look_at_the_clock(g);
    stop_settle(g);
    gateway_settle(g);
    issuers_turn(g);
    retain_turn(g);
    outbox_flush(g);
    witness_turn(g);
    forward_turn(g->forward);
    if (g->closing && !g->drained && net_idle(g->net)) {
        g->drained = true;
    }
}

void govd_shutdown(struct govd *g)
{
    if (g->closing) {
        return;
    }
    g->closing = true;
    (void)gate_refuse_all(g, 0, SPAN("checkrein"), "checkrein is shutting down: not let through");
    gateway_close(g);
    outbox_flush(g);
    consoles_bye(g);
    doors_close(g);
}

bool govd_drained(const struct govd *g)
{
    return g->drained;
}

void govd_free(struct govd *g)
{
    if (!g) {
        return;
    }
    loop_remove(g->loop, g->seal_timer);
    config_looks_release(g);
    doors_close(g);
    gateway_release(g);
    issuers_close(g);
    revocations_release(g);
    endings_release(g);
    freezers_release(g);
    retain_release(g);
    interruptions_release(g);
    loop_remove(g->loop, g->guarded_timer);
    outbox_release(g);
    snapshots_release(g);
    presence_release(g);
    gate_release(g);
    sessions_release(g);
    log_set_veil(NULL, NULL);
    loop_remove(g->loop, g->countersign_timer);
    if (g->journal) {
        witness_record(g);
    }
    journal_close(g->journal, govd_wall_us());
    forward_close(g->forward);
    fleet_free(g->fleet);
    policy_free(g->policy);
    codec_free(g->codec);
    buf_release(&g->scratch);
    buf_release(&g->text);
    buf_release(&g->head.frame);
    wipe(g->token, sizeof(g->token));
    console_tokens_release(&g->console_tokens);
    free(g->tokens_path);
    proc_tree_release(&g->tree);
    map_release(&g->ran_before);
    recent_release(&g->seen);
    recent_release(&g->let_through);
    recent_release(&g->inputs);
    recent_release(&g->ended_early);
    recent_release(&g->alarmed);
    telemetry_free(g->telemetry);
    budgets_release(g);
    free(g->guarded);
    free(g->tokens);
    free(g->policy_path);
    free(g->prices_path);
    free(g->issuers_path);
    free(g->socket_path);
    free(g->own_socket);
    free(g->host);
    free(g->source);
    free(g);
}
