#include "crash.h"

#include <signal.h>
#include <stddef.h>

static void (*restore_terminal)(void);

static void on_crash(int signo)
{
    restore_terminal();
    (void)signal(signo, SIG_DFL);
    (void)raise(signo);
}

void crash_guard(void (*restore)(void))
{
    static const int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    restore_terminal = restore;
    struct sigaction sa = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
    (void)sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        (void)sigaction(SIGNALS[i], &sa, NULL);
    }
}
