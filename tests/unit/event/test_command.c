#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/event.h"

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct command whole(enum verb verb)
{
    return (struct command){
        .id = SPAN("01KABCDEFGHJKMNPQRSTVWXYZ0"),
        .verb = verb,
        .agent = SPAN("agent-7"),
        .approval = SPAN("01KAPPROVAL"),
        .digest = SPAN("sha256:" DIGITS),
        .credential = SPAN("cred-1"),
        .reason = SPAN("ticket 4711"),
        .limit_microusd = 1,
    };
}

static void expect_refused(const struct command *c, const char *words)
{
    struct why why = {{0}};
    assert_int_equal(command_check(c, &why), ST_INVALID);
    if (strstr(why.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why.text, words);
    }
}

static void a_whole_command_passes_for_every_verb(void **state)
{
    (void)state;
    for (int v = VERB_UNKNOWN + 1; v < VERB_COUNT; v++) {
        struct command c = whole((enum verb)v);
        assert_int_equal(command_check(&c, NULL), ST_OK);
    }
}

static void an_id_must_be_usable(void **state)
{
    (void)state;
    struct span bad[] = {SPAN_NONE,       SPAN(""),      SPAN("a b"),
                         SPAN("a\nb"),    SPAN("a\x7f"), SPAN("caf\xc3\xa9"),
                         SPAN(DIGITS "x")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct command c = whole(VERB_STOP);
        c.id = bad[i];
        expect_refused(&c, "id");
    }
    struct command c = whole(VERB_STOP);
    c.id = SPAN(DIGITS);
    assert_int_equal(command_check(&c, NULL), ST_OK);
}

static void an_unknown_verb_is_refused_by_name(void **state)
{
    (void)state;
    struct command c = whole(VERB_UNKNOWN);
    c.raw_verb = SPAN("self_destruct");
    expect_refused(&c, "self_destruct");
    c.verb = VERB_COUNT;
    expect_refused(&c, "verb");
    c.verb = (enum verb) - 1;
    expect_refused(&c, "verb");
}

static void verbs_need_their_target(void **state)
{
    (void)state;
    for (int v = VERB_UNKNOWN + 1; v < VERB_COUNT; v++) {
        struct command c = {.id = SPAN("c1"), .verb = (enum verb)v};
        bool alone = v == VERB_STOP_ALL || v == VERB_RESET_STOP;
        if (alone) {
            assert_int_equal(command_check(&c, NULL), ST_OK);
        } else {
            expect_refused(&c, verb_name((enum verb)v));
        }
    }
}

static void an_approval_needs_the_digest_and_a_denial_does_not(void **state)
{
    (void)state;
    struct command c = whole(VERB_APPROVE);
    c.digest = SPAN_NONE;
    expect_refused(&c, "digest");
    c.verb = VERB_DENY;
    assert_int_equal(command_check(&c, NULL), ST_OK);
}

static void a_digest_must_be_one(void **state)
{
    (void)state;
    struct span bad[] = {
        SPAN("sha256:"),
        SPAN(DIGITS),
        SPAN("sha256:" DIGITS "0"),
        SPAN("sha1:" DIGITS),
        SPAN("SHA256:" DIGITS),
        SPAN("sha256: " DIGITS),
        SPAN("sha256:g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        SPAN("sha256:A123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        SPAN("sha256:\0"
             "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")};
    const enum verb verbs[] = {VERB_APPROVE, VERB_DENY};
    for (size_t i = 0; i < ARRAY_LEN(bad) * 2; i++) {
        struct command c = whole(verbs[i % 2]);
        c.digest = bad[i / 2];
        expect_refused(&c, "digest");
    }
}

static void a_revocation_takes_an_agent_or_a_credential(void **state)
{
    (void)state;
    struct command c = whole(VERB_REVOKE);
    c.agent = SPAN_NONE;
    assert_int_equal(command_check(&c, NULL), ST_OK);
    c.credential = SPAN_NONE;
    expect_refused(&c, "credential");
    c.agent = SPAN("a");
    assert_int_equal(command_check(&c, NULL), ST_OK);
}

static void a_message_has_words_and_a_budget_a_limit(void **state)
{
    (void)state;
    struct command c = whole(VERB_MESSAGE);
    c.reason = SPAN_NONE;
    expect_refused(&c, "words");
    c = whole(VERB_BUDGET);
    c.limit_microusd = 0;
    expect_refused(&c, "limit");
    c.limit_microusd = -5;
    expect_refused(&c, "limit");
    c.limit_tokens = 1;
    assert_int_equal(command_check(&c, NULL), ST_OK);
}

static void a_limit_as_a_person_writes_it(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int64_t microusd, tokens;
    } good[] = {
        {"5",             5000000, 0     },
        {" $2.50 ",       2500000, 0     },
        {"0.000001",      1,       0     },
        {"400000 tokens", 0,       400000},
        {"1tokens",       0,       1     },
    };
    static const char *const bad[] = {
        "",      "0",   "-1",        "0 tokens", "tokens",         "1.5 tokens", "$",
        "5 USD", "nan", "$5 tokens", "1e99",     "99999999999999", "@day 5",     "0.0000001"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct command c = {0};
        assert_int_equal(command_limit(span_str(good[i].typed), &c), ST_OK);
        assert_true(c.limit_microusd == good[i].microusd && c.limit_tokens == good[i].tokens);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct command c = {0};
        assert_int_equal(command_limit(span_str(bad[i]), &c), ST_INVALID);
        assert_true(c.limit_microusd == 0 && c.limit_tokens == 0);
    }
    struct command c = {0};
    assert_true(command_for_all(SPAN("@day"), &c));
    assert_true(span_is(c.agent, "*") && span_is(c.scope, "day"));
    assert_true(command_for_all(SPAN("@fleet"), &c) && span_is(c.scope, "fleet"));
    assert_false(command_for_all(SPAN("day"), &c) || command_for_all(SPAN("@days"), &c));
    struct span agent;
    assert_true(command_for_task(SPAN("a@b@task"), &agent) && span_is(agent, "a@b"));
    assert_true(command_for_task(SPAN("@task"), &agent) && agent.n == 0);
    assert_false(command_for_task(SPAN("task"), &agent));
    assert_true(span_is(agent, "task"));
}

static void only_an_approval_answers(void **state)
{
    (void)state;
    for (int v = VERB_UNKNOWN + 1; v < VERB_COUNT; v++) {
        struct command c = whole((enum verb)v);
        c.answers = SPAN("[]");
        if (v == VERB_APPROVE) {
            assert_int_equal(command_check(&c, NULL), ST_OK);
        } else {
            expect_refused(&c, "answers");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_command_passes_for_every_verb),
        cmocka_unit_test(an_id_must_be_usable),
        cmocka_unit_test(an_unknown_verb_is_refused_by_name),
        cmocka_unit_test(verbs_need_their_target),
        cmocka_unit_test(an_approval_needs_the_digest_and_a_denial_does_not),
        cmocka_unit_test(a_digest_must_be_one),
        cmocka_unit_test(a_revocation_takes_an_agent_or_a_credential),
        cmocka_unit_test(a_message_has_words_and_a_budget_a_limit),
        cmocka_unit_test(a_limit_as_a_person_writes_it),
        cmocka_unit_test(only_an_approval_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
