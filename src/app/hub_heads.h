/* hub_heads.h - back-ends tell heads of their records: this console keeps them in its own and signs
 * for them, when they fit what it has signed for.
 */
#ifndef APP_HUB_HEADS_H
#define APP_HUB_HEADS_H

#include "hub.h"

/* A driver's sink; ctx is the struct hub_backend. */
void heads_told(void *ctx, struct span seal);
/* Before the record is committed: what was told since is signed, the newest of each back-end. */
void heads_sign(struct hub *h);
/* When it is durable: the signatures go out. */
void heads_send(struct hub *h);

/* An alarm of this console, about a back-end: recorded, folded, shown. */
void hub_alarm(struct hub_backend *b, enum severity severity, const char *title);

#endif
