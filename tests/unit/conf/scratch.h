/* scratch.h - a file in memory that has a path, for what reads files by path. */
#ifndef CHECKREIN_TEST_SCRATCH_H
#define CHECKREIN_TEST_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

/* SPAN() for tables: gcc takes no compound literal in a static initialiser. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

struct scratch {
    int fd;
    char path[64];
};

static inline struct scratch scratch_of(struct span bytes)
{
    struct scratch s = {.fd = memfd_create("scratch", MFD_CLOEXEC)};
    assert_true(s.fd >= 0);
    assert_int_equal(write(s.fd, bytes.n > 0 ? bytes.p : "", bytes.n), (ssize_t)bytes.n);
    (void)snprintf(s.path, sizeof(s.path), "/proc/self/fd/%d", s.fd);
    return s;
}

static inline void scratch_close(struct scratch *s)
{
    assert_int_equal(close(s->fd), 0);
}

/* The reason without the path that it begins with. */
static inline const char *scratch_reason(const struct scratch *s, const struct why *why)
{
    size_t n = strlen(s->path);
    return strncmp(why->text, s->path, n) == 0 ? why->text + n : why->text;
}

#endif
