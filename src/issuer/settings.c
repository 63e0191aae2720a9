/* settings.c - [issuer NAME] and [credential NAME], each key a row. A secret never stands in the
 * file: only where it is.
 */
#include "issuer_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/conf.h"
#include "checkrein/num.h"

#define NAME_CHARS      "abcdefghijklmnopqrstuvwxyz0123456789._-"
#define TIMEOUT_MS_MIN  100
#define TIMEOUT_MS_MAX  60000
#define ISSUER_WORD     "issuer "
#define CREDENTIAL_WORD "credential "

enum status issuer_take_text(const struct section *s, void *to, int how, struct span value,
                             struct why *why)
{
    (void)s;
    (void)how;
    (void)why;
    *(char **)to = xstrndup(value.p, value.n);
    return ST_OK;
}

static enum status take_url(const struct section *s, void *to, int how, struct span value,
                            struct why *why)
{
    (void)issuer_take_text(s, to, how, value, why);
    enum status st = net_http_check(*(char **)to, why);
    if (st == ST_OK && span_find(value, '?') < value.n && s->issuer != NULL) {
        return why_fail(why, ST_INVALID, "the URL of an issuer has no query");
    }
    return st;
}

enum status issuer_take_source(const struct section *s, void *to, int how, struct span value,
                               struct why *why)
{
    struct source *source = to;
    (void)s;
    if (source->kind != SOURCE_NONE) {
        return why_fail(why, ST_INVALID, "it is said twice where this is");
    }
    if (how == SOURCE_FILE && value.p[0] != '/') {
        return why_fail(why, ST_INVALID, "a path from / is needed");
    }
    if (how == SOURCE_CREDENTIAL && (span_find(value, '/') < value.n || span_starts(value, "."))) {
        return why_fail(why, ST_INVALID, "the name of a credential of systemd is no path");
    }
    *source = (struct source){(enum source_kind)how, xstrndup(value.p, value.n)};
    return ST_OK;
}

static enum status take_kind(const struct section *s, void *to, int how, struct span value,
                             struct why *why)
{
    (void)s;
    (void)how;
    *(const struct issuer_kind **)to = issuer_kind_find(value);
    if (issuer_kind_find(value) != NULL) {
        return ST_OK;
    }
    struct buf names;
    buf_init(&names, WHY_TEXT_BYTES);
    issuer_kind_names(&names);
    (void)why_fail(why, ST_INVALID, "there is no such kind of issuer; there is %s", names.data);
    buf_release(&names);
    return ST_INVALID;
}

static enum status take_timeout(const struct section *s, void *to, int how, struct span value,
                                struct why *why)
{
    (void)s;
    (void)how;
    return num_parse(value, TIMEOUT_MS_MIN, TIMEOUT_MS_MAX, to) == ST_OK
               ? ST_OK
               : why_fail(why, ST_INVALID, "a number of milliseconds, %d to %d", TIMEOUT_MS_MIN,
                          TIMEOUT_MS_MAX);
}

static enum status take_issuer(const struct section *s, void *to, int how, struct span value,
                               struct why *why)
{
    (void)how;
    for (uint32_t i = 0; i < s->all->issuer_count; i++) {
        if (span_is(value, s->all->issuer[i].name)) {
            *(struct issuer **)to = &s->all->issuer[i];
            return ST_OK;
        }
    }
    return why_fail(why, ST_NOTFOUND, "there is no [issuer %.*s]", SPAN_ARG(value));
}

#define OF_ISSUER(member)     offsetof(struct issuer, member)
#define OF_CREDENTIAL(member) offsetof(struct credential, member)

