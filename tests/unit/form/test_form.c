/* What is an answer and what is none; what a record keeps of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/form.h"
#include "expect.h"

#define ROW(id, kind, rules)                                                                       \
    {                                                                                              \
        {                                                                                          \
            SPAN_INIT(id), SPAN_INIT(kind), SPAN_INIT(""), SPAN_INIT("?"), SPAN_INIT(rules)        \
        }                                                                                          \
    }
#define OPTION(id, value)                                                                          \
    {                                                                                              \
        {                                                                                          \
            SPAN_INIT(id), SPAN_INIT(value), SPAN_INIT(value)                                      \
        }                                                                                          \
    }

static const struct event_row QUESTIONS[] = {
    ROW("name", "text", "required min=2 max=4"),
    ROW("age", "integer", "min=0 max=150"),
    ROW("ratio", "number", "min=-0.5"),
    ROW("yes", "boolean", ""),
    ROW("one", "choice", ""),
    ROW("any", "choices", "min=2 max=3"),
    ROW("free", "choice", "other"),
    ROW("pin", "text", "secret"),
    ROW("mail", "text", "format=email"),
    ROW("page", "text", "format=uri"),
    ROW("day", "text", "format=date"),
    ROW("when", "text", "format=date-time"),
};
static const struct event_row OPTIONS[] = {OPTION("one", "a"), OPTION("one", "b"),
                                           OPTION("any", "x"), OPTION("any", "y"),
                                           OPTION("any", "z"), OPTION("free", "a")};
static const struct form FORM = {QUESTIONS, OPTIONS, ARRAY_LEN(QUESTIONS), ARRAY_LEN(OPTIONS)};

static enum status check_one(const char *id, const char *value, struct why *why)
{
    struct form_question q = form_question(&FORM, form_find(&FORM, span_str(id)));
    return form_check_value(&FORM, &q, span_str(value), why);
}

static void values(void **state)
{
    static const struct {
        const char *id, *good, *bad, *why;
    } CASES[] = {
        {"name",  "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", "x",          "name: fewer characters than 2"},
        {"name",  "ab",                               "abcde",      "name: more characters than 4" },
        {"age",   "150",                              "151",        "age: not above 150"           },
        {"age",   "0",                                "-1",         "age: not below 0"             },
        {"age",   "7",                                "7.5",        "age: a whole number is needed"},
        {"age",   "7",                                "",           "age: a whole number is needed"},
        {"age",   "7",                                "7,\"x\":1",  "age: a whole number is needed"},
        {"ratio", "-0.5",                             "-0.6",       "ratio: not below -0.5"        },
        {"ratio", "1e2",                              "1e999",      "ratio: a number is needed"    },
        {"yes",   "true",                             "yes",        "yes: true or false is needed" },
        {"one",   "b",                                "c",          "one: none of its options"     },
        {"free",  "my own",                           "",           "free: none of its options"    },
        {"mail",  "a@b",                              "a@b c",      "mail: this is no email"       },
        {"page",  "https://x",                        "x",          "page: this is no uri"         },
        {"day",   "2024-02-29",                       "2023-02-29", "day: this is no date"         },
        {"when",  "2024-02-29T10:00:00Z",             "2024-02-29", "when: this is no date-time"   },
        {"pin",   "1",                                "\xff",       "pin: not UTF-8"               },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct why why = {0};
        if (check_one(CASES[i].id, CASES[i].good, &why) != ST_OK) {
            fail_msg("%s %s: %s", CASES[i].id, CASES[i].good, why.text);
        }
        assert_int_equal(check_one(CASES[i].id, CASES[i].bad, &why), ST_INVALID);
        assert_contains(why.text, CASES[i].why);
    }
}

static enum status check_all(const char *answers, struct why *why)
{
    struct form_answers *a = calloc(1, sizeof(*a));
    enum status st = form_answers_read(a, span_str(answers), why);
    if (st == ST_OK) {
        st = form_check_answers(&FORM, a, why);
    }
    form_answers_release(a);
    free(a);
    return st;
}

#define NAME "{\"id\":\"name\",\"value\":\"abc\"}"

static void all_together(void **state)
{
    static const struct {
        const char *text, *why; /* NULL: good */
    } CASES[] = {
        {"[" NAME "]",                                                                   NULL                       },
        {"[" NAME ",{\"id\":\"any\",\"value\":\"x\"},{\"id\":\"any\",\"value\":\"z\"}]", NULL                       },
        {"[]",                                                                           "name: an answer is needed"},
        {"[" NAME "," NAME "]",                                                          "the same answer twice"    },
        {"[" NAME ",{\"id\":\"name\",\"value\":\"ab\"}]",                                "name: one answer only"    },
        {"[" NAME ",{\"id\":\"any\",\"value\":\"x\"}]",                                  "any: at least 2"          },
        {"[" NAME ",{\"id\":\"else\",\"value\":\"x\"}]",                                 "nobody asks for \"else\"" },
        {"[" NAME ",{\"id\":\"pin\",\"value\":\"x\"}]",                                  "pin is secret"            },
        {"[" NAME ",{\"id\":\"pin\",\"secret\":true,\"mark\":\"00\",\"bytes\":1}]",
         "the value of the answer is not there"                                                                     },
        {"{}",                                                                           "no list of answers"       },
        {"[1]",                                                                          "an answer that is none"   },
        {"[{\"id\":1,\"value\":\"x\"}]",                                                 "an answer that is none"   },
        {"[{\"id\":\"name\"}]",                                                          "an answer that is none"   },
        {"[",                                                                            "no list of answers"       },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct why why = {0};
        enum status st = check_all(CASES[i].text, &why);
        if ((st == ST_OK) != (CASES[i].why == NULL)) {
            fail_msg("%s: %s", CASES[i].text, why.text);
        }
        if (CASES[i].why != NULL) {
            assert_contains(why.text, CASES[i].why);
        }
    }
}

