/* What an agent may send to fool the operator, case by case, with what he gets to see. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/text.h"
#include "safe_check.h"

#define PLAIN_BYTES 512

struct hostile_case {
    const char *name;
    struct span bytes;
    const char *shown;
    uint32_t replaced;
    bool foreign;
};

#define S(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static const struct hostile_case cases[] = {
  /* Terminal control: what curses is known to swallow or to pass through. */
    {"clipboard OSC 52",                S("A\033]52;c;ZXZpbA==\007B"),                     "A\\e]52;c;ZXZpbA==\\aB",         2,  false},
    {"link OSC 8",                      S("A\033]8;;http://evil\033\\txt\033]8;;\033\\B"),
     "A\\e]8;;http://evil\\e\\txt\\e]8;;\\e\\B",                                                                             4,  false},
    {"clear CSI 2J",                    S("A\033[2JB"),                                    "A\\e[2JB",                       1,  false},
    {"title report CSI 21t",            S("A\033[21tB"),                                   "A\\e[21tB",                      1,  false},
    {"DCS status request",              S("A\033P$qm\033\\B"),                             "A\\eP$qm\\e\\B",                 2,  false},
    {"end of paste",                    S("A\033[201~B"),                                  "A\\e[201~B",                     1,  false},
    {"C1 CSI in UTF-8",
     S("A\xc2\x9b"
       "31mB"),
     "A\\u{9b}31mB",                                                                                                         1,  false},
    {"C1 OSC in UTF-8",
     S("A\xc2\x9d"
       "52;c;eA==\xc2\x9c"
       "B"),
     "A\\u{9d}52;c;eA==\\u{9c}B",                                                                                            2,  false},
    {"C1 CSI raw",
     S("A\x9b"
       "31mB"),
     "A\\x{9b}31mB",                                                                                                         1,  false},
    {"over-long slash",
     S("A\xc0\xaf"
       "B"),
     "A\\x{c0}\\x{af}B",                                                                                                     2,  false},
    {"invalid byte",
     S("A\xff"
       "B"),
     "A\\x{ff}B",                                                                                                            1,  false},
    {"bell",                            S("A\007B"),                                       "A\\aB",                          1,  false},
    {"CR",                              S("AAAA\rB"),                                      "AAAA\\rB",                       1,  false},
    {"LF",                              S("A\nB"),                                         "A\\nB",                          1,  false},
    {"BS",                              S("AB\bC"),                                        "AB\\bC",                         1,  false},
    {"TAB",                             S("A\tB"),                                         "A\\tB",                          1,  false},
    {"shift out",                       S("A\016B"),                                       "A\\u{e}B",                       1,  false},
    {"DEL",
     S("A\x7f"
       "B"),
     "A\\u{7f}B",                                                                                                            1,  false},
 /* Characters that reorder, hide, or are drawn as nothing. */
    {"RLO",                             S("A\u202eB"),                                     "A\\u{202e}B",                    1,  false},
    {"LRI",                             S("A\u2066B"),                                     "A\\u{2066}B",                    1,  false},
    {"RLM",                             S("A\u200fB"),                                     "A\\u{200f}B",                    1,  false},
    {"Arabic letter mark",              S("A\u061cB"),                                     "A\\u{61c}B",                     1,  false},
    {"ZWSP",                            S("A\u200bB"),                                     "A\\u{200b}B",                    1,  false},
    {"ZWJ",                             S("A\u200dB"),                                     "A\\u{200d}B",                    1,  false},
    {"BOM",                             S("A\ufeffB"),                                     "A\\u{feff}B",                    1,  false},
    {"soft hyphen",                     S("A\u00adB"),                                     "A\\u{ad}B",                      1,  false},
    {"line separator",                  S("A\u2028B"),                                     "A\\u{2028}B",                    1,  false},
    {"tag character",                   S("A\U000e0041B"),                                 "A\\u{e0041}B",                   1,  false},
    {"variation selector",              S("A\ufe0fB"),                                     "A\\u{fe0f}B",                    1,  false},
    {"Hangul filler",                   S("A\u3164B"),                                     "A\\u{3164}B",                    1,  false},
    {"braille blank",                   S("A\u2800B"),                                     "A\\u{2800}B",                    1,  false},
    {"Cyrillic a",                      S("A\u0430B"),                                     "A\u0430B",                       0,  true },
    {"private use",                     S("A\ue000B"),                                     "A\\u{e000}B",                    1,  false},
    {"unassigned",                      S("A\u0378B"),                                     "A\\u{378}B",                     1,  false},
    {"one accent",                      S("e\u0301B"),                                     "e\u0301B",                       0,  false},
    {"twelve accents",
     S("e\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030cB"),
     "e\u0301\u0302\\u{303..}\u00d710B",                                                                                     10, false},
    {"ZWJ family",                      S("\U0001f469\u200d\U0001f467B"),                  "\U0001f469\\u{200d}\U0001f467B", 1,  false},
 /* The rest of their kinds. */
    {"NUL",                             S("A\0B"),                                         "A\\0B",                          1,  false},
    {"VT and FF",                       S("\v\f"),                                         "\\v\\f",                         2,  false},
    {"our own mark byte",               S("\x1a\x1a\\r\x1a"),                              "\\u{1a}\\u{1a}\\r\\u{1a}",       3,  false},
    {"a written-out mark is just text", S("\\u{202e}"),                                    "\\u{202e}",                      0,  false},
    {"CR LF",                           S("a\r\n"),                                        "a\\r\\n",                        2,  false},
    {"paragraph separator",             S("\u2029"),                                       "\\u{2029}",                      1,  false},
    {"no-break and em space",           S("a\u00a0b\u2003c\u3000d"),                       "a\\u{a0}b\\u{2003}c\\u{3000}d",  3,
     false                                                                                                                            },
    {"invisible operator",              S("\u2062"),                                       "\\u{2062}",                      1,  false},
    {"grapheme joiner",                 S("a\u034f"),                                      "a\\u{34f}",                      1,  false},
    {"Mongolian selector",              S("\u180b"),                                       "\\u{180b}",                      1,  false},
    {"plane 14 selector",               S("a\U000e0100"),                                  "a\\u{e0100}",                    1,  false},
    {"noncharacter",                    S("\U0010ffff"),                                   "\\u{10ffff}",                    1,  false},
    {"object replacement",              S("\ufffc"),                                       "\\u{fffc}",                      1,  false},
    {"surrogate in UTF-8",              S("\xed\xa0\x80"),                                 "\\x{ed}\\x{a0}\\x{80}",          3,  false},
    {"above the last character",        S("\xf4\x90\x80\x80"),                             "\\x{f4}\\x{90}\\x{80}\\x{80}",   4,  false},
    {"cut character",                   S("a\xe2\x82"),                                    "a\\x{e2}\\x{82}",                2,  false},
    {"five-byte form",                  S("\xf8\x88"),                                     "\\x{f8}\\x{88}",                 2,  false},
 /* Marks where they do not belong. */
    {"mark first",                      S("\u0301a"),                                      "\\u{301}a",                      1,  false},
    {"mark on a blank",                 S("a \u0338b"),                                    "a \\u{338}b",                    1,  false},
    {"mark on a replacement",           S("\r\u0301"),                                     "\\r\\u{301}",                    2,  false},
    {"odd mark on a letter",            S("rm\u20e3"),                                     "rm\u20e3",                       0,  true },
    {"two marks on each base",          S("\u00e7\u0301\u0302\u00e7\u0301\u0302"),
     "\u00e7\u0301\u0302\u00e7\u0301\u0302",                                                                                 0,  false},
    {"decomposed Hangul",               S("\u1112\u1161\u11ab"),                           "\u1112\u1161\u11ab",             0,  false},
    {"Hangul vowel elsewhere",          S("a\u1161"),                                      "a\\u{1161}",                     1,  false},
 /* Floods. */
    {"three are written out",           S("\r\r\r"),                                       "\\r\\r\\r",                      3,  false},
    {"four are counted",                S("\r\r\r\r"),                                     "\\r\u00d74",                     4,  false},
    {"bad bytes are counted",           S("\xff\xff\xff\xff\xff"),                         "\\x{ff}\u00d75",                 5,  false},
    {"a byte is not its character",     S("\xc2\x9b\x9b"),                                 "\\u{9b}\\x{9b}",                 2,  false},
    {"two different surplus marks",     S("\u0301\u0302"),                                 "\\u{301..}\u00d72",              2,  false},
 /* Look-alikes and mixtures. */
    {"Greek omicron",                   S("r\u03bfot"),                                    "r\u03bfot",                      0,  true },
    {"all-Cyrillic look-alike",         S("\u0441\u0435\u043e"),                           "\u0441\u0435\u043e",             0,  true },
    {"Cyrillic without look-alikes",    S("\u0434\u0438\u044f"),                           "\u0434\u0438\u044f",             0,  false},
    {"mixed in a word",                 S("file\u0434"),                                   "file\u0434",                     0,  true },
    {"mixed in a word, behind",         S("\u0434file"),                                   "\u0434file",                     0,  true },
    {"mixed across digits",             S("a1\u0434"),                                     "a1\u0434",                       0,  true },
    {"mixed behind a blank",            S("a file\u0434"),                                 "a file\u0434",                   0,  true },
    {"Han and Cyrillic",                S("\u8a2d\u0434"),                                 "\u8a2d\u0434",                   0,  true },
    {"two words",                       S("file \u0434\u0438"),                            "file \u0434\u0438",              0,  false},
    {"two scripts, neither Latin",      S("\u0434\u03b4"),                                 "\u0434\u03b4",                   0,  true },
    {"Latin and Han",                   S("API\u8a2d\u8a08"),                              "API\u8a2d\u8a08",                0,  false},
    {"Han and Kana",                    S("\u8a2d\u306e\u30ab"),                           "\u8a2d\u306e\u30ab",             0,  false},
    {"Armenian",                        S("\u0585k"),                                      "\u0585k",                        0,  true },
    {"Cherokee",                        S("\u13a0"),                                       "\u13a0",                         0,  true },
    {"fullwidth",                       S("\uff52\uff4d"),                                 "\uff52\uff4d",                   0,  true },
    {"mathematical",                    S("\U0001d42b"),                                   "\U0001d42b",                     0,  true },
    {"division slash",                  S("a\u2215b"),                                     "a\u2215b",                       0,  true },
    {"Greek question mark",             S("ls\u037e rm"),                                  "ls\u037e rm",                    0,  true },
    {"Hebrew runs backwards",           S("a \u05d0"),                                     "a \u05d0",                       0,  true },
    {"Arabic digits run backwards",     S("\u0661"),                                       "\u0661",                         0,  true },
    {"accented Latin",                  S("caf\u00e9 na\u00efve \u0141\u00f3d\u017a"),
     "caf\u00e9 na\u00efve \u0141\u00f3d\u017a",                                                                             0,  false},
    {"symbols are no letters",          S("\u2713 \u2500\u2026 m\u00b2 \u20ac"),
     "\u2713 \u2500\u2026 m\u00b2 \u20ac",                                                                                   0,  false},
};

