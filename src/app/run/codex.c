/* codex.c - Codex behind the gate for one run: its hooks, and that they are trusted, come by `-c`,
 * so that no settings of the user's or of a project are touched.
 *
 * What the client makes of that, with the person's own options beside, it is asked first: hooks
 * that it would not run are no gate, and then nothing is started.
 */
#include "run_priv.h"

#include "../codex_client.h"
#include "../connect/connect_priv.h"

#include <limits.h>
#include <stdio.h>

#include "checkrein/alloc.h"

#define OPTION_BYTES 65536
#define WORDS_MAX    256

static void own(struct run_plan *p, struct buf *b)
{
    GROW(p->own, p->own_cap, p->own_count + 1);
    p->own[p->own_count++] = buf_detach(b, NULL);
    buf_release(b);
}

/* ---- what comes with the command line */

/* TOML strings take what JSON's do. The names of a table's members are bare. */
static void write_hook(struct run_plan *p, const struct hook_row *row)
{
    const struct hook_terms *terms = &settings_codex.terms[row->role];
    struct hook_command c = {.kind = &settings_codex,
                             .role = row->role,
                             .self = p->self,
                             .socket_path = p->socket_path,
                             .version = span_str(p->version)};
    struct buf line;
    struct buf b;
    buf_init(&line, OPTION_BYTES);
    buf_init(&b, OPTION_BYTES);
    hook_command_write(&line, &c);
    buf_printf(&b, "hooks.%s=[{%shooks=[{type=\"command\",command=", row->event,
               row->role == ROLE_GATE ? "matcher=\"*\"," : "");
    (void)tape_quote(&b, buf_span(&line));
    buf_printf(&b, ",timeout=%d,statusMessage=\"" OUR_MARK "\"}]}]", terms->timeout);
    buf_release(&line);
    own(p, &b);
}

/* A server of its own for its screen: in the user's background server nothing would be held. And
 * hooks whatever a project's settings say; the person's own options come behind these. */
static void write_options(struct run_plan *p)
{
    struct buf b;
    buf_init(&b, 64);
    buf_addstr(&b, "features.hooks=true");
    own(p, &b);
    for (size_t i = 0; i < settings_codex.hook_count; i++) {
        write_hook(p, &settings_codex.hooks[i]);
    }
    buf_init(&b, 64);
    buf_addstr(&b, "features.daemon_auto_start=false");
    own(p, &b);
}

/* ---- the person's own options that change settings: the client is asked with them */

