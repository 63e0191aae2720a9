/* meter.c - what one call through the gateway uses, as its service says while the answer goes by.
 *
 * Of the request a copy is kept until it is whole, for what it asks; of the answer nothing. A call
 * that does not tell, or not all, is counted with what it may have used at most.
 */
#include "meter_priv.h"

#include "../tasks_priv.h"

#include "checkrein/clock.h"
#include "checkrein/utf8.h"

#define ASK_BYTES    ((size_t)4 << 20)
#define ASKED_BYTES  ((size_t)128 << 20) /* of all copies at once */
#define TEXT_BYTES   512
#define HOLDER_BYTES 60

/* What the dialect of an upstream speaks, and whose models these are. */
static const struct meter_kind {
    const char *dialect;
    enum usage_dialect usage;
    const char *provider;
} KINDS[] = {
    {"anthropic", USAGE_ANTHROPIC,        "anthropic" },
    {"openai",    USAGE_OPENAI_RESPONSES, "openai"    },
    {"gemini",    USAGE_GEMINI,           "gcp.gemini"},
};

static const struct meter_kind *kind_of(const struct upstream *up)
{
    for (size_t i = 0; up && i < ARRAY_LEN(KINDS); i++) {
        if (strcmp(up->dialect->name, KINDS[i].dialect) == 0) {
            return &KINDS[i];
        }
    }
    return NULL;
}

enum usage_dialect meter_speaks(const struct upstream *up)
{
    const struct meter_kind *kind = kind_of(up);
    return kind ? kind->usage : USAGE_HTTP;
}

static struct budget_call wanted(const struct meter *m)
{
    static const enum budget_for FOR[] = {
        [USAGE_FREE] = FOR_NOTHING,
        [USAGE_ANSWERS] = FOR_CALL,
        [USAGE_FETCHES] = FOR_NOTHING,
        [USAGE_OTHER] = FOR_UNCOUNTED,
    };
    return m ? (struct budget_call){FOR[m->call.call], m->call.what}
             : (struct budget_call){FOR_NOTHING, ""};
}

/* A budget of all agents is found with the lease's own holder. */
static void say_holds(struct span holder, struct span of, const char *text, char why[256])
{
    struct span name = utf8_cut(of, HOLDER_BYTES);
    if (span_eq(holder, of)) {
        (void)span_copy(span_sub(span_str(text), 0, 255), why, 256);
    } else {
        (void)snprintf(why, 256, "its lease comes of %.*s, which is held: %.150s", SPAN_ARG(name),
                       text);
    }
}

bool meter_holds(const struct meter *m, const struct govd *g, const struct lease *l, char why[256])
{
    char text[REASON_BYTES];
    struct budget_call c = wanted(m);
    struct span holder = lease_holder(g, l);
    if (!kind_of(upstream_named(g, span_str(l->upstream)))) {
        return false;
    }
    for (; l; l = lease_by_id(g->leases, span_str(l->parent))) {
        if (budget_holds(g, lease_holder(g, l), &c, text)) {
            say_holds(holder, lease_holder(g, l), text, why);
            return true;
        }
    }
    return false;
}

bool meter_reads_first(const struct meter *m, const struct govd *g, const struct lease *l)
{
    bool limited = false;
    for (; m && m->call.call == USAGE_ANSWERS && l && !limited;
         l = lease_by_id(g->leases, span_str(l->parent))) {
        limited = budget_limits(g, lease_holder(g, l));
    }
    return limited;
}

/* ---- the request */

struct meter *meter_new(struct govd *g, struct upstream *up, const struct lease *l,
                        struct span method, const char *target)
{
    struct usage_ask ask = {.dialect = USAGE_HTTP};
    const struct meter_kind *kind = kind_of(up);
    struct usage_call_kind call = {.call = USAGE_FREE};
    if (kind) {
        call = usage_call_kind(kind->usage, method, span_str(target));
    }
    if (call.call == USAGE_FREE) {
        return NULL;
    }
    if (call.call != USAGE_ANSWERS || /* of Gemini the model stands in it */
        usage_ask_read(kind->usage, span_str(target), SPAN("{}"), &ask) == ST_NOTFOUND) {
        ask.dialect = kind->usage;
    }
    struct meter *m = xcalloc(1, sizeof(*m));
    struct span agent = lease_holder(g, l);
    *m = (struct meter){.govd = g, .up = up, .kind = kind, .call = call, .ask = ask};
    (void)span_copy(span_str(l->id), m->lease, sizeof(m->lease));
    m->agent = xstrndup(agent.p, agent.n);
    m->target = xstrdup(target);
    buf_init(&m->body, ASK_BYTES);
    return m;
}

