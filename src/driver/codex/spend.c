/* spend.c - tokens, limits and failures, as the server tells them.
 *
 * The server sums over a thread, and each thread for itself: what is new since the last sum is
 * told, so that a sum that was missed is not lost. `totalTokens` is never looked at: a full context
 * window sets it to the window's size, and everything else to nothing. Money is never told here. */
#include "codex_priv.h"

#include <string.h>

static const struct {
    const char *name;
    enum event_field field;
} COUNTS[TOKENS_COUNT] = {
    [TOKENS_IN] = {"inputTokens",           F_TOKENS_IN         },
    [TOKENS_CACHED] = {"cachedInputTokens",     F_TOKENS_CACHED     },
    [TOKENS_CACHE_WRITE] = {"cacheWriteInputTokens", F_TOKENS_CACHE_WRITE},
    [TOKENS_OUT] = {"outputTokens",          F_TOKENS_OUT        },
    [TOKENS_REASONING] = {"reasoningOutputTokens", F_TOKENS_REASONING  },
};

/* What a snapshot tells are sums, news tell what was added. */
static int64_t told(const struct codex *c, int64_t sum, int64_t before)
{
    return c->phase == CODEX_SYNCING ? sum : sum - before;
}

static void say_spent(struct codex *c, struct codex_thread *t, const int64_t tokens[TOKENS_COUNT],
                      struct span turn, bool is_sum)
{
    struct event ev;
    codex_begin(c, &ev, EVENT_SPEND_RECORDED, t);
    for (size_t i = 0; i < TOKENS_COUNT; i++) {
        event_set_number(&ev, COUNTS[i].field, tokens[i]);
    }
    turn_put(t, &ev, turn);
    event_put_text(&ev, F_MODEL, span_str(t->model));
    ev.snapshot = is_sum;
    thread_show(c, t);
    codex_emit(c, &ev);
}

static bool is_first(const struct codex_thread *t)
{
    for (size_t i = 0; i < TOKENS_COUNT; i++) {
        if (t->used[i]) {
            return false;
        }
    }
    return true;
}

/* The first sum of a thread that was not attached to whole: all but the last answer was used
 * before. */
static void take_what_was_before(struct codex *c, struct codex_thread *t, uint32_t usage)
{
    int64_t before[TOKENS_COUNT];
    uint32_t last = codex_at(c, usage, "last");
    bool any = false;
    for (size_t i = 0; i < TOKENS_COUNT; i++) {
        before[i] = codex_number(c, codex_at(c, usage, "total"), COUNTS[i].name, 0) -
                    codex_number(c, last, COUNTS[i].name, 0);
        if (before[i] < 0) {
            return;
        }
        any = any || before[i] > 0;
    }
    if (any && last != TAPE_ABSENT) {
        memcpy(t->used, before, sizeof(t->used));
        say_spent(c, t, before, SPAN_NONE, true);
    }
}

void spend_take(struct codex *c, struct codex_thread *t, uint32_t params)
{
    uint32_t usage = codex_at(c, params, "tokenUsage");
    int64_t tokens[TOKENS_COUNT];
    int64_t sum[TOKENS_COUNT];
    bool fell = false;
    bool rose = false;
    t->awaits_usage = false;
    if (c->phase == CODEX_LIVE && is_first(t)) {
        take_what_was_before(c, t, usage);
    }
    for (size_t i = 0; i < TOKENS_COUNT; i++) {
        sum[i] = codex_number(c, codex_at(c, usage, "total"), COUNTS[i].name, 0);
        tokens[i] = told(c, sum[i], t->used[i]);
        fell = fell || sum[i] < t->used[i] || sum[i] > EVENT_INT_MAX;
        rose = rose || sum[i] > t->used[i];
    }
    if (!fell && (rose || c->phase != CODEX_LIVE)) {
        memcpy(t->used, sum, sizeof(t->used));
        say_spent(c, t, tokens, codex_text(c, params, "turnId"), false);
    }
}

/* ---- limits of the account: in the back-end's line, in steps; an alarm once a window, when little
 * is left. They come piece by piece: what is not said is as it was. */

#define LITTLE_LEFT 90 /* percent used */
#define STEP        5  /* percent */
#define HOUR_MIN    60
#define DAY_MIN     1440

static const char *const LIMITS[CODEX_LIMITS] = {"primary", "secondary"};

/* From 1: nothing is in the line yet at 0. */
static int64_t step_of(const struct codex_limit *l)
{
    return l->used / STEP + 1;
}

static bool is_news(const struct codex_limit *l)
{
    return l->known && l->step != step_of(l);
}

