/* Random hostile text: what must hold of every output holds of these. */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/text.h"
#include "prng.h"
#include "safe_check.h"

#define ROUNDS      6000
#define INPUT_BYTES 400
#define ARENA_BYTES 8192

struct input {
    char p[INPUT_BYTES];
    size_t n;
};

static void add(struct input *in, const char *p, size_t n)
{
    if (n <= INPUT_BYTES - in->n) {
        memcpy(in->p + in->n, p, n);
        in->n += n;
    }
}

static void add_character(struct input *in, uint32_t cp)
{
    char bytes[TEXT_UTF8_BYTES];
    add(in, bytes, text_utf8_put(cp, bytes));
}

/* From where the interesting characters are. */
static uint32_t some_character(struct prng *r)
{
    static const uint32_t starts[] = {0x0,    0x20,   0x61,   0x80,    0xA0,    0x300,   0x430,
                                      0x590,  0x1100, 0x1160, 0x2000,  0x2028,  0x2060,  0x20D0,
                                      0x2500, 0x3000, 0x3040, 0x4E00,  0xAC00,  0xD7B0,  0xE000,
                                      0xFE00, 0xFF00, 0xFFF0, 0x1D100, 0x1F600, 0xE0000, 0x10FFF0};
    if (prng_below(r, 8) == 0) {
        return (uint32_t)prng_below(r, 0x110000);
    }
    return (uint32_t)(starts[prng_below(r, ARRAY_LEN(starts))] + prng_below(r, 16));
}

static void add_run(struct input *in, struct prng *r)
{
    uint32_t cp = some_character(r);
    for (uint64_t i = prng_below(r, 12); i > 0; i--) {
        add_character(in, cp);
    }
}

static void add_words(struct input *in, struct prng *r)
{
    static const char *const words[] = {"rm -rf /srv",
                                        " ",
                                        "\n",
                                        "\t",
                                        "\r\n",
                                        "ok 1%",
                                        "\x1a",
                                        "\xe2\x80",
                                        "a\u0301\u0302\u0303",
                                        "\u8a2d\u8a08",
                                        "                    "};
    const char *word = words[prng_below(r, ARRAY_LEN(words))];
    add(in, word, strlen(word));
}

static struct input some_input(struct prng *r)
{
    struct input in = {.n = 0};
    for (uint64_t pieces = prng_below(r, 40); pieces > 0; pieces--) {
        char byte = (char)prng_next(r);
        switch (prng_below(r, 4)) {
        case 0:
            add(&in, &byte, 1);
            break;
        case 1:
            add_character(&in, some_character(r));
            break;
        case 2:
            add_run(&in, r);
            break;
        default:
            add_words(&in, r);
            break;
        }
    }
    return in;
}

static void demand(const char *wrong, uint64_t round)
{
    if (wrong != NULL) {
        fail_msg("round %u: %s", (unsigned)round, wrong);
    }
}

/* An arena of exactly `bytes`, so that the sanitiser's tools see one byte too many. */
static void check_input(const struct input *in, size_t bytes, enum text_lines lines, struct prng *r,
                        uint64_t round)
{
    char *exact = malloc(bytes + (bytes == 0));
    struct text_arena a;
    assert_non_null(exact);
    text_arena_init(&a, exact, bytes);
    a.ascii = prng_below(r, 8) == 0;
    struct safe s = text_sanitise(&a, (struct span){in->p, in->n}, lines);
    assert_true(a.used <= bytes);
    demand(safe_check(s, lines), round);
    demand(safe_check_walk(s), round);
    demand(safe_check_cut(s, (uint32_t)prng_below(r, s.cols + 3)), round);
    demand(safe_check_rows(s, (uint32_t)prng_below(r, 90)), round);
    free(exact);
}

static void what_is_true_of_every_text(void **state)
{
    (void)state;
    struct prng r = {.state = 20240611};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct input in = some_input(&r);
        size_t bytes = prng_below(&r, 4) == 0 ? (size_t)prng_below(&r, 200) : ARENA_BYTES;
        check_input(&in, bytes, TEXT_ONE_LINE, &r, round);
        check_input(&in, bytes, TEXT_MANY, &r, round);
    }
}

static void plain_text_is_the_same_by_both_ways(void **state)
{
    (void)state;
    struct prng r = {.state = 7};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        static char block[ARENA_BYTES];
        static char one[ARENA_BYTES];
        static char other[ARENA_BYTES];
        struct input in = some_input(&r);
        struct text_arena a;
        text_arena_init(&a, block, sizeof(block));
        struct safe s = text_sanitise(&a, (struct span){in.p, in.n}, TEXT_ONE_LINE);
        size_t n = text_plain(s, one, sizeof(one));
        assert_int_equal(text_plain_of((struct span){in.p, in.n}, other, sizeof(other)), n);
        assert_memory_equal(one, other, n);
        demand(safe_check_plain(one, n), round);
    }
}

/* What came out once is fit to show: sent in again it comes out as it is. */
static void a_second_time_changes_nothing(void **state)
{
    (void)state;
    struct prng r = {.state = 99};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        char once[ARENA_BYTES];
        char twice[ARENA_BYTES];
        struct input in = some_input(&r);
        size_t n = text_plain_of((struct span){in.p, in.n}, once, sizeof(once));
        assert_int_equal(text_plain_of((struct span){once, n}, twice, sizeof(twice)), n);
        assert_memory_equal(once, twice, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_true_of_every_text),
        cmocka_unit_test(plain_text_is_the_same_by_both_ways),
        cmocka_unit_test(a_second_time_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
