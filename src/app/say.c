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
