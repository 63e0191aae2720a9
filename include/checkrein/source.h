/* source.h - where a secret is kept, and how it comes from there: a file, what a command writes, or
 * a credential that systemd hands to the service.
 *
 * The secret is given out once and wiped after the call; nothing of it is kept here. Of a file or a
 * command's output the first line counts, without the blanks around it; it is visible ASCII, so
 * that it can stand in a header field, and long enough to be hidden wherever it turns up.
 *
 * A file is a regular file of ours that nobody else can read, and no symlink. A command runs under
 * /bin/sh in a session of its own, with the daemon's environment, no input, and its errors thrown
 * away (they may hold what it was to give); it is killed when it takes too long or writes too much.
 * A credential is $CREDENTIALS_DIRECTORY/NAME.
 *
 * Thread: the loop's.
 */
#ifndef CHECKREIN_SOURCE_H
#define CHECKREIN_SOURCE_H

#include <stddef.h>

#include "checkrein/loop.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define SOURCE_BYTES_MIN  8
#define SOURCE_BYTES_MAX  ((size_t)16384)
#define SOURCE_COMMAND_MS 10000

enum source_kind { SOURCE_NONE, SOURCE_FILE, SOURCE_COMMAND, SOURCE_CREDENTIAL };
struct source {
    enum source_kind kind;
    char *text; /* path, command or name */
};

void source_release(struct source *s); /* takes zeroed memory too */

struct source_read;
/* `secret` is borrowed, and empty when there is none: then `why` says. The read is over when this
 * is called: it is not to be cancelled any more. */
typedef void source_fn(void *ctx, struct span secret, const char *why);
/* The answer comes on the loop, never inside of this call. The source must live until then. */
struct source_read *source_begin(struct loop *l, const struct source *s, source_fn *fn, void *ctx);
/* No answer any more; a command is killed. NULL is fine. */
void source_cancel(struct source_read *r);

#endif
