#include <stdio.h>

#include "rules.h"

#define VERSION_OF_TWO_RULES "4c1c595e673c19f4"

static enum status add_pairs(struct policy *p, const char *name, const struct policy_pair *pairs,
                             uint32_t count, struct why *why)
{
    *why = (struct why){{0}};
    return policy_add(p, span_str(name), 7, pairs, count, why);
}

/* ---- refused rules */
static void assert_refused(const struct policy_pair *pairs, uint32_t count, const char *words)
{
    struct policy *p = policy_new();
    struct why why;
    assert_status(add_pairs(p, "r", pairs, count, &why), ST_INVALID);
    assert_contains(why.text, words);
    assert_int_equal(policy_count(p), 0);
    assert_string_equal(policy_version(p), "cbf29ce484222325");
    policy_free(p);
}

#define PAIR(key, value)                                                                           \
    {                                                                                              \
        SPAN(key), SPAN(value)                                                                     \
    }
#define REFUSED(words, ...)                                                                        \
    do {                                                                                           \
        const struct policy_pair pairs[] = {__VA_ARGS__};                                          \
        assert_refused(pairs, ARRAY_LEN(pairs), words);                                            \
    } while (0)

static void a_bad_rule_is_refused_and_its_key_named(void **state)
{
    (void)state;
    assert_refused(NULL, 0, "verdict: missing");
    REFUSED("verdict: missing", PAIR("tool", "Bash"));
    REFUSED("verdict: no such verdict: 'permit'", PAIR("verdict", "permit"));
    REFUSED("verdict: no such verdict: 'unknown'", PAIR("verdict", "unknown"));
    REFUSED("verdict: no such verdict", PAIR("verdict", "ALLOW"));
    REFUSED("verdict: given twice", PAIR("verdict", "deny"), PAIR("verdict", "allow"));
    REFUSED("tool: given twice", PAIR("tool", "a"), PAIR("tool", "b"), PAIR("verdict", "deny"));
    REFUSED("comand: unknown key", PAIR("comand", "rm *"), PAIR("verdict", "deny"));
    REFUSED("command: a pattern is", PAIR("command", ""), PAIR("verdict", "deny"));
    REFUSED("command: '['", PAIR("command", "[a"), PAIR("verdict", "deny"));
    REFUSED("risk: no such risk", PAIR("risk", "medium"), PAIR("verdict", "deny"));
    REFUSED("reason: 1 to", PAIR("reason", ""), PAIR("verdict", "deny"));
    REFUSED("an allow rule needs a pattern", PAIR("verdict", "allow"));
    REFUSED("an allow rule needs a pattern", PAIR("verdict", "allow"), PAIR("reason", "x"));
    REFUSED("path: a pattern starts", PAIR("path", "src/*"), PAIR("verdict", "allow"));
    REFUSED("path: a pattern starts", PAIR("path", "/a | ~/b"), PAIR("verdict", "deny"));
    REFUSED("cwd: a pattern starts", PAIR("cwd", "src"), PAIR("verdict", "ask"));
    REFUSED("url: what allows", PAIR("url", "example.com/*"), PAIR("verdict", "allow"));
    REFUSED("url: what allows", PAIR("url", "*example.com*"), PAIR("verdict", "allow"));
}

static void names_are_there_and_differ(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    const struct policy_pair pairs[] = {PAIR("verdict", "deny")};
    assert_status(add_pairs(p, "", pairs, 1, &why), ST_INVALID);
    assert_status(add_pairs(p, "a", pairs, 1, &why), ST_OK);
    assert_status(add_pairs(p, "a", pairs, 1, &why), ST_INVALID);
    assert_contains(why.text, "this name");
    assert_status(add_pairs(p, "b", pairs, 1, &why), ST_OK);
    assert_int_equal(policy_count(p), 2);
    policy_free(p);
}

