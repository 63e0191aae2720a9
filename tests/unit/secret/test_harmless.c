/* What is no secret stays as it is, and nothing that could run is ever hidden. */
#include "expect.h"

#include "checkrein/secret.h"

static const uint8_t KEY[VEIL_KEY_BYTES] = {1};

static void nothing_in(const char *text)
{
    struct veil *v = veil_new(KEY);
    struct veiled told = veil(v, span_str(text));
    if (told.count != 0) {
        fail_msg("%s -> %.*s", text, SPAN_ARG(told.text));
    }
    assert_ptr_equal(told.text.p, text);
    veil_free(v);
}

static void becomes(const char *text, const char *begins, const char *ends, uint32_t count)
{
    struct veil *v = veil_new(KEY);
    struct veiled told = veil(v, span_str(text));
    if (told.count != count || !span_starts(told.text, begins) || !span_ends(told.text, ends)) {
        fail_msg("%s -> %u %.*s", text, told.count, SPAN_ARG(told.text));
    }
    veil_free(v);
}

static void numbers_names_and_pictures(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "550e8400-e29b-41d4-a716-446655440000 01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
        "WjR9awAAAABJRU5ErkJggg==",
        "\"integrity\": \"sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJ"
        "v8XZ1tvj5FvSg==\"",
        "sk-ecdsa-sha2-nistp256@openssh.com sk-ssh-ed25519 sk-fading-circle-animation-delay",
        "task-runner-for-all-the-things2Go disk-usage-Report2026-long-enough-to-be-one",
        "{\"max_tokens\":4096,\"gen_ai.usage.input_tokens\":123456,\"token_count\":\"12345678\"}",
        "const token: Token = await getToken1(); password: string; let secret = newSecret42(x);",
        "password=$PASSWORD token=${TOKEN_1} secret=\"$(pass show a1b2c3d4)\" api_key=`cat k1`",
        "password: ******** token=xxxxxxxxxxxx PASSWORD= make test",
        "if (password == other1234 || token === value12345) secret::lookup12345()",
        "https://example.com:8080/a@b ssh://git@github.com/x http://[::1]:80/",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN PRIVATE KEY----- is what it begins with",
        "the bearer of bad news, basic information, a token of gratitude: thanks, the secret is patience",
        "npm_config_registry npm_lifecycle_event hf_hub_download ghp_short r8_x SG.x.y eyJhbGciOiJ9",
        "{\"password\":12345678,\"a_password\": -12345.5e10,\"api_key\":123456789e5}",
        "{\"arguments\":\"{\\\"password\\\":12345678}\"}",
        "two_pass=true n_pass: 12 all_passed=1234 authorization: required, authorization: none",
        "C:\\new\\project\\token\\x1 \\npm_run",
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        nothing_in(TEXTS[i]);
    }
}

/* An agent that wraps what it does as a password hides it from nobody. */
static void nothing_that_runs_is_hidden(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "echo don't password=' ; rm -rf / ; '",
        "echo \"a \"password\":\" ; rm -rf / ; \"",
        "TOKEN= /tmp/evil1234",
        "TOKEN=\t/tmp/evil1234",
        "password=\n/tmp/evil1234",
        "curl https://u:$(id)@h/ ; curl https://u:`id`@h/",
        "curl -H 'Authorization: Bearer $(id)'",
        "rm -rf password: /home/bob",
        "rm -rf -- --password /home/bob",
        "rm -rf token: '/home/b0b'",
        "rm -rf ./password=/../../home/bob password=x1/../../../home/bob",
        "rm -rf secret: ../b0b/secret --api-key ~/work2026 --token ./b0b/work",
        "rm -rf Bearer /home/bob2026/all",
        "rm -rf authorization basic ../../home/bob",
        "{\"command\":\"rm -rf password: \\\"/home/bob\\\"\"}",
        "-----BEGIN PRIVATE KEY-----\nrm -rf /tmp/x\n-----END PRIVATE KEY-----",
        "true -----BEGIN PRIVATE KEY-----\n/usr/sbin/poweroff\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nreboot\n-----END PRIVATE KEY-----",
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        nothing_in(TEXTS[i]);
    }
    becomes("-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASC\nreboot\n-----END",
            "[secret private-key ", "]\nreboot\n-----END", 1);
    becomes("-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASC\n/usr/sbin/poweroff\n",
            "[secret private-key ", "]\n/usr/sbin/poweroff\n", 1);
    becomes("-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASC\nQw==\n-----END PRIVATE "
            "KEY-----;",
            "[secret private-key ", "];", 1);
    becomes("secret_key=/abcdefghijKLMNOP0123", "secret_key=[secret secret-key 21 #", "]", 1);
    becomes("password=abcd1234;rm -rf /", "password=[secret password 8 #", "];rm -rf /", 1);
    becomes("password=abcd$(rm -rf /)", "password=[secret password 4 #", "]$(rm -rf /)", 1);
    becomes("password=abcd`id`", "password=[secret password 4 #", "]`id`", 1);
    becomes("password=abcd|sh", "password=[secret password 4 #", "]|sh", 1);
    becomes("password='abcd ef; rm -rf /'", "password='[secret password 4 #", "] ef; rm -rf /'", 1);
    becomes("--password abcd1234 rm -rf /", "--password [secret password 8 #", "] rm -rf /", 1);
}

static void an_escape_is_never_cut(void **state)
{
    (void)state;
    nothing_in("{\"a\":\"\\npm_0123456789abcdefghijABCDEFGHIJ012345\"}");
    becomes("{\"a\":\"\\nghp_0123456789abcdefghijABCDEFGHIJ012345\\n\"}",
            "{\"a\":\"\\n[secret github-token 40 #", "]\\n\"}", 1);
    becomes("{\"password\":\"abcd\\\"ef\"}", "{\"password\":\"[secret password 4 #", "]\\\"ef\"}",
            1);
    becomes("{\"password\":\"abc\\u00e4\\/def\"}", "{\"password\":\"[secret password 9 #", "]\"}",
            1);
}

static void a_mark_is_no_secret(void **state)
{
    (void)state;
    nothing_in("[secret anthropic-key 108 #3fa9c1d2]");
    nothing_in("password=[secret password 7 #3fa9c1d2] token: \"[secret token 40 #00000000]\"");
    nothing_in(
        "https://u:[secret url-password 7 #3fa9c1d2]@h/ Bearer [secret bearer-token 9 #3fa9c1d2]");
    assert_int_equal(
        secret_marks(SPAN("[secret a 1 #3fa9c1d2][secret  1 #3fa9c1d2][secret a 1 #3fa9c1d]")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_names_and_pictures),
        cmocka_unit_test(nothing_that_runs_is_hidden),
        cmocka_unit_test(an_escape_is_never_cut),
        cmocka_unit_test(a_mark_is_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
