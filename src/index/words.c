#include "words_priv.h"

#include "checkrein/utf8.h"
#include "fold_table.h"

#define FULL_WIDTH 0xFEE0u /* from there to ASCII */

static bool is_in(const struct fold_range *r, size_t count, uint32_t cp)
{
    for (size_t i = 0; i < count; i++) {
        if (cp >= r[i].from && cp <= r[i].to) {
            return true;
        }
    }
    return false;
}

static bool is_ascii_letter(uint32_t cp)
{
    return (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9');
}

static uint32_t fold_ascii(uint32_t cp)
{
    return cp >= 'A' && cp <= 'Z' ? cp + ('a' - 'A') : cp;
}

static uint32_t fold(uint32_t cp)
{
    if (cp >= 0xFF01 && cp <= 0xFF5E) {
        return fold_ascii(cp - FULL_WIDTH);
    }
    for (size_t i = 0; i < ARRAY_LEN(PLAIN); i++) {
        if (cp >= PLAIN[i].from && cp <= PLAIN[i].to) {
            return (uint32_t)PLAIN[i].base;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(SMALL); i++) {
        if (cp >= SMALL[i].from && cp <= SMALL[i].to) {
            return cp + SMALL[i].by;
        }
    }
    return cp % 2 == 0 && is_in(PAIRS, ARRAY_LEN(PAIRS), cp) ? cp + 1 : cp;
}

enum part { PART_SIGN, PART_UNSEEN, PART_LETTER, PART_WORD };

static enum part part_of(uint32_t cp)
{
    if (cp < 0x80) {
        return is_ascii_letter(cp) ? PART_LETTER : PART_SIGN;
    }
    return is_in(UNSEEN, ARRAY_LEN(UNSEEN), cp) ? PART_UNSEEN
           : is_in(SIGNS, ARRAY_LEN(SIGNS), cp) ? PART_SIGN
           : is_in(ALONE, ARRAY_LEN(ALONE), cp) ? PART_WORD
                                                : PART_LETTER;
}

/* A word that is being made, for `out`. */
struct writing {
    struct buf *out;
    char word[WORD_BYTES + 1]; /* and the blank behind it */
    size_t bytes;
    bool cut; /* the rest of it is left out */
};

static void end_word(struct writing *w)
{
    if (w->bytes > 0) {
        w->word[w->bytes] = ' ';
        buf_append(w->out, w->word, w->bytes + 1);
    }
    w->bytes = 0;
    w->cut = false;
}

static size_t encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (cp & 0x3F));
        cp >>= 6;
    }
    out[0] = (char)((0xF00u >> n & 0xFF) | cp);
    return n;
}

static void put_letter(struct writing *w, uint32_t cp)
{
    char bytes[4];
    size_t n = encode(cp, bytes);
    w->cut = w->cut || w->bytes + n > WORD_BYTES;
    for (size_t i = 0; !w->cut && i < n; i++) {
        w->word[w->bytes++] = bytes[i];
    }
}

static void put(struct writing *w, uint32_t cp)
{
    enum part part = part_of(cp);
    if (part == PART_SIGN || part == PART_WORD) {
        end_word(w);
    }
    if (part == PART_LETTER || part == PART_WORD) {
        put_letter(w, cp);
    }
    if (part == PART_WORD) {
        end_word(w);
    }
}

static uint32_t decode(const char *p, size_t n)
{
    static const unsigned char first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t cp = (unsigned char)p[0] & first[n];
    for (size_t i = 1; i < n; i++) {
        cp = cp << 6 | ((unsigned char)p[i] & 0x3F);
    }
    return cp;
}

void words_add(struct buf *out, struct span text)
{
    struct writing w = {.out = out};
    for (size_t i = 0; i < text.n;) {
        unsigned char c = (unsigned char)text.p[i];
        size_t n = c < 0x80 ? 1 : utf8_length(text.p + i, text.n - i);
        if (c < 0x80) {
            put(&w, fold_ascii(c));
        } else {
            put(&w, n > 0 ? fold(decode(text.p + i, n)) : ' '); /* a byte that is no text */
        }
        i += n > 0 ? n : 1;
    }
    end_word(&w);
}

void words_end_field(struct buf *out)
{
    if (out->len > 1) {
        buf_addstr(out, WORDS_FENCE " ");
    }
}
