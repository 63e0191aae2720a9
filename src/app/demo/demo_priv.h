/* demo_priv.h - the demo: a daemon of its own, a temporary folder, and agents that are real
 * processes with a script in place of a model. They are gated through the same hook endpoint as any
 * runtime.
 *
 *   demo.c    folder, daemon, agents, console, and everything gone at the end
 *   model.c   the scripted service behind the gateway: agents hold leases for it, no real key
 *   lease.c   what an agent has in place of keys, and its calls under it
 *   agent.c   one agent process: takes its script's steps, asks the gate, does what it was allowed
 *   scripts.c what each agent does, as a table
 *   calls.c   tools that really run: shell commands and files, inside the folder
 *   post.c    hook calls and telemetry over HTTP
 */
#ifndef DEMO_PRIV_H
#define DEMO_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

enum step_kind {
    STEP_PROMPT, /* text: the task */
    STEP_SPEND,  /* a call of its model. number: micro-USD, tokens in proportion */
    STEP_ASK,    /* a call of another service behind the gateway. text: path */
    STEP_WAIT,   /* number: milliseconds in which "the model thinks" */
    STEP_BASH,   /* text: command, words: what the agent says of it */
    STEP_WRITE,  /* text: file name, words: content */
    STEP_READ,   /* text: file name */
    STEP_FETCH,  /* text: URL */
    STEP_CHILD,  /* text: name of the script of the child */
    STEP_ERROR,  /* text: what the model's server said */
    STEP_STOP,   /* the turn ends */
    STEP_END     /* of the script: it starts again, or the child ends */
};

struct step {
    enum step_kind kind;
    const char *text;
    const char *words;
    int64_t number;
};

struct script {
    const char *name;
    const char *model;
    bool child;                /* started by another agent only, and runs once */
    const char *scopes, *asks; /* of its lease for the model; for the other service, or NULL */
    const struct step *steps;
};

const struct script *script_find(const char *name);
/* NULL-ended. */
const struct script *const *script_table(void);

/* ---- the upstreams of its daemon */
#define DEMO_MODELS  "models"
#define DEMO_SERVICE "records"

/* ---- model.c */
#define DEMO_MODEL_PATH "/v1/messages"
#define DEMO_TOKENS_IN  "demo_tokens_in" /* what its answer is to say that was used */
#define DEMO_TOKENS_OUT "demo_tokens_out"

/* ---- post.c */
struct poster;
struct poster *poster_new(const char *url, const char *socket_path, struct span token);
void poster_free(struct poster *p);
/* POST, waits as long as it takes. `over_socket`: on the Unix socket, where the kernel tells who we
 * are. */
enum door { DOOR_PORT, DOOR_SOCKET };
enum status poster_send(struct poster *p, enum door door, const char *path, struct span json,
                        struct buf *answer, struct why *why) MUST_USE;
/* POST to a service behind the gateway, under a lease. ST_DENIED: it was refused; the answer says
 * why. */
enum status poster_ask(struct poster *p, const char *url, const char *path, const char *lease,
                       struct span json, struct buf *answer, struct why *why) MUST_USE;

/* ---- lease.c */
#define DEMO_REFUSAL_BYTES 256
struct demo_lease {
    char id[64], token[128], url[128];
};
struct demo_wish {
    const char *upstream, *agent, *scopes, *parent; /* parent: id of a lease, "" for none */
};
enum status demo_lease_get(struct poster *p, const struct demo_wish *w, struct demo_lease *out,
                           struct why *why) MUST_USE;
/* ST_DENIED: it was refused, and `refusal` says why. Waits as long as it is held. */
enum status demo_lease_ask(struct poster *p, const struct demo_lease *l, const char *path,
                           struct span json, char refusal[DEMO_REFUSAL_BYTES]) MUST_USE;

/* ---- calls.c */
struct outcome_of_call {
    bool succeeded;
    struct buf output;
};
/* Runs the command in the folder with a bare environment, in this process's group. */
void call_shell(const char *dir, const char *command, struct outcome_of_call *out);
/* Only plain names: nothing outside the folder is ever touched. */
void call_write(const char *dir, const char *name, struct span content,
                struct outcome_of_call *out);
void call_read(const char *dir, const char *name, struct outcome_of_call *out);

#endif
