/* lease_past.c - what would lead a client past the address that it is given, and that no setting of
 * ours goes before: looked for where it can be, and said before anything is started. What a client
 * is told later, or by files that it reads itself, is not seen here: docs/leases.md.
 */
#include "lease_priv.h"

#include <stdio.h>

#include "../connect/connect_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/wire.h"

/* ---- one settings file */

struct look {
    struct buf text;
    struct tape json;
    struct tape_token *tokens;
};

/* ST_DENIED: it is there, and what it says cannot be told. */
static enum status look_open(struct look *l, const char *path, struct why *why)
{
    *l = (struct look){.tokens = xcalloc(SETTINGS_TOKENS, sizeof(*l->tokens))};
    buf_init(&l->text, SETTINGS_BYTES);
    enum status st = file_read(path, &l->text, NULL);
    if (st == ST_NOTFOUND) {
        buf_addstr(&l->text, "{}");
        st = ST_OK;
    }
    if (st != ST_OK || tape_parse(&l->json, buf_span(&l->text), TAPE_REPAIR, l->tokens,
                                  SETTINGS_TOKENS) != ST_OK) {
        return why_fail(why, ST_DENIED,
                        "%s cannot be read as JSON, so whether it names another address is not "
                        "known",
                        path);
    }
    return ST_OK;
}

static void look_close(struct look *l)
{
    buf_wipe(&l->text); /* it may be one of logins */
    free(l->tokens);
}

static bool has(const struct look *l, const char *path)
{
    return tape_path(&l->json, TAPE_ROOT, path) != TAPE_ABSENT;
}

static bool says(const struct look *l, const char *path, const char *value)
{
    struct buf scratch;
    buf_init(&scratch, SETTINGS_BYTES);
    struct span text = tape_string(&l->json, tape_path(&l->json, TAPE_ROOT, path), &scratch);
    bool same = span_is(text, value);
    buf_release(&scratch);
    return same;
}

static enum status names_another(struct why *why, const char *path, const char *key)
{
    return why_fail(why, ST_DENIED,
                    "%s names another address or key (\"%s\"): take that out, or give no lease "
                    "with --upstream none",
                    path, key);
}

/* ---- Claude Code: the machine's settings go before all others */

static enum status claude_file_is_fit(const char *path, void *arg, struct why *why)
{
    const struct lease_client *c = arg;
    struct look l;
    enum status st = look_open(&l, path, why);
    if (st == ST_OK && has(&l, "env/ANTHROPIC_BASE_URL")) {
        st = names_another(why, path, "env.ANTHROPIC_BASE_URL");
    }
    for (const char *const *name = c->taken; st == ST_OK && *name; name++) {
        char key[128];
        (void)snprintf(key, sizeof(key), "env/%s", *name);
        if (has(&l, key)) {
            st = names_another(why, path, *name);
        }
    }
    look_close(&l);
    return st;
}

enum status lease_fit_claude(const struct run_plan *p, const struct lease_client *c,
                             struct why *why)
{
    (void)p;
    return claude_machine_each(claude_file_is_fit, (void *)c, why);
}

/* ---- Codex: of two options that say the same the later one counts, and ours is the first */

static const char *option_value(const char *word, const char *next)
{
    static const char *const SHORT = "-c";
    static const char LONG[] = "--config";
    if (strcmp(word, SHORT) == 0 || strcmp(word, LONG) == 0) {
        return next ? next : "";
    }
    if (strncmp(word, LONG, sizeof(LONG) - 1) == 0 && word[sizeof(LONG) - 1] == '=') {
        return word + sizeof(LONG);
    }
    return strncmp(word, SHORT, 2) == 0 ? word + 2 + (word[2] == '=') : "";
}

enum status lease_fit_codex(const struct run_plan *p, const struct lease_client *c, struct why *why)
{
    static const char KEY[] = "model_provider";
    (void)c;
    for (int i = 1; i < p->argc && strcmp(p->argv[i], "--") != 0; i++) {
        const char *word = p->argv[i];
        struct span value = span_trim(span_str(option_value(word, p->argv[i + 1])));
        bool local = strcmp(word, "--oss") == 0 || strncmp(word, "--local-provider", 16) == 0;
        if (local || span_starts(value, KEY)) {
            return why_fail(why, ST_DENIED,
                            "\"%s%s%.*s\" names another address: take that out, or give no lease "
                            "with --upstream none",
                            word, value.n ? " " : "", SPAN_ARG(value));
        }
    }
    return ST_OK;
}

/* ---- Gemini CLI: a project's settings go before the copy of the user's that we write */

enum status lease_fit_gemini(const struct run_plan *p, const struct lease_client *c,
                             struct why *why)
{
    static const char *const KEYS[] = {"security/auth/selectedType", "security/auth/enforcedType"};
    struct look l;
    char *path = path_join(p->cwd, ".gemini/settings.json");
    enum status st = look_open(&l, path, why);
    (void)c;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(KEYS); i++) {
        if (has(&l, KEYS[i]) && !says(&l, KEYS[i], "gemini-api-key")) {
            st = names_another(why, path, KEYS[i]);
        }
    }
    look_close(&l);
    free(path);
    return st;
}

/* ---- opencode */

#define OPENCODE_MANAGED "/etc/opencode"

/* What another server does goes by that one's settings. */
static enum status words_are_fit(const struct run_plan *p, struct why *why)
{
    bool first = true;
    for (int i = 1; i < p->argc && strcmp(p->argv[i], "--") != 0; i++) {
        const char *word = p->argv[i];
        if (strncmp(word, "--attach", 8) == 0 || (first && strcmp(word, "attach") == 0)) {
            return why_fail(
                why, ST_DENIED,
                "%s: its model is asked by another server then, with a key of that one's", word);
        }
        first = first && word[0] == '-';
    }
    return ST_OK;
}

/* With a stored login of this kind the client sends its requests elsewhere, whatever is set. */
static enum status login_is_fit(const struct lease_client *c, struct why *why)
{
    char key[64];
    struct look l;
    char *home = path_join(env_or("HOME", "/"), ".local/share");
    char *path = path_join(env_or("XDG_DATA_HOME", home), "opencode/auth.json");
    (void)snprintf(key, sizeof(key), "%s/type", c->service);
    enum status st = look_open(&l, path, why);
    if (st == ST_OK && says(&l, key, "oauth")) {
        st = why_fail(why, ST_DENIED,
                      "%s holds a login for %s, which the client goes by instead: opencode auth "
                      "logout, or give no lease with --upstream none",
                      path, c->service);
    }
    look_close(&l);
    free(path);
    free(home);
    return st;
}

static enum status managed_is_fit(struct why *why)
{
    static const char *const NAMES[] = {"opencode.json", "opencode.jsonc"};
    static const char *const KEYS[] = {"provider", "enabled_providers", "disabled_providers"};
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(NAMES); i++) {
        struct look l;
        char *path = path_join(OPENCODE_MANAGED, NAMES[i]);
        st = look_open(&l, path, why);
        for (size_t k = 0; st == ST_OK && k < ARRAY_LEN(KEYS); k++) {
            if (has(&l, KEYS[k])) {
                st = names_another(why, path, KEYS[k]);
            }
        }
        look_close(&l);
        free(path);
    }
    return st;
}

enum status lease_fit_opencode(const struct run_plan *p, const struct lease_client *c,
                               struct why *why)
{
    enum status st = words_are_fit(p, why);
    if (st == ST_OK) {
        st = login_is_fit(c, why);
    }
    if (st == ST_OK) {
        st = managed_is_fit(why);
    }
    return st;
}