static struct text_arena arena_of(void *block, size_t bytes)
{
    struct text_arena a;
    text_arena_init(&a, block, bytes);
    return a;
}

static void assert_well(const char *wrong, const char *name)
{
    if (wrong != NULL) {
        fail_msg("%s: %s", name, wrong);
    }
}

static void check_case(const struct hostile_case *c)
{
    char block[4096];
    char plain[PLAIN_BYTES];
    struct text_arena a = arena_of(block, sizeof(block));
    struct safe s = text_sanitise(&a, c->bytes, TEXT_ONE_LINE);
    print_message("%s\n", c->name);
    assert_int_equal(text_plain(s, plain, sizeof(plain)), strlen(c->shown));
    assert_string_equal(plain, c->shown);
    assert_int_equal(s.replaced, c->replaced);
    assert_int_equal(s.foreign, c->foreign);
    assert_false(a.full);
    assert_well(safe_check(s, TEXT_ONE_LINE), c->name);
    assert_well(safe_check_walk(s), c->name);
    assert_int_equal(text_plain_of(c->bytes, plain, sizeof(plain)), strlen(c->shown));
    assert_string_equal(plain, c->shown);
}

static void each_trick_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_case(&cases[i]);
    }
}

/* Every C0 byte and DEL, every byte that is not ASCII by itself, every C1: always a mark, never
 * itself. */