/* clang-format off */
static const struct key_row ISSUER_KEYS[] = {
    {"kind",       OF_ISSUER(kind),       take_kind,        0},
    {"issuer",     OF_ISSUER(url),        take_url,         0},
    {"ca_file",    OF_ISSUER(ca_file),    issuer_take_text, 0},
    {"timeout_ms", OF_ISSUER(timeout_ms), take_timeout,     0},
};
static const struct key_row CREDENTIAL_KEYS[] = {
    {"issuer",   OF_CREDENTIAL(issuer),   take_issuer,      0},
    {"agents",   OF_CREDENTIAL(agents),   issuer_take_text, 0},
    {"scopes",   OF_CREDENTIAL(scopes),   issuer_take_text, 0},
    {"test_url", OF_CREDENTIAL(test_url), take_url,         0},
    SOURCE_KEYS("refresh_token", OF_CREDENTIAL(token[TOKEN_REFRESH].source)),
    SOURCE_KEYS("access_token",  OF_CREDENTIAL(token[TOKEN_ACCESS].source)),
};
/* clang-format on */

static const struct key_row *row_of(const struct key_row *rows, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++) {
        if (span_is(name, rows[i].name)) {
            return &rows[i];
        }
    }
    return NULL;
}

static enum status read_key(const struct section *s, const struct ini_key *k,
                            const struct key_row *row, void *into)
{
    struct why inner = {0};
    if (row == NULL) {
        return ini_fail(s->ini, s->section, k, s->why, "there is no such key here");
    }
    enum status st = row->take(s, (char *)into + row->offset, row->how, k->value, &inner);
    return st == ST_OK ? st : ini_fail(s->ini, s->section, k, s->why, "%s", inner.text);
}

static enum status lacks(const struct section *s, const char *what)
{
    return ini_fail(s->ini, s->section, NULL, s->why, "needs %s", what);
}

static enum status check_issuer(const struct section *s)
{
    const char *what =
        s->issuer->url == NULL ? "a line \"issuer = ...\"" : s->issuer->kind->lacks(s->issuer);
    return what == NULL ? ST_OK : lacks(s, what);
}

static enum status check_credential(const struct section *s)
{
    const struct credential *it = s->credential;
    if (it->issuer == NULL || it->agents == NULL) {
        return lacks(s, "lines \"issuer = ...\" and \"agents = ...\"");
    }
    bool access = it->token[TOKEN_ACCESS].source.kind != SOURCE_NONE;
    if (!access && it->token[TOKEN_REFRESH].source.kind == SOURCE_NONE) {
        return lacks(s, "where a token is: access_token_file or refresh_token_file, _command or "
                        "_credential");
    }
    return it->test_url == NULL || access ? ST_OK
                                          : lacks(s, "an access token for the call of test_url");
}

static enum status take_name(const struct section *s, size_t prefix, char **out)
{
    struct span name = span_sub(s->section->name, prefix, SIZE_MAX);
    if (name.n == 0 || name.n > CONF_NAME_BYTES || !ini_has_only(name, NAME_CHARS)) {
        return ini_fail(s->ini, s->section, NULL, s->why,
                        "its name is a word of a-z 0-9 . _ - up to %d", CONF_NAME_BYTES);
    }
    *out = xstrndup(name.p, name.n);
    return ST_OK;
}

/* Wherever it stands: what other keys there are follows from it. */
static enum status read_kind(struct section *s)
{
    enum status st = ST_OK;
    for (uint32_t i = 0; st == ST_OK && i < s->section->key_count; i++) {
        const struct ini_key *k = &s->section->keys[i];
        st = span_is(k->name, "kind") ? read_key(s, k, &ISSUER_KEYS[0], s->issuer) : ST_OK;
    }
    return st == ST_OK && s->issuer->kind == NULL ? lacks(s, "a line \"kind = ...\"") : st;
}

static enum status read_issuer(struct section *s)
{
    struct issuers *all = s->all;
    if (all->issuer_count == ISSUERS_MAX) {
        return ini_fail(s->ini, s->section, NULL, s->why, "more than %d issuers", ISSUERS_MAX);
    }
    s->issuer = &all->issuer[all->issuer_count++];
    s->issuer->timeout_ms = TIMEOUT_MS_DEFAULT;
    enum status st = take_name(s, sizeof(ISSUER_WORD) - 1, &s->issuer->name);
    if (st == ST_OK) {
        st = read_kind(s);
    }
    for (uint32_t i = 0; st == ST_OK && i < s->section->key_count; i++) {
        const struct ini_key *k = &s->section->keys[i];
        const struct issuer_kind *kind = s->issuer->kind;
        const struct key_row *row = row_of(ISSUER_KEYS, ARRAY_LEN(ISSUER_KEYS), k->name);
        row = row != NULL ? row : row_of(kind->keys, kind->key_count, k->name);
        st = read_key(s, k, row, s->issuer);
    }
    return st == ST_OK ? check_issuer(s) : st;
}

