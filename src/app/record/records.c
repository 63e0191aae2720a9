#include "records.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkrein/alloc.h"
#include "checkrein/journal.h"

char *index_folder(void)
{
    return path_cache("index");
}

void records_release(struct records *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->path[i]);
    }
    free(r->path);
    *r = (struct records){0};
}

/* One that cannot be read is one: who looks through it says why it cannot. */
static bool is_record(const char *path, struct why *why)
{
    struct journal_segment *segments = NULL;
    size_t count = 0;
    bool is = journal_segments(path, &segments, &count, why) != ST_NOTFOUND;
    free(segments);
    return is;
}

/* One folder may be named twice, by a link too. */
static bool is_known(const struct records *r, const char *path)
{
    char real[PATH_MAX];
    char other[PATH_MAX];
    for (size_t i = 0; realpath(path, real) && i < r->count; i++) {
        if (realpath(r->path[i], other) && strcmp(real, other) == 0) {
            return true;
        }
    }
    return false;
}

static bool add(struct records *r, const char *path, struct why *why)
{
    if (!is_record(path, why)) {
        return false;
    }
    if (!is_known(r, path)) {
        GROW(r->path, r->cap, r->count + 1);
        r->path[r->count++] = xstrdup(path);
    }
    return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The records among a folder's folders, by name. */
static bool add_those_in(struct records *r, const char *dir)
{
    struct dirent **names = NULL;
    int count = scandir(dir, &names, NULL, by_name);
    bool any = false;
    for (int i = 0; i < count; i++) {
        struct stat st;
        char *path = path_join(dir, names[i]->d_name);
        bool is_folder = names[i]->d_name[0] != '.' && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        any = (is_folder && add(r, path, NULL)) || any;
        free(path);
        free(names[i]);
    }
    free(names);
    return any;
}

static enum status add_own(struct records *r, const char *config, struct why *why)
{
    struct conf conf;
    enum status st = config_load(&conf, config, why);
    if (st == ST_OK) {
        char *console = console_record(&conf);
        char *daemon = path_chosen(NULL, conf.serve.record, path_state("daemon"));
        char *state = path_state("");
        (void)add(r, console, NULL);
        (void)add(r, daemon, NULL);
        (void)add_those_in(r, state);
        free(console);
        free(daemon);
        free(state);
    }
    conf_release(&conf);
    return st;
}

enum status records_find(struct records *r, char **words, int count, const char *config,
                         struct why *why)
{
    *r = (struct records){0};
    if (count == 0) {
        return add_own(r, config, why);
    }
    for (int i = 0; i < count; i++) {
        struct why none = {0};
        if (!add(r, words[i], &none) && !add_those_in(r, words[i])) {
            return why_fail(why, ST_NOTFOUND, "%s", none.text);
        }
    }
    return ST_OK;
}
