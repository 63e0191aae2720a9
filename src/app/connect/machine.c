/* machine.c - the machine's settings of Claude Code are one file and a folder of more beside it. */
#include "connect_priv.h"

#include "../app_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"

#define FOLDER    "/etc/claude-code/managed-settings.d"
#define FILES_MAX 256

static int is_settings(const struct dirent *e)
{
    return span_ends(span_str(e->d_name), ".json");
}

static enum status folder_each(machine_look *look, void *arg, struct why *why)
{
    struct dirent **names = NULL;
    int n = scandir(FOLDER, &names, is_settings, alphasort);
    if (n < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? ST_OK
                   : why_fail(why, ST_DENIED, FOLDER ": %s", err_text(errno));
    }
    enum status st =
        n <= FILES_MAX ? ST_OK : why_fail(why, ST_LIMIT, FOLDER ": more than %d files", FILES_MAX);
    for (int i = 0; i < n; i++) {
        char *path = path_join(FOLDER, names[i]->d_name);
        st = st == ST_OK ? look(path, arg, why) : st;
        free(path);
        free(names[i]);
    }
    free(names);
    return st;
}

enum status claude_machine_each(machine_look *look, void *arg, struct why *why)
{
    char *path = connect_scope("claude", "managed")->path();
    enum status st = look(path, arg, why);
    free(path);
    return st == ST_OK ? folder_each(look, arg, why) : st;
}
