#include "rules.h"

static enum verdict judge_path(const struct policy *p, const char *path, const char *cwd)
{
    struct policy_request r = {.tool = SPAN("Write"), .path = span_str(path), .cwd = span_str(cwd)};
    return judge(p, &r);
}

struct place {
    const char *pattern, *path, *cwd;
    bool fits;
};

static const struct place allowed[] = {
    {"/w/src/*",      "/w/src/a.c",              "/",      true },
    {"/w/src/*",      "/w/src/x/y/a.c",          "/",      true },
    {"/w/src/*",      "src/a.c",                 "/w",     true },
    {"/w/src/*",      "./src//a.c",              "/w/",    true },
    {"/w/src/*",      "/w/lib/../src/a.c",       "/",      true },
    {"/w/src/*",      "a/../../src/a.c",         "/w/src", true },
    {"/w/src/*",      "/w/src/../../etc/passwd", "/",      false},
    {"/w/src/*",      "/w/src/..",               "/",      false},
    {"/w/src/*",      "/w/src/.",                "/",      false},
    {"/w/src/*",      "/w/src/x/../../y",        "/",      false},
    {"/w/src/*",      "src/../../etc/x",         "/w",     false},
    {"/w/src/*",      "//etc/passwd",            "/",      false},
    {"/w/src/*",      "/../../etc/passwd",       "/",      false},
    {"/w/src/*",      "a.c",                     "",       false},
    {"/w/src/*",      "a.c",                     "w/src",  false},
    {"/w/src/*",      "",                        "/w/src", false},
    {"*",             "",                        "/w/src", false},
    {"*",             "~/x",                     "/w",     false},
    {"*",             "~root/x",                 "/w",     false},
    {"*",             "a\nb",                    "/w",     false},
    {"*",             "a",                       "/w\x01", false},
    {"*",             "x\x7f",                   "/w",     false},
    {"re:/w/[a-z.]+", "/w/a.c",                  "/",      true },
    {"re:/w/[a-z.]+", "/w/a.c/b",                "/",      false},
    {"/",             "/a/..",                   "/",      true },
};

static void an_allowed_path_is_under_its_pattern(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        const struct place *c = &allowed[i];
        struct policy *p = one_rule("path", c->pattern, "allow");
        if ((judge_path(p, c->path, c->cwd) == VERDICT_ALLOW) != c->fits) {
            fail_msg("%s on [%s] in [%s] is not %d", c->pattern, c->path, c->cwd, c->fits);
        }
        policy_free(p);
    }
}

/* What cannot be told to be elsewhere is forbidden too. */
static const struct place forbidden[] = {
    {"/etc/*", "/etc/passwd",        "/",    true },
    {"/etc/*", "/w/../etc/passwd",   "/",    true },
    {"/etc/*", "../etc/passwd",      "/w",   true },
    {"/etc/*", "//etc//passwd",      "/",    true },
    {"/etc/*", "~/../../etc/passwd", "/w",   true },
    {"/etc/*", "etc/passwd",         "",     true },
    {"/etc/*", "/w/x\x01",           "/",    true },
    {"/etc/*", "/w/etc/x",           "/",    false},
    {"/etc/*", "/w",                 "/etc", false},
    {"/etc/*", "",                   "/etc", false},
    {"*/.env", ".env",               "/w",   true },
    {"*/../*", "/w/../x",            "/",    true },
};

static void a_forbidden_path_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
        const struct place *c = &forbidden[i];
        struct policy *p = one_rule("path", c->pattern, "deny");
        if ((judge_path(p, c->path, c->cwd) == VERDICT_DENY) != c->fits) {
            fail_msg("%s on [%s] in [%s] is not %d", c->pattern, c->path, c->cwd, c->fits);
        }
        policy_free(p);
    }
}

static void a_path_over_the_limit_is_not_allowed(void **state)
{
    (void)state;
    struct policy *p = one_rule("path", "/a*", "allow");
    struct policy *deny = one_rule("path", "/b*", "deny");
    char path[5001];
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[5000] = '\0';
    assert_int_equal(judge_path(p, path, "/"), VERDICT_ASK);
    assert_int_equal(judge_path(deny, path, "/"), VERDICT_DENY);
    path[4000] = '\0';
    assert_int_equal(judge_path(p, path, "/"), VERDICT_ALLOW);
    policy_free(p);
    policy_free(deny);
}

