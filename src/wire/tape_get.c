/* Looking things up on the tape. Every accessor takes TAPE_ABSENT, and any token index. */
#include <string.h>

#include "checkrein/num.h"
#include "tape_priv.h"

static const struct tape_token *token_at(const struct tape *j, uint32_t at)
{
    return at < j->count ? &j->tokens[at] : NULL;
}

static bool is_type(const struct tape *j, uint32_t at, enum tape_type type)
{
    const struct tape_token *token = token_at(j, at);
    return token != NULL && token->type == type;
}

enum tape_type tape_type(const struct tape *j, uint32_t at)
{
    const struct tape_token *token = token_at(j, at);
    return token != NULL ? (enum tape_type)token->type : TAPE_NULL;
}

uint32_t tape_first(const struct tape *j, uint32_t container)
{
    const struct tape_token *token = token_at(j, container);
    if (token == NULL || (token->type != TAPE_OBJECT && token->type != TAPE_ARRAY)) {
        return TAPE_ABSENT;
    }
    return token->next > container + 1 ? container + 1 : TAPE_ABSENT;
}

uint32_t tape_next(const struct tape *j, uint32_t container, uint32_t at)
{
    const struct tape_token *token = token_at(j, container);
    if (token == NULL || at >= token->next) {
        return TAPE_ABSENT;
    }
    const struct tape_token *value = token_at(j, at + (token->type == TAPE_OBJECT));
    return value != NULL && value->next < token->next ? value->next : TAPE_ABSENT;
}

uint32_t tape_count(const struct tape *j, uint32_t container)
{
    uint32_t count = 0;
    for (uint32_t at = tape_first(j, container); at != TAPE_ABSENT;
         at = tape_next(j, container, at)) {
        count++;
    }
    return count;
}

/* Most keys are told apart by their length alone. */
static inline bool is_key(const struct tape *j, const struct tape_token *key, struct span name)
{
    if ((key->flags & STRING_COOKED) != 0) {
        return string_is(j, key, name);
    }
    return key->len == name.n && memcmp(j->text.p + key->off, name.p, name.n) == 0;
}

static uint32_t get(const struct tape *j, uint32_t object, struct span key)
{
    if (!is_type(j, object, TAPE_OBJECT)) {
        return TAPE_ABSENT;
    }
    uint32_t end = j->tokens[object].next;
    for (uint32_t at = object + 1; at < end; at = j->tokens[at + 1].next) {
        if (is_key(j, &j->tokens[at], key)) {
            return at + 1;
        }
    }
    return TAPE_ABSENT;
}

uint32_t tape_get(const struct tape *j, uint32_t object, const char *key)
{
    return get(j, object, span_str(key));
}

uint32_t tape_path(const struct tape *j, uint32_t object, const char *path)
{
    struct span rest = span_str(path);
    struct span key;
    while (span_next(&rest, '/', &key)) {
        object = get(j, object, key);
    }
    return object;
}

bool tape_key_is(const struct tape *j, uint32_t key, const char *name)
{
    return is_type(j, key, TAPE_STRING) && string_is(j, &j->tokens[key], span_str(name));
}

struct span tape_raw(const struct tape *j, uint32_t at)
{
    const struct tape_token *token = token_at(j, at);
    if (token == NULL) {
        return SPAN_NONE;
    }
    uint32_t quote = token->type == TAPE_STRING;
    return (struct span){j->text.p + token->off - quote, (size_t)token->len + quote + quote};
}

enum status tape_int(const struct tape *j, uint32_t at, int64_t *out)
{
    const struct tape_token *token = token_at(j, at);
    if (token == NULL) {
        return ST_INVALID;
    }
    struct span text = {j->text.p + token->off, token->len};
    if (token->type == TAPE_NUMBER) {
        return num_parse_json_int(text, out);
    }
    return token->type == TAPE_STRING ? num_parse(text, INT64_MIN, INT64_MAX, out) : ST_INVALID;
}

bool tape_bool(const struct tape *j, uint32_t at, bool fallback)
{
    if (is_type(j, at, TAPE_TRUE)) {
        return true;
    }
    return is_type(j, at, TAPE_FALSE) ? false : fallback;
}
