/* claude.c - the hooks that Claude Code's settings must hold (docs/drivers/claude.md).
 *
 * From 2.1.295 an HTTP hook with `onFailure: "block"` fails closed. An older client silently
 * ignores that and would let calls run while the daemon is away; it gets the command form, which
 * blocks by its exit code and is wrapped so that even a missing executable blocks. The gate's own
 * timeout is a day: the runtime lets nothing run when it passes, and a call that nobody decides
 * waits.
 */
#include "connect_priv.h"

#include "checkrein/alloc.h"

#define LOCK_KEY "allowManagedHooksOnly"

/* ---- one hook */

static void write_http_hook(struct buf *out, const struct claude_gate *g,
                            const struct hook_terms *terms)
{
    buf_printf(
        out,
        "{\"type\": \"http\", \"url\": \"http://127.0.0.1:%d/hook/claude\", \"timeout\": %d, "
        "\"onFailure\": \"%s\", ",
        g->port, terms->timeout, terms->on_failure);
    struct buf bearer;
    buf_init(&bearer, 1024);
    buf_addstr(&bearer, "Bearer ");
    buf_add(&bearer, g->token);
    buf_addstr(out, "\"headers\": {\"Authorization\": ");
    tape_quote(out, buf_span(&bearer));
    buf_addstr(out, ", \"X-Checkrein-Agent\": \"$CHECKREIN_AGENT\"}, \"allowedEnvVars\": "
                    "[\"CHECKREIN_AGENT\"], \"statusMessage\": \"" OUR_MARK "\"}");
    buf_wipe(&bearer);
}

bool claude_gate_is_http(const struct claude_gate *g)
{
    return g->token.n > 0 && claude_http_fails_closed(g->version);
}

static void write_hook(struct buf *out, const struct claude_gate *g, enum hook_role role)
{
    const struct hook_terms *terms = &settings_claude.terms[role];
    if (terms->on_failure && claude_gate_is_http(g)) {
        write_http_hook(out, g, terms);
    } else {
        hooks_write_command(out, &settings_claude, g, role);
    }
}

/* ---- telemetry: never over a value that somebody else has set */

static void environment_value(struct buf *out, const struct claude_gate *g, size_t i)
{
    if (claude_telemetry[i].value) {
        buf_addstr(out, claude_telemetry[i].value);
    } else if (strcmp(claude_telemetry[i].name, "OTEL_EXPORTER_OTLP_ENDPOINT") == 0) {
        buf_printf(out, "http://127.0.0.1:%d", g->port);
    } else {
        buf_addstr(out, "Authorization=Bearer ");
        buf_add(out, g->token);
        buf_addstr(out, OUR_HEADER);
    }
}

enum telemetry { TELEMETRY_NONE, TELEMETRY_OURS, TELEMETRY_OTHERS };

/* Ours is told by a mark in the headers that are sent; whoever has set any of it otherwise keeps
 * all of it. */
static enum telemetry telemetry_of(const struct tape *j)
{
    uint32_t env = tape_get(j, TAPE_ROOT, "env");
    enum telemetry found = TELEMETRY_NONE;
    for (size_t i = 0; i < CLAUDE_TELEMETRY; i++) {
        struct span value = tape_raw(j, tape_get(j, env, claude_telemetry[i].name));
        if (span_ends(value, OUR_HEADER "\"")) {
            return TELEMETRY_OURS;
        }
        found = value.n ? TELEMETRY_OTHERS : found;
    }
    return found;
}

bool claude_telemetry_is_anothers(struct span settings)
{
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    struct tape j;
    bool anothers =
        splice_read(settings, &j, tokens, NULL) == ST_OK && telemetry_of(&j) == TELEMETRY_OTHERS;
    free(tokens);
    return anothers;
}

static enum status set_telemetry(struct edit *e, const struct claude_gate *g)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    if (st != ST_OK || telemetry_of(&j) == TELEMETRY_OTHERS) {
        return st;
    }
    for (size_t i = 0; st == ST_OK && i < CLAUDE_TELEMETRY; i++) {
        struct buf value;
        struct buf quoted;
        char path[64];
        (void)snprintf(path, sizeof(path), "env/%s", claude_telemetry[i].name);
        buf_init(&value, 1024);
        buf_init(&quoted, 4096);
        environment_value(&value, g, i);
        tape_quote(&quoted, buf_span(&value));
        st = edit_set(e, path, buf_span(&quoted));
        buf_release(&value);
        buf_release(&quoted);
    }
    return st;
}

static enum status remove_telemetry(struct edit *e)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    bool ours = st == ST_OK && telemetry_of(&j) == TELEMETRY_OURS;
    for (size_t i = 0; ours && st == ST_OK && i < CLAUDE_TELEMETRY; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "env/%s", claude_telemetry[i].name);
        st = edit_set(e, path, SPAN_NONE);
    }
    return st;
}

/* ---- the lock of the managed settings */

/* Those that stand there as `from` become `to`. A value that somebody has set stays: he is root. */
static enum status set_cleared(struct edit *e, struct span from, struct span to)
{
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < CLAUDE_CLEARED; i++) {
        struct tape j;
        char path[64];
        (void)snprintf(path, sizeof(path), "env/%s", claude_cleared[i]);
        st = splice_read(e->text, &j, e->tokens, e->why);
        if (st == ST_OK && span_eq(tape_raw(&j, tape_path(&j, TAPE_ROOT, path)), from)) {
            st = edit_set(e, path, to);
        }
    }
    return st;
}

/* Without managed hooks it would only keep everybody else's from running. */
static enum status remove_lock(struct edit *e, struct span old)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    bool ours = st == ST_OK && !span_eq(span_trim(old), span_trim(e->text));
    bool alone = ours && tape_get(&j, TAPE_ROOT, "hooks") == TAPE_ABSENT;
    bool locked = alone && tape_type(&j, tape_get(&j, TAPE_ROOT, LOCK_KEY)) == TAPE_TRUE;
    if (locked) {
        st = edit_set(e, LOCK_KEY, SPAN_NONE);
    }
    return locked && st == ST_OK ? set_cleared(e, SPAN("\"\""), SPAN_NONE) : st;
}

/* ---- the whole */

enum status claude_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                                struct why *why)
{
    struct edit e;
    edit_init(&e, old, settings_claude.mark_key, why);
    enum status st = hooks_set(&e, &settings_claude, g, write_hook);
    if (st == ST_OK) {
        st = g->token.n ? set_telemetry(&e, g) : remove_telemetry(&e);
    }
    if (st == ST_OK && g->lock) {
        st = edit_set(&e, LOCK_KEY, SPAN("true"));
    }
    if (st == ST_OK && g->lock) {
        st = set_cleared(&e, SPAN_NONE, SPAN("\"\""));
    }
    return edit_end(&e, st, out);
}

enum status claude_settings_remove(struct span old, struct buf *out, struct why *why)
{
    struct edit e;
    edit_init(&e, old, settings_claude.mark_key, why);
    enum status st = hooks_remove(&e, &settings_claude);
    if (st == ST_OK) {
        st = remove_telemetry(&e);
    }
    if (st == ST_OK) {
        st = remove_lock(&e, old);
    }
    return edit_end(&e, st, out);
}
