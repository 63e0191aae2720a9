/* crash.h - puts the terminal back when the program dies of its own fault.
 */
#ifndef APP_CRASH_H
#define APP_CRASH_H

/* On SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT: calls `restore` (async-signal-safe), then dies as
 * it would have, core and all. */
void crash_guard(void (*restore)(void));

#endif