static void there_are_at_most_so_many_rules(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    char name[16];
    const struct policy_pair pairs[] = {PAIR("verdict", "deny")};
    for (int i = 0; i < POLICY_RULES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "r%d", i);
        assert_status(add_pairs(p, name, pairs, 1, &why), ST_OK);
    }
    assert_status(add_pairs(p, "one more", pairs, 1, &why), ST_LIMIT);
    policy_free(p);
}

/* ---- judging */
static void the_default_allows_reads_and_asks_for_the_rest(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct policy_request r = {.tool = SPAN("Read"), .path = SPAN("/x"), .reads_only = true};
    struct policy_verdict v;
    policy_eval(p, &r, &v);
    assert_int_equal(v.verdict, VERDICT_ALLOW);
    assert_string_equal(v.rule, POLICY_DEFAULT_READS);
    assert_int_equal(v.line, 0);
    r.reads_only = false;
    policy_eval(p, &r, &v);
    assert_int_equal(v.verdict, VERDICT_ASK);
    assert_string_equal(v.rule, POLICY_DEFAULT_ASK);
    policy_free(p);
}

/* What a shell runs is not known to only read, whatever is said of the tool. */
static void a_command_is_never_a_read(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct policy_request r = bash(SPAN("ls"));
    r.reads_only = true;
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    policy_free(p);
}

static void the_first_match_decides(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct policy_verdict v;
    struct policy_request r = bash(SPAN("git push origin main"));
    add_rule(p, "no push", "command", "git push*", "deny");
    add_rule(p, "git", "command", "git *", "allow");
    add_rule(p, "rest", NULL, NULL, "ask");
    policy_eval(p, &r, &v);
    assert_int_equal(v.verdict, VERDICT_DENY);
    assert_string_equal(v.rule, "no push");
    r.command = SPAN("git log");
    policy_eval(p, &r, &v);
    assert_int_equal(v.verdict, VERDICT_ALLOW);
    assert_string_equal(v.rule, "git");
    r.command = SPAN("ls");
    policy_eval(p, &r, &v);
    assert_int_equal(v.verdict, VERDICT_ASK);
    assert_string_equal(v.rule, "rest");
    policy_free(p);
}

static void every_pattern_of_a_rule_must_match(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    const struct policy_pair pairs[] = {
        PAIR("runtime", "claude-*"), PAIR("agent", "a1 | a2"), PAIR("tool", "Bash"),
        PAIR("command", "make *"),   PAIR("cwd", "/home/u/*"), PAIR("mode", "default"),
        PAIR("verdict", "allow"),    PAIR("reason", "builds"),
    };
    assert_status(add_pairs(p, "r", pairs, ARRAY_LEN(pairs), &why), ST_OK);
    struct policy_request whole = bash(SPAN("make check"));
    whole.mode = SPAN("default");
    assert_int_equal(judge(p, &whole), VERDICT_ALLOW);
    struct policy_request r = whole;
    r.runtime = SPAN("codex");
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    r = whole;
    r.agent = SPAN("a3");
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    r = whole;
    r.tool = SPAN("BashOutput");
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    r = whole;
    r.mode = SPAN("plan");
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    r = whole;
    r.cwd = SPAN("/home/u/../../etc");
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    r = whole;
    r.command = SPAN_NONE;
    assert_int_equal(judge(p, &r), VERDICT_ASK);
    policy_free(p);
}

static void an_expression_that_allows_fits_the_whole(void **state)
{
    (void)state;
    struct policy *allow = one_rule("tool", "re:Read|Grep", "allow");
    struct policy *deny = one_rule("tool", "re:Bash", "deny");
    struct policy_request r = {.tool = SPAN("ReadAndDelete")};
    assert_int_equal(judge(allow, &r), VERDICT_ASK);
    r.tool = SPAN("Grep");
    assert_int_equal(judge(allow, &r), VERDICT_ALLOW);
    r.tool = SPAN("MyBashTool");
    assert_int_equal(judge(deny, &r), VERDICT_DENY);
    policy_free(allow);
    policy_free(deny);
}

