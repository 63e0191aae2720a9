/* How what is not fit to show is shown. */
#include <string.h>

#include "text_priv.h"

#define RUN_WRITTEN_OUT 3 /* as many of the same are written out; more become one and a count */
#define TIMES           "\xC3\x97"
#define MARK_BYTES      48 /* "\u{10ffff..}", the times sign and ten digits, with room */

struct mark {
    char p[MARK_BYTES];
    size_t n;
};

static void mark_add(struct mark *m, const char *s)
{
    size_t n = strlen(s);
    memcpy(m->p + m->n, s, n);
    m->n += n;
}

static void mark_number(struct mark *m, uint32_t value, uint32_t base)
{
    char digits[12];
    size_t at = sizeof(digits) - 1;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    mark_add(m, digits + at);
}

static const char *short_name(uint32_t cp)
{
    static const char *const names[] = {
        [0] = "\\0",    ['\a'] = "\\a", ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",
        ['\v'] = "\\v", ['\f'] = "\\f", ['\r'] = "\\r", [0x1B] = "\\e",
    };
    return cp < ARRAY_LEN(names) ? names[cp] : NULL;
}

static void mark_one(struct mark *m, const struct text_run *run)
{
    if (short_name(run->cp) != NULL) {
        mark_add(m, short_name(run->cp));
        return;
    }
    mark_add(m, run->kind == RUN_BYTE ? "\\x{" : "\\u{");
    mark_number(m, run->cp, 16);
    mark_add(m, run->various ? "..}" : "}");
}

void text_run_flush(struct text_run *run, struct text_sink *out)
{
    if (run->kind == RUN_NONE) {
        return;
    }
    struct mark one = {.n = 0};
    mark_one(&one, run);
    if (run->various || run->count > RUN_WRITTEN_OUT) {
        mark_add(&one, TIMES);
        mark_number(&one, run->count, 10);
        run->count = 1;
    }
    for (uint32_t i = 0; i < run->count; i++) {
        text_sink_mark(out, one.p, one.n);
    }
    *run = (struct text_run){.kind = RUN_NONE};
}

void text_run_add(struct text_run *run, enum text_run_kind kind, uint32_t cp, struct text_sink *out)
{
    bool same = run->cp == cp;
    if (run->kind != kind || (!same && kind != RUN_MARKS)) {
        text_run_flush(run, out);
        *run = (struct text_run){.kind = kind, .cp = cp, .count = 1};
        return;
    }
    run->various = run->various || !same;
    if (run->count < UINT32_MAX) {
        run->count++;
    }
}
