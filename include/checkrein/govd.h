/* govd.h - the governance daemon: holds agents' calls, judges them by policy and by operators,
 * keeps the record, and speaks checkrein.v1 to consoles.
 *
 * It owns the gate: a decision is judged here, once, by command id. Order of every call: hook
 * received -> recorded -> policy -> allow / deny at once, or approval.requested -> decision ->
 * recorded and durable -> answer. While the record is failed, nothing is allowed: what asks is
 * denied, with the reason.
 *
 * One process, one loop. Thread: the loop's.
 */
#ifndef CHECKREIN_GOVD_H
#define CHECKREIN_GOVD_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/conf.h"
#include "checkrein/crypto.h"
#include "checkrein/event.h"
#include "checkrein/loop.h"
#include "checkrein/net.h"
#include "checkrein/status.h"

struct govd;

/* Calls of this session are test calls: refused whatever the rules say, recorded as such, and the
 * nonce in their input stands in the reason. Whoever takes the name gets refusals. */
#define DOCTOR_SESSION "checkrein-doctor"

struct govd_options {
    const struct conf *conf;  /* [serve]; must outlive the daemon */
    const char *socket_path;  /* resolved; folder is made 0700 */
    const char *own_socket;   /* what a hook's --own-socket means; NULL: not known */
    const char *token_path;   /* resolved; made with a fresh token when missing */
    const char *policy_path;  /* resolved; may not exist: then only the defaults */
    const char *prices_path;  /* resolved; may not exist: then nothing that a runtime does not price
                                 itself has a price */
    const char *issuers_path; /* resolved; may not exist: then no credential is known to be issued
                                 elsewhere */
    const char *journal_dir;  /* resolved */
    const char *tokens_path;  /* resolved; may not exist: then nobody comes in by a token */
    int hook_port;            /* 0: the system chooses */
    int console_port;         /* 0: consoles connect by the Unix socket only */
    const char *host;         /* stands in the events' source */
    bool demo;                /* everything that connects is labelled a demo agent */
};

/* Binds, opens the record, loads the policy. Any trouble is an error with words: nothing
 * half-started. */
enum status govd_start(struct govd **out, struct loop *l, struct net *n,
                       const struct govd_options *o, struct why *why) MUST_USE;
/* The port that hooks are served on. */
int govd_hook_port(const struct govd *g);
/* A list of prices as the daemon reads it, for whoever prices the same way. Adds to `t`; a file
 * that does not exist adds nothing. ST_INVALID names the file, the line and the key. */
struct price_table;
enum status govd_read_prices(struct price_table *t, const char *path, struct why *why) MUST_USE;
/* SIGHUP: reads policy, prices, issuers and tokens again; of a bad file the old content stays and
 * the reason is recorded and told. Who is connected by a token that is not there any more, or has
 * other rights now, is cut off. What the record is to drop by now goes. */
void govd_reload(struct govd *g);
/* Answers deny to all that is held, says bye to consoles, seals. Call loop_turn() until
 * govd_drained(). */
void govd_shutdown(struct govd *g);
bool govd_drained(const struct govd *g);
void govd_free(struct govd *g);
/* The tick: commit what was appended, then answer what became durable. Called once per loop turn.
 */
void govd_turn(struct govd *g);

/* ---- tokens of consoles: the daemon reads the file, `checkrein token` writes it */

#define CONSOLE_TOKEN_NAME_BYTES 33 /* with the NUL */
#define CONSOLE_TOKEN_BYTES      80
/* What a console can be given; `publish` is for runtimes. */
#define CONSOLE_SCOPES                                                                             \
    (SCOPE_BIT(SCOPE_READ) | SCOPE_BIT(SCOPE_DECIDE) | SCOPE_BIT(SCOPE_CONTROL) |                  \
     SCOPE_BIT(SCOPE_REVOKE) | SCOPE_BIT(SCOPE_STOP))

struct console_token {
    char name[CONSOLE_TOKEN_NAME_BYTES];
    uint8_t digest[SHA256_BYTES];   /* of the token's text */
    uint32_t scopes;                /* `read` is always among them */
    int64_t created_us, expires_us; /* wall; expires_us 0: never */
};
struct console_tokens {
    struct console_token *item;
    size_t count, cap;
};
bool console_token_name_ok(struct span name); /* a-z 0-9 . _ - */
/* A file that is not there is none; one that others can read or write, or with one fault, is
 * refused as a whole. */
enum status console_tokens_load(struct console_tokens *t, const char *path,
                                struct why *why) MUST_USE;
enum status console_tokens_save(const struct console_tokens *t, const char *path,
                                struct why *why) MUST_USE;
void console_tokens_release(struct console_tokens *t);
/* A new secret, for one look; its digest into t. Wipe it. */
void console_token_make(struct console_token *t, char secret[CONSOLE_TOKEN_BYTES]);
struct console_token *console_token_named(const struct console_tokens *t,
                                          struct span name); /* or NULL */
/* That is good now; NULL: there is none. */
const struct console_token *console_token_of(const struct console_tokens *t,
                                             const uint8_t digest[SHA256_BYTES], int64_t now_us);

#endif
