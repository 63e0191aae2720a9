/* config_change.c - a settings file of Claude Code changed while a session runs, and the session
 * asks whether it may take the change up.
 *
 * What it would read are all of its files, also those whose last change was refused: so all are
 * looked at, and the change goes through only when nothing in any of them works against the hooks
 * and one holds them whole. The runtime tells a path and no content, and reads again after our
 * answer. What stood there when we looked is told with its digest; while a call runs that could
 * write in between, the answer is no; and the files are looked at once more when the runtime has
 * read them.
 */
#include "govd_priv.h"

#include <sys/stat.h>

#include "checkrein/file.h"
#include "checkrein/settings.h"

#define MANAGED_SETTINGS "/etc/claude-code/managed-settings.json"
#define FILES_MAX        8
#define PATH_SHOWN       160
#define TITLE_BYTES      480
#define LOOKS_MAX        32
#define SECOND_LOOK_MS   3000

struct file {
    char *path;
    char digest[DIGEST_TEXT_BYTES]; /* of its bytes; empty: it is not there */
    struct settings_look look;
    bool unread;
};

struct files {
    struct file at[FILES_MAX]; /* the first is the one that changed */
    size_t count;
};

/* ---- which files the session reads */

static void files_add(struct files *f, struct span dir, const char *name)
{
    struct buf path;
    buf_init(&path, CWD_BYTES + 64);
    buf_add(&path, dir);
    buf_addstr(&path, name);
    bool known = buf_status(&path) != ST_OK || f->count == FILES_MAX || path.data[0] != '/';
    for (size_t i = 0; i < f->count; i++) {
        known = known || strcmp(f->at[i].path, path.data) == 0;
    }
    if (!known) {
        f->at[f->count++].path = buf_detach(&path, NULL);
    }
    buf_release(&path);
}

static struct span folder_of(struct span path)
{
    while (path.n && path.p[path.n - 1] != '/') {
        path.n--;
    }
    return path.n ? span_sub(path, 0, path.n - 1) : SPAN_NONE;
}

/* A transcript is <configuration>/projects/<project>/<session>.jsonl. */
static struct span configuration_of(struct span transcript)
{
    struct span projects = folder_of(folder_of(transcript));
    return span_ends(projects, "/projects") ? folder_of(projects) : SPAN_NONE;
}

static void files_of(struct files *f, const struct config_change *c)
{
    *f = (struct files){0};
    files_add(f, c->path, "");
    files_add(f, SPAN(MANAGED_SETTINGS), "");
    files_add(f, configuration_of(c->transcript), "/settings.json");
    if (span_is(c->source, "project_settings") || span_is(c->source, "local_settings")) {
        files_add(f, folder_of(c->path), "/settings.json");
        files_add(f, folder_of(c->path), "/settings.local.json");
    }
    files_add(f, c->cwd, "/.claude/settings.json");
    files_add(f, c->cwd, "/.claude/settings.local.json");
}

static void files_release(struct files *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->at[i].path);
    }
}

/* ---- what stands in them */

