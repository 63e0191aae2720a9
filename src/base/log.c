#include "checkrein/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "line_priv.h"

#define LINE_BYTES 2048

static void to_stderr(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    if (level >= LOG_WARN) {
        (void)fprintf(stderr, "checkrein: %s: %s\n", log_level_name(level), line);
    }
}

static log_sink_fn *sink_fn = to_stderr;
static void *sink_ctx;
static log_veil_fn *veil_fn;
static void *veil_ctx;
static enum log_level lowest_level = LOG_INFO;

void log_set_sink(log_sink_fn *sink, void *ctx)
{
    sink_fn = sink != NULL ? sink : to_stderr;
    sink_ctx = sink != NULL ? ctx : NULL;
}

void log_set_veil(log_veil_fn *hide, void *ctx)
{
    veil_fn = hide;
    veil_ctx = ctx;
}

void log_set_level(enum log_level lowest)
{
    lowest_level = lowest;
}

void log_write(enum log_level level, const char *fmt, ...)
{
    if (level < lowest_level) {
        return;
    }
    char line[LINE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (n < 0) {
        return;
    }
    if (veil_fn != NULL) {
        struct span shown = veil_fn(veil_ctx, span_str(line));
        if (shown.p != line) {
            (void)span_copy(shown, line, sizeof(line));
        }
    }
    line_clean(line);
    sink_fn(sink_ctx, level, line);
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warning", [LOG_ERROR] = "error"};
    return (size_t)level < ARRAY_LEN(names) ? names[level] : "unknown";
}
