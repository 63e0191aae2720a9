#include "telemetry_priv.h"

#define ID_BYTES 512

static struct session *find(const struct govd *g, const char *prefix, struct span id)
{
    char text[ID_BYTES];
    if (!id.n || id.n > ID_BYTES / 2) {
        return NULL;
    }
    (void)snprintf(text, sizeof(text), "%s%.*s", prefix, SPAN_ARG(id));
    return session_find(g, span_str(text));
}

/* The runtime's own session id, by the prefix that its agents have here. */
static struct session *by_session(const struct record *r)
{
    static const char *const NAMES[] = {"session.id", "gen_ai.conversation.id"};
    const struct govd *g = r->o->g;
    struct session *s = NULL;
    for (size_t i = 0; !s && i < ARRAY_LEN(NAMES); i++) {
        struct span id = record_text(r, NAMES[i]);
        const struct source *source = r->source;
        for (size_t n = 0; !s && id.n && (source || source_at(n)); n++) {
            s = find(g, source ? source->agents : source_at(n)->agents, id);
            if (source) {
                break;
            }
        }
    }
    return s;
}

/* The name that it was started with here, or that it uses for itself. */
static struct session *by_name(const struct record *r)
{
    struct session *s = find(r->o->g, "", record_text(r, "checkrein.agent"));
    return s ? s : find(r->o->g, "", record_text(r, "gen_ai.agent.id"));
}

/* By the session as its runtime names it, which also an agent that was started here under another
 * name has. */
static struct session *subagent(const struct record *r, struct session *s)
{
    char id[2 * ID_BYTES];
    struct span helper = record_text(r, "agent_id");
    struct span session = record_text(r, "session.id");
    if (!r->source || !helper.n || helper.n > ID_BYTES / 2 || session.n > ID_BYTES / 2) {
        return s;
    }
    (void)snprintf(id, sizeof(id), "%s%.*s/%.*s", r->source->agents, SPAN_ARG(session),
                   SPAN_ARG(helper));
    struct session *found = session_find(r->o->g, span_str(id));
    return found ? found : s;
}

/* Said at the first, and each time that there are ten times as many. */
static void stranger(const struct record *r)
{
    struct telemetry *t = r->o->g->telemetry;
    t->strangers++;
    if (t->strangers_told == 0 || t->strangers / 10 >= t->strangers_told) {
        char text[REASON_BYTES];
        t->strangers_told = t->strangers;
        (void)snprintf(
            text, sizeof(text),
            "telemetry of agents that are not supervised here was not counted: %llu records so far",
            (unsigned long long)t->strangers);
        publish_signal(r->o->g, NULL, SEVERITY_LOW, text);
    }
    otlp_reject(r->o, "of no agent that is supervised here");
}

/* One that is over may be known to the fold alone, and its last telemetry come after it. */
static bool is_remembered(const struct record *r)
{
    char id[ID_BYTES];
    struct span session = record_text(r, "session.id");
    if (session.n > ID_BYTES / 2) {
        return false;
    }
    (void)snprintf(id, sizeof(id), "%s%.*s", r->source->agents, SPAN_ARG(session));
    return fleet_agent_by_id(r->o->g->fleet, BACKEND_SELF, span_str(id)) != NULL;
}

void owner_unhooked(const struct record *r)
{
    struct govd *g = r->o->g;
    if (!is_remembered(r) && may_tell(&g->telemetry->unhooked_us)) {
        publish_signal(g, NULL, SEVERITY_EMERGENCY,
                       "a call ran in an agent whose hooks have told nothing: they are off, and it "
                       "is not held");
    }
}

struct session *owner_find(const struct record *r)
{
    struct session *s = by_session(r);
    if (!s) {
        s = by_name(r);
    }
    if (!s) {
        stranger(r);
        return NULL;
    }
    return subagent(r, s);
}

/* Exporters send a batch again when they did not see its answer. What has nothing that tells it
 * from another one of its kind is taken as new. */
static bool is_new(const struct session *s, const struct record *r)
{
    static const char *const MARKS[] = {"timeUnixNano", "spanId"};
    bool marked = false;
    for (size_t i = 0; i < ARRAY_LEN(MARKS); i++) {
        marked |= tape_get(&r->o->json, r->at, MARKS[i]) != TAPE_ABSENT;
    }
    if (!marked) {
        int64_t n = 0;
        marked = record_count(r, "event.sequence", &n) || record_text(r, "request_id").n > 0;
    }
    if (!marked) {
        return true;
    }
    uint8_t digest[SHA256_BYTES];
    struct sha256_state h;
    sha256_init(&h);
    sha256_add(&h, span_str(s->id));
    sha256_add(&h, tape_raw(&r->o->json, r->at));
    sha256_final(&h, digest);
    sha256_release(&h);
    return recent_put(&r->o->g->telemetry->taken,
                      (struct span){(const char *)digest, sizeof(digest) / 2}, 0);
}

bool owner_takes(struct session *s, const struct record *r)
{
    if (!is_new(s, r)) {
        return false;
    }
    if (session_pay_telemetry(s)) {
        return true;
    }
    if (may_tell(&s->govd->telemetry->crowded_us)) {
        publish_signal(s->govd, s, SEVERITY_HIGH,
                       "more telemetry than its rate limit lets in: its spend is not complete");
    }
    otlp_reject(r->o, "over the rate limit");
    return false;
}

bool owner_counts(struct session *s, enum spend_from from)
{
    if (from != SPEND_FROM_LOGS && source_of_agent(s->id)) {
        return false;
    }
    if (s->spend_from == SPEND_FROM_NOTHING) {
        s->spend_from = (uint8_t)from;
    }
    return s->spend_from == (uint8_t)from;
}
