/* The payload: every byte of a call can be read, whatever it is made of. */
#include <time.h>

#include "kit.h"
#include "payload_priv.h"

static void load(struct payload *p, const char *json, int cols)
{
    payload_load(p, span_str(json), false);
    payload_wrap(p, cols);
}

/* All rows as they are drawn, one under the other. */
static const char *rows_of(const struct payload *p)
{
    static char out[1 << 20];
    struct canvas c;
    struct buf b;
    canvas_init(&c);
    canvas_resize(&c, p->cols, 1);
    buf_init(&b, sizeof(out) - 1);
    for (uint32_t i = 0; i < p->row_count; i++) {
        canvas_clear(&c);
        payload_draw(p, &c, (struct rect){0, 0, p->cols, 1}, i);
        (void)!canvas_dump_text(&c, &b);
    }
    (void)span_copy(buf_span(&b), out, sizeof(out));
    buf_release(&b);
    canvas_release(&c);
    return out;
}

static void shows_members_as_fields(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p,
         "{\"tool\":\"Bash\",\"input\":{\"command\":\"a\\nb\\tc\",\"n\":5,\"argv\":[\"x\",\"y "
         "z\"],\"e\":\"\","
         "\"o\":{},\"l\":[],\"t\":true}}",
         60);
    assert_string_equal(rows_of(&p), "tool       Bash\n"
                                     "input\n"
                                     "  command  a\n"
                                     "           b       c\n"
                                     "  n        5\n"
                                     "  argv[0]  x\n"
                                     "  argv[1]  y z\n"
                                     "  e        \"\"\n"
                                     "  o        {}\n"
                                     "  l        []\n"
                                     "  t        true\n");
    assert_false(p.raw);
    assert_true(p.whole);
    payload_release(&p);
}

static void keeps_duplicates_and_odd_names(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p, "{\"a\":\"1\",\"a\":\"2\",\"tool\\u202e\":\"3\",\"  input\":\"4\",\"\":\"5\"}", 60);
    const char *rows = rows_of(&p);
    assert_contains(rows, "a             1\n");
    assert_contains(rows, "a             2\n");
    assert_contains(rows, "\"tool\\u202e\"");
    assert_contains(rows, "\"  input\"");
    assert_contains(rows, "\"\"");
    payload_release(&p);
}

static void falls_back_to_the_text_itself(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "rm -rf / --no-preserve-root",
        "[\"a\"]",
        "{\"a\":1} trailing; rm -rf /srv",
        "{\"a\":\"cut",
        "{\"a\" \"b\"}",
        "{\"a\":}",
        "{}",
        "{\"a\":\"line\nbreak\"}",
        "{\"a\":[1,2}",
        "{\"a\":[[1,{\"x\":2]}]}",
        "{\"a\":1,}",
        "\xef\xbb\xbf{\"a\":1}",
    };
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        struct payload p = {0};
        load(&p, odd[i], 70);
        assert_true(p.raw);
        assert_true(p.whole);
        assert_true(p.row_count > 0);
        payload_release(&p);
    }
    struct payload p = {0};
    load(&p, odd[2], 70);
    assert_contains(rows_of(&p), "{\"a\":1} trailing; rm -rf /srv");
    payload_release(&p);
}

static void shows_what_cannot_be_unescaped_as_it_stands(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p, "{\"a\":\"x\\ud83dy\",\"b\":\"x\\qy\",\"c\":\"\\ud83d\\ude00\"}", 60);
    assert_contains(rows_of(&p), "a  \"x\\ud83dy\"");
    assert_false(p.raw);
    payload_release(&p);
}

static void nests_so_deep_and_no_deeper(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p, "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":\"deep; rm -rf /\"}}}}}}}}",
         70);
    assert_contains(rows_of(&p), "{\"h\":\"deep; rm -rf /\"}");
    assert_false(p.raw);
    payload_release(&p);
    load(&p, "{\"edits\":[{\"old\":\"a\",\"new\":\"b\"},[1,[2,3]]]}", 70);
    assert_contains(rows_of(&p), "edits[0]\n  old     a\n  new     b\nedits[1]  [1,[2,3]]\n");
    payload_release(&p);
}

