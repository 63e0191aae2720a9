#include "checkrein/conf.h"

#include <string.h>

#include "lint_priv.h"
#include "named_priv.h"
#include "option_priv.h"

#define VALUE_BYTES 4096 /* an option's text before its line is measured */

/* "" when none is needed, NULL when none helps. */
static const char *quote_for(struct span value)
{
    if (lint_value_kind(value) == LINT_PLAIN) {
        return "";
    }
    if (span_find(value, '"') == value.n) {
        return "\"";
    }
    return span_find(value, '\'') == value.n ? "'" : NULL;
}

/* "key = value" as the lint takes it back. */
static enum status print_pair(struct buf *out, const char *key, struct span value)
{
    const char *quote = quote_for(value);
    size_t start = out->len;
    if (quote == NULL || lint_characters(value, NULL) != ST_OK) {
        return ST_INVALID;
    }
    (void)buf_printf(out, "%s = %s%.*s%s", key, quote, SPAN_ARG(value), quote);
    if (out->len - start > INI_LINE_BYTES) {
        return ST_INVALID;
    }
    (void)buf_addch(out, '\n');
    return buf_status(out);
}

static enum status print_option(struct buf *out, const struct option_info *o, const void *slot)
{
    struct buf text;
    buf_init(&text, VALUE_BYTES);
    option_write(o, slot, &text);
    enum status st = buf_status(&text) == ST_OK ? ST_OK : ST_INVALID;
    (void)buf_printf(out, "# %s\n", o->help);
    if (st == ST_OK && text.len == 0) {
        st = buf_printf(out, "# %s =\n", o->name);
    } else if (st == ST_OK) {
        st = print_pair(out, o->name, buf_span(&text));
    }
    buf_release(&text);
    return st;
}

static enum status print_options(struct buf *out, const struct conf *c)
{
    const struct option_info *options = conf_options();
    const char *section = "";
    enum status st = ST_OK;
    for (size_t i = 0; options[i].name != NULL && st == ST_OK; i++) {
        if (strcmp(section, options[i].section) != 0) {
            (void)buf_printf(out, "%s[%s]\n", i > 0 ? "\n" : "", options[i].section);
            section = options[i].section;
        }
        st = print_option(out, &options[i], option_value(c, i));
    }
    return st;
}

static enum status print_named(struct buf *out, const struct named_kind *k, const void *it,
                               const char *name)
{
    size_t at = 0;
    const char *key;
    const char *value;
    enum status st = buf_printf(out, "\n[%s%s]\n", k->word, name);
    while (st == ST_OK && named_next(k, it, &at, &key, &value)) {
        if (value != NULL) {
            st = print_pair(out, key, span_str(value));
        }
    }
    return st;
}

static enum status print_bindings(struct buf *out, const struct conf *c)
{
    enum status st = buf_addstr(out, "\n[keys]\n");
    for (uint32_t i = 0; i < c->binding_count && st == ST_OK; i++) {
        st = print_pair(out, c->bindings[i].action, span_str(c->bindings[i].keys));
    }
    return st;
}

enum status conf_print(const struct conf *c, struct buf *out)
{
    enum status st = print_options(out, c);
    for (uint32_t i = 0; i < c->backend_count && st == ST_OK; i++) {
        st = print_named(out, &NAMED_BACKEND, &c->backends[i], c->backends[i].name);
    }
    for (uint32_t i = 0; i < c->upstream_count && st == ST_OK; i++) {
        st = print_named(out, &NAMED_UPSTREAM, &c->upstreams[i], c->upstreams[i].name);
    }
    return st == ST_OK ? print_bindings(out, c) : st;
}
