/* option_priv.h - one option's text to its value and back, by the kind in its row.
 *
 * `slot` is the row's member of struct conf: a char * for OPTION_TEXT and OPTION_CHOICE, else an
 * int64_t.
 */
#ifndef CHECKREIN_CONF_OPTION_PRIV_H
#define CHECKREIN_CONF_OPTION_PRIV_H

#include "checkrein/conf.h"

/* ST_INVALID: the slot is unchanged and `why` says what is allowed, without a place. */
enum status option_read(const struct option_info *o, struct span text, void *slot,
                        struct why *why) MUST_USE;
/* The text that option_read() takes back to the same; "" for an empty OPTION_TEXT. Not quoted. */
void option_write(const struct option_info *o, const void *slot, struct buf *out);

/* The member that row `index` of conf_options() speaks of. */
void *option_slot(struct conf *c, size_t index);
const void *option_value(const struct conf *c, size_t index);

static inline bool option_is_text(const struct option_info *o)
{
    return o->kind == OPTION_TEXT || o->kind == OPTION_CHOICE;
}

#endif
