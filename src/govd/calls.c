#include "calls_priv.h"

#include "checkrein/utf8.h"

/* A runtime that gives its calls no id reports tool and input. The ids that are made for it begin
 * with this many digits of the digest of both, which a report can be found by, also after a
 * restart; then a point and a ULID. */
#define JOIN_HEX 32
#define JOIN_AT  (sizeof("sha256:") - 1)

#define WORDS_BYTES 1024
#define INPUT_BYTES 200 /* of one that nothing else sums up */

static struct span http_key(const net_id *http)
{
    return (struct span){(const char *)http, sizeof(*http)};
}

static void native_key(struct buf *key, session_ref session, struct span native_id)
{
    buf_init(key, 4096);
    buf_printf(key, "%u/", session);
    buf_add(key, native_id);
}

static char *copy(struct span s)
{
    return s.n ? xstrndup(s.p, s.n) : NULL;
}

/* {"tool":...,"input":<as received>,"cwd":...}: the exact text that is hashed, shown and run. Gives
 * where the input begins. */
static size_t action_text(struct buf *b, const struct session *s, struct span tool,
                          struct span input)
{
    buf_init(b, ACTION_BYTES_MAX);
    buf_addstr(b, "{\"tool\":");
    tape_quote(b, tool);
    buf_addstr(b, ",\"input\":");
    size_t at = b->len;
    buf_add(b, input);
    buf_addstr(b, ",\"cwd\":");
    tape_quote(b, span_str(s->cwd));
    buf_addstr(b, "}");
    return at;
}

static bool action_write(struct call *c, const struct session *s, const struct call_request *r)
{
    struct buf b;
    size_t at = action_text(&b, s, r->tool, r->input);
    if (buf_status(&b) != ST_OK || !utf8_valid(buf_span(&b))) {
        buf_release(&b);
        return false;
    }
    c->action = buf_detach(&b, &c->action_bytes);
    buf_release(&b);
    c->input = (struct span){c->action + at, r->input.n};
    digest_text((struct span){c->action, c->action_bytes}, c->digest);
    return true;
}

/* What is told stands inside of an event, and nothing more may be hidden there: its digest would be
 * that of another text. */
static bool stays_as_shown(const struct govd *g, struct span text)
{
    struct buf b;
    buf_init(&b, text.n * 6 + 2);
    (void)tape_quote(&b, text);
    bool same = veil(journal_veil(g->journal), buf_span(&b)).count == 0;
    buf_wipe(&b);
    return same;
}

static bool hide_secrets(const struct govd *g, struct call *c)
{
    struct span action = {c->action, c->action_bytes};
    struct veiled v = veil(journal_veil(g->journal), action);
    if (v.count > 0) {
        c->secrets = v.count;
        c->shown = xstrndup(v.text.p, v.text.n);
        c->shown_bytes = v.text.n;
        digest_text(v.text, c->shown_digest);
    }
    return stays_as_shown(g, v.count > 0 ? (struct span){c->shown, c->shown_bytes} : action);
}

size_t call_bytes(const struct call *c)
{
    return c->action_bytes + c->shown_bytes;
}

static struct call *slot(struct govd *g)
{
    if (g->call_free_count) {
        return g->calls[g->call_free[--g->call_free_count]];
    }
    GROW(g->calls, g->call_cap, g->call_count + 1);
    struct call *c = xcalloc(1, sizeof(*c));
    c->index = (uint32_t)g->call_count;
    g->calls[g->call_count++] = c;
    return c;
}

/* What is needed only while it waits. */
static void drop_content(struct call *c)
{
    char **texts[] = {&c->action, &c->shown, &c->command, &c->path,
                      &c->url,    &c->words, &c->cwd,     &c->mode};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
    c->input = SPAN_NONE;
    c->action_bytes = c->shown_bytes = 0;
}

static void release(struct call *c)
{
    drop_content(c);
    free(c->native_id);
    free(c->tool);
    free(c->summary);
    *c = (struct call){.index = c->index};
}

