/* forms.c - how one secret may stand in bytes of others: as it is, and as programs write it.
 */
#include "secret_priv.h"

#include <string.h>

#include "checkrein/buf.h"

struct telling {
    secret_form_fn *fn;
    void *ctx;
};

/* The characters of base64 that depend on the secret alone, when `before` bytes stand before it. */
static void tell_base64(const struct telling *t, struct span secret, size_t before,
                        const char *last_digits)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct buf b;
    size_t first = (before * 8 + 5) / 6;
    size_t end = (before + secret.n) * 8 / 6;
    buf_init(&b, end + 1);
    for (size_t i = first; i < end; i++) {
        unsigned digit = 0;
        for (size_t bit = i * 6; bit < i * 6 + 6; bit++) {
            size_t byte = bit / 8 - before;
            digit = digit << 1 | ((unsigned)(uint8_t)secret.p[byte] >> (7 - bit % 8) & 1u);
        }
        (void)buf_append(&b, digit < 62 ? &DIGITS[digit] : &last_digits[digit - 62], 1);
    }
    t->fn(t->ctx, buf_span(&b));
    buf_wipe(&b);
}

static void tell_percent(const struct telling *t, struct span secret, const char *digits)
{
    struct buf b;
    buf_init(&b, secret.n * 3);
    for (size_t i = 0; i < secret.n; i++) {
        char c = secret.p[i];
        unsigned byte = (uint8_t)c;
        bool plain = has_char(CHARS_WORD, c) || c == '.' || c == '~';
        (void)buf_add(&b, plain ? span_sub(secret, i, 1) : SPAN("%"));
        if (!plain) {
            (void)buf_addch(&b, digits[byte >> 4]);
            (void)buf_addch(&b, digits[byte & 15]);
        }
    }
    t->fn(t->ctx, buf_span(&b));
    buf_wipe(&b);
}

/* `escaped`: what is written behind a backslash. */
static void tell_json(const struct telling *t, struct span secret, const char *escaped)
{
    struct buf b;
    buf_init(&b, secret.n * 2);
    for (size_t i = 0; i < secret.n; i++) {
        if (secret.p[i] != '\0' && strchr(escaped, secret.p[i]) != NULL) {
            (void)buf_addch(&b, '\\');
        }
        (void)buf_addch(&b, secret.p[i]);
    }
    t->fn(t->ctx, buf_span(&b));
    buf_wipe(&b);
}

void secret_forms(struct span secret, secret_form_fn *fn, void *ctx)
{
    const struct telling t = {fn, ctx};
    fn(ctx, secret);
    tell_percent(&t, secret, "0123456789ABCDEF");
    tell_percent(&t, secret, "0123456789abcdef");
    tell_json(&t, secret, "\"\\");
    tell_json(&t, secret, "\"\\/");
    for (size_t before = 0; before < 3; before++) {
        tell_base64(&t, secret, before, "+/");
        tell_base64(&t, secret, before, "-_");
    }
}
