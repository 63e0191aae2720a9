/* connect_priv.h - putting an installed runtime behind the daemon by editing its settings.
 *
 *   connect.c   the subcommand: finds, shows the difference, writes
 *   claude.c    what Claude Code's settings must hold, for the version that is installed
 *   splice.c    JSON text edited in place: what is not ours keeps its bytes
 *   diff.c      the difference between two texts, for a person
 */
#ifndef CONNECT_PRIV_H
#define CONNECT_PRIV_H

#include <stdbool.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/status.h"
#include "checkrein/wire.h"

#define SETTINGS_BYTES  ((size_t)1 << 20)
#define SETTINGS_TOKENS 65536

/* Marks a hook as ours; the runtime shows it while a call waits. */
#define OUR_MARK "checkrein gate"

struct claude_gate {
    const char *self;        /* path of this executable */
    const char *socket_path;
    int port;
    struct span token;
    struct span version;     /* of the installed client; empty: not known */
};

/* True when this version fails closed with `onFailure` on an HTTP hook (2.1.295 and later). */
bool claude_http_fails_closed(struct span version);
/* The settings with our hooks and telemetry (replacing older ones of ours), or without any of ours. */
enum status claude_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                                struct why *why) MUST_USE;
enum status claude_settings_remove(struct span old, struct buf *out, struct why *why) MUST_USE;
/* True when somebody else has set telemetry up: it is left alone, and spend is not seen. */
bool claude_telemetry_is_anothers(struct span settings);

/* ---- splice.c: one member of an object, set or taken out, everything else byte for byte as it was */
/* path: "env" or "hooks/PreToolUse": objects on the way are made. value: JSON text; NONE takes the member out,
 * and objects that become empty with it. */
enum status splice_member(struct span old, const char *path, struct span value, struct buf *out,
                          struct why *why) MUST_USE;
/* Parses settings: ST_INVALID names the fault, also when they are no object. */
enum status splice_read(struct span text, struct tape *j, struct tape_token *tokens, struct why *why) MUST_USE;

/* ---- diff.c: lines with two of context; each occurrence of `secret` is shown as a mark */
void diff_print(const char *path, struct span before, struct span after, struct span secret);

#endif
