/* verbs.c - commands from the shell: sent, then followed until each is confirmed, refused, or time
 * is up.
 *
 * An outcome that did not come in time is exit code 4, never success: read the state back before
 * trying again.
 */
#include "answers.h"
#include "headless.h"
#include "hub_stops.h"
#include "operator_verbs.h"

#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/crypto.h"
#include "checkrein/file.h"
#include "checkrein/form.h"
#include "checkrein/num.h"
#include "checkrein/text.h"
#include "checkrein/utf8.h"

#define TARGETS_MAX 256 /* of one call */

struct verb_row {
    enum verb verb;
    const char *name;
    enum aim aim;
    enum command_state enough; /* this state, or one that is final, ends the wait */
};

static const struct verb_row ROWS[] = {
#define X(verb, name, aim, operands, enough, options, help) {verb, name, aim, enough},
    OPERATOR_VERBS(X)
#undef X
};

/* What the operands look like: how many, and whether the last is not a target. */
static const struct aim_row {
    int least, most;
    bool has_more;
} AIMS[] = {
    [AIM_ALL] = {0, 0,           false},
    [AIM_REQUEST] = {1, 1,           false},
    [AIM_REQUESTS] = {1, TARGETS_MAX, false},
    [AIM_AGENT] = {1, 1,           false},
    [AIM_AGENTS] = {1, TARGETS_MAX, false},
    [AIM_AGENT_TEXT] = {2, 2,           true },
    [AIM_AGENT_USD] = {2, 2,           true },
};

struct choices {
    const char *config, *json, *digest, *shown_digest, *scope, *rule, *credential, *reason, *wait;
    const char *answer[OPTION_TIMES], *answer_file[OPTION_TIMES];
};

#define AT(member) offsetof(struct choices, member)
#define COMMON                                                                                     \
    {"config", "FILE", "read this file", AT(config)},                                              \
        {"json", NULL, "say each outcome as a JSON object on a line", AT(json)},                   \
        {"reason", "TEXT", "kept in the record; a denied agent is told", AT(reason)},              \
    {                                                                                              \
        "wait", "TIME", "for the outcome; 15s unless given", AT(wait)                              \
    }

const struct option_row OPTIONS_VERB[] = {COMMON, {0}};
/* clang-format off */
const struct option_row OPTIONS_APPROVE[] = {
    COMMON,
    {"digest", "DIGEST", "of the action text that you have read: checkrein show ID", AT(digest)},
    {"shown-digest", "DIGEST", "where secrets are hidden in that text: of it as shown", AT(shown_digest)},
    {"scope", "SCOPE", "what is granted, of what show ID offers; once unless given", AT(scope)},
    {"rule", "RULE", "what a scope that holds for good writes down, as show ID shows it", AT(rule)},
    {"answer", "ID=VALUE...", "to a question of the request; again for each", AT(answer)},
    {"answer-file", "ID=FILE...", "the same from a file, or - for standard input: for what is secret", AT(answer_file)},
    {0},
};
const struct option_row OPTIONS_DENY[] = {
    COMMON,
    {"scope", "SCOPE", "turn: its turn ends too; once unless given", AT(scope)},
    {0},
};
const struct option_row OPTIONS_PAUSE[] = {
    COMMON,
    {"credential", "CREDENTIAL", "this lease of it, and not the agent itself", AT(credential)},
    {"scope", "SCOPE", "choke, with --credential: refused with 429 instead of held", AT(scope)},
    {0},
};
const struct option_row OPTIONS_RESUME[] = {
    COMMON,
    {"credential", "CREDENTIAL", "this lease of it, and not the agent itself", AT(credential)},
    {0},
};
/* clang-format on */
const struct option_row OPTIONS_REVOKE[] = {
    COMMON,
    {"credential",     "CREDENTIAL", "this one only", AT(credential)},
    {0},
};

/* ---- what comes of them */

struct follow {
    char id[ULID_BYTES]; /* empty: it was not sent, and `reason` says why */
    const char *target;  /* as it was given; "" for all */
    const char *backend;
    bool no_target; /* there is nothing of that name to send it to */
    enum command_state state;
    char reason[256], by[256];
};

