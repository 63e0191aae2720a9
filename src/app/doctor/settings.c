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
    [FAULT_NAMED] = "take that name out",
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
        client_version(d->binary ? d->binary : d->runtime->kind->runtime, d->version,
                       sizeof(d->version));
    }
    if (!d->version[0]) {
        found(d, "client", LEVEL_WARN, "name it with --binary",
              "%s is not found here, so its version is not known", d->runtime->called);
    } else {
        d->runtime->tell_client(d);
    }
}

void check_besides(struct doctor *d)
{
    if (d->runtime->check_besides) {
        d->runtime->check_besides(d);
    }
}

/* ---- finding the files */

static bool is_machine(const struct settings_file *f)
{
    return f->scope && f->scope->who == SCOPE_MACHINE;
}

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
    f->skipped =
        f->there && is_machine(f) && d->runtime->machine_is_roots && !only_root_writes(path);
    if (f->skipped) {
        buf_clear(&f->text);
    }
    settings_look_at(d->runtime->kind, buf_span(&f->text), &daemon, &f->look);
}

static bool is_known(const struct doctor *d, const char *path)
{
    for (size_t i = 0; i < d->file_count; i++) {
        if (strcmp(d->files[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* In the user's own folder, a project's file may be the user's. */
static void add_new(struct doctor *d, const struct settings_scope *scope, char *path)
{
    if (is_known(d, path)) {
        free(path);
    } else {
        add_file(d, scope, path);
    }
}

static enum status add_machine(const char *path, void *arg, struct why *why)
{
    struct doctor *d = arg;
    if (d->file_count == FILES_MAX) {
        return why_fail(why, ST_LIMIT, "more files of settings than are looked at here: from %s on",
                        path);
    }
    add_new(d, connect_scope(d->runtime->kind->runtime, "managed"), xstrdup(path));
    return ST_OK;
}

static void find_files(struct doctor *d)
{
    struct why why = {0};
    for (size_t i = 0; i < ARRAY_LEN(SCOPE_NAMES); i++) {
        const struct settings_scope *scope =
            connect_scope(d->runtime->kind->runtime, SCOPE_NAMES[i]);
        if (scope) {
            add_new(d, scope, scope->path());
        }
    }
    if (d->runtime->other_file) {
        add_new(d, NULL, d->runtime->other_file());
    }
    if (d->runtime->machine_each && d->runtime->machine_each(add_machine, d, &why) != ST_OK) {
        found(d, "settings.managed", LEVEL_FAIL, "look at it by hand", "%s", why.text);
    }
}

/* ---- one file */

static const char *name_of(const struct settings_file *f)
{
    return f->scope ? f->scope->name : "project";
}

static const char *finding_of(const struct settings_file *f)
{
    return f->scope ? f->scope->finding : "settings.project";
}

static void todo_of(const struct doctor *d, const struct settings_file *f,
                    enum settings_fault fault, char *out, size_t bytes)
{
    if (REMEDY[fault]) {
        (void)snprintf(out, bytes, "%s", REMEDY[fault]);
    } else {
        (void)snprintf(out, bytes, "%s --scope %s", d->again, name_of(f));
    }
}

/* The client puts the machine's files together: our hooks may stand in one of them. */
static bool machine_is_whole(const struct doctor *d)
{
    for (size_t i = 0; i < d->file_count; i++) {
        if (is_machine(&d->files[i]) && settings_whole(&d->files[i].look)) {
            return true;
        }
    }
    return false;
}

/* The lock of managed settings is no fault where it locks our hooks in. */
static uint32_t faults_of(const struct doctor *d, const struct settings_file *f)
{
    uint32_t faults = f->look.faults;
    return is_machine(f) && machine_is_whole(d) ? faults & ~(1u << FAULT_MANAGED_ONLY) : faults;
}

/* What the machine's settings win against, where they hold. */
static bool is_overruled(const struct doctor *d, const struct settings_file *f,
                         enum settings_fault fault)
{
    return d->in_force && d->in_force != f && is_machine(d->in_force) &&
           d->in_force->look.keeps_on && d->runtime->overruled & 1u << fault;
}

/* A user's proxy may well spare this machine; in a project's settings it leads the next client's
 * hooks away. Where the machine's hold, they clear what counts for them. */
static enum finding_level level_of(const struct doctor *d, const struct settings_file *f,
                                   enum settings_fault fault)
{
    bool soft =
        (f->scope && f->scope->who == SCOPE_PRIVATE) || (d->in_force && is_machine(d->in_force));
    bool spared = fault == FAULT_TELEMETRY || (fault == FAULT_ENVIRONMENT && soft) ||
                  is_overruled(d, f, fault);
    return spared ? LEVEL_WARN : LEVEL_FAIL;
}

static void tell_faults(struct doctor *d, const struct settings_file *f)
{
    uint32_t faults = faults_of(d, f);
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        char words[160];
        char todo[160];
        if (!(faults & 1u << i)) {
            continue;
        }
        fault_words((enum settings_fault)i, f->look.about[i], words, sizeof(words));
        todo_of(d, f, (enum settings_fault)i, todo, sizeof(todo));
        found(d, finding_of(f), level_of(d, f, (enum settings_fault)i), todo, "%s: %s", f->path,
              words);
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
        char todo[WORDS_BYTES];
        (void)snprintf(todo, sizeof(todo), "%s --scope project puts hooks without a token there",
                       d->again);
        found(d, "settings.token", LEVEL_FAIL, todo, "%s holds the token, and git would commit it",
              f->path);
    }
}

/* What the file makes of the version that is installed. */
static void check_form(struct doctor *d, const struct settings_file *f)
{
    if (!f->look.http || d->runtime->http_fails_closed(span_str(d->version))) {
        return;
    }
    if (d->version[0]) {
        found(d, "settings.form", LEVEL_FAIL, d->again,
              "%s: HTTP hooks, and %s %s lets calls run when they fail", f->path,
              d->runtime->called, d->version);
    } else {
        found(d, "settings.form", LEVEL_WARN, "name the client with --binary",
              "%s: HTTP hooks, which older clients do not block on when they fail", f->path);
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
    if (f->skipped) {
        found(d, finding_of(f), LEVEL_WARN,
              "chown root and chmod go-w it, and every folder above it",
              "%s does not count: the client skips it, because not only root can write there",
              f->path);
        return;
    }
    if (settings_whole(&f->look)) {
        found(d, finding_of(f), LEVEL_OK, NULL, "%s: %s, all hooks, as they must be", f->path,
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

/* The machine's hooks hold against what it overrules; others hold while no file switches them off.
 */
static void choose_in_force(struct doctor *d)
{
    const struct settings_file *machine = NULL;
    const struct settings_file *first = NULL;
    uint32_t off = 0;
    uint32_t machine_off = 0; /* nothing wins against that */
    for (size_t i = 0; i < d->file_count; i++) {
        const struct settings_file *f = &d->files[i];
        bool whole = settings_whole(&f->look);
        machine_off |= is_machine(f) ? faults_of(d, f) & d->runtime->off : 0;
        machine = whole && is_machine(f) ? f : machine;
        first = whole && !first ? f : first;
        off |= f->look.faults & d->runtime->off;
    }
    if (machine_off) {
        d->in_force = NULL;
    } else if (machine && machine->look.keeps_on) {
        d->in_force = off & ~d->runtime->overruled ? NULL : machine;
    } else {
        d->in_force = off || managed_only(d) ? NULL : first;
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
                  "take one out: connect it with --scope and --remove",
                  "%s and %s ask in different ways: %s", first->path, f->path,
                  connector_find(d->runtime->kind->runtime)->twice);
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
        found(d, "settings", LEVEL_FAIL, d->again,
              "no settings hold the gate here: calls are not asked for");
    }
}
