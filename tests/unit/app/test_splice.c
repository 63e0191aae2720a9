/* Settings edited in place: the member that was asked for, and not a byte beside it. */
#include "connect/connect_priv.h"

#include <stdio.h>
#include <string.h>

#include "json_same.h"
#include "random_json.h"

static struct buf splice(const char *old, const char *path, const char *value, enum status want)
{
    struct buf out;
    struct why why = {0};
    buf_init(&out, SETTINGS_BYTES);
    assert_status(splice_member(span_str(old), path, span_str(value), &out, &why), want);
    return out;
}

static void examples(void **state)
{
    (void)state;
    static const struct {
        const char *old, *path, *value, *want;
    } CASES[] = {
        {"{}",                         "a",   "1", "{\n  \"a\": 1\n}"                   },
        {"{\"b\":2}",                  "a",   "1", "{\"b\":2,\n  \"a\": 1}"             },
        {"{\n  \"b\": 2\n}\n",         "a",   "1", "{\n  \"b\": 2,\n  \"a\": 1\n}\n"    },
        {"{ \"a\" : [ 1 ] , \"b\":2}", "a",   "7", "{ \"a\" : 7 , \"b\":2}"             },
        {"{}",                         "h/x", "1", "{\n  \"h\": {\n    \"x\": 1\n  }\n}"},
        {"{\"h\":{\"y\":2}}",          "h/x", "1", "{\"h\":{\"y\":2,\n    \"x\": 1}}"   },
        {"{\"a\":1,\"b\":2}",          "a",   "",  "{\"b\":2}"                          },
        {"{\"a\":1,\"b\":2}",          "b",   "",  "{\"a\":1}"                          },
        {"{ \"a\": 1 ,\n \"b\": 2 }",  "b",   "",  "{ \"a\": 1  }"                      },
        {"{\"a\":1}",                  "a",   "",  "{}"                                 },
        {"{\"a\":1}",                  "b",   "",  "{\"a\":1}"                          },
        {"{\"h\":{\"x\":1},\"b\":2}",  "h/x", "",  "{\"b\":2}"                          },
        {"{\"h\":{\"x\":1,\"y\":2}}",  "h/x", "",  "{\"h\":{\"y\":2}}"                  },
        {"{\"b\":\"}\",\"a\":\",{\"}", "a",   "1", "{\"b\":\"}\",\"a\":1}"              },
        {"{\"\\u0061\":1}",            "a",   "2",
         "{\"\\u0061\":2}"                                                              }, /* the same key: a second one would be a duplicate */
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct buf out = splice(CASES[i].old, CASES[i].path, CASES[i].value, ST_OK);
        assert_string_equal(out.data, CASES[i].want);
        buf_release(&out);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *old, *path;
    } CASES[] = {
        {"",                  "a"  },
        {"[]",                "a"  },
        {"null",              "a"  },
        {"{\"a\":1",          "a"  },
        {"{\"a\":1}x",        "a"  },
        {"{a:1}",             "a"  },
        {"{\"a\":1,}",        "a"  },
        {"// c\n{}",          "a"  },
        {"{\"a\":1,\"a\":2}", "b"  },
        {"\xef\xbb\xbf{}",    "a"  },
        {"{\"h\":1}",         "h/x"},
        {"{\"h\":[]}",        "h/x"},
        {"{\"h\":null}",      "h/x"},
        {"{\"a\":\"\xff\"}",  "b"  },
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct buf out = splice(CASES[i].old, CASES[i].path, "1", ST_INVALID);
        buf_release(&out);
    }
}

static void too_large(void **state)
{
    (void)state;
    char *big = malloc(SETTINGS_BYTES);
    memset(big, 'x', SETTINGS_BYTES);
    memcpy(big, "{\"a\":\"", 6);
    memcpy(big + SETTINGS_BYTES - 3, "\"}", 3);
    struct buf out = splice(big, "b", "\"some more\"", ST_LIMIT);
    buf_release(&out);
    free(big);
}

/* Every member of `object` in `before` but `except` stands in `after` with the same bytes, and in
 * the same order. */
