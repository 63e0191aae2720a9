/* wiping.h - memory for libraries that keys of others pass through: what they give back is
 * overwritten first, also when a block moves because it grows.
 *
 * As malloc() and its like, NULL when there is none; blocks of both may not be mixed up.
 */
#ifndef CHECKREIN_WIPING_H
#define CHECKREIN_WIPING_H

#include <stddef.h>

void *wiping_malloc(size_t size);
void *wiping_calloc(size_t count, size_t size);
void *wiping_realloc(void *p, size_t size);
char *wiping_strdup(const char *s);
void wiping_free(void *p); /* NULL is fine */

#endif
