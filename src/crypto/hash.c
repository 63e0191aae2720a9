/* hash.c - SHA-256 and the digest text made from it.
 *
 * libcrypto looks an algorithm up by name at every use unless it is fetched once, and that look-up
 * costs about as much as hashing a record; so it is fetched once and never freed.
 */
#include "checkrein/crypto.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "checkrein/num.h"

#define DIGEST_PREFIX "sha256:"

static EVP_MD *algorithm;
static pthread_once_t algorithm_once = PTHREAD_ONCE_INIT;

static void fetch_algorithm(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* A libcrypto without SHA-256, or one out of memory, leaves nothing that could be trusted. */
static void must(int good)
{
    if (good != 1) {
        abort();
    }
}

void sha256_init(struct sha256_state *s)
{
    must(pthread_once(&algorithm_once, fetch_algorithm) == 0 && algorithm != NULL);
    s->ctx = EVP_MD_CTX_new();
    must(s->ctx != NULL && EVP_DigestInit_ex2(s->ctx, algorithm, NULL) == 1);
}

void sha256_add(struct sha256_state *s, struct span bytes)
{
    if (bytes.n > 0) {
        must(EVP_DigestUpdate(s->ctx, bytes.p, bytes.n));
    }
}

void sha256_final(struct sha256_state *s, uint8_t out[SHA256_BYTES])
{
    must(EVP_DigestFinal_ex(s->ctx, out, NULL));
    must(EVP_DigestInit_ex2(s->ctx, NULL, NULL));
}

void sha256_release(struct sha256_state *s)
{
    EVP_MD_CTX_free(s->ctx);
    s->ctx = NULL;
}

void sha256(struct span s, uint8_t out[SHA256_BYTES])
{
    struct sha256_state state;
    sha256_init(&state);
    sha256_add(&state, s);
    sha256_final(&state, out);
    sha256_release(&state);
}

#define HMAC_BLOCK_BYTES 64

static void hmac_round(const uint8_t key[SHA256_BYTES], uint8_t pad, struct span s,
                       uint8_t out[SHA256_BYTES])
{
    struct sha256_state state;
    uint8_t block[HMAC_BLOCK_BYTES];
    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = (uint8_t)((i < SHA256_BYTES ? key[i] : 0) ^ pad);
    }
    sha256_init(&state);
    sha256_add(&state, (struct span){(const char *)block, sizeof(block)});
    sha256_add(&state, s);
    sha256_final(&state, out);
    sha256_release(&state);
    wipe(block, sizeof(block));
}

void hmac_sha256(const uint8_t key[SHA256_BYTES], struct span s, uint8_t out[SHA256_BYTES])
{
    uint8_t inner[SHA256_BYTES];
    hmac_round(key, 0x36, s, inner);
    hmac_round(key, 0x5C, (struct span){(const char *)inner, sizeof(inner)}, out);
    wipe(inner, sizeof(inner));
}

void digest_text(struct span s, char out[DIGEST_TEXT_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    sha256(s, hash);
    (void)span_copy(SPAN(DIGEST_PREFIX), out, DIGEST_TEXT_BYTES);
    hex_encode(hash, sizeof(hash), out + strlen(DIGEST_PREFIX));
}

bool digest_valid(struct span digest)
{
    struct span hex = span_sub(digest, strlen(DIGEST_PREFIX), SIZE_MAX);
    if (!span_starts(digest, DIGEST_PREFIX) || hex.n != HEX_BYTES(SHA256_BYTES) - 1) {
        return false;
    }
    for (size_t i = 0; i < hex.n; i++) {
        char c = hex.p[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return false;
        }
    }
    return true;
}
