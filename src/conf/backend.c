#include "backend_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "url_priv.h"

#define OWN_KIND   "checkrein"
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789._-"

static bool is_name(struct span s)
{
    return s.n > 0 && s.n <= CONF_NAME_BYTES && ini_has_only(s, NAME_CHARS);
}

static enum status check_kind(struct span kind, struct why *why)
{
    return is_name(kind) ? ST_OK
                         : why_fail(why, ST_INVALID, "must be a word of a-z 0-9 . _ - up to %d",
                                    CONF_NAME_BYTES);
}

static enum status check_nothing(struct span value, struct why *why)
{
    (void)value;
    (void)why;
    return ST_OK;
}

enum need { OPTIONAL, REQUIRED };

static const struct {
    const char *name;
    size_t offset; /* of a char * in struct conf_backend */
    enum need need;
    enum status (*check)(struct span value, struct why *why);
} fields[] = {
    {"kind",       offsetof(struct conf_backend, kind),       REQUIRED, check_kind   },
    {"url",        offsetof(struct conf_backend, url),        OPTIONAL, url_check    },
    {"token_file", offsetof(struct conf_backend, token_file), OPTIONAL, check_nothing},
};

static char **member(struct conf_backend *b, size_t field)
{
    return (char **)((char *)b + fields[field].offset);
}

void backend_release(struct conf_backend *b)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        free(*member(b, i));
    }
    free(b->name);
    *b = (struct conf_backend){0};
}

bool backend_next(const struct conf_backend *b, size_t *at, const char **key, const char **value)
{
    if (*at >= ARRAY_LEN(fields)) {
        return false;
    }
    *key = fields[*at].name;
    memcpy(value, (const char *)b + fields[*at].offset, sizeof(*value));
    ++*at;
    return true;
}

static enum status read_key(struct conf_backend *b, const struct ini *ini,
                            const struct ini_section *s, const struct ini_key *k, struct why *why)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!span_is(k->name, fields[i].name)) {
            continue;
        }
        struct why what = {0};
        if (fields[i].check(k->value, &what) != ST_OK) {
            return ini_fail(ini, s, k, why, "%s", what.text);
        }
        *member(b, i) = xstrndup(k->value.p, k->value.n);
        return ST_OK;
    }
    return ini_fail(ini, s, k, why, "there is no such key; there are kind, url, token_file");
}

static enum status check_complete(struct conf_backend *b, const struct ini *ini,
                                  const struct ini_section *s, struct why *why)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].need == REQUIRED && *member(b, i) == NULL) {
            return ini_fail(ini, s, NULL, why, "needs a line \"%s = ...\"", fields[i].name);
        }
    }
    bool own =
        span_is(span_str(b->kind), OWN_KIND); /* without an address: the daemon of this user */
    return b->url || own ? ST_OK : ini_fail(ini, s, NULL, why, "needs a line \"url = ...\"");
}

enum status backend_read(struct conf_backend *b, const struct ini *ini, const struct ini_section *s,
                         struct why *why)
{
    struct span name = span_sub(s->name, sizeof(BACKEND_SECTION) - 1, SIZE_MAX);
    *b = (struct conf_backend){.line = s->line};
    if (!is_name(name)) {
        return ini_fail(ini, s, NULL, why, "a back-end's name is a word of a-z 0-9 . _ - up to %d",
                        CONF_NAME_BYTES);
    }
    b->name = xstrndup(name.p, name.n);
    enum status st = ST_OK;
    for (uint32_t i = 0; i < s->key_count && st == ST_OK; i++) {
        st = read_key(b, ini, s, &s->keys[i], why);
    }
    if (st == ST_OK) {
        st = check_complete(b, ini, s, why);
    }
    if (st != ST_OK) {
        backend_release(b);
    }
    return st;
}