static void over_budget_an_allow_asks(void **state)
{
    (void)state;
    struct policy *p = one_rule("command", "ls", "allow");
    struct policy_verdict v;
    struct policy_request r = bash(SPAN("ls"));
    r.over_budget = true;
    policy_eval(p, &r, &v);
    assert_int_equal(v.verdict, VERDICT_ASK);
    assert_string_equal(v.rule, "the rule");
    assert_contains(v.reason, "budget");
    struct policy_request read = {.tool = SPAN("Read"), .reads_only = true, .over_budget = true};
    assert_int_equal(judge(p, &read), VERDICT_ASK);
    policy_free(p);
    p = one_rule("command", "ls", "deny");
    assert_int_equal(judge(p, &r), VERDICT_DENY);
    policy_free(p);
}

static void a_verdict_says_where_it_comes_from(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    struct policy_verdict v;
    struct policy_request r = bash(SPAN("ls"));
    const struct policy_pair pairs[] = {PAIR("tool", "Bash"), PAIR("verdict", "ask"),
                                        PAIR("reason", "look first"), PAIR("risk", "high")};
    assert_status(add_pairs(p, "shells", pairs, ARRAY_LEN(pairs), &why), ST_OK);
    policy_eval(p, &r, &v);
    assert_string_equal(v.rule, "shells");
    assert_string_equal(v.reason, "look first");
    assert_int_equal(v.line, 7);
    assert_int_equal(v.risk, RISK_HIGH);
    assert_true(v.reversible);
    policy_free(p);
}

static void a_rule_cannot_talk_a_risk_down(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    struct policy_verdict v;
    struct policy_request r = bash(SPAN("rm -rf /"));
    const struct policy_pair pairs[] = {PAIR("tool", "*"), PAIR("verdict", "ask"),
                                        PAIR("risk", "low")};
    assert_status(add_pairs(p, "r", pairs, ARRAY_LEN(pairs), &why), ST_OK);
    policy_eval(p, &r, &v);
    assert_int_equal(v.risk, RISK_HIGH);
    assert_false(v.reversible);
    policy_free(p);
}

/* ---- version */
static struct policy *two_rules(const char *first, const char *second)
{
    struct policy *p = policy_new();
    add_rule(p, "one", "command", first, "deny");
    add_rule(p, "two", "command", second, "ask");
    return p;
}

static void a_version_names_exactly_these_rules(void **state)
{
    (void)state;
    struct policy *p = two_rules("rm *", "git *");
    struct policy *same = two_rules("rm *", "git *");
    struct policy *swapped = two_rules("git *", "rm *");
    struct policy *changed = two_rules("rm *", "git ?");
    struct policy *moved = two_rules("rm ", "*git *");
    assert_int_equal(strlen(policy_version(p)), 16);
    assert_int_equal(strspn(policy_version(p), "0123456789abcdef"), 16);
    assert_string_equal(policy_version(p), policy_version(same));
    assert_string_not_equal(policy_version(p), policy_version(swapped));
    assert_string_not_equal(policy_version(p), policy_version(changed));
    assert_string_not_equal(policy_version(p), policy_version(moved));
    /* The same on every machine and in every release: it stands in records. */
    assert_string_equal(policy_version(p), VERSION_OF_TWO_RULES);
    policy_free(p);
    policy_free(same);
    policy_free(swapped);
    policy_free(changed);
    policy_free(moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_rule_is_refused_and_its_key_named),
        cmocka_unit_test(names_are_there_and_differ),
        cmocka_unit_test(there_are_at_most_so_many_rules),
        cmocka_unit_test(the_default_allows_reads_and_asks_for_the_rest),
        cmocka_unit_test(a_command_is_never_a_read),
        cmocka_unit_test(the_first_match_decides),
        cmocka_unit_test(every_pattern_of_a_rule_must_match),
        cmocka_unit_test(an_expression_that_allows_fits_the_whole),
        cmocka_unit_test(over_budget_an_allow_asks),
        cmocka_unit_test(a_verdict_says_where_it_comes_from),
        cmocka_unit_test(a_rule_cannot_talk_a_risk_down),
        cmocka_unit_test(a_version_names_exactly_these_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
