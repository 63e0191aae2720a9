/* ask_kinds.c - the table of requests that can be answered here.
 *
 * The action text of a request is a JSON object of what the server itself said, copied byte for
 * byte: {"tool":…,"input":{…},"cwd":…}. */
#include "asks_priv.h"

static void add_member(struct buf *out, const char *name, struct span raw)
{
    if (raw.n && !span_is(raw, "null")) {
        buf_printf(out, "%s\"%s\":", out->len && out->data[out->len - 1] == '{' ? "" : ",", name);
        buf_add(out, raw);
    }
}

static void add_raw(struct codex *c, struct buf *out, uint32_t params, const char *name)
{
    add_member(out, name, tape_raw(&c->j, codex_at(c, params, name)));
}

static bool describe_command(struct codex *c, const struct codex_thread *t, uint32_t params,
                             struct buf *out)
{
    static const char *const SHOWN[] = {"command", "kind", "networkApprovalContext",
                                        "additionalPermissions", "environmentId"};
    (void)t;
    for (size_t i = 0; i < ARRAY_LEN(SHOWN); i++) {
        add_raw(c, out, params, SHOWN[i]);
    }
    return codex_text(c, params, "command").n > 0;
}

/* The request has no diff in it; the item that began before has. */
static bool describe_change(struct codex *c, const struct codex_thread *t, uint32_t params,
                            struct buf *out)
{
    const struct codex_item *it = item_find(t, codex_text(c, params, "itemId"));
    add_member(out, "changes", it ? span_str(it->changes) : SPAN_NONE);
    add_raw(c, out, params, "grantRoot");
    return it && it->changes;
}

static bool describe_permissions(struct codex *c, const struct codex_thread *t, uint32_t params,
                                 struct buf *out)
{
    (void)t;
    add_raw(c, out, params, "permissions");
    return tape_count(&c->j, codex_at(c, params, "permissions")) > 0;
}

static bool describe_mcp_call(struct codex *c, const struct codex_thread *t, uint32_t params,
                              struct buf *out)
{
    (void)t;
    add_raw(c, out, params, "serverName");
    add_raw(c, out, params, "message");
    add_member(out, "toolName", tape_raw(&c->j, codex_at(c, params, "_meta/tool_name")));
    add_member(out, "arguments", tape_raw(&c->j, codex_at(c, params, "_meta/tool_params")));
    add_member(out, "annotations", tape_raw(&c->j, codex_at(c, params, "_meta/tool_annotations")));
    return codex_text(c, params, "_meta/tool_name").n > 0;
}

static bool describe_input(struct codex *c, const struct codex_thread *t, uint32_t params,
                           struct buf *out)
{
    (void)t;
    add_raw(c, out, params, "questions");
    return true;
}

static bool describe_form(struct codex *c, const struct codex_thread *t, uint32_t params,
                          struct buf *out)
{
    (void)t;
    add_raw(c, out, params, "serverName");
    add_raw(c, out, params, "message");
    add_raw(c, out, params, "requestedSchema");
    return true;
}

/* What its own client must do for it, such as opening a page. */
static bool describe_other(struct codex *c, const struct codex_thread *t, uint32_t params,
                           struct buf *out)
{
    (void)describe_form(c, t, params, out);
    add_raw(c, out, params, "mode");
    add_raw(c, out, params, "url");
    return true;
}

static bool describe_unknown(struct codex *c, const struct codex_thread *t, uint32_t params,
                             struct buf *out)
{
    (void)t;
    add_raw(c, out, TAPE_ROOT, "method");
    add_member(out, "params", tape_raw(&c->j, params));
    return true;
}

#define DECISION(word)        ("{\"decision\":\"" word "\"}")
#define ACTION(word, content) ("{\"action\":\"" word "\",\"content\":" content ",\"_meta\":null}")
#define PERSISTED(how)                                                                             \
    ("{\"action\":\"accept\",\"content\":{},\"_meta\":{\"persist\":\"" how "\"}}")
#define PERMISSIONS(what, scope) ("{\"permissions\":" what ",\"scope\":\"" scope "\"}")

#define AMENDED "{\"decision\":{\"acceptWithExecpolicyAmendment\":{\"execpolicy_amendment\":%s}}}"