struct address {
    const char *pattern, *url;
    bool fits;
};

static const struct address fetches[] = {
    {"https://example.com/*",           "https://example.com/",                  true },
    {"https://example.com/*",           "https://example.com/a/b?c=d",           true },
    {"https://example.com/*",           "HTTPS://EXAMPLE.com/a",                 true },
    {"https://example.com",             "https://example.com",                   true },
    {"https://example.com",             "https://example.com/",                  true },
    {"https://example.com",             "https://example.com/a",                 false},
    {"https://*.example.com/*",         "https://api.example.com/a",             true },
    {"https://*.example.com/*",         "https://evil.com/.example.com/a",       false},
    {"https://*.example.com/*",         "https://evil.com?.example.com/a",       false},
    {"https://*.example.com/*",         "https://evil.com#.example.com/a",       false},
    {"https://*.example.com/*",         "https://evil.com\\.example.com/a",      false},
    {"https://example.com/*",           "https://example.com@evil.com/",         false},
    {"https://example.com/*",           "https://example.com:80@evil.com/",      false},
    {"https://*/*",                     "https://u:p@evil.com/",                 false},
    {"https://example.com/*",           "https://example.com.evil.com/",         false},
    {"https://example.com/*",           "https://example.com:8443/",             false},
    {"https://example.com:*/*",         "https://example.com:8443/",             true },
    {"https://example.com/*",           "http://example.com/",                   false},
    {"https://example.com/*",           "ftp://example.com/",                    false},
    {"https://example.com/*",           "//example.com/",                        false},
    {"https://example.com/*",           "example.com/",                          false},
    {"https://example.com/*",           "https:///example.com/",                 false},
    {"https://example.com/*",           "https:/example.com/",                   false},
    {"https://example.com/*",           "https://example.com/\nHost: evil",      false},
    {"https://example.com/*",           "https://example.com/ x",                false},
    {"https://example.com/*",           "https://example.com/\xc3\xa9",          false},
    {"https://example.com/*",           "https://ex\xd0\xb0mple.com/",           false},
    {"https://example.com/*",           "https://example%2ecom/",                false},
    {"https://example.com/pub/*",       "https://example.com/pub/../secret",     false},
    {"https://example.com/pub/*",       "https://example.com/pub/%2e%2E/secret", false},
    {"https://example.com/pub/*",       "https://example.com/pub/..%2fsecret",   false},
    {"https://example.com/pub/*",       "https://example.com/pub/./x",           false},
    {"https://example.com/pub/*",       "https://example.com/pub/a?x=../y",      true },
    {"re:https://example\\.com/[a-z]*", "https://example.com/a",                 true },
    {"re:https://example\\.com/[a-z]*", "https://example.com/a/b",               false},
    {"re:https://.*",                   "https://a@b/",                          false},
    {"*",                               "gopher:whatever",                       true },
    {"*",                               "",                                      false},
};

static void an_allowed_url_is_what_its_pattern_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fetches); i++) {
        const struct address *c = &fetches[i];
        struct policy *p = one_rule("url", c->pattern, "allow");
        struct policy_request r = {.tool = SPAN("WebFetch"), .url = span_str(c->url)};
        if ((judge(p, &r) == VERDICT_ALLOW) != c->fits) {
            fail_msg("%s on [%s] is not %d", c->pattern, c->url, c->fits);
        }
        policy_free(p);
    }
}

static void a_forbidden_url_is_found_in_any_case(void **state)
{
    (void)state;
    struct policy *p = one_rule("url", "*evil.com*", "deny");
    struct policy_request r = {.tool = SPAN("WebFetch"), .url = SPAN("https://EVIL.com/")};
    assert_int_equal(judge(p, &r), VERDICT_DENY);
    r.url = SPAN("evil.com");
    assert_int_equal(judge(p, &r), VERDICT_DENY);
    r.url = SPAN("https://example.com/");
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allowed_path_is_under_its_pattern),
        cmocka_unit_test(a_forbidden_path_is_found),
        cmocka_unit_test(a_path_over_the_limit_is_not_allowed),
        cmocka_unit_test(an_allowed_url_is_what_its_pattern_says),
        cmocka_unit_test(a_forbidden_url_is_found_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