static void forget_body(struct meter *m)
{
    m->govd->gateway->metered_bytes -= m->body.len;
    buf_wipe(&m->body);
    buf_init(&m->body, ASK_BYTES);
}

void meter_asked(struct meter *m, struct span bytes)
{
    if (!m || m->call.call != USAGE_ANSWERS) {
        return;
    }
    m->asked_bytes += (int64_t)bytes.n;
    if (m->unread) {
        return;
    }
    size_t *held = &m->govd->gateway->metered_bytes;
    m->unread = *held + bytes.n > ASKED_BYTES || m->body.len + bytes.n > ASK_BYTES;
    if (m->unread) {
        forget_body(m);
    } else {
        (void)buf_add(&m->body, bytes);
        *held += bytes.n;
    }
}

/* ---- the same call again and again */

static void look_for_loop(struct meter *m, struct purse *p)
{
    const struct conf *conf = m->govd->conf;
    char text[TEXT_BYTES];
    if (!p->repeat) {
        p->repeat = xcalloc(1, sizeof(*p->repeat));
    }
    if (usage_repeats(p->repeat, m->ask.same, clock_mono_us(), (uint32_t)conf->serve.loop_calls,
                      conf->serve.loop_minutes * 60 * 1000000)) {
        (void)snprintf(
            text, sizeof(text),
            "it makes the same model call again and again: %u times in a row within %lld "
            "minutes",
            usage_run(p->repeat), (long long)conf->serve.loop_minutes);
        budget_signal(m->govd, span_str(m->agent), SEVERITY_HIGH, text);
    }
}

/* It is a call once it is whole and was let go on. */
static void count_call(struct meter *m)
{
    if (m->passed && m->asked) {
        look_for_loop(m, purse_of(m->govd, span_str(m->agent)));
    }
}

void meter_whole(struct meter *m)
{
    if (!m) {
        return;
    }
    m->whole = true;
    if (!m->unread && m->body.len > 0 && !m->asked) {
        enum status st =
            usage_ask_read(m->kind->usage, span_str(m->target), buf_span(&m->body), &m->ask);
        m->asked = st != ST_NOTFOUND;
        forget_body(m);
        count_call(m);
    }
    if (m->passed && m->call.call == USAGE_ANSWERS) {
        meter_runs(m);
    }
}

/* From here on its own telemetry tells the same again. */
void meter_passed(struct meter *m)
{
    if (!m || m->call.call == USAGE_FETCHES) {
        return;
    }
    m->passed = true;
    m->passed_us = clock_mono_us();
    meter_runs(m);
    if (m->call.call == USAGE_ANSWERS) {
        task_now(m->govd, span_str(m->agent), m->task);
        purse_of(m->govd, span_str(m->agent))->metered = true;
        count_call(m);
    }
}

void meter_unanswered(struct meter *m)
{
    if (m) {
        m->refused = true;
    }
}

/* ---- the answer */

/* What it costs nobody here can tell: batches, pictures, embeddings. */
static void tell_uncounted(struct meter *m)
{
    struct purse *p = purse_of(m->govd, span_str(m->agent));
    char text[TEXT_BYTES];
    char room[TEXT_BYTES];
    if (!p->uncounted_told) {
        p->uncounted_told = true;
        (void)snprintf(
            text, sizeof(text),
            "it makes calls that are not counted, and that no budget holds: %.40s %.200s",
            m->up->conf->name, m->target);
        (void)span_copy(told_text(m->govd, span_str(text), room, sizeof(room) - 1), text,
                        sizeof(text));
        budget_signal(m->govd, span_str(m->agent), SEVERITY_HIGH, text);
    }
}

void meter_answered(struct meter *m, int http_status, const struct http_field *fields, size_t count)
{
    struct span type = SPAN_NONE;
    if (!m || http_status < 200 || http_status >= 300) {
        meter_unanswered(m);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (span_is(fields[i].name, "content-type")) {
            type = fields[i].value;
        }
    }
    if (m->call.call == USAGE_OTHER) {
        tell_uncounted(m);
    } else {
        m->answers = true;
        usage_reader_init(&m->reader, m->ask.dialect, type);
        m->unzip = coded_new(fields, count);
    }
}

