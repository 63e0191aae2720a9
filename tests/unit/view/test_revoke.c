/* Revoking: nothing goes out before what goes with it was read, and nothing is called revoked
 * before that was confirmed. */
#include "fleet_scene.h"
#include "ui_priv.h"

static void start(struct kit *k, int cols, int rows)
{
    kit_init(k, cols, rows);
    scene_build(k);
    scene_credentials(k);
    draw(k);
    pass_ms(k, 2000);
}

static void select_agent(struct kit *k, const char *line)
{
    ui_command_line(k->ui, k->f, span_str(line), k->now, &k->out);
    draw(k);
    pass_ms(k, 1000);
}

static void ready(struct kit *k)
{
    draw(k);
    press(k, 'G');
    draw(k);
    pass_ms(k, 1100);
    draw(k);
}

/* As the console does: the order is recorded, then its id is told. */
static void record_order(struct kit *k, const char *id)
{
    begin(k, "laptop", EVENT_OPERATOR_COMMAND, 0);
    text(k, F_COMMAND_ID, id);
    number(k, F_VERB, VERB_REVOKE);
    number(k, F_COMMAND_STATE, COMMAND_SENT);
    event_set_text(&k->ev, F_CREDENTIAL_ID, k->out.command.credential);
    fold(k);
    ui_sent(k->ui, span_str(id), k->now);
}

static void tell_result(struct kit *k, const char *id, enum command_state s, const char *words)
{
    begin(k, "laptop", EVENT_OPERATOR_RESULT, 0);
    text(k, F_COMMAND_ID, id);
    number(k, F_COMMAND_STATE, s);
    text(k, s == COMMAND_CONFIRMED ? F_BY : F_REASON, words);
    fold(k);
}

static void several_are_picked_and_each_is_an_order(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    select_agent(&k, "select mailer");
    press(&k, 'v');
    assert_shows(&k, "revoke: what mailer holds");
    assert_shows(&k, "NOT: no: the client keeps it, log out there");
    press(&k, 'a');
    assert_shows(&k, "[x] > active  lease");
    assert_shows(&k, "[x] - listed  token");
    press(&k, 'a');
    assert_hides(&k, "[x]");
    press(&k, ' ');
    press(&k, 'j');
    press(&k, ' ');
    press(&k, KEY(ENTER));
    assert_shows(&k, "revoke 2 credentials?");
    assert_shows(&k, "1 other that comes of these");
    assert_shows(&k, "2 agents: docs-bot, mailer");
    assert_shows(&k, "running streams are cut");
    assert_shows(&k, "none: what is revoked stays so");
    ready(&k);
    assert_shows(&k, "v again revokes them");
    press(&k, 'v');
    assert_command(&k, VERB_REVOKE, "agent/mail", "");
    assert_span_is(k.out.command.credential, LEASE_MAIL);
    assert_span_is(k.out.command.backend, "laptop");
    record_order(&k, "01KONE");
    ui_next(k.ui, k.f, k.now, &k.out);
    assert_command(&k, VERB_REVOKE, "agent/mail", "");
    assert_span_is(k.out.command.credential, "cred-github-7");
    record_order(&k, "01KTWO");
    ui_next(k.ui, k.f, k.now, &k.out);
    assert_int_equal(k.out.kind, INTENT_NONE);
    kit_release(&k);
}

static void it_is_not_called_revoked_before_it_is(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    select_agent(&k, "select mailer");
    press(&k, 'v');
    type(&k, " ");
    press(&k, KEY(ENTER));
    ready(&k);
    press(&k, 'v');
    record_order(&k, "01KONE");
    assert_shows(&k, "active  lease");
    assert_shows(&k, "revoke   requested");
    assert_hides(&k, "revoked  lease");
    tell_result(&k, "01KONE", COMMAND_ACCEPTED, "");
    assert_shows(&k, "revoke   accepted");
    assert_hides(&k, "revoked  lease");
    lease_set(&k, "laptop", "agent/mail", LEASE_MAIL, "revoked");
    tell_result(&k, "01KONE", COMMAND_CONFIRMED, "1 test call was refused with 403");
    assert_shows(&k, "revoked  lease");
    assert_shows(&k, "revoke   confirmed: 1 test call was refused with 403");
    press(&k, KEY(ESC));
    press(&k, '7');
    assert_shows(&k, "confirmed: 1 test call");
    kit_release(&k);
}

