/* look.c - one settings file, judged. What is not exactly as `connect` writes it is
 * a fault: a field that we do not know may narrow a hook, or send its question elsewhere.
 */
#include "settings_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

void settings_fault_add(struct settings_look *look, enum settings_fault f, const char *about)
{
    if (!(look->faults & 1u << f)) {
        look->about[f] = about;
    }
    look->faults |= 1u << f;
}

void look_fault(struct look *l, enum settings_fault f, const char *about)
{
    settings_fault_add(l->out, f, about);
}

struct span look_text_at(struct look *l, uint32_t at)
{
    return tape_string(&l->j, at, &l->text);
}

struct span look_text(struct look *l, uint32_t object, const char *key)
{
    return look_text_at(l, tape_get(&l->j, object, key));
}

/* ---- one hook */

bool look_timeout(struct look *l, uint32_t hook, const struct hook_row *row)
{
    int64_t s = 0;
    if (tape_int(&l->j, tape_get(&l->j, hook, "timeout"), &s) == ST_OK &&
        s >= l->kind->terms[row->role].timeout && s <= l->kind->timeout_max) {
        return true;
    }
    look_fault(l, FAULT_SHORT, row->event);
    return false;
}

/* More than ours: "if", "once", "async" and what later versions bring. Fewer: of an older form of
 * ours. */
bool look_fields(struct look *l, uint32_t hook, uint32_t count, const struct hook_row *row)
{
    uint32_t found = tape_count(&l->j, hook);
    if (found != count) {
        look_fault(l, found > count ? FAULT_NARROW : FAULT_SHAPE, row->event);
    }
    return found == count;
}

static bool same_socket(const struct settings_daemon *d, const char *named)
{
    const char *asked = named[0] ? named : d->own_socket;
    return asked && strcmp(asked, d->socket_path) == 0;
}

/* All command hooks of a file run one executable: another in one of them is not of our writing. */
static bool check_self(struct look *l, const char *self, const char *socket)
{
    struct settings_look *out = l->out;
    if (!out->self[0]) {
        (void)snprintf(out->self, sizeof(out->self), "%s", self);
        (void)snprintf(out->socket, sizeof(out->socket), "%s", socket);
    }
    return strcmp(out->self, self) == 0 && strcmp(out->socket, socket) == 0;
}

/* The variables that it sets for itself: these to nothing, and no others. */
static bool check_cleared(struct look *l, uint32_t hook, const struct hook_row *row)
{
    uint32_t env = tape_get(&l->j, hook, "env");
    uint32_t count = 0;
    bool clear = true;
    for (const char *const *name = l->kind->cleared; *name; name++, count++) {
        uint32_t at = tape_get(&l->j, env, *name);
        clear &= tape_type(&l->j, at) == TAPE_STRING && !look_text_at(l, at).n;
    }
    if (clear && (!count || tape_count(&l->j, env) == count)) {
        return true;
    }
    look_fault(l, FAULT_SHAPE, row->event);
    return false;
}

static bool fails_open(const struct look *l, const struct hook_row *row, struct span line)
{
    bool must_block = row->role == ROLE_GATE || row->role == ROLE_GUARD;
    return must_block && !span_ends(line, l->kind->terms[row->role].otherwise);
}

#define COMMAND_MEMBERS 4 /* type, command, timeout and our mark */

static bool check_command(struct look *l, uint32_t hook, const struct hook_row *row)
{
    char self[LOOK_PATH_BYTES];
    char socket[LOOK_PATH_BYTES];
    struct span line = look_text(l, hook, "command");
    l->out->command |= row->role == ROLE_GATE;
    bool fine = look_timeout(l, hook, row);
    fine &= look_fields(l, hook, COMMAND_MEMBERS + (l->kind->cleared[0] != NULL), row);
    fine &= check_cleared(l, hook, row);
    if (!hook_command_read(line, l->kind, row->role, self, socket) ||
        !check_self(l, self, socket)) {
        look_fault(l, fails_open(l, row, line) ? FAULT_FAILS_OPEN : FAULT_SHAPE, row->event);
        return false;
    }
    if (!same_socket(l->daemon, socket)) {
        look_fault(l, FAULT_SOCKET, row->event);
        return false;
    }
    return fine;
}

