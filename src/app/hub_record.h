/* hub_record.h - the operator's own record: its opening and end, when it is sealed and committed,
 * what of it is kept elsewhere, and for how long it is kept.
 */
#ifndef APP_HUB_RECORD_H
#define APP_HUB_RECORD_H

#include "hub.h"

/* `record` may be NULL: then there is none. */
enum status record_open(struct hub *h, const struct hub_record *record, struct why *why) MUST_USE;
/* The drivers are closed, the loop is not. */
void record_close(struct hub *h);
/* The record may have failed: that is said, once. */
void record_trouble(struct hub *h);

#endif
