/* What agents hold, from events of their own and from agents' lists. */
#include <stdio.h>

#include "fixture.h"

#define ROW(...) ((struct event_row){.cell = {__VA_ARGS__}})

static const struct credential *named(const struct teller *t, const char *id)
{
    const struct backend *b = fleet_backend_named(t->fleet, span_str(t->backend));
    return fleet_credential_by_id(t->fleet, b->ref, span_str(id));
}

/* ids: up to four, as one list. */
static void tell_list(struct teller *t, const char *agent, const char *const ids[], uint32_t count)
{
    struct event_row rows[4];
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = ROW(span_str(ids[i]), SPAN("token"), SPAN("github"), SPAN("repo"),
                      SPAN("2026-12-01T00:00:00Z"), SPAN("yes"));
    }
    event_set_list(say(t, EVENT_AGENT_UPDATED, agent), F_CREDENTIALS, rows, count);
    fold(t);
}

static struct event *say_issued(struct teller *t, const char *agent, const char *id,
                                const char *parent)
{
    struct event *ev = say(t, EVENT_CREDENTIAL_ISSUED, agent);
    event_set_text(ev, F_CREDENTIAL_ID, span_str(id));
    event_set_text(ev, F_CREDENTIAL_DIGEST, SPAN("sha256:00"));
    event_set_text(ev, F_CREDENTIAL_ISSUER, SPAN("anthropic"));
    event_set_text(ev, F_CREDENTIAL_SCOPES, SPAN("methods=POST"));
    event_set_text(ev, F_CREDENTIAL_STATE, SPAN("active"));
    event_put_text(ev, F_CREDENTIAL_PARENT, span_str(parent));
    return ev;
}

static void tell_issued(struct teller *t, const char *agent, const char *id, const char *parent)
{
    say_issued(t, agent, id, parent);
    fold(t);
}

static void tell_changed(struct teller *t, enum event_type type, const char *id, const char *state)
{
    struct event *ev = say(t, type, NULL);
    event_set_text(ev, F_CREDENTIAL_ID, span_str(id));
    event_put_text(ev, F_CREDENTIAL_STATE, span_str(state));
    event_set_text(ev, F_REASON, SPAN("leaked"));
    event_set_text(ev, F_OPERATOR, SPAN("uid:1000"));
    fold(t);
}

static void an_event_of_its_own_makes_it(void **state)
{
    (void)state;
    struct teller t = teller_new();
    event_set_number(say_issued(&t, "a1", "k1", "k0"), F_CREDENTIAL_EXPIRES, START_US + 7);
    fold(&t);
    const struct credential *c = named(&t, "k1");
    assert_non_null(c);
    assert_true(c->told);
    assert_int_equal(c->state, CREDENTIAL_ACTIVE);
    assert_int_equal(c->agent, agent_named(&t, "a1")->ref);
    assert_int_equal(c->expires_us, START_US + 7);
    assert_int_equal(c->issued_us, t.now_us);
    assert_sid(&t, c->kind, "lease");
    assert_sid(&t, c->issuer, "anthropic");
    assert_sid(&t, c->scopes, "methods=POST");
    assert_sid(&t, c->parent, "k0");
    tell_changed(&t, EVENT_CREDENTIAL_CHANGED, "k1", "held");
    assert_int_equal(named(&t, "k1")->state, CREDENTIAL_HELD);
    assert_sid(&t, named(&t, "k1")->by, "uid:1000");
    tell_changed(&t, EVENT_CREDENTIAL_CHANGED, "k1", "lent");
    assert_int_equal(named(&t, "k1")->state, CREDENTIAL_UNKNOWN);
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "k1", NULL);
    assert_int_equal(named(&t, "k1")->state, CREDENTIAL_REVOKED);
    assert_sid(&t, named(&t, "k1")->reason, "leaked");
    /* What its back-end tells last is what is shown, also when it is worse. */
    tell_changed(&t, EVENT_CREDENTIAL_CHANGED, "k1", "active");
    assert_int_equal(named(&t, "k1")->state, CREDENTIAL_ACTIVE);
    fleet_free(t.fleet);
}