static void an_end_that_is_no_proof_is_said(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    press(&k, '7');
    draw(&k);
    pass_ms(&k, 1000);
    press(&k, 'v'); /* the token, which is first: it ends soon */
    assert_shows(&k, "revoke 1 credential?");
    assert_shows(&k, "what runs under it already may go on there");
    assert_hides(&k, "running streams are cut");
    ready(&k);
    press(&k, 'v');
    assert_span_is(k.out.command.credential, "cred-github-7");
    record_order(&k, "01KONE");
    tell_result(&k, "01KONE", COMMAND_UNVERIFIABLE, "introspection is not allowed");
    assert_shows(&k, "cannot verify: introspection is not allowed");
    press(&k, KEY(ESC));
    assert_shows(&k, "cannot verify: introsp");
    kit_release(&k);
}

static void it_is_armed_and_bound_to_what_was_shown(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    select_agent(&k, "select mailer");
    type(&k, "v");
    press(&k, KEY(ENTER)); /* nothing picked: the row */
    pass_ms(&k, 5000);
    assert_int_equal(press(&k, 'v'), INTENT_NONE); /* never drawn */
    draw(&k);
    pass_ms(&k, 900);
    assert_int_equal(press(&k, 'v'), INTENT_NONE); /* too early, and counts anew from here */
    pass_ms(&k, 900);
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    ready(&k);
    lease_issue(&k, "laptop", "agent/tri", "01KLATE", LEASE_MAIL, "");
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    assert_shows(&k, "what it reaches has changed");
    assert_shows(&k, "2 others that come of it");
    ready(&k);
    ui_reconnected(k.ui, k.now);
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    ready(&k);
    ui_frame_lost(k.ui, k.now);
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    ready(&k);
    lease_set(&k, "laptop", "agent/mail", LEASE_MAIL, "revoked"); /* by somebody else */
    draw(&k);
    assert_hides(&k, "credential?");
    assert_shows(&k, "none of them can be revoked any more");
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    assert_shows(&k, "revoke: it is revoked already");
    kit_release(&k);
}

/* It is the text that binds, not where it is kept: a string may take the place of one that is gone.
 */
static void its_words_bind(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    select_agent(&k, "select mailer");
    type(&k, "v");
    press(&k, KEY(ENTER));
    ready(&k);
    assert_shows(&k, "v again revokes it");
    lease_issue(&k, "laptop", "agent/mail", LEASE_MAIL, "", "methods=POST models=other-a*");
    lease_issue(&k, "laptop", "agent/mail", LEASE_MAIL, "", "methods=GET, models=another*");
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    assert_shows(&k, "what it reaches has changed");
    ready(&k);
    begin(&k, "laptop", EVENT_AGENT_UPDATED, 1); /* whose it is said to be */
    text(&k, F_AGENT_ID, "agent/mail");
    text(&k, F_AGENT_NAME, "payroll");
    fold(&k);
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    ready(&k);
    assert_int_equal(press(&k, 'v'), INTENT_COMMAND);
    kit_release(&k);
}

/* At the smallest screen it has to be scrolled: what was not read is not confirmed. */
static void it_is_read_to_its_end(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 60, 15);
    select_agent(&k, "select mailer");
    type(&k, "v");
    press(&k, 'a');
    press(&k, KEY(ENTER));
    assert_shows(&k, "read to the end first");
    pass_ms(&k, 5000);
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    ready(&k);
    assert_shows(&k, "v again revokes them");
    canvas_resize(&k.c, 40, 10);
    ui_resized(k.ui, 40, 10, k.now);
    ready(&k);
    assert_int_equal(press(&k, 'v'), INTENT_NONE);
    kit_release(&k);
}

