/* What a server says of itself and of a token: taken when it is exactly what it should be. */
#include "expect.h"

#include <string.h>

#include "issuer_priv.h"

#define ISSUER "https://id.example/tenant"

static enum status read(struct metadata *m, const char *json)
{
    struct why why = {0};
    enum status st = oauth_metadata_read(m, span_str(json), ISSUER, &why);
    assert_true(st == ST_OK || why.text[0] != '\0');
    return st;
}

static void metadata_is_of_the_issuer(void **state)
{
    (void)state;
    struct metadata m;
    assert_status(read(&m,
                       "{\"issuer\":\"" ISSUER "\",\"revocation_endpoint\":\"https:\\/\\/r.example/"
                       "revoke?a=b\",\"introspection_endpoint\":\"http://127.0.0.1:9/i\"}"),
                  ST_OK);
    assert_string_equal(m.revocation, "https://r.example/revoke?a=b");
    assert_string_equal(m.introspection, "http://127.0.0.1:9/i");
    oauth_metadata_release(&m);
    assert_status(read(&m, "{\"issuer\":\"" ISSUER "\",\"revocation_endpoint\":7}"), ST_OK);
    assert_null(m.revocation);
    oauth_metadata_release(&m);
}

static void other_metadata_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"issuer\":null}",
        "{\"issuer\":\"" ISSUER "/\"}",
        "{\"issuer\":\"https://ID.example/tenant\"}",
        "{\"issuer\":\"" ISSUER "\\u0000\"}",
        "{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\"}",
        "{\"issuer\":\"" ISSUER "\",\"revocation_endpoint\":\"http://r.example/\"}",
        "{\"issuer\":\"" ISSUER "\",\"revocation_endpoint\":\"wss://r.example/\"}",
        "{\"issuer\":\"" ISSUER "\",\"revocation_endpoint\":\"https://u:p@r.example/\"}",
        "{\"issuer\":\"" ISSUER "\",\"revocation_endpoint\":\"https://r.example/\\u0000x\"}",
        "{\"issuer\":\"" ISSUER "\",\"introspection_endpoint\":\"https://r.example/ x\"}",
        "{\"issuer\":\"" ISSUER "\"}x",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct metadata m;
        if (read(&m, bad[i]) == ST_OK) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_null(m.issuer);
        assert_null(m.revocation);
    }
}

static void a_token_is_active_or_not(void **state)
{
    (void)state;
    struct introspection i;
    assert_status(oauth_introspection_read(
                      &i,
                      SPAN("{\"active\":true,\"scope\":\"a b\",\"sub\":\"s\",\"client_id\":\"c\","
                           "\"exp\":1700000000}"),
                      NULL),
                  ST_OK);
    assert_true(i.active);
    assert_string_equal(i.scopes, "a b");
    assert_string_equal(i.subject, "s");
    assert_string_equal(i.client, "c");
    assert_int_equal(i.expires_s, 1700000000);
    assert_status(oauth_introspection_read(&i, SPAN("{\"active\":false}"), NULL), ST_OK);
    assert_false(i.active);
    assert_status(oauth_introspection_read(
                      &i, SPAN("{\"active\":true,\"scope\":[\"a\"],\"exp\":\"soon\"}"), NULL),
                  ST_OK);
    assert_string_equal(i.scopes, "");
    assert_int_equal(i.expires_s, 0);
    static const char *const bad[] = {"",
                                      "true",
                                      "{}",
                                      "{\"active\":1}",
                                      "{\"active\":\"false\"}",
                                      "{\"active\":null}",
                                      "{\"active\":false,\"active\":true}"};
    for (size_t n = 0; n < ARRAY_LEN(bad); n++) {
        assert_int_not_equal(oauth_introspection_read(&i, span_str(bad[n]), NULL), ST_OK);
        assert_false(i.active);
    }
}

static void only_a_plain_word_of_an_error_is_told(void **state)
{
    (void)state;
    char word[64];
    oauth_error_read(SPAN("{\"error\":\"invalid_client\",\"error_description\":\"x\"}"), word);
    assert_string_equal(word, "invalid_client");
    oauth_error_read(SPAN("{\"error\":\"Secret-1\"}"), word);
    assert_string_equal(word, "");
    oauth_error_read(
        SPAN("{\"error\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaa\"}"),
        word);
    assert_string_equal(word, "");
    oauth_error_read(SPAN("<html>"), word);
    assert_string_equal(word, "");
}

static void forms_are_encoded(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 256);
    oauth_form_add(&b, "token", SPAN("a-b_c.d~e+/=&%"));
    oauth_form_add(&b, "x", SPAN("y"));
    assert_string_equal(b.data, "token=a-b_c.d%7Ee%2B%2F%3D%26%25&x=y");
    buf_clear(&b);
    oauth_form_basic(&b, SPAN("a:b"), SPAN("c d"));
    assert_string_equal(b.data, "Authorization: Basic YSUzQWI6YyUyMGQ=");
    buf_wipe(&b);
}

static void metadata_is_where_the_specifications_say(void **state)
{
    static const struct {
        const char *issuer, *oauth, *openid;
    } rows[] = {
        {"https://a.example",       "https://a.example/.well-known/oauth-authorization-server",
         "https://a.example/.well-known/openid-configuration"                                                                                             },
        {"https://a.example/",      "https://a.example/.well-known/oauth-authorization-server",
         "https://a.example/.well-known/openid-configuration"                                                                                             },
        {"https://a.example:8/b/c",
         "https://a.example:8/.well-known/oauth-authorization-server/b/c",                      "https://a.example:8/b/c/.well-known/openid-configuration"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        buf_init(&b, 256);
        oauth_metadata_url(&b, DISCOVERY_OAUTH, rows[i].issuer);
        assert_string_equal(b.data, rows[i].oauth);
        buf_clear(&b);
        oauth_metadata_url(&b, DISCOVERY_OPENID, rows[i].issuer);
        assert_string_equal(b.data, rows[i].openid);
        buf_release(&b);
    }
}

static void patterns_match_whole_texts(void **state)
{
    (void)state;
    assert_true(issuer_match(SPAN("claude:* | run:1"), SPAN("claude:abc")));
    assert_true(issuer_match(SPAN("claude:* | run:1"), SPAN("run:1")));
    assert_true(issuer_match(SPAN("*a*b?"), SPAN("xaaybbc")));
    assert_true(issuer_match(SPAN("*"), SPAN("x")));
    assert_false(issuer_match(SPAN("claude:* | run:1"), SPAN("run:12")));
    assert_false(issuer_match(SPAN("claude"), SPAN("claude:abc")));
    assert_false(issuer_match(SPAN("*"), SPAN_NONE));
    assert_false(issuer_match(SPAN("a?"), SPAN("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_is_of_the_issuer),
        cmocka_unit_test(other_metadata_is_refused),
        cmocka_unit_test(a_token_is_active_or_not),
        cmocka_unit_test(only_a_plain_word_of_an_error_is_told),
        cmocka_unit_test(forms_are_encoded),
        cmocka_unit_test(metadata_is_where_the_specifications_say),
        cmocka_unit_test(patterns_match_whole_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