struct follows {
    const struct verb_row *row;
    struct follow *item;
    size_t count, cap;
};

static bool is_final(enum command_state st)
{
    return st != COMMAND_UNKNOWN && st != COMMAND_SENT && st != COMMAND_ACCEPTED;
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    struct follows *all = ctx;
    for (size_t i = 0; i < all->count; i++) {
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
    for (size_t i = 0; i < all->count; i++) {
        const struct follow *w = &all->item[i];
        if (w->id[0] && !is_final(w->state) && w->state != all->row->enough) {
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
        return w->no_target ? EXIT_REFUSED : EXIT_TROUBLE;
    }
    if (w->state == COMMAND_CONFIRMED || w->state == enough) {
        return EXIT_DONE;
    }
    return is_final(w->state) && w->state != COMMAND_UNVERIFIABLE ? EXIT_REFUSED : EXIT_UNKNOWN;
}

/* ---- telling it */

static const char *state_word(const struct follow *w)
{
    if (!w->id[0]) {
        return w->no_target ? "refused" : "not_sent";
    }
    return command_state_name(w->state == COMMAND_UNKNOWN ? COMMAND_SENT : w->state);
}

static void print_json(const struct follows *all, const struct follow *w, const struct fleet *f)
{
    bool of_request = all->row->aim == AIM_REQUEST || all->row->aim == AIM_REQUESTS;
    const struct approval *p =
        of_request ? fleet_approval_by_id(f, span_str(w->backend), span_str(w->target)) : NULL;
    /* clang-format off */
    const struct headless_text texts[] = {
        {"backend", span_str(w->backend)},
        {event_field_info(F_COMMAND_ID)->name, span_str(w->id)},
        {event_field_info(F_VERB)->name, span_str(verb_name(all->row->verb))},
        {event_field_info(of_request ? F_APPROVAL_ID : F_AGENT_ID)->name, span_str(w->target)},
        {event_field_info(F_COMMAND_STATE)->name, span_str(state_word(w))},
        {event_field_info(F_REASON)->name, span_str(w->reason)},
        {event_field_info(F_BY)->name, span_str(w->by)},
        {event_field_info(F_DECISION)->name,
         p && !p->pending ? span_str(decision_name(p->decision)) : SPAN_NONE},
        {event_field_info(F_DECIDED_BY)->name, p ? fleet_span(f, p->decided_by) : SPAN_NONE},
    };
    /* clang-format on */
    headless_print_object(texts, ARRAY_LEN(texts));
}

static void print_text(const struct follows *all, const struct follow *w)
{
    const char *word = !w->id[0]                     ? (w->no_target ? "refused" : "not sent")
                       : w->state == COMMAND_UNKNOWN ? "sent, no answer"
                                                     : command_state_name(w->state);
    char target[80];
    (void)text_plain_of(span_str(w->target), target, sizeof(target));
    (void)printf("%s%s%s%s%s%s%s\n", all->count > 1 ? target : "",
                 all->count > 1 && target[0] ? ": " : "", word,
                 w->by[0] || w->reason[0] ? ": " : "", w->by, w->by[0] && w->reason[0] ? "; " : "",
                 w->reason);
}

/* The worst of what became of them. */
static int report(const struct follows *all, const struct fleet *f, bool json)
{
    int worst = EXIT_DONE;
    for (size_t i = 0; i < all->count; i++) {
        const struct follow *w = &all->item[i];
        int code = code_of(w, all->row->enough);
        worst = code > worst ? code : worst;
        if (json) {
            print_json(all, w, f);
        } else if (w->no_target) {
            app_say("%s", w->reason);
        } else {
            print_text(all, w);
        }
    }
    return worst;
}

/* ---- at whom */

/* One that does not wait any more is for its only back-end to judge: it knows who decided. */
static enum status find_approval(const struct headless *h, const char *word, struct command *c,
                                 struct why *why)
{
    const struct fleet *f = h->hub.fleet;
    for (uint32_t i = 0; i < fleet_pending_count(f); i++) {
        const struct approval *p = fleet_pending_at(f, i);
        if (span_is(fleet_span(f, p->id), word)) {
            const struct agent *a = fleet_agent(f, p->agent);
            c->approval = fleet_span(f, p->id);
            c->backend = fleet_span(f, fleet_backend(f, a->backend)->name);
            return ST_OK;
        }
    }
    struct span id = span_str(word);
    if (h->hub.count == 1 && id.n == ULID_BYTES - 1 && utf8_valid(id)) {
        c->approval = id;
        c->backend = span_str(h->hub.backends[0].conf.name);
        return ST_OK;
    }
    return why_fail(why, ST_NOTFOUND, "no request %s is waiting", word);
}

/* AGENT, AGENT@task, @day or @fleet. */
static enum status aim_budget(const struct headless *h, const char *word, struct command *c,
                              struct why *why)
{
    char name[FLEET_ID_BYTES + 1];
    struct span agent;
    if (command_for_all(span_str(word), c)) {
        return ST_OK;
    }
    if (!command_for_task(span_str(word), &agent)) {
        return headless_find_agent(h->hub.fleet, word, c, why);
    }
    c->scope = SPAN(TASK_SCOPE);
    return span_copy(agent, name, sizeof(name)) ? headless_find_agent(h->hub.fleet, name, c, why)
                                                : why_fail(why, ST_NOTFOUND, "no agent %s", word);
}

static enum status aim_at(const struct headless *h, enum aim aim, const char *word,
                          struct command *c, struct why *why)
{
    switch (aim) {
    case AIM_REQUEST:
    case AIM_REQUESTS:
        return find_approval(h, word, c, why);
    case AIM_AGENT:
    case AIM_AGENTS:
    case AIM_AGENT_TEXT:
        return headless_find_agent(h->hub.fleet, word, c, why);
    case AIM_AGENT_USD:
        return aim_budget(h, word, c, why);
    case AIM_ALL:
    default:
        return ST_OK;
    }
}

static struct follow *follow_add(struct follows *all, const char *target, struct span backend)
{
    GROW(all->item, all->cap, all->count + 1);
    struct follow *w = &all->item[all->count++];
    *w = (struct follow){.target = target, .backend = backend.n ? backend.p : ""};
    return w;
}

/* ---- what only a request itself says: its questions, and what would be written for good */

static const struct approval *request_of(const struct headless *h, const struct command *c)
{
    return fleet_approval_by_id(h->hub.fleet, c->backend, c->approval);
}

/* Whoever grants for good repeats the rule: its first line, as it was shown. */
static enum status check_rule(const struct headless *h, const struct choices *ch,
                              const struct command *c, struct why *why)
{
    const struct approval *p = request_of(h, c);
    uint32_t count = 0;
    const struct event_row *rows =
        p ? fleet_approval_list(h->hub.fleet, p->ref, F_SCOPES, &count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct span writes = rows[i].cell[2];
        struct span rule = span_sub(writes, 0, span_find(writes, '\n'));
        if (span_eq(rows[i].cell[0], c->scope) && writes.n &&
            (!rule.n || !span_is(rule, ch->rule))) {
            return why_fail(why, ST_INVALID,
                            "scope %.*s writes a rule: --rule with it, as show %.*s shows it",
                            SPAN_ARG(span_sub(c->scope, 0, 40)), SPAN_ARG(c->approval));
        }
    }
    return ST_OK;
}

static enum status complete(const struct headless *h, const struct choices *ch, struct command *c,
                            struct buf *answers, struct why *why)
{
    const struct approval *p = c->verb == VERB_APPROVE ? request_of(h, c) : NULL;
    enum status st = p ? check_rule(h, ch, c, why) : ST_OK;
    if (p && st == ST_OK) {
        st = answers_build(h->hub.fleet, p, ch->answer, ch->answer_file, answers, why);
        c->answers = buf_span(answers);
    }
    return st;
}

/* To the back-end that the target is of, or to each. */
static void send_one(struct headless *h, const struct command *c, const char *target,
                     struct follows *all)
{
    for (uint32_t i = 0; i < h->hub.count; i++) {
        const char *name = h->hub.backends[i].conf.name;
        bool others = c->credential.n && !c->agent.n && /* a lease is a daemon's of ours */
                      strcmp(h->hub.backends[i].conf.kind, "checkrein") != 0;
        if (others || (c->backend.n && !span_is(c->backend, name))) {
            continue;
        }
        struct command one = *c;
        struct follow *w = follow_add(all, target, span_str(name));
        struct why why = {0};
        one.backend = span_str(name);
        if (hub_send(&h->hub, &one, w->id, &why) != ST_OK) {
            w->id[0] = '\0';
            (void)text_plain_of(span_str(why.text), w->reason, sizeof(w->reason));
        }
    }
}

static void send_all(struct headless *h, const struct args *a, const struct choices *ch,
                     const struct command *c, struct follows *all)
{
    int targets = a->argc - (AIMS[all->row->aim].has_more ? 1 : 0);
    if (all->row->aim == AIM_ALL) {
        send_one(h, c, "", all);
    }
    for (int i = 0; i < targets; i++) {
        struct command one = *c;
        struct why why = {0};
        struct buf answers;
        buf_init(&answers, FORM_ANSWERS_BYTES);
        bool sent = aim_at(h, all->row->aim, a->argv[i], &one, &why) == ST_OK &&
                    complete(h, ch, &one, &answers, &why) == ST_OK;
        if (sent) {
            send_one(h, &one, a->argv[i], all);
        }
        buf_wipe(&answers);
        if (sent) {
            continue;
        }
        struct follow *w = follow_add(all, a->argv[i], SPAN_NONE);
        w->no_target = true;
        (void)text_plain_of(span_str(why.text), w->reason, sizeof(w->reason));
    }
}

/* ---- the subcommand */

static const struct verb_row *row_of(const struct subcommand *s)
{
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (strcmp(s->name, ROWS[i].name) == 0) {
            return &ROWS[i];
        }
    }
    return NULL;
}

static enum status check_words(const struct args *a, const struct choices *ch, struct why *why)
{
    const char *words[] = {ch->reason, ch->credential, a->argc > 0 ? a->argv[a->argc - 1] : NULL};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i] && !utf8_valid(span_str(words[i]))) {
            return why_fail(why, ST_INVALID, "what is told must be UTF-8");
        }
    }
    return ST_OK;
}

