/* past.c - what an agent that gets a shell command approved could still do. docs/drivers/claude.md
 * holds the same sentences, and tests/app/doctor.py holds the two against each other.
 */
#include "doctor_priv.h"

#define IN(who)  (1u << (who))
#define SOFT     (IN(SCOPE_PRIVATE) | IN(SCOPE_SHARED))
#define ANYWHERE (SOFT | IN(SCOPE_MACHINE))

static const struct {
    unsigned scopes;
    const char *words;
} WAYS[] = {
    {SOFT, "start a client with `--bare`, `--safe-mode` or other `--setting-sources`: its calls are not held"},
    {SOFT, "put \"disableAllHooks\" into a project's settings: the next client that starts there is not held"},
    {SOFT, "set a variable in a project's settings, such as HTTPS_PROXY or CLAUDE_CODE_SHELL_PREFIX: the hooks of the next "
           "client that starts there ask somebody else"},
    {SOFT, "put a hook of its own beside these, which rewrites a call after it was approved: it is seen when it has run"},
    {SOFT, "take the hooks out of these settings: a running session keeps them, the next one has none"},
    {IN(SCOPE_PRIVATE), "start a client with another HOME or CLAUDE_CONFIG_DIR: its calls are not held"},
    {IN(SCOPE_SHARED), "start a client in another folder: its calls are not held"},
    {IN(SCOPE_PRIVATE), "read the token in these settings: it can tell tales of other agents, and decide nothing"},
    {ANYWHERE, "start another program that talks to a model: only this client is held"},
    {ANYWHERE, "leave a process behind: what that does is no tool call, and is not seen"},
    {ANYWHERE, "do all that the approved command can do: the gate judges the call, not what comes of it"},
    {ANYWHERE, "end the daemon, which runs as the same user, and put a program of its own in its place"},
    {ANYWHERE, "anything, once it is root or debugs the client"},
};

const char *way_past(const struct settings_scope *scope, size_t i)
{
    enum scope_who who = scope ? scope->who : SCOPE_SHARED;
    for (size_t at = 0; at < ARRAY_LEN(WAYS); at++) {
        if (WAYS[at].scopes & IN(who) && i-- == 0) {
            return WAYS[at].words;
        }
    }
    return NULL;
}
