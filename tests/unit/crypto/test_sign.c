/* Ed25519 against RFC 8032, section 7.1; every flipped bit, foreign keys and twisted signatures. */
#include "expect.h"

#include <string.h>

#include "checkrein/crypto.h"
#include "checkrein/num.h"

struct example {
    const char *seed;
    const char *public_key;
    const char *message;
    const char *sig;
};

static const struct example examples[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void from_hex(const char *hex, uint8_t *out, size_t n)
{
    assert_status(hex_decode(span_str(hex), out, n), ST_OK);
}

static void examples_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        const struct example *e = &examples[i];
        uint8_t seed[ED25519_KEY_BYTES];
        uint8_t key[ED25519_KEY_BYTES];
        uint8_t want[ED25519_SIG_BYTES];
        uint8_t sig[ED25519_SIG_BYTES];
        uint8_t text[2] = {0};
        struct span message = {(const char *)text, strlen(e->message) / 2};
        from_hex(e->seed, seed, sizeof(seed));
        from_hex(e->public_key, key, sizeof(key));
        from_hex(e->sig, want, sizeof(want));
        from_hex(e->message, text, message.n);
        struct signer s;
        assert_status(signer_init(&s, seed), ST_OK);
        assert_memory_equal(s.public_key, key, sizeof(key));
        assert_status(signer_sign(&s, message, sig), ST_OK);
        assert_memory_equal(sig, want, sizeof(want));
        assert_true(signature_valid(key, message, sig));
        signer_release(&s);
    }
}

static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    uint8_t seed[ED25519_KEY_BYTES];
    uint8_t sig[ED25519_SIG_BYTES];
    char text[] = "what was approved";
    struct span message = {text, sizeof(text) - 1};
    struct signer s;
    assert_status(signer_generate(&s, seed), ST_OK);
    assert_status(signer_sign(&s, message, sig), ST_OK);
    for (size_t i = 0; i < sizeof(sig) * 8; i++) {
        sig[i / 8] = (uint8_t)(sig[i / 8] ^ (1u << i % 8));
        assert_false(signature_valid(s.public_key, message, sig));
        sig[i / 8] = (uint8_t)(sig[i / 8] ^ (1u << i % 8));
    }
    for (size_t i = 0; i < message.n * 8; i++) {
        text[i / 8] = (char)((unsigned char)text[i / 8] ^ (1u << i % 8));
        assert_false(signature_valid(s.public_key, message, sig));
        text[i / 8] = (char)((unsigned char)text[i / 8] ^ (1u << i % 8));
    }
    for (size_t i = 0; i < (size_t)8 * ED25519_KEY_BYTES; i++) {
        uint8_t key[ED25519_KEY_BYTES];
        memcpy(key, s.public_key, sizeof(key));
        key[i / 8] = (uint8_t)(key[i / 8] ^ (1u << i % 8));
        assert_false(signature_valid(key, message, sig));
    }
    assert_false(signature_valid(s.public_key, span_sub(message, 0, message.n - 1), sig));
    assert_false(signature_valid(s.public_key, SPAN_NONE, sig));
    assert_true(signature_valid(s.public_key, message, sig));
    signer_release(&s);
}

/* S + L verifies in implementations that do not check S < L: two signatures of one message. */
static void a_signature_has_one_form(void **state)
{
    (void)state;
    static const uint8_t order[] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                    0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                    0,    0,    0,    0,    0,    0,    0,    0,
                                    0,    0,    0,    0,    0,    0,    0,    0x10};
    uint8_t key[ED25519_KEY_BYTES];
    uint8_t sig[ED25519_SIG_BYTES];
    from_hex(examples[0].public_key, key, sizeof(key));
    from_hex(examples[0].sig, sig, sizeof(sig));
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof(order); i++) {
        carry += (unsigned)sig[32 + i] + order[i];
        sig[32 + i] = (uint8_t)(carry & 0xff);
        carry >>= 8;
    }
    assert_false(signature_valid(key, SPAN_NONE, sig));
}

static void generated_seeds_differ_and_come_back(void **state)
{
    (void)state;
    uint8_t seed[2][ED25519_KEY_BYTES];
    struct signer s[2];
    struct signer again;
    assert_status(signer_generate(&s[0], seed[0]), ST_OK);
    assert_status(signer_generate(&s[1], seed[1]), ST_OK);
    assert_memory_not_equal(seed[0], seed[1], sizeof(seed[0]));
    assert_memory_not_equal(s[0].public_key, s[1].public_key, ED25519_KEY_BYTES);
    assert_status(signer_init(&again, seed[0]), ST_OK);
    assert_memory_equal(again.public_key, s[0].public_key, ED25519_KEY_BYTES);
    signer_release(&s[0]);
    signer_release(&s[1]);
    signer_release(&again);
}

static void a_released_signer_signs_nothing(void **state)
{
    (void)state;
    struct signer s = {0};
    uint8_t sig[ED25519_SIG_BYTES];
    signer_release(&s);
    assert_status(signer_sign(&s, SPAN("x"), sig), ST_INVALID);
    uint8_t seed[ED25519_KEY_BYTES];
    assert_status(signer_generate(&s, seed), ST_OK);
    signer_release(&s);
    signer_release(&s);
    assert_status(signer_sign(&s, SPAN("x"), sig), ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_hold),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(a_signature_has_one_form),
        cmocka_unit_test(generated_seeds_differ_and_come_back),
        cmocka_unit_test(a_released_signer_signs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
