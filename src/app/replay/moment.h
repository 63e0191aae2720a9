/* moment.h - a time as an operator types it. UTC, as everywhere on the screen.
 *
 *     14:03  14:03:20  14:03:20.5      of the day that is looked at
 *     2026-11-17 14:03  2026-11-17T14:03:20Z  ...+02:00      RFC 3339, with less allowed
 *     -30s  -5m  +2h  +1d      from the moment that is looked at
 */
#ifndef APP_REPLAY_MOMENT_H
#define APP_REPLAY_MOMENT_H

#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

enum status moment_parse(struct span text, int64_t from_us, int64_t *at_us,
                         struct why *why) MUST_USE;

#endif
