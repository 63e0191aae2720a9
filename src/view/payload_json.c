/* A lenient reader for showing, not for deciding: it keeps duplicates and order, and says no when
 * in doubt. */
#include <string.h>

#include "payload_priv.h"

enum { SKIP_DEPTH = 64 };

struct level {
    bool array;
    bool shown; /* false: inside of what is shown as it stands */
    uint32_t index;
    struct span key; /* that an array's elements are named after */
};

struct walk {
    struct span s;
    size_t at;
    uint32_t depth; /* levels in use */
    struct level level[PAYLOAD_DEPTH + 1];
    payload_item_fn *each;
    void *ctx;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct walk *w)
{
    while (w->at < w->s.n && is_blank(w->s.p[w->at])) {
        w->at++;
    }
}

static char peek(const struct walk *w)
{
    if (w->at < w->s.n) {
        return w->s.p[w->at];
    }
    return '\0';
}

static bool take(struct walk *w, char c)
{
    if (peek(w) != c || c == '\0') {
        return false;
    }
    w->at++;
    return true;
}

/* From the opening quote to the closing one. */
static bool take_string(struct walk *w, struct span *out)
{
    size_t from = w->at;
    if (!take(w, '"')) {
        return false;
    }
    while (w->at < w->s.n && w->s.p[w->at] != '"') {
        if ((unsigned char)w->s.p[w->at] < 0x20) {
            return false;
        }
        w->at += w->s.p[w->at] == '\\' ? 2 : 1;
    }
    if (!take(w, '"')) {
        return false;
    }
    *out = (struct span){w->s.p + from, w->at - from};
    return true;
}

static bool take_bare(struct walk *w, struct span *out)
{
    static const char PLAIN[] = "+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t from = w->at;
    while (peek(w) != '\0' && strchr(PLAIN, peek(w)) != NULL) {
        w->at++;
    }
    *out = (struct span){w->s.p + from, w->at - from};
    return out->n > 0;
}

/* What is open, innermost last. */
struct brackets {
    char closing[SKIP_DEPTH];
    int depth;
};

static bool take_bracket(struct brackets *b, char c)
{
    if (c == '{' || c == '[') {
        if (b->depth == SKIP_DEPTH) {
            return false;
        }
        b->closing[b->depth++] = c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
        if (b->depth == 0 || b->closing[b->depth - 1] != c) {
            return false;
        }
        b->depth--;
    }
    return true;
}

/* A whole object or array, by its brackets. */
static bool take_nested(struct walk *w, struct span *out)
{
    size_t from = w->at;
    struct brackets b = {.depth = 0};
    do {
        struct span ignored;
        if (peek(w) == '"') {
            if (!take_string(w, &ignored)) {
                return false;
            }
            continue;
        }
        if (!take_bracket(&b, peek(w))) {
            return false;
        }
        w->at++;
    } while (b.depth > 0 && w->at < w->s.n);
    *out = (struct span){w->s.p + from, w->at - from};
    return b.depth == 0;
}

static bool is_empty_container(const struct walk *w)
{
    size_t at = w->at + 1;
    while (at < w->s.n && is_blank(w->s.p[at])) {
        at++;
    }
    return at < w->s.n && (w->s.p[at] == '}' || w->s.p[at] == ']');
}

/* One value: as an item, or a new level whose members follow. */
static bool take_value(struct walk *w, struct payload_item *item)
{
    char c = peek(w);
    bool opens = c == '{' || c == '[';
    if (opens && w->depth <= PAYLOAD_DEPTH && !is_empty_container(w)) {
        if (c == '[' && item->is_element) { /* a list of lists */
            return take_nested(w, &item->text) && w->each(w->ctx, item);
        }
        if (c == '{') {
            item->opens = true;
            item->text = (struct span){w->s.p + w->at, 0};
            if (!w->each(w->ctx, item)) {
                return false;
            }
        }
        w->at++;
        w->level[w->depth++] = (struct level){.array = c == '[', .key = item->key};
        return true;
    }
    bool taken = c == '"' ? take_string(w, &item->text)
                 : opens  ? take_nested(w, &item->text)
                          : take_bare(w, &item->text);
    return taken && w->each(w->ctx, item);
}

