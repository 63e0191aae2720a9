#include "events.h"

#include <inttypes.h>
#include <stdio.h>

#include "checkrein/span.h"

#define FIRST_US      INT64_C(1793000000000000)
#define BETWEEN_US    200  /* 5,000 events a second */
#define AN_AGENT_EACH 7919 /* spreads neighbours over hosts and owners */

static const char *const REPOS[] = {"payments",   "billing-api", "search",
                                    "mobile-app", "infra",       "docs"};
static const char *const OWNERS[] = {"maria.lopez", "jonas.weber", "aiko.tanaka", "night shift"};
static const char *const MODELS[] = {"claude-sonnet-4-5", "claude-opus-4-1", "claude-haiku-4-5"};

static const char *const COMMANDS[] = {
    "find . -name '*.c' -newer build/stamp -print0 | xargs -0 clang-tidy --quiet",
    "git -C . push origin HEAD:refs/heads/agent/fix-1423 --force-with-lease",
    "psql -h db.internal -c \"update accounts set plan='pro' where id in (select id from trial)\"",
    "curl -sS -X POST https://api.example.internal/v1/deploy -d '{\"env\":\"staging\"}'",
    "rm -rf ./build && cmake -S . -B build && cmake --build build -j8 && ctest --test-dir build",
};

/* What a call of each tool is summed up as: a number stands between the two, so that no two are
 * alike. */
static const struct {
    const char *tool, *before, *after;
} CALLS[] = {
    {"Bash",     NULL,                                          ""               },
    {"Edit",     "src/session/table_",                          ".c +12 -3"      },
    {"Read",     "src/session/peer_",                           ".c"             },
    {"WebFetch", "https://docs.example.internal/api/sessions/", "?page=2"        },
    {"Grep",     "session_close_",                              " in src/session"},
};

static const char OUTPUT[] = "The failing test reports a null dereference in the session table "
                             "when the peer closes first; caf\xC3\xA9 "
                             "na\xC3\xAFve \xE2\x80\x93 three files were read, one will be edited, "
                             "then the unit tests run again and the "
                             "outcome is told to the operator before anything is pushed to the "
                             "shared branch of the project.";

void events_init(struct events *e, uint64_t seed, uint32_t agents)
{
    *e = (struct events){.seed = seed, .random = {seed}, .agents = agents};
}

/* What an agent is called follows from the seed and its index alone. */
static struct prng of_agent(const struct events *e, uint32_t index)
{
    return (struct prng){e->seed + UINT64_C(1) + (uint64_t)index * AN_AGENT_EACH};
}

static void name_agent(struct events *e, uint32_t index)
{
    struct prng r = of_agent(e, index);
    uint64_t high = prng_next(&r);
    uint64_t low = prng_next(&r);
    (void)snprintf(e->agent, sizeof(e->agent), "claude:%08x-%04x-4%03x-a%03x-%012" PRIx64,
                   (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xFFFF),
                   (unsigned)(high & 0xFFF), (unsigned)(low >> 48 & 0xFFF), low & 0xFFFFFFFFFFFF);
}

/* Cut at a length that varies, never within a character: the text is ASCII from its last third on.
 */
static struct span some_output(struct events *e)
{
    size_t most = sizeof(OUTPUT) - 1;
    size_t n = most - (size_t)prng_below(&e->random, most / 2);
    (void)snprintf(e->output, sizeof(e->output), "%.*s", (int)n, OUTPUT);
    return span_str(e->output);
}

static void envelope(struct events *e, struct event *out, enum event_type type, int64_t time_us)
{
    event_init(out, type, time_us);
    uint64_t mixed = (e->seq + 1) * UINT64_C(0x9E3779B97F4A7C15);
    (void)snprintf(e->id, sizeof(e->id), "01KB%06" PRIX64 "%016" PRIX64, e->seq & 0xFFFFFF, mixed);
    out->id = span_str(e->id);
    out->source = SPAN("checkrein://build-07.example.internal/01KB3ZQ6Y1T9WJ4M8V2C5R7XHN");
    out->subject = span_str(e->agent);
    event_set_text(out, F_AGENT_ID, span_str(e->agent));
}