static void tell_used(struct teller *t, const char *agent, enum verdict v, const char *reason)
{
    struct event *ev = say(t, EVENT_CREDENTIAL_USED, agent);
    event_set_text(ev, F_CREDENTIAL_ID, SPAN("k1"));
    event_set_number(ev, F_VERDICT, v);
    event_set_text(ev, F_SUMMARY, SPAN("POST /v1/messages"));
    event_put_text(ev, F_REASON, span_str(reason));
    event_set_number(ev, F_CREDENTIAL_USES, 41);
    fold(t);
}

static void its_use_and_what_was_refused_are_two_things(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    tell_used(&t, "a2", VERDICT_ALLOW, NULL);
    int64_t used_us = t.now_us;
    tell_used(&t, "a1", VERDICT_DENY, "the lease was revoked");
    const struct credential *c = named(&t, "k1");
    assert_int_equal(c->used_us, used_us);
    assert_int_equal(c->refused_us, t.now_us);
    assert_int_equal(c->refusals, 1);
    assert_int_equal(c->uses, 41);
    assert_int_equal(c->used_by, agent_named(&t, "a2")->ref);
    assert_int_equal(c->agent, agent_named(&t, "a1")->ref);
    assert_sid(&t, c->last_use, "POST /v1/messages");
    assert_sid(&t, c->refusal, "the lease was revoked");
    tell_issued(&t, "a1", "k1", NULL); /* told again: no other lease */
    assert_int_equal(named(&t, "k1")->used_us, used_us);
    assert_int_equal(named(&t, "k1")->uses, 41);
    fleet_free(t.fleet);
}

static void what_it_is_and_whose_is_told_with_it(void **state)
{
    (void)state;
    static const char *const held[] = {"k1"};
    struct teller t = teller_new();
    struct event *ev = say_issued(&t, NULL, "k1", NULL);
    event_set_text(ev, F_CREDENTIAL_KIND, SPAN("ticket"));
    event_set_text(ev, F_CREDENTIAL_HOLDER, SPAN("cron-backup"));
    fold(&t);
    assert_sid(&t, named(&t, "k1")->kind, "ticket"); /* a digest does not make it a lease */
    assert_sid(&t, named(&t, "k1")->holder, "cron-backup");
    assert_int_equal(named(&t, "k1")->agent, 0);
    tell_list(&t, "a1", held, 1);
    assert_sid(&t, named(&t, "k1")->kind, "ticket");
    const char *why = NULL;
    assert_false(fleet_credential_offered(t.fleet, named(&t, "k1"), CREDENTIAL_HELD, &why));
    assert_non_null(strstr(why, "only a lease"));
    fleet_free(t.fleet);
}

static void a_call_that_has_to_wait_is_no_use(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    tell_changed(&t, EVENT_CREDENTIAL_CHANGED, "k1", "held");
    tell_used(&t, "a1", VERDICT_ASK, "the lease was held by uid:0");
    const struct credential *c = named(&t, "k1");
    assert_int_equal(c->wait_us, t.now_us);
    assert_sid(&t, c->wait, "the lease was held by uid:0");
    assert_int_equal(c->used_us, 0);
    assert_int_equal(c->refused_us, 0);
    assert_ptr_equal(fleet_agent_bound(t.fleet, c->agent), c);
    tell_changed(&t, EVENT_CREDENTIAL_CHANGED, "k1", "active");
    assert_null(fleet_agent_bound(t.fleet, c->agent));
    fleet_free(t.fleet);
}

