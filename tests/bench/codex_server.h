/* codex_server.h - a `codex app-server` whose threads all work, as its second client meets it: it
 * answers what it is asked, and its first thread waits for approval, or for an interrupt.
 *
 * The wire is that of codex-cli 0.169. It knows what checkrein asks and nothing else: any other
 * method or answer ends the bench.
 */
#ifndef CHECKREIN_BENCH_CODEX_SERVER_H
#define CHECKREIN_BENCH_CODEX_SERVER_H

#include "codex_news.h"
#include "peer.h"

struct codex_server {
    struct peer *peer;
    struct codex_news news;
    struct buf wire;   /* what is to be sent next */
    uint32_t attached; /* threads */
    uint32_t request;  /* id of the first thread's newest */
    bool waits;        /* for its answer */
    bool runs;         /* a turn of the first thread */
    bool read;         /* the client has asked about the first thread again */
};

void codex_server_init(struct codex_server *s, struct peer *peer, uint32_t threads);
void codex_server_release(struct codex_server *s);
/* A message of the client. True: it is the answer to the request, `accept`, or the interrupt of the
 * turn that runs; both have their effects. */
bool codex_server_hear(struct codex_server *s, struct span text);
bool codex_server_tell(struct codex_server *s, size_t news);
/* The first thread asks for its next command. */
void codex_server_ask(struct codex_server *s);
/* Makes the client ask about the first thread: once `read` is true, it has taken all before. */
void codex_server_call(struct codex_server *s);

#endif