static void no_control_gets_through(void **state)
{
    (void)state;
    char block[256];
    for (unsigned b = 0; b < 256; b++) {
        char bytes[] = {'a', (char)b, 'z'};
        struct text_arena a = arena_of(block, sizeof(block));
        struct safe s = text_sanitise(&a, (struct span){bytes, 3}, TEXT_ONE_LINE);
        bool printable = b >= 0x20 && b <= 0x7E;
        assert_int_equal(s.replaced, printable ? 0 : 1);
        assert_true(printable ? s.cols == 3 : s.cols > 3);
        assert_well(safe_check(s, TEXT_ONE_LINE), "one byte");
    }
    for (unsigned c1 = 0x80; c1 < 0xA0; c1++) {
        char bytes[] = {(char)0xC2, (char)c1};
        struct text_arena a = arena_of(block, sizeof(block));
        assert_int_equal(text_sanitise(&a, (struct span){bytes, 2}, TEXT_MANY).replaced, 1);
    }
}

/* A reader tells a mark from the same characters written by the agent by the cells alone. */
static void a_mark_cannot_be_faked(void **state)
{
    (void)state;
    char block[256];
    struct text_arena a = arena_of(block, sizeof(block));
    struct safe s = text_sanitise(&a, SPAN("\\r\r"), TEXT_ONE_LINE);
    struct text_cell cell;
    uint32_t at = 0;
    const bool replacement[] = {false, false, true, true};
    for (size_t i = 0; i < 4; i++) {
        assert_true(text_next(s, &at, &cell));
        assert_int_equal(cell.cp[0], i % 2 == 0 ? '\\' : 'r');
        assert_int_equal(cell.replacement, replacement[i]);
    }
    assert_false(text_next(s, &at, &cell));
}

