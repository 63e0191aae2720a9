/* What is a word, and when two are the same. */
#include "index_kit.h"

static void assert_words(struct span text, const char *want)
{
    struct buf out;
    buf_init(&out, WORDS_BYTES);
    words_add(&out, text);
    assert_span_is(buf_span(&out), want);
    buf_release(&out);
}

#define WORDS(text, want) assert_words(SPAN(text), want)

static void signs_stand_between_words(void **state)
{
    (void)state;
    WORDS("rm -rf ./build", "rm rf build ");
    WORDS("src/app/main.c:17", "src app main c 17 ");
    WORDS("my_function(x)", "my function x ");
    WORDS("", "");
    WORDS(" \t\n-+*\"'", "");
    WORDS("a\0b", "a b ");
    WORDS("\x1b[31mred", "31mred ");
    WORDS("d\u00F7\u20AC\u2014e", "d \u20AC e ");
}

static void case_and_accents_do_not_count(void **state)
{
    (void)state;
    WORDS("MAKE Make", "make make ");
    WORDS("\u00C9t\u00E9 \u0141\u00F3d\u017A", "ete lodz ");
    WORDS("e\u0301te\u0301", "ete "); /* the accent by itself */
    WORDS("\u0414\u0410 \u0434\u0430", "\u0434\u0430 \u0434\u0430 ");
    WORDS("\u0401\u0436", "\u0451\u0436 ");
    WORDS("\u03A3\u03BF\u03C2", "\u03C3\u03BF\u03C3 ");
    WORDS("\u00C6\u00DF", "\u00E6\u00DF ");
    WORDS("\u1E80\u04D0", "\u1E81\u04D1 ");
}

static void what_nobody_sees_does_not_hide_a_word(void **state)
{
    (void)state;
    WORDS("r\u200Bm r\u00ADm \u202Erm r\uFE0Fm", "rm rm rm rm ");
    WORDS("\uFF32\uFF2D \uFF11\uFF12", "rm 12 "); /* wide forms */
    WORDS("\U000E0072m", "m ");
}

static void scripts_without_blanks_have_a_word_a_character(void **state)
{
    (void)state;
    WORDS("\u65E5\u672C\u8A9Eabc", "\u65E5 \u672C \u8A9E abc ");
    WORDS("\uD55C\uAE00\u3002x", "\uD55C \uAE00 x ");
    WORDS("\U0001F600\U0001F600", "\U0001F600 \U0001F600 ");
}

static void bytes_that_are_no_text_stand_between(void **state)
{
    (void)state;
    WORDS("a\xFF"
          "b\xC3",
          "a b ");
    WORDS("\xED\xA0\x80x", "x ");
    WORDS("\xEF\xA3\xBFy", "y "); /* the fence itself */
}

static void a_long_word_is_cut(void **state)
{
    (void)state;
    char text[200];
    char want[WORD_BYTES + 2];
    memset(text, 'x', sizeof(text));
    memset(want, 'x', WORD_BYTES);
    want[WORD_BYTES] = ' ';
    want[WORD_BYTES + 1] = '\0';
    assert_words((struct span){text, sizeof(text)}, want);
    assert_words((struct span){text, WORD_BYTES}, want);
    for (size_t i = 0; i + 1 < sizeof(text); i += 2) { /* never in the middle of a character */
        memcpy(text + i, "\xD0\xB4", 2);
    }
    text[0] = text[1] = 'a';
    struct buf out;
    buf_init(&out, WORDS_BYTES);
    words_add(&out, (struct span){text, sizeof(text)});
    assert_int_equal(out.len, WORD_BYTES + 1);
    buf_release(&out);
}

/* ---- what is looked for */

static bool takes(const char *query, const char *text)
{
    struct buf words;
    struct query *q = kit_query(query);
    buf_init(&words, WORDS_BYTES);
    buf_addch(&words, ' ');
    words_add(&words, span_str(text));
    bool yes = query_takes(q, buf_span(&words));
    buf_release(&words);
    query_free(q);
    return yes;
}

static void all_words_are_wanted(void **state)
{
    (void)state;
    assert_true(takes("make check", "run check, then MAKE"));
    assert_false(takes("make check", "make"));
    assert_true(takes("", "anything"));
    assert_true(takes("  ", ""));
    assert_false(takes("a", ""));
    assert_false(takes("mak", "make"));
}

static void what_stands_together_is_wanted_together(void **state)
{
    (void)state;
    assert_true(takes("\"rm -rf\"", "sudo rm -rf x"));
    assert_false(takes("\"rm -rf\"", "rf rm"));
    assert_true(takes("src/app", "in src app"));
    assert_false(takes("src/app", "app src"));
    assert_true(takes("\"open to the end", "is open to the end."));
    assert_true(takes("one\"two three\"four", "four two three one"));
}

static void a_star_is_a_beginning(void **state)
{
    (void)state;
    assert_true(takes("ma*", "make"));
    assert_true(takes("ma*", "ma"));
    assert_false(takes("ma*", "amake"));
    assert_true(takes("\"rm -r\"*", "rm -rf"));
    assert_false(takes("\"r -rf\"*", "rm -rf"));
    assert_true(takes("a*b", "a b")); /* only at the end */
    assert_false(takes("a*b", "axb"));
}

static void nonsense_is_refused_in_words(void **state)
{
    (void)state;
    struct query *q = NULL;
    struct why why = {0};
    assert_status(query_parse(&q, SPAN("-- ** \"\""), &why), ST_INVALID);
    assert_null(q);
    assert_contains(why.text, "no word");
    char many[QUERY_BYTES + 2];
    memset(many, 'a', sizeof(many));
    assert_status(query_parse(&q, (struct span){many, sizeof(many)}, &why), ST_LIMIT);
    for (size_t i = 1; i < sizeof(many); i += 2) {
        many[i] = ' ';
    }
    assert_status(query_parse(&q, (struct span){many, 4 * QUERY_TERMS}, &why), ST_LIMIT);
    assert_status(query_parse(&q, (struct span){many, 2 * QUERY_TERMS}, &why), ST_OK);
    query_free(q);
    query_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_stand_between_words),
        cmocka_unit_test(case_and_accents_do_not_count),
        cmocka_unit_test(what_nobody_sees_does_not_hide_a_word),
        cmocka_unit_test(scripts_without_blanks_have_a_word_a_character),
        cmocka_unit_test(bytes_that_are_no_text_stand_between),
        cmocka_unit_test(a_long_word_is_cut),
        cmocka_unit_test(all_words_are_wanted),
        cmocka_unit_test(what_stands_together_is_wanted_together),
        cmocka_unit_test(a_star_is_a_beginning),
        cmocka_unit_test(nonsense_is_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
