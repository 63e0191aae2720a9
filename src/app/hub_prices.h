/* hub_prices.h - what tokens cost, for back-ends that tell tokens only
 * (driver_ops.tells_tokens_only).
 *
 * The same list as the daemon's (docs/telemetry.md), and the same words: what is not in it is
 * unpriced, never free, and what is priced so is an estimate. Money is in no record: a replay asks
 * the list that is in force then.
 */
#ifndef APP_HUB_PRICES_H
#define APP_HUB_PRICES_H

#include "checkrein/driver.h"
#include "checkrein/price.h"

/* The event itself, or a copy of it in `room` that has a cost. */
const struct event *event_priced(const struct price_table *prices, const struct driver_ops *ops,
                                 const struct event *ev, struct event *room);

#endif
