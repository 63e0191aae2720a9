/* Every shape, in every place where an agent may let it stand: it is found, nothing of it is left,
 * what stands beside it is as it was, and what is left has no more secrets. */
#include "expect.h"

#include <stdlib.h>

#include "checkrein/num.h"
#include "checkrein/secret.h"
#include "corpus.h"
#include "secret_priv.h"

#define TEXT_BYTES ((size_t)1 << 20)
#define ROUNDS     3

static const uint8_t KEY[VEIL_KEY_BYTES] = {7};

struct bench {
    struct veil *veil;
    struct prng random;
    struct buf secret, text, quoted;
};

static int up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    b->veil = veil_new(KEY);
    b->random.state = 11;
    buf_init(&b->secret, TEXT_BYTES);
    buf_init(&b->text, TEXT_BYTES);
    buf_init(&b->quoted, TEXT_BYTES);
    *state = b;
    return 0;
}

static int down(void **state)
{
    struct bench *b = *state;
    veil_free(b->veil);
    buf_release(&b->secret);
    buf_release(&b->text);
    buf_release(&b->quoted);
    free(b);
    return 0;
}

static bool has(struct span text, struct span part)
{
    for (size_t at = 0; at + part.n <= text.n; at++) {
        if (memcmp(text.p + at, part.p, part.n) == 0) {
            return true;
        }
    }
    return false;
}

/* No eight bytes of it in a row but the literal that tells its kind. */
static bool has_some(struct span text, struct span secret)
{
    for (size_t at = 16; at + 8 <= secret.n; at += 4) {
        if (has(text, span_sub(secret, at, 8))) {
            return true;
        }
    }
    return has(text, secret);
}

/* As a JSON string's inside. `all`: every byte as \u00xx. */
static void quote(struct buf *out, struct span text, bool all)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (all) {
            buf_printf(out, "\\u%04x", (unsigned)(uint8_t)c);
        } else if (c == '\n') {
            buf_addstr(out, "\\n");
        } else {
            if (c == '"' || c == '\\') {
                buf_addch(out, '\\');
            }
            buf_addch(out, c);
        }
    }
}

static void assert_hidden(struct bench *b, const struct example *e, struct span text,
                          struct span left, struct span right, struct span secret)
{
    struct veiled v = veil(b->veil, text);
    if (v.count != 1 || has_some(v.text, secret) || !has(v.text, span_str(e->kind)) ||
        memcmp(v.text.p, left.p, left.n) != 0 || v.text.n < left.n + right.n ||
        memcmp(v.text.p + v.text.n - right.n, right.p, right.n) != 0) {
        fail_msg("%s, %u: %.*s -> %.*s", e->kind, v.count, SPAN_ARG(text), SPAN_ARG(v.text));
    }
    assert_int_equal(secret_marks(v.text), 1);
    char *once = malloc(v.text.n + 1);
    assert_true(span_copy(v.text, once, v.text.n + 1));
    assert_int_equal(veil(b->veil, span_str(once)).count, 0);
    free(once);
}

/* left, before, secret, after, right; inside of so many JSON strings. */
static void check(struct bench *b, const struct example *e, const char *left, const char *right,
                  int depth, bool all)
{
    struct buf whole;
    struct buf beside[2];
    const char *const parts[2][2] = {
        {left,     e->before},
        {e->after, right    }
    };
    example_make(e, &b->random, &b->secret);
    buf_init(&whole, TEXT_BYTES);
    for (int side = 0; side < 2; side++) {
        buf_init(&beside[side], TEXT_BYTES);
        buf_addstr(&beside[side], parts[side][0]);
        buf_addstr(&beside[side], parts[side][1]);
    }
    struct span piece[3] = {buf_span(&beside[0]), buf_span(&b->secret), buf_span(&beside[1])};
    size_t at[3] = {0};
    buf_clear(&b->text);
    for (int i = 0; i < 3; i++) {
        buf_add(&b->text, piece[i]);
        at[i] = b->text.len;
    }
    for (int d = 0; d < depth; d++) {
        size_t ends[3];
        buf_clear(&b->quoted);
        for (int i = 0; i < 3; i++) {
            size_t from = i ? at[i - 1] : 0;
            struct span part = span_sub(buf_span(&b->text), from, at[i] - from);
            buf_clear(&whole);
            quote(&whole, part, all && i == 1 && d == 0);
            buf_add(&b->quoted, buf_span(&whole));
            ends[i] = b->quoted.len;
        }
        memcpy(at, ends, sizeof(at));
        struct buf swap = b->text;
        b->text = b->quoted;
        b->quoted = swap;
    }
    struct span text = buf_span(&b->text);
    struct span secret = piece[1];
    assert_hidden(b, e, text, span_sub(text, 0, at[0]), span_sub(text, at[1], text.n), secret);
    buf_release(&whole);
    buf_release(&beside[0]);
    buf_release(&beside[1]);
}

