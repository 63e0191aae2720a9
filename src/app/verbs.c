/* verbs.c - one command from the shell: sent, then followed until it is confirmed, refused, or time is up.
 *
 * An outcome that did not come in time is exit code 4, never success: read the state back before trying again.
 */
#include "headless.h"

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/crypto.h"
#include "checkrein/num.h"
#include "checkrein/text.h"

/* One command that was sent; a verb without a target is one to each back-end. */
struct follow {
    char id[ULID_BYTES]; /* empty: it could not be sent, and `reason` says why */
    const char *backend;
    enum command_state state;
    char reason[256], by[256];
};

struct follows {
    struct follow *item;
    uint32_t count;
    enum command_state enough; /* this state, or one that is final, ends the wait */
};

static bool is_final(enum command_state st)
{
    return st != COMMAND_UNKNOWN && st != COMMAND_SENT && st != COMMAND_ACCEPTED;
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    struct follows *all = ctx;
    for (uint32_t i = 0; i < all->count; i++) {
        struct follow *w = &all->item[i];
        if (w->id[0] && span_is(command, w->id)) {
            w->state = st;
            (void)text_plain_of(reason, w->reason, sizeof(w->reason));
            (void)text_plain_of(by, w->by, sizeof(w->by));
        }
    }
}

static bool over(const struct follows *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        const struct follow *w = &all->item[i];
        if (w->id[0] && !is_final(w->state) && w->state != all->enough) {
            return false;
        }
    }
    return true;
}

static void await(struct headless *h, const struct follows *all, int64_t wait_ms)
{
    int64_t until = clock_mono_us() + wait_ms * 1000;
    while (!over(all)) {
        int64_t left = (until - clock_mono_us()) / 1000;
        if (left <= 0 || loop_turn(h->hub.loop, left) != ST_OK) {
            return;
        }
    }
}

static int code_of(const struct follow *w, enum command_state enough)
{
    if (!w->id[0]) {
        return EXIT_TROUBLE;
    }
    if (w->state == COMMAND_CONFIRMED || w->state == enough) {
        return EXIT_DONE;
    }
    return is_final(w->state) && w->state != COMMAND_UNVERIFIABLE ? EXIT_REFUSED : EXIT_UNKNOWN;
}

static void print_outcome(const struct follow *w, bool json)
{
    const char *more = w->reason[0] ? w->reason : w->by;
    const char *word = !w->id[0]                       ? "not sent"
                       : w->state == COMMAND_UNKNOWN ? "sent, no answer"
                                                     : command_state_name(w->state);
    if (json) {
        (void)printf("{\"backend\":\"%s\",\"command.id\":\"%s\",\"command.state\":\"%s\"}\n", w->backend, w->id,
                     command_state_name(w->state));
        return;
    }
    (void)printf("%s%s%s\n", word, more[0] ? ": " : "", more);
}

struct verb_use {
    enum verb verb;
    const char *usage;
    bool takes_target;
    /* approve and deny are done when the daemon took them: what the call then does may take hours */
    enum command_state enough;
};

struct choices {
    const char *config, *json, *digest, *reason, *wait;
};

static enum status choose(struct args *a, const struct verb_use *use, struct choices *ch)
{
    const struct option_row rows[] = {
        {"config", "FILE", "read this file", &ch->config},
        {"json", NULL, "say the outcome as JSON", &ch->json},
        {"digest", "D", "of the action text that you have read (checkrein status --json)", &ch->digest},
        {"reason", "R", "told to the agent and kept in the record", &ch->reason},
        {"wait", "TIME", "for the outcome; 15s unless given", &ch->wait},
        {0},
    };
    enum status st = options_parse(a, rows, use->usage);
    if (st == ST_OK && a->argc != (use->takes_target ? 1 : 0)) {
        app_say("usage: checkrein %s", use->usage);
        st = ST_INVALID;
    }
    return st;
}

/* An agent may be named by its id or, when only one has it, by its name. */
static enum status find_agent(const struct fleet *f, const char *word, struct command *c,
                              struct why *why)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        bool by_id = span_is(fleet_span(f, a->id), word);
        if (!by_id && !span_is(fleet_span(f, a->name), word)) {
            continue;
        }
        c->agent = fleet_span(f, a->id);
        c->backend = fleet_span(f, fleet_backend(f, a->backend)->name);
        found++;
        if (by_id) {
            return ST_OK;
        }
    }
    if (found > 1) {
        return why_fail(why, ST_CONFLICT, "%u agents are called %s: give the id", found, word);
    }
    return found ? ST_OK : why_fail(why, ST_NOTFOUND, "there is no agent %s", word);
}

static enum status find_approval(const struct fleet *f, const char *word, struct command *c,
                                 struct why *why)
{
    for (uint32_t i = 0; i < fleet_pending_count(f); i++) {
        const struct approval *p = fleet_pending_at(f, i);
        if (span_is(fleet_span(f, p->id), word)) {
            const struct agent *a = fleet_agent(f, p->agent);
            c->approval = fleet_span(f, p->id);
            c->backend = fleet_span(f, fleet_backend(f, a->backend)->name);
            return ST_OK;
        }
    }
    return why_fail(why, ST_NOTFOUND, "no request %s is waiting", word);
}

