/* The JSON reader: text to tape. One loop, no recursion; open containers are on a stack of fixed
 * depth. Each read function takes the position and returns the one after what it read, or NULL when
 * it failed. */
#include <string.h>

#include "scan_priv.h"
#include "tape_priv.h"
#include "utf8_priv.h"

#define SMALL_KEYS 32 /* objects with more are checked for duplicates when they end */
#define CUT_SHORT  "the text ends too early"

struct level {
    uint64_t seen;      /* one bit per hash of a key so far */
    uint32_t container; /* token */
    uint32_t keys;
    uint32_t last_key; /* the others are chained from it by `next`, back to TAPE_ABSENT */
    uint8_t close;     /* ']' or '}' */
    bool begun;        /* has a member or element */
    bool sort;         /* duplicates are looked for at the end */
};

struct reader {
    const uint8_t *start;
    const uint8_t *end;
    struct tape_token *tokens;
    uint32_t count;
    uint32_t cap;
    struct tape *tape;
    enum tape_mode mode;
    enum status status;
    struct level *level; /* innermost open container; below levels[0] when there is none */
    struct level levels[TAPE_DEPTH_MAX + 1]; /* levels[0] is nobody's */
};

static const uint8_t *fail(struct reader *r, const uint8_t *at, enum status status,
                           const char *error)
{
    r->status = status;
    r->tape->error = error;
    r->tape->error_at = (uint32_t)(at - r->start);
    return NULL;
}

static const uint8_t *fail_syntax(struct reader *r, const uint8_t *at, const char *error)
{
    return fail(r, at, ST_INVALID, at < r->end ? error : CUT_SHORT);
}

static inline const uint8_t *skip_blanks(const struct reader *r, const uint8_t *p)
{
    while (p < r->end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

static inline bool is_at(const struct reader *r, const uint8_t *p, uint8_t c)
{
    return p < r->end && *p == c;
}

/* The next token, of `len` bytes at p; NULL when the tape is full. */
static inline struct tape_token *add_token(struct reader *r, enum tape_type type, const uint8_t *p,
                                           uint32_t len)
{
    if (r->count == r->cap) {
        (void)fail(r, p, ST_LIMIT, "too many values");
        return NULL;
    }
    struct tape_token *token = &r->tokens[r->count++];
    token->off = (uint32_t)(p - r->start);
    token->len = len;
    token->next = r->count;
    token->type = (uint8_t)type;
    token->flags = 0;
    return token;
}

static bool may_repair(struct reader *r, struct tape_token *token)
{
    token->flags |= STRING_COOKED | STRING_BROKEN;
    r->tape->repaired |= r->mode == TAPE_REPAIR;
    return r->mode == TAPE_REPAIR;
}

static const uint8_t *read_escape(struct reader *r, const uint8_t *p, struct tape_token *token)
{
    token->flags |= STRING_COOKED;
    if (r->end - p < 2) {
        return fail(r, r->end, ST_INVALID, CUT_SHORT);
    }
    if (p[1] != 'u') {
        return escape_letter(p[1]) != 0 ? p + 2 : fail_syntax(r, p, "no such escape");
    }
    struct escape e = escape_u(p, r->end);
    if (e.bytes == 0) {
        return fail_syntax(r, p, "\\u without four hex digits");
    }
    if (e.lone && !may_repair(r, token)) {
        return fail_syntax(r, p, "half of a surrogate pair");
    }
    return p + e.bytes;
}

static const uint8_t *read_beyond_ascii(struct reader *r, const uint8_t *p,
                                        struct tape_token *token)
{
    while (p < r->end && *p >= 0x80) {
        struct utf8_step step = utf8_step(p, r->end);
        if (!step.good && !may_repair(r, token)) {
            return fail_syntax(r, p, "broken UTF-8");
        }
        p += step.bytes;
    }
    return p;
}

/* What scan_plain() stopped at, when that was not the closing quote. */
static const uint8_t *read_special(struct reader *r, const uint8_t *p, struct tape_token *token)
{
    if (is_at(r, p, '\\')) {
        return read_escape(r, p, token);
    }
    if (p < r->end && *p >= 0x80) {
        return read_beyond_ascii(r, p, token);
    }
    return fail_syntax(r, p, "control character in a string");
}

/* From the opening quote over the closing one. */
static inline const uint8_t *read_string(struct reader *r, const uint8_t *p)
{
    const uint8_t *first = p + 1;
    struct tape_token *token = add_token(r, TAPE_STRING, first, 0);
    if (token == NULL) {
        return NULL;
    }
    p = first;
    while (p = scan_plain(p, r->end), !is_at(r, p, '"')) {
        p = read_special(r, p, token);
        if (p == NULL) {
            return NULL;
        }
    }
    token->len = (uint32_t)(p - first);
    return p + 1;
}

static inline const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (uint8_t)(*p - '0') <= 9) {
        p++;
    }
    return p;
}

