#include "named_priv.h"

#include <stddef.h>
#include <string.h>

#include "url_priv.h"

static enum status check_dialect(struct span value, struct why *why)
{
    static const char *const DIALECTS[] = {"anthropic", "openai", "gemini", "http"};
    for (size_t i = 0; i < ARRAY_LEN(DIALECTS); i++) {
        if (span_is(value, DIALECTS[i])) {
            return ST_OK;
        }
    }
    return why_fail(why, ST_INVALID, "must be anthropic, openai, gemini or http");
}

static enum status check_path(struct span value, struct why *why)
{
    return span_starts(value, "/") ? ST_OK : why_fail(why, ST_INVALID, "must be an absolute path");
}

/* A file of $CREDENTIALS_DIRECTORY, and nothing outside of it. */
static enum status check_credential(struct span value, struct why *why)
{
    return span_find(value, '/') == value.n && value.p[0] != '.'
               ? ST_OK
               : why_fail(why, ST_INVALID, "must be the name of a systemd credential");
}

static bool is_token(struct span s)
{
    return s.n > 0 && ini_has_only(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-_");
}

static enum status check_header(struct span value, struct why *why)
{
    size_t colon = span_find(value, ':');
    struct span text = span_trim(span_sub(value, colon + 1, value.n));
    size_t mark = span_find(text, '%');
    bool once =
        mark < text.n && span_find(span_sub(text, mark + 1, text.n), '%') == text.n - mark - 1;
    return is_token(span_sub(value, 0, colon)) && (colon == value.n || once)
               ? ST_OK
               : why_fail(why, ST_INVALID,
                          "must be the name of a field, or \"Name: text\" with one %% in it for "
                          "the secret");
}

#define AT(member) offsetof(struct conf_upstream, member)
static const struct named_field fields[] = {
    {"url",               AT(url),               NAMED_REQUIRED, url_check_web   },
    {"dialect",           AT(dialect),           NAMED_REQUIRED, check_dialect   },
    {"secret_file",       AT(secret_file),       NAMED_OPTIONAL, check_path      },
    {"secret_command",    AT(secret_command),    NAMED_OPTIONAL, check_path      },
    {"secret_credential", AT(secret_credential), NAMED_OPTIONAL, check_credential},
    {"header",            AT(header),            NAMED_OPTIONAL, check_header    },
    {"ca_file",           AT(ca_file),           NAMED_OPTIONAL, check_path      },
};

static enum status complete(const void *it, const struct ini *ini, const struct ini_section *s,
                            struct why *why)
{
    const struct conf_upstream *u = it;
    int places =
        (u->secret_file != NULL) + (u->secret_command != NULL) + (u->secret_credential != NULL);
    return places == 1 ? ST_OK
                       : ini_fail(ini, s, NULL, why,
                                  "needs one of secret_file, secret_command, secret_credential");
}

const struct named_kind NAMED_UPSTREAM = {
    .word = "upstream ",
    .article = "an upstream's",
    .keys = "url, dialect, secret_file, secret_command, secret_credential, header, ca_file",
    .fields = fields,
    .count = ARRAY_LEN(fields),
    .bytes = sizeof(struct conf_upstream),
    .name_at = AT(name),
    .line_at = AT(line),
    .complete = complete,
};
