/* JSON in any pieces. The grammar is held where it decides what is a key and what a value; numbers,
 * words and escapes that nobody looks for are not looked at closer. */
#include <string.h>

#include "usage_priv.h"

#define ELEMENT "*" /* in a path: of an array */

enum scan_state {
    SCAN_ROOT,
    SCAN_LIST_FIRST, /* of the messages of an array */
    SCAN_LIST_NEXT,
    SCAN_LIST_AFTER,
    SCAN_KEY_FIRST,
    SCAN_KEY,
    SCAN_COLON,
    SCAN_FIRST, /* of an array */
    SCAN_VALUE,
    SCAN_AFTER,
    SCAN_STRING,
    SCAN_ESCAPE,
    SCAN_LITERAL,
    SCAN_WHOLE,
    SCAN_BROKEN
};

void usage_scan_init(struct usage_scan *s, const struct usage_form *form)
{
    s->form = form;
    s->open[0] = (UINT64_C(1) << form->count) - 1;
    s->near = s->exact = s->seen = s->objects = 0;
    s->depth = 0;
    s->state = SCAN_ROOT;
    s->listed = s->folding = s->is_key = s->keeping = s->over = s->twice = false;
    s->token_bytes = 0;
}

bool usage_scan_whole(const struct usage_scan *s)
{
    return s->state == SCAN_WHOLE;
}

bool usage_scan_broken(const struct usage_scan *s)
{
    return s->state == SCAN_BROKEN;
}

/* ---- where we are among the paths */

static const struct usage_want *want_at(const struct usage_scan *s, uint64_t bits)
{
    return &s->form->wants[__builtin_ctzll(bits)];
}

static uint64_t here(const struct usage_scan *s)
{
    return s->depth < USAGE_LEVELS ? s->open[s->depth] : 0;
}

/* Of the wants whose path leads through this object or array, those that go on with `key`. */
static uint64_t below(const struct usage_scan *s, struct span key)
{
    uint64_t found = 0;
    for (uint64_t bits = here(s); bits != 0; bits &= bits - 1) {
        const char *next = want_at(s, bits)->path[s->depth - 1];
        if (next != NULL && key.n > 0 && next[0] == key.p[0] && span_is(key, next)) {
            found |= bits & -bits;
        }
    }
    return found;
}

static uint64_t ending_at(const struct usage_scan *s, uint64_t near)
{
    uint64_t found = 0;
    for (; near != 0; near &= near - 1) {
        found |= want_at(s, near)->path[s->depth] == NULL ? near & -near : 0;
    }
    return found;
}

static bool is_single(const struct usage_want *want)
{
    for (uint32_t i = 0; want->path[i] != NULL; i++) {
        if (want->path[i][0] == ELEMENT[0]) {
            return false;
        }
    }
    return true;
}

static bool in_object(const struct usage_scan *s)
{
    return (s->objects >> (s->depth - 1) & 1) != 0;
}

/* ---- values */

static void take_wanted(struct usage_scan *s, const char *p, size_t n, void *to)
{
    if (s->folding && n > 0) {
        s->form->fold(to, &s->form->wants[s->fold_want], (struct span){p, n});
    }
    if (!s->keeping) {
        return;
    }
    size_t room = USAGE_TOKEN_BYTES - s->token_bytes;
    s->over = s->over || n > room;
    memcpy(s->token + s->token_bytes, p, n < room ? n : room);
    s->token_bytes = (uint16_t)(s->token_bytes + (n < room ? n : room));
}

/* Nobody wants most of it. */
static inline void take(struct usage_scan *s, const char *p, size_t n, void *to)
{
    if (s->folding || s->keeping) {
        take_wanted(s, p, n, to);
    }
}

static void tell(struct usage_scan *s, uint64_t wants, enum usage_kind kind, void *to)
{
    struct span token = {s->token, s->token_bytes};
    for (; wants != 0; wants &= wants - 1) {
        const struct usage_want *want = want_at(s, wants);
        if (is_single(want)) {
            s->twice = s->twice || (s->seen & wants & -wants) != 0;
            s->seen |= wants & -wants;
        }
        s->form->told(to, want, s->over ? KIND_OTHER : kind, token);
    }
}

static uint64_t taken(const struct usage_scan *s, uint64_t wants, enum usage_take take_as)
{
    uint64_t found = 0;
    for (; wants != 0; wants &= wants - 1) {
        found |= want_at(s, wants)->take == take_as ? wants & -wants : 0;
    }
    return found;
}

