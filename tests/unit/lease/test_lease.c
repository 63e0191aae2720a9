#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/lease.h"

#define NOW INT64_C(1800000000000000)
#define SEC INT64_C(1000000)

struct kit {
    struct leases *all;
    char token[8][LEASE_TOKEN_BYTES];
    struct lease *l[8];
    int count;
};

static struct lease *issue(struct kit *k, const char *parent, const char *scopes, int64_t lasts_s)
{
    int i = k->count++;
    uint8_t random[LEASE_RANDOM_BYTES] = {(uint8_t)i, 1, 2};
    uint8_t digest[SHA256_BYTES];
    char id[ULID_BYTES];
    struct why why = {0};
    struct lease_terms t = {.agent = SPAN("claude:s1"),
                            .parent = span_str(parent),
                            .upstream = SPAN("anthropic"),
                            .scopes = span_str(scopes),
                            .issued_us = NOW,
                            .expires_us = lasts_s > 0 ? NOW + lasts_s * SEC : 0};
    (void)snprintf(id, sizeof(id), "01JZ000000000000000000000%d", i);
    lease_token(random, k->token[i]);
    sha256(span_str(k->token[i]), digest);
    if (lease_check_terms(k->all, &t, &why) != ST_OK) {
        fail_msg("%s", why.text);
    }
    k->l[i] = lease_add(k->all, &t, span_str(id), digest);
    assert_non_null(k->l[i]);
    return k->l[i];
}

static struct lease_verdict ask(struct kit *k, struct lease *l, const char *method,
                                const char *path, const char *model, int64_t after_s)
{
    struct lease_request r = {.method = span_str(method),
                              .path = span_str(path),
                              .model = span_str(model),
                              .now_us = NOW + after_s * SEC};
    return lease_judge(k->all, l, &r);
}

static void a_token_finds_its_lease_and_no_other(void **state)
{
    (void)state;
    struct kit k = {.all = leases_new()};
    struct lease *a = issue(&k, NULL, "", 0);
    struct lease *b = issue(&k, NULL, "", 0);
    assert_int_equal(strlen(k.token[0]), 68);
    assert_ptr_equal(lease_by_token(k.all, span_str(k.token[0])), a);
    assert_ptr_equal(lease_by_token(k.all, span_str(k.token[1])), b);
    for (size_t i = 0; i < 68; i++) {
        char wrong[LEASE_TOKEN_BYTES];
        memcpy(wrong, k.token[0], sizeof(wrong));
        wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
        assert_null(lease_by_token(k.all, span_str(wrong)));
    }
    assert_null(lease_by_token(k.all, SPAN_NONE));
    assert_null(lease_by_token(k.all, span_sub(span_str(k.token[0]), 0, 67)));
    assert_ptr_equal(lease_by_id(k.all, span_str(b->id)), b);
    assert_null(lease_by_id(k.all, SPAN_NONE));
    leases_free(k.all);
}

