/* From key to action. */
#include <string.h>

#include "keys_priv.h"

#define BIND_MAX     16 /* keys in one binding */
#define NO_KEY       KEY_NAMED(KEYN_NONE)
#define OTHERS_BYTES 128

static const struct keymap_entry *find(const struct keymap *m, uint16_t context, uint32_t key)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->entry[i].key == key && m->entry[i].context == context) {
            return &m->entry[i];
        }
    }
    return NULL;
}

static enum status refuse_taken(const struct keymap *m, const struct keymap_entry *taken,
                                struct why *why)
{
    char name[KEY_NAME_BYTES];
    char others[OTHERS_BYTES];
    key_text(taken->key, name);
    keymap_keys(m, taken->context, taken->action, others, sizeof(others));
    return why_fail(why, ST_EXISTS, "the key %s is bound already, as one of: %s", name, others);
}

/* The keys of a binding that are new to the map; nothing is changed yet. */
struct wanted {
    uint32_t key[BIND_MAX];
    uint32_t count;
};

static bool is_wanted(const struct wanted *w, uint32_t key)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->key[i] == key) {
            return true;
        }
    }
    return false;
}

static enum status want(struct wanted *w, const struct keymap *m, struct keymap_entry entry,
                        struct why *why)
{
    const struct keymap_entry *taken = find(m, entry.context, entry.key);
    if (taken != NULL && taken->action != entry.action) {
        return refuse_taken(m, taken, why);
    }
    if (entry.key == NO_KEY || taken != NULL || is_wanted(w, entry.key)) {
        return ST_OK;
    }
    if (w->count == BIND_MAX || m->count + w->count == KEYMAP_MAX) {
        return why_fail(why, ST_LIMIT, "too many keys");
    }
    w->key[w->count++] = entry.key;
    return ST_OK;
}

static enum status want_all(struct wanted *w, const struct keymap *m, struct keymap_entry entry,
                            struct span keys, struct why *why)
{
    struct span name;
    bool any = false;
    while (span_next(&keys, ' ', &name)) {
        if (name.n == 0) {
            continue;
        }
        if (key_parse(name, &entry.key) != ST_OK) {
            return why_fail(why, ST_INVALID, "\"%.*s\" is no key", (int)(name.n < 40 ? name.n : 40),
                            name.p);
        }
        enum status st = want(w, m, entry, why);
        if (st != ST_OK) {
            return st;
        }
        any = true;
    }
    return any ? ST_OK : why_fail(why, ST_INVALID, "no key is named (\"none\" binds none)");
}

enum status keymap_bind(struct keymap *m, uint16_t context, struct span keys, uint16_t action,
                        struct why *why)
{
    struct wanted wanted = {.count = 0};
    struct keymap_entry entry = {.context = context, .action = action};
    enum status st = want_all(&wanted, m, entry, keys, why);
    if (st != ST_OK) {
        return st;
    }
    for (uint32_t i = 0; i < wanted.count; i++) {
        entry.key = wanted.key[i];
        m->entry[m->count++] = entry;
    }
    return ST_OK;
}

void keymap_unbind(struct keymap *m, uint16_t context, uint16_t action)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->entry[i].context != context || m->entry[i].action != action) {
            m->entry[kept++] = m->entry[i];
        }
    }
    m->count = kept;
}

int keymap_find(const struct keymap *m, uint16_t context, uint32_t key)
{
    key = key_normal(key);
    const struct keymap_entry *entry = find(m, context, key);
    if (entry == NULL) {
        entry = find(m, 0, key);
    }
    return entry == NULL ? -1 : entry->action;
}

size_t keymap_keys(const struct keymap *m, uint16_t context, uint16_t action, char *out,
                   size_t out_bytes)
{
    size_t at = 0;
    if (out_bytes == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        char name[KEY_NAME_BYTES];
        if (m->entry[i].context != context || m->entry[i].action != action) {
            continue;
        }
        key_text(m->entry[i].key, name);
        size_t n = strlen(name);
        size_t blank = at > 0;
        if (at + blank + n >= out_bytes) {
            break;
        }
        if (blank != 0) {
            out[at++] = ' ';
        }
        memcpy(out + at, name, n);
        at += n;
    }
    out[at] = '\0';
    return at;
}
