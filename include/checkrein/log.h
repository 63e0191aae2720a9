/* log.h - where the program's own words go: one line each, to a sink that the application chooses.
 *
 * Never carries secrets, nor bytes from an agent that have not been sanitised; control characters
 * and bytes that are not UTF-8 are replaced by '?' and a line is cut at 2 KiB before the sink sees
 * it. The default sink drops everything below LOG_WARN and writes the rest to stderr; a console
 * that owns the terminal must set another. Sink and level are set before a second thread starts; a
 * sink that other threads may reach locks for itself, and no sink logs.
 */
#ifndef CHECKREIN_LOG_H
#define CHECKREIN_LOG_H

#include "checkrein/span.h"
#include "checkrein/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

typedef void log_sink_fn(void *ctx, enum log_level level, const char *line);

void log_set_sink(log_sink_fn *sink, void *ctx); /* NULL: the default */
/* Hides what no line may carry before the sink sees it: what it gives lives until its next call, or
 * is `line`. NULL: nothing is hidden. */
typedef struct span log_veil_fn(void *ctx, struct span line);
void log_set_veil(log_veil_fn *hide, void *ctx);
void log_set_level(enum log_level lowest); /* LOG_INFO at the start */
void log_write(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
const char *log_level_name(enum log_level level);

#endif