static bool is_our_program(const char *path)
{
    struct stat theirs;
    struct stat ours;
    return stat(path, &theirs) == 0 && stat("/proc/self/exe", &ours) == 0 &&
           theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

static void file_look(const struct govd *g, struct file *f)
{
    struct settings_daemon d = {.port = g->port,
                                .token = span_str(g->token),
                                .socket_path = g->socket_path,
                                .own_socket = g->own_socket};
    struct buf text;
    buf_init(&text, SETTINGS_BYTES);
    enum status st = file_read(f->path, &text, NULL);
    f->unread = st != ST_OK && st != ST_NOTFOUND;
    if (st == ST_OK) {
        digest_text(buf_span(&text), f->digest);
    }
    settings_look_at(&settings_claude, buf_span(&text), &d, &f->look);
    f->look.gate = SPAN_NONE;
    if (f->look.self[0] && !is_our_program(f->look.self)) {
        settings_fault_add(&f->look, FAULT_PROGRAM, "");
        f->look.whole = 0;
    }
    buf_wipe(&text);
}

/* What in this file keeps the gate from holding, or from being seen. */
static uint32_t faults_against(const struct file *f, bool telemetry_matters)
{
    uint32_t faults = f->look.faults;
    if (!telemetry_matters) {
        faults &= ~(1u << FAULT_TELEMETRY);
    }
    if (strcmp(f->path, MANAGED_SETTINGS) == 0 && settings_whole(&f->look)) {
        faults &= ~(1u << FAULT_MANAGED_ONLY);
    }
    return f->unread ? faults | 1u << FAULT_UNREADABLE : faults;
}

struct finding {
    const struct file *file; /* NULL: all is well */
    uint32_t faults;         /* 0: no file holds the hooks */
};

static struct finding judge(struct govd *g, const struct session *s, struct files *f)
{
    bool whole = s->guarded && s->guarded->hooks; /* a run's stand in a file of its own */
    bool telemetry = s->cost_microusd > 0;
    struct finding found = {0};
    for (size_t i = 0; i < f->count; i++) {
        file_look(g, &f->at[i]);
        whole = whole || settings_whole(&f->at[i].look);
        telemetry = telemetry || f->at[i].look.telemetry;
    }
    for (size_t i = 0; i < f->count && !found.file; i++) {
        uint32_t faults = faults_against(&f->at[i], telemetry);
        if (faults) {
            found = (struct finding){&f->at[i], faults};
        }
    }
    if (!found.file && !whole) {
        found.file = &f->at[0];
    }
    return found;
}

/* ---- who did it */

struct doer {
    const struct call
        *call; /* the only one that runs, of this agent or else of any; NULL: none, or several */
    uint32_t own, all; /* that run */
};

static bool is_of(const struct govd *g, const struct call *c, const struct session *s)
{
    const struct session *its = session_at(g, c->session);
    return its == s || its->parent == s->ref ||
           (s->parent && (its->ref == s->parent || its->parent == s->parent));
}

static struct doer doer_of(const struct govd *g, const struct session *s)
{
    struct doer d = {0};
    const struct call *own = NULL;
    const struct call *any = NULL;
    for (size_t i = 0; i < g->call_count; i++) {
        const struct call *c = g->calls[i];
        if (c->state != CALL_RUNNING) {
            continue;
        }
        any = c;
        d.all++;
        if (is_of(g, c, s)) {
            own = c;
            d.own++;
        }
    }
    d.call = d.own == 1 ? own : d.own == 0 && d.all == 1 ? any : NULL;
    return d;
}

/* ---- telling */

/* A path is the agent's word: bytes that are no plain text become '?', and its end is what differs.
 */
static void show_path(const char *path, char out[PATH_SHOWN + 4])
{
    size_t n = strlen(path);
    const char *from = n > PATH_SHOWN ? path + n - PATH_SHOWN : path;
    (void)snprintf(out, PATH_SHOWN + 4, "%s%s", n > PATH_SHOWN ? "..." : "", from);
    for (char *c = out; *c; c++) {
        if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7F) {
            *c = '?';
        }
    }
}

static void tell(struct govd *g, const struct session *s, enum severity severity, const char *title)
{
    struct doer d = doer_of(g, s);
    struct event ev;
    publish_about(g, &ev, EVENT_SIGNAL_RAISED, s);
    event_set_text(&ev, F_SIGNAL_SOURCE, SPAN("checkrein"));
    event_set_number(&ev, F_SEVERITY, severity);
    event_set_text(&ev, F_TITLE, span_str(title));
    if (d.call) {
        event_set_text(&ev, F_ACTION_ID, span_str(d.call->native_id));
        event_put_text(&ev, F_TOOL, span_str(d.call->tool));
        event_put_text(&ev, F_SUMMARY, span_str(d.call->summary));
    }
    (void)publish(g, &ev);
}

static const char *who_words(const struct govd *g, const struct session *s, char out[96])
{
    struct doer d = doer_of(g, s);
    if (d.own) {
        (void)snprintf(out, 96, "while %s of this agent ran", d.own == 1 ? "a call" : "calls");
    } else if (d.all) {
        (void)snprintf(out, 96, "while %s of another agent ran", d.all == 1 ? "a call" : "calls");
    } else {
        (void)snprintf(out, 96, "while no call ran");
    }
    return out;
}

static enum severity severity_of(uint32_t faults)
{
    bool gate = !faults || faults & ~(1u << FAULT_TELEMETRY | 1u << FAULT_UNREADABLE);
    return gate ? SEVERITY_EMERGENCY : SEVERITY_HIGH;
}

static void what_words(const struct finding *found, char *out, size_t bytes)
{
    if (!found->faults) {
        (void)snprintf(out, bytes, "no settings hold the gate's hooks any more");
        return;
    }
    unsigned first = 0;
    unsigned count = 0;
    for (unsigned i = FAULT_COUNT; i-- > 0;) {
        if (found->faults & 1u << i) {
            first = i;
            count++;
        }
    }
    char words[128];
    fault_words((enum settings_fault)first, found->file->look.about[first], words, sizeof(words));
    (void)snprintf(out, bytes, "%s%s", words, count > 1 ? ", and more" : "");
}

static void tell_weakened(struct govd *g, const struct session *s, const struct finding *found,
                          const char *outcome)
{
    char title[TITLE_BYTES];
    char path[PATH_SHOWN + 4];
    char what[192];
    char who[96];
    show_path(found->file->path, path);
    what_words(found, what, sizeof(what));
    (void)snprintf(title, sizeof(title),
                   "settings that would loosen the gate, changed %s: %s: %s: %s",
                   who_words(g, s, who), path, what, outcome);
    tell(g, s, severity_of(found->faults), title);
}