static void cells_say_which_are_foreign(void **state)
{
    (void)state;
    char block[256];
    struct text_arena a = arena_of(block, sizeof(block));
    struct safe s = text_sanitise(&a, SPAN("p\u0430y\u20e3e\u0301"), TEXT_ONE_LINE);
    const bool foreign[] = {false, true, true, false};
    struct text_cell cell;
    uint32_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        assert_true(text_next(s, &at, &cell));
        assert_int_equal(cell.foreign, foreign[i]);
    }
}

static void ascii_terminals_get_it_spelt_out(void **state)
{
    (void)state;
    char block[512];
    char plain[PLAIN_BYTES];
    struct text_arena a = arena_of(block, sizeof(block));
    a.ascii = true;
    struct safe s = text_sanitise(&a, SPAN("caf\u00e9 \u8a2d e\u0301\u0301 \u0430"), TEXT_ONE_LINE);
    text_plain(s, plain, sizeof(plain));
    assert_string_equal(plain, "caf\\u{e9} \\u{8a2d} e\\u{301}\\u{301} \\u{430}");
    assert_int_equal(s.replaced, 5);
    text_arena_reset(&a);
    assert_true(a.ascii);
    s = text_fmt(&a, "%d\u2026", 7);
    assert_int_equal(s.replaced, 0);
    assert_int_equal(s.cols, 2);
}

static void lines_keep_lf_and_widen_tab(void **state)
{
    (void)state;
    static const struct {
        struct span bytes;
        const char *shown;
        uint32_t replaced;
    } texts[] = {
        {S("a\tb"),               "a       b",                0},
        {S("\t\t"),               "                ",         0},
        {S("12345678\tb"),        "12345678        b",        0},
        {S("1234567\tb"),         "1234567 b",                0},
        {S("xyz\n\tb"),           "xyz\\n        b",          0},
        {S("\u8a2d\tb"),          "\u8a2d      b",            0},
        {S("\r\tb"),              "\\r      b",               1},
        {S("a\r\nb"),             "a\\r\\nb",                 1},
        {S("\n\u0301"),           "\\n\\u{301}",              1},
        {S("file\n\u0434\tfile"), "file\\n\u0434       file", 0},
        {S("\t\u0301"),           "        \\u{301}",         1},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char block[256];
        char plain[PLAIN_BYTES];
        struct text_arena a = arena_of(block, sizeof(block));
        struct safe s = text_sanitise(&a, texts[i].bytes, TEXT_MANY);
        text_plain(s, plain, sizeof(plain));
        assert_string_equal(plain, texts[i].shown);
        assert_int_equal(s.replaced, texts[i].replaced);
        assert_false(s.foreign);
        assert_well(safe_check(s, TEXT_MANY), texts[i].shown);
    }
}

