/* records.h - which records a subcommand is about.
 */
#ifndef APP_RECORD_RECORDS_H
#define APP_RECORD_RECORDS_H

#include "../app_priv.h"

struct records {
    char **path;
    size_t count, cap;
};

/* Of each word: a record's folder, one segment of it, or a folder with records in it. Without a
 * word: the console's and the daemon's, and all others in the state folder. ST_NOTFOUND names the
 * word that holds none; without words there may be none. */
enum status records_find(struct records *r, char **words, int count, const char *config,
                         struct why *why) MUST_USE;
void records_release(struct records *r);
/* Of their indexes: $XDG_CACHE_HOME/checkrein/index; caller frees. */
char *index_folder(void);

#endif
