#include <inttypes.h>

#include "model_priv.h"

/* One thing a line: "agent 3 id="a1" state=running ...". What is empty or zero is left out. Times
 * are whole numbers of microseconds, bytes that are not printable ASCII are written as \xNN. */
static void dump_begin(void *ctx, const char *what, uint64_t number)
{
    if (number == 0) {
        (void)buf_addstr(ctx, what);
    } else {
        (void)buf_printf(ctx, "%s %" PRIu64, what, number);
    }
}

static void dump_byte(struct buf *out, unsigned char c)
{
    if (c == '"' || c == '\\') {
        (void)buf_printf(out, "\\%c", c);
    } else if (c < 0x20 || c > 0x7e) {
        (void)buf_printf(out, "\\x%02x", c);
    } else {
        (void)buf_addch(out, (char)c);
    }
}

static void dump_text(void *ctx, const char *name, struct span s)
{
    if (s.n == 0) {
        return;
    }
    (void)buf_printf(ctx, " %s=\"", name);
    for (size_t i = 0; i < s.n; i++) {
        dump_byte(ctx, (unsigned char)s.p[i]);
    }
    (void)buf_addch(ctx, '"');
}

static void dump_number(void *ctx, const char *name, int64_t n, const char *set)
{
    if (n == 0) {
        return;
    }
    if (set != NULL) {
        (void)buf_printf(ctx, " %s=%s", name, event_enum_name(set, n));
    } else {
        (void)buf_printf(ctx, " %s=%" PRId64, name, n);
    }
}

static void dump_end(void *ctx)
{
    (void)buf_addch(ctx, '\n');
}

enum status fleet_dump(const struct fleet *f, struct buf *out)
{
    fleet_walk(f, &(struct visitor){out, dump_begin, dump_text, dump_number, dump_end});
    return buf_status(out);
}