static bool takes_value(const char *word)
{
    static const char *const WORDS[] = {"-c", "--config", "--enable", "--disable"};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (strcmp(word, WORDS[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool sets_something(const char *word)
{
    return strncmp(word, "--config=", 9) == 0 || strncmp(word, "--enable=", 9) == 0 ||
           strncmp(word, "--disable=", 10) == 0 || (strncmp(word, "-c", 2) == 0 && word[2]);
}

/* NULL: nothing in this word keeps the client from saying which hooks it runs, and from running
 * them. */
static const char *refused_for(const char *word)
{
    static const struct {
        const char *begin, *why;
    } ROWS[] = {
        {"--remote",  "its threads run in another server then, so their calls would not be held"},
        {"--profile", "with a profile the client does not say which hooks it runs; give what it "
                      "sets by -c"                                         },
        {"-p",        "with a profile the client does not say which hooks it runs; give what it "
               "sets by -c"                                                       },
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (strncmp(word, ROWS[i].begin, strlen(ROWS[i].begin)) == 0) {
            return ROWS[i].why;
        }
    }
    return NULL;
}

/* "-C DIR", "--cd DIR" and what else is the same; NULL: this word names no folder. */
static const char *folder_of(const char *word, const char *next)
{
    if (strcmp(word, "-C") == 0 || strcmp(word, "--cd") == 0) {
        return next ? next : "";
    }
    if (strncmp(word, "--cd=", 5) == 0) {
        return word + 5;
    }
    return strncmp(word, "-C", 2) == 0 ? word + 2 + (word[2] == '=') : NULL;
}

struct words_asked {
    const char *words[WORDS_MAX];
    size_t n;
    char folder[PATH_MAX]; /* where it is to work: its settings count too */
};

static enum status take_folder(const struct run_plan *p, const char *folder, struct words_asked *q,
                               struct why *why)
{
    if (q->folder[0]) {
        return why_fail(why, ST_DENIED, "two folders to work in: whose settings count is not told");
    }
    int n = folder[0] == '/' ? snprintf(q->folder, sizeof(q->folder), "%s", folder)
                             : snprintf(q->folder, sizeof(q->folder), "%s/%s", p->cwd, folder);
    return n > 0 && (size_t)n < sizeof(q->folder)
               ? ST_OK
               : why_fail(why, ST_LIMIT, "the folder's name is too long");
}

static enum status take_options(const struct run_plan *p, struct words_asked *q, struct why *why)
{
    for (int i = 1; i < p->argc && strcmp(p->argv[i], "--") != 0; i++) {
        const char *word = p->argv[i];
        const char *folder = folder_of(word, i + 1 < p->argc ? p->argv[i + 1] : NULL);
        if (q->n + 4 >= WORDS_MAX) {
            return why_fail(why, ST_LIMIT, "too many options: the client cannot be asked with all");
        }
        if (folder && take_folder(p, folder, q, why) != ST_OK) {
            return ST_DENIED;
        }
        if (refused_for(word)) {
            return why_fail(why, ST_DENIED, "%s: %s", word, refused_for(word));
        }
        if (takes_value(word) && i + 1 < p->argc) {
            q->words[q->n++] = word;
            q->words[q->n++] = p->argv[++i];
        } else if (sets_something(word)) {
            q->words[q->n++] = word;
        }
    }
    return ST_OK;
}

/* ---- what the client makes of it */

static enum status add_trust(struct run_plan *p, struct codex_hooks *h, struct why *why)
{
    struct codex_hook hook;
    struct buf b;
    size_t ours = 0;
    enum status st = ST_OK;
    buf_init(&b, OPTION_BYTES);
    buf_addstr(&b, "hooks.state={");
    for (uint32_t at = TAPE_ABSENT; st == ST_OK && codex_hooks_next(h, &at, &hook);) {
        if (!hook.ours) {
            continue;
        }
        if (!span_is(hook.source, "sessionFlags")) {
            st = why_fail(why, ST_CONFLICT,
                          "%.*s holds checkrein's hooks already: start codex by itself, or take "
                          "them out with checkrein connect codex --hooks --remove",
                          SPAN_ARG(hook.path));
            continue;
        }
        buf_addstr(&b, ours++ ? "," : "");
        (void)tape_quote(&b, hook.key);
        buf_addstr(&b, "={trusted_hash=");
        (void)tape_quote(&b, hook.hash);
        buf_addstr(&b, "}");
    }
    buf_addch(&b, '}');
    if (st == ST_OK && ours != settings_codex.hook_count) {
        st = why_fail(
            why, ST_DENIED,
            "with these options and settings the client would run %zu of %zu hooks, so its "
            "calls would not be held (features.hooks?)",
            ours, settings_codex.hook_count);
    }
    own(p, &b);
    return st;
}

/* Once more, with what it was told to trust. */
static enum status is_trusted(struct codex_hooks *h, struct why *why)
{
    struct codex_hook hook;
    for (uint32_t at = TAPE_ABSENT; codex_hooks_next(h, &at, &hook);) {
        if (hook.ours && (!hook.enabled || !span_is(hook.trust, "trusted"))) {
            return why_fail(why, ST_DENIED,
                            "the client would not run the hook for %.*s (%.*s), so its calls would "
                            "not be held",
                            SPAN_ARG(hook.event),
                            SPAN_ARG(hook.enabled ? hook.trust : SPAN("disabled")));
        }
    }
    return ST_OK;
}

static enum status ask(struct run_plan *p,
                       enum status (*then)(struct run_plan *p, struct codex_hooks *h,
                                           struct why *why),
                       struct why *why)
{
    struct words_asked q = {.words = {p->argv[0]}, .n = 1};
    struct codex_hooks h;
    for (size_t i = 0; i < p->own_count; i++) {
        q.words[q.n++] = "-c";
        q.words[q.n++] = p->own[i];
    }
    enum status st = take_options(p, &q, why);
    if (st != ST_OK) {
        return st;
    }
    st = codex_hooks_ask(&h, q.words, q.folder[0] ? q.folder : p->cwd, why);
    if (st == ST_OK) {
        st = then(p, &h, why);
    } else {
        why_prefix(why, "nothing was started");
    }
    codex_hooks_release(&h);
    return st;
}

static enum status look_at_trust(struct run_plan *p, struct codex_hooks *h, struct why *why)
{
    (void)p;
    return is_trusted(h, why);
}

static void insert_options(struct run_plan *p)
{
    const char **words = xcalloc(2 * p->own_count, sizeof(*words));
    for (size_t i = 0; i < p->own_count; i++) {
        words[2 * i] = "-c";
        words[2 * i + 1] = p->own[i];
    }
    plan_insert(p, words, 2 * p->own_count);
    free(words);
}

enum status codex_prepare(struct run_plan *p, struct why *why)
{
    client_version(p->argv[0], p->version, sizeof(p->version));
    write_options(p);
    enum status st = ask(p, add_trust, why);
    if (st == ST_OK) {
        st = ask(p, look_at_trust, why);
    }
    if (st == ST_OK) {
        insert_options(p);
    }
    return st;
}