static void others_are_untouched(const struct tape *before, uint32_t object,
                                 const struct tape *after, uint32_t where, const char *except)
{
    uint32_t at = tape_first(after, where);
    for (uint32_t k = tape_first(before, object); k != TAPE_ABSENT;
         k = tape_next(before, object, k)) {
        if (tape_key_is(before, k, except)) {
            continue;
        }
        if (at != TAPE_ABSENT && tape_key_is(after, at, except)) {
            at = tape_next(after, where, at);
        }
        assert_true(at != TAPE_ABSENT);
        assert_span_eq(tape_raw(after, at), tape_raw(before, k));
        assert_span_eq(tape_raw(after, at + 1), tape_raw(before, k + 1));
        at = tape_next(after, where, at);
    }
}

static void check_set(struct span old, const char *first, const char *second, struct span value)
{
    char path[64];
    struct buf out;
    struct buf again;
    struct buf back;
    struct why why = {0};
    (void)snprintf(path, sizeof(path), "%s%s%s", first, second ? "/" : "", second ? second : "");
    buf_init(&out, SETTINGS_BYTES);
    buf_init(&again, SETTINGS_BYTES);
    buf_init(&back, SETTINGS_BYTES);
    struct json before;
    json_open(&before, old);
    uint32_t parent = tape_get(&before.tape, TAPE_ROOT, first);
    bool is_object = tape_type(&before.tape, parent) == TAPE_OBJECT;
    enum status st = splice_member(old, path, value, &out, &why);
    if (second && parent != TAPE_ABSENT && !is_object) {
        assert_status(st, ST_INVALID);
    } else {
        assert_status(st, ST_OK);
        struct json after;
        json_open(&after, buf_span(&out));
        uint32_t now = tape_get(&after.tape, TAPE_ROOT, first);
        others_are_untouched(&before.tape, TAPE_ROOT, &after.tape, TAPE_ROOT, first);
        if (second) {
            others_are_untouched(&before.tape, parent, &after.tape, now, second);
        }
        assert_span_eq(tape_raw(&after.tape, second ? tape_get(&after.tape, now, second) : now),
                       value);
        assert_status(splice_member(buf_span(&out), path, value, &again, &why), ST_OK);
        assert_span_eq(buf_span(&again), buf_span(&out));
        /* what was not there and is taken out again leaves the same, but for empty objects on the
         * way */
        bool was_there = parent != TAPE_ABSENT &&
                         (!second || tape_get(&before.tape, parent, second) != TAPE_ABSENT);
        bool was_empty = second && is_object && tape_count(&before.tape, parent) == 0;
        assert_status(splice_member(buf_span(&out), path, SPAN_NONE, &back, &why), ST_OK);
        if (!was_there && !was_empty && tape_count(&before.tape, TAPE_ROOT) > 0) {
            assert_span_eq(buf_span(&back), old);
        } else if (!was_there && !was_empty) {
            assert_true(json_same(buf_span(&back), old));
        } else {
            struct json rest;
            json_open(&rest, buf_span(&back));
            others_are_untouched(&before.tape, TAPE_ROOT, &rest.tape, TAPE_ROOT, first);
            json_close(&rest);
        }
        json_close(&after);
    }
    json_close(&before);
    buf_release(&out);
    buf_release(&again);
    buf_release(&back);
}

static void any_settings(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a", "hooks", "b", "env", "", "model", "permissions"};
    struct prng random = {7};
    for (int round = 0; round < 1500; round++) {
        struct buf old;
        struct buf value;
        buf_init(&old, SETTINGS_BYTES);
        buf_init(&value, SETTINGS_BYTES);
        random_blanks(&random, &old);
        random_object(&random, &old, 3, NAMES, ARRAY_LEN(NAMES));
        random_blanks(&random, &old);
        random_value(&random, &value, 2);
        const char *first = prng_below(&random, 2) ? "hooks" : "env";
        check_set(buf_span(&old), first, prng_below(&random, 2) ? "a" : NULL, buf_span(&value));
        buf_release(&old);
        buf_release(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_large),
        cmocka_unit_test(any_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
