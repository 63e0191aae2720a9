/* answers.h - answers to the questions of a request, from the words of a command line. */
#ifndef APP_ANSWERS_H
#define APP_ANSWERS_H

#include "checkrein/buf.h"
#include "checkrein/model.h"
#include "checkrein/status.h"

#define ANSWER_WORDS_MAX 64 /* NULL behind the last */

/* "ID=VALUE" each, and "ID=FILE" for what must not stand on a command line ("-": standard input,
 * once). Appends the text of answers, checked against what the request asks; nothing when it asks
 * nothing and nothing is given. ST_INVALID names the question. */
enum status answers_build(const struct fleet *f, const struct approval *p,
                          const char *const values[], const char *const files[], struct buf *out,
                          struct why *why) MUST_USE;

#endif
