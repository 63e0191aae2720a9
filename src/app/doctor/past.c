/* past.c - what an agent that gets a shell command approved could still do. docs/drivers/ hold the
 * same sentences, and tests/app/doctor.py holds the two against each other.
 */
#include "doctor_priv.h"

#define IN(who)  (1u << (who))
#define SOFT     (IN(SCOPE_PRIVATE) | IN(SCOPE_SHARED))
#define ANYWHERE (SOFT | IN(SCOPE_MACHINE))

static const struct {
    const struct settings_kind *kind; /* NULL: every runtime's */
    unsigned scopes;
    const char *words;
} WAYS[] = {
    {&settings_claude, SOFT,
     "start a client with `--bare`, `--safe-mode` or other `--setting-sources`: its calls are not "
     "held"                                                                                                        },
    {&settings_claude, SOFT,
     "put \"disableAllHooks\" into a project's settings: the next client that starts there is not "
     "held"                                                                                                        },
    {&settings_claude, SOFT,
     "set a variable in a project's settings, such as HTTPS_PROXY or CLAUDE_CODE_SHELL_PREFIX: the "
     "hooks of the next "
     "client that starts there ask somebody else"                                                                  },
    {&settings_claude, SOFT,
     "put a hook of its own beside these, which rewrites a call after it was approved: it is seen "
     "when it has run"                                                                                             },
    {&settings_gemini, SOFT,
     "put \"hooksConfig.enabled\": false into a project's settings: the next client that starts "
     "there is not held"                                                                                           },
    {&settings_gemini, ANYWHERE,
     "put our hooks' name into \"hooksConfig.disabled\" of the user's or a project's settings: the "
     "next client that "
     "starts there is not held"                                                                                    },
    {&settings_gemini, ANYWHERE,
     "start a client with --acp, or move the folder of a running one away: its calls are not held"                 },
    {&settings_gemini, IN(SCOPE_MACHINE),
     "start a client with GEMINI_CLI_SYSTEM_SETTINGS_PATH set: it does not read these settings, "
     "and is not held"                                                                                             },
    {&settings_gemini, ANYWHERE,
     "put a hook of its own beside these, which changes a call after it was let run: it is seen "
     "when it has run"                                                                                             },
    {&settings_gemini, ANYWHERE,
     "end the shell and the helper of a hook that waits by SIGKILL: that call runs, and is seen "
     "when it has run"                                                                                             },
    {&settings_codex,  ANYWHERE,
     "put hooks = false under [features] into a trusted project's or the user's config.toml, or start a "
     "client with -c features.hooks=false: it is not held"                                                         },
    {&settings_codex,  ANYWHERE,
     "start a client with another HOME or CODEX_HOME: its calls are not held"                                      },
    {&settings_codex,  ANYWHERE,
     "take the trust of our hooks out of config.toml: the next session skips them without a word"                  },
    {&settings_codex,  ANYWHERE,
     "put a hook of its own beside these, which changes a call after it was let run: it is seen when it "
     "has run"                                                                                                     },
    {&settings_codex,  ANYWHERE,
     "end the shell and the helper of a hook that waits by SIGKILL: that call runs, and is seen when it "
     "has run"                                                                                                     },
    {&settings_codex,  ANYWHERE,
     "speak to the control socket of a running server: it can run commands, answer requests and change "
     "settings"                                                                                                    },
    {NULL,             SOFT,
     "take the hooks out of these settings: a running session keeps them, the next one has none"                   },
    {&settings_claude, IN(SCOPE_PRIVATE),
     "start a client with another HOME or CLAUDE_CONFIG_DIR: its calls are not held"                               },
    {&settings_gemini, IN(SCOPE_PRIVATE),
     "start a client with another HOME or GEMINI_CLI_HOME: its calls are not held"                                 },
    {NULL,             IN(SCOPE_SHARED),  "start a client in another folder: its calls are not held"               },
    {&settings_claude, IN(SCOPE_PRIVATE),
     "read the token in these settings: it can tell tales of other agents, and decide nothing"                     },
    {&settings_gemini, IN(SCOPE_PRIVATE),
     "read the token in these settings: it can tell tales of other agents, and decide nothing"                     },
    {NULL,             ANYWHERE,          "start another program that talks to a model: only this client is held"  },
    {NULL,             ANYWHERE,          "leave a process behind: what that does is no tool call, and is not seen"},
    {NULL,             ANYWHERE,
     "do all that the approved command can do: the gate judges the call, not what comes of it"                     },
    {NULL,             ANYWHERE,
     "end the daemon, which runs as the same user, and put a program of its own in its place"                      },
    {NULL,             ANYWHERE,          "anything, once it is root or debugs the client"                         },
};

const char *way_past(const struct doctor_runtime *r, const struct settings_scope *scope, size_t i)
{
    enum scope_who who = scope ? scope->who : SCOPE_SHARED;
    for (size_t at = 0; at < ARRAY_LEN(WAYS); at++) {
        bool theirs = !WAYS[at].kind || WAYS[at].kind == r->kind;
        if (theirs && WAYS[at].scopes & IN(who) && i-- == 0) {
            return WAYS[at].words;
        }
    }
    return NULL;
}