/* Past a fraction or exponent whose digits start at p; NULL without digits. */
static const uint8_t *some_digits(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *after = skip_digits(p, end);
    return after > p ? after : NULL;
}

static const uint8_t *fraction_end(const uint8_t *p, const uint8_t *end)
{
    if (*p == '.') {
        p = some_digits(p + 1, end);
    }
    if (p != NULL && p < end && (*p | 0x20) == 'e') {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        p = some_digits(p, end);
    }
    return p;
}

/* Past a JSON number, or NULL. */
static inline const uint8_t *number_end(const uint8_t *p, const uint8_t *end)
{
    p += *p == '-';
    const uint8_t *after = skip_digits(p, end);
    if (after == p || (*p == '0' && after > p + 1)) {
        return NULL;
    }
    return after < end ? fraction_end(after, end) : after;
}

static const uint8_t *read_number(struct reader *r, const uint8_t *p)
{
    const uint8_t *after = number_end(p, r->end);
    if (after == NULL) {
        return fail_syntax(r, p, "not a value");
    }
    if (after - p > TAPE_NUMBER_MAX) {
        return fail(r, p, ST_LIMIT, "the number is too long");
    }
    return add_token(r, TAPE_NUMBER, p, (uint32_t)(after - p)) != NULL ? after : NULL;
}

static const uint8_t *read_word(struct reader *r, const uint8_t *p, enum tape_type type,
                                struct span word)
{
    if ((size_t)(r->end - p) < word.n || memcmp(p, word.p, word.n) != 0) {
        return fail_syntax(r, p, "not a value");
    }
    return add_token(r, type, p, (uint32_t)word.n) != NULL ? p + word.n : NULL;
}

static const uint8_t *open_container(struct reader *r, const uint8_t *p, enum tape_type type,
                                     uint8_t close)
{
    if (r->level == &r->levels[TAPE_DEPTH_MAX]) {
        return fail(r, p, ST_LIMIT, "nested too deep");
    }
    uint32_t container = r->count;
    if (add_token(r, type, p, 0) == NULL) {
        return NULL;
    }
    *++r->level = (struct level){.container = container, .last_key = TAPE_ABSENT, .close = close};
    return p + 1;
}

static const uint8_t *fail_duplicate(struct reader *r, uint32_t key)
{
    return fail(r, r->start + r->tokens[key].off, ST_INVALID, "the key stands twice");
}

static const uint8_t *close_container(struct reader *r, const uint8_t *p)
{
    const struct level *level = r->level--;
    struct tape_token *token = &r->tokens[level->container];
    p++;
    token->len = (uint32_t)(p - r->start) - token->off;
    token->next = r->count;
    if (level->sort) {
        uint32_t twin = keys_find_duplicate(r->tape, level->last_key);
        return twin == TAPE_ABSENT ? p : fail_duplicate(r, twin);
    }
    return p;
}

static inline const uint8_t *read_value(struct reader *r, const uint8_t *p)
{
    if (p == r->end) {
        return fail_syntax(r, p, CUT_SHORT);
    }
    switch (*p) {
    case '"':
        return read_string(r, p);
    case '{':
        return open_container(r, p, TAPE_OBJECT, '}');
    case '[':
        return open_container(r, p, TAPE_ARRAY, ']');
    case 't':
        return read_word(r, p, TAPE_TRUE, SPAN("true"));
    case 'f':
        return read_word(r, p, TAPE_FALSE, SPAN("false"));
    case 'n':
        return read_word(r, p, TAPE_NULL, SPAN("null"));
    default:
        return read_number(r, p);
    }
}

