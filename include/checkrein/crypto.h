/* crypto.h - the few primitives we use, from OpenSSL's libcrypto: SHA-256, Ed25519, random bytes,
 * comparison in constant time.
 */
#ifndef CHECKREIN_CRYPTO_H
#define CHECKREIN_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

#define SHA256_BYTES      32
#define SHA256_HEX_BYTES  65 /* with the NUL */
#define DIGEST_TEXT_BYTES 72 /* "sha256:" + hex + NUL */
#define ED25519_KEY_BYTES 32
#define ED25519_SIG_BYTES 64

void sha256(struct span s, uint8_t out[SHA256_BYTES]);

/* A running hash; release it also after an error. */
struct sha256_state {
    void *ctx;
};
void sha256_init(struct sha256_state *s);
void sha256_add(struct sha256_state *s, struct span bytes);
void sha256_final(struct sha256_state *s, uint8_t out[SHA256_BYTES]); /* and starts anew */
void sha256_release(struct sha256_state *s);

/* HMAC (RFC 2104) with SHA-256. */
void hmac_sha256(const uint8_t key[SHA256_BYTES], struct span s, uint8_t out[SHA256_BYTES]);

/* "sha256:<hex>" of exactly these bytes: what binds a decision to what was displayed. */
void digest_text(struct span s, char out[DIGEST_TEXT_BYTES]);
bool digest_valid(struct span digest);

void random_bytes(void *out, size_t n);          /* aborts when the system has none */
bool equal_secret(struct span a, struct span b); /* time depends on the lengths only */
void wipe(void *p, size_t n);
/* From here on libcrypto, and libssl over it, overwrite what they give back. Before anything else
 * of this header; false: it is too late. */
bool crypto_wipes(void);

/* Ed25519 (RFC 8032): raw 32-byte private seed and public key. */
struct signer {
    void *key;
    uint8_t public_key[ED25519_KEY_BYTES];
};
enum status signer_generate(struct signer *s, uint8_t seed[ED25519_KEY_BYTES]) MUST_USE;
enum status signer_init(struct signer *s, const uint8_t seed[ED25519_KEY_BYTES]) MUST_USE;
void signer_release(struct signer *s);
enum status signer_sign(const struct signer *s, struct span message,
                        uint8_t sig[ED25519_SIG_BYTES]) MUST_USE;
bool signature_valid(const uint8_t public_key[ED25519_KEY_BYTES], struct span message,
                     const uint8_t sig[ED25519_SIG_BYTES]);

#endif