static void a_fleet_stop_comes_first(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 80, 24);
    select_agent(&k, "select mailer");
    type(&k, "v");
    press(&k, KEY(ENTER));
    ready(&k);
    press(&k, '!');
    press(&k, 'S');
    assert_int_equal(k.out.kind, INTENT_COMMAND);
    assert_int_equal(k.out.command.verb, VERB_STOP_ALL);
    ui_next(k.ui, k.f, k.now, &k.out);
    assert_int_equal(k.out.kind, INTENT_NONE);
    assert_hides(&k, "credential?");
    kit_release(&k);
}

static void esc_leaves_it(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 80, 24);
    select_agent(&k, "select mailer");
    type(&k, "v");
    press(&k, ' ');
    press(&k, KEY(ENTER));
    press(&k, KEY(ESC));
    assert_shows(&k, "what mailer holds");
    press(&k, KEY(ESC));
    assert_shows(&k, "nothing was revoked");
    assert_shows(&k, "─ agents ─");
    kit_release(&k);
}

static void what_cannot_be_revoked_says_why(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    ui_command_line(k.ui, k.f, SPAN("agent mailer"), k.now, &k.out);
    press(&k, KEY(TAB));
    press(&k, KEY(TAB));
    type(&k, "jj");
    draw(&k);
    pass_ms(&k, 1000);
    press(&k, 'v');
    assert_shows(&k, "revoke: no: the client keeps it");
    assert_hides(&k, "credential?");
    backend_verbs(&k, "laptop", LINK_DOWN, 1, "gone", 5);
    press(&k, 'k');
    press(&k, 'v');
    assert_shows(&k, "its back-end is not connected");
    select_agent(&k, "select etl-7");
    press(&k, 'v');
    assert_shows(&k, "it holds no credential that is known here");
    kit_release(&k);
}

static void list_of_mailer(struct kit *k, const char *revocable)
{
    struct event_row row = ROW(SPAN("deploy"), SPAN("oauth access token"),
                               SPAN("https://id.example"), SPAN("repo"), SPAN_NONE);
    row.cell[5] = span_str(revocable);
    begin(k, "laptop", EVENT_AGENT_UPDATED, 5);
    text(k, F_AGENT_ID, "agent/mail");
    event_set_list(&k->ev, F_CREDENTIALS, &row, 1);
    fold(k);
    draw(k);
}

/* What its back-end knows of the way is more than that it can be. */
static void how_it_could_be_proven_is_shown(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 200, 40);
    list_of_mailer(&k, "revocable, cannot be proven: no introspection");
    press(&k, '7');
    ui_command_line(k.ui, k.f, SPAN("filter deploy"), k.now, &k.out);
    draw(&k);
    assert_shows(&k, "revocable, cannot be proven: no introspection");
    list_of_mailer(&k, "NOT revocable from here: no answer");
    assert_shows(&k, "NOT revocable from here: no answer");
    press(&k, 'g');
    draw(&k);
    pass_ms(&k, 1000);
    press(&k, 'v'); /* it may answer now */
    assert_shows(&k, "revoke 1 credential?");
    kit_release(&k);
}

/* Two operators: the second order is refused, the first is what it died of. */
static void an_order_that_did_nothing_hides_no_proof(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 160, 40);
    list_of_mailer(&k, "revocable, proven by introspection");
    begin(&k, "laptop", EVENT_CREDENTIAL_REVOKED, 5);
    text(&k, F_CREDENTIAL_ID, "deploy");
    text(&k, F_PROBE, "not active, active before");
    fold(&k);
    begin(&k, "laptop", EVENT_OPERATOR_COMMAND, 4);
    text(&k, F_COMMAND_ID, "01KLATE");
    number(&k, F_VERB, VERB_REVOKE);
    number(&k, F_COMMAND_STATE, COMMAND_SENT);
    text(&k, F_CREDENTIAL_ID, "deploy");
    fold(&k);
    tell_result(&k, "01KLATE", COMMAND_REFUSED, "it is being revoked already");
    press(&k, '7');
    ui_command_line(k.ui, k.f, SPAN("filter deploy"), k.now, &k.out);
    draw(&k);
    assert_shows(&k, "not active, active before");
    assert_hides(&k, "refused:");
    assert_hides(&k, "never"); /* ends: that is not told */
    kit_release(&k);
}