static enum status read_credential(struct section *s)
{
    struct issuers *all = s->all;
    if (all->credential_count == ISSUER_CREDENTIALS_MAX) {
        return ini_fail(s->ini, s->section, NULL, s->why, "more than %d credentials",
                        ISSUER_CREDENTIALS_MAX);
    }
    s->credential = &all->credential[all->credential_count++];
    enum status st = take_name(s, sizeof(CREDENTIAL_WORD) - 1, &s->credential->name);
    for (uint32_t i = 0; st == ST_OK && i < s->section->key_count; i++) {
        const struct ini_key *k = &s->section->keys[i];
        st = read_key(s, k, row_of(CREDENTIAL_KEYS, ARRAY_LEN(CREDENTIAL_KEYS), k->name),
                      s->credential);
    }
    return st == ST_OK ? check_credential(s) : st;
}

static const struct {
    const char *word;
    enum status (*read)(struct section *s);
} SECTIONS[] = {
    {ISSUER_WORD,     read_issuer    },
    {CREDENTIAL_WORD, read_credential},
};

/* Issuers first, wherever they stand: credentials name them. */
static enum status read_all(struct issuers *all, const struct ini *ini, size_t row, struct why *why)
{
    for (uint32_t i = 0; i < ini->section_count; i++) {
        struct section s = {.all = all, .ini = ini, .section = &ini->sections[i], .why = why};
        if (span_starts(s.section->name, SECTIONS[row].word) && SECTIONS[row].read(&s) != ST_OK) {
            return ST_INVALID;
        }
    }
    return ST_OK;
}

static enum status check_words(const struct ini *ini, struct why *why)
{
    for (uint32_t i = 0; i < ini->section_count; i++) {
        const struct ini_section *s = &ini->sections[i];
        bool known = s->name.n == 0 && s->key_count == 0;
        for (size_t row = 0; row < ARRAY_LEN(SECTIONS); row++) {
            known = known || span_starts(s->name, SECTIONS[row].word);
        }
        if (!known) {
            return ini_fail(ini, s, NULL, why,
                            "there is no such section; there are [issuer NAME] and [credential "
                            "NAME]");
        }
    }
    return ST_OK;
}

enum status issuer_settings_read(struct issuers *all, const char *path, struct why *why)
{
    struct ini ini = {0};
    enum status st = ini_load(&ini, path, why);
    if (st == ST_NOTFOUND) {
        return ST_OK;
    }
    if (st == ST_OK) {
        st = check_words(&ini, why);
    }
    all->issuer = xcalloc(ISSUERS_MAX, sizeof(*all->issuer));
    all->credential = xcalloc(ISSUER_CREDENTIALS_MAX, sizeof(*all->credential));
    for (size_t row = 0; st == ST_OK && row < ARRAY_LEN(SECTIONS); row++) {
        st = read_all(all, &ini, row, why);
    }
    ini_release(&ini);
    return st;
}

void issuer_settings_release(struct issuers *all)
{
    for (uint32_t i = 0; i < all->issuer_count; i++) {
        struct issuer *it = &all->issuer[i];
        free(it->name);
        free(it->url);
        free(it->client_id);
        free(it->ca_file);
        source_release(&it->secret);
        oauth_metadata_release(&it->ends);
    }
    for (uint32_t i = 0; i < all->credential_count; i++) {
        struct credential *it = &all->credential[i];
        free(it->name);
        free(it->agents);
        free(it->scopes);
        free(it->test_url);
        for (unsigned t = 0; t < TOKEN_TYPES; t++) {
            source_release(&it->token[t].source);
        }
    }
    free(all->issuer);
    free(all->credential);
}