void call_drop(struct govd *g, struct call *c)
{
    if (c) {
        release(c);
        GROW(g->call_free, g->call_free_cap, g->call_free_count + 1);
        g->call_free[g->call_free_count++] = c->index;
    }
}

/* What the rules go by; they make a path whole. */
static char *folder_of(const struct session *s, struct span folder)
{
    struct buf b;
    if (!folder.n) {
        return copy(span_str(s->cwd));
    }
    buf_init(&b, (size_t)CWD_BYTES * 2);
    if (!span_starts(folder, "/")) {
        buf_addstr(&b, s->cwd ? s->cwd : "");
        buf_addch(&b, '/');
    }
    buf_add(&b, folder);
    /* A folder that cannot be told is none: no rule lets run on it. */
    char *path = buf_status(&b) == ST_OK ? copy(buf_span(&b)) : NULL;
    buf_release(&b);
    return path;
}

static char *made_id(const struct call *c)
{
    char id[JOIN_HEX + 1 + ULID_BYTES];
    (void)snprintf(id, sizeof(id), "%.*s.%s", JOIN_HEX, c->digest + JOIN_AT, c->id);
    return xstrdup(id);
}

struct span call_reported_by(const char digest[DIGEST_TEXT_BYTES])
{
    return (struct span){digest + JOIN_AT, JOIN_HEX};
}

struct span call_reported_id(struct span action)
{
    bool made = action.n == JOIN_HEX + 1 + ULID_BYTES - 1 && action.p[JOIN_HEX] == '.';
    return made ? span_sub(action, 0, JOIN_HEX) : action;
}

static char *told_copy(const struct govd *g, struct span text, size_t most)
{
    char room[WORDS_BYTES];
    return copy(told_text(g, text, room, most));
}

static char *summary_of(const struct govd *g, const struct call_request *r)
{
    return r->summary.n ? told_copy(g, r->summary, WORDS_BYTES)
           : r->words.n ? told_copy(g, r->words, WORDS_BYTES)
                        : told_copy(g, r->input, INPUT_BYTES);
}

struct call *call_new(struct govd *g, struct session *s, net_id http, const struct call_request *r)
{
    struct call *c = slot(g);
    if (!action_write(c, s, r) || !hide_secrets(g, c)) {
        call_drop(g, c);
        return NULL;
    }
    ulid_make(c->id);
    c->session = s->ref;
    c->native_id = r->native_id.n ? copy(r->native_id) : made_id(c);
    c->tool = copy(r->tool);
    c->summary = summary_of(g, r);
    c->command = copy(r->command);
    c->path = copy(r->path);
    c->url = copy(r->url);
    c->words = told_copy(g, r->words, WORDS_BYTES);
    c->cwd = folder_of(s, r->folder);
    c->mode = copy(span_str(s->mode));
    c->reads_only = r->reads_only;
    c->http = http;
    return c;
}

void call_enter(struct govd *g, struct call *c)
{
    struct buf key;
    native_key(&key, c->session, span_str(c->native_id));
    map_put(&g->call_by_native, buf_span(&key), c->index);
    buf_release(&key);
    map_put(&g->call_by_http, http_key(&c->http), c->index);
    map_put(&g->call_by_approval, span_str(c->id), c->index);
    call_set_state(g, c, CALL_HELD);
}

static void leave(struct govd *g, struct call *c)
{
    struct buf key;
    native_key(&key, c->session, span_str(c->native_id));
    map_del(&g->call_by_native, buf_span(&key));
    buf_release(&key);
    map_del(&g->call_by_approval, span_str(c->id));
    call_drop(g, c);
}

struct call *call_by_http(const struct govd *g, net_id http)
{
    uint32_t index = 0;
    return map_get(&g->call_by_http, http_key(&http), &index) ? g->calls[index] : NULL;
}

struct call *call_by_native(const struct govd *g, const struct session *s, struct span native_id)
{
    struct buf key;
    native_key(&key, s->ref, native_id);
    uint32_t index = 0;
    bool found = map_get(&g->call_by_native, buf_span(&key), &index);
    buf_release(&key);
    return found ? g->calls[index] : NULL;
}

