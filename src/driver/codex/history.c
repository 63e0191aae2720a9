/* history.c - how long the history of a thread is, where its server runs on this machine. */
#include "codex_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SHORT_BYTES ((off_t)1 << 20)

/* Where this user's servers keep what was said; nothing else that a server names is looked at. */
static bool is_of_this_user(const char *path)
{
    char folder[4096];
    const char *codex_home = getenv("CODEX_HOME");
    const char *home = getenv("HOME");
    int n = codex_home && codex_home[0] == '/'
                ? snprintf(folder, sizeof(folder), "%s/sessions/", codex_home)
                : snprintf(folder, sizeof(folder), "%s/.codex/sessions/", home ? home : "");
    return n > 0 && (size_t)n < sizeof(folder) && strncmp(path, folder, (size_t)n) == 0 &&
           !strstr(path, "/../");
}

bool history_is_short(const char *path)
{
    struct stat st;
    return path && is_of_this_user(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_size <= SHORT_BYTES;
}