/* Drawn in one line all the same, a line feed does not vanish. */
static void a_line_feed_is_a_cell(void **state)
{
    (void)state;
    char block[64];
    struct text_arena a = arena_of(block, sizeof(block));
    struct safe s = text_sanitise(&a, SPAN("\n"), TEXT_MANY);
    struct text_cell cell;
    uint32_t at = 0;
    assert_int_equal(s.cols, 1);
    assert_true(text_next(s, &at, &cell));
    assert_int_equal(cell.cp[0], 0x21B5);
    assert_true(cell.replacement);
}

static char *repeat(struct span piece, size_t count, struct span *all)
{
    char *bytes = malloc(piece.n * count);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + i * piece.n, piece.p, piece.n);
    }
    *all = (struct span){bytes, piece.n * count};
    return bytes;
}

/* A flood in, a few cells out, and the count of all of it. */
static void floods_cost_no_room(void **state)
{
    (void)state;
    static const struct {
        struct span piece;
        size_t count;
        const char *shown;
        uint32_t replaced;
    } floods[] = {
        {S("\u0301"),       10000,   "e\u0301\u0301\\u{301}\u00d79998",   9998   },
        {S("\u0301\u0302"), 5000,    "e\u0301\u0302\\u{301..}\u00d79998", 9998   },
        {S("\r"),           1000000, "e\\r\u00d71000000",                 1000000},
        {S("\xff"),         1000000, "e\\x{ff}\u00d71000000",             1000000},
        {S("\u200b"),       300000,  "e\\u{200b}\u00d7300000",            300000 },
    };
    for (size_t i = 0; i < ARRAY_LEN(floods); i++) {
        char block[64];
        char plain[64];
        struct span tail;
        char *bytes = repeat(floods[i].piece, floods[i].count, &tail);
        char *whole = malloc(tail.n + 1);
        assert_non_null(whole);
        whole[0] = 'e';
        memcpy(whole + 1, bytes, tail.n);
        struct text_arena a = arena_of(block, sizeof(block));
        struct safe s = text_sanitise(&a, (struct span){whole, tail.n + 1}, TEXT_ONE_LINE);
        text_plain(s, plain, sizeof(plain));
        assert_string_equal(plain, floods[i].shown);
        assert_int_equal(s.replaced, floods[i].replaced);
        assert_false(a.full);
        free(whole);
        free(bytes);
    }
}

static void a_megabyte_in_one_line(void **state)
{
    (void)state;
    enum { MEGABYTE = 1 << 20 };
    struct span all;
    char *bytes = repeat(SPAN("x"), MEGABYTE, &all);
    char *block = malloc(MEGABYTE + 4);
    assert_non_null(block);
    struct text_arena a = arena_of(block, MEGABYTE + 4);
    bytes[MEGABYTE - 1] = 'Z';
    struct safe s = text_sanitise(&a, all, TEXT_ONE_LINE);
    assert_false(a.full);
    assert_int_equal(s.cols, MEGABYTE);
    struct safe tail = text_skip(s, MEGABYTE - 1);
    assert_int_equal(tail.n, 1);
    assert_int_equal(tail.p[0], 'Z');
    assert_int_equal(text_rows(s, 80), (MEGABYTE + 79) / 80);
    free(block);
    free(bytes);
}

static void ten_thousand_lines(void **state)
{
    (void)state;
    struct span all;
    char *bytes = repeat(SPAN("line of text\n"), 10000, &all);
    char *block = malloc(all.n + 4);
    assert_non_null(block);
    struct text_arena a = arena_of(block, all.n + 4);
    struct safe s = text_sanitise(&a, all, TEXT_MANY);
    assert_int_equal(s.replaced, 0);
    assert_int_equal(text_rows(s, 80), 10000);
    assert_int_equal(text_rows(s, 6), 30000);
    free(block);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trick_is_seen),
        cmocka_unit_test(no_control_gets_through),
        cmocka_unit_test(a_mark_cannot_be_faked),
        cmocka_unit_test(cells_say_which_are_foreign),
        cmocka_unit_test(ascii_terminals_get_it_spelt_out),
        cmocka_unit_test(lines_keep_lf_and_widen_tab),
        cmocka_unit_test(a_line_feed_is_a_cell),
        cmocka_unit_test(floods_cost_no_room),
        cmocka_unit_test(a_megabyte_in_one_line),
        cmocka_unit_test(ten_thousand_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
