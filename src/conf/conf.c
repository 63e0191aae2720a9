#include "checkrein/conf.h"

#include <stdlib.h>

#include "checkrein/alloc.h"
#include "named_priv.h"
#include "option_priv.h"

static void free_named(struct conf *c)
{
    for (uint32_t i = 0; i < c->backend_count; i++) {
        named_release(&NAMED_BACKEND, &c->backends[i]);
    }
    for (uint32_t i = 0; i < c->upstream_count; i++) {
        named_release(&NAMED_UPSTREAM, &c->upstreams[i]);
    }
    free(c->backends);
    free(c->upstreams);
}

static void free_bindings(struct conf *c)
{
    for (uint32_t i = 0; i < c->binding_count; i++) {
        free(c->bindings[i].action);
        free(c->bindings[i].keys);
    }
    free(c->bindings);
}

void conf_defaults(struct conf *c)
{
    *c = (struct conf){0};
    const struct option_info *options = conf_options();
    for (size_t i = 0; options[i].name != NULL; i++) {
        struct span fallback = span_str(options[i].fallback);
        if (option_read(&options[i], fallback, option_slot(c, i), NULL) != ST_OK) {
            abort(); /* a row that refuses its own default: the table is wrong */
        }
    }
}

void conf_release(struct conf *c)
{
    const struct option_info *options = conf_options();
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (option_is_text(&options[i])) {
            free(*(char **)option_slot(c, i));
        }
    }
    free_named(c);
    free_bindings(c);
    free(c->path);
    *c = (struct conf){0};
}

struct reading {
    const struct ini *ini;
    struct conf *conf; /* not yet in force */
    struct why *why;
};

static enum status read_option(const struct reading *r, const struct ini_section *s,
                               const struct ini_key *k)
{
    const struct option_info *options = conf_options();
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (span_is(s->name, options[i].section) && span_is(k->name, options[i].name)) {
            struct why why = {0};
            return option_read(&options[i], k->value, option_slot(r->conf, i), &why) == ST_OK
                       ? ST_OK
                       : ini_fail(r->ini, s, k, r->why, "%s", why.text);
        }
    }
    return ini_fail(r->ini, s, k, r->why, "there is no such option");
}

static enum status read_options(const struct reading *r, const struct ini_section *s)
{
    enum status st = ST_OK;
    for (uint32_t i = 0; i < s->key_count && st == ST_OK; i++) {
        st = read_option(r, s, &s->keys[i]);
    }
    return st;
}

static enum status read_backend(const struct reading *r, const struct ini_section *s)
{
    struct conf *c = r->conf;
    struct conf_backend backend;
    enum status st = named_read(&NAMED_BACKEND, &backend, r->ini, s, r->why);
    if (st == ST_OK) {
        c->backends = xreallocarray(c->backends, c->backend_count + (size_t)1, sizeof(backend));
        c->backends[c->backend_count++] = backend;
    }
    return st;
}

static enum status read_upstream(const struct reading *r, const struct ini_section *s)
{
    struct conf *c = r->conf;
    struct conf_upstream upstream;
    enum status st = named_read(&NAMED_UPSTREAM, &upstream, r->ini, s, r->why);
    if (st == ST_OK) {
        c->upstreams = xreallocarray(c->upstreams, c->upstream_count + (size_t)1, sizeof(upstream));
        c->upstreams[c->upstream_count++] = upstream;
    }
    return st;
}

/* Any action: the program's action table, which we do not see, knows which there are. */
static enum status read_bindings(const struct reading *r, const struct ini_section *s)
{
    struct conf *c = r->conf;
    c->bindings = xcalloc(s->key_count + (size_t)1, sizeof(*c->bindings));
    for (uint32_t i = 0; i < s->key_count; i++) {
        const struct ini_key *k = &s->keys[i];
        c->bindings[i] = (struct conf_binding){
            .action = xstrndup(k->name.p, k->name.n),
            .keys = xstrndup(k->value.p, k->value.n),
            .line = k->line,
        };
    }
    c->binding_count = s->key_count;
    return ST_OK;
}

static enum status read_section(const struct reading *r, const struct ini_section *s)
{
    static const struct {
        const char *name;
        enum status (*read)(const struct reading *r, const struct ini_section *s);
    } sections[] = {
        {"console", read_options },
        {"serve",   read_options },
        {"keys",    read_bindings},
    };
    if (s->name.n == 0) {
        return ini_fail(r->ini, s, s->keys, r->why, "stands before the first [section]");
    }
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (span_is(s->name, sections[i].name)) {
            return sections[i].read(r, s);
        }
    }
    if (span_starts(s->name, NAMED_BACKEND.word)) {
        return read_backend(r, s);
    }
    if (span_starts(s->name, NAMED_UPSTREAM.word)) {
        return read_upstream(r, s);
    }
    return ini_fail(r->ini, s, NULL, r->why,
                    "there is no such section; there are [console], [serve], [backend NAME], "
                    "[upstream NAME], [keys]");
}

enum status conf_load(struct conf *c, const char *path, struct why *why)
{
    struct ini ini;
    enum status st = ini_load(&ini, path, why);
    if (st != ST_OK) {
        return st;
    }
    struct conf fresh;
    conf_defaults(&fresh);
    fresh.path = xstrdup(path);
    const struct reading r = {&ini, &fresh, why};
    for (uint32_t i = 0; i < ini.section_count && st == ST_OK; i++) {
        st = read_section(&r, &ini.sections[i]);
    }
    ini_release(&ini);
    if (st == ST_OK) {
        conf_release(c);
        *c = fresh;
    } else {
        conf_release(&fresh);
    }
    return st;
}
