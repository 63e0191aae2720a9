/* meter_bound.c - what a call may use at most, also when nothing tells it.
 *
 *   input   one token for each byte of the request: no tokenizer makes more of them, and pictures
 * in base64 take fewer. What lies elsewhere (files, addresses, an answer before, what a tool of the
 * service finds) counts as a whole context. output  what it asks for at most; what does not say
 * counts as the most that a model makes.
 *
 * Of a stream that was cut, also before it came, what could be made in that time: a service sees
 * soon that nobody reads any more. It tells of a tool that it runs when it begins to.
 */
#include "meter_priv.h"

#include "checkrein/clock.h"

#define CONTEXT_MAX INT64_C(1000000) /* tokens of input: the largest of today's models */
#define FOUND_MAX   INT64_C(32000)   /* of what a tool found, that ran unseen at the end */
#define OUTPUT_MAX  INT64_C(128000)  /* of output, where nothing is said */
#define RATE        INT64_C(500)     /* tokens a second: more than today's services make */
#define GRACE_S     INT64_C(5)       /* until a service sees that nobody reads */

/* ---- at most */

static int64_t less(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most_in(const struct meter *m)
{
    bool known = m->whole && m->asked && !m->ask.refers;
    return known && !m->ask.tools ? less(m->asked_bytes, CONTEXT_MAX) : CONTEXT_MAX;
}

/* What the service does is told of in a stream while it comes, but for Chat Completions. */
static bool is_seen(const struct meter *m)
{
    return m->asked && m->ask.streamed && !m->ask.background && !m->unzip &&
           m->ask.dialect != USAGE_OPENAI_CHAT;
}

/* Input, of which so much was told. */
static int64_t may_have_read(const struct meter *m, const struct usage_said *said, int64_t told)
{
    if (told > 0) {
        return said->served ? CONTEXT_MAX : told;
    }
    bool not_run = m->ask.tools && !said->served && is_seen(m);
    return not_run && m->whole && !m->ask.refers ? less(m->asked_bytes + FOUND_MAX, CONTEXT_MAX)
                                                 : most_in(m);
}

static int64_t most_out(const struct meter *m)
{
    return m->asked && m->ask.most_out != USAGE_UNSAID ? less(m->ask.most_out, CONTEXT_MAX)
                                                       : OUTPUT_MAX;
}

void meter_runs(struct meter *m)
{
    meter_ran(m);
    struct call_bound b = {.uncounted = m->call.call == USAGE_OTHER};
    if (m->call.call == USAGE_ANSWERS) {
        b.most.tokens = most_in(m) + most_out(m);
        b.unpriced = !spend_bound(m->govd, span_str(m->ask.model), most_in(m), most_out(m),
                                  &b.most.microusd);
    }
    if (m->who.count == 0) {
        payers_of(m->govd, lease_by_id(m->govd->leases, span_str(m->lease)), &m->who);
    }
    m->bound = b;
    budget_runs(m->govd, &m->who, &b);
}

void meter_ran(struct meter *m)
{
    if (m->who.count > 0) {
        budget_ran(m->govd, &m->who, &m->bound);
    }
}

/* ---- of what did not tell */

static int64_t made_by_now(const struct meter *m, const struct usage_said *said)
{
    int64_t seconds = (clock_mono_us() - m->passed_us) / 1000000 + 1;
    int64_t by_time = RATE * (seconds + (said->ending == USAGE_CUT ? GRACE_S : 0));
    return by_time > said->text_bytes ? by_time : said->text_bytes;
}

/* One that was not streamed is made whole before any of it comes. */
static int64_t may_have_made(const struct meter *m, const struct usage_said *said)
{
    bool whole = m->ask.background || (said->ending == USAGE_CUT && !(m->asked && m->ask.streamed));
    return whole ? most_out(m) : less(most_out(m), made_by_now(m, said));
}

static int64_t above(int64_t most, int64_t told)
{
    return most > told ? most - told : 0;
}

void meter_bound_left(const struct meter *m, const struct usage_said *said, struct metered *of)
{
    const int64_t *n = said->tokens.tokens;
    bool told = of->tokens != NULL;
    int64_t in =
        told ? n[PRICE_INPUT] + n[PRICE_CACHE_READ] + n[PRICE_CACHE_WRITE] + n[PRICE_CACHE_WRITE_1H]
             : 0;
    int64_t out = told ? n[PRICE_OUTPUT] + n[PRICE_REASONING] : 0;
    if (of->untold) {
        of->bound_in = above(may_have_read(m, said, in), in);
        of->bound_out = above(may_have_made(m, said), out);
    }
}
