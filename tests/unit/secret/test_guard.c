/* One secret is kept out of bytes that go by, however they are cut, and nothing else is kept back.
 */
#include "expect.h"

#include <stdio.h>
#include <string.h>

#include "checkrein/secret.h"

#define KEY "sk-k/y+with=signs_and-more"

static const char *const FORMS[] = {
    KEY,
    "sk-k%2Fy%2Bwith%3Dsigns_and-more",
    "sk-k%2fy%2bwith%3dsigns_and-more",
    "sk-k\\/y+with=signs_and-more",
    "c2stay95K3dpdGg9c2lnbnNfYW5kLW1vcm", /* base64 of it, less what depends on what follows */
};

/* In pieces of so many bytes. */
static void pass(struct secret_flow *f, const char *text, size_t step, struct buf *out)
{
    struct span s = span_str(text);
    for (size_t at = 0; at < s.n; at += step) {
        (void)buf_add(out, secret_flow_pass(f, span_sub(s, at, step)));
    }
    (void)buf_add(out, secret_flow_end(f));
}

static void in_each_form_and_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(FORMS); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text), "{\"sk-k\":\"%s\", \"sk\": \"%s%s\"}", FORMS[i],
                       FORMS[i], "sk-k");
        for (size_t step = 1; step <= strlen(text); step++) {
            struct secret_guard *g = secret_guard_new(SPAN(KEY));
            struct secret_flow f;
            struct buf out;
            buf_init(&out, 1024);
            secret_flow_begin(&f, g);
            pass(&f, text, step, &out);
            if (f.found != 2 || strstr(out.data, FORMS[i]) != NULL || out.len != strlen(text) ||
                !span_starts(buf_span(&out), "{\"sk-k\":\"***") ||
                !span_ends(buf_span(&out), "*sk-k\"}")) {
                fail_msg("in pieces of %zu: %s", step, out.data);
            }
            secret_flow_release(&f);
            secret_guard_drop(g);
            buf_release(&out);
        }
    }
}

static void only_what_may_be_its_beginning_is_kept_back(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        size_t kept;
    } PIECES[] = {
        {"data: {\"text\":\"sk-k/y\"}\n\n", 0 },
        {"",                                0 },
        {"ask",                             2 }, /* sk */
        {"",                                2 },
        {"-k",                              4 },
        {"in",                              0 },
        {"sssk-k/y+with=signs_and-mor",     25},
        {"!",                               0 },
    };
    struct secret_guard *g = secret_guard_new(SPAN(KEY));
    struct secret_flow f;
    size_t in = 0;
    size_t out = 0;
    secret_flow_begin(&f, g);
    secret_guard_drop(g);
    assert_string_equal(secret_guard_text(f.guard), KEY);
    for (size_t i = 0; i < ARRAY_LEN(PIECES); i++) {
        in += strlen(PIECES[i].piece);
        out += secret_flow_pass(&f, span_str(PIECES[i].piece)).n;
        assert_int_equal(in - out, PIECES[i].kept);
        assert_int_equal(secret_flow_waits(&f), PIECES[i].kept > 0);
    }
    assert_int_equal(f.found, 0);
    secret_flow_release(&f);
}

static void one_text_at_once(void **state)
{
    (void)state;
    struct secret_guard *g = secret_guard_new(SPAN(KEY));
    char text[] = "a?key=" KEY "&b";
    assert_false(secret_guard_finds(g, SPAN("nothing of sk-k")));
    assert_true(secret_guard_finds(g, span_str(text)));
    assert_int_equal(secret_guard_hide(g, text, strlen(text)), 1);
    assert_string_equal(text, "a?key=**************************&b");
    secret_guard_drop(g);
}

static void what_is_short_is_not_looked_for(void **state)
{
    (void)state;
    static const char *const SHORT[] = {"", "short"};
    for (size_t i = 0; i < ARRAY_LEN(SHORT); i++) {
        struct secret_guard *g = secret_guard_new(span_str(SHORT[i]));
        struct secret_flow f;
        secret_flow_begin(&f, g);
        assert_int_equal(secret_flow_pass(&f, SPAN("a short text, s")).n, 15);
        secret_flow_release(&f);
        secret_guard_drop(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_each_form_and_however_it_is_cut),
        cmocka_unit_test(only_what_may_be_its_beginning_is_kept_back),
        cmocka_unit_test(one_text_at_once),
        cmocka_unit_test(what_is_short_is_not_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
