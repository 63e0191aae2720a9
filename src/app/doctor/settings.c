/* settings.c - the client, and its settings in every scope: do they hold the gate, and does
 * anything beside them work against it?
 */
#include "doctor_priv.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"

static const char *const SCOPE_NAMES[] = {"managed", "user", "project"};

/* What to do about each fault; for the others: connect again. */
static const char *const REMEDY[FAULT_COUNT] = {
    [FAULT_UNREADABLE] = "repair the file: the client may ignore it as a whole",
    [FAULT_DISABLED] = "take that line out",
    [FAULT_MANAGED_ONLY] = "connect --scope managed, or take that line out",
    [FAULT_URLS] = "add the daemon's address to that list, or take it out",
    [FAULT_ENVIRONMENT] = "take that variable out, unless you know that it leads to nobody else",
    [FAULT_TELEMETRY] = "take it out and connect again, to see what agents spend",
};

void check_client(struct doctor *d)
{
    if (d->given_version) {
        (void)span_copy(span_str(d->given_version), d->version, sizeof(d->version));
    } else {
        client_version(d->binary ? d->binary : "claude", d->version, sizeof(d->version));
    }
    if (!d->version[0]) {
        found(d, "client", LEVEL_WARN, "name it with --binary",
              "Claude Code is not found here, so its version is not known");
    } else if (claude_http_fails_closed(span_str(d->version))) {
        found(d, "client", LEVEL_OK, NULL, "Claude Code %s: its HTTP hooks can fail closed",
              d->version);
    } else {
        found(d, "client", LEVEL_OK, NULL, "Claude Code %s: only command hooks fail closed",
              d->version);
    }
}

/* ---- finding the files */

static void add_file(struct doctor *d, const struct settings_scope *scope, char *path)
{
    struct settings_file *f = &d->files[d->file_count++];
    struct settings_daemon daemon = {.port = d->port,
                                     .token = buf_span(&d->token),
                                     .socket_path = d->socket_path,
                                     .own_socket = d->own_socket};
    *f = (struct settings_file){.scope = scope, .path = path};
    buf_init(&f->text, SETTINGS_BYTES);
    enum status st = file_read(path, &f->text, NULL);
    f->there = st != ST_NOTFOUND;
    f->unread = f->there && st != ST_OK;
    settings_look_claude(buf_span(&f->text), &daemon, &f->look);
}

static char *committed_settings(void)
{
    char *local = connect_scope("claude", "project")->path();
    char *slash = strrchr(local, '/');
    *slash = '\0';
    char *path = path_join(local, "settings.json");
    free(local);
    return path;
}

static void find_files(struct doctor *d)
{
    for (size_t i = 0; i < ARRAY_LEN(SCOPE_NAMES); i++) {
        const struct settings_scope *scope = connect_scope("claude", SCOPE_NAMES[i]);
        add_file(d, scope, scope->path());
    }
    char *committed = committed_settings();
    for (size_t i = 0; i < d->file_count; i++) {
        if (strcmp(d->files[i].path, committed) == 0) {
            free(committed);
            return;
        }
    }
    add_file(d, NULL, committed);
}

/* ---- one file */

static bool is_machine(const struct settings_file *f)
{
    return f->scope && f->scope->who == SCOPE_MACHINE;
}

static const char *name_of(const struct settings_file *f)
{
    return f->scope ? f->scope->name : "project";
}

static void todo_of(const struct settings_file *f, enum settings_fault fault, char *out,
                    size_t bytes)
{
    if (REMEDY[fault]) {
        (void)snprintf(out, bytes, "%s", REMEDY[fault]);
    } else {
        (void)snprintf(out, bytes, "checkrein connect claude --scope %s", name_of(f));
    }
}

/* The lock of managed settings is no fault where it locks our hooks in. */
static uint32_t faults_of(const struct settings_file *f)
{
    uint32_t faults = f->look.faults;
    return is_machine(f) && settings_whole(&f->look) ? faults & ~(1u << FAULT_MANAGED_ONLY)
                                                     : faults;
}

/* A user's proxy may well spare this machine; in a project's settings it leads the next client's hooks away. Where the
 * machine's hold, they clear what counts for them. */
static enum finding_level level_of(const struct doctor *d, const struct settings_file *f, enum settings_fault fault)
{
    bool soft = (f->scope && f->scope->who == SCOPE_PRIVATE) || (d->in_force && is_machine(d->in_force));
    return fault == FAULT_TELEMETRY || (fault == FAULT_ENVIRONMENT && soft) ? LEVEL_WARN : LEVEL_FAIL;
}

static void tell_faults(struct doctor *d, const struct settings_file *f)
{
    uint32_t faults = faults_of(f);
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        char words[160];
        char todo[160];
        if (!(faults & 1u << i)) {
            continue;
        }
        fault_words((enum settings_fault)i, f->look.about[i], words, sizeof(words));
        todo_of(f, (enum settings_fault)i, todo, sizeof(todo));
        found(d, f->scope ? f->scope->finding : "settings.project",
              level_of(d, f, (enum settings_fault)i), todo, "%s: %s", f->path, words);
    }
}

