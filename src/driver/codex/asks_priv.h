/* asks_priv.h - one request of the server: what it is about, and how each choice is told to it.
 */
#ifndef CODEX_ASKS_PRIV_H
#define CODEX_ASKS_PRIV_H

#include "codex_priv.h"

#include "checkrein/crypto.h"

struct ask_kind {
    const char *method;
    const char *tool; /* shown */
    /* Appends the inside of the "input" object: what the answer lets run, as received. False: it
     * cannot be shown in full, and so not be approved here. */
    bool (*describe)(struct codex *c, const struct codex_thread *t, uint32_t params,
                     struct buf *out);
    const char *answers[CODEX_CHOICES]; /* the result; NULL: not offered; "%s" stands for what was
                                           asked for */
    const char *session; /* what approving for the session grants; NULL: not offered */
    const char *wanted;  /* path in params of what "%s" stands for */
};

struct codex_ask {
    char id[CODEX_ID_BYTES];           /* of the request, as received: JSON */
    char approval[CODEX_ID_BYTES * 2]; /* unique over restarts of the server too */
    char item[CODEX_ID_BYTES];
    char thread[CODEX_ID_BYTES];
    char digest[DIGEST_TEXT_BYTES];
    const struct ask_kind *kind;
    char *wanted;
    bool whole;               /* its action is shown in full */
    bool answered;            /* from here */
    enum codex_choice choice; /* ours */
    enum decision ours;
    char by[96]; /* who, here */
    char command[COMMAND_ID_MAX + 1];
};

/* NULL: this version does not know how to answer it, and so leaves it alone. */
const struct ask_kind *ask_kind_of(struct codex *c, struct span method, uint32_t params);

#endif
