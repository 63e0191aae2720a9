/* restore.c - leaves the terminal as it was found, from a crash handler too: the bytes are made
 * ready while all is well, and only functions that a signal handler may call are called.
 */
#include "term_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE_BYTES   256
#define LAST_ROW      999 /* terminals stop at their own */
#define LEAVE_WAIT_MS 100
#define LEAVE_WAITS   3

static struct {
    struct termios saved;
    int flags;
    char leave[LEAVE_BYTES];
    size_t n;
    atomic_bool ready;
} guard;

static void add(struct span bytes)
{
    size_t room = sizeof(guard.leave) - guard.n;
    size_t n = bytes.n < room ? bytes.n : room;
    memcpy(guard.leave + guard.n, bytes.p, n);
    guard.n += n;
}

/* Without its padding, "$<5>": that was for terminals which could not keep up. */
static void add_string(const char *string)
{
    struct span rest = span_str(string);
    while (rest.n > 0) {
        size_t end = span_starts(rest, "$<") ? 0 : span_find(span_sub(rest, 1, SIZE_MAX), '$') + 1;
        add(span_sub(rest, 0, end));
        size_t skip = end > 0 ? end : span_find(rest, '>') + 1;
        rest = span_sub(rest, skip, SIZE_MAX);
    }
}

void restore_prepare(void)
{
    guard.n = 0;
    guard.flags = fcntl(STDOUT_FILENO, F_GETFL);
    atomic_store(&guard.ready, tcgetattr(STDIN_FILENO, &guard.saved) == 0);
}

/* First what ends a sequence that was cut in the middle; then frames shown at once off, reports of
 * pastes and focus off, and the terminal's own ordering of right-to-left text on again. */
void restore_learn(bool modern)
{
    static const char *const NAMES[] = {"sgr0", "cnorm", "rmcup"};
    if (modern) {
        add(SPAN("\033\\\033[?2026l\033[?2004l\033[?1004l\033[8h"));
    }
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        add_string(terminfo_string(NAMES[i]));
    }
    if (terminfo_string("rmcup") == NULL) {
        add_string(tiparm(terminfo_string("cup"), LAST_ROW, 0));
        add(SPAN("\r\n"));
    }
}

static void write_leave(void)
{
    size_t done = 0;
    for (int waits = 0; done < guard.n && waits < LEAVE_WAITS;) {
        ssize_t n = output_write_now(STDOUT_FILENO, guard.leave + done, guard.n - done);
        struct pollfd pf = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return;
        } else {
            (void)poll(&pf, 1, LEAVE_WAIT_MS);
            waits++;
        }
    }
}

/* What was typed and not read is thrown away: the rest of a paste must not become the shell's.
 * Setting modes from the background would stop the process. */
void term_restore_now(void)
{
    if (!atomic_exchange(&guard.ready, false)) {
        return;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    (void)sigaction(SIGTTOU, &ignore, &before);
    if (guard.flags >= 0) {
        (void)fcntl(STDOUT_FILENO, F_SETFL, guard.flags);
    }
    write_leave();
    (void)tcflush(STDIN_FILENO, TCIFLUSH);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &guard.saved);
    (void)sigaction(SIGTTOU, &before, NULL);
}
