/* meter.c - what one call through the gateway uses, as its service says while the answer goes by.
 *
 * Of the request a copy is kept until it is whole, for what it asks; of the answer nothing. What is
 * not read as a call for an answer (lists, counts, batches) is not counted.
 */
#include "../budget_priv.h"
#include "../tasks_priv.h"
#include "gateway_priv.h"

#include "checkrein/clock.h"
#include "checkrein/usage.h"

#define ASK_BYTES   ((size_t)4 << 20)
#define ASKED_BYTES ((size_t)128 << 20) /* of all copies at once */
#define TEXT_BYTES  512

struct meter {
    struct govd *govd;
    struct upstream *up;
    const struct meter_kind *kind;
    char lease[ULID_BYTES];
    char task[ULID_BYTES];
    char *agent, *target;
    struct buf body;
    struct usage_ask ask;
    bool asked;   /* `ask` is read */
    bool unread;  /* there was too much of it: what it asks is not known */
    bool passed;  /* it was let go on */
    bool answers; /* with something that has figures */
    bool is_call; /* else it is one of which nothing is known */
    struct usage_reader reader;
    struct usage_unzip *unzip; /* NULL: it comes as plain bytes */
};

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

bool meter_holds(const struct govd *g, const struct lease *l, char why[256])
{
    char text[REASON_BYTES];
    if (!kind_of(upstream_named(g, span_str(l->upstream)))) {
        return false;
    }
    for (; l; l = lease_by_id(g->leases, span_str(l->parent))) {
        if (budget_is_over(g, lease_holder(g, l), text)) {
            (void)span_copy(span_sub(span_str(text), 0, 255), why, 256);
            return true;
        }
    }
    return false;
}

/* ---- the request */

/* What is asked for without using a model. */
static bool is_free(struct span method, const char *target)
{
    static const char *const METHODS[] = {"GET", "HEAD", "DELETE", "OPTIONS"};
    static const char *const ENDS[] = {"/count_tokens", "/input_tokens", ":countTokens"};
    bool is = false;
    for (size_t i = 0; i < ARRAY_LEN(METHODS); i++) {
        is = is || span_is(method, METHODS[i]);
    }
    struct span path = span_sub(span_str(target), 0, span_find(span_str(target), '?'));
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
        is = is || span_ends(path, ENDS[i]);
    }
    return is;
}

struct meter *meter_new(struct govd *g, struct upstream *up, const struct lease *l,
                        struct span method, const char *target)
{
    struct usage_ask ask;
    const struct meter_kind *kind = kind_of(up);
    if (!kind || is_free(method, target)) {
        return NULL;
    }
    bool is_call = usage_ask_read(kind->usage, span_str(target), SPAN("{}"), &ask) != ST_NOTFOUND;
    struct meter *m = xcalloc(1, sizeof(*m));
    struct span agent = lease_holder(g, l);
    *m = (struct meter){
        .govd = g, .up = up, .kind = kind, .is_call = is_call, .ask = {.dialect = ask.dialect}};
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
    if (!m || m->unread || !m->is_call) {
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
    if (m && !m->unread && m->body.len > 0 && !m->asked) {
        enum status st =
            usage_ask_read(m->kind->usage, span_str(m->target), buf_span(&m->body), &m->ask);
        m->asked = st != ST_NOTFOUND;
        forget_body(m);
        count_call(m);
    }
}

/* From here on its own telemetry tells the same again. */
void meter_passed(struct meter *m)
{
    if (m && m->is_call) {
        struct purse *p = purse_of(m->govd, span_str(m->agent));
        m->passed = true;
        task_now(m->govd, span_str(m->agent), m->task);
        p->metered = true;
        p->open++;
        count_call(m);
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
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (span_is(fields[i].name, "content-type")) {
            type = fields[i].value;
        }
    }
    if (m->is_call) {
        m->answers = true;
        usage_reader_init(&m->reader, m->ask.dialect, type);
        m->unzip = coded_new(fields, count);
    } else {
        tell_uncounted(m);
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

/* The agents whose leases this one comes of, each once, and not the one that holds it. */
static void charge_parents(struct meter *m, const struct spent *spent)
{
    struct govd *g = m->govd;
    const struct lease *l = lease_by_id(g->leases, span_str(m->lease));
    struct span paid[LEASE_DEPTH + 2] = {span_str(m->agent)};
    size_t count = 1;
    while (l && (l = lease_by_id(g->leases, span_str(l->parent))) && count < ARRAY_LEN(paid)) {
        struct span agent = lease_holder(g, l);
        bool is_new = true;
        for (size_t i = 0; i < count; i++) {
            is_new = is_new && !span_eq(paid[i], agent);
        }
        if (is_new) {
            paid[count++] = agent;
            budget_charge(g, agent, spent);
        }
    }
}

/* What was cut has used more than it told; what failed before its first figure, nothing. */
static void count(struct meter *m, const struct usage_said *said)
{
    bool lied = usage_lied(said);
    bool told = said->told && !lied;
    bool untold = !told || said->ending == USAGE_CUT;
    if (!said->told && said->ending == USAGE_FAILED) {
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
                         .untold = untold};
    budget_untold(m->govd, of.agent, untold);
    struct spent spent = spend_metered(m->govd, &of);
    charge_parents(m, &spent);
}

void meter_end(struct meter *m)
{
    struct usage_said said;
    if (!m) {
        return;
    }
    if (m->passed) {
        purse_of(m->govd, span_str(m->agent))->open--;
    }
    if (m->answers) {
        usage_end(&m->reader, &said);
        count(m, &said);
    }
    forget_body(m);
    buf_release(&m->body);
    usage_unzip_free(m->unzip);
    free(m->agent);
    free(m->target);
    free(m);
}