static void an_order_that_did_not_leave_is_said(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    select_agent(&k, "select mailer");
    type(&k, "v");
    press(&k, KEY(ENTER));
    ready(&k);
    press(&k, 'v');
    record_order(&k, "01KONE");
    ui_send_failed(k.ui, SPAN("01KONE"), "the back-end is gone", k.now);
    assert_shows(&k, "revoke   not sent: the back-end is gone");
    kit_release(&k);
}

/* Its holder is gone: the order goes to its back-end all the same. */
static void a_credential_without_an_agent_is_revoked(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    begin(&k, "laptop", EVENT_CREDENTIAL_ISSUED, 5);
    text(&k, F_CREDENTIAL_ID, "01KORPHAN");
    text(&k, F_CREDENTIAL_DIGEST, A_DIGEST);
    number(&k, F_CREDENTIAL_EXPIRES, k.now.wall_us + 60 * S_US);
    fold(&k);
    press(&k, '7');
    ui_command_line(k.ui, k.f, SPAN("filter ORPHAN"), k.now, &k.out);
    press(&k, 'g');
    draw(&k);
    pass_ms(&k, 1000);
    press(&k, KEY(ENTER));
    assert_shows(&k, "its holder is not known");
    press(&k, 'v');
    assert_shows(&k, "0 agents");
    ready(&k);
    press(&k, 'v');
    assert_command(&k, VERB_REVOKE, "", "");
    assert_span_is(k.out.command.credential, "01KORPHAN");
    assert_span_is(k.out.command.backend, "laptop");
    kit_release(&k);
}

static void a_lease_is_held_at_once_and_released_with_a_question(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    press(&k, 'H');
    assert_shows(&k, "hold: select a credential first");
    press(&k, '7');
    ui_command_line(k.ui, k.f, SPAN("filter claude-"), k.now, &k.out);
    press(&k, 'g');
    draw(&k);
    pass_ms(&k, 1000);
    press(&k, 'u');
    assert_shows(&k, "release: it is not held");
    press(&k, 'H');
    assert_command(&k, VERB_PAUSE, "agent/mail", "");
    assert_span_is(k.out.command.credential, LEASE_MAIL);
    ui_next(k.ui, k.f, k.now, &k.out);
    assert_int_equal(k.out.kind, INTENT_NONE);
    lease_set(&k, "laptop", "agent/mail", LEASE_MAIL, "held");
    press(&k, 'H');
    assert_shows(&k, "hold: it is held already");
    press(&k, 'u');
    assert_shows(&k, "what waits under it goes on at once");
    assert_int_equal(press(&k, 'u'), INTENT_NONE);
    pass_ms(&k, 600);
    assert_shows(&k, "u again lets it go on");
    press(&k, 'u');
    assert_command(&k, VERB_RESUME, "agent/mail", "");
    assert_span_is(k.out.command.credential, LEASE_MAIL);
    press(&k, 'u');
    lease_set(&k, "laptop", "agent/mail", LEASE_MAIL, "revoked");
    draw(&k);
    assert_shows(&k, "release: it is revoked, and stays so");
    ui_command_line(k.ui, k.f, SPAN("filter github"), k.now, &k.out);
    press(&k, 'g');
    draw(&k);
    pass_ms(&k, 1000);
    press(&k, 'H');
    assert_shows(&k, "only a lease can be held");
    kit_release(&k);
}

static void select_lease(struct kit *k)
{
    press(k, '7');
    ui_command_line(k->ui, k->f, SPAN("filter methods"), k->now, &k->out);
    press(k, 'g');
    draw(k);
    pass_ms(k, 1000);
}

