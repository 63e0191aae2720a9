#include "ini_priv.h"

#include <iniparser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "lint_priv.h"

#define PATH_OF_FD "/proc/self/fd/%d"

/* iniparser's own would write on the operator's screen. */
static int say_nothing(const char *fmt, ...) PRINTF(1, 2);
static int say_nothing(const char *fmt, ...)
{
    (void)fmt;
    return 0;
}

/* iniparser wants a path. A file in memory with the checked bytes cannot change behind the check.
 */
static enum status load_dictionary(const struct ini *ini, struct span text, dictionary **out,
                                   struct why *why)
{
    int fd = memfd_create("ini", MFD_CLOEXEC);
    if (fd < 0 || file_write_all(fd, text.p, text.n) != ST_OK) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return why_fail(why, ST_IO, "%s: cannot be copied to memory", ini->path);
    }
    char path[sizeof(PATH_OF_FD) + 3 * sizeof(fd)];
    (void)snprintf(path, sizeof(path), PATH_OF_FD, fd);
    iniparser_set_error_callback(say_nothing);
    *out = iniparser_load(path);
    (void)close(fd);
    return *out != NULL
               ? ST_OK
               : ini_fail(ini, NULL, NULL, why, "iniparser cannot read it by way of /proc");
}

static const char *value_of(const dictionary *d, struct span section, struct span key)
{
    char id[INI_NAME_BYTES + sizeof(":") + INI_NAME_BYTES];
    (void)snprintf(id, sizeof(id), "%.*s:%.*s", SPAN_ARG(section), SPAN_ARG(key));
    return iniparser_getstring(d, id, NULL);
}

static bool has_section(const dictionary *d, struct span name)
{
    char id[INI_NAME_BYTES + 1];
    return span_copy(name, id, sizeof(id)) && (name.n == 0 || iniparser_find_entry(d, id));
}

static enum status confirm_section(const struct ini *ini, const dictionary *d,
                                   const struct ini_section *s, struct why *why)
{
    if (!has_section(d, s->name)) {
        return ini_fail(ini, s, NULL, why, "iniparser does not see this section");
    }
    for (uint32_t i = 0; i < s->key_count; i++) {
        struct ini_key *k = &s->keys[i];
        const char *value = value_of(d, s->name, k->name);
        if (value == NULL || !span_is(k->value, value)) {
            return ini_fail(ini, s, k, why, "iniparser reads another value here");
        }
        k->value = span_str(value);
    }
    return ST_OK;
}

/* With every name found and the counts equal, there is nothing that only iniparser sees. */
static enum status confirm_count(const struct ini *ini, const dictionary *d, struct why *why)
{
    size_t count = 0;
    for (uint32_t i = 0; i < ini->section_count; i++) {
        count += ini->sections[i].key_count + (ini->sections[i].name.n > 0);
    }
    int64_t found = (int64_t)d->n; /* an int, and unsigned in later versions */
    return found == (int64_t)count
               ? ST_OK
               : ini_fail(ini, NULL, NULL, why, "iniparser reads %lld sections and keys, not %zu",
                          (long long)found, count);
}

enum status ini_confirm(struct ini *ini, struct span text, struct why *why)
{
    struct ini_owned *owned = ini->owned;
    dictionary *d = NULL;
    enum status st = load_dictionary(ini, text, &d, why);
    if (d == NULL) {
        return st;
    }
    st = confirm_count(ini, d, why);
    for (uint32_t i = 0; i < ini->section_count && st == ST_OK; i++) {
        st = confirm_section(ini, d, &ini->sections[i], why);
    }
    iniparser_freedict(owned->dictionary); /* late: values may have been there */
    owned->dictionary = d;
    return st;
}

