#include "codex_priv.h"

/* Tools of codex-cli 0.169 as its hooks call them. A tool of an MCP server is named
 * "mcp__<server>__<tool>" and has no row. A patch is a text of its own, no command line. */
const struct tool_row codex_tools[] = {
    {"Bash",     false, "command", NULL, NULL, "command"},
    {"apply_patch", false, NULL, NULL, NULL, "command"},
    {"view_image",      true, NULL, "path", NULL, "path"},
    {"update_plan",          true, NULL, NULL, NULL, "explanation"},
    {"collaborationspawn_agent",     false, NULL, NULL, NULL, "message"},
    {"collaborationwait_agent",      true, NULL, NULL, NULL, NULL},
    {0},
};
