#include "lint_priv.h"

#include <stdarg.h>
#include <stdio.h>

#include "checkrein/alloc.h"
#include "checkrein/map.h"

#define KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_.-"

struct name_rule {
    const char *what, *chars, *words;
};
static const struct name_rule key_rule = {"key", KEY_CHARS, "a-z 0-9 _ . -"};
/* No ':' in either: iniparser files a key as "section:key". */
static const struct name_rule section_rule = {"section", KEY_CHARS " \"",
                                              "a-z 0-9 _ . - \" and inner blanks"};

/* A section's number, a colon, a key: what makes a key unique in a file. */
#define SEEN_BYTES (INI_NAME_BYTES + 16)

struct scan {
    struct ini *ini;
    struct ini_key *keys;
    size_t key_count, key_cap, section_cap;
    struct map seen; /* sections as "[name", keys as "number:name", to the line of the first */
    uint32_t line;
    struct why *why;
};

static const struct ini_section *current(const struct scan *s)
{
    return s->ini->section_count > 0 ? &s->ini->sections[s->ini->section_count - 1] : NULL;
}

/* Says where: the line in hand, the section it stands in, and the key when it has one. */
static enum status fail(const struct scan *s, struct span key, const char *fmt, ...) PRINTF(3, 4);
static enum status fail(const struct scan *s, struct span key, const char *fmt, ...)
{
    char text[WHY_TEXT_BYTES];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct ini_key here = {.name = key, .line = s->line};
    return ini_fail(s->ini, key.n > 0 ? current(s) : NULL, &here, s->why, "%s", text);
}

static enum status check_name(const struct scan *s, struct span name, const struct name_rule *rule)
{
    if (name.n == 0) {
        return fail(s, SPAN_NONE, "a %s without a name", rule->what);
    }
    if (name.n > INI_NAME_BYTES) {
        return fail(s, SPAN_NONE, "the name of this %s is longer than %d bytes", rule->what,
                    INI_NAME_BYTES);
    }
    if (!ini_has_only(name, rule->chars) || !span_eq(span_trim(name), name)) {
        return fail(s, SPAN_NONE, "the name of a %s has only %s", rule->what, rule->words);
    }
    return ST_OK;
}

/* Once only: iniparser keeps the last of two and says nothing. */
static enum status check_new(struct scan *s, const char *prefix, struct span name, const char *what)
{
    char id[SEEN_BYTES];
    int n = snprintf(id, sizeof(id), "%s%.*s", prefix, SPAN_ARG(name));
    struct span key = {id, (size_t)n};
    uint32_t first;
    if (map_get(&s->seen, key, &first)) {
        return fail(s, SPAN_NONE, "%s \"%.*s\" stands already in line %u", what, SPAN_ARG(name),
                    (unsigned)first);
    }
    (void)map_put(&s->seen, key, s->line);
    if (s->ini->section_count + s->key_count >= INI_ENTRIES_MAX) {
        return fail(s, SPAN_NONE, "more than %d sections and keys", INI_ENTRIES_MAX);
    }
    return ST_OK;
}

static void add_section(struct scan *s, struct span name, uint32_t line)
{
    struct ini *ini = s->ini;
    GROW(ini->sections, s->section_cap, ini->section_count + (size_t)1);
    ini->sections[ini->section_count++] = (struct ini_section){.name = name, .line = line};
}

static enum status scan_section(struct scan *s, struct span body)
{
    if (!span_ends(body, "]")) {
        return fail(s, SPAN_NONE, "a section is \"[name]\" with nothing behind it");
    }
    struct span name = span_sub(body, 1, body.n - 2);
    enum status st = check_name(s, name, &section_rule);
    if (st == ST_OK) {
        st = check_new(s, "[", name, "section");
    }
    if (st == ST_OK) {
        add_section(s, name, s->line);
    }
    return st;
}

/* Takes the quotes off. */
static enum status scan_value(const struct scan *s, struct span key, struct span *value)
{
    if (value->n == 0) {
        return fail(s, key, "no value; leave the line out or put '#' before it");
    }
    char quote = value->p[0];
    if (quote != '"' && quote != '\'') {
        return lint_value_kind(*value) == LINT_PLAIN
                   ? ST_OK
                   : fail(s, key, "a value with ';' or '#' needs quotes; comments have own lines");
    }
    struct span inner = span_sub(*value, 1, SIZE_MAX);
    size_t end = span_find(inner, quote);
    if (end == inner.n) {
        return fail(s, key, "the quote is not closed");
    }
    if (end == 0) {
        return fail(s, key, "the quotes are empty");
    }
    if (end + 1 < inner.n) {
        return fail(s, key, "text behind the closing quote");
    }
    *value = span_sub(inner, 0, end);
    return ST_OK;
}

static enum status add_key(struct scan *s, struct span name, struct span value)
{
    if (current(s) == NULL) {
        add_section(s, SPAN_NONE, 0);
    }
    char section[16];
    (void)snprintf(section, sizeof(section), "%u:", (unsigned)s->ini->section_count);
    enum status st = check_new(s, section, name, "key");
    if (st == ST_OK) {
        GROW(s->keys, s->key_cap, s->key_count + 1);
        s->keys[s->key_count++] = (struct ini_key){name, value, s->line};
        s->ini->sections[s->ini->section_count - 1].key_count++;
    }
    return st;
}

static enum status scan_key(struct scan *s, struct span body)
{
    size_t equals = span_find(body, '=');
    if (equals == body.n) {
        return fail(s, SPAN_NONE, "neither a section, nor \"key = value\", nor a comment");
    }
    struct span name = span_trim(span_sub(body, 0, equals));
    struct span value = span_trim(span_sub(body, equals + 1, SIZE_MAX));
    enum status st = check_name(s, name, &key_rule);
    if (st == ST_OK) {
        st = scan_value(s, name, &value);
    }
    return st == ST_OK ? add_key(s, name, value) : st;
}

static enum status scan_line(struct scan *s, struct span line)
{
    struct why why = {0};
    if (line.n > INI_LINE_BYTES) {
        return fail(s, SPAN_NONE, "the line is longer than %d bytes", INI_LINE_BYTES);
    }
    if (lint_characters(line, &why) != ST_OK) {
        return fail(s, SPAN_NONE, "%s", why.text);
    }
    struct span body = span_trim(line);
    if (span_ends(body, "\\")) { /* iniparser joins lines, comments too */
        return fail(s, SPAN_NONE, "a backslash ends the line; put the value in quotes");
    }
    if (body.n == 0 || body.p[0] == '#' || body.p[0] == ';') {
        return ST_OK;
    }
    return body.p[0] == '[' ? scan_section(s, body) : scan_key(s, body);
}

/* Keys of a section stand in a row, since no section comes twice. */
static void hand_out_keys(struct ini *ini, struct ini_key *keys)
{
    for (uint32_t i = 0; i < ini->section_count; i++) {
        ini->sections[i].keys = keys;
        keys += ini->sections[i].key_count;
    }
}

enum status lint_scan(struct ini *ini, struct ini_key **keys, struct span text, struct why *why)
{
    struct scan s = {.ini = ini, .why = why};
    map_init(&s.seen);
    enum status st = ST_OK;
    struct span line;
    while (st == ST_OK && span_next(&text, '\n', &line)) {
        s.line++;
        st = scan_line(&s, line);
    }
    map_release(&s.seen);
    if (s.keys != NULL) {
        hand_out_keys(ini, s.keys);
    }
    *keys = s.keys;
    return st;
}
