#include "named_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789._-"

bool named_is_word(struct span s)
{
    return s.n > 0 && s.n <= CONF_NAME_BYTES && ini_has_only(s, NAME_CHARS);
}

enum status named_check_word(struct span value, struct why *why)
{
    return named_is_word(value)
               ? ST_OK
               : why_fail(why, ST_INVALID, "must be a word of a-z 0-9 . _ - up to %d",
                          CONF_NAME_BYTES);
}

enum status named_check_nothing(struct span value, struct why *why)
{
    (void)value;
    (void)why;
    return ST_OK;
}

static char **text_at(void *it, size_t offset)
{
    return (char **)((char *)it + offset);
}

void named_release(const struct named_kind *k, void *it)
{
    for (size_t i = 0; i < k->count; i++) {
        free(*text_at(it, k->fields[i].offset));
    }
    free(*text_at(it, k->name_at));
    memset(it, 0, k->bytes);
}

bool named_next(const struct named_kind *k, const void *it, size_t *at, const char **key,
                const char **value)
{
    if (*at >= k->count) {
        return false;
    }
    *key = k->fields[*at].name;
    memcpy(value, (const char *)it + k->fields[*at].offset, sizeof(*value));
    ++*at;
    return true;
}

static enum status read_key(const struct named_kind *kind, void *it, const struct ini *ini,
                            const struct ini_section *s, const struct ini_key *k, struct why *why)
{
    for (size_t i = 0; i < kind->count; i++) {
        const struct named_field *f = &kind->fields[i];
        if (!span_is(k->name, f->name)) {
            continue;
        }
        struct why what = {0};
        if (f->check(k->value, &what) != ST_OK) {
            return ini_fail(ini, s, k, why, "%s", what.text);
        }
        *text_at(it, f->offset) = xstrndup(k->value.p, k->value.n);
        return ST_OK;
    }
    return ini_fail(ini, s, k, why, "there is no such key; there are %s", kind->keys);
}

static enum status check_complete(const struct named_kind *k, void *it, const struct ini *ini,
                                  const struct ini_section *s, struct why *why)
{
    for (size_t i = 0; i < k->count; i++) {
        if (k->fields[i].need == NAMED_REQUIRED && *text_at(it, k->fields[i].offset) == NULL) {
            return ini_fail(ini, s, NULL, why, "needs a line \"%s = ...\"", k->fields[i].name);
        }
    }
    return k->complete(it, ini, s, why);
}

enum status named_read(const struct named_kind *k, void *it, const struct ini *ini,
                       const struct ini_section *s, struct why *why)
{
    struct span name = span_sub(s->name, strlen(k->word), SIZE_MAX);
    memset(it, 0, k->bytes);
    memcpy((char *)it + k->line_at, &s->line, sizeof(s->line));
    if (!named_is_word(name)) {
        return ini_fail(ini, s, NULL, why, "%s name is a word of a-z 0-9 . _ - up to %d",
                        k->article, CONF_NAME_BYTES);
    }
    *text_at(it, k->name_at) = xstrndup(name.p, name.n);
    enum status st = ST_OK;
    for (uint32_t i = 0; i < s->key_count && st == ST_OK; i++) {
        st = read_key(k, it, ini, s, &s->keys[i], why);
    }
    if (st == ST_OK) {
        st = check_complete(k, it, ini, s, why);
    }
    if (st != ST_OK) {
        named_release(k, it);
    }
    return st;
}
