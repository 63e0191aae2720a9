/* syslog_priv.h - the record's news to a syslog collector, in order, from where the collector's
 * kernel acknowledged.
 */
#ifndef CHECKREIN_FORWARD_SYSLOG_PRIV_H
#define CHECKREIN_FORWARD_SYSLOG_PRIV_H

#include "checkrein/forward.h"

struct syslog;

enum status syslog_open(struct syslog **out, struct loop *l, const struct journal *j,
                        const struct forward_options *o, forward_told_fn *told, void *ctx,
                        struct why *why) MUST_USE;
/* Up to this record, exclusive, is committed. */
void syslog_take(struct syslog *s, uint64_t until);
uint64_t syslog_needs(const struct syslog *s); /* the first record that is not acknowledged */
/* What stands in no record any more: told as soon as it can be, again after a break. Once. */
void syslog_alarm(struct syslog *s, const char *words);
void syslog_close(struct syslog *s); /* NULL is fine */

#endif
