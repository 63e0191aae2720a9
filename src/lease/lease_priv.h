/* lease_priv.h - lease.c keeps them, scopes.c reads what they are narrowed to, judge.c rules. */
#ifndef CHECKREIN_LEASE_PRIV_H
#define CHECKREIN_LEASE_PRIV_H

#include "checkrein/lease.h"

#define LEASE_RATE_MAX 1000000

enum status scopes_check(struct span scopes, struct why *why) MUST_USE;
/* The values of this scope, with commas between; {NULL, 0}: it is not narrowed. */
struct span scopes_value(struct span scopes, const char *what);
/* Whether one of the patterns fits; true when there are none. */
bool scopes_fit(struct span patterns, struct span text);
int64_t scopes_rate(struct span scopes); /* a minute; 0: no limit */

#endif
