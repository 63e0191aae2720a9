#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOWN_BYTES 200

void expect_status(enum status got, enum status want, const char *what, const char *file, int line)
{
    if (got != want) {
        print_error("%s: got \"%s\", want \"%s\"\n", what, status_name(got), status_name(want));
        _fail(file, line);
    }
}

static void print_span(const char *label, struct span s)
{
    print_error("  %s (%zu bytes): \"", label, s.n);
    for (size_t i = 0; i < s.n && i < SHOWN_BYTES; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x7F && c != '\\') {
            print_error("%c", c);
        } else {
            print_error("\\x%02x", c);
        }
    }
    print_error(s.n > SHOWN_BYTES ? "\"...\n" : "\"\n");
}

void expect_span(struct span got, struct span want, const char *what, const char *file, int line)
{
    if (!span_eq(got, want)) {
        print_error("%s\n", what);
        print_span("got", got);
        print_span("want", want);
        _fail(file, line);
    }
}

void expect_contains(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part) == NULL) {
        print_error("\"%s\" does not contain \"%s\"\n", text, part);
        _fail(file, line);
    }
}

/* The child runs none of cmocka's or the sanitizers' exit work. */
static void be_child(void (*run)(void *ctx), void *ctx)
{
    const struct rlimit no_core = {0, 0};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)signal(SIGABRT, SIG_DFL);
    if (null >= 0) {
        (void)dup2(null, STDERR_FILENO);
    }
    run(ctx);
    _exit(0);
}

void expect_abort(void (*run)(void *ctx), void *ctx, const char *what, const char *file, int line)
{
    pid_t child = fork();
    if (child == 0) {
        be_child(run, ctx);
    }
    int wait_status = 0;
    while (child > 0 && waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0 || !WIFSIGNALED(wait_status) || WTERMSIG(wait_status) != SIGABRT) {
        print_error("%s did not abort (wait status 0x%x)\n", what, (unsigned)wait_status);
        _fail(file, line);
    }
}