static void a_list_makes_it_and_takes_it_away(void **state)
{
    (void)state;
    static const char *const two[] = {"k1", "k2", "k1"};
    static const char *const other[] = {"k2"};
    struct teller t = teller_new();
    tell_list(&t, "a1", two, 3);
    const struct credential *c = named(&t, "k1");
    assert_int_equal(fleet_credential_count(t.fleet), 2);
    assert_int_equal(c->holders, 1); /* named twice by one */
    assert_false(c->told);
    assert_int_equal(c->state, CREDENTIAL_UNKNOWN);
    assert_sid(&t, c->kind, "token");
    assert_sid(&t, c->revocable, "yes");
    assert_int_equal(c->expires_us, INT64_C(1796083200) * SECOND_US);
    uint32_t ref = named(&t, "k2")->ref;
    tell_list(&t, "a2", other, 1);
    assert_int_equal(named(&t, "k2")->holders, 2);
    assert_int_equal(named(&t, "k2")->agent, agent_named(&t, "a1")->ref);
    tell_list(&t, "a1", other, 1);
    assert_null(named(&t, "k1"));
    assert_int_equal(named(&t, "k2")->ref, ref);
    assert_int_equal(named(&t, "k2")->agent, agent_named(&t, "a1")->ref);
    assert_int_equal(named(&t, "k2")->holders, 2);
    tell_list(&t, "a1", other, 0);
    assert_int_equal(named(&t, "k2")->holders, 1);
    assert_int_equal(named(&t, "k2")->agent, 0);
    tell_list(&t, "a2", other, 0);
    assert_int_equal(fleet_credential_count(t.fleet), 0);
    fleet_free(t.fleet);
}

static void a_list_does_not_overrule_what_was_told(void **state)
{
    (void)state;
    static const char *const ids[] = {"k1"};
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    tell_list(&t, "a2", ids, 1);
    const struct credential *c = named(&t, "k1");
    assert_sid(&t, c->issuer, "anthropic");
    assert_sid(&t, c->scopes, "methods=POST");
    assert_int_equal(c->expires_us, 0);
    assert_sid(&t, c->revocable, "yes");
    assert_int_equal(c->agent, agent_named(&t, "a1")->ref);
    assert_true(fleet_credential_held_by(t.fleet, c, agent_named(&t, "a1")->ref));
    assert_true(fleet_credential_held_by(t.fleet, c, agent_named(&t, "a2")->ref));
    tell_list(&t, "a2", ids, 0);
    assert_non_null(named(&t, "k1"));
    assert_int_equal(named(&t, "k1")->holders, 0);
    fleet_free(t.fleet);
}

static void back_ends_have_their_own(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    t.backend = "b2";
    assert_null(fleet_backend_named(t.fleet, SPAN("b2")));
    tell_issued(&t, "a1", "k1", NULL);
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "k1", "revoked");
    t.backend = "b1";
    assert_int_equal(named(&t, "k1")->state, CREDENTIAL_ACTIVE);
    assert_int_equal(fleet_credential_count(t.fleet), 2);
    fleet_free(t.fleet);
}

static void a_child_goes_no_further_than_its_parent(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", "k3"); /* round in a circle */
    tell_issued(&t, "a1", "k2", "k1");
    tell_issued(&t, "a1", "k3", "k2");
    assert_int_equal(fleet_credential_in_force(t.fleet, named(&t, "k3")), CREDENTIAL_ACTIVE);
    tell_changed(&t, EVENT_CREDENTIAL_CHANGED, "k1", "choked");
    assert_int_equal(fleet_credential_in_force(t.fleet, named(&t, "k3")), CREDENTIAL_CHOKED);
    assert_int_equal(named(&t, "k3")->state, CREDENTIAL_ACTIVE);
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "k2", "revoked");
    assert_int_equal(fleet_credential_in_force(t.fleet, named(&t, "k3")), CREDENTIAL_REVOKED);
    fleet_free(t.fleet);
}

