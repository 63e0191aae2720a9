#include "govd_priv.h"

/* Tools of Claude Code 2.1: which only read, and which members of the input say what is touched. What is not
 * listed asks (unless a rule names it): an unknown tool is never taken for a harmless one. */
static const struct claude_tool TOOLS[] = {
    {"Read",         true,  NULL,      "file_path",     NULL,  "file_path"  },
    {"Glob",         true,  NULL,      "path",          NULL,  "pattern"    },
    {"Grep",         true,  NULL,      "path",          NULL,  "pattern"    },
    {"LS",           true,  NULL,      "path",          NULL,  "path"       },
    {"NotebookRead", true,  NULL,      "notebook_path", NULL,  "notebook_path"},
    {"BashOutput",   true,  NULL,      NULL,            NULL,  "bash_id"    },
    {"TaskOutput",   true,  NULL,      NULL,            NULL,  "task_id"    },
    {"TodoWrite",    true,  NULL,      NULL,            NULL,  NULL         },
    {"ToolSearch",   true,  NULL,      NULL,            NULL,  "query"      },
    {"Bash",         false, "command", NULL,            NULL,  "command"    },
    {"Write",        false, NULL,      "file_path",     NULL,  "file_path"  },
    {"Edit",         false, NULL,      "file_path",     NULL,  "file_path"  },
    {"MultiEdit",    false, NULL,      "file_path",     NULL,  "file_path"  },
    {"NotebookEdit", false, NULL,      "notebook_path", NULL,  "notebook_path"},
    {"WebFetch",     false, NULL,      NULL,            "url", "url"        },
    {"WebSearch",    false, NULL,      NULL,            NULL,  "query"      },
    {"Agent",        false, NULL,      NULL,            NULL,  "description"},
    {"Task",         false, NULL,      NULL,            NULL,  "description"},
    {"KillShell",    false, NULL,      NULL,            NULL,  "shell_id"   },
};
static const struct claude_tool OTHER = {"", false, NULL, NULL, NULL, NULL};

const struct claude_tool *claude_tool(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(TOOLS); i++) {
        if (span_is(name, TOOLS[i].name)) {
            return &TOOLS[i];
        }
    }
    return &OTHER;
}
