/* codex_client.h - what an installed Codex says of its hooks: which it would run here, and whether
 * they are trusted. It alone knows how it puts its settings together and what it hashes.
 *
 * Its own app-server is asked, over standard input, and ended. Nothing is written.
 */
#ifndef APP_CODEX_CLIENT_H
#define APP_CODEX_CLIENT_H

#include "checkrein/buf.h"
#include "checkrein/settings.h"
#include "checkrein/wire.h"

struct codex_hooks {
    struct buf answer, text;
    struct tape j;
    struct tape_token *tokens;
    uint32_t list; /* array; TAPE_ABSENT: it told none */
};
struct codex_hook { /* spans live as long as the answer */
    struct span event, source, path, key, hash, trust;
    bool ours, enabled;
};
/* `argv`: the client and its own options, NULL-ended. codex_hooks_release() follows, whatever
 * happens. */
enum status codex_hooks_ask(struct codex_hooks *h, const char *const *argv, const char *folder,
                            struct why *why) MUST_USE;
/* `*at` TAPE_ABSENT: the first one. False: there is no other. */
bool codex_hooks_next(struct codex_hooks *h, uint32_t *at, struct codex_hook *out);
void codex_hooks_release(struct codex_hooks *h);

#endif
