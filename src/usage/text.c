/* A text as it stands in JSON to the bytes that it means. */
#include <string.h>

#include "checkrein/utf8.h"
#include "checkrein/wire.h"
#include "usage_priv.h"

/* What a cut left of it. */
static void drop_half_character(char *text)
{
    size_t n = strlen(text);
    for (int back = 0; back < 3 && n > 0 && !utf8_valid((struct span){text, n}); back++) {
        text[--n] = '\0';
    }
}

/* Most are words of ASCII without an escape, whose bytes are what they mean. */
static bool is_word(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7F || text.p[i] == '\\') {
            return false;
        }
    }
    return true;
}

static bool text_by_tape(struct span token, char *out, size_t out_bytes)
{
    struct tape_token one;
    struct tape j;
    struct buf scratch;
    bool good = tape_parse(&j, token, TAPE_REPAIR, &one, 1) == ST_OK;
    buf_init(&scratch, 3 * (size_t)USAGE_TOKEN_BYTES); /* a broken byte becomes three */
    struct span text = tape_string(&j, TAPE_ROOT, &scratch);
    good = span_copy(text, out, out_bytes) && good && !scratch.over && strlen(out) == text.n;
    drop_half_character(out);
    buf_release(&scratch);
    return good;
}

bool usage_text(struct span token, char *out, size_t out_bytes)
{
    struct span inner = span_sub(token, 1, token.n - 2);
    return is_word(inner) ? span_copy(inner, out, out_bytes) : text_by_tape(token, out, out_bytes);
}
