#include "checkrein/wiping.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *wiping_malloc(size_t size)
{
    return malloc(size > 0 ? size : 1);
}

void *wiping_calloc(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void wiping_free(void *p)
{
    if (p != NULL) {
        explicit_bzero(p, malloc_usable_size(p));
        free(p);
    }
}

/* realloc() would leave what it moved away from as it is. */
void *wiping_realloc(void *p, size_t size)
{
    size_t had = p != NULL ? malloc_usable_size(p) : 0;
    if (size > 0 && size <= had && size >= had / 2) {
        return p;
    }
    void *moved = size > 0 || p == NULL ? wiping_malloc(size) : NULL;
    if (moved != NULL && p != NULL) {
        memcpy(moved, p, size < had ? size : had);
    }
    if (moved != NULL || size == 0) {
        wiping_free(p);
    }
    return moved;
}

char *wiping_strdup(const char *s)
{
    size_t bytes = strlen(s) + 1;
    char *copy = wiping_malloc(bytes);
    return copy != NULL ? memcpy(copy, s, bytes) : NULL;
}
