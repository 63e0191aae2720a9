/* codex_news.h - what the threads of a `codex app-server` tell their clients, made up: the same
 * seed gives the same frames on every machine.
 *
 * Each thread goes the same way round: a turn, in it a command with output, words of the agent,
 * tokens, a patch, a question; then the next turn. News come from any thread but the first, which
 * is its owner's to move.
 */
#ifndef CHECKREIN_BENCH_CODEX_NEWS_H
#define CHECKREIN_BENCH_CODEX_NEWS_H

#include "checkrein/buf.h"
#include "prng.h"

/* Ids as the server makes them, UUIDs; each takes the thread's number, the second the turn's too.
 */
#define CODEX_THREAD "0199f3c2-7b1e-7000-8000-%012u"
#define CODEX_TURN   "0199f3c2-7b1e-7000-9000-%06u%06u"

struct codex_told {
    uint32_t turn, item; /* numbers of the current ones */
    uint32_t step;       /* the next */
    uint64_t tokens;     /* so far */
};

struct codex_news {
    struct codex_told *threads;
    uint32_t count;
    struct prng random;
};

void codex_news_init(struct codex_news *n, uint32_t threads, uint64_t seed);
void codex_news_release(struct codex_news *n);
/* Adds one frame. */
void codex_news_next(struct codex_news *n, struct buf *wire);

/* Adds the frame of a text message. */
void codex_say(struct buf *wire, const char *fmt, ...) PRINTF(2, 3);
/* The same, of a notification; `params` without the braces. */
void codex_note(struct buf *wire, const char *method, const char *params, ...) PRINTF(3, 4);

/* Notifications about thread `thread`. */
void codex_status(struct buf *wire, uint32_t thread, const char *status);
void codex_turn_started(struct buf *wire, uint32_t thread, uint32_t turn);
void codex_turn_completed(struct buf *wire, uint32_t thread, uint32_t turn, const char *status);
void codex_tokens(struct buf *wire, uint32_t thread, const struct codex_told *t);

#define CODEX_ACTIVE      "\"type\":\"active\",\"activeFlags\":[]"
#define CODEX_ON_INPUT    "\"type\":\"active\",\"activeFlags\":[\"waitingOnUserInput\"]"
#define CODEX_ON_APPROVAL "\"type\":\"active\",\"activeFlags\":[\"waitingOnApproval\"]"
#define CODEX_IDLE        "\"type\":\"idle\""

#endif