void meter_read(struct meter *m, struct span bytes)
{
    if (m && m->answers && m->unzip) {
        coded_read(m->up, span_str(m->agent), m->unzip, &m->reader, bytes);
    } else if (m && m->answers) {
        usage_feed(&m->reader, bytes);
    }
}

/* ---- what comes of it */

/* The first thing that is wrong with it. */
static const char *fault_of(const struct usage_said *said)
{
    unsigned i = 0;
    while (i < USAGE_MARK_COUNT && !(said->marks & 1u << i)) {
        i++;
    }
    return usage_mark_words((enum usage_mark)i);
}

static void tell_fault(struct meter *m, const struct usage_said *said, bool lied)
{
    char text[TEXT_BYTES];
    if (may_tell(&m->govd->gateway->fault_us)) {
        (void)snprintf(text, sizeof(text), "what upstream %.40s says that a call used %s: %.200s",
                       m->up->conf->name,
                       lied ? "cannot be, and is not counted" : "is not all of it", fault_of(said));
        budget_signal(m->govd, span_str(m->agent), lied ? SEVERITY_HIGH : SEVERITY_LOW, text);
    }
}

static void charge_others(struct meter *m, const struct payers *who, const struct spent *spent)
{
    for (size_t i = 1; i < who->count; i++) {
        budget_charge(m->govd, span_str(who->agent[i]), spent);
    }
}

/* What was cut has used more than it told; what failed before its first figure and word, nothing.
 */
static void count(struct meter *m, const struct usage_said *said)
{
    bool lied = usage_lied(said);
    bool told = said->told && !lied;
    if (!said->told && said->ending == USAGE_FAILED && said->text_bytes == 0) {
        return;
    }
    if (said->marks) {
        tell_fault(m, said, lied);
    }
    struct metered of = {.agent = span_str(m->agent),
                         .credential = span_str(m->lease),
                         .task = m->task,
                         .upstream = span_str(m->up->conf->name),
                         .provider = span_str(m->kind->provider),
                         .model = span_str(said->model[0] ? said->model : m->ask.model),
                         .tokens = told ? &said->tokens : NULL,
                         .untold = !told || said->ending == USAGE_CUT};
    of.answer = of.untold && m->ask.dialect == USAGE_OPENAI_RESPONSES ? said->id : NULL;
    meter_bound_left(m, said, &of);
    struct spent spent = spend_metered(m->govd, &of);
    charge_others(m, &m->who, &spent);
    if (of.answer) {
        late_put(m, of.answer, &spent.bound);
    }
}

/* It was asked for before, and counted with its bound: whose it was pays, whoever fetches it. */
static void count_fetched(struct meter *m, const struct usage_said *said)
{
    struct late_answer late;
    bool tells = said->told && !usage_lied(said) && said->ending != USAGE_CUT &&
                 strcmp(said->id, m->call.id) == 0;
    if (!tells || !late_take(m, m->call.id, &late)) {
        return;
    }
    struct metered of = {.agent = span_str(late.who.agent[0]),
                         .credential = span_str(m->lease),
                         .task = late.task,
                         .upstream = span_str(m->up->conf->name),
                         .provider = span_str(m->kind->provider),
                         .model = span_str(said->model),
                         .tokens = &said->tokens,
                         .late = late.bound,
                         .answer = m->call.id};
    struct spent spent = spend_metered(m->govd, &of);
    charge_others(m, &late.who, &spent);
    payers_release(&late.who);
}

/* Asked for whole, and left before a word of the answer came: the service may make it all the same.
 */
static bool was_left(const struct meter *m)
{
    return m->call.call == USAGE_ANSWERS && m->passed && m->whole && !m->answers && !m->refused;
}

static void settle(struct meter *m)
{
    struct usage_said said = {.ending = USAGE_CUT};
    if (m->answers) {
        usage_end(&m->reader, &said);
    }
    if (m->answers && m->call.call == USAGE_FETCHES) {
        count_fetched(m, &said);
    } else if (m->answers || was_left(m)) {
        count(m, &said);
    }
}

void meter_end(struct meter *m)
{
    if (!m) {
        return;
    }
    settle(m);
    meter_ran(m);
    payers_release(&m->who);
    forget_body(m);
    buf_release(&m->body);
    usage_unzip_free(m->unzip);
    free(m->agent);
    free(m->target);
    free(m);
}