/* As the daemon names them for an agent behind its gate. */
static const struct event_row REINS[] = {
    {{SPAN_INIT("withhold"), SPAN_INIT("true"), SPAN_INIT("the request is still pending")}},
    {{SPAN_INIT("hold"), SPAN_INIT("true"), SPAN_INIT("its next call is seen waiting")}},
    {{SPAN_INIT("interrupt"), SPAN_INIT("true"), SPAN_INIT("turn ended event"),
      SPAN_INIT("at its next call")}},
    {{SPAN_INIT("stop"), SPAN_INIT("false"), SPAN_INIT("its processes are gone")}},
};

void events_introduce(struct events *e, uint32_t index, struct event *out)
{
    struct prng r = of_agent(e, index);
    uint64_t pick = prng_next(&r);
    name_agent(e, index);
    envelope(e, out, EVENT_AGENT_STARTED, FIRST_US);
    out->snapshot = true;
    const char *repo = REPOS[pick % ARRAY_LEN(REPOS)];
    unsigned pid = 1000 + index;
    (void)snprintf(e->instance, sizeof(e->instance), "%u@%" PRIu64, pid, (pick >> 8) % 100000000);
    (void)snprintf(e->name, sizeof(e->name), "%s-%u", repo, (unsigned)index);
    (void)snprintf(e->cwd, sizeof(e->cwd), "/srv/checkouts/%s/agent-%u", repo, (unsigned)index);
    event_set_text(out, F_AGENT_INSTANCE, span_str(e->instance));
    event_set_text(out, F_AGENT_NAME, span_str(e->name));
    event_set_text(out, F_CWD, span_str(e->cwd));
    event_set_text(out, F_AGENT_RUNTIME, SPAN("claude-code"));
    event_set_text(out, F_AGENT_RUNTIME_VERSION, SPAN("2.1.328"));
    event_set_text(out, F_AGENT_OWNER, span_str(OWNERS[pick >> 16 & 3]));
    event_set_text(out, F_MODEL, span_str(MODELS[(pick >> 24) % ARRAY_LEN(MODELS)]));
    event_set_text(out, F_PROVIDER, SPAN("anthropic"));
    event_set_text(out, F_HOST, SPAN("build-07.example.internal"));
    event_set_text(out, F_PERMISSION_MODE, SPAN("default"));
    event_set_text(out, F_GATE, SPAN("open"));
    event_set_number(out, F_PID, pid);
    event_set_number(out, F_STATE, AGENT_RUNNING);
    event_set_list(out, F_REINS, REINS, ARRAY_LEN(REINS));
}

/* ---- news */

static size_t call_of(struct events *e, struct event *out)
{
    size_t which = (size_t)prng_below(&e->random, ARRAY_LEN(CALLS));
    (void)snprintf(e->call, sizeof(e->call), "toolu_%016" PRIx64, prng_next(&e->random));
    event_set_text(out, F_ACTION_ID, span_str(e->call));
    event_set_text(out, F_TOOL, span_str(CALLS[which].tool));
    return which;
}

static struct span summary_of(struct events *e, size_t which)
{
    uint64_t r = prng_next(&e->random);
    const char *before = CALLS[which].before;
    before = before != NULL ? before : COMMANDS[(r >> 32) % ARRAY_LEN(COMMANDS)];
    (void)snprintf(e->summary, sizeof(e->summary), "%s%s%u%s", before,
                   CALLS[which].before ? "" : " --run=", (unsigned)(r & 0xFFFFFFF),
                   CALLS[which].after);
    return span_str(e->summary);
}

