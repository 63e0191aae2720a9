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

/* Also when the stack itself has run out. */
static void take_other_stack(void)
{
    static char stack[65536];
    const stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
    (void)sigaltstack(&ss, NULL);
}

void crash_guard(void (*restore)(void))
{
    static const int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    restore_terminal = restore;
    take_other_stack();
    struct sigaction sa = {.sa_handler = on_crash,
                           .sa_flags = (int)SA_RESETHAND | SA_NODEFER | SA_ONSTACK};
    (void)sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        (void)sigaction(SIGNALS[i], &sa, NULL);
    }
}