static void reach_has_holders_children_and_what_comes_of_it(void **state)
{
    (void)state;
    static const char *const held[] = {"k2"};
    struct teller t = teller_new();
    tell_started(&t, "a1");
    event_set_text(say(&t, EVENT_AGENT_STARTED, "child"), F_AGENT_PARENT, SPAN("a1"));
    fold(&t);
    event_set_text(say(&t, EVENT_AGENT_STARTED, "grandchild"), F_AGENT_PARENT, SPAN("child"));
    fold(&t);
    tell_started(&t, "bystander");
    tell_issued(&t, "bystander", "k0", NULL);
    tell_issued(&t, "a1", "k1", "k0");
    tell_issued(&t, NULL, "k2", "k1");
    tell_issued(&t, "bystander", "k3", "k0");
    tell_issued(&t, "bystander", "k4", "k0");
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "k4", "revoked");
    tell_list(&t, "a2", held, 1);
    struct credential_reach r;
    uint32_t ref = named(&t, "k1")->ref;
    fleet_credentials_reach(t.fleet, &ref, 1, &r);
    assert_int_equal(r.credentials, 1);
    assert_int_equal(r.derived, 1);
    assert_int_equal(r.siblings, 1); /* what is dead already does not stay in force */
    assert_int_equal(r.holders, 2);
    assert_int_equal(r.agents, 4);
    assert_int_equal(r.agent[0], agent_named(&t, "a1")->ref);
    assert_int_equal(r.agent[1], agent_named(&t, "a2")->ref);
    assert_int_equal(r.losses, 2);
    assert_int_equal(r.loss[0], named(&t, "k1")->ref);
    assert_int_equal(r.loss[1], named(&t, "k2")->ref);
    assert_int_equal(r.kept, 0);
    tell_issued(&t, "a1", "k5", NULL);
    fleet_credentials_reach(t.fleet, &ref, 1, &r);
    assert_int_equal(r.kept, 1);
    uint32_t gone = 4711;
    fleet_credentials_reach(t.fleet, &gone, 1, &r);
    assert_int_equal(r.credentials + r.agents + r.siblings, 0);
    uint32_t refs[2];
    assert_int_equal(fleet_credentials_of_tree(t.fleet, agent_named(&t, "bystander")->ref, refs, 2),
                     3);
    assert_int_equal(refs[0], named(&t, "k0")->ref);
    tell_issued(&t, "grandchild", "k6", NULL);
    assert_int_equal(fleet_credentials_of_tree(t.fleet, agent_named(&t, "a1")->ref, refs, 2), 3);
    assert_int_equal(refs[0], named(&t, "k1")->ref);
    fleet_free(t.fleet);
}

static void tell_revoke(struct teller *t, const char *id, const char *agent, const char *credential)
{
    struct event *ev = say(t, EVENT_OPERATOR_COMMAND, agent);
    event_set_text(ev, F_COMMAND_ID, span_str(id));
    event_set_number(ev, F_VERB, VERB_REVOKE);
    event_set_number(ev, F_COMMAND_STATE, COMMAND_SENT);
    event_put_text(ev, F_CREDENTIAL_ID, span_str(credential));
    fold(t);
}

static const char *revocation_of(const struct teller *t, const char *id)
{
    const struct command_track *c = fleet_credential_revocation(t->fleet, named(t, id));
    return c == NULL ? "" : fleet_str(t->fleet, c->id);
}

static void the_command_that_means_it_is_found(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    tell_issued(&t, "a2", "k2", "k1");
    tell_issued(&t, "a3", "k3", NULL);
    assert_string_equal(revocation_of(&t, "k1"), "");
    tell_revoke(&t, "c1", NULL, "k1");
    assert_string_equal(revocation_of(&t, "k1"), "c1");
    assert_string_equal(revocation_of(&t, "k2"), "c1"); /* it comes of it */
    assert_string_equal(revocation_of(&t, "k3"), "");
    tell_revoke(&t, "c2", "a3", NULL);
    assert_string_equal(revocation_of(&t, "k3"), "c2");
    assert_string_equal(revocation_of(&t, "k1"), "c1");
    tell_revoke(&t, "c3", NULL, "upstream:anthropic");
    assert_string_equal(revocation_of(&t, "k3"), "c3");
    tell_revoke(&t, "c4", NULL, "*");
    assert_string_equal(revocation_of(&t, "k1"), "c4");
    tell_issued(&t, "a3", "k4", NULL); /* issued after all of them */
    assert_string_equal(revocation_of(&t, "k4"), "");
    tell_issued(&t, "a3", "k3", NULL); /* another one of that name */
    assert_string_equal(revocation_of(&t, "k3"), "");
    fleet_free(t.fleet);
}

