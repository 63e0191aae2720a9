#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/wire.h"

static struct tape_token tokens[4];

static void expect(struct span value, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(tape_quote(&out, value), ST_OK);
    assert_string_equal(out.data, want);
    buf_release(&out);
}

static void what_must_be_escaped_is(void **state)
{
    (void)state;
    expect(SPAN_NONE, "\"\"");
    expect(SPAN(""), "\"\"");
    expect(SPAN("plain text, longer than one block of sixteen"),
           "\"plain text, longer than one block of sixteen\"");
    expect(SPAN("\"\\/"), "\"\\\"\\\\/\"");
    expect(SPAN("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    expect(SPAN("\0\x01\x1b\x1f\x7f"), "\"\\u0000\\u0001\\u001B\\u001F\x7f\"");
    expect(SPAN("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
           "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

static void broken_utf8_is_replaced(void **state)
{
    (void)state;
    expect(SPAN("a\xff\xfe"
                "b\xc3"),
           "\"a\xEF\xBF\xBD\xEF\xBF\xBD"
           "b\xEF\xBF\xBD\"");
    expect(SPAN("\xed\xa0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect(SPAN("\xf0\x9f\x98 \xf0\x9f\x98\x80"), "\"\xEF\xBF\xBD \xf0\x9f\x98\x80\"");
}

/* Whatever the bytes are, the reader gives back what the writer was given, where that was text. */
static void every_pair_of_bytes_reads_back(void **state)
{
    (void)state;
    struct buf out;
    struct buf scratch;
    buf_init(&out, 256);
    buf_init(&scratch, 256);
    for (unsigned pair = 0; pair < 65536; pair++) {
        char bytes[40];
        size_t n = 2 + pair % 37;
        memset(bytes, 'x', sizeof(bytes));
        bytes[n - 2] = (char)(pair >> 8);
        bytes[n - 1] = (char)(pair & 0xFF);
        buf_clear(&out);
        buf_clear(&scratch);
        assert_int_equal(tape_quote(&out, (struct span){bytes, n}), ST_OK);
        struct tape j;
        assert_int_equal(tape_parse(&j, buf_span(&out), TAPE_STRICT, tokens, 4), ST_OK);
        struct span back = tape_string(&j, TAPE_ROOT, &scratch);
        if (pair >> 8 < 0x80 && (pair & 0xFF) < 0x80) {
            assert_int_equal(back.n, n);
            assert_memory_equal(back.p, bytes, n);
        }
    }
    buf_release(&out);
    buf_release(&scratch);
}

/* Long texts are made piece by piece: no place in them is special. */
static void the_place_of_a_character_changes_nothing(void **state)
{
    (void)state;
    static const struct span middles[] = {
        SPAN_INIT("\xC3\xA9"),     SPAN_INIT("\xF0\x9F\x90\x8E"),
        SPAN_INIT("\xE2\x82"),     SPAN_INIT("\x80\x80\x80\x80\x80\x80"),
        SPAN_INIT("\"\\\n"),       SPAN_INIT("\xF0\x9F\xC3\xA9"),
        SPAN_INIT("\xED\xA0\x80"),
    };
    struct buf text;
    struct buf out;
    struct buf want;
    buf_init(&text, 4096);
    buf_init(&out, 4096 * 6);
    buf_init(&want, 4096 * 6);
    for (size_t i = 0; i < ARRAY_LEN(middles); i++) {
        buf_clear(&text);
        assert_int_equal(buf_addch(&text, '\x01'), ST_OK); /* so that it is not plain */
        for (size_t before = 1; before < 1100; before++) {
            size_t start = text.len;
            buf_clear(&out);
            buf_clear(&want);
            assert_int_equal(tape_quote(&want, buf_span(&text)), ST_OK);
            buf_truncate(&want, want.len - 1);
            assert_int_equal(buf_add(&text, middles[i]), ST_OK);
            assert_int_equal(buf_addch(&text, 'z'), ST_OK);
            assert_int_equal(tape_quote(&out, buf_span(&text)), ST_OK);
            size_t prefix = want.len;
            assert_int_equal(tape_quote(&want, middles[i]), ST_OK);
            assert_memory_equal(out.data, want.data, prefix);
            assert_memory_equal(out.data + prefix, want.data + prefix + 1, want.len - prefix - 2);
            assert_int_equal(out.len, want.len); /* less a quote, and a z more */
            buf_truncate(&text, start);
            assert_int_equal(buf_addch(&text, 'a'), ST_OK);
        }
    }
    buf_release(&text);
    buf_release(&out);
    buf_release(&want);
}

static void a_full_buffer_gets_nothing(void **state)
{
    (void)state;
    const struct span texts[] = {SPAN("abcdef"), SPAN("\n\n\n"), SPAN("ab\xff"), SPAN("ab\"\xff")};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf whole;
        buf_init(&whole, 100);
        assert_int_equal(tape_quote(&whole, texts[i]), ST_OK);
        for (size_t limit = 0; limit <= whole.len; limit++) {
            struct buf out;
            buf_init(&out, limit + 1);
            assert_int_equal(buf_addch(&out, '>'), ST_OK);
            enum status st = tape_quote(&out, texts[i]);
            assert_int_equal(st, limit < whole.len ? ST_LIMIT : ST_OK);
            assert_int_equal(out.len, limit < whole.len ? 1 : 1 + whole.len);
            buf_release(&out);
        }
        buf_release(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_must_be_escaped_is),
        cmocka_unit_test(broken_utf8_is_replaced),
        cmocka_unit_test(every_pair_of_bytes_reads_back),
        cmocka_unit_test(the_place_of_a_character_changes_nothing),
        cmocka_unit_test(a_full_buffer_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
