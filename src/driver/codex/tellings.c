/* tellings.c - what is told of a request beside its exact text: what it comes to, in one line each,
 * and what more than this once could be granted. */
#include <stdarg.h>

#include "asks_priv.h"

#define TEXT_BYTES ((size_t)1 << 18)
#define RULE_SHOWN (EVENT_CELL_BYTES - 16)

void telling_begin(struct ask_telling *say)
{
    if (!say->text.limit) {
        buf_init(&say->text, TEXT_BYTES);
        (void)buf_reserve(&say->text, TEXT_BYTES); /* what is made in it stays where it is */
    }
    buf_clear(&say->text);
    say->scopes.count = say->denials.count = say->terms.count = 0;
    say->questions.count = say->options.count = 0;
    say->scopes.over = say->denials.over = say->terms.over = false;
    say->questions.over = say->options.over = false;
}

struct event_row *telling_row(struct ask_rows *rows)
{
    if (rows->count == EVENT_LIST_ROWS - 1) { /* the last one would say nothing of those behind */
        rows->over = true;
        return NULL;
    }
    rows->row[rows->count] = (struct event_row){0};
    return &rows->row[rows->count++];
}

void telling_cut(struct ask_telling *say)
{
    struct ask_rows *const lists[] = {&say->scopes, &say->denials, &say->terms, &say->questions,
                                      &say->options};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        for (uint32_t row = 0; row < lists[i]->count; row++) {
            for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
                struct span *cell = &lists[i]->row[row].cell[c];
                *cell = codex_cut(*cell, EVENT_CELL_BYTES);
            }
        }
    }
}

void telling_term(struct ask_telling *say, struct span name, struct span text)
{
    struct event_row *row = text.n ? telling_row(&say->terms) : NULL;
    if (row) {
        row->cell[0] = name;
        row->cell[1] = text;
        say->terms.over |= text.n > RULE_SHOWN;
    }
}

struct span telling_text(struct ask_telling *say, const char *fmt, ...)
{
    size_t from = say->text.len;
    va_list ap;
    va_start(ap, fmt);
    (void)buf_vprintf(&say->text, fmt, ap);
    va_end(ap);
    return (struct span){say->text.data + from, say->text.len - from};
}

/* ---- a lasting rule */

/* The words as they stand in the request, which is how the server writes them down. */
static struct span words_of_rule(struct codex *c, uint32_t amendment, struct ask_telling *say)
{
    size_t from = say->text.len;
    const char *between = "";
    for (uint32_t at = tape_first(&c->j, amendment); at != TAPE_ABSENT;
         at = tape_next(&c->j, amendment, at)) {
        if (tape_type(&c->j, at) != TAPE_STRING) {
            return SPAN_NONE;
        }
        buf_addstr(&say->text, between);
        buf_add(&say->text, tape_raw(&c->j, at));
        between = ", ";
    }
    return (struct span){say->text.data + from, say->text.len - from};
}

static bool is_offered(struct codex *c, uint32_t params)
{
    uint32_t decisions = codex_at(c, params, "availableDecisions");
    for (uint32_t at = tape_first(&c->j, decisions); at != TAPE_ABSENT;
         at = tape_next(&c->j, decisions, at)) {
        if (codex_at(c, at, "acceptWithExecpolicyAmendment") != TAPE_ABSENT) {
            return true;
        }
    }
    return false;
}

static struct span rule_of_command(struct codex *c, uint32_t params, struct ask_telling *say)
{
    uint32_t amendment = codex_at(c, params, "proposedExecpolicyAmendment");
    if (!is_offered(c, params) || !tape_count(&c->j, amendment)) {
        return SPAN_NONE;
    }
    struct span words = words_of_rule(c, amendment, say);
    return words.n ? telling_text(say,
                                  "prefix_rule(pattern=[%.*s], decision=\"allow\")\nin "
                                  "%s/rules/default.rules",
                                  SPAN_ARG(words), c->home[0] ? c->home : "$CODEX_HOME")
                   : SPAN_NONE;
}

bool telling_persists(struct codex *c, uint32_t params, const char *how)
{
    uint32_t list = codex_at(c, params, "_meta/persist");
    if (!ask_call_waits(c, params)) {
        return false; /* it may be its server that says so */
    }
    for (uint32_t at = tape_first(&c->j, list); at != TAPE_ABSENT;
         at = tape_next(&c->j, list, at)) {
        if (span_is(codex_string(c, at), how)) {
            return true;
        }
    }
    return span_is(codex_string(c, list), how);
}

