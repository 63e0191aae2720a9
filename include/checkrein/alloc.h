/* alloc.h - memory that is there or the program ends.
 *
 * Running out of memory aborts, after the handler set with alloc_on_failure() has run (the console
 * restores the terminal there). Sizes given by a peer never reach these functions unchecked: what
 * is fed from outside goes through a capped `struct buf`.
 */
#ifndef CHECKREIN_ALLOC_H
#define CHECKREIN_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
/* count * size, aborting when it overflows. */
void *xreallocarray(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));

/* Runs once before abort(); must not allocate, and may only call what a signal handler may. NULL
 * takes it away. */
void alloc_on_failure(void (*handler)(void));

/* Grows a heap array so that `need` elements fit, doubling: GROW(items, cap, count + 1). */
#define GROW(array, cap, need)                                                                     \
    ((array) = alloc_grow((array), &(cap), (need),                                                 \
                          sizeof(*(array)))) /* NOLINT(bugprone-sizeof-expression) */
void *alloc_grow(void *array, size_t *cap, size_t need, size_t elem_size)
    __attribute__((returns_nonnull));

#endif
