/* sign.c - Ed25519 over whole messages. */
#include "checkrein/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>

static const unsigned char *octets(struct span s)
{
    return (const unsigned char *)(s.p != NULL ? s.p : "");
}

enum status signer_init(struct signer *s, const uint8_t seed[ED25519_KEY_BYTES])
{
    size_t n = ED25519_KEY_BYTES;
    s->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_BYTES);
    if (s->key == NULL || EVP_PKEY_get_raw_public_key(s->key, s->public_key, &n) != 1) {
        ERR_clear_error();
        signer_release(s);
        return ST_UNSUPPORTED;
    }
    return ST_OK;
}

enum status signer_generate(struct signer *s, uint8_t seed[ED25519_KEY_BYTES])
{
    random_bytes(seed, ED25519_KEY_BYTES);
    return signer_init(s, seed);
}

void signer_release(struct signer *s)
{
    EVP_PKEY_free(s->key);
    *s = (struct signer){0};
}

enum status signer_sign(const struct signer *s, struct span message, uint8_t sig[ED25519_SIG_BYTES])
{
    size_t n = ED25519_SIG_BYTES;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
        ctx != NULL && s->key != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->key) == 1 &&
        EVP_DigestSign(ctx, sig, &n, octets(message), message.n) == 1 && n == ED25519_SIG_BYTES;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good ? ST_OK : ST_INVALID;
}

bool signature_valid(const uint8_t public_key[ED25519_KEY_BYTES], struct span message,
                     const uint8_t sig[ED25519_SIG_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_KEY_BYTES);
    bool good = ctx != NULL && key != NULL &&
                EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(ctx, sig, ED25519_SIG_BYTES, octets(message), message.n) == 1;
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error(); /* a wrong signature is an answer, not something to find in the queue later
                        */
    return good;
}
