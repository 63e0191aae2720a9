/* upstreams.c - the services behind the gateway, and the real keys: read from a file, from a
 * systemd credential, or from what a command says, at the start, again at SIGHUP, and a file when
 * it has changed (keyfiles.c), so that a key can be changed without any agent noticing. What cannot
 * be read leaves the key that was there.
 */
#include "gateway_priv.h"

#include "checkrein/log.h"

static void no_key(struct upstream *up, const char *why)
{
    char text[REASON_BYTES];
    up->failed = true;
    (void)snprintf(up->why_not, sizeof(up->why_not), "%s", why);
    (void)snprintf(text, sizeof(text), "upstream %s: %s%s", up->conf->name, why,
                   up->key ? "; the key that was read before stays" : "");
    log_write(LOG_ERROR, "%s", text);
    publish_signal(up->govd, NULL, SEVERITY_HIGH, text);
}

/* Not at the start: then it is what is expected. Nothing of a key is told, nor how long it is. */
static void tell_key(const struct upstream *up, struct span key)
{
    char text[REASON_BYTES];
    bool same = up->key && equal_secret(key, span_str(secret_guard_text(up->key)));
    if ((!up->key && !up->failed) || (same && !up->failed)) {
        return;
    }
    (void)snprintf(text, sizeof(text), "upstream %s: %s", up->conf->name,
                   same      ? "its key can be read again, and is the one in use"
                   : up->key ? "another key is in use from here on; leases stay as they are"
                             : "its key could be read: requests go on");
    log_write(LOG_INFO, "%s", text);
    publish_signal(up->govd, NULL, SEVERITY_LOW, text);
}

static void take_key(void *ctx, struct span key, const char *why)
{
    struct upstream *up = ctx;
    up->reading = NULL;
    if (key.n == 0 || key.n > GATEWAY_SECRET_MAX) {
        no_key(up, key.n == 0 ? why : "the key is longer than 4096 bytes");
        return;
    }
    veil_know(journal_veil(up->govd->journal), "upstream-key", key);
    tell_key(up, key);
    secret_guard_drop(up->key); /* what was sent with it still holds it */
    up->key = secret_guard_new(key);
    up->failed = false;
}

void upstream_read_key(struct upstream *up)
{
    if (up->reading) {
        return;
    }
    (void)snprintf(up->why_not, sizeof(up->why_not), "its key has not been read yet");
    key_file_taken(up);
    up->reading = source_begin(up->govd->loop, &up->source, take_key, up);
}

static struct source source_of(const struct conf_upstream *c)
{
    return c->secret_file      ? (struct source){SOURCE_FILE, c->secret_file}
           : c->secret_command ? (struct source){SOURCE_COMMAND, c->secret_command}
                               : (struct source){SOURCE_CREDENTIAL, c->secret_credential};
}

/* ---- all of them */

static void set_header(struct upstream *up)
{
    struct span header = span_str(up->conf->header ? up->conf->header : up->dialect->header);
    size_t colon = span_find(header, ':');
    struct span text =
        colon < header.n ? span_trim(span_sub(header, colon + 1, header.n)) : SPAN("%");
    size_t mark = span_find(text, '%');
    up->field = xstrndup(header.p, colon);
    up->before = xstrndup(text.p, mark);
    up->behind = xstrndup(text.p + mark + 1, text.n - mark - 1);
}

static void set_place(struct upstream *up)
{
    struct span url = span_str(up->conf->url);
    size_t host = (size_t)(strstr(up->conf->url, "://") - up->conf->url) + 3;
    size_t slash = host + span_find(span_sub(url, host, url.n), '/');
    struct span base = span_sub(url, slash, url.n);
    base.n -= span_ends(base, "/") ? 1 : 0;
    up->origin = xstrndup(url.p, slash);
    up->base = xstrndup(base.n ? base.p : "", base.n);
}

void upstreams_open(struct govd *g)
{
    struct gateway *w = g->gateway;
    w->count = g->conf->upstream_count;
    w->upstreams = xcalloc(w->count + 1, sizeof(*w->upstreams));
    for (size_t i = 0; i < w->count; i++) {
        struct upstream *up = &w->upstreams[i];
        up->govd = g;
        up->conf = &g->conf->upstreams[i];
        up->dialect = dialect_named(up->conf->dialect);
        up->source = source_of(up->conf);
        set_header(up);
        set_place(up);
        upstream_read_key(up);
    }
    key_files_open(g);
}

void upstreams_reload(struct govd *g)
{
    for (size_t i = 0; i < g->gateway->count; i++) {
        upstream_read_key(&g->gateway->upstreams[i]);
    }
}

void upstreams_release(struct govd *g)
{
    loop_remove(g->loop, g->gateway->key_timer);
    for (size_t i = 0; i < g->gateway->count; i++) {
        struct upstream *up = &g->gateway->upstreams[i];
        source_cancel(up->reading);
        secret_guard_drop(up->key);
        free(up->origin);
        free(up->base);
        free(up->field);
        free(up->before);
        free(up->behind);
    }
    free(g->gateway->upstreams);
}

struct upstream *upstream_named(const struct govd *g, struct span name)
{
    for (size_t i = 0; i < g->gateway->count; i++) {
        if (span_is(name, g->gateway->upstreams[i].conf->name)) {
            return &g->gateway->upstreams[i];
        }
    }
    return NULL;
}

struct upstream *upstream_of_dialect(const struct govd *g, struct span dialect)
{
    for (size_t i = 0; i < g->gateway->count; i++) {
        if (span_is(dialect, g->gateway->upstreams[i].conf->dialect)) {
            return &g->gateway->upstreams[i];
        }
    }
    return NULL;
}
