/* tmpdir.h - a folder for one test, gone with everything in it afterwards.
 *
 *     char *dir = tmpdir_new();
 *     char *path = tmpdir_put(dir, "token", "secret\n", 0600);
 *     ...
 *     free(path);
 *     tmpdir_free(dir);
 */
#ifndef CHECKREIN_TEST_TMPDIR_H
#define CHECKREIN_TEST_TMPDIR_H

#include <stddef.h>
#include <sys/types.h>

/* A new folder of mode 0700 under $TMPDIR or /tmp, as an absolute path without symlinks. Every
 * function here ends the program when the system refuses. All strings are the caller's to free().
 */
char *tmpdir_new(void);
/* "dir/name"; makes nothing. */
char *tmpdir_join(const char *dir, const char *name);
/* Makes a file with this text and exactly this mode; its path. */
char *tmpdir_put(const char *dir, const char *name, const char *text, mode_t mode);
/* How many names the folder has, without "." and "..". */
size_t tmpdir_count(const char *dir);
/* Removes the tree without following links, and frees the name. Takes NULL. */
void tmpdir_free(char *dir);

#endif