static void warn_of(struct codex *c, const char *which, int64_t used, int64_t resets)
{
    char text[128];
    if (used < LITTLE_LEFT || resets == c->limit_told) {
        return;
    }
    c->limit_told = resets;
    (void)snprintf(text, sizeof(text), "%s rate limit: %lld %% used, resets at %lld (Unix time)",
                   which, (long long)used, (long long)resets);
    codex_signal(c, NULL, SEVERITY_LOW, span_str(text));
}

static void one_limit(struct codex *c, uint32_t window, size_t which)
{
    struct codex_limit *l = &c->limit[which];
    int64_t used = codex_number(c, window, "usedPercent", -1);
    l->minutes = codex_number(c, window, "windowDurationMins", l->minutes);
    if (used >= 0 && used <= 100) {
        l->known = true;
        l->used = used;
    }
    warn_of(c, LIMITS[which], used, codex_number(c, window, "resetsAt", 0));
}

void limits_take(struct codex *c, uint32_t limits)
{
    bool news = false;
    for (size_t i = 0; i < CODEX_LIMITS; i++) {
        one_limit(c, codex_at(c, limits, LIMITS[i]), i);
        news = news || is_news(&c->limit[i]);
    }
    if (news && c->phase == CODEX_LIVE) {
        codex_say_link(c);
    }
}

static void say_window(int64_t minutes, char *out, size_t cap)
{
    bool days = minutes >= DAY_MIN && minutes % DAY_MIN == 0;
    bool hours = !days && minutes >= HOUR_MIN && minutes % HOUR_MIN == 0;
    (void)snprintf(out, cap, "%lld%c",
                   (long long)(minutes / (days    ? DAY_MIN
                                          : hours ? HOUR_MIN
                                                  : 1)),
                   days    ? 'd'
                   : hours ? 'h'
                           : 'm');
}

void limits_say(struct codex *c, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < CODEX_LIMITS; i++) {
        struct codex_limit *l = &c->limit[i];
        char window[32] = "";
        if (!l->known || n >= cap) {
            continue;
        }
        if (l->minutes > 0) {
            say_window(l->minutes, window, sizeof(window));
        }
        l->step = step_of(l);
        n += (size_t)snprintf(out + n, cap - n, ", %s limit %lld %% used",
                              window[0] ? window : LIMITS[i], (long long)l->used);
    }
}

/* ---- failures */

/* By the name of codexErrorInfo, which is a word or an object with one key. What is not here is the
 * model's. */
static const struct {
    const char *name;
    enum failure class;
} CLASSES[] = {
    {"contextWindowExceeded",          FAILURE_MODEL  },
    {"usageLimitExceeded",             FAILURE_BUDGET },
    {"serverOverloaded",               FAILURE_MODEL  },
    {"cyberPolicy",                    FAILURE_POLICY },
    {"httpConnectionFailed",           FAILURE_NETWORK},
    {"responseStreamConnectionFailed", FAILURE_NETWORK},
    {"responseStreamDisconnected",     FAILURE_NETWORK},
    {"internalServerError",            FAILURE_MODEL  },
    {"unauthorized",                   FAILURE_MODEL  },
    {"badRequest",                     FAILURE_MODEL  },
    {"threadRollbackFailed",           FAILURE_RUNTIME},
    {"sandboxError",                   FAILURE_RUNTIME},
    {"activeTurnNotSteerable",         FAILURE_RUNTIME},
};

static struct span kind_of_error(struct codex *c, uint32_t error)
{
    uint32_t info = codex_at(c, error, "codexErrorInfo");
    if (tape_type(&c->j, info) == TAPE_OBJECT) {
        info = tape_first(&c->j, info); /* its key */
    }
    return codex_string(c, info);
}

static enum failure class_of(struct span kind)
{
    for (size_t i = 0; i < ARRAY_LEN(CLASSES); i++) {
        if (span_is(kind, CLASSES[i].name)) {
            return CLASSES[i].class;
        }
    }
    return FAILURE_MODEL;
}

void failure_take(struct codex *c, struct codex_thread *t, uint32_t params)
{
    struct event ev;
    uint32_t error = codex_at(c, params, "error");
    struct span kind = kind_of_error(c, error);
    codex_begin(c, &ev, EVENT_FAILURE_REPORTED, t);
    event_set_number(&ev, F_FAILURE_CLASS, class_of(kind));
    event_set_number(&ev, F_RETRYING, tape_bool(&c->j, codex_at(c, params, "willRetry"), false));
    event_put_text(&ev, F_ERROR, codex_cut(codex_text(c, error, "message"), CODEX_TEXT_BYTES * 4));
    event_put_text(&ev, F_ERROR_TYPE, codex_cut(kind, 64));
    thread_show(c, t);
    codex_emit(c, &ev);
}
