/* spend_by.h - spend summed over what agents have in common. */
#ifndef APP_SPEND_BY_H
#define APP_SPEND_BY_H

#include "checkrein/model.h"
#include "checkrein/status.h"

/* `by`: task, operator, provider, model or runtime. ST_NOTFOUND: none of these. */
enum status spend_by_print(const struct fleet *f, const char *by, bool json,
                           struct why *why) MUST_USE;

#endif
