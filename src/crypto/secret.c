/* secret.c - random bytes, and bytes that must not leak by time or by staying in memory. */
#include "checkrein/crypto.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

void random_bytes(void *out, size_t n)
{
    unsigned char *at = out;
    while (n > 0) {
        int take = n > INT_MAX ? INT_MAX : (int)n;
        if (RAND_priv_bytes(at, take) != 1) {
            abort();
        }
        at += take;
        n -= (size_t)take;
    }
}

bool equal_secret(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

void wipe(void *p, size_t n)
{
    if (n > 0) {
        OPENSSL_cleanse(p, n);
    }
}