static void tell_result(struct teller *t, const char *id, enum command_state state)
{
    struct event *ev = say(t, EVENT_OPERATOR_RESULT, NULL);
    event_set_text(ev, F_COMMAND_ID, span_str(id));
    event_set_number(ev, F_COMMAND_STATE, state);
    fold(t);
}

/* Two operators: the second is told that it is under way, and the first's order stays the one. */
static void a_refused_order_hides_none_that_is_under_way(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    tell_issued(&t, "a1", "k2", NULL);
    tell_revoke(&t, "c1", NULL, "k1");
    tell_result(&t, "c1", COMMAND_ACCEPTED);
    tell_revoke(&t, "c2", "a1", NULL);
    assert_string_equal(revocation_of(&t, "k1"), "c2");
    tell_result(&t, "c2", COMMAND_REFUSED);
    assert_string_equal(revocation_of(&t, "k1"), "c1");
    assert_string_equal(revocation_of(&t, "k2"), "c2"); /* of which there is no other */
    fleet_free(t.fleet);
}

static void what_is_in_force_again_has_no_order(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    tell_revoke(&t, "c1", NULL, "k1");
    tell_result(&t, "c1", COMMAND_CONFIRMED);
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "k1", NULL);
    assert_string_equal(revocation_of(&t, "k1"), "c1");
    tell_changed(&t, EVENT_CREDENTIAL_CHANGED, "k1", "active");
    assert_string_equal(revocation_of(&t, "k1"), "");
    fleet_free(t.fleet);
}

static void what_a_snapshot_does_not_bring_is_not_known_any_more(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_issued(&t, "a1", "k1", NULL);
    tell_issued(&t, "a1", "k2", NULL);
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "k2", "revoked");
    uint32_t before = fleet_log_newest(t.fleet);
    fleet_snapshot_begin(t.fleet, SPAN("b1"));
    fleet_snapshot_end(t.fleet, SPAN("b1"), t.seq);
    assert_true(named(&t, "k1")->lost);
    assert_int_equal(named(&t, "k1")->state, CREDENTIAL_UNKNOWN);
    assert_int_equal(named(&t, "k2")->state, CREDENTIAL_REVOKED);
    assert_true(fleet_log_newest(t.fleet) > before);
    assert_sid(&t, fleet_log_entry(t.fleet, fleet_log_newest(t.fleet))->text,
               "not reported any more");
    tell_issued(&t, "a1", "k1", NULL);
    assert_false(named(&t, "k1")->lost);
    fleet_free(t.fleet);
}

static void the_dead_are_few_and_the_living_are_not_dropped(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char id[32];
    for (int i = 0; i < FLEET_CREDENTIALS_REVOKED + 20; i++) {
        (void)snprintf(id, sizeof(id), "dead-%d", i);
        tell_issued(&t, "a1", id, NULL);
        tell_changed(&t, EVENT_CREDENTIAL_REVOKED, id, "revoked");
    }
    assert_int_equal(fleet_credential_count(t.fleet), FLEET_CREDENTIALS_REVOKED);
    assert_null(named(&t, "dead-19"));
    assert_non_null(named(&t, "dead-20"));
    for (int i = 0; i < FLEET_CREDENTIALS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "live-%d", i);
        tell_issued(&t, "a1", id, NULL);
    }
    assert_int_equal(fleet_credential_count(t.fleet), FLEET_CREDENTIALS_MAX);
    assert_non_null(named(&t, "live-0"));
    assert_non_null(named(&t, id));
    assert_null(named(&t, "dead-100"));
    tell_issued(&t, "a1", "one too many", NULL);
    assert_null(named(&t, "one too many"));
    struct fleet_totals totals;
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.refused, 1);
    /* Named while there was no room, and told of later. */
    static const char *const late[] = {"late"};
    tell_list(&t, "a9", late, 1);
    assert_null(named(&t, "late"));
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "live-7", "revoked");
    tell_issued(&t, "a1", "late", NULL);
    assert_int_equal(named(&t, "late")->holders, 1);
    tell_list(&t, "a9", late, 0);
    assert_int_equal(named(&t, "late")->holders, 0);
    fleet_free(t.fleet);
}

