/* expect.h - what cmocka 1.1 lacks for this project's types; include it instead of <cmocka.h>.
 *
 * Not named assert.h: this folder is on the include path and would hide the system's header.
 */
#ifndef CHECKREIN_TEST_EXPECT_H
#define CHECKREIN_TEST_EXPECT_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

/* A status, named in the failure: assert_status(file_read(...), ST_OK). */
#define assert_status(got, want) expect_status((got), (want), #got, __FILE__, __LINE__)

/* Two spans, or a span and a C string, byte by byte; both are printed escaped when they differ. */
#define assert_span_eq(got, want) expect_span((got), (want), #got, __FILE__, __LINE__)
#define assert_span_is(got, text) expect_span((got), span_str(text), #got, __FILE__, __LINE__)

/* `text` (NUL-terminated) has `part` in it somewhere. */
#define assert_contains(text, part) expect_contains((text), (part), __FILE__, __LINE__)

/* `run(ctx)`, in a process of its own, ends with abort(); its stderr is thrown away. */
#define assert_aborts(run, ctx) expect_abort((run), (ctx), #run, __FILE__, __LINE__)

void expect_status(enum status got, enum status want, const char *what, const char *file, int line);
void expect_span(struct span got, struct span want, const char *what, const char *file, int line);
void expect_contains(const char *text, const char *part, const char *file, int line);
void expect_abort(void (*run)(void *ctx), void *ctx, const char *what, const char *file, int line);

#endif
