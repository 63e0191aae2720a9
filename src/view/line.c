/* One line of typing. */
#include <string.h>

#include "ui_priv.h"

#define CTRL(letter) (KEY_CTRL | (uint32_t)(letter))

void line_set(struct line *l, struct span s)
{
    (void)span_copy(s, l->text, sizeof(l->text));
    l->len = (uint32_t)strlen(l->text);
    while (l->len > 0 && l->len < s.n && ((unsigned char)s.p[l->len] & 0xC0) == 0x80) {
        l->len--; /* not in the middle of a character */
    }
    l->text[l->len] = '\0';
    l->at = l->len;
}

uint32_t line_characters(const struct line *l)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->len; i++) {
        count += ((unsigned char)l->text[i] & 0xC0) != 0x80;
    }
    return count;
}

struct span line_span(const struct line *l)
{
    return (struct span){l->text, l->len};
}

static uint32_t before(const struct line *l, uint32_t at)
{
    do {
        at -= at > 0;
    } while (at > 0 && ((unsigned char)l->text[at] & 0xC0) == 0x80);
    return at;
}

static uint32_t behind(const struct line *l, uint32_t at)
{
    do {
        at += at < l->len;
    } while (at < l->len && ((unsigned char)l->text[at] & 0xC0) == 0x80);
    return at;
}

static void erase(struct line *l, uint32_t from, uint32_t to)
{
    memmove(l->text + from, l->text + to, l->len - to + 1);
    l->len -= to - from;
    l->at = from;
}

static uint32_t word_start(const struct line *l)
{
    uint32_t at = l->at;
    while (at > 0 && l->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && l->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static uint32_t encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    uint32_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (uint32_t i = n - 1; i > 0; i--, cp >>= 6) {
        out[i] = (char)(0x80 | (cp & 0x3F));
    }
    out[0] = (char)(lead[n] | cp);
    return n;
}

static void insert(struct line *l, uint32_t cp)
{
    char bytes[4];
    uint32_t n = encode(cp, bytes);
    if (l->len + n >= LINE_BYTES) {
        return;
    }
    memmove(l->text + l->at + n, l->text + l->at, l->len - l->at + 1);
    memcpy(l->text + l->at, bytes, n);
    l->len += n;
    l->at += n;
}

static bool is_character(uint32_t key)
{
    bool surrogate = key >= 0xD800 && key <= 0xDFFF;
    return key >= 0x20 && key != 0x7F && key < 0x110000 && !surrogate;
}

static bool erasing_key(struct line *l, uint32_t key)
{
    if (key == KEY_NAMED(KEYN_BACKSPACE) || key == CTRL('h')) {
        erase(l, before(l, l->at), l->at);
    } else if (key == KEY_NAMED(KEYN_DELETE) || key == CTRL('d')) {
        erase(l, l->at, behind(l, l->at));
    } else if (key == CTRL('u')) {
        erase(l, 0, l->at);
    } else if (key == CTRL('k')) {
        erase(l, l->at, l->len);
    } else if (key == CTRL('w')) {
        erase(l, word_start(l), l->at);
    } else {
        return false;
    }
    return true;
}

bool line_key(struct line *l, uint32_t key)
{
    if (is_character(key)) {
        insert(l, key);
    } else if (key == KEY_NAMED(KEYN_LEFT) || key == CTRL('b')) {
        l->at = before(l, l->at);
    } else if (key == KEY_NAMED(KEYN_RIGHT) || key == CTRL('f')) {
        l->at = behind(l, l->at);
    } else if (key == KEY_NAMED(KEYN_HOME) || key == CTRL('a')) {
        l->at = 0;
    } else if (key == KEY_NAMED(KEYN_END) || key == CTRL('e')) {
        l->at = l->len;
    } else {
        return erasing_key(l, key);
    }
    return true;
}
