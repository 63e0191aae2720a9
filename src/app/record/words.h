/* words.h - figures of a record, for people.
 */
#ifndef APP_RECORD_WORDS_H
#define APP_RECORD_WORDS_H

#include <jansson.h>

#include "../app_priv.h"
#include "runs.h"

#define FIGURE_BYTES 32

/* "1h02m", "12m05s", "4.2s" */
void took_text(int64_t us, char out[FIGURE_BYTES]);
/* "$1.20", "~$1.20" when it is estimated, "$0.00+?" when tokens had no price; "-": not known */
void cost_text(const struct run *r, char out[FIGURE_BYTES]);
void tokens_text(const struct run *r, int64_t n, char out[FIGURE_BYTES]);
/* Text of an agent's in printable characters, "-" when there is none. */
const char *plain_text(const char *hostile, char *out, size_t bytes);
/* "$XDG_STATE_HOME/checkrein/console", or what is configured; caller frees. */
enum status own_record(const char *config, char **out, struct why *why) MUST_USE;

/* Nothing is put for an empty text, or no time. */
void json_put(json_t *o, const char *name, struct span s);
void json_put_int(json_t *o, const char *name, int64_t n);
void json_put_bool(json_t *o, const char *name, bool yes);
void json_put_time(json_t *o, const char *name, int64_t us);
/* One line in printable ASCII on standard output; takes the object. */
void json_print(json_t *o);
/* Of a run, named as in the protocol. */
json_t *run_json(const struct run *r);

#endif