static void check_mode(struct doctor *d, const struct settings_file *f)
{
    struct stat sb;
    if (!f->look.token_inside || stat(f->path, &sb) != 0) {
        return;
    }
    if (sb.st_mode & 077) {
        found(d, "settings.mode", LEVEL_FAIL,
              "chmod 600, and make a new token: others may have read it",
              "%s holds the token and is open to others (mode %04o)", f->path,
              (unsigned)(sb.st_mode & 07777));
    }
    if (f->scope && f->scope->who == SCOPE_SHARED && git_would_commit(f->path)) {
        found(d, "settings.token", LEVEL_FAIL,
              "checkrein connect claude --scope project puts hooks without a token there",
              "%s holds the token, and git would commit it", f->path);
    }
}

/* What the file makes of the version that is installed. */
static void check_form(struct doctor *d, const struct settings_file *f)
{
    if (!f->look.http || claude_http_fails_closed(span_str(d->version))) {
        return;
    }
    if (d->version[0]) {
        found(d, "settings.form", LEVEL_FAIL, "checkrein connect claude",
              "%s: HTTP hooks, and Claude Code %s lets calls run when they fail", f->path,
              d->version);
    } else {
        found(d, "settings.form", LEVEL_WARN, "name the client with --binary",
              "%s: HTTP hooks, which fail closed from 2.1.295 on only", f->path);
    }
}

static void check_program(struct doctor *d, const struct settings_file *f)
{
    if (!f->look.self[0]) {
        return;
    }
    if (access(f->look.self, X_OK) != 0) {
        found(d, "settings.program", LEVEL_FAIL, "install checkrein there, or connect again",
              "%s runs %s: %s", f->path, f->look.self, err_text(errno));
    } else if (is_machine(f) && !only_root_writes(f->look.self)) {
        found(d, "settings.program", LEVEL_WARN,
              "install checkrein where only root writes, and connect again from there",
              "%s can be changed by somebody else than root, and the managed hooks run it",
              f->look.self);
    }
}

static void check_file(struct doctor *d, const struct settings_file *f)
{
    if (f->unread) {
        found(d, "settings", LEVEL_FAIL, "make it readable for this user", "%s cannot be read",
              f->path);
        return;
    }
    if (!f->there) {
        return;
    }
    if (settings_whole(&f->look)) {
        found(d, f->scope ? f->scope->finding : "settings.project", LEVEL_OK, NULL,
              "%s: %s, all hooks, as they must be", f->path,
              f->look.http ? "HTTP hooks" : "command hooks");
    }
    tell_faults(d, f);
    check_mode(d, f);
    check_form(d, f);
    check_program(d, f);
}

/* ---- all of them */

static bool managed_only(const struct doctor *d)
{
    for (size_t i = 0; i < d->file_count; i++) {
        if (is_machine(&d->files[i]) && d->files[i].look.faults & 1u << FAULT_MANAGED_ONLY) {
            return true;
        }
    }
    return false;
}

/* Managed hooks hold against what other files say; others hold while none of them says no. */
static void choose_in_force(struct doctor *d)
{
    const uint32_t OFF = 1u << FAULT_DISABLED | 1u << FAULT_UNREADABLE;
    bool off = managed_only(d);
    for (size_t i = 0; i < d->file_count; i++) {
        const struct settings_file *f = &d->files[i];
        if (is_machine(f) && settings_whole(&f->look) && !(faults_of(f) & OFF)) {
            d->in_force = f;
            return;
        }
        off = off || (f->look.faults & OFF);
    }
    for (size_t i = 0; !off && !d->in_force && i < d->file_count; i++) {
        if (settings_whole(&d->files[i].look)) {
            d->in_force = &d->files[i];
        }
    }
}

/* The client asks identical hooks once, and others each: the second question about an open call is
 * refused. */
static void check_copies(struct doctor *d)
{
    const struct settings_file *first = NULL;
    for (size_t i = 0; !managed_only(d) && i < d->file_count; i++) {
        const struct settings_file *f = &d->files[i];
        if (!f->look.gate.n) {
            continue;
        }
        if (first && !span_eq(first->look.gate, f->look.gate)) {
            found(d, "settings.copies", LEVEL_FAIL,
                  "take one out: checkrein connect claude --scope ... --remove",
                  "%s and %s ask in different ways: each call is asked twice, and refused",
                  first->path, f->path);
        }
        first = first ? first : f;
    }
}

void check_settings(struct doctor *d)
{
    find_files(d);
    choose_in_force(d);
    for (size_t i = 0; i < d->file_count; i++) {
        check_file(d, &d->files[i]);
    }
    check_copies(d);
    if (d->in_force) {
        found(d, "settings", LEVEL_OK, NULL, "what holds here: the %s settings",
              name_of(d->in_force));
    } else {
        found(d, "settings", LEVEL_FAIL, "checkrein connect claude",
              "no settings hold the gate here: calls are not asked for");
    }
}