/* All that is wrong with the words themselves is told before anybody is asked. */
static enum status make_command(const struct args *a, const struct verb_row *row,
                                const struct choices *ch, struct command *c, struct why *why)
{
    *c = (struct command){
        .verb = row->verb,
        .digest = span_str(ch->digest),
        .shown_digest = span_str(ch->shown_digest),
        .credential = span_str(ch->credential),
        .reason = span_str(ch->reason),
        .scope = row->verb == VERB_APPROVE ? span_str(ch->scope ? ch->scope : "once")
                                           : span_str(ch->scope),
    };
    if (row->verb == VERB_APPROVE && !(ch->digest && digest_valid(c->digest))) {
        return why_fail(why, ST_INVALID, "--digest sha256:... of what you have read is needed");
    }
    if (ch->shown_digest && !digest_valid(c->shown_digest)) {
        return why_fail(why, ST_INVALID, "--shown-digest: sha256:... of what was shown");
    }
    if (row->aim == AIM_AGENT_TEXT) {
        c->reason = span_str(a->argv[1]);
    }
    if (row->aim == AIM_AGENT_USD && command_limit(span_str(a->argv[1]), c) != ST_OK) {
        return why_fail(why, ST_INVALID,
                        "a limit in USD above zero, such as 5 or 2.50, or \"400000 tokens\"");
    }
    return check_words(a, ch, why);
}