/* A form that is not understood whole is not answered at all. */
static void forms_that_are_not_answered(void **state)
{
    static char long_text[3000];
    static const struct event_row BAD[] = {
        ROW("x", "colour", ""),      ROW("x", "text", "pattern=[a-z]"),
        ROW("x", "text", "min=abc"), ROW("x", "choice", ""),
        ROW("", "text", ""),         ROW("x", "text", "format=ipv4"),
    };
    struct why why;
    (void)state;
    assert_status(form_check(&FORM, &why), ST_OK);
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        struct form f = {.questions = &BAD[i], .question_count = 1};
        assert_int_equal(form_check(&f, &why), ST_UNSUPPORTED);
    }
    struct event_row twice[] = {QUESTIONS[0], QUESTIONS[0]};
    assert_int_equal(form_check(&(struct form){.questions = twice, .question_count = 2}, &why),
                     ST_UNSUPPORTED);
    memset(long_text, 'x', sizeof(long_text));
    struct event_row cut = QUESTIONS[0];
    cut.cell[3] = (struct span){long_text, EVENT_CELL_BYTES};
    assert_int_equal(form_check(&(struct form){.questions = &cut, .question_count = 1}, &why),
                     ST_UNSUPPORTED);
    static struct event_row many[FORM_QUESTIONS_MAX + 1];
    assert_int_equal(
        form_check(&(struct form){.questions = many, .question_count = FORM_QUESTIONS_MAX + 1},
                   &why),
        ST_UNSUPPORTED);
}

static void mark(void *ctx, struct span id, struct span value, char out[80])
{
    (void)ctx;
    (void)value;
    (void)snprintf(out, 80, "of-%.*s", SPAN_ARG(id));
}

static void a_record_keeps_no_secret(void **state)
{
    struct buf text;
    struct buf kept;
    struct why why;
    (void)state;
    buf_init(&text, FORM_ANSWERS_BYTES);
    buf_init(&kept, FORM_ANSWERS_BYTES);
    assert_status(form_answer_add(&text, SPAN("name"), SPAN("a\"b\n"), false), ST_OK);
    assert_status(form_answer_add(&text, SPAN("pin"), SPAN("tops3cret"), true), ST_OK);
    assert_status(form_answers_redact(buf_span(&text), mark, NULL, &kept, &why), ST_OK);
    assert_span_is(buf_span(&kept),
                   "[{\"id\":\"name\",\"value\":\"a\\\"b\\n\"},"
                   "{\"id\":\"pin\",\"secret\":true,\"bytes\":9,\"mark\":\"of-pin\"}]");
    assert_null(strstr(kept.data, "tops3cret"));
    assert_int_equal(form_answers_redact(SPAN("tops3cret"), mark, NULL, &kept, &why), ST_INVALID);
    assert_null(strstr(why.text, "tops3cret"));
    buf_release(&text);
    buf_release(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(all_together),
        cmocka_unit_test(forms_that_are_not_answered),
        cmocka_unit_test(a_record_keeps_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
