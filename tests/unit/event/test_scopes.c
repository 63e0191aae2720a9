#include <string.h>

#include "expect.h"

#include "checkrein/event.h"

static void every_verb_needs_a_right(void **state)
{
    (void)state;
    for (uint32_t v = VERB_UNKNOWN + 1; v < VERB_COUNT; v++) {
        if (verb_scope((enum verb)v) >= SCOPE_COUNT) {
            fail_msg("%s: nobody could ever do it", verb_name((enum verb)v));
        }
        assert_true(verb_scope((enum verb)v) != SCOPE_READ);
    }
}

static void what_is_unknown_is_nobodys(void **state)
{
    (void)state;
    assert_int_equal(verb_scope(VERB_UNKNOWN), SCOPE_COUNT);
    assert_int_equal(verb_scope(VERB_COUNT), SCOPE_COUNT);
}

static void names_and_bits_are_the_same(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 1u << SCOPE_COUNT; bits++) {
        char text[SCOPES_NAMES_BYTES];
        uint32_t again = UINT32_MAX;
        scopes_text(bits, text);
        assert_true(scopes_parse(span_str(text), &again));
        assert_int_equal(again, bits);
    }
}

static void lists_are_read_as_people_write_them(void **state)
{
    (void)state;
    uint32_t bits = 0;
    assert_true(scopes_parse(SPAN("read,decide"), &bits));
    assert_int_equal(bits, SCOPE_BIT(SCOPE_READ) | SCOPE_BIT(SCOPE_DECIDE));
    assert_true(scopes_parse(SPAN(" read,  stop, "), &bits));
    assert_int_equal(bits, SCOPE_BIT(SCOPE_READ) | SCOPE_BIT(SCOPE_STOP));
    assert_true(scopes_parse(SPAN_NONE, &bits));
    assert_int_equal(bits, 0);
    assert_false(scopes_parse(SPAN("read admin"), &bits));
    assert_false(scopes_parse(SPAN("READ"), &bits));
    assert_false(scopes_parse(SPAN("read;decide"), &bits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_needs_a_right),
        cmocka_unit_test(what_is_unknown_is_nobodys),
        cmocka_unit_test(names_and_bits_are_the_same),
        cmocka_unit_test(lists_are_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