/* ---- a fleet stop where the back-end keeps none: left for the console that comes next */

static bool is_of_fleet(enum verb v)
{
    return v == VERB_STOP_ALL || v == VERB_RESET_STOP;
}

static bool keeps_no_stop(const struct headless *h, uint32_t backend)
{
    const struct driver_ops *ops = driver_kind(h->hub.backends[backend].conf.kind);
    return ops && ops->keeps_no_stop;
}

#define BIT(backend) ((backend) < 32 ? 1u << (backend) : 0u)

/* Which back-ends have one from before, a bit each. */
static uint32_t take_up_stops(struct headless *h, enum verb v)
{
    uint32_t due = 0;
    if (is_of_fleet(v)) {
        char *record = console_record(&h->conf);
        if (file_make_parent_mode(record, 0700, NULL) == ST_OK) {
            hub_take_up_stops(&h->hub, record);
        }
        free(record);
    }
    for (uint32_t i = 0; i < h->hub.count; i++) {
        due |= h->hub.backends[i].stop_due[0] ? BIT(i) : 0;
    }
    return due;
}

/* That this process was told of no stop is no reason: it was another that gave it. */
static void take_back(struct follow *w)
{
    if (w->state == COMMAND_REFUSED) {
        w->state = COMMAND_CONFIRMED;
        w->reason[0] = '\0';
        (void)snprintf(w->by, sizeof(w->by), "the stop that was left for the next console");
    }
}