/* What is said is of the lease, and what came of it: not of its agent. */
static void a_lease_is_choked_and_what_came_of_it_is_said(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    select_lease(&k);
    press(&k, 'C');
    assert_command(&k, VERB_PAUSE, "agent/mail", "");
    assert_span_is(k.out.command.credential, LEASE_MAIL);
    assert_span_is(k.out.command.scope, "choke");
    record_order(&k, "01KCHOKE");
    assert_shows(&k, "choke …0000K3D9 of mailer: sent");
    tell_result(&k, "01KCHOKE", COMMAND_CONFIRMED, "1 lease is choked; 0 requests wait");
    assert_shows(&k, "choke …0000K3D9 of mailer: confirmed: 1 lease is choked; 0 requests");
    lease_set(&k, "laptop", "agent/mail", LEASE_MAIL, "choked");
    press(&k, 'C');
    assert_shows(&k, "choke: it is choked already");
    press(&k, 'H'); /* from choked to held */
    assert_command(&k, VERB_PAUSE, "agent/mail", "");
    assert_span_is(k.out.command.scope, "");
    kit_release(&k);
}

static void who_waits_on_a_held_lease_is_seen(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    lease_set(&k, "laptop", "agent/tri", LEASE_MAIL, "held");
    lease_issue(&k, "laptop", "agent/tri", "01KTRI", LEASE_MAIL, "");
    begin(&k, "laptop", EVENT_CREDENTIAL_USED, 7);
    text(&k, F_AGENT_ID, "agent/mail");
    text(&k, F_CREDENTIAL_ID, LEASE_MAIL);
    number(&k, F_VERDICT, VERDICT_ASK);
    text(&k, F_REASON, "the lease was held by ops@bastion");
    fold(&k);
    assert_shows(&k, "its lease is held"); /* of triage, by what its own comes of */
    select_lease(&k);
    assert_shows(&k, "waits    a call came");
    assert_shows(&k, "ago and was held: the lease was held by ops@bastion");
    pass_ms(&k, 40000);
    lease_set(&k, "laptop", "agent/tri", LEASE_MAIL, "active");
    assert_shows(&k, "waited   a call came");
    lease_use(&k, "laptop", "agent/mail", LEASE_MAIL, 1413, 0);
    draw(&k);
    assert_hides(&k, "and was held");
    kit_release(&k);
}

/* All rows that the filter lets through; what comes while they are picked is not among them. */
static void all_that_are_listed_can_be_picked(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    press(&k, 'V');
    assert_shows(&k, "revoke-listed: 7 lists the credentials");
    press(&k, '7');
    ui_command_line(k.ui, k.f, SPAN("filter anthropic"), k.now, &k.out);
    draw(&k);
    press(&k, 'V');
    assert_shows(&k, "revoke: 3 that are listed"); /* the revoked one is left out */
    lease_issue(&k, "laptop", "agent/tri", "01KLATE", "", "");
    draw(&k);
    assert_shows(&k, "revoke: 3 that are listed");
    press(&k, 'a');
    press(&k, KEY(ENTER));
    assert_shows(&k, "3 that are picked");
    assert_hides(&k, "01KLATE");
    press(&k, KEY(ESC));
    assert_shows(&k, "revoke: 3 that are listed");
    press(&k, KEY(ESC));
    assert_shows(&k, "6 in force of 7");
    kit_release(&k);
}

/* An agent's sheet is of what it and those that it started hold, also what came since. */
static void what_comes_while_it_is_picked_is_added_behind(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    lease_issue(&k, "codex-prod", "agent/si-d", "01KHELPER", "", "paths=/docs/*");
    select_agent(&k, "select search-index");
    press(&k, 'v');
    assert_shows(&k, "paths=/docs/*  held by index-docs");
    press(&k, ' ');
    lease_issue(&k, "codex-prod", "agent/si", "01KNEW", "", "");
    draw(&k);
    int late = row_with(&k, "01KNEW");
    assert_true(late > row_with(&k, "01KHELPER"));
    assert_shows(&k, "[x] > active  lease 01KHELPER");
    press(&k, KEY(ENTER));
    assert_shows(&k, "revoke 1 credential?");
    assert_hides(&k, "01KNEW");
    kit_release(&k);
}

