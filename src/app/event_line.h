/* event_line.h - one event as one line: for people, or as JSON in printable ASCII. */
#ifndef APP_EVENT_LINE_H
#define APP_EVENT_LINE_H

#include "app_priv.h"
#include "checkrein/event.h"

/* The caller frees; without a newline. */
char *event_line_text(const struct event *ev);
char *event_line_json(const struct event *ev);

#endif
