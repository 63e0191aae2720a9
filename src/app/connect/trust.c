/* trust.c - which folders Gemini CLI trusts: in the others none of its hooks runs, whoever has set
 * it. As its version 0.61.0 finds out, its editor's word apart.
 */
#include "connect_priv.h"

#include "../app_priv.h"

#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"

static bool is_set(const char *name, const char *value)
{
    return strcmp(env_or(name, ""), value) == 0;
}

static char *trusted_folders(void)
{
    const char *named = env_or("GEMINI_CLI_TRUSTED_FOLDERS_PATH", NULL);
    char *folder = path_join(env_or("GEMINI_CLI_HOME", env_or("HOME", "/")), ".gemini");
    char *path = named ? xstrdup(named) : path_join(folder, "trustedFolders.json");
    free(folder);
    return path;
}

static char *real_of(const char *path)
{
    char *real = realpath(path, NULL);
    return real ? real : xstrdup(path);
}

static bool is_below(const char *folder, const char *above)
{
    size_t n = strlen(above);
    while (n && above[n - 1] == '/') {
        n--;
    }
    return strncmp(folder, above, n) == 0 && (folder[n] == '\0' || folder[n] == '/');
}

/* A folder's own row, or its parent's children. */
static bool covers(const char *row, bool parent, const char *folder)
{
    char *path = xstrdup(row);
    char *slash = strrchr(path, '/');
    if (parent && slash) {
        slash[slash == path] = '\0';
    }
    char *above = real_of(path);
    bool below = is_below(folder, above);
    free(above);
    free(path);
    return below;
}

/* The row with the longest path decides. */
static enum folder_trust by_rows(const struct tape *j, struct buf *text, const char *folder)
{
    enum folder_trust trust = TRUST_NOT_SAID;
    size_t longest = 0;
    for (uint32_t at = tape_first(j, TAPE_ROOT); at != TAPE_ABSENT;
         at = tape_next(j, TAPE_ROOT, at)) {
        struct span row = tape_string(j, at, text);
        struct span level = tape_string(j, at + 1, text);
        char *path = xstrndup(row.n ? row.p : "", row.n);
        if (row.n > longest && covers(path, span_is(level, "TRUST_PARENT"), folder)) {
            longest = row.n;
            trust = span_is(level, "DO_NOT_TRUST") ? TRUST_NO : TRUST_YES;
        }
        free(path);
    }
    return trust;
}

enum folder_trust gemini_trust_of(const char *folder)
{
    struct tape j;
    struct buf file;
    struct buf text;
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    char *path = trusted_folders();
    char *real = real_of(folder);
    buf_init(&file, SETTINGS_BYTES);
    buf_init(&text, SETTINGS_BYTES);
    (void)buf_reserve(&text, SETTINGS_BYTES);
    bool read = file_read(path, &file, NULL) == ST_OK &&
                splice_read(buf_span(&file), &j, tokens, NULL) == ST_OK;
    enum folder_trust trust = read ? by_rows(&j, &text, real) : TRUST_NOT_SAID;
    buf_release(&file);
    buf_release(&text);
    free(path);
    free(real);
    free(tokens);
    return trust;
}

enum folder_trust gemini_trust_set(void)
{
    if (is_set("GEMINI_RESTRICTED_MODE", "true") || is_set("GEMINI_CLI_TRUST_WORKSPACE", "false")) {
        return TRUST_NO;
    }
    return is_set("GEMINI_CLI_TRUST_WORKSPACE", "true") ? TRUST_YES : TRUST_NOT_SAID;
}
