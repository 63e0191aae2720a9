/* hub_stops.h - for hub.c: what of fleet stops is kept in a file. */
#ifndef APP_HUB_STOPS_H
#define APP_HUB_STOPS_H

#include "hub.h"

int64_t stops_agents_of(const struct hub_backend *b); /* agents of it that are not over */
/* Makes the file say what is due; before a stop is sent, and when one was answered or taken back.
 */
void stops_keep(const struct hub *h);
/* What is due from before, told as the command that it was, so that the picture and its replay know
 * of it. After the first word of its link: a record knows no back-end before that. */
void stops_tell(struct hub_backend *b);

#endif