static void begin_fold(struct usage_scan *s, uint64_t exact, char first)
{
    uint64_t wants = taken(s, exact, TAKE_FOLD);
    wants |= first == '"' ? taken(s, exact, TAKE_FOLD_TEXT) : 0;
    if (wants != 0 && !s->folding) {
        s->folding = true;
        s->fold_depth = s->depth;
        s->fold_want = (uint32_t)__builtin_ctzll(wants);
    }
}

/* An element's end, and the end of what is folded. */
static void end_value(struct usage_scan *s, void *to)
{
    s->folding = s->folding && s->fold_depth != s->depth;
    if (!in_object(s) && here(s) != 0) {
        uint64_t each = ending_at(s, below(s, SPAN(ELEMENT)));
        s->over = false;
        s->token_bytes = 0;
        tell(s, taken(s, each, TAKE_EACH), KIND_CLOSED, to);
    }
    s->state = SCAN_AFTER;
}

static void begin_token(struct usage_scan *s, bool keeping)
{
    s->keeping = keeping;
    s->over = false;
    s->token_bytes = 0;
}

static void end_scalar(struct usage_scan *s, enum usage_kind kind, void *to)
{
    s->keeping = false;
    tell(s, s->exact, kind, to);
    s->exact = 0;
    end_value(s, to);
}

static void end_key(struct usage_scan *s)
{
    char made[USAGE_TOKEN_BYTES];
    struct span token = {s->token, s->token_bytes};
    s->state = SCAN_COLON;
    s->near = 0;
    if (!s->keeping || s->over) {
        return;
    }
    s->keeping = false;
    struct span key = span_sub(token, 1, token.n - 2);
    if (span_find(key, '\\') < key.n) {
        key = usage_text(token, made, sizeof(made)) ? span_str(made) : SPAN_NONE;
    }
    s->near = span_is(key, ELEMENT) ? 0 : below(s, key);
}

/* ---- structure */

static void open_value(struct usage_scan *s, char c)
{
    if (s->depth == USAGE_DEPTH_MAX) {
        s->state = SCAN_BROKEN;
        return;
    }
    uint64_t bit = UINT64_C(1) << s->depth;
    s->objects = c == '{' ? s->objects | bit : s->objects & ~bit;
    s->depth++;
    if (s->depth < USAGE_LEVELS) {
        s->open[s->depth] = s->depth == 1 ? s->open[0] : s->near;
    }
    s->state = c == '{' ? SCAN_KEY_FIRST : SCAN_FIRST;
    s->near = c == '{' ? 0 : below(s, SPAN(ELEMENT));
}

static void begin_string(struct usage_scan *s, bool is_key, bool keeping, void *to)
{
    begin_token(s, keeping);
    s->is_key = is_key;
    s->state = SCAN_STRING;
    take(s, "\"", 1, to);
}

static void begin_value(struct usage_scan *s, char c, void *to)
{
    uint64_t exact = ending_at(s, s->near);
    begin_fold(s, exact, c);
    s->exact = taken(s, exact, TAKE_TOKEN);
    if (c == '"') {
        begin_string(s, false, s->exact != 0, to);
    } else if (c == '{' || c == '[') {
        begin_token(s, false);
        tell(s, s->exact, KIND_OTHER, to);
        take(s, &c, 1, to);
        open_value(s, c);
    } else if (c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n') {
        begin_token(s, s->exact != 0);
        s->state = SCAN_LITERAL;
        take(s, &c, 1, to);
    } else {
        s->state = SCAN_BROKEN;
    }
}

static void end_message(struct usage_scan *s, void *to)
{
    s->form->ended(to);
    s->state = s->listed ? SCAN_LIST_AFTER : SCAN_WHOLE;
}

static void close_value(struct usage_scan *s, char c, void *to)
{
    if (c != (in_object(s) ? '}' : ']')) {
        s->state = SCAN_BROKEN;
        return;
    }
    take(s, &c, 1, to);
    s->depth--;
    if (s->depth == 0) {
        end_message(s, to);
    } else {
        end_value(s, to);
    }
}

static void after_value(struct usage_scan *s, char c, void *to)
{
    if (c != ',') {
        close_value(s, c, to);
        return;
    }
    take(s, &c, 1, to);
    s->state = in_object(s) ? SCAN_KEY : SCAN_VALUE;
    s->near = in_object(s) ? 0 : below(s, SPAN(ELEMENT));
}

static void at_message(struct usage_scan *s, char c)
{
    if (c == '[' && s->state == SCAN_ROOT) {
        s->listed = true;
        s->state = SCAN_LIST_FIRST;
    } else if (c == ']' && s->state == SCAN_LIST_FIRST) {
        s->state = SCAN_WHOLE;
    } else if (c == '{') {
        s->seen = 0;
        s->twice = false;
        open_value(s, c);
    } else {
        s->state = SCAN_BROKEN;
    }
}

