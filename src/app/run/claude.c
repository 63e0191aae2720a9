/* claude.c - Claude Code behind the gate for one run: its hooks come by `--settings`, a file that
 * is private to the run, so that no settings of the user's or of a project are touched. What would
 * switch these hooks off is looked for first, and refused by name: see docs/drivers/claude.md.
 */
#include "run_priv.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "../connect/connect_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/file.h"

/* ---- what would switch them off */

static const struct {
    const char *word, *why;
} REFUSED_OPTIONS[] = {
    {"--bare",      "the client runs no hooks with it"},
    {"--safe-mode", "the client runs no hooks with it"},
};

static enum status options_are_fit(const struct run_plan *p, struct why *why)
{
    for (int i = 1; i < p->argc; i++) {
        for (size_t n = 0; n < ARRAY_LEN(REFUSED_OPTIONS); n++) {
            if (strcmp(p->argv[i], REFUSED_OPTIONS[n].word) == 0) {
                return why_fail(why, ST_DENIED, "%s: %s, so its calls would not be held",
                                p->argv[i], REFUSED_OPTIONS[n].why);
            }
        }
    }
    return ST_OK;
}

/* What says of hooks, in one settings file. */
struct switches {
    bool off, machine_only, ours;
};

/* What we cannot read the client may: with a key twice, the last counts there. */
static enum status read_switches(struct span text, const char *where, struct switches *out,
                                 struct why *why)
{
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    struct tape j;
    enum status st = ST_OK;
    *out = (struct switches){0};
    text = span_trim(text);
    if (text.n && tape_parse(&j, text, TAPE_REPAIR, tokens, SETTINGS_TOKENS) != ST_OK) {
        st = why_fail(why, ST_DENIED,
                      "%s: %s at byte %u, so whether it switches the gate off is not known", where,
                      j.error ? j.error : "broken", j.error_at);
    } else if (text.n) {
        out->off = tape_bool(&j, tape_get(&j, TAPE_ROOT, "disableAllHooks"), false);
        out->machine_only = tape_bool(&j, tape_get(&j, TAPE_ROOT, "allowManagedHooksOnly"), false);
        out->ours = memmem(text.p, text.n, OUR_MARK, sizeof(OUR_MARK) - 1) != NULL;
    }
    free(tokens);
    return st == ST_OK && out->off
               ? why_fail(
                     why, ST_DENIED,
                     "%s: \"disableAllHooks\" switches the gate off; take it out, or run it elsewhere",
                     where)
               : st;
}

static enum status drops_ours(const char *where, struct why *why)
{
    return why_fail(why, ST_DENIED,
                    "%s: \"allowManagedHooksOnly\" drops the gate of a run; put the gate there",
                    where);
}

static enum status text_is_fit(struct span text, const char *where, struct why *why)
{
    struct switches s;
    enum status st = read_switches(text, where, &s, why);
    return st == ST_OK && s.machine_only && !s.ours ? drops_ours(where, why) : st;
}

static enum status read_settings(const char *path, struct buf *b, struct why *why)
{
    struct why fault = {0};
    enum status st = file_read(path, b, &fault);
    return st == ST_OK || st == ST_NOTFOUND
               ? ST_OK
               : why_fail(why, ST_DENIED, "%s, so whether it switches the gate off is not known",
                          fault.text);
}

static enum status file_is_fit(const char *path, struct why *why)
{
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    enum status st = read_settings(path, &b, why);
    if (st == ST_OK) {
        st = text_is_fit(buf_span(&b), path, why);
    }
    buf_release(&b);
    return st;
}

/* The machine's files count as one: ours may stand in one of them, and the lock in another. */
struct machine {
    bool ours;
    char *locked; /* the file that has the lock; NULL: none */
};

static enum status look_at_machine(const char *path, void *arg, struct why *why)
{
    struct machine *m = arg;
    struct switches s = {0};
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    enum status st = read_settings(path, &b, why);
    if (st == ST_OK) {
        st = read_switches(buf_span(&b), path, &s, why);
    }
    if (s.machine_only && !m->locked) {
        m->locked = xstrdup(path);
    }
    m->ours |= s.ours;
    buf_release(&b);
    return st;
}

static enum status machine_is_fit(struct why *why)
{
    struct machine m = {0};
    enum status st = claude_machine_each(look_at_machine, &m, why);
    if (st == ST_OK && m.locked && !m.ours) {
        st = drops_ours(m.locked, why);
    }
    free(m.locked);
    return st;
}