static void states_are_obeyed_and_revoked_is_for_good(void **state)
{
    (void)state;
    struct kit k = {.all = leases_new()};
    struct lease *l = issue(&k, NULL, "", 100);
    assert_int_equal(ask(&k, l, "POST", "/v1/messages", "m", 1).ruling, LEASE_LET);
    assert_int_equal(l->uses, 1);
    assert_true(lease_set(l, LEASE_HELD, SPAN("lunch"), SPAN("ops"), NOW));
    struct lease_verdict v = ask(&k, l, "POST", "/v1/messages", "m", 1);
    assert_int_equal(v.ruling, LEASE_HOLD);
    assert_string_equal(v.why, "the lease was held by ops: lunch");
    assert_true(lease_set(l, LEASE_CHOKED, SPAN_NONE, SPAN("ops"), NOW));
    v = ask(&k, l, "POST", "/v1/messages", "m", 1);
    assert_int_equal(v.http_status, 429);
    assert_true(v.retry_s > 0);
    assert_true(lease_set(l, LEASE_ACTIVE, SPAN_NONE, SPAN("ops"), NOW));
    assert_int_equal(ask(&k, l, "POST", "/v1/messages", "m", 99).ruling, LEASE_LET);
    assert_int_equal(ask(&k, l, "POST", "/v1/messages", "m", 100).http_status, 401);
    assert_true(lease_set(l, LEASE_REVOKED, SPAN("leaked"), SPAN("ops"), NOW));
    v = ask(&k, l, "POST", "/v1/messages", "m", 1);
    assert_int_equal(v.http_status, 403);
    assert_string_equal(v.why, "the lease was revoked by ops: leaked");
    assert_false(lease_set(l, LEASE_ACTIVE, SPAN_NONE, SPAN_NONE, NOW));
    assert_int_equal(ask(&k, l, "POST", "/v1/messages", "m", 1).http_status, 403);
    assert_int_equal(l->uses, 2);
    assert_int_equal(lease_state_find(SPAN("held")), LEASE_HELD);
    assert_int_equal(lease_state_find(SPAN("nonsense")), LEASE_REVOKED);
    leases_free(k.all);
}

static void scopes_narrow(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *model;
        enum lease_ruling ruling;
    } cases[] = {
        {"POST",   "/v1/messages",              "claude-opus-5",   LEASE_LET   },
        {"POST",   "/v1/messages/count_tokens", "claude-haiku-4",  LEASE_LET   },
        {"GET",    "/v1/models",                "",                LEASE_LET   },
        {"POST",   "/v1/messages",              "",                LEASE_REFUSE},
        {"DELETE", "/v1/messages",              "claude-opus-5",   LEASE_REFUSE},
        {"post",   "/v1/messages",              "claude-opus-5",   LEASE_REFUSE},
        {"POST",   "/v1/files",                 "",                LEASE_REFUSE},
        {"GET",    "/v1/models/x",              "",                LEASE_REFUSE},
        {"POST",   "/V1/messages",              "claude-opus-5",   LEASE_REFUSE},
        {"POST",   "/v1/messages",              "gpt-5",           LEASE_REFUSE},
        {"POST",   "/v1/messages",              "x-claude-opus-5", LEASE_REFUSE},
    };
    struct kit k = {.all = leases_new()};
    struct lease *l =
        issue(&k, NULL, "methods=POST,GET paths=/v1/messages*,/v1/models models=claude-*,other", 0);
    assert_true(lease_needs_model(k.all, l));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lease_verdict v = ask(&k, l, cases[i].method, cases[i].path, cases[i].model, 1);
        assert_int_equal(v.ruling, cases[i].ruling);
        assert_int_equal(v.http_status, cases[i].ruling == LEASE_LET ? 0 : 403);
    }
    leases_free(k.all);
}

static void scopes_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "method=POST", "methods=",    "methods", "paths=/a paths=/b", "rate=0",      "rate=x",
        "rate=-1",     "models=a,,b", " ",       "paths=/a ",         "models=a\tb", "rate=1,2"};
    struct kit k = {.all = leases_new()};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct lease_terms t = {.agent = SPAN("a"), .upstream = SPAN("u")};
        struct why why = {0};
        t.scopes = span_str(bad[i]);
        if (lease_check_terms(k.all, &t, &why) != ST_INVALID) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    leases_free(k.all);
}

static void a_rate_is_kept_and_comes_back(void **state)
{
    (void)state;
    struct kit k = {.all = leases_new()};
    struct lease *l = issue(&k, NULL, "rate=6", 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(ask(&k, l, "GET", "/", "", 0).ruling, LEASE_LET);
    }
    struct lease_verdict v = ask(&k, l, "GET", "/", "", 0);
    assert_int_equal(v.http_status, 429);
    assert_int_equal(v.retry_s, 10);
    assert_int_equal(ask(&k, l, "GET", "/", "", 9).ruling, LEASE_REFUSE);
    assert_int_equal(ask(&k, l, "GET", "/", "", 10).ruling, LEASE_LET);
    assert_int_equal(ask(&k, l, "GET", "/", "", 10).ruling, LEASE_REFUSE);
    assert_int_equal(ask(&k, l, "GET", "/", "", -1000).ruling, LEASE_LET); /* a clock set back */
    leases_free(k.all);
}

