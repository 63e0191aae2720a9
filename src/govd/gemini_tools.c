#include "gemini_priv.h"

/* Tools of Gemini CLI 0.61. A tool of an MCP server is named "mcp_<server>_<tool>" and has no row.
 * What only reads the client's own lists and notes counts as reading. */
const struct tool_row gemini_tools[] = {
    {"list_directory", true, NULL, "dir_path", NULL, "dir_path"},
    {"read_file",            true, NULL, "file_path", NULL, "file_path"},
    {"glob",            true, NULL, "dir_path", NULL, "pattern"},
    {"grep_search",                true, NULL, "dir_path", NULL, "pattern"},
    {"write_todos", true, NULL, NULL, NULL, NULL},
    {"update_topic",     true, NULL, NULL, NULL, "title"},
    {"complete_task",     true, NULL, NULL, NULL, NULL},
    {"get_internal_docs",           true, NULL, NULL, NULL, "path"},
    {"run_shell_command",            false, "command", NULL, NULL, "command"},
    {"write_file",            false, NULL, "file_path", NULL, "file_path"},
    {"replace",                false, NULL, "file_path", NULL, "file_path"},
    {"web_fetch",false, NULL, NULL, "url", "prompt"},
    {"google_web_search",      false, NULL, NULL, NULL, "query"},
    {"activate_skill",       false, NULL, NULL, NULL, "name"},
    {"invoke_agent",    false, NULL, NULL, NULL, "agent_name"},
    {0           },
};
