/* asks_priv.h - one request of the server: what it is about, and how each choice is told to it.
 */
#ifndef CODEX_ASKS_PRIV_H
#define CODEX_ASKS_PRIV_H

#include "codex_priv.h"

#include "checkrein/crypto.h"
#include "checkrein/form.h"

/* Rows of one attribute of the request that is being told. */
struct ask_rows {
    struct event_row row[EVENT_LIST_ROWS];
    uint32_t count;
    bool over; /* there were more, or longer ones, than are shown */
};

/* What is told of a request beside its action; texts that were made for it stand in `text`. */
struct ask_telling {
    struct buf text;
    struct ask_rows scopes, denials, terms, questions, options;
};

/* What it is judged by: always high, its command, the files that its item changes; or nothing runs
 * by it. */
enum ask_risk { JUDGED_HIGH, JUDGED_BY_COMMAND, JUDGED_BY_FILES, JUDGED_CALM };
enum ask_answers { ANSWERS_NONE, ANSWERS_INPUT, ANSWERS_FORM };

struct ask_kind {
    const char *method;
    const char *tool; /* shown */
    /* Appends the inside of the "input" object: what the answer lets run, as received. False: it
     * is not there in full, and so not approved here. */
    bool (*describe)(struct codex *c, const struct codex_thread *t, uint32_t params,
                     struct buf *out);
    void (*tell)(struct codex *c, uint32_t params,
                 struct ask_telling *say); /* terms and questions; NULL: none */
    const char *answers[CODEX_CHOICES]; /* the result; NULL: not offered; "%s" stands for what was
                                           asked for */
    const char *session; /* what approving for the session grants; NULL: not offered */
    const char
        *elsewhere;     /* why it cannot be approved here; only where CHOICE_ONCE is not offered */
    const char *wanted; /* path in params of what "%s" stands for */
    const char *words;  /* path in params of what the agent says to it */
    enum ask_answers how; /* an approval carries answers, and so */
    bool by_item;         /* what becomes of its item tells whose answer counted */
    bool interrupts;      /* deny and stop: the answer alone does not end the turn */
    enum ask_risk risk;
};

struct codex_ask {
    char id[CODEX_ID_BYTES];           /* of the request, as received: JSON */
    char approval[CODEX_ID_BYTES * 2]; /* unique over restarts of the server too */
    char item[CODEX_ID_BYTES];         /* that tells what became of it; empty: none does */
    char thread[CODEX_ID_BYTES];
    char digest[DIGEST_TEXT_BYTES];
    const struct ask_kind *kind;
    char *wanted;
    struct form form; /* with texts of its own */
    char *form_block;
    bool whole;               /* its action is shown in full */
    bool session, always;     /* what was offered */
    bool answered;            /* from here */
    enum codex_choice choice; /* ours */
    enum decision ours;
    char by[96]; /* who, here */
    char command[COMMAND_ID_MAX + 1];
};

/* What this version does not know how to answer, and so leaves alone: shown as it came. */
extern const struct ask_kind ask_unknown;
bool ask_is_for_a_program(struct span method); /* of the one that made the thread, and left to it */
const struct ask_kind *ask_kind_of(struct codex *c, struct span method, uint32_t params);

/* ---- asks.c */
/* The MCP call that it names has begun, and not ended: then it is Codex that asks. */
bool ask_call_waits(struct codex *c, uint32_t params);

/* ---- tellings.c: what is told of a request */
void telling_begin(struct ask_telling *say);
struct event_row *telling_row(struct ask_rows *rows); /* NULL: there are too many */
/* To what is kept of a cell: what is so long is not answered from here, but has to fit into a
 * record, where some of it stands twice. */
void telling_cut(struct ask_telling *say);
void telling_term(struct ask_telling *say, struct span name, struct span text);
/* A text made here, which stays until the next telling_begin(). */
struct span telling_text(struct ask_telling *say, const char *fmt, ...) PRINTF(2, 3);
/* The rule that approving for good would write, and where; empty: none is offered. */
struct span telling_rule(struct codex *c, uint32_t params, struct ask_telling *say);
/* An approval of an MCP call may be told to hold on: "session", "always". */
bool telling_persists(struct codex *c, uint32_t params, const char *how);
void tell_permissions(struct codex *c, uint32_t params, struct ask_telling *say);
void tell_mcp_call(struct codex *c, uint32_t params, struct ask_telling *say);
void tell_link(struct codex *c, uint32_t params, struct ask_telling *say);

/* ---- forms.c: questions, and the answers to them */
void tell_input(struct codex *c, uint32_t params, struct ask_telling *say);
void tell_form(struct codex *c, uint32_t params, struct ask_telling *say);
struct form telling_form(const struct ask_telling *say);
/* A copy of its own; *block is to be freed with it. */
struct form form_keep(const struct form *f, char **block);
/* The result that tells these answers. ST_INVALID and why: they are none to this form. */
enum status form_result(const struct form *f, enum ask_answers how, struct span answers,
                        struct buf *out, struct why *why) MUST_USE;

#endif
