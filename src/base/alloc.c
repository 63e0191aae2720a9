#include "checkrein/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GROW_FROM 8

typedef void failure_fn(void);

static _Atomic(failure_fn *) on_failure;

void alloc_on_failure(void (*handler)(void))
{
    atomic_store(&on_failure, handler);
}

/* The exchange makes it run once even when the handler itself, or another thread, fails to
 * allocate. */
static _Noreturn void fail(void)
{
    failure_fn *handler = atomic_exchange(&on_failure, NULL);
    if (handler != NULL) {
        handler();
    }
    abort();
}

/* Zero bytes are asked for as one: a NULL would read as failure. */
static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *xmalloc(size_t size)
{
    void *p = malloc(at_least_one(size));
    if (p == NULL) {
        fail();
    }
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(at_least_one(count), at_least_one(size));
    if (p == NULL) {
        fail();
    }
    return p;
}

void *xrealloc(void *p, size_t size)
{
    void *moved = realloc(p, at_least_one(size));
    if (moved == NULL) {
        fail();
    }
    return moved;
}

void *xreallocarray(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        fail();
    }
    return xrealloc(p, bytes);
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    size_t bytes = strnlen(s, n);
    char *copy = xmalloc(bytes + 1);
    memcpy(copy, s, bytes);
    copy[bytes] = '\0';
    return copy;
}

void *alloc_grow(void *array, size_t *cap, size_t need, size_t elem_size)
{
    if (array != NULL && need <= *cap) {
        return array;
    }
    size_t wanted = *cap > 0 ? *cap * 2 : GROW_FROM;
    if (wanted < need) { /* also when doubling wrapped */
        wanted = need;
    }
    void *grown = xreallocarray(array, wanted, elem_size);
    *cap = wanted;
    return grown;
}
