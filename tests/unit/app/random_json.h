/* random_json.h - JSON as people and programs write it: any spacing, escapes where none are needed,
 * odd values.
 */
#ifndef RANDOM_JSON_H
#define RANDOM_JSON_H

#include "checkrein/buf.h"
#include "prng.h"

static inline void random_blanks(struct prng *r, struct buf *out)
{
    static const char *const BLANKS[] = {"",   "",       "",   " ",    "\n",
                                         "  ", "\n    ", "\t", "\r\n", " \n "};
    buf_addstr(out, BLANKS[prng_below(r, ARRAY_LEN(BLANKS))]);
}

/* Sometimes with its first letter as an escape: the same key for a reader. */
static inline void random_key(struct prng *r, struct buf *out, const char *name)
{
    if (name[0] && prng_below(r, 8) == 0) {
        buf_printf(out, "\"\\u%04x%s\"", (unsigned)name[0], name + 1);
    } else {
        buf_printf(out, "\"%s\"", name);
    }
}

static inline void random_scalar(struct prng *r, struct buf *out)
{
    static const char *const SCALARS[] = {
        "null",
        "true",
        "false",
        "0",
        "-1.5e3",
        "12345678901234567890",
        "1.10",
        "\"\"",
        "\"text\"",
        "\"a\\\"b\\\\\"",
        "\"} , ]\"",
        "\"\\u00e9\\ud83d\\ude00\"",
        "\"\xc3\xa9\"",
        "\"// no comment\"",
        "\"checkrein gate\"",
        "{}",
        "[]",
        "{ }",
        "[ ]",
    };
    buf_addstr(out, SCALARS[prng_below(r, ARRAY_LEN(SCALARS))]);
}

static inline void random_value(struct prng *r, struct buf *out, unsigned depth);

/* `names`: each at most once, in order, most of the time. */
static inline void random_object(struct prng *r, struct buf *out, unsigned depth,
                                 const char *const *names, size_t count)
{
    bool first = true;
    buf_addch(out, '{');
    random_blanks(r, out);
    for (size_t i = 0; i < count; i++) {
        if (prng_below(r, 2)) {
            continue;
        }
        if (!first) {
            buf_addch(out, ',');
            random_blanks(r, out);
        }
        first = false;
        random_key(r, out, names[i]);
        random_blanks(r, out);
        buf_addch(out, ':');
        random_blanks(r, out);
        random_value(r, out, depth);
        random_blanks(r, out);
    }
    buf_addch(out, '}');
}

static inline void random_value(struct prng *r, struct buf *out, unsigned depth)
{
    static const char *const NAMES[] = {"a",   "b", "", "hooks", "env", "key with } and \\\" in it",
                                        "type"};
    uint64_t kind = depth ? prng_below(r, 4) : 0;
    if (kind == 1) {
        random_object(r, out, depth - 1, NAMES, ARRAY_LEN(NAMES));
    } else if (kind == 2) {
        buf_addch(out, '[');
        for (uint64_t n = prng_below(r, 4), i = 0; i < n; i++) {
            buf_addstr(out, i ? "," : "");
            random_blanks(r, out);
            random_value(r, out, depth - 1);
            random_blanks(r, out);
        }
        buf_addch(out, ']');
    } else {
        random_scalar(r, out);
    }
}

#endif
