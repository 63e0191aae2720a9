#include "codex_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/policy.h"

#define FILES_JUDGED 500

/* What counts as doing something. What a thread says and thinks is no action; a type that is not
 * here is none either. */
static const struct codex_tool TOOLS[] = {
    {"commandExecution",    "shell",      NULL       },
    {"fileChange",          "patch",      NULL       },
    {"mcpToolCall",         "mcp",        "tool"     },
    {"dynamicToolCall",     "tool",       "tool"     },
    {"webSearch",           "web_search", "query"    },
    {"imageView",           "image_view", "path"     },
    {"imageGeneration",     "image",      NULL       },
    {"collabAgentToolCall", "agent",      "prompt"   },
    {"subAgentActivity",    "agent",      "agentPath"},
    {"contextCompaction",   "compact",    NULL       },
};

static const struct codex_tool *tool_of(struct span type)
{
    for (size_t i = 0; i < ARRAY_LEN(TOOLS); i++) {
        if (span_is(type, TOOLS[i].type)) {
            return &TOOLS[i];
        }
    }
    return NULL;
}

/* ---- the open ones */

static struct codex_item *find(const struct codex_thread *t, struct span id)
{
    for (size_t i = 0; i < t->item_count; i++) {
        if (span_is(id, t->items[i].id)) {
            return &t->items[i];
        }
    }
    return NULL;
}

const struct codex_item *item_find(const struct codex_thread *t, struct span id)
{
    return find(t, id);
}

bool item_is_open(const struct codex_thread *t, struct span id)
{
    return find(t, id);
}

static void drop_changes(struct codex *c, struct codex_item *it)
{
    c->changes -= span_str(it->changes).n;
    free(it->changes);
    it->changes = NULL;
}

static void item_drop(struct codex *c, struct codex_thread *t, struct codex_item *it)
{
    free(it->summary);
    drop_changes(c, it);
    free(it->call);
    *it = t->items[--t->item_count];
}

void items_release(struct codex *c, struct codex_thread *t)
{
    while (t->item_count) {
        item_drop(c, t, &t->items[t->item_count - 1]);
    }
    free(t->items);
    t->items = NULL;
    t->item_cap = 0;
}

/* ---- what they say of themselves */

static struct span first_change(struct codex *c, uint32_t item)
{
    uint32_t changes = codex_at(c, item, "changes");
    return codex_text(c, tape_first(&c->j, changes), "path");
}

static struct span summary_of(struct codex *c, const struct codex_tool *tool, uint32_t item)
{
    struct span s = SPAN_NONE;
    if (span_is(span_str(tool->type), "fileChange")) {
        s = first_change(c, item);
    } else if (span_is(span_str(tool->type), "commandExecution")) {
        s = codex_text(c, tape_first(&c->j, codex_at(c, item, "commandActions")), "command");
        s = s.n ? s : codex_text(c, item, "command");
    } else if (tool->summary) {
        s = codex_text(c, item, tool->summary);
    }
    return codex_cut(s, CODEX_TEXT_BYTES);
}

/* ---- MCP calls: the request to approve one does not name its item */

static struct span raw_of(struct codex *c, uint32_t at)
{
    struct span raw = tape_raw(&c->j, at);
    return span_is(raw, "null") || !raw.n ? SPAN("{}") : raw;
}

struct span item_call(struct codex *c, uint32_t server, uint32_t tool, uint32_t arguments)
{
    const uint32_t parts[] = {server, tool, arguments};
    buf_clear(&c->action);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        buf_add(&c->action, raw_of(c, parts[i]));
        buf_addch(&c->action, ' ');
    }
    return buf_status(&c->action) == ST_OK ? buf_span(&c->action) : SPAN_NONE;
}

const struct codex_item *item_of_call(const struct codex *c, const struct codex_thread *t,
                                      struct span call)
{
    const struct codex_item *found = NULL;
    for (size_t i = 0; i < t->item_count; i++) {
        const struct codex_item *it = &t->items[i];
        if (!it->call || !span_is(call, it->call) || ask_is_bound(c, t, span_str(it->id))) {
            continue;
        }
        if (found) {
            return NULL;
        }
        found = it;
    }
    return found;
}

bool item_has_call(const struct codex_thread *t, struct span call)
{
    for (size_t i = 0; i < t->item_count; i++) {
        if (t->items[i].call && span_is(call, t->items[i].call)) {
            return true;
        }
    }
    return false;
}

