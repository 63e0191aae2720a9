/* govd.h - the governance daemon: holds agents' calls, judges them by policy and by operators, keeps the
 * record, and speaks checkrein.v1 to consoles.
 *
 * It owns the gate: a decision is judged here, once, by command id. Order of every call: hook received ->
 * recorded -> policy -> allow / deny at once, or approval.requested -> decision -> recorded and durable ->
 * answer. While the record is failed, nothing is allowed: what asks is denied, with the reason.
 *
 * One process, one loop. Thread: the loop's.
 */
#ifndef CHECKREIN_GOVD_H
#define CHECKREIN_GOVD_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/conf.h"
#include "checkrein/loop.h"
#include "checkrein/net.h"
#include "checkrein/status.h"

struct govd;

struct govd_options {
    const struct conf *conf;   /* [serve]; must outlive the daemon */
    const char *socket_path;   /* resolved; folder is made 0700 */
    const char *token_path;    /* resolved; made with a fresh token when missing */
    const char *policy_path;   /* resolved; may not exist: then only the defaults */
    const char *prices_path;   /* resolved; may not exist: then nothing that a runtime does not price itself has a price */
    const char *journal_dir;   /* resolved */
    int hook_port;             /* 0: the system chooses */
    const char *host;          /* stands in the events' source */
    bool demo;                 /* everything that connects is labelled a demo agent */
};

/* Binds, opens the record, loads the policy. Any trouble is an error with words: nothing half-started. */
enum status govd_start(struct govd **out, struct loop *l, struct net *n, const struct govd_options *o,
                       struct why *why) MUST_USE;
/* The port that hooks are served on. */
int govd_hook_port(const struct govd *g);
/* SIGHUP: reads policy and prices again; of a bad file the old content stays and the reason is recorded and told. */
void govd_reload(struct govd *g);
/* Answers deny to all that is held, says bye to consoles, seals. Call loop_turn() until govd_drained(). */
void govd_shutdown(struct govd *g);
bool govd_drained(const struct govd *g);
void govd_free(struct govd *g);
/* The tick: commit what was appended, then answer what became durable. Called once per loop turn. */
void govd_turn(struct govd *g);

#endif