static enum status folder_is_fit(const char *folder, struct why *why)
{
    static const char *const NAMES[] = {".claude/settings.json", ".claude/settings.local.json"};
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(NAMES); i++) {
        char *path = path_join(strcmp(folder, "/") == 0 ? "" : folder, NAMES[i]);
        st = file_is_fit(path, why);
        free(path);
    }
    return st;
}

/* Of the folder that it works in and of those above it. */
static enum status project_is_fit(const char *cwd, struct why *why)
{
    char *folder = xstrdup(cwd);
    enum status st = folder_is_fit(folder, why);
    for (char *slash = strrchr(folder, '/'); st == ST_OK && slash; slash = strrchr(folder, '/')) {
        *slash = '\0';
        st = folder_is_fit(*folder ? folder : "/", why);
    }
    free(folder);
    return st;
}

static enum status user_is_fit(struct why *why)
{
    const char *dir = env_or("CLAUDE_CONFIG_DIR", NULL);
    char *path = dir ? path_join(dir, "settings.json")
                     : path_join(env_or("HOME", "/"), ".claude/settings.json");
    enum status st = file_is_fit(path, why);
    free(path);
    return st;
}

/* ---- settings that were given by hand: the client takes one `--settings` only, so ours holds them
 * too */

static enum status take_settings(struct run_plan *p, const char *value, struct why *why)
{
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    enum status st = ST_OK;
    struct span text = span_trim(span_str(value));
    if (text.n && text.p[0] == '{') {
        buf_add(&b, text);
    } else {
        st = file_read(value, &b, why);
    }
    if (st == ST_OK) {
        free(p->settings);
        p->settings = xstrndup(b.data, b.len);
        st = text_is_fit(span_str(p->settings), "--settings", why);
    }
    buf_release(&b);
    return st;
}

/* Takes `--settings X` and `--settings=X` out of the command line. */
static enum status take_options(struct run_plan *p, struct why *why)
{
    static const char OPTION[] = "--settings";
    int kept = 1;
    enum status st = ST_OK;
    for (int i = 1; st == ST_OK && i < p->argc; i++) {
        const char *word = p->argv[i];
        if (strcmp(word, OPTION) == 0 && i + 1 < p->argc) {
            st = take_settings(p, p->argv[++i], why);
        } else if (strncmp(word, OPTION, sizeof(OPTION) - 1) == 0 &&
                   word[sizeof(OPTION) - 1] == '=') {
            st = take_settings(p, word + sizeof(OPTION), why);
        } else {
            p->argv[kept++] = word;
        }
    }
    p->argc = kept;
    p->argv[kept] = NULL;
    return st;
}

static void insert_settings(struct run_plan *p)
{
    p->settings_path = path_join(p->folder, "settings.json");
    memmove(&p->argv[3], &p->argv[1], (size_t)p->argc * sizeof(*p->argv));
    p->argv[1] = "--settings";
    p->argv[2] = p->settings_path;
    p->argc += 2;
}

enum status claude_prepare(struct run_plan *p, struct why *why)
{
    client_version(p->argv[0], p->version, sizeof(p->version));
    enum status st = options_are_fit(p, why);
    if (st == ST_OK) {
        st = take_options(p, why);
    }
    if (st == ST_OK) {
        st = machine_is_fit(why);
    }
    if (st == ST_OK) {
        st = user_is_fit(why);
    }
    if (st == ST_OK) {
        st = project_is_fit(p->cwd, why);
    }
    if (st == ST_OK) {
        insert_settings(p);
    }
    return st;
}

enum status claude_write(const struct run_plan *p, int hook_port, struct why *why)
{
    struct buf token;
    struct buf out;
    buf_init(&token, 256);
    buf_init(&out, SETTINGS_BYTES);
    enum status st = file_read_secret(p->token_path, &token, why);
    if (st == ST_OK) {
        struct claude_gate gate = {.self = p->self,
                                   .socket_path = p->socket_path,
                                   .port = hook_port,
                                   .token = span_trim(buf_span(&token)),
                                   .version = span_str(p->version)};
        st = claude_settings_add(span_str(p->settings), &gate, &out, why);
    }
    if (st == ST_OK) {
        st = run_lease_settle(p, &out, why);
    }
    if (st == ST_OK) {
        st = file_replace(p->settings_path, buf_span(&out), 0600, why);
    }
    buf_wipe(&token);
    buf_wipe(&out);
    return st;
}
