/* entropy_priv.h - random bytes from the kernel, for seeds, ids and temporary names inside base. */
#ifndef CHECKREIN_BASE_ENTROPY_PRIV_H
#define CHECKREIN_BASE_ENTROPY_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* Fills all of it or aborts: an id or a seed that could be guessed is worse than no program. */
void entropy_fill(void *out, size_t n);
uint64_t entropy_u64(void);

#endif