static const struct {
    const char *left, *right;
} PLACES[] = {
    {"",                       ""         },
    {"say \"",                 "\" now"   },
    {"line\n",                 "\nline"   },
    {"export X='",             "' && true"},
    {"curl -d x=1&y=",         "&z=2"     },
    {"a, (",                   "), b"     },
    {"{\"k\":\"v\",\"x\":[\"", "\"]}"     },
    {"https://h/?q=%3D",       "%20"      },
    {"\\u001b[1;32m",          "\x1b[0m"  },
};

/* Where the row says what stands beside it, that is beside it. */
static bool fits(const struct example *e, size_t place)
{
    return (!e->before[0] && !e->after[0]) || place == 0 || place == 2;
}

static void each_is_found_in_each_place(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(EXAMPLES); i++) {
        for (size_t p = 0; p < ARRAY_LEN(PLACES); p++) {
            for (int depth = 0; fits(&EXAMPLES[i], p) && depth < 4; depth++) {
                check(*state, &EXAMPLES[i], PLACES[p].left, PLACES[p].right, depth, false);
            }
        }
    }
}

static void each_is_found_with_every_letter_escaped(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(EXAMPLES); i++) {
        for (int depth = 1; depth < 4; depth++) {
            check(*state, &EXAMPLES[i], "x ", " y", depth, true);
        }
    }
}

static void every_row_has_an_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        bool found = false;
        for (size_t k = 0; k < ARRAY_LEN(EXAMPLES); k++) {
            found = found || strcmp(SHAPES[i].kind, EXAMPLES[k].kind) == 0;
        }
        if (!found) {
            fail_msg("no example of %s", SHAPES[i].literal);
        }
    }
}

/* A mark that begins behind a backslash would have made another escape of it. */
static bool cuts_an_escape(struct span text)
{
    return has(text, SPAN("\\["));
}

/* Beside each other, each is one, and its mark is its own; also inside of JSON. */
static void all_in_one_text(void **state)
{
    struct bench *b = *state;
    struct buf all;
    buf_init(&all, TEXT_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(EXAMPLES); i++) {
        example_make(&EXAMPLES[i], &b->random, &b->secret);
        buf_addstr(&all, EXAMPLES[i].before);
        buf_add(&all, buf_span(&b->secret));
        buf_addstr(&all, EXAMPLES[i].after);
        buf_addstr(&all, "\n");
    }
    struct veiled v = veil(b->veil, buf_span(&all));
    assert_int_equal(v.count, ARRAY_LEN(EXAMPLES));
    assert_int_equal(secret_marks(v.text), ARRAY_LEN(EXAMPLES));
    for (int depth = 0; depth < 3; depth++) {
        buf_clear(&b->text);
        quote(&b->text, buf_span(&all), false);
        v = veil(b->veil, buf_span(&b->text));
        assert_int_equal(v.count, ARRAY_LEN(EXAMPLES));
        assert_false(cuts_an_escape(v.text));
        buf_clear(&all);
        buf_add(&all, buf_span(&b->text));
    }
    buf_release(&all);
}

static void an_aws_secret_by_its_id(void **state)
{
    struct bench *b = *state;
    static const struct example ID = {"", "", "", {{"AKIA", UPPER, 16}}};
    static const struct example PART = {
        "", "", "", {{"", MIXED, 20}, {"/", MIXED, 19}}
    };
    buf_clear(&b->text);
    example_make(&ID, &b->random, &b->secret);
    buf_add(&b->text, buf_span(&b->secret));
    buf_addstr(&b->text, "\",\"s\":\"");
    example_make(&PART, &b->random, &b->secret);
    buf_add(&b->text, buf_span(&b->secret));
    buf_addstr(&b->text, "\"");
    buf_addstr(&b->text, "\\nAnotherOne0123456789012345678901234567890");
    struct veiled v = veil(b->veil, buf_span(&b->text));
    assert_int_equal(v.count, 2);
    assert_false(cuts_an_escape(v.text));
    assert_false(has_some(v.text, buf_span(&b->secret)));
}

/* The end of a text may cut one off. */
static void what_is_cut_off_is_hidden_as_well(void **state)
{
    struct bench *b = *state;
    example_make(&EXAMPLES[0], &b->random, &b->secret);
    for (size_t n = 24; n < b->secret.len; n++) {
        struct veiled v = veil(b->veil, span_sub(buf_span(&b->secret), 0, n));
        assert_int_equal(v.count, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_in_each_place),
        cmocka_unit_test(each_is_found_with_every_letter_escaped),
        cmocka_unit_test(every_row_has_an_example),
        cmocka_unit_test(all_in_one_text),
        cmocka_unit_test(an_aws_secret_by_its_id),
        cmocka_unit_test(what_is_cut_off_is_hidden_as_well),
    };
    return cmocka_run_group_tests(tests, up, down);
}