static char *kept(struct span s)
{
    return s.n ? xstrndup(s.p, s.n) : NULL;
}

/* ---- file changes */

static enum risk risk_of_file(struct span path, const struct codex_thread *t)
{
    bool reversible;
    struct policy_request r = {
        .runtime = SPAN("codex"), .tool = SPAN("patch"), .path = path, .cwd = span_str(t->cwd)};
    return policy_risk(&r, &reversible);
}

/* That of the riskiest file it touches, also where it moves one to. Very many of them are a risk of
 * their own, and none that is worth the time of judging each. */
static enum risk risk_of_changes(struct codex *c, const struct codex_thread *t, uint32_t changes)
{
    enum risk risk = tape_count(&c->j, changes) > FILES_JUDGED ? RISK_HIGH : RISK_LOW;
    for (uint32_t at = tape_first(&c->j, changes); at != TAPE_ABSENT && risk == RISK_LOW;
         at = tape_next(&c->j, changes, at)) {
        risk = risk_of_file(codex_text(c, at, "path"), t);
        risk = risk == RISK_LOW ? risk_of_file(codex_text(c, at, "kind/move_path"), t) : risk;
    }
    return risk;
}

static bool is_text(struct codex *c, uint32_t object, const char *path)
{
    return tape_type(&c->j, codex_at(c, object, path)) == TAPE_STRING;
}

/* Each says which file, and what becomes of it. */
static bool have_diffs(struct codex *c, uint32_t changes)
{
    if (tape_type(&c->j, changes) != TAPE_ARRAY || !tape_count(&c->j, changes)) {
        return false;
    }
    for (uint32_t at = tape_first(&c->j, changes); at != TAPE_ABSENT;
         at = tape_next(&c->j, changes, at)) {
        struct span moved = tape_raw(&c->j, codex_at(c, at, "kind/move_path"));
        if (!codex_text(c, at, "path").n || !is_text(c, at, "diff") ||
            (moved.n && !span_is(moved, "null") && !is_text(c, at, "kind/move_path"))) {
            return false;
        }
    }
    return true;
}

/* Not kept: then it cannot be shown whole, and not be approved. */
static void keep_changes(struct codex *c, const struct codex_thread *t, struct codex_item *it,
                         uint32_t changes)
{
    struct span raw = tape_raw(&c->j, changes);
    drop_changes(c, it);
    if (!c->cut && raw.n <= ACTION_BYTES_MAX && c->changes + raw.n <= CODEX_CHANGES &&
        have_diffs(c, changes)) {
        it->risk = risk_of_changes(c, t, changes);
        it->changes = kept(raw);
        c->changes += raw.n;
    }
}

static struct codex_item *open_item(struct codex *c, struct codex_thread *t, uint32_t item,
                                    const struct codex_tool *tool)
{
    struct span id = codex_text(c, item, "id");
    if (find(t, id) || t->item_count >= CODEX_ITEMS_MAX || !id.n || id.n >= CODEX_ID_BYTES) {
        return NULL;
    }
    GROW(t->items, t->item_cap, t->item_count + 1);
    struct codex_item *it = &t->items[t->item_count++];
    *it = (struct codex_item){.tool = tool, .summary = kept(summary_of(c, tool, item))};
    (void)span_copy(id, it->id, sizeof(it->id));
    keep_changes(c, t, it, codex_at(c, item, "changes"));
    if (span_is(span_str(tool->type), "mcpToolCall")) {
        it->call = kept(item_call(c, codex_at(c, item, "server"), codex_at(c, item, "tool"),
                                  codex_at(c, item, "arguments")));
    }
    return it;
}

void item_began(struct codex *c, struct codex_thread *t, uint32_t item)
{
    const struct codex_tool *tool = tool_of(codex_text(c, item, "type"));
    const struct codex_item *it = tool ? open_item(c, t, item, tool) : NULL;
    if (!it) {
        return;
    }
    struct event ev;
    thread_show(c, t);
    codex_begin(c, &ev, EVENT_ACTION_STARTED, t);
    event_set_text(&ev, F_ACTION_ID, span_str(it->id));
    event_set_text(&ev, F_TOOL, span_str(tool->name));
    event_put_text(&ev, F_SUMMARY, span_str(it->summary));
    codex_emit(c, &ev);
}

/* ---- their end */

static const struct {
    const char *status;
    enum outcome outcome;
} ENDS[] = {
    {"completed", OUTCOME_SUCCEEDED},
    {"failed",    OUTCOME_FAILED   },
    {"declined",  OUTCOME_DENIED   },
};