static void the_view_sorts_filters_and_tells_time(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    press(&k, '7');
    assert_true(row_with(&k, "cred-github-7") > 0);
    int token = row_with(&k, "…ithub-7");
    assert_true(token < row_with(&k, "…000T0AA"));
    assert_true(row_with(&k, "…000T0AA") < row_with(&k, "…eychain"));
    assert_true(row_with(&k, "…000K3D9") < row_with(&k, "…000ZZ1B"));
    press(&k, 'o');
    assert_shows(&k, "by last used");
    assert_true(row_with(&k, "…000K3D9") < row_with(&k, "…000Q7RM"));
    ui_command_line(k.ui, k.f, SPAN("filter held"), k.now, &k.out);
    assert_shows(&k, "…000T0AA");
    assert_hides(&k, "…000K3D9");
    ui_command_line(k.ui, k.f, SPAN("filter github"), k.now, &k.out);
    assert_shows(&k, "in 29m");
    assert_true(next_change(&k) < INT64_MAX);
    pass_ms(&k, 3600 * 1000);
    assert_shows(&k, ". expired");
    lease_set(&k, "laptop", "agent/mail", LEASE_MAIL, "choked");
    ui_command_line(k.ui, k.f, SPAN("filter haiku"), k.now, &k.out);
    assert_shows(&k, "choked above");
    kit_release(&k);
}

/* What a back-end says is drawn as text only. */
static void hostile_words_stay_words(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 100, 30);
    const struct event_row row[] = {
        ROW(SPAN("\x1b[2Jid\xe2\x80\xae"),
            SPAN("le\x07"
                 "ase"),
            SPAN("\xff\xfe"), SPAN("[x] > active"), SPAN("\x1b]52;c;AAAA\x07"),
            SPAN("no: \x1b[31mred\n\n\n")),
    };
    begin(&k, "laptop", EVENT_AGENT_UPDATED, 0);
    text(&k, F_AGENT_ID, "agent/mail");
    event_set_list(&k.ev, F_CREDENTIALS, row, 1);
    fold(&k);
    press(&k, '7');
    ui_command_line(k.ui, k.f, SPAN("filter id"), k.now, &k.out);
    const char *views[] = {"7", "v", "1"};
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        const char *s = screen(&k);
        assert_null(strchr(s, '\x1b'));
        assert_null(strchr(s, '\x07'));
        type(&k, views[i]);
    }
    select_agent(&k, "select mailer");
    press(&k, 'v');
    assert_null(strchr(screen(&k), '\x1b'));
    assert_shows(&k, " -  ");
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_are_picked_and_each_is_an_order),
        cmocka_unit_test(it_is_not_called_revoked_before_it_is),
        cmocka_unit_test(an_end_that_is_no_proof_is_said),
        cmocka_unit_test(it_is_armed_and_bound_to_what_was_shown),
        cmocka_unit_test(its_words_bind),
        cmocka_unit_test(it_is_read_to_its_end),
        cmocka_unit_test(a_fleet_stop_comes_first),
        cmocka_unit_test(esc_leaves_it),
        cmocka_unit_test(what_cannot_be_revoked_says_why),
        cmocka_unit_test(how_it_could_be_proven_is_shown),
        cmocka_unit_test(an_order_that_did_nothing_hides_no_proof),
        cmocka_unit_test(an_order_that_did_not_leave_is_said),
        cmocka_unit_test(a_credential_without_an_agent_is_revoked),
        cmocka_unit_test(a_lease_is_held_at_once_and_released_with_a_question),
        cmocka_unit_test(a_lease_is_choked_and_what_came_of_it_is_said),
        cmocka_unit_test(who_waits_on_a_held_lease_is_seen),
        cmocka_unit_test(all_that_are_listed_can_be_picked),
        cmocka_unit_test(what_comes_while_it_is_picked_is_added_behind),
        cmocka_unit_test(the_view_sorts_filters_and_tells_time),
        cmocka_unit_test(hostile_words_stay_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
