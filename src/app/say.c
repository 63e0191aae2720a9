#include "app_priv.h"

#include <stdarg.h>

#include "checkrein/text.h"

/* stderr may be a terminal: whatever a peer put into the words is made plain first. */
void app_say(const char *fmt, ...)
{
    struct buf b;
    buf_init(&b, 8192);
    va_list ap;
    va_start(ap, fmt);
    (void)buf_vprintf(&b, fmt, ap);
    va_end(ap);
    char plain[8192];
    (void)text_plain_of(buf_span(&b), plain, sizeof(plain));
    (void)fprintf(stderr, "checkrein: %s\n", plain);
    buf_release(&b);
}

int app_trouble(const struct why *why, int code)
{
    app_say("%s", why->text[0] ? why->text : "it could not be done");
    return code;
}

static size_t ascii_run(struct span s, size_t from)
{
    size_t at = from;
    while (at < s.n && (unsigned char)s.p[at] < 0x7F) {
        at++;
    }
    return at - from;
}

/* Foreign characters stand inside strings only, and so does the one control character that JSON
 * lets through. */
enum status ascii_json(struct buf *out, struct span json)
{
    for (size_t at = 0; at < json.n;) {
        size_t run = ascii_run(json, at);
        if (run) {
            buf_append(out, json.p + at, run);
            at += run;
            continue;
        }
        uint32_t cp = 0;
        size_t n = text_utf8(json.p + at, json.n - at, &cp);
        cp = n ? cp : 0xFFFD;
        if (cp < 0x10000) {
            buf_printf(out, "\\u%04x", cp);
        } else {
            buf_printf(out, "\\u%04x\\u%04x", 0xD800 + ((cp - 0x10000) >> 10),
                       0xDC00 + (cp & 0x3FF));
        }
        at += n ? n : 1;
    }
    return buf_status(out);
}