static enum status aim(const struct fleet *f, const struct verb_use *use, const char *word,
                       const struct choices *ch, struct command *c, struct why *why)
{
    if (use->verb == VERB_APPROVE || use->verb == VERB_DENY) {
        if (use->verb == VERB_APPROVE && !(ch->digest && digest_valid(span_str(ch->digest)))) {
            return why_fail(why, ST_INVALID, "--digest sha256:... of what you have read is needed");
        }
        return find_approval(f, word, c, why);
    }
    return use->takes_target ? find_agent(f, word, c, why) : ST_OK;
}

static void send_one(struct headless *h, const struct command *c, struct follow *w)
{
    struct command copy = *c;
    struct why why = {0};
    if (hub_send(&h->hub, &copy, w->id, &why) != ST_OK) {
        w->id[0] = '\0';
        (void)text_plain_of(span_str(why.text), w->reason, sizeof(w->reason));
    }
}

/* To the back-end that the target is of, or to each. */
static void send_all(struct headless *h, const struct command *c, struct follows *all)
{
    all->item = xcalloc(h->hub.count, sizeof(*all->item));
    for (uint32_t i = 0; i < h->hub.count; i++) {
        const char *name = h->hub.backends[i].conf.name;
        if (c->backend.n && !span_is(c->backend, name)) {
            continue;
        }
        struct command one = *c;
        struct follow *w = &all->item[all->count++];
        one.backend = span_str(name);
        w->backend = name;
        send_one(h, &one, w);
    }
}

/* The worst of what became of them. */
static int report(const struct follows *all, bool json)
{
    int worst = EXIT_DONE;
    for (uint32_t i = 0; i < all->count; i++) {
        int code = code_of(&all->item[i], all->enough);
        print_outcome(&all->item[i], json);
        worst = code > worst ? code : worst;
    }
    return worst;
}

static int act(struct headless *h, const struct verb_use *use, const char *word,
               const struct choices *ch, struct follows *all, struct why *why)
{
    int64_t wait_ms = 15000;
    struct command c = {
        .verb = use->verb,
        .digest = span_str(ch->digest),
        .reason = span_str(ch->reason),
        .scope = use->verb == VERB_APPROVE ? SPAN("once") : SPAN_NONE,
        .operator_label = span_str(h->conf.console.operator_label),
    };
    if (ch->wait && num_parse_duration_ms(span_str(ch->wait), &wait_ms) != ST_OK) {
        (void)why_fail(why, ST_INVALID, "--wait: a duration such as 30s");
        return app_trouble(why, EXIT_USAGE);
    }
    enum status st = aim(h->hub.fleet, use, word, ch, &c, why);
    if (st != ST_OK) {
        return app_trouble(why, st == ST_INVALID ? EXIT_USAGE : EXIT_REFUSED);
    }
    send_all(h, &c, all);
    await(h, all, wait_ms);
    return report(all, ch->json != NULL);
}

static int run_verb(struct args *a, const struct verb_use *use)
{
    struct choices ch = {0};
    enum status st = choose(a, use, &ch);
    if (st != ST_OK) {
        return st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    struct follows all = {.enough = use->enough};
    struct hub_events ev = {.result = on_result};
    struct headless h;
    struct why why = {0};
    int code = headless_open(&h, ch.config, &ev, &all, &why) == ST_OK
                   ? act(&h, use, a->argv[0], &ch, &all, &why)
                   : app_trouble(&why, EXIT_TROUBLE);
    headless_close(&h);
    free(all.item);
    return code;
}

#define VERB_COMMAND(function, verb, usage, target, enough)                                        \
    int function(struct args *a)                                                                   \
    {                                                                                              \
        static const struct verb_use USE = {verb, usage, target, enough};                          \
        return run_verb(a, &USE);                                                                  \
    }

VERB_COMMAND(cmd_approve, VERB_APPROVE, "approve ID --digest D [--wait TIME]", true, COMMAND_ACCEPTED)
VERB_COMMAND(cmd_deny, VERB_DENY, "deny ID [--reason R]", true, COMMAND_CONFIRMED)
VERB_COMMAND(cmd_pause, VERB_PAUSE, "pause AGENT", true, COMMAND_ACCEPTED)
VERB_COMMAND(cmd_resume, VERB_RESUME, "resume AGENT", true, COMMAND_CONFIRMED)
VERB_COMMAND(cmd_interrupt, VERB_INTERRUPT, "interrupt AGENT", true, COMMAND_ACCEPTED)
VERB_COMMAND(cmd_stop, VERB_STOP, "stop AGENT", true, COMMAND_CONFIRMED)
VERB_COMMAND(cmd_stop_all, VERB_STOP_ALL, "stop-all", false, COMMAND_CONFIRMED)
VERB_COMMAND(cmd_reset_stop, VERB_RESET_STOP, "reset-stop", false, COMMAND_CONFIRMED)
