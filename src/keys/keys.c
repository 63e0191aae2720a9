/* One key: its normal form, its name and back. */
#include <string.h>

#include "keys_priv.h"

#define MODIFIERS (KEY_CTRL | KEY_ALT)
#define NONE      KEY_NAMED(KEYN_NONE)

static const char *const names[] = {
#define X(constant, name) [constant] = (name),
    NAMED_KEYS(X)
#undef X
};

/* Blanks, controls and what is no character are no keys by themselves. */
static bool is_key_char(uint32_t c)
{
    return (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
}

static bool is_named(uint32_t key)
{
    return key > KEY_BASE && key < KEY_NAMED(KEYN_COUNT);
}

/* Characters that a terminal sends as a control byte of their own have a name instead of a Ctrl
 * bit. */
static uint32_t named_control(uint32_t c)
{
    switch (c) {
    case 'i':
        return KEY_NAMED(KEYN_TAB);
    case 'j':
    case 'm':
        return KEY_NAMED(KEYN_ENTER);
    case '[':
        return KEY_NAMED(KEYN_ESC);
    case '?':
        return KEY_NAMED(KEYN_BACKSPACE);
    default:
        return NONE;
    }
}

static uint32_t with_ctrl(uint32_t c)
{
    if (c >= 'A' && c <= 'Z') {
        c += 'a' - 'A';
    }
    if (c == '@') {
        c = ' ';
    }
    if (named_control(c) != NONE) {
        return named_control(c);
    }
    bool letter = c >= 'a' && c <= 'z';
    bool sign = c == ' ' || c == '\\' || c == ']' || c == '^' || c == '_';
    return letter || sign || is_named(c) ? KEY_CTRL | c : NONE;
}

uint32_t key_normal(uint32_t key)
{
    uint32_t alt = key & KEY_ALT;
    uint32_t ctrl = key & KEY_CTRL;
    key &= ~MODIFIERS;
    if (key < 0x20 || key == 0x7F) {
        key ^= 0x40;
        ctrl = KEY_CTRL;
    }
    if (ctrl != 0) {
        key = with_ctrl(key);
    } else if (!is_key_char(key) && !is_named(key)) {
        key = NONE;
    }
    return key == NONE ? NONE : key | alt;
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c + ('a' - 'A'));
    }
    return c;
}

static bool starts(struct span s, const char *word)
{
    size_t n = strlen(word);
    if (s.n < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (lower(s.p[i]) != word[i]) {
            return false;
        }
    }
    return true;
}

static bool is_word(struct span s, const char *word)
{
    return s.n == strlen(word) && starts(s, word);
}

/* Takes "ctrl-" and "alt-" off the front, each once. */
static uint32_t take_modifiers(struct span *name)
{
    static const struct {
        const char *word;
        uint32_t bit;
    } words[] = {
        {"ctrl-", KEY_CTRL},
        {"alt-",  KEY_ALT }
    };
    uint32_t bits = 0;
    for (size_t i = 0; i < ARRAY_LEN(words);) {
        size_t n = strlen(words[i].word);
        if ((bits & words[i].bit) == 0 && starts(*name, words[i].word)) {
            bits |= words[i].bit;
            *name = span_sub(*name, n, name->n - n);
            i = 0;
        } else {
            i++;
        }
    }
    return bits;
}

static uint32_t bare_key(struct span name)
{
    uint32_t cp;
    if (keys_decode(name, &cp)) {
        return cp > ' ' && is_key_char(cp) ? cp : NONE;
    }
    if (is_word(name, "space")) {
        return ' ';
    }
    for (uint32_t k = KEYN_NONE + 1; k < KEYN_COUNT; k++) {
        if (is_word(name, names[k])) {
            return KEY_NAMED(k);
        }
    }
    return NONE;
}

enum status key_parse(struct span name, uint32_t *key)
{
    if (is_word(name, names[KEYN_NONE])) {
        *key = NONE;
        return ST_OK;
    }
    uint32_t modifiers = take_modifiers(&name);
    uint32_t bare = bare_key(name);
    uint32_t normal = bare == NONE ? NONE : key_normal(bare | modifiers);
    if (normal == NONE) {
        return ST_INVALID;
    }
    *key = normal;
    return ST_OK;
}

static size_t add(char *out, size_t at, const char *p, size_t n)
{
    memcpy(out + at, p, n);
    return at + n;
}

void key_text(uint32_t key, char out[KEY_NAME_BYTES])
{
    char bytes[KEY_CHAR_BYTES];
    size_t at = 0;
    key = key_normal(key);
    uint32_t bare = key & ~MODIFIERS;
    if ((key & KEY_CTRL) != 0) {
        at = add(out, at, "ctrl-", 5);
    }
    if ((key & KEY_ALT) != 0) {
        at = add(out, at, "alt-", 4);
    }
    if (bare == ' ') {
        at = add(out, at, "space", 5);
    } else if (bare >= KEY_BASE) {
        at = add(out, at, names[bare - KEY_BASE], strlen(names[bare - KEY_BASE]));
    } else {
        at = add(out, at, bytes, keys_encode(bare, bytes));
    }
    out[at] = '\0';
}