/* The server's words for an MCP call that was not let run. What the tool itself says to its failure
 * comes behind other words of the server's. */
static bool was_refused(struct codex *c, uint32_t item)
{
    struct span words = codex_text(c, item, "error/message");
    return span_is(words, "user rejected MCP tool call") ||
           span_is(words, "user cancelled MCP tool call");
}

static enum outcome outcome_of(struct codex *c, uint32_t item)
{
    struct span status = codex_text(c, item, "status");
    if (span_is(codex_text(c, item, "type"), "mcpToolCall") && was_refused(c, item)) {
        return OUTCOME_DENIED;
    }
    if (codex_number(c, item, "exitCode", 0) != 0) {
        return OUTCOME_FAILED;
    }
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
        if (span_is(status, ENDS[i].status)) {
            return ENDS[i].outcome;
        }
    }
    return OUTCOME_UNKNOWN;
}

static void tell_asks(struct codex *c, const struct codex_thread *t, struct span item,
                      enum outcome outcome)
{
    enum ask_fate fate = outcome == OUTCOME_DENIED      ? ASK_DECLINED
                         : outcome == OUTCOME_CANCELLED ? ASK_INTERRUPTED
                                                        : ASK_RAN;
    asks_item(c, t, item, fate, outcome_name(outcome));
}

static void say_end(struct codex *c, const struct codex_thread *t, const struct codex_item *it,
                    struct event *ev, enum outcome outcome)
{
    codex_begin(c, ev, EVENT_ACTION_FINISHED, t);
    event_set_text(ev, F_ACTION_ID, span_str(it->id));
    event_set_text(ev, F_TOOL, span_str(it->tool->name));
    event_put_text(ev, F_SUMMARY, span_str(it->summary));
    event_set_number(ev, F_OUTCOME, outcome);
}

void item_ended(struct codex *c, struct codex_thread *t, uint32_t item)
{
    struct codex_item *it = find(t, codex_text(c, item, "id"));
    enum outcome outcome = outcome_of(c, item);
    struct event ev;
    if (!it) {
        tell_asks(c, t, codex_text(c, item, "id"), outcome); /* it began before this connection */
        return;
    }
    say_end(c, t, it, &ev, outcome);
    int64_t exit_code = codex_number(c, item, "exitCode", INT64_MIN);
    int64_t took_ms = codex_number(c, item, "durationMs", -1);
    if (exit_code != INT64_MIN) {
        event_set_number(&ev, F_EXIT_CODE, exit_code);
    }
    if (took_ms >= 0) {
        event_set_number(&ev, F_DURATION_MS, took_ms);
    }
    if (outcome == OUTCOME_FAILED) {
        struct span output = codex_text(c, item, "aggregatedOutput");
        struct span error = codex_text(c, item, "error/message");
        event_put_text(&ev, F_ERROR, codex_cut(error.n ? error : output, CODEX_TEXT_BYTES));
    }
    codex_emit(c, &ev);
    tell_asks(c, t, span_str(it->id), outcome);
    item_drop(c, t, it);
}

/* That it prints; how much is not told, as most of it passes by (note_passes). */
void item_output(struct codex *c, struct codex_thread *t, uint32_t params)
{
    const struct codex_item *it = find(t, codex_text(c, params, "itemId"));
    struct event ev;
    if (it) {
        codex_begin(c, &ev, EVENT_ACTION_OUTPUT, t);
        event_set_text(&ev, F_ACTION_ID, span_str(it->id));
        codex_emit(c, &ev);
    }
}

/* A change that is still being written. */
void item_patched(struct codex *c, struct codex_thread *t, uint32_t params)
{
    struct codex_item *it = find(t, codex_text(c, params, "itemId"));
    uint32_t changes = codex_at(c, params, "changes");
    if (it && !span_eq(tape_raw(&c->j, changes), span_str(it->changes))) {
        keep_changes(c, t, it, changes);
        asks_outdated(c, t, params);
    }
}

void items_close(struct codex *c, struct codex_thread *t, enum outcome outcome)
{
    struct event ev;
    while (t->item_count) {
        struct codex_item *it = &t->items[t->item_count - 1];
        say_end(c, t, it, &ev, outcome);
        codex_emit(c, &ev);
        tell_asks(c, t, span_str(it->id), outcome);
        item_drop(c, t, it);
    }
}
