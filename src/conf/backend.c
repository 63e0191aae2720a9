#include "named_priv.h"

#include <stddef.h>

#include "url_priv.h"

#define OWN_KIND "checkrein"

static const struct named_field fields[] = {
    {"kind",       offsetof(struct conf_backend, kind),       NAMED_REQUIRED, named_check_word   },
    {"url",        offsetof(struct conf_backend, url),        NAMED_OPTIONAL, url_check          },
    {"token_file", offsetof(struct conf_backend, token_file), NAMED_OPTIONAL, named_check_nothing},
};

static enum status complete(const void *it, const struct ini *ini, const struct ini_section *s,
                            struct why *why)
{
    const struct conf_backend *b = it;
    bool own =
        span_is(span_str(b->kind), OWN_KIND); /* without an address: the daemon of this user */
    return b->url || own ? ST_OK : ini_fail(ini, s, NULL, why, "needs a line \"url = ...\"");
}

const struct named_kind NAMED_BACKEND = {
    .word = "backend ",
    .article = "a back-end's",
    .keys = "kind, url, token_file",
    .fields = fields,
    .count = ARRAY_LEN(fields),
    .bytes = sizeof(struct conf_backend),
    .name_at = offsetof(struct conf_backend, name),
    .line_at = offsetof(struct conf_backend, line),
    .complete = complete,
};