/* A bit of 64; good enough to tell most keys of a small object apart without comparing them. */
static uint64_t key_bit(const uint8_t *p, uint32_t len)
{
    uint32_t mix = len << 24;
    if (len > 0) {
        mix ^= (uint32_t)p[0] | (uint32_t)p[len / 2] << 8 | (uint32_t)p[len - 1] << 16;
    }
    return UINT64_C(1) << (mix * 0x9E3779B1u >> 26);
}

static bool stands_already(const struct reader *r, const struct tape_token *key)
{
    for (uint32_t at = r->level->last_key; at != TAPE_ABSENT; at = r->tokens[at].next) {
        const struct tape_token *other = &r->tokens[at];
        if (other->len == key->len &&
            memcmp(r->start + other->off, r->start + key->off, key->len) == 0) {
            return true;
        }
    }
    return false;
}

/* Small objects are checked key by key, large ones and those with escapes in a key at their end. */
static inline bool note_key(struct reader *r, uint32_t at)
{
    struct level *level = r->level;
    struct tape_token *key = &r->tokens[at];
    level->keys++;
    level->sort |= level->keys > SMALL_KEYS || (key->flags & STRING_COOKED) != 0;
    if (!level->sort) {
        uint64_t bit = key_bit(r->start + key->off, key->len);
        if ((level->seen & bit) != 0 && stands_already(r, key)) {
            return false;
        }
        level->seen |= bit;
    }
    key->next = level->last_key;
    level->last_key = at;
    return true;
}

/* A key, its colon, and the blanks around that. */
static inline const uint8_t *read_key(struct reader *r, const uint8_t *p)
{
    if (!is_at(r, p, '"')) {
        return fail_syntax(r, p, "a key was expected");
    }
    uint32_t key = r->count;
    p = read_string(r, p);
    if (p == NULL) {
        return NULL;
    }
    if (!note_key(r, key)) {
        return fail_duplicate(r, key);
    }
    p = skip_blanks(r, p);
    return is_at(r, p, ':') ? skip_blanks(r, p + 1) : fail_syntax(r, p, "':' was expected");
}

/* One member or element of the innermost container, or its end. */
static const uint8_t *read_item(struct reader *r, const uint8_t *p)
{
    struct level *level = r->level;
    p = skip_blanks(r, p);
    if (is_at(r, p, level->close)) {
        return close_container(r, p);
    }
    if (level->begun) {
        if (!is_at(r, p, ',')) {
            return fail_syntax(r, p, "',' or the end of the container was expected");
        }
        p = skip_blanks(r, p + 1);
    }
    level->begun = true;
    if (level->close == '}') {
        p = read_key(r, p);
    }
    return p != NULL ? read_value(r, p) : NULL;
}

static const uint8_t *read_text(struct reader *r)
{
    const uint8_t *p = read_value(r, skip_blanks(r, r->start));
    while (p != NULL && r->level > r->levels) {
        p = read_item(r, p);
    }
    if (p != NULL && (p = skip_blanks(r, p)) < r->end) {
        return fail_syntax(r, p, "bytes after the value");
    }
    return p;
}

enum status tape_parse(struct tape *j, struct span text, enum tape_mode mode,
                       struct tape_token *tokens, uint32_t cap)
{
    *j = (struct tape){.text = text, .tokens = tokens, .cap = cap};
    if (text.n > UINT32_MAX) {
        j->error = "the text is too long";
        return ST_LIMIT;
    }
    struct reader r; /* a level is set when it is opened */
    r.start = (const uint8_t *)(text.p != NULL ? text.p : "");
    r.end = r.start + text.n;
    r.tokens = tokens;
    r.count = 0;
    r.cap = cap;
    r.tape = j;
    r.mode = mode;
    r.status = ST_OK;
    r.level = r.levels;
    j->count = read_text(&r) != NULL ? r.count : 0;
    return r.status;
}
