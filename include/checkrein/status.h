/* status.h - how a function says that it failed.
 *
 * Every function that can fail returns `enum status` and is MUST_USE. A caller that can tell a
 * person more passes a `struct why *`, always the last parameter, which may be NULL; it holds one
 * line of English without a newline, safe to show once it went through text_sanitise().
 *
 *     struct why why = {0};
 *     if (conf_load(&conf, path, &why) != ST_OK)
 *         log_write(LOG_ERROR, "%s", why.text);
 */
#ifndef CHECKREIN_STATUS_H
#define CHECKREIN_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_USE       __attribute__((warn_unused_result))
#define PRINTF(f, a)   __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a)   (sizeof(a) / sizeof((a)[0]))
#define WHY_TEXT_BYTES 512

/* X(constant, name) */
#define STATUS_LIST(X)                                                                             \
    X(ST_OK, "ok")                                                                                 \
    X(ST_AGAIN, "not yet")                                                                         \
    X(ST_END, "at the end")                                                                        \
    X(ST_INVALID, "invalid")                                                                       \
    X(ST_LIMIT, "over a limit")                                                                    \
    X(ST_DENIED, "not permitted")                                                                  \
    X(ST_NOTFOUND, "not found")                                                                    \
    X(ST_EXISTS, "exists already")                                                                 \
    X(ST_CONFLICT, "conflicts")                                                                    \
    X(ST_IO, "input or output failed")                                                             \
    X(ST_TIMEOUT, "timed out")                                                                     \
    X(ST_CLOSED, "closed")                                                                         \
    X(ST_UNSUPPORTED, "not supported")

enum status {
#define X(constant, name) constant,
    STATUS_LIST(X)
#undef X
};

struct why {
    char text[WHY_TEXT_BYTES];
};

/* The constant's words, e.g. "over a limit". Never NULL. */
const char *status_name(enum status st);

/* Writes the reason (cut to fit, controls and bytes that are not UTF-8 as '?') and returns `st`, so
 * that a failure is one statement. `why` may be NULL. */
enum status why_fail(struct why *why, enum status st, const char *fmt, ...) PRINTF(3, 4);

/* Puts "prefix: " before the reason that is already there. */
void why_prefix(struct why *why, const char *fmt, ...) PRINTF(2, 3);

/* The text of an errno value from a static table, or "errno 123", which lasts until this thread's
 * next call. Thread-safe, never NULL. */
const char *err_text(int err);

#endif