enum status ini_load(struct ini *ini, const char *path, struct why *why)
{
    struct ini_owned *owned = xcalloc(1, sizeof(*owned));
    *ini = (struct ini){.path = xstrdup(path), .owned = owned};
    buf_init(&owned->text, INI_FILE_BYTES);
    enum status st = file_read(path, &owned->text, why);
    if (st == ST_OK) {
        st = lint_scan(ini, &owned->keys, buf_span(&owned->text), why);
    }
    if (st == ST_OK) {
        st = ini_confirm(ini, buf_span(&owned->text), why);
    }
    if (st != ST_OK) {
        ini_release(ini);
    }
    return st;
}

void ini_release(struct ini *ini)
{
    struct ini_owned *owned = ini->owned;
    if (owned != NULL) {
        iniparser_freedict(owned->dictionary);
        free(owned->keys);
        buf_release(&owned->text);
    }
    free(owned);
    free(ini->sections);
    free(ini->path);
    *ini = (struct ini){0};
}

const struct ini_section *ini_section(const struct ini *ini, const char *name)
{
    for (uint32_t i = 0; i < ini->section_count; i++) {
        if (span_is(ini->sections[i].name, name)) {
            return &ini->sections[i];
        }
    }
    return NULL;
}

const struct ini_key *ini_key(const struct ini_section *s, const char *name)
{
    for (uint32_t i = 0; s != NULL && i < s->key_count; i++) {
        if (span_is(s->keys[i].name, name)) {
            return &s->keys[i];
        }
    }
    return NULL;
}

bool ini_has_only(struct span s, const char *chars)
{
    struct span allowed = span_str(chars);
    for (size_t i = 0; i < s.n; i++) {
        if (span_find(allowed, s.p[i]) == allowed.n) {
            return false;
        }
    }
    return true;
}

static uint32_t line_of(const struct ini_section *s, const struct ini_key *k)
{
    if (k != NULL) {
        return k->line;
    }
    return s != NULL ? s->line : 0;
}

enum status ini_fail(const struct ini *ini, const struct ini_section *s, const struct ini_key *k,
                     struct why *why, const char *fmt, ...)
{
    char text[WHY_TEXT_BYTES];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)why_fail(why, ST_INVALID, "%s", text);
    bool in_section = s != NULL && s->name.n > 0;
    bool has_key = k != NULL && k->name.n > 0;
    if (in_section && has_key) {
        why_prefix(why, "[%.*s] %.*s", SPAN_ARG(s->name), SPAN_ARG(k->name));
    } else if (in_section) {
        why_prefix(why, "[%.*s]", SPAN_ARG(s->name));
    } else if (has_key) {
        why_prefix(why, "%.*s", SPAN_ARG(k->name));
    }
    uint32_t line = line_of(s, k);
    if (line > 0) {
        why_prefix(why, "%s:%u", ini->path, (unsigned)line);
    } else {
        why_prefix(why, "%s", ini->path);
    }
    return ST_INVALID;
}

static enum status take_named(const struct ini *ini, const struct ini_section *s, const char *word,
                              ini_take *take, void *ctx, struct why *why)
{
    size_t n = strlen(word);
    if (!span_starts(s->name, word) || s->name.n <= n || s->name.p[n] != ' ' ||
        s->key_count > INI_LIST_KEYS) {
        return ini_fail(ini, s, NULL, why, "a section is [%s NAME], of at most %d keys", word,
                        INI_LIST_KEYS);
    }
    return take(ctx, ini, s, span_trim(span_sub(s->name, n, s->name.n)), why);
}

enum status ini_read_list(const char *path, const char *word, ini_take *take, void *ctx,
                          struct why *why)
{
    struct ini ini = {0};
    enum status st = ini_load(&ini, path, why);
    if (st == ST_NOTFOUND) {
        return ST_OK;
    }
    for (uint32_t i = 0; st == ST_OK && i < ini.section_count; i++) {
        const struct ini_section *s = &ini.sections[i];
        if (s->name.n || s->key_count) {
            st = take_named(&ini, s, word, take, ctx, why);
        }
    }
    ini_release(&ini);
    return st;
}
