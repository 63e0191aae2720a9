/* file.h - whole files, with the care that a security tool owes them.
 */
#ifndef CHECKREIN_FILE_H
#define CHECKREIN_FILE_H

#include <sys/types.h>

#include "checkrein/buf.h"
#include "checkrein/status.h"

/* ST_NOTFOUND, ST_DENIED and ST_EXISTS as the system says; ST_INVALID for what is not a regular
 * file (or folder), ST_LIMIT for too long, ST_IO for the rest. */

/* Reads a regular file (never a directory, FIFO or device) of at most b->limit bytes in place of
 * what b holds; b is empty after a failure. */
enum status file_read(const char *path, struct buf *b, struct why *why) MUST_USE;
/* As file_read, but refuses a symlink, and unless the file belongs to us and nobody else may do
 * anything with it. End with buf_wipe(). */
enum status file_read_secret(const char *path, struct buf *b, struct why *why) MUST_USE;
/* Writes path + a random suffix, fsyncs, renames over path, fsyncs the folder. Symlinks are
 * followed first; one to nowhere is ST_NOTFOUND. The mode is exact, whatever the umask. After a
 * failure the old file stands, except when only the folder's fsync failed ("cannot make durable").
 */
enum status file_replace(const char *path, struct span bytes, mode_t mode,
                         struct why *why) MUST_USE;
/* Creates all missing folders with this mode less the umask, durably; the last one must be a folder
 * of ours that others cannot write, and if it is a symlink, one of ours or root's. */
enum status file_make_dirs(const char *path, mode_t mode, struct why *why) MUST_USE;
/* The same, with mode 0700, for the folder that this file is in. */
enum status file_make_parent(const char *path, struct why *why) MUST_USE;
/* The same with this mode for each folder that is made. */
enum status file_make_parent_mode(const char *path, mode_t mode, struct why *why) MUST_USE;
/* All n bytes, or ST_IO with errno kept; EINTR is retried. */
enum status file_write_all(int fd, const void *p, size_t n) MUST_USE;

#endif
