#include "checkrein/crypto.h"

#include <openssl/crypto.h>

#include "checkrein/wiping.h"

static void *take(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return wiping_malloc(size);
}

static void *move(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return wiping_realloc(p, size);
}

static void give_back(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    wiping_free(p);
}

bool crypto_wipes(void)
{
    return CRYPTO_set_mem_functions(take, move, give_back) == 1;
}
