#include "claude_priv.h"

/* Tools of Claude Code 2.1: which only read, and which members of the input say what is touched.
 * What is not listed asks, unless a rule names it. */
const struct tool_row claude_tools[] = {
    {"Read",         true, NULL, "file_path", NULL, "file_path"},
    {"Glob",          true, NULL, "path", NULL, "pattern"},
    {"Grep",          true, NULL, "path", NULL, "pattern"},
    {"LS",              true, NULL, "path", NULL, "path"},
    {"NotebookRead", true, NULL, "notebook_path", NULL, "notebook_path"},
    {"BashOutput",        true, NULL, NULL, NULL, "bash_id"},
    {"TaskOutput",     true, NULL, NULL, NULL, "task_id"},
    {"TodoWrite",         true, NULL, NULL, NULL, NULL},
    {"ToolSearch",          true, NULL, NULL, NULL, "query"},
    {"Bash",          false, "command", NULL, NULL, "command"},
    {"Write",              false, NULL, "file_path", NULL, "file_path"},
    {"Edit",false, NULL, "file_path", NULL, "file_path"},
    {"MultiEdit",        false, NULL, "file_path", NULL, "file_path"},
    {"NotebookEdit",        false, NULL, "notebook_path", NULL, "notebook_path"},
    {"WebFetch", false, NULL, NULL, "url", "url"},
    {"WebSearch",          false, NULL, NULL, NULL, "query"},
    {"Agent",          false, NULL, NULL, NULL, "description"},
    {"Task",              false, NULL, NULL, NULL, "description"},
    {"KillShell",   false, NULL, NULL, NULL, "shell_id"},
    {0         },
};