/* Arrays do not indent: their elements carry the name. */
static uint8_t indent_of(const struct walk *w)
{
    uint8_t depth = 0;
    for (uint32_t i = 1; i < w->depth; i++) {
        depth += !w->level[i].array;
    }
    return depth;
}

static bool take_member(struct walk *w)
{
    struct level *top = &w->level[w->depth - 1];
    struct payload_item item = {.depth = indent_of(w), .is_element = top->array, .key = top->key};
    if (top->array) {
        item.index = top->index++;
    } else {
        if (!take_string(w, &item.key)) {
            return false;
        }
        item.key = span_sub(item.key, 1, item.key.n - 2);
        skip_blanks(w);
        if (!take(w, ':')) {
            return false;
        }
        skip_blanks(w);
    }
    return take_value(w, &item);
}

/* After a value: a comma and the next one, or the ends of as many levels as end here. */
static bool take_ends(struct walk *w, bool *more)
{
    skip_blanks(w);
    while (w->depth > 0 && take(w, w->level[w->depth - 1].array ? ']' : '}')) {
        w->depth--;
        skip_blanks(w);
    }
    *more = w->depth > 0;
    if (*more && !take(w, ',')) {
        return false;
    }
    skip_blanks(w);
    return true;
}

bool payload_walk(struct span text, payload_item_fn *each, void *ctx)
{
    struct walk w = {.s = text, .each = each, .ctx = ctx};
    bool more = true;
    skip_blanks(&w);
    if (peek(&w) != '{' || is_empty_container(&w)) {
        return false;
    }
    w.at++;
    w.level[w.depth++] = (struct level){0};
    skip_blanks(&w);
    while (more) {
        uint32_t before = w.depth;
        if (!take_member(&w)) {
            return false;
        }
        if (w.depth > before) {
            skip_blanks(&w);
            continue;
        }
        if (!take_ends(&w, &more)) {
            return false;
        }
    }
    return w.at == w.s.n;
}

static size_t put_utf8(uint32_t cp, char *out)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

static bool hex_digit(char c, uint32_t *digit)
{
    uint32_t byte = (unsigned char)c;
    uint32_t letter = byte | 0x20u;
    bool number = byte >= '0' && byte <= '9';
    *digit = number ? byte - '0' : letter - 'a' + 10;
    return number || (letter >= 'a' && letter <= 'f');
}

static bool hex4(struct span s, size_t at, uint32_t *cp)
{
    *cp = 0;
    for (size_t i = at; i < at + 4; i++) {
        uint32_t digit;
        if (i >= s.n || !hex_digit(s.p[i], &digit)) {
            return false;
        }
        *cp = *cp << 4 | digit;
    }
    return true;
}

/* At the 'u' of an escape: the character, and the index behind it. */
static bool unescape_u(struct span s, size_t *at, uint32_t *cp)
{
    uint32_t low;
    if (!hex4(s, *at + 1, cp)) {
        return false;
    }
    *at += 5;
    if (*cp < 0xD800 || *cp > 0xDFFF) {
        return true;
    }
    if (*cp > 0xDBFF || *at + 1 >= s.n || s.p[*at] != '\\' || s.p[*at + 1] != 'u' ||
        !hex4(s, *at + 2, &low) || low < 0xDC00 || low > 0xDFFF) {
        return false;
    }
    *cp = 0x10000 + ((*cp - 0xD800) << 10) + (low - 0xDC00);
    *at += 6;
    return true;
}

bool payload_unescape(struct span s, char *out, size_t *n)
{
    static const char NAMES[] = "\"\\/bfnrt";
    static const char MEANT[] = "\"\\/\b\f\n\r\t";
    size_t at = 1;
    while (at + 1 < s.n) {
        if (s.p[at] != '\\') {
            out[(*n)++] = s.p[at++];
            continue;
        }
        at++;
        uint32_t cp;
        const char *name = s.p[at] == '\0' ? NULL : strchr(NAMES, s.p[at]);
        if (name != NULL) {
            out[(*n)++] = MEANT[name - NAMES];
            at++;
        } else if (s.p[at] == 'u' && unescape_u(s, &at, &cp)) {
            *n += put_utf8(cp, out + *n);
        } else {
            return false;
        }
    }
    return true;
}
