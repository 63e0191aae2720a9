/* SHA-256 against the standard's own examples, in one piece and in all splits; digest texts. */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/num.h"

#define MILLION 1000000

struct example {
    const char *text;
    const char *hex;
};

/* FIPS 180-2, appendix B, and the empty message. */
static const struct example examples[] = {
    {"",                                                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc",                                                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"                                                            },
};

static void assert_hash(const uint8_t hash[SHA256_BYTES], const char *want)
{
    char hex[SHA256_HEX_BYTES];
    hex_encode(hash, SHA256_BYTES, hex);
    assert_string_equal(hex, want);
}

static void examples_hold(void **state)
{
    (void)state;
    uint8_t hash[SHA256_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        sha256(span_str(examples[i].text), hash);
        assert_hash(hash, examples[i].hex);
    }
    sha256(SPAN_NONE, hash);
    assert_hash(hash, examples[0].hex);
}

static void any_split_gives_the_same(void **state)
{
    (void)state;
    struct sha256_state s;
    struct span text = span_str(examples[2].text);
    uint8_t hash[SHA256_BYTES];
    sha256_init(&s);
    for (size_t cut = 0; cut <= text.n; cut++) {
        sha256_add(&s, span_sub(text, 0, cut));
        sha256_add(&s, SPAN_NONE);
        sha256_add(&s, span_sub(text, cut, SIZE_MAX));
        sha256_final(&s, hash); /* and starts anew for the next cut */
        assert_hash(hash, examples[2].hex);
    }
    sha256_release(&s);
    sha256_release(&s);
}

static void a_million_letters(void **state)
{
    (void)state;
    char *text = xmalloc(MILLION);
    memset(text, 'a', MILLION);
    uint8_t hash[SHA256_BYTES];
    sha256((struct span){text, MILLION}, hash);
    assert_hash(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(text);
}

static void release_after_half_a_hash(void **state)
{
    (void)state;
    struct sha256_state s;
    sha256_init(&s);
    sha256_add(&s, SPAN("left unfinished"));
    sha256_release(&s);
    assert_null(s.ctx);
}

/* RFC 4231, test cases 1 and 2: shorter keys are filled up with zeros. */
static void hmac_examples_hold(void **state)
{
    (void)state;
    uint8_t key[SHA256_BYTES] = {0};
    uint8_t mac[SHA256_BYTES];
    memset(key, 0x0b, 20);
    hmac_sha256(key, SPAN("Hi There"), mac);
    assert_hash(mac, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    memset(key, 0, sizeof(key));
    memcpy(key, "Jefe", 4);
    hmac_sha256(key, SPAN("what do ya want for nothing?"), mac);
    assert_hash(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void digest_text_is_prefixed_hex(void **state)
{
    (void)state;
    char text[DIGEST_TEXT_BYTES];
    digest_text(SPAN("abc"), text);
    assert_string_equal(text,
                        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(digest_valid(span_str(text)));
}

static void bad_digests_are_refused(void **state)
{
    (void)state;
    char good[DIGEST_TEXT_BYTES];
    digest_text(SPAN_NONE, good);
    struct span s = span_str(good);
    for (size_t n = 0; n < s.n; n++) {
        assert_false(digest_valid(span_sub(s, 0, n)));
        assert_false(digest_valid(span_sub(s, n + 1, SIZE_MAX)));
    }
    for (size_t i = 0; i < s.n; i++) {
        static const char bad[] = {'\0', 'g', 'A', 'F', '/', ':' + 1, '`', ' ', '\n', (char)0xff};
        for (size_t k = 0; k < sizeof(bad); k++) {
            char kept = good[i];
            good[i] = bad[k];
            assert_false(digest_valid(s));
            good[i] = kept;
        }
    }
    char longer[DIGEST_TEXT_BYTES + 1];
    memcpy(longer, good, s.n);
    longer[s.n] = '0';
    assert_false(digest_valid((struct span){longer, s.n + 1}));
    assert_false(digest_valid(SPAN_NONE));
    assert_false(digest_valid(SPAN("sha512:")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_hold),           cmocka_unit_test(any_split_gives_the_same),
        cmocka_unit_test(a_million_letters),       cmocka_unit_test(release_after_half_a_hash),
        cmocka_unit_test(hmac_examples_hold),      cmocka_unit_test(digest_text_is_prefixed_hex),
        cmocka_unit_test(bad_digests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