static void children_share_the_rate_of_their_parent(void **state)
{
    (void)state;
    struct kit k = {.all = leases_new()};
    struct lease *top = issue(&k, NULL, "rate=4", 100);
    struct lease *one = issue(&k, top->id, "rate=3", 100);
    struct lease *two = issue(&k, top->id, "", 100);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&k, one, "GET", "/", "", 0).ruling, LEASE_LET);
    }
    assert_int_equal(ask(&k, one, "GET", "/", "", 0).http_status, 429); /* its own */
    assert_int_equal(ask(&k, two, "GET", "/", "", 0).ruling, LEASE_LET);
    assert_int_equal(ask(&k, two, "GET", "/", "", 0).http_status, 429); /* the parent's */
    assert_int_equal(ask(&k, top, "GET", "/", "", 0).http_status, 429);
    assert_int_equal(ask(&k, two, "GET", "/", "", 15).ruling, LEASE_LET);
    leases_free(k.all);
}

static void a_child_goes_no_further_than_its_parent(void **state)
{
    (void)state;
    struct kit k = {.all = leases_new()};
    struct lease *top = issue(&k, NULL, "paths=/v1/* models=claude-*", 100);
    struct lease *mid = issue(&k, top->id, "", 50);
    struct lease *low = issue(&k, mid->id, "models=claude-haiku*", 50);
    struct lease *other = issue(&k, NULL, "", 0);
    assert_int_equal(ask(&k, low, "GET", "/v1/m", "claude-haiku-4", 1).ruling, LEASE_LET);
    assert_int_equal(ask(&k, low, "GET", "/v2/m", "claude-haiku-4", 1).ruling, LEASE_REFUSE);
    assert_int_equal(ask(&k, mid, "GET", "/v1/m", "gpt", 1).ruling, LEASE_REFUSE);
    assert_true(lease_needs_model(k.all, mid));
    assert_false(lease_needs_model(k.all, other));
    assert_true(lease_set(top, LEASE_HELD, SPAN_NONE, SPAN("ops"), NOW));
    assert_int_equal(ask(&k, low, "GET", "/v1/m", "claude-haiku-4", 1).ruling, LEASE_HOLD);
    assert_true(lease_set(top, LEASE_REVOKED, SPAN_NONE, SPAN("ops"), NOW));
    struct lease_verdict v = ask(&k, low, "GET", "/v1/m", "claude-haiku-4", 1);
    assert_int_equal(v.http_status, 403);
    assert_non_null(strstr(v.why, "parent of this lease"));
    leases_forget(k.all, NOW + SEC); /* a parent that is forgotten was dead */
    assert_int_equal(leases_count(k.all), 3);
    assert_null(lease_by_id(k.all, SPAN("01JZ0000000000000000000000")));
    assert_ptr_equal(lease_by_id(k.all, span_str(low->id)), low);
    assert_ptr_equal(lease_by_id(k.all, span_str(other->id)), other);
    assert_int_equal(ask(&k, low, "GET", "/v1/m", "claude-haiku-4", 1).http_status, 403);
    struct lease_terms t = {
        .agent = SPAN("a"), .upstream = SPAN("other"), .parent = span_str(other->id)};
    assert_int_equal(lease_check_terms(k.all, &t, NULL), ST_NOTFOUND); /* of another upstream */
    t.upstream = SPAN("anthropic");
    t.parent = span_str(mid->id);
    assert_int_equal(lease_check_terms(k.all, &t, NULL), ST_DENIED); /* revoked */
    leases_free(k.all);
}