static struct span rule_of_tool(struct codex *c, uint32_t params, struct ask_telling *say)
{
    struct span server = codex_text(c, params, "serverName");
    struct span tool = codex_text(c, params, "_meta/tool_name");
    return telling_persists(c, params, "always") && server.n && tool.n
               ? telling_text(say,
                              "[mcp_servers.%.*s.tools.%.*s] approval_mode = \"approve\"\nin "
                              "%s/config.toml",
                              SPAN_ARG(server), SPAN_ARG(tool),
                              c->home[0] ? c->home : "$CODEX_HOME")
               : SPAN_NONE;
}

struct span telling_rule(struct codex *c, uint32_t params, struct ask_telling *say)
{
    struct span rule = codex_at(c, params, "_meta/persist") != TAPE_ABSENT
                           ? rule_of_tool(c, params, say)
                           : rule_of_command(c, params, say);
    return buf_status(&say->text) == ST_OK && rule.n <= RULE_SHOWN ? rule : SPAN_NONE;
}

/* ---- permissions */

static struct span path_of(struct codex *c, uint32_t entry)
{
    struct span path = codex_text(c, entry, "path/path");
    struct span pattern = codex_text(c, entry, "path/pattern");
    return path.n ? path : pattern.n ? pattern : tape_raw(&c->j, codex_at(c, entry, "path"));
}

static void tell_paths(struct codex *c, uint32_t list, const char *access, struct ask_telling *say)
{
    for (uint32_t at = tape_first(&c->j, list); at != TAPE_ABSENT;
         at = tape_next(&c->j, list, at)) {
        telling_term(say, span_str(access), codex_string(c, at));
    }
}

void tell_permissions(struct codex *c, uint32_t params, struct ask_telling *say)
{
    uint32_t files = codex_at(c, params, "permissions/fileSystem");
    uint32_t entries = codex_at(c, files, "entries");
    if (tape_bool(&c->j, codex_at(c, params, "permissions/network/enabled"), false)) {
        telling_term(say, SPAN("network"), SPAN("any address"));
    }
    for (uint32_t at = tape_first(&c->j, entries); at != TAPE_ABSENT;
         at = tape_next(&c->j, entries, at)) {
        struct span access = codex_text(c, at, "access");
        telling_term(say, access.n ? access : SPAN("path"), path_of(c, at));
    }
    if (!tape_count(&c->j, entries)) {
        tell_paths(c, codex_at(c, files, "read"), "read", say);
        tell_paths(c, codex_at(c, files, "write"), "write", say);
    }
}

/* ---- tools of an MCP server */

static void add_hint(struct codex *c, uint32_t hints, const char *name, const char *yes,
                     const char *no, struct buf *out)
{
    uint32_t at = codex_at(c, hints, name);
    if (at != TAPE_ABSENT && tape_type(&c->j, at) != TAPE_NULL) {
        buf_printf(out, "%s%s", out->len ? ", " : "", tape_bool(&c->j, at, false) ? yes : no);
    }
}

void tell_mcp_call(struct codex *c, uint32_t params, struct ask_telling *say)
{
    uint32_t hints = codex_at(c, params, "_meta/tool_annotations");
    struct buf told;
    buf_init(&told, 512);
    add_hint(c, hints, "destructiveHint", "destroys", "does not destroy", &told);
    add_hint(c, hints, "readOnlyHint", "only reads", "does not only read", &told);
    add_hint(c, hints, "openWorldHint", "reaches outside", "stays inside", &told);
    add_hint(c, hints, "idempotentHint", "harmless twice", "not harmless twice", &told);
    telling_term(say, SPAN("server"), codex_text(c, params, "serverName"));
    telling_term(say, SPAN("calls"), codex_text(c, params, "_meta/tool_name"));
    telling_term(say, SPAN("not seen"),
                 ask_call_waits(c, params)
                     ? SPAN_NONE
                     : SPAN("no such call waits: it may be its server that asks, for what its "
                            "message says"));
    telling_term(say, SPAN("claims"),
                 told.len
                     ? telling_text(say, "%.*s (the server's own word)", SPAN_ARG(buf_span(&told)))
                     : SPAN("nothing: its server says neither that it only reads nor that it "
                            "destroys"));
    telling_term(say, SPAN("describes"),
                 codex_cut(codex_text(c, params, "_meta/tool_description"), CODEX_TEXT_BYTES));
    buf_release(&told);
}

void tell_link(struct codex *c, uint32_t params, struct ask_telling *say)
{
    telling_term(say, SPAN("server"), codex_text(c, params, "serverName"));
    telling_term(say, SPAN("message"), codex_text(c, params, "message"));
    telling_term(say, SPAN("opens"), codex_text(c, params, "url"));
}