static void a_forgotten_agent_lets_go(void **state)
{
    (void)state;
    static const char *const ids[] = {"k1"};
    struct teller t = teller_new();
    tell_list(&t, "a0", ids, 1);
    tell_state(&t, "a0", AGENT_STOPPED);
    char id[32];
    for (int i = 0; i < FLEET_AGENTS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "agent-%d", i);
        tell_started(&t, id);
    }
    assert_null(agent_named(&t, "a0"));
    assert_int_equal(fleet_credential_count(t.fleet), 0);
    fleet_free(t.fleet);
}

static void whether_it_can_be_revoked_is_said(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct span why = SPAN_NONE;
    struct event_row verbs[] = {ROW(SPAN("revoke"))};
    tell_issued(&t, "a1", "k1", NULL);
    assert_false(fleet_credential_revocable(t.fleet, named(&t, "k1"), &why));
    assert_span_is(why, "its back-end is not connected");
    event_set_number(say(&t, EVENT_BACKEND_LINK, NULL), F_LINK, LINK_LIVE);
    event_set_list(&t.ev, F_CAPABILITIES, verbs, 1);
    fold(&t);
    assert_true(fleet_credential_revocable(t.fleet, named(&t, "k1"), &why));
    struct event_row rows[] = {
        ROW(SPAN("k1"), SPAN("login"), SPAN("x"), SPAN("x"), SPAN("never"), SPAN("no: only there")),
        ROW(SPAN("k2"), SPAN("login"), SPAN("x"), SPAN("x"), SPAN("never"), SPAN("")),
        ROW(SPAN("k3"), SPAN("login"), SPAN("x"), SPAN("x"), SPAN("never"), SPAN("yes")),
    };
    event_set_list(say(&t, EVENT_AGENT_UPDATED, "a1"), F_CREDENTIALS, rows, 3);
    fold(&t);
    assert_false(fleet_credential_revocable(t.fleet, named(&t, "k1"), &why));
    assert_span_is(why, "no: only there");
    assert_false(fleet_credential_revocable(t.fleet, named(&t, "k2"), &why));
    assert_span_is(why, "this agent's credentials cannot be revoked from here");
    assert_true(fleet_credential_revocable(t.fleet, named(&t, "k3"), NULL));
    assert_int_equal(named(&t, "k3")->expires_us, 0);
    tell_changed(&t, EVENT_CREDENTIAL_REVOKED, "k3", "revoked");
    assert_false(fleet_credential_revocable(t.fleet, named(&t, "k3"), &why));
    assert_span_is(why, "it is revoked already");
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_of_its_own_makes_it),
        cmocka_unit_test(its_use_and_what_was_refused_are_two_things),
        cmocka_unit_test(what_it_is_and_whose_is_told_with_it),
        cmocka_unit_test(a_call_that_has_to_wait_is_no_use),
        cmocka_unit_test(a_list_makes_it_and_takes_it_away),
        cmocka_unit_test(a_list_does_not_overrule_what_was_told),
        cmocka_unit_test(back_ends_have_their_own),
        cmocka_unit_test(a_child_goes_no_further_than_its_parent),
        cmocka_unit_test(reach_has_holders_children_and_what_comes_of_it),
        cmocka_unit_test(the_command_that_means_it_is_found),
        cmocka_unit_test(a_refused_order_hides_none_that_is_under_way),
        cmocka_unit_test(what_is_in_force_again_has_no_order),
        cmocka_unit_test(what_a_snapshot_does_not_bring_is_not_known_any_more),
        cmocka_unit_test(the_dead_are_few_and_the_living_are_not_dropped),
        cmocka_unit_test(a_forgotten_agent_lets_go),
        cmocka_unit_test(whether_it_can_be_revoked_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