static void tell_whole(struct govd *g, const struct session *s, const struct file *f,
                       const char *outcome)
{
    char title[TITLE_BYTES];
    char path[PATH_SHOWN + 4];
    char who[96];
    show_path(f->path, path);
    (void)snprintf(title, sizeof(title),
                   "settings changed %s: %s (%s): the gate's hooks are whole: %s",
                   who_words(g, s, who), path, f->digest[0] ? f->digest : "gone", outcome);
    tell(g, s, SEVERITY_LOW, title);
}

/* ---- the second look */

struct config_look {
    struct config_look *next;
    struct govd *g;
    char *agent, *source, *path, *transcript, *cwd;
    loop_id timer;
};

static struct config_change look_change(const struct config_look *l)
{
    return (struct config_change){.source = span_str(l->source),
                                  .path = span_str(l->path),
                                  .transcript = span_str(l->transcript),
                                  .cwd = span_str(l->cwd)};
}

static void look_free(struct config_look *l)
{
    free(l->agent);
    free(l->source);
    free(l->path);
    free(l->transcript);
    free(l->cwd);
    free(l);
}

static void look_again(void *ctx)
{
    struct config_look *l = ctx;
    struct govd *g = l->g;
    struct config_look **at = &g->config_looks;
    while (*at != l) {
        at = &(*at)->next;
    }
    *at = l->next;
    struct session *s = session_find(g, span_str(l->agent));
    if (s) {
        struct config_change c = look_change(l);
        struct files f;
        files_of(&f, &c);
        struct finding found = judge(g, s, &f);
        if (found.file) {
            tell_weakened(g, s, &found,
                          "changed right after they were found whole: this session may have lost "
                          "its hooks, stop it");
        }
        files_release(&f);
    }
    look_free(l);
}

static char *kept(struct span s)
{
    return s.n ? xstrndup(s.p, s.n) : xstrdup("");
}

static bool look_later(struct govd *g, const struct session *s, const struct config_change *c)
{
    size_t due = 0;
    for (const struct config_look *l = g->config_looks; l; l = l->next) {
        due++;
    }
    if (due >= LOOKS_MAX) {
        return false;
    }
    struct config_look *l = xcalloc(1, sizeof(*l));
    *l = (struct config_look){.next = g->config_looks,
                              .g = g,
                              .agent = xstrdup(s->id),
                              .source = kept(c->source),
                              .path = kept(c->path),
                              .transcript = kept(c->transcript),
                              .cwd = kept(c->cwd)};
    l->timer = loop_timer(g->loop, SECOND_LOOK_MS, look_again, l);
    g->config_looks = l;
    return true;
}

void config_looks_release(struct govd *g)
{
    while (g->config_looks) {
        struct config_look *l = g->config_looks;
        g->config_looks = l->next;
        loop_remove(g->loop, l->timer);
        look_free(l);
    }
}

/* ---- the answer */

static bool can_be_read(const struct config_change *c)
{
    struct span path = c->path;
    return path.n && path.n <= CWD_BYTES && path.p[0] == '/' && !memchr(path.p, '\0', path.n) &&
           c->transcript.n <= CWD_BYTES &&
           !(c->transcript.n && memchr(c->transcript.p, '\0', c->transcript.n)) &&
           (span_ends(path, "/settings.json") || span_ends(path, "/settings.local.json") ||
            span_ends(path, "/managed-settings.json"));
}

#define KEPT "refused: this session keeps its own, hooks included"

static const char *answer(struct govd *g, struct session *s, const struct config_change *c,
                          struct files *f)
{
    bool managed =
        span_is(c->source, "policy_settings"); /* what is answered does not count there */
    struct finding found = judge(g, s, f);
    if (found.file) {
        tell_weakened(g, s, &found,
                      managed ? "it counts at once: managed settings cannot be refused" : KEPT);
        return "checkrein: these settings would loosen the gate: they are not taken up";
    }
    if (managed) {
        tell_whole(g, s, &f->at[0], "taken up");
        return NULL;
    }
    if (doer_of(g, s).all || !look_later(g, s, c)) {
        tell_whole(g, s, &f->at[0],
                   "not taken up, because it could change again unseen; the next start reads it");
        return "checkrein: settings are not taken up while a call runs";
    }
    tell_whole(g, s, &f->at[0], "taken up");
    return NULL;
}

const char *config_change(struct govd *g, struct session *s, const struct config_change *c)
{
    if (!can_be_read(c)) {
        tell(g, s, SEVERITY_HIGH, "settings changed in a file that cannot be looked at: " KEPT);
        return "checkrein: this change cannot be looked at, so it is not taken up";
    }
    struct files f;
    files_of(&f, c);
    const char *why = answer(g, s, c, &f);
    files_release(&f);
    return why;
}
