/* notify.h - what a service manager is told: sd_notify(3)'s datagrams over $NOTIFY_SOCKET, written
 * by hand. Without that variable nothing is sent. Thread: the loop's.
 */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include "checkrein/loop.h"

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. The loop is woken
 * often enough for the watchdog; the beat itself is sent by notify_turn(), so that a turn that
 * hangs is a beat that does not come. */
void notify_begin(struct loop *l);
void notify_ready(void);
void notify_reloading(void); /* notify_ready() ends it */
void notify_stopping(void);
/* At the end of each turn of the daemon. */
void notify_turn(void);
void notify_end(void);

#endif
