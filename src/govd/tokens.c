/* tokens.c - who may connect by a token, and with which rights. The file has digests only: a token
 * has 256 random bits, so that a plain SHA-256 of it tells nothing.
 *
 *   [token night-shift]
 *   sha256 = <64 hex>
 *   scopes = read decide
 *   created = 2026-11-20T14:22:07.123Z
 *   expires = 2026-12-20T14:22:07.123Z
 */
#include "govd_priv.h"

#include "checkrein/file.h"

#define SECTION      "token "
#define TOKEN_MARK   "crc_"
#define SECRET_BYTES 32

bool console_token_name_ok(struct span name)
{
    return name.n > 0 && name.n < CONSOLE_TOKEN_NAME_BYTES &&
           ini_has_only(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
}

static enum status read_time(const struct ini *ini, const struct ini_section *s, const char *key,
                             int64_t *us, struct why *why)
{
    const struct ini_key *k = ini_key(s, key);
    *us = 0;
    if (k && time_parse(k->value, us) != ST_OK) {
        return ini_fail(ini, s, k, why, "a time such as 2026-11-20T14:22:07Z");
    }
    return ST_OK;
}

static enum status check_keys(const struct ini *ini, const struct ini_section *s, struct why *why)
{
    static const char *const KNOWN[] = {"sha256", "scopes", "created", "expires"};
    for (uint32_t i = 0; i < s->key_count; i++) {
        bool known = false;
        for (size_t k = 0; k < ARRAY_LEN(KNOWN); k++) {
            known = known || span_is(s->keys[i].name, KNOWN[k]);
        }
        if (!known) {
            return ini_fail(ini, s, &s->keys[i], why, "there is no such key");
        }
    }
    return ST_OK;
}

static enum status read_token(const struct ini *ini, const struct ini_section *s,
                              struct console_token *t, struct why *why)
{
    struct span name = span_sub(s->name, sizeof(SECTION) - 1, s->name.n);
    const struct ini_key *digest = ini_key(s, "sha256");
    const struct ini_key *scopes = ini_key(s, "scopes");
    if (!span_starts(s->name, SECTION) || !console_token_name_ok(name)) {
        return ini_fail(ini, s, NULL, why, "sections are [token NAME], of a-z 0-9 . _ -");
    }
    *t = (struct console_token){0};
    (void)span_copy(name, t->name, sizeof(t->name));
    if (!digest || hex_decode(digest->value, t->digest, sizeof(t->digest)) != ST_OK) {
        return ini_fail(ini, s, digest, why, "sha256 of the token, 64 hex digits, is needed");
    }
    if (!scopes || !scopes_parse(scopes->value, &t->scopes) ||
        !(t->scopes & SCOPE_BIT(SCOPE_READ)) || (t->scopes & ~CONSOLE_SCOPES)) {
        return ini_fail(ini, s, scopes, why,
                        "scopes are needed: read, and any of decide control revoke stop");
    }
    enum status st = check_keys(ini, s, why);
    if (st == ST_OK) {
        st = read_time(ini, s, "created", &t->created_us, why);
    }
    return st == ST_OK ? read_time(ini, s, "expires", &t->expires_us, why) : st;
}

static enum status read_all(const struct ini *ini, struct console_tokens *t, struct why *why)
{
    for (uint32_t i = 0; i < ini->section_count; i++) {
        const struct ini_section *s = &ini->sections[i];
        if (!s->name.n && !s->key_count) {
            continue;
        }
        GROW(t->item, t->cap, t->count + 1);
        enum status st = read_token(ini, s, &t->item[t->count], why);
        if (st != ST_OK) {
            return st;
        }
        t->count++;
    }
    return ST_OK;
}

enum status console_tokens_load(struct console_tokens *t, const char *path, struct why *why)
{
    struct buf b;
    struct ini ini = {0};
    *t = (struct console_tokens){0};
    buf_init(&b, INI_FILE_BYTES);
    enum status st = file_read_secret(
        path, &b, why); /* nobody else may write it, or it gives anybody any right */
    buf_release(&b);
    if (st == ST_NOTFOUND) {
        return ST_OK;
    }
    if (st == ST_OK) {
        st = ini_load(&ini, path, why);
    }
    if (st == ST_OK) {
        st = read_all(&ini, t, why);
    }
    if (st != ST_OK) {
        console_tokens_release(t);
    }
    ini_release(&ini);
    return st;
}

enum status console_tokens_save(const struct console_tokens *t, const char *path, struct why *why)
{
    struct buf b;
    buf_init(&b, INI_FILE_BYTES);
    buf_addstr(&b, "# Written by `checkrein token`. The tokens themselves stand nowhere.\n");
    for (size_t i = 0; i < t->count; i++) {
        const struct console_token *one = &t->item[i];
        char hex[HEX_BYTES(SHA256_BYTES)];
        char scopes[SCOPES_NAMES_BYTES];
        char when[TIME_TEXT_BYTES];
        hex_encode(one->digest, sizeof(one->digest), hex);
        scopes_text(one->scopes, scopes);
        time_format(one->created_us, when);
        buf_printf(&b, "\n[token %s]\nsha256 = %s\nscopes = %s\ncreated = %s\n", one->name, hex,
                   scopes, when);
        if (one->expires_us) {
            time_format(one->expires_us, when);
            buf_printf(&b, "expires = %s\n", when);
        }
    }
    enum status st = buf_status(&b);
    st = st == ST_OK ? file_replace(path, buf_span(&b), 0600, why)
                     : why_fail(why, st, "%s: too many tokens", path);
    buf_release(&b);
    return st;
}

void console_token_make(struct console_token *t, char secret[CONSOLE_TOKEN_BYTES])
{
    uint8_t random[SECRET_BYTES];
    char hex[HEX_BYTES(SECRET_BYTES)];
    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), hex);
    (void)snprintf(secret, CONSOLE_TOKEN_BYTES, TOKEN_MARK "%s", hex);
    sha256(span_str(secret), t->digest);
    wipe(random, sizeof(random));
    wipe(hex, sizeof(hex));
}

