#include "codex_news.h"

#include <stdarg.h>
#include <stdlib.h>

#include "bench.h"
#include "checkrein/alloc.h"
#include "ws_frame_priv.h"

#define FRAME_BYTES ((size_t)1 << 20)
#define TOKENS_EACH 1200
#define CWD         "/srv/checkouts/agent-%u"

/* ---- frames */

static void finish(struct buf *wire, struct buf *text)
{
    bench_must(buf_status(text) == ST_OK && ws_write_frame(wire, WS_TEXT, buf_span(text)) == ST_OK,
               "write a frame");
    buf_release(text);
}

void codex_say(struct buf *wire, const char *fmt, ...)
{
    struct buf text;
    va_list ap;
    buf_init(&text, FRAME_BYTES);
    va_start(ap, fmt);
    (void)buf_vprintf(&text, fmt, ap);
    va_end(ap);
    finish(wire, &text);
}

void codex_note(struct buf *wire, const char *method, const char *params, ...)
{
    struct buf text;
    va_list ap;
    buf_init(&text, FRAME_BYTES);
    (void)buf_printf(&text, "{\"method\":\"%s\",\"params\":{", method);
    va_start(ap, params);
    (void)buf_vprintf(&text, params, ap);
    va_end(ap);
    (void)buf_addstr(&text, "},\"emittedAtMs\":1795170939216}");
    finish(wire, &text);
}

/* ---- notifications of the server itself, and of turns */

void codex_status(struct buf *wire, uint32_t thread, const char *status)
{
    codex_note(wire, "thread/status/changed", "\"threadId\":\"" CODEX_THREAD "\",\"status\":{%s}",
               thread, status);
}

void codex_turn_started(struct buf *wire, uint32_t thread, uint32_t turn)
{
    codex_note(wire, "turn/started",
               "\"threadId\":\"" CODEX_THREAD "\",\"turn\":{\"id\":\"" CODEX_TURN
               "\",\"items\":[],\"itemsView\":\"notLoaded\",\"status\":\"inProgress\",\"error\":"
               "null,\"startedAt\":1795170939,\"completedAt\":null,\"durationMs\":null}",
               thread, thread, turn);
}

void codex_turn_completed(struct buf *wire, uint32_t thread, uint32_t turn, const char *status)
{
    codex_note(wire, "turn/completed",
               "\"threadId\":\"" CODEX_THREAD "\",\"turn\":{\"id\":\"" CODEX_TURN
               "\",\"items\":[],\"itemsView\":\"summary\",\"status\":\"%s\",\"error\":null,"
               "\"startedAt\":1795170939,\"completedAt\":1795170940,\"durationMs\":823}",
               thread, thread, turn, status);
}

void codex_tokens(struct buf *wire, uint32_t thread, const struct codex_told *t)
{
    unsigned long long in = t->tokens;
    codex_note(wire, "thread/tokenUsage/updated",
               "\"threadId\":\"" CODEX_THREAD "\",\"turnId\":\"" CODEX_TURN
               "\",\"tokenUsage\":{\"total\":{\"totalTokens\":%llu,\"inputTokens\":%llu,"
               "\"cachedInputTokens\":%llu,\"cacheWriteInputTokens\":0,\"outputTokens\":%llu,"
               "\"reasoningOutputTokens\":%llu},\"last\":{\"totalTokens\":1260,\"inputTokens\":"
               "1200,\"cachedInputTokens\":800,\"cacheWriteInputTokens\":0,\"outputTokens\":60,"
               "\"reasoningOutputTokens\":20},\"modelContextWindow\":258400}",
               thread, thread, t->turn, in + in / 20, in, in / 3 * 2, in / 20, in / 60);
}

/* ---- the way round */

typedef void step_fn(struct codex_told *t, uint32_t thread, struct buf *wire);

static void begin_turn(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    t->turn++;
    codex_turn_started(wire, thread, t->turn);
}

static void end_turn(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    codex_turn_completed(wire, thread, t->turn, "completed");
}

static void go_on(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    (void)t;
    codex_status(wire, thread, CODEX_ACTIVE);
}

static void ask_user(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    (void)t;
    codex_status(wire, thread, CODEX_ON_INPUT);
}

static void rest(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    (void)t;
    codex_status(wire, thread, CODEX_IDLE);
}