static const struct ask_kind COMMAND = {
    .method = "item/commandExecution/requestApproval",
    .tool = "shell",
    .describe = describe_command,
    .answers = {[CHOICE_ONCE] = DECISION("accept"),
                [CHOICE_SESSION] = DECISION("acceptForSession"),
                [CHOICE_ALWAYS] = AMENDED,
                [CHOICE_DENY] = DECISION("decline"),
                [CHOICE_DENY_STOP] = DECISION("cancel")},
    .session =
        "the same command in the same folder again, unasked, as long as this thread is loaded",
    .wanted = "proposedExecpolicyAmendment",
    .words = "reason",
    .by_item = true,
    .risk = JUDGED_BY_COMMAND,
};
static const struct ask_kind CHANGE = {
    .method = "item/fileChange/requestApproval",
    .tool = "patch",
    .describe = describe_change,
    .answers = {[CHOICE_ONCE] = DECISION("accept"),
                [CHOICE_SESSION] = DECISION("acceptForSession"),
                [CHOICE_DENY] = DECISION("decline"),
                [CHOICE_DENY_STOP] = DECISION("cancel")},
    .session = "changes of the same files again, unasked, as long as this thread is loaded",
    .words = "reason",
    .by_item = true,
    .risk = JUDGED_BY_FILES,
};
static const struct ask_kind PERMISSION = {
    .method = "item/permissions/requestApproval",
    .tool = "permissions",
    .describe = describe_permissions,
    .tell = tell_permissions,
    .answers = {[CHOICE_ONCE] = PERMISSIONS("%s", "turn"),
                [CHOICE_SESSION] = PERMISSIONS("%s", "session"),
                [CHOICE_DENY] = PERMISSIONS("{}", "turn"),
                [CHOICE_DENY_STOP] = PERMISSIONS("{}", "turn")},
    .session = "these permissions as long as this thread is loaded",
    .wanted = "permissions",
    .words = "reason",
    .interrupts = true,
};
static const struct ask_kind MCP_CALL = {
    .method = "mcpServer/elicitation/request",
    .tool = "mcp",
    .describe = describe_mcp_call,
    .tell = tell_mcp_call,
    .answers = {[CHOICE_ONCE] = ACTION("accept", "{}"),
                [CHOICE_SESSION] = PERSISTED("session"),
                [CHOICE_ALWAYS] = PERSISTED("always"),
                [CHOICE_DENY] = ACTION("decline", "null"),
                [CHOICE_DENY_STOP] = ACTION("cancel", "null")},
    .session = "this tool again with ANY arguments, unasked, as long as this thread is loaded",
    .by_item = true,
    .interrupts = true,
};
/* To leave a question of the model's unanswered is an answer too: it is told that there is none. */
static const struct ask_kind INPUT = {
    .method = "item/tool/requestUserInput",
    .tool = "question",
    .describe = describe_input,
    .tell = tell_input,
    .answers = {[CHOICE_ONCE] = "", [CHOICE_DENY] = "{\"answers\":{}}", [CHOICE_DENY_STOP] = ""},
    .how = ANSWERS_INPUT,
    .interrupts = true,
    .risk = JUDGED_CALM,
};
static const struct ask_kind FORM = {
    .method = "mcpServer/elicitation/request",
    .tool = "form",
    .describe = describe_form,
    .tell = tell_form,
    .answers = {[CHOICE_ONCE] = "",
                [CHOICE_DENY] = ACTION("decline", "null"),
                [CHOICE_DENY_STOP] = ACTION("cancel", "null")},
    .how = ANSWERS_FORM,
    .interrupts = true,
};
/* A form without a field: yes or no. */
static const struct ask_kind CONFIRM = {
    .method = "mcpServer/elicitation/request",
    .tool = "confirm",
    .describe = describe_form,
    .tell = tell_form,
    .answers = {[CHOICE_ONCE] = ACTION("accept", "{}"),
                [CHOICE_DENY] = ACTION("decline", "null"),
                [CHOICE_DENY_STOP] = ACTION("cancel", "null")},
    .interrupts = true,
};
static const struct ask_kind OTHER = {
    .method = "mcpServer/elicitation/request",
    .tool = "question",
    .describe = describe_other,
    .tell = tell_link,
    .answers =
        {[CHOICE_DENY] = ACTION("decline", "null"), [CHOICE_DENY_STOP] = ACTION("cancel", "null")},
    .elsewhere = "it opens a page, or asks otherwise",
    .interrupts = true,
};

const struct ask_kind ask_unknown = {
    .tool = "request",
    .describe = describe_unknown,
    .elsewhere = "this version cannot answer it",
};

static const struct ask_kind *const KINDS[] = {&COMMAND, &CHANGE, &PERMISSION, &INPUT};

/* "_meta" may be of the MCP server itself: what has fields, or a page, is no request of Codex to
 * let a call run, whatever it says there. */
static const struct ask_kind *of_mcp(struct codex *c, uint32_t params)
{
    uint32_t properties = codex_at(c, params, "requestedSchema/properties");
    if (!span_is(codex_text(c, params, "mode"), "form") ||
        tape_type(&c->j, properties) != TAPE_OBJECT) {
        return &OTHER;
    }
    if (tape_count(&c->j, properties)) {
        return &FORM;
    }
    return span_is(codex_text(c, params, "_meta/codex_approval_kind"), "mcp_tool_call") ? &MCP_CALL
                                                                                        : &CONFIRM;
}

/* What a client answers by itself: no person is asked, and nothing is to be listed. */
static const char *const OF_PROGRAMS[] = {"item/tool/call", "currentTime/read",
                                          "attestation/generate",
                                          "account/chatgptAuthTokens/refresh"};

bool ask_is_for_a_program(struct span method)
{
    for (size_t i = 0; i < ARRAY_LEN(OF_PROGRAMS); i++) {
        if (span_is(method, OF_PROGRAMS[i])) {
            return true;
        }
    }
    return false;
}

const struct ask_kind *ask_kind_of(struct codex *c, struct span method, uint32_t params)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (span_is(method, KINDS[i]->method)) {
            return KINDS[i];
        }
    }
    return span_is(method, MCP_CALL.method) ? of_mcp(c, params) : &ask_unknown;
}