/* Takes the printable text of `json` out of the rows again, marks and wrapping left aside. */
static void assert_every_letter_shows(const char *json, size_t n, const char *letters)
{
    struct payload p = {0};
    payload_load(&p, (struct span){json, n}, false);
    payload_wrap(&p, 60);
    size_t want = 0;
    size_t got = 0;
    for (size_t i = 0; i < n; i++) {
        want += strchr(letters, json[i]) != NULL && json[i] != '\0';
    }
    for (uint32_t i = 0; i < p.row_count; i++) {
        struct text_cell cell;
        for (uint32_t at = 0; text_next(p.rows[i].text, &at, &cell);) {
            got += cell.cp[0] < 0x80 && cell.cp[0] != 0 && strchr(letters, (int)cell.cp[0]) != NULL;
        }
    }
    assert_true(p.whole);
    assert_int_equal(got, want);
    payload_release(&p);
}

static void hides_no_tail_behind_blanks(void **state)
{
    (void)state;
    char json[512];
    int n = snprintf(json, sizeof(json), "{\"command\":\"ls%120s; rm -rf /srv%40s\"}", "", "");
    struct payload p = {0};
    payload_load(&p, (struct span){json, (size_t)n}, false);
    payload_wrap(&p, 60);
    const char *rows = rows_of(&p);
    assert_contains(rows, "; rm -rf /srv");
    assert_contains(
        rows, "ls\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7"); /* the blanks at the end of a row are dots */
    payload_release(&p);
}

static void tells_a_new_line_from_a_wrapped_one(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p, "{\"command\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\nb\"}", 40);
    assert_int_equal(p.row_count, 3);
    const char *rows = rows_of(&p);
    assert_contains(rows, "\n       \xe2\x96\xb8 aaaa"); /* wrapped: marked */
    assert_contains(rows, "\n         b\n");             /* a line of its own: not */
    payload_release(&p);
}

static void shows_that_the_text_ends_with_a_line_feed(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p, "{\"a\":\"x\\n\"}", 40);
    assert_int_equal(p.row_count, 2);
    payload_release(&p);
}

static void makes_hostile_characters_visible(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p,
         "{\"command\":\"ok \\r\\b\\u001b[2K\\u202e\\u200b\\u0000\xe2\x80\xae "
         "x\",\"p\\u0061th\":\"p\xd0\xb0ypal\"}",
         76);
    const char *rows = rows_of(&p);
    assert_contains(rows, "ok \\r\\b\\e[2K\\u{202e}\\u{200b}\\0\\u{202e} x");
    assert_int_equal(p.replaced, 7);
    assert_true(p.foreign);
    for (const char *c = rows; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    }
    payload_release(&p);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void reads_ten_thousand_lines_and_a_long_one(void **state)
{
    (void)state;
    size_t cap = ACTION_BYTES_MAX;
    char *json = malloc(cap + 64);
    size_t n = (size_t)snprintf(json, 64, "{\"content\":\"");
    for (int i = 0; i < 10000; i++) {
        n += (size_t)snprintf(json + n, 32, "line %d Q\\n", i);
    }
    n += (size_t)snprintf(json + n, 16, "\"}");
    struct payload p = {0};
    double before = seconds();
    payload_load(&p, (struct span){json, n}, false);
    payload_wrap(&p, 76);
    assert_true(seconds() - before < 1.0);
    assert_int_equal(p.row_count, 10001);
    assert_every_letter_shows(json, n, "Q");
    payload_release(&p);

    n = (size_t)snprintf(json, 64, "{\"content\":\"");
    memset(json + n, 'Z', cap - n - 2);
    n = cap - 2;
    json[n++] = '"';
    json[n++] = '}';
    assert_every_letter_shows(json, n, "Z");
    free(json);
}

/* The worst that fits the limit: nothing of it is cut, and the limits hold. */
static void shows_the_worst_whole(void **state)
{
    (void)state;
    char *json = malloc(ACTION_BYTES_MAX);
    for (size_t i = 0; i < ACTION_BYTES_MAX; i++) {
        json[i] = i % 2 ? '\xff' : '\xfe';
    }
    struct payload p = {0};
    payload_load(&p, (struct span){json, ACTION_BYTES_MAX}, false);
    payload_wrap(&p, 60);
    assert_true(p.raw);
    assert_true(p.whole);
    assert_int_equal(p.replaced, ACTION_BYTES_MAX);
    for (size_t i = 0; i < ACTION_BYTES_MAX; i++) {
        json[i] = i == 0 ? '[' : i % 2 ? '1' : ',';
    }
    payload_load(&p, (struct span){json, ACTION_BYTES_MAX}, false);
    payload_wrap(&p, 60);
    assert_true(p.whole);
    memcpy(json, "{\"a\":[", 6);
    json[ACTION_BYTES_MAX - 2] = ']';
    json[ACTION_BYTES_MAX - 1] = '}';
    for (size_t i = 6; i < ACTION_BYTES_MAX - 2; i++) {
        json[i] = i % 2 ? ',' : '7';
    }
    json[ACTION_BYTES_MAX - 3] = '7';
    payload_load(&p, (struct span){json, ACTION_BYTES_MAX}, false);
    payload_wrap(&p, 60);
    assert_true(p.whole);
    assert_every_letter_shows(json, ACTION_BYTES_MAX, "7");
    payload_release(&p);
    free(json);
}