static void about_command(struct codex_told *t, uint32_t thread, struct buf *wire,
                          const char *method, const char *end)
{
    codex_note(wire, method,
               "\"item\":{\"type\":\"commandExecution\",\"id\":\"call_%u_0\",\"command\":"
               "\"/bin/bash -c 'ctest -R session_%u --output-on-failure'\",\"cwd\":\"" CWD
               "\",\"processId\":\"%u\",\"source\":\"agent\",\"commandActions\":[{\"type\":"
               "\"unknown\",\"command\":\"ctest -R session_%u --output-on-failure\"}],%s},"
               "\"threadId\":\"" CODEX_THREAD "\",\"turnId\":\"" CODEX_TURN "\"",
               t->item, t->item, thread, t->item, t->item, end, thread, thread, t->turn);
}

static void begin_command(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    t->item++;
    about_command(t, thread, wire, "item/started",
                  "\"status\":\"inProgress\",\"aggregatedOutput\":null,\"exitCode\":null,"
                  "\"durationMs\":null");
}

static void end_command(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    about_command(t, thread, wire, "item/completed",
                  "\"status\":\"completed\",\"aggregatedOutput\":\"100% tests passed, 0 tests "
                  "failed out of 12\\n\",\"exitCode\":0,\"durationMs\":812");
}

static void print(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    codex_note(wire, "item/commandExecution/outputDelta",
               "\"threadId\":\"" CODEX_THREAD "\",\"turnId\":\"" CODEX_TURN
               "\",\"itemId\":\"call_%u_0\",\"delta\":\" 7/12 Test  #7: session_%u "
               "...................   Passed    0.04 sec\\n\"",
               thread, thread, t->turn, t->item, t->item);
}

static void say(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    codex_note(wire, "item/agentMessage/delta",
               "\"threadId\":\"" CODEX_THREAD "\",\"turnId\":\"" CODEX_TURN
               "\",\"itemId\":\"msg_%u\",\"delta\":\" the session table\"",
               thread, thread, t->turn, t->item);
}

static void spend(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    t->tokens += TOKENS_EACH;
    codex_tokens(wire, thread, t);
}

static void about_patch(struct codex_told *t, uint32_t thread, struct buf *wire, const char *method,
                        const char *status)
{
    codex_note(wire, method,
               "\"item\":{\"type\":\"fileChange\",\"id\":\"patch_%u\",\"changes\":[{\"path\":"
               "\"" CWD "/src/session_%u.c\",\"kind\":{\"type\":\"update\",\"move_path\":null},"
               "\"diff\":\"@@ -41,3 +41,4 @@\\n if (peer == NULL) {\\n-    return;\\n+    "
               "log_close(s);\\n+    return ST_CLOSED;\\n }\\n\"}],\"status\":\"%s\"},"
               "\"threadId\":\"" CODEX_THREAD "\",\"turnId\":\"" CODEX_TURN "\"",
               t->item, thread, t->item, status, thread, thread, t->turn);
}

static void begin_patch(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    about_patch(t, thread, wire, "item/started", "inProgress");
}

static void end_patch(struct codex_told *t, uint32_t thread, struct buf *wire)
{
    about_patch(t, thread, wire, "item/completed", "completed");
}

static step_fn *const STEPS[] = {
    begin_turn, go_on,       begin_command, print,     print,    end_command, say,   say,
    spend,      say,         begin_patch,   end_patch, ask_user, go_on,       spend, begin_command,
    print,      end_command, say,           spend,     end_turn, rest,
};

/* ---- */

void codex_news_init(struct codex_news *n, uint32_t threads, uint64_t seed)
{
    *n = (struct codex_news){
        .threads = xcalloc(threads, sizeof(*n->threads)), .count = threads, .random = {seed}};
    for (uint32_t i = 0; i < threads; i++) {
        n->threads[i].step = 1; /* a turn of each runs */
        n->threads[i].tokens = TOKENS_EACH;
    }
}

void codex_news_release(struct codex_news *n)
{
    free(n->threads);
}

void codex_news_next(struct codex_news *n, struct buf *wire)
{
    uint32_t thread = 1 + (uint32_t)prng_below(&n->random, n->count - 1);
    struct codex_told *t = &n->threads[thread];
    STEPS[t->step](t, thread, wire);
    t->step = (t->step + 1) % (uint32_t)ARRAY_LEN(STEPS);
}