static void a_parent_has_so_many_living_children_and_no_more(void **state)
{
    (void)state;
    struct kit k = {.all = leases_new()};
    const struct lease *top = issue(&k, NULL, "", 100);
    struct lease_terms t = {.agent = SPAN("a"),
                            .upstream = SPAN("anthropic"),
                            .parent = span_str(top->id),
                            .issued_us = NOW,
                            .expires_us = NOW + 50 * SEC};
    uint8_t digest[SHA256_BYTES] = {0};
    struct lease *child = NULL;
    struct why why = {0};
    for (int i = 0; i < LEASE_CHILDREN; i++) {
        char id[ULID_BYTES];
        (void)snprintf(id, sizeof(id), "01JZ10000000000000000000%02d", i);
        assert_int_equal(lease_check_terms(k.all, &t, &why), ST_OK);
        child = lease_add(k.all, &t, span_str(id), digest);
    }
    assert_int_equal(lease_check_terms(k.all, &t, &why), ST_LIMIT);
    assert_string_equal(why.text, "its parent has 64 living leases already");
    assert_true(lease_set(child, LEASE_REVOKED, SPAN_NONE, SPAN("ops"), NOW));
    assert_int_equal(lease_check_terms(k.all, &t, &why), ST_OK);
    t.parent = span_str(issue(&k, NULL, "", 100)->id);
    assert_int_equal(lease_check_terms(k.all, &t, &why), ST_OK); /* another's */
    leases_free(k.all);
}

static struct lease *add(struct leases *all, int i, const char *agent, int64_t issued_us)
{
    uint8_t digest[SHA256_BYTES] = {(uint8_t)i};
    char id[ULID_BYTES];
    struct lease_terms t = {
        .agent = span_str(agent), .upstream = SPAN("a"), .issued_us = issued_us};
    (void)snprintf(id, sizeof(id), "01JZ00000000000000000000%02d", i);
    return lease_add(all, &t, span_str(id), digest);
}

/* Each once, and none of another's, as a look at all of them would find them. */
static void check_agent(struct leases *all, const char *agent, size_t wanted)
{
    size_t found = 0;
    const struct lease *before = NULL;
    for (const struct lease *l = lease_of_agent(all, span_str(agent)); l != NULL; l = l->younger) {
        assert_string_equal(l->agent, agent);
        assert_true(before == NULL || strcmp(before->id, l->id) < 0);
        before = l;
        found++;
    }
    assert_int_equal(found, wanted);
}

static void an_agents_own_are_found_without_the_others(void **state)
{
    (void)state;
    static const char *const AGENTS[] = {"a", "b", "c"};
    struct leases *all = leases_new();
    for (int i = 0; i < 60; i++) {
        struct lease *l = add(all, i, AGENTS[i % 3], NOW);
        if (i % 2 != 0) {
            (void)lease_set(l, LEASE_REVOKED, SPAN_NONE, SPAN_NONE, NOW);
        }
    }
    check_agent(all, "a", 20);
    check_agent(all, "none", 0);
    (void)add(all, 0, "b", NOW); /* told again, as another's */
    check_agent(all, "a", 19);
    check_agent(all, "b", 21);
    leases_forget(all, NOW + 1);
    check_agent(all, "a", 9);
    check_agent(all, "b", 11);
    check_agent(all, "c", 10);
    (void)add(all, 61, "c", NOW);
    check_agent(all, "c", 11);
    leases_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_finds_its_lease_and_no_other),
        cmocka_unit_test(states_are_obeyed_and_revoked_is_for_good),
        cmocka_unit_test(scopes_narrow),
        cmocka_unit_test(scopes_that_are_none_are_refused),
        cmocka_unit_test(a_rate_is_kept_and_comes_back),
        cmocka_unit_test(children_share_the_rate_of_their_parent),
        cmocka_unit_test(a_child_goes_no_further_than_its_parent),
        cmocka_unit_test(a_parent_has_so_many_living_children_and_no_more),
        cmocka_unit_test(an_agents_own_are_found_without_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
