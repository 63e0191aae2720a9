/* form.h - questions that a request puts to the operator, and the answers to them.
 *
 * A request with F_QUESTIONS is approved by answering: the command carries `answers`, a JSON text
 * [{"id":QUESTION,"value":TEXT},...], one row an answer, several rows for a question that takes
 * several. Every value is text; what it is turned into is the back-end's affair. A row of a secret
 * question has "secret":true; in a record it has "mark" and "bytes" instead of its value.
 *
 * Columns of F_QUESTIONS:
 *   kind       text, integer, number, boolean, choice (one of its options), choices (several)
 *   rules      words: required, secret, other (free text instead of an option), min=N, max=N (of a
 *              number; of the characters of a text; of how many choices), format=email|uri|date|
 *              date-time
 *   suggested  what the asker would like to hear: shown, never put in
 * F_OPTIONS: of which question, the value, and what it is called.
 *
 * A kind or a rule that is not known makes the whole form one that cannot be answered here.
 * Rows are borrowed. Nothing here touches anything but memory.
 */
#ifndef CHECKREIN_FORM_H
#define CHECKREIN_FORM_H

#include "checkrein/buf.h"
#include "checkrein/event.h"

#define FORM_QUESTIONS_MAX 32
#define FORM_ANSWERS_MAX   256
#define FORM_ANSWERS_BYTES ((size_t)32 * 1024) /* of the whole JSON text */

enum form_kind {
    FORM_TEXT,
    FORM_INTEGER,
    FORM_NUMBER,
    FORM_BOOLEAN,
    FORM_CHOICE,
    FORM_CHOICES,
    FORM_KINDS
};

struct form {
    const struct event_row *questions, *options;
    uint32_t question_count, option_count;
};

struct form_question {
    struct span id, title, text, suggested;
    enum form_kind kind;
    bool required, secret, other;
    struct span min, max, format; /* empty: none */
};

/* ST_UNSUPPORTED and why: it cannot be answered from here. */
enum status form_check(const struct form *f, struct why *why) MUST_USE;
/* The n-th; of a form that form_check() has passed. */
struct form_question form_question(const struct form *f, uint32_t n);
/* FORM_QUESTIONS_MAX: there is none of this id. */
uint32_t form_find(const struct form *f, struct span id);
/* The n-th option of a question; NULL behind the last. */
const struct event_row *form_option(const struct form *f, struct span question, uint32_t n);
/* What a person calls it: its title, else its id. */
struct span form_name(const struct form_question *q);
/* One value of it. ST_INVALID names the question. */
enum status form_check_value(const struct form *f, const struct form_question *q, struct span value,
                             struct why *why) MUST_USE;

/* So many values of it. ST_INVALID names the question. */
enum status form_check_count(const struct form_question *q, uint32_t count,
                             struct why *why) MUST_USE;

struct form_answer {
    struct span id, value;
    bool secret, marked; /* marked: the value was left out of a record */
};

struct form_answers {
    struct form_answer row[FORM_ANSWERS_MAX];
    uint32_t count;
    struct buf scratch; /* of unescaped texts */
};
/* Reads the JSON text, which must outlive it. Release it also after a failure: it is wiped. */
enum status form_answers_read(struct form_answers *a, struct span text, struct why *why) MUST_USE;
void form_answers_release(struct form_answers *a);
/* Each is of a question of the form and valid, none is missing, none is twice. */
enum status form_check_answers(const struct form *f, const struct form_answers *a,
                               struct why *why) MUST_USE;

/* Writing: an empty buf becomes a list with one row, a list gets one more. */
enum status form_answer_add(struct buf *out, struct span id, struct span value, bool secret);
/* The same text without the values of secret answers: `mark` gives what stands for one. */
typedef void form_mark_fn(void *ctx, struct span id, struct span value,
                          char out[80]); /* terminated, no quotes */
enum status form_answers_redact(struct span text, form_mark_fn *mark, void *ctx, struct buf *out,
                                struct why *why) MUST_USE;

#endif