static void started(struct events *e, struct event *out)
{
    event_set_text(out, F_SUMMARY, summary_of(e, call_of(e, out)));
    event_set_text(out, F_DIGEST,
                   SPAN("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"));
    event_set_number(out, F_RISK, RISK_LOW);
}

static void judged(struct events *e, struct event *out)
{
    (void)e;
    event_set_number(out, F_VERDICT, VERDICT_ALLOW);
    event_set_text(out, F_RULE, SPAN("allow reading and building within the checkout"));
    event_set_text(out, F_POLICY_VERSION,
                   SPAN("sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"));
    event_set_text(out, F_DIGEST,
                   SPAN("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"));
    event_set_number(out, F_RISK, RISK_LOW);
}

static void finished(struct events *e, struct event *out)
{
    bool failed = prng_below(&e->random, 20) == 0;
    call_of(e, out);
    event_set_text(out, F_OUTPUT, some_output(e));
    event_set_number(out, F_OUTPUT_BYTES, (int64_t)prng_below(&e->random, 90000));
    event_set_number(out, F_DURATION_MS, (int64_t)prng_below(&e->random, 60000));
    event_set_number(out, F_OUTCOME, failed ? OUTCOME_FAILED : OUTCOME_SUCCEEDED);
    if (failed) {
        event_set_text(out, F_ERROR, SPAN("make: *** [Makefile:41: check] Error 2"));
    }
}

static void spent(struct events *e, struct event *out)
{
    event_set_text(out, F_MODEL, SPAN("claude-sonnet-4-5"));
    event_set_number(out, F_TOKENS_IN, (int64_t)prng_below(&e->random, 90000));
    event_set_number(out, F_TOKENS_OUT, (int64_t)prng_below(&e->random, 4000));
    event_set_number(out, F_TOKENS_CACHED, (int64_t)prng_below(&e->random, 80000));
    event_set_number(out, F_COST_MICROUSD, (int64_t)prng_below(&e->random, 400000));
    event_set_text(out, F_COST_CURRENCY, SPAN("USD"));
    event_set_number(out, F_COST_ESTIMATED, true);
}

static void changed(struct events *e, struct event *out)
{
    static const enum agent_state STATES[] = {AGENT_RUNNING, AGENT_IDLE, AGENT_WAITING_INPUT};
    event_set_number(out, F_STATE, STATES[prng_below(&e->random, ARRAY_LEN(STATES))]);
    event_set_text(out, F_REASON, SPAN("the model's turn ended"));
}

struct habit {
    enum event_type type;
    uint32_t share; /* of 100 */
    void (*fill)(struct events *e, struct event *out);
};

static const struct habit HABITS[] = {
    {EVENT_ACTION_STARTED,  32, started },
    {EVENT_ACTION_FINISHED, 32, finished},
    {EVENT_POLICY_DECIDED,  16, judged  },
    {EVENT_SPEND_RECORDED,  14, spent   },
    {EVENT_AGENT_STATE,     6,  changed },
};

static const struct habit *some_habit(struct events *e)
{
    uint64_t n = prng_below(&e->random, 100);
    const struct habit *h = HABITS;
    while (n >= h->share) {
        n -= h->share;
        h++;
    }
    return h;
}

static void next(struct events *e, uint32_t index, const struct habit *h, struct event *out)
{
    name_agent(e, index);
    e->seq++;
    envelope(e, out, h->type, FIRST_US + (int64_t)e->seq * BETWEEN_US);
    out->seq = e->seq;
    h->fill(e, out);
}

void events_next_of(struct events *e, uint32_t index, struct event *out)
{
    next(e, index, some_habit(e), out);
}

void events_call_of(struct events *e, uint32_t index, struct event *out)
{
    next(e, index, &HABITS[0], out);
}

void events_next(struct events *e, struct event *out)
{
    events_next_of(e, (uint32_t)prng_below(&e->random, e->agents), out);
}
