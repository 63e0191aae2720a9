/* url_priv.h - whether a back-end's address may be in a configuration at all.
 */
#ifndef CHECKREIN_CONF_URL_PRIV_H
#define CHECKREIN_CONF_URL_PRIV_H

#include "checkrein/span.h"
#include "checkrein/status.h"

/* unix:/PATH, ws:// to this machine only, wss:// to any host; no user, no fragment, no blank. The
 * rest is for net to judge. */
enum status url_check(struct span url, struct why *why) MUST_USE;
/* https:// to any host, http:// to this machine only; a path may follow, without dots or escapes,
 * and no query. */
enum status url_check_web(struct span url, struct why *why) MUST_USE;

#endif