static bool check_hook(struct look *l, uint32_t hook, const struct hook_row *row)
{
    struct span type = look_text(l, hook, "type");
    if (row->role == ROLE_GATE) {
        l->out->gate = tape_raw(&l->j, hook);
    }
    if (l->kind->rules->http && span_is(type, "http") && row->role != ROLE_COMMAND) {
        return l->kind->rules->http(l, hook, row);
    }
    if (span_is(type, "command")) {
        return check_command(l, hook, row);
    }
    look_fault(l, FAULT_SHAPE, row->event);
    return false;
}

/* ---- all hooks of one event */

/* A group that does not apply to everything hides its hooks from what it leaves out. */
static bool is_wide(struct look *l, uint32_t group)
{
    uint32_t matcher = tape_get(&l->j, group, "matcher");
    struct span pattern = look_text_at(l, matcher);
    bool all = matcher == TAPE_ABSENT ||
               (tape_type(&l->j, matcher) == TAPE_STRING && (!pattern.n || span_is(pattern, "*")));
    return all && tape_count(&l->j, group) == 1u + (matcher != TAPE_ABSENT);
}

static bool look_at_group(struct look *l, uint32_t group, size_t index)
{
    const struct hook_row *row = &l->kind->hooks[index];
    uint32_t hooks = tape_get(&l->j, group, "hooks");
    bool whole = true;
    for (uint32_t at = tape_first(&l->j, hooks); at != TAPE_ABSENT;
         at = tape_next(&l->j, hooks, at)) {
        buf_clear(&l->text);
        if (!span_is(look_text(l, at, l->kind->mark_key), OUR_MARK)) {
            continue;
        }
        l->ours[index]++;
        whole &= check_hook(l, at, row);
        if (!is_wide(l, group)) {
            look_fault(l, FAULT_NARROW, row->event);
            whole = false;
        }
    }
    return whole;
}

static void look_at_event(struct look *l, uint32_t all, size_t index)
{
    uint32_t groups = tape_get(&l->j, all, l->kind->hooks[index].event);
    bool whole = true;
    for (uint32_t at = tape_first(&l->j, groups); at != TAPE_ABSENT;
         at = tape_next(&l->j, groups, at)) {
        whole &= look_at_group(l, at, index);
    }
    l->out->marked += l->ours[index];
    if (l->ours[index] > 1) {
        look_fault(l, FAULT_TWICE, l->kind->hooks[index].event);
    }
    if (l->ours[index] == 1 && whole) {
        l->out->whole |= 1u << index;
    }
}

static void look_at_hooks(struct look *l)
{
    uint32_t all = tape_get(&l->j, TAPE_ROOT, "hooks");
    for (size_t i = 0; i < l->kind->hook_count; i++) {
        look_at_event(l, all, i);
    }
    for (size_t i = 0; l->out->marked && i < l->kind->hook_count;
         i++) { /* a file that never had them lacks nothing */
        if (!l->ours[i]) {
            look_fault(l, FAULT_MISSING, l->kind->hooks[i].event);
        }
    }
}

bool settings_whole(const struct settings_look *look)
{
    return look->all && look->whole == look->all;
}

void settings_look_at(const struct settings_kind *k, struct span text,
                      const struct settings_daemon *d, struct settings_look *out)
{
    struct look l = {.out = out, .kind = k, .daemon = d};
    *out = (struct settings_look){.all = (1u << k->hook_count) - 1};
    if (!span_trim(text).n) {
        return;
    }
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    buf_init(&l.text, SETTINGS_BYTES);
    (void)buf_reserve(&l.text, SETTINGS_BYTES); /* so that what is in it never moves */
    if (tape_parse(&l.j, text, TAPE_STRICT, tokens, SETTINGS_TOKENS) != ST_OK ||
        tape_type(&l.j, TAPE_ROOT) != TAPE_OBJECT) {
        look_fault(&l, FAULT_UNREADABLE, "");
    } else {
        look_at_hooks(&l);
        k->rules->rest(&l);
    }
    if (buf_status(&l.text) != ST_OK) {
        look_fault(&l, FAULT_UNREADABLE, "");
    }
    buf_wipe(&l.text); /* a token was among it */
    free(tokens);
}