static void at_key(struct usage_scan *s, char c, void *to)
{
    if (c == '"') {
        begin_string(s, true, here(s) != 0, to);
    } else if (c == '}' && s->state == SCAN_KEY_FIRST) {
        close_value(s, c, to);
    } else {
        s->state = SCAN_BROKEN;
    }
}

static void at_structure(struct usage_scan *s, char c, void *to)
{
    switch ((enum scan_state)s->state) {
    case SCAN_ROOT:
    case SCAN_LIST_FIRST:
    case SCAN_LIST_NEXT:
        at_message(s, c);
        break;
    case SCAN_LIST_AFTER:
        s->state = c == ',' ? SCAN_LIST_NEXT : c == ']' ? SCAN_WHOLE : SCAN_BROKEN;
        break;
    case SCAN_KEY_FIRST:
    case SCAN_KEY:
        at_key(s, c, to);
        break;
    case SCAN_COLON:
        s->state = c == ':' ? SCAN_VALUE : SCAN_BROKEN;
        take(s, &c, 1, to);
        break;
    case SCAN_FIRST:
        if (c == ']') {
            close_value(s, c, to);
            break;
        }
        begin_value(s, c, to);
        break;
    case SCAN_VALUE:
        begin_value(s, c, to);
        break;
    case SCAN_AFTER:
        after_value(s, c, to);
        break;
    case SCAN_STRING:
    case SCAN_ESCAPE:
    case SCAN_LITERAL:
    case SCAN_WHOLE:
    case SCAN_BROKEN:
        s->state = SCAN_BROKEN; /* bytes after the end */
        break;
    }
}

/* ---- runs of bytes */

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

#define ONES UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

/* Has one of eight bytes a value below `n` (at most 0x80)? */
static uint64_t below_in(uint64_t x, uint64_t n)
{
    return (x - ONES * n) & ~x & HIGH;
}

static const char *plain_end(const char *p, const char *end)
{
    for (; end - p >= 8; p += 8) {
        uint64_t x;
        memcpy(&x, p, sizeof(x));
        if ((below_in(x, ' ') | below_in(x ^ ONES * '"', 1) | below_in(x ^ ONES * '\\', 1)) != 0) {
            break;
        }
    }
    while (p < end && is_plain(*p)) {
        p++;
    }
    return p;
}

static const char *in_string(struct usage_scan *s, const char *p, const char *end, void *to)
{
    const char *run = p;
    p = plain_end(p, end);
    while (end - p >= 2 && *p == '\\' && (unsigned char)p[1] >= 0x20) {
        p = plain_end(p + 2, end);
    }
    take(s, run, (size_t)(p - run), to);
    if (p == end) {
        return p;
    }
    take(s, p, 1, to);
    if (*p == '\\') {
        s->state = SCAN_ESCAPE;
    } else if (*p != '"') {
        s->state = SCAN_BROKEN;
    } else if (s->is_key) {
        end_key(s);
    } else {
        end_scalar(s, KIND_TEXT, to);
    }
    return p + 1;
}

static const char *in_escape(struct usage_scan *s, const char *p, void *to)
{
    take(s, p, 1, to);
    s->state = (unsigned char)*p < 0x20 ? SCAN_BROKEN : SCAN_STRING;
    return p + 1;
}

static bool is_literal(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
           c == '-' || c == '+';
}

static const char *in_literal(struct usage_scan *s, const char *p, const char *end, void *to)
{
    const char *run = p;
    while (p < end && is_literal(*p)) {
        p++;
    }
    take(s, run, (size_t)(p - run), to);
    if (p < end) {
        bool word = s->token_bytes > 0 && s->token[0] >= 'a';
        end_scalar(s, word ? KIND_WORD : KIND_NUMBER, to);
    }
    return p;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

void usage_scan_feed(struct usage_scan *s, struct span bytes, void *to)
{
    const char *p = bytes.p;
    const char *end = p + bytes.n;
    while (p < end && s->state != SCAN_BROKEN) {
        if (s->state == SCAN_STRING) {
            p = in_string(s, p, end, to);
        } else if (s->state == SCAN_ESCAPE) {
            p = in_escape(s, p, to);
        } else if (s->state == SCAN_LITERAL) {
            p = in_literal(s, p, end, to);
        } else {
            if (!is_blank(*p)) {
                at_structure(s, *p, to);
            }
            p++;
        }
    }
}