/* More rows than anyone reads: said, and never approved. */
static void says_when_it_is_too_much(void **state)
{
    (void)state;
    char *lines = malloc(ACTION_BYTES_MAX);
    memset(lines, '\n', ACTION_BYTES_MAX);
    struct payload p = {0};
    payload_load(&p, (struct span){lines, ACTION_BYTES_MAX}, false);
    payload_wrap(&p, 60);
    assert_int_equal(p.row_count, PAYLOAD_ROWS);
    assert_false(p.whole);
    payload_load(&p, SPAN_NONE, false);
    assert_false(p.whole);
    payload_release(&p);
    free(lines);
}

static void a_long_name_is_read_to_its_end(void **state)
{
    (void)state;
    char json[4096];
    char name[2001];
    memset(name, 'K', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    int n = snprintf(json, sizeof(json), "{\"%s\":\"v\",\"b\":1}", name);
    assert_every_letter_shows(json, (size_t)n, "Kv");
}

static void knows_what_was_displayed(void **state)
{
    (void)state;
    struct payload p = {0};
    load(&p, "{\"a\":\"1\\n2\\n3\\n4\\n5\\n6\"}", 60);
    payload_saw(&p, 0, 2);
    assert_int_equal(p.seen_count, 2);
    assert_false(payload_end_seen(&p));
    payload_saw(&p, 1, 2);
    assert_int_equal(p.seen_count, 3);
    payload_saw(&p, 5, 10);
    assert_int_equal(p.seen_count, 4);
    assert_true(payload_end_seen(&p));
    payload_wrap(&p, 50);
    assert_int_equal(p.seen_count, 0);
    assert_false(payload_end_seen(&p));
    payload_release(&p);
}

static void picks_a_word_to_type(void **state)
{
    (void)state;
    static const struct {
        const char *word, *json;
    } cases[] = {
        {"prod-db",
         "{\"tool\":\"Bash\",\"command\":\"psql -h prod-db drop\",\"cwd\":\"/srv/very/far\"}"},
        {"db7",      "{\"note\":\"averyveryverylongword\",\"target\":\"db7\"}"               },
        {"notes.md", "{\"file_path\":\"/home/someone/with/a/long/path/notes.md\"}"           },
        {"5000",     "{\"input\":{\"amount\":5000}}"                                         },
        {"",         "{\"x\":\"\\u0439\\u0439\\u0439\\u0439 ab\"}"                           },
        {"old",      "{\"command\":\"rm -rf old\"}"                                          },
        {"-rf",      "{\"command\":\"rm -rf a\"}"                                            },
        {"json",     "not json at all"                                                       },
        {"remove",   "{\"command\":\"a b c\",\"description\":\"remove\"}"                    },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct payload p = {0};
        load(&p, cases[i].json, 70);
        assert_string_equal(p.word, cases[i].word);
        if (p.word[0] != '\0') {
            assert_contains(rows_of(&p), p.word);
        }
        payload_release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_members_as_fields),
        cmocka_unit_test(keeps_duplicates_and_odd_names),
        cmocka_unit_test(falls_back_to_the_text_itself),
        cmocka_unit_test(shows_what_cannot_be_unescaped_as_it_stands),
        cmocka_unit_test(nests_so_deep_and_no_deeper),
        cmocka_unit_test(hides_no_tail_behind_blanks),
        cmocka_unit_test(tells_a_new_line_from_a_wrapped_one),
        cmocka_unit_test(shows_that_the_text_ends_with_a_line_feed),
        cmocka_unit_test(makes_hostile_characters_visible),
        cmocka_unit_test(reads_ten_thousand_lines_and_a_long_one),
        cmocka_unit_test(shows_the_worst_whole),
        cmocka_unit_test(says_when_it_is_too_much),
        cmocka_unit_test(a_long_name_is_read_to_its_end),
        cmocka_unit_test(knows_what_was_displayed),
        cmocka_unit_test(picks_a_word_to_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