struct call *call_by_approval(const struct govd *g, struct span approval_id)
{
    uint32_t index = 0;
    return map_get(&g->call_by_approval, approval_id, &index) ? g->calls[index] : NULL;
}

/* ULIDs grow: the smaller one is the older call. */
static bool is_older(const struct call *c, const struct call *than)
{
    return !than || strcmp(c->id, than->id) < 0;
}

bool call_by_report(const struct govd *g, const struct session *s, const struct call_end *end,
                    char digest[DIGEST_TEXT_BYTES], struct call **c)
{
    struct buf text;
    struct call *same = NULL;
    struct call *similar = NULL;
    (void)action_text(&text, s, end->tool, end->input);
    digest_text(buf_span(&text), digest);
    buf_release(&text);
    for (size_t i = 0; s->running && i < g->call_count; i++) {
        struct call *one = g->calls[i];
        if (one->state != CALL_RUNNING || one->session != s->ref ||
            !span_is(end->tool, one->tool)) {
            continue;
        }
        if (strcmp(one->digest, digest) == 0 && is_older(one, same)) {
            same = one;
        }
        if (is_older(one, similar)) {
            similar = one;
        }
    }
    *c = same ? same : similar;
    return same != NULL;
}

struct call *gate_find_approval(struct govd *g, struct span approval_id)
{
    struct call *c = call_by_approval(g, approval_id);
    return c && c->state == CALL_ASKED ? c : NULL;
}

static bool at_gate(enum call_state st)
{
    return st == CALL_HELD || st == CALL_ASKED;
}

void call_set_state(struct govd *g, struct call *c, enum call_state state)
{
    struct session *s = session_at(g, c->session);
    enum call_state was = c->state;
    size_t bytes_before = at_gate(was) ? call_bytes(c) : 0;
    size_t bytes_after = at_gate(state) ? call_bytes(c) : 0;
    s->held = s->held - at_gate(was) + at_gate(state);
    g->held = g->held - at_gate(was) + at_gate(state);
    s->held_bytes = s->held_bytes - bytes_before + bytes_after;
    g->held_bytes = g->held_bytes - bytes_before + bytes_after;
    s->asked = s->asked - (was == CALL_ASKED) + (state == CALL_ASKED);
    s->running = s->running - (was == CALL_RUNNING) + (state == CALL_RUNNING);
    c->state = state;
    if (at_gate(was) && !at_gate(state)) {
        map_del(&g->call_by_http, http_key(&c->http));
        c->http = 0;
    }
    if (state == CALL_RUNNING) {
        drop_content(c);
    } else if (state == CALL_FREE) {
        leave(g, c);
    }
}

void gate_release(struct govd *g)
{
    for (size_t i = 0; i < g->call_count; i++) {
        release(g->calls[i]);
        free(g->calls[i]);
    }
    free(g->calls);
    free(g->call_free);
    map_release(&g->call_by_http);
    map_release(&g->call_by_approval);
    map_release(&g->call_by_native);
}

/* ---- before this daemon */

static void before_key(struct buf *key, struct span agent, struct span action)
{
    buf_init(key, 4096);
    buf_add(key, agent);
    buf_addch(key, '\n');
    buf_add(key, call_reported_id(action));
}

void ran_before_put(struct govd *g, struct span agent, struct span action)
{
    struct buf key;
    before_key(&key, agent, action);
    uint32_t count = 0;
    (void)map_get(&g->ran_before, buf_span(&key), &count);
    (void)map_put(&g->ran_before, buf_span(&key), count + 1);
    buf_release(&key);
}

bool ran_before_take(struct govd *g, struct span agent, struct span action)
{
    struct buf key;
    before_key(&key, agent, action);
    uint32_t count = 0;
    bool known = map_get(&g->ran_before, buf_span(&key), &count);
    if (count > 1) {
        (void)map_put(&g->ran_before, buf_span(&key), count - 1);
    } else {
        (void)map_del(&g->ran_before, buf_span(&key));
    }
    buf_release(&key);
    return known;
}
