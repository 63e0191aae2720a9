/* json_same.h - two JSON texts say the same: members in any order, keys and strings unescaped.
 */
#ifndef JSON_SAME_H
#define JSON_SAME_H

#include <stdlib.h>

#include "checkrein/wire.h"
#include "expect.h"

#define JSON_SAME_TOKENS 65536

struct json {
    struct tape tape;
    struct tape_token *tokens;
};

static inline void json_open(struct json *j, struct span text)
{
    j->tokens = calloc(JSON_SAME_TOKENS, sizeof(*j->tokens));
    if (tape_parse(&j->tape, text, TAPE_STRICT, j->tokens, JSON_SAME_TOKENS) != ST_OK) {
        fail_msg("not JSON at %u: %s\n%.*s", j->tape.error_at, j->tape.error, SPAN_ARG(text));
    }
}

static inline void json_close(struct json *j)
{
    free(j->tokens);
}

static inline bool json_text_same(const struct tape *a, uint32_t at, const struct tape *b,
                                  uint32_t bt)
{
    struct buf one;
    struct buf two;
    buf_init(&one, 1u << 20);
    buf_init(&two, 1u << 20);
    bool same = span_eq(tape_string(a, at, &one), tape_string(b, bt, &two));
    buf_release(&one);
    buf_release(&two);
    return same;
}

static bool json_value_same(const struct tape *a, uint32_t at, const struct tape *b, uint32_t bt);

/* Position of the member of `b` that has the key at `at` of `a`. */
static inline uint32_t json_member(const struct tape *a, uint32_t at, const struct tape *b,
                                   uint32_t object)
{
    for (uint32_t k = tape_first(b, object); k != TAPE_ABSENT; k = tape_next(b, object, k)) {
        if (json_text_same(a, at, b, k)) {
            return k;
        }
    }
    return TAPE_ABSENT;
}

static inline bool json_object_same(const struct tape *a, uint32_t at, const struct tape *b,
                                    uint32_t bt)
{
    if (tape_count(a, at) != tape_count(b, bt)) {
        return false;
    }
    for (uint32_t k = tape_first(a, at); k != TAPE_ABSENT; k = tape_next(a, at, k)) {
        uint32_t other = json_member(a, k, b, bt);
        if (other == TAPE_ABSENT || !json_value_same(a, k + 1, b, other + 1)) {
            return false;
        }
    }
    return true;
}

static inline bool json_array_same(const struct tape *a, uint32_t at, const struct tape *b,
                                   uint32_t bt)
{
    uint32_t y = tape_first(b, bt);
    for (uint32_t x = tape_first(a, at); x != TAPE_ABSENT; x = tape_next(a, at, x)) {
        if (y == TAPE_ABSENT || !json_value_same(a, x, b, y)) {
            return false;
        }
        y = tape_next(b, bt, y);
    }
    return y == TAPE_ABSENT;
}

static bool json_value_same(const struct tape *a, uint32_t at, const struct tape *b, uint32_t bt)
{
    if (tape_type(a, at) != tape_type(b, bt)) {
        return false;
    }
    switch (tape_type(a, at)) {
    case TAPE_OBJECT:
        return json_object_same(a, at, b, bt);
    case TAPE_ARRAY:
        return json_array_same(a, at, b, bt);
    case TAPE_STRING:
        return json_text_same(a, at, b, bt);
    case TAPE_NUMBER:
        return span_eq(tape_raw(a, at), tape_raw(b, bt));
    case TAPE_TRUE:
    case TAPE_FALSE:
    case TAPE_NULL:
    default:
        return true;
    }
}

static inline bool json_same(struct span a, struct span b)
{
    struct json x;
    struct json y;
    json_open(&x, a);
    json_open(&y, b);
    bool same = json_value_same(&x.tape, TAPE_ROOT, &y.tape, TAPE_ROOT);
    json_close(&x);
    json_close(&y);
    return same;
}

#endif