/* A back-end that keeps its stop has been told; whether it has answered is told here and now. */
static void leave_stops(struct headless *h, struct follows *all, uint32_t due)
{
    for (uint32_t i = 0; is_of_fleet(all->row->verb) && i < h->hub.count; i++) {
        struct hub_backend *b = &h->hub.backends[i];
        if (!keeps_no_stop(h, i) && !(due & BIT(i))) {
            b->stop_due[0] = '\0';
        } else if (keeps_no_stop(h, i) && all->row->verb == VERB_RESET_STOP && due & BIT(i)) {
            take_back(&all->item[i]);
        }
    }
    if (is_of_fleet(all->row->verb)) {
        stops_keep(&h->hub);
    }
}

static void tell_latch(const struct headless *h, const struct follows *all)
{
    bool left = h->hub.stops_path && access(h->hub.stops_path, F_OK) == 0;
    for (uint32_t i = 0; i < h->hub.count; i++) {
        if (all->row->verb == VERB_STOP_ALL && keeps_no_stop(h, i)) {
            app_say(
                "%s: nothing holds this stop now: what begins there after it runs. %s; one that is "
                "open is told by ! S",
                h->hub.backends[i].conf.name,
                left ? "It is left for the console that is started next, which holds it"
                     : "It could not be left for the console that is started next");
        }
    }
}

static int act(struct args *a, const struct verb_row *row, const struct choices *ch)
{
    struct follows all = {.row = row};
    struct hub_events ev = {.result = on_result};
    struct headless h = {0};
    struct command c;
    struct why why = {0};
    int64_t wait_ms = 15000;
    if (ch->wait && num_parse_duration_ms(span_str(ch->wait), &wait_ms) != ST_OK) {
        (void)why_fail(&why, ST_INVALID, "--wait: a duration such as 30s");
        return app_trouble(&why, EXIT_USAGE);
    }
    if (make_command(a, row, ch, &c, &why) != ST_OK) {
        return app_trouble(&why, EXIT_USAGE);
    }
    int code = EXIT_TROUBLE;
    if (headless_open(&h, ch->config, &ev, &all, &why) == ST_OK) {
        c.operator_label = span_str(h.conf.console.operator_label);
        uint32_t due = take_up_stops(&h, row->verb);
        send_all(&h, a, ch, &c, &all);
        await(&h, &all, wait_ms);
        leave_stops(&h, &all, due);
        tell_latch(&h, &all);
        code = report(&all, h.hub.fleet, ch->json != NULL);
    } else {
        (void)app_trouble(&why, code);
    }
    headless_close(&h);
    free(all.item);
    return code;
}

int cmd_verb(struct args *a)
{
    const struct verb_row *row = row_of(a->sub);
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK) {
        return st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    if (a->argc < AIMS[row->aim].least || a->argc > AIMS[row->aim].most) {
        return usage_fault(a);
    }
    return act(a, row, &ch);
}

int verb_on_credential(const struct credential_act *act_on)
{
    const struct verb_row row = {.verb = act_on->verb,
                                 .name = verb_name(act_on->verb),
                                 .aim = AIM_ALL,
                                 .enough = COMMAND_CONFIRMED};
    const struct choices ch = {.config = act_on->config,
                               .credential = act_on->credential,
                               .scope = act_on->scope,
                               .reason = act_on->reason,
                               .wait = act_on->wait,
                               .json = act_on->json};
    struct args none = {0};
    return act(&none, &row, &ch);
}
