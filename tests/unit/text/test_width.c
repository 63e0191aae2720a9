/* The table and the decoder, over every code point there is. */
#include "expect.h"

#include <string.h>

#include "checkrein/text.h"
#include "safe_check.h"
#include "text_priv.h"

static void every_character_decodes(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char bytes[4];
        uint32_t got = 0;
        size_t n = text_utf8_put(cp, bytes);
        bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;
        assert_int_equal(text_utf8(bytes, n, &got), surrogate ? 0 : n);
        assert_int_equal(got, surrogate ? 0 : cp);
        assert_int_equal(text_utf8(bytes, n - 1, &got), 0);
        assert_int_equal(n, cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4);
    }
}

/* All two-byte and three-byte strings: what decodes is exactly what encodes to the same bytes. */
static void nothing_else_decodes(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 1u << 24; bits++) {
        char bytes[] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        char again[4];
        uint32_t cp = 0;
        size_t n = text_utf8(bytes, sizeof(bytes), &cp);
        if (n != 0 && (text_utf8_put(cp, again) != n || memcmp(again, bytes, n) != 0)) {
            fail_msg("%06x decodes to U+%04X", (unsigned)bits, (unsigned)cp);
        }
    }
}

static void long_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xC0\x80",
        "\xC1\xBF",
        "\xE0\x80\xAF",
        "\xE0\x9F\xBF",
        "\xF0\x80\x80\xAF",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80",
        "\xFE",
        "\xFF",
        "\x80",
        "\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xE2\x28\xA1",
        "\xF0\x28\x8C\xBC",
        "\xF0\x90\x28\xBC",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint32_t cp = 0;
        assert_int_equal(text_utf8(bad[i], strlen(bad[i]), &cp), 0);
    }
}

static void nothing_unfit_has_a_width(void **state)
{
    (void)state;
    uint32_t shown = 0;
    for (uint32_t cp = 0; cp <= 0x110000; cp++) {
        uint32_t prop = text_prop(cp);
        shown += prop != 0;
        if (cp != 0 && is_unfit(cp) && prop != 0) {
            fail_msg("U+%04X is shown", (unsigned)cp);
        }
        assert_in_range(text_width(cp), 0, 2);
        assert_true(prop == 0 || text_width(cp) > 0 || (prop & PROP_MARK) != 0);
        assert_true((prop & PROP_MARK) == 0 || text_width(cp) == 0);
    }
    assert_int_equal(text_prop(UINT32_MAX), 0);
    /* Unicode 15.0 has 149,186 graphic and format characters; what is not fit to show are
     * selectors, tags, other format characters, blanks and fillers. */
    assert_int_equal(shown, 149186 - 461);
}

static void widths_by_sample(void **state)
{
    (void)state;
    static const struct {
        uint32_t cp;
        int width;
    } samples[] = {
        {' ',      1},
        {'~',      1},
        {0x7F,     0},
        {0xA0,     0},
        {0xA1,     1},
        {0xE9,     1},
        {0x300,    0},
        {0x488,    0},
        {0x5D0,    1},
        {0x93E,    1},
        {0x94D,    0},
        {0x10FF,   1},
        {0x1100,   2},
        {0x1161,   0},
        {0x11A8,   0},
        {0x200B,   0},
        {0x2026,   1},
        {0x20AC,   1},
        {0x231A,   2},
        {0x2500,   1},
        {0x2588,   1},
        {0x2713,   1},
        {0x2705,   2},
        {0x3000,   0},
        {0x3001,   2},
        {0x3042,   2},
        {0x302A,   0},
        {0x4E00,   2},
        {0xAC00,   2},
        {0xFF01,   2},
        {0xFF61,   1},
        {0xFFFD,   1},
        {0x1F600,  2},
        {0x1F1E6,  1},
        {0x20000,  2},
        {0x3134A,  2},
        {0x31350,  2},
        {0x323B0,  0},
        {0xE0041,  0},
        {0x1FAE8,  2},
        {0x378,    0},
        {0x110000, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        if (text_width(samples[i].cp) != samples[i].width) {
            fail_msg("U+%04X has width %d", (unsigned)samples[i].cp, text_width(samples[i].cp));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_decodes), cmocka_unit_test(nothing_else_decodes),
        cmocka_unit_test(long_forms_are_refused),  cmocka_unit_test(nothing_unfit_has_a_width),
        cmocka_unit_test(widths_by_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