struct console_token *console_token_named(const struct console_tokens *t, struct span name)
{
    for (size_t i = 0; i < t->count; i++) {
        if (span_is(name, t->item[i].name)) {
            return &t->item[i];
        }
    }
    return NULL;
}

/* All are compared, so that the time tells nothing of which. */
const struct console_token *console_token_of(const struct console_tokens *t,
                                             const uint8_t digest[SHA256_BYTES], int64_t now_us)
{
    const struct console_token *found = NULL;
    for (size_t i = 0; i < t->count; i++) {
        const struct console_token *one = &t->item[i];
        bool same = equal_secret((struct span){(const char *)one->digest, SHA256_BYTES},
                                 (struct span){(const char *)digest, SHA256_BYTES});
        if (same && (!one->expires_us || now_us < one->expires_us)) {
            found = one;
        }
    }
    return found;
}

void console_tokens_release(struct console_tokens *t)
{
    free(t->item);
    *t = (struct console_tokens){0};
}

const struct console_token *console_token_in(const struct govd *g, struct span authorization)
{
    static const char SCHEME[] = "Bearer ";
    uint8_t digest[SHA256_BYTES];
    if (!span_starts(authorization, SCHEME)) {
        return NULL;
    }
    sha256(span_sub(authorization, sizeof(SCHEME) - 1, authorization.n), digest);
    return console_token_of(&g->console_tokens, digest, govd_wall_us());
}

void console_tokens_reload(struct govd *g)
{
    struct console_tokens fresh;
    struct why why = {0};
    if (console_tokens_load(&fresh, g->tokens_path, &why) != ST_OK) {
        char text[REASON_BYTES];
        (void)snprintf(text, sizeof(text), "the tokens stay as they were: %.400s", why.text);
        publish_signal(g, NULL, SEVERITY_HIGH, text);
        return;
    }
    console_tokens_release(&g->console_tokens);
    g->console_tokens = fresh;
    consoles_check_tokens(g);
}
