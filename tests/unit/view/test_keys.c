/* What keys mean in the views, at the prompts, when frozen, read-only or in replay. */
#include "fleet_scene.h"

static void start(struct kit *k)
{
    kit_init(k, 120, 40);
    scene_build(k);
}

static const char *selected(struct kit *k)
{
    static char row[8192];
    int y = row_with(k, "▸");
    (void)span_copy(span_str(y < 0 ? "" : row_text(k, y)), row, sizeof(row));
    return row;
}

static void the_selection_is_an_agent_not_a_row(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    type(&k, "jjjjj");
    assert_contains(selected(&k), "search-index");
    for (int i = 0; i < 12; i++) { /* through all orders and back */
        press(&k, 'o');
        assert_contains(selected(&k), "search-index");
    }
    press(&k, 't');
    assert_contains(selected(&k), "search-index");
    press(&k, 'w');
    assert_contains(selected(&k), "search-index");
    canvas_resize(&k.c, 60, 15);
    ui_resized(k.ui, 60, 15, k.now);
    assert_contains(selected(&k), "search-index");
    canvas_resize(&k.c, 200, 60);
    assert_contains(selected(&k), "search-index");
    for (int i = 0; i < 30; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/x%d", i);
        agent_add(&k, "ci",
                  &(struct an_agent){.id = id, .name = id, .state = AGENT_FAILED, .since_s = 1});
    }
    assert_contains(selected(&k), "search-index");
    agent_state(&k, "codex-prod", "agent/si", AGENT_FAILED);
    assert_contains(selected(&k), "search-index");
    press(&k, 'p');
    assert_command(&k, VERB_PAUSE, "agent/si", "");
    kit_release(&k);
}

/* Rows that come in above push nothing under the eye away. */
static void the_selected_row_stays_where_it_is_on_the_screen(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 80, 24);
    backend_live(&k, "lab");
    for (int i = 0; i < 60; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/%02d", i);
        agent_add(&k, "lab",
                  &(struct an_agent){.id = id, .name = id, .state = AGENT_RUNNING, .since_s = 9});
    }
    draw(&k);
    for (int i = 0; i < 30; i++) {
        press(&k, 'j');
        draw(&k);
    }
    for (int i = 0; i < 5; i++) { /* away from the edge of the window */
        press(&k, 'k');
        draw(&k);
    }
    int y = row_with(&k, "▸");
    assert_contains(row_text(&k, y), "agent/25");
    for (int i = 0; i < 5; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/%02d", 40 + i);
        agent_state(&k, "lab", id, AGENT_PAUSED);
        assert_int_equal(row_with(&k, "▸"), y);
        assert_contains(row_text(&k, y), "agent/25");
    }
    kit_release(&k);
}

static void moves_within_the_list(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    press(&k, 'G');
    assert_contains(selected(&k), "migrate-db");
    press(&k, 'j');
    assert_contains(selected(&k), "migrate-db");
    press(&k, 'g');
    assert_contains(selected(&k), "billing-recon");
    press(&k, 'k');
    assert_contains(selected(&k), "billing-recon");
    press(&k, KEY(PGDN));
    assert_contains(selected(&k), "migrate-db");
    press(&k, KEY(PGUP));
    assert_contains(selected(&k), "billing-recon");
    press(&k, KEY(DOWN));
    assert_contains(selected(&k), "docs-bot");
    press(&k, ' '); /* what waits longest: the high one first */
    assert_contains(selected(&k), "billing-recon");
    press(&k, ' ');
    assert_contains(selected(&k), "docs-bot");
    kit_release(&k);
}

static void children_stand_under_their_parents(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    agent_add(&k, "codex-prod",
              &(struct an_agent){.id = "agent/si-dd",
                                 .name = "deeper",
                                 .parent = "agent/si-d",
                                 .state = AGENT_PAUSED,
                                 .since_s = 1});
    press(&k, 't');
    int y = row_with(&k, "search-index");
    assert_contains(row_text(&k, y + 1), "├ index-docs");
    assert_contains(row_text(&k, y + 2), "│ └ deeper");
    assert_contains(row_text(&k, y + 3), "└ index-code");
    kit_release(&k);
}

static void sorts_by_each_column(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    press(&k, 'o');
    assert_shows(&k, "by name");
    assert_true(row_with(&k, "index-code") < row_with(&k, "index-docs"));
    ui_command_line(k.ui, k.f, SPAN("sort spend"), k.now, &k.out);
    assert_shows(&k, "by spend");
    int header = row_with(&k, " state ");
    assert_contains(row_text(&k, header + 1), "etl-7");
    ui_command_line(k.ui, k.f, SPAN("sort colour"), k.now, &k.out);
    assert_shows(&k, "no order called colour");
    kit_release(&k);
}

/* A row that is a task stands for its agent: its number is no agent's. */
static void a_key_on_a_task_is_for_its_agent(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    begin(&k, "laptop", EVENT_TASK_STARTED, 10);
    text(&k, F_AGENT_ID, "agent/docs");
    text(&k, F_TASK_ID, "t1");
    text(&k, F_TASK_TITLE, "mend the fence");
    fold(&k);
    press(&k, '5');
    ui_command_line(k.ui, k.f, SPAN("sort task"), k.now, &k.out);
    assert_shows(&k, "by task");
    assert_shows(&k, "mend the fence");
    ui_command_line(k.ui, k.f, SPAN("select mend"), k.now, &k.out);
    press(&k, 'j');
    press(&k, 'z');
    press(&k, 'p');
    assert_command(&k, VERB_PAUSE, "agent/docs", "");
    press(&k, 'o'); /* agents again, and nothing of it is selected */
    press(&k, 'p');
    assert_hides(&k, "mend the fence");
    kit_release(&k);
}

/* ---- filter */
static void filters_while_typing(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    press(&k, '/');
    type(&k, "INDEX");
    assert_shows(&k, "3 of 12");
    press(&k, KEY(ENTER));
    assert_shows(&k, "agents ─ /INDEX");
    assert_contains(selected(&k), "search-index");
    press(&k, KEY(ESC));
    assert_hides(&k, "/INDEX");
    press(&k, '/');
    type(&k, "!codex");
    press(&k, KEY(ENTER));
    assert_hides(&k, "search-index");
    assert_shows(&k, "mailer");
    press(&k, KEY(ESC));
    type(&k, "/zzzz");
    assert_shows(&k, "the filter hides all 12 rows");
    assert_int_equal(press(&k, 'x'), INTENT_NONE);
    press(&k, KEY(ESC));
    assert_shows(&k, "search-index");
    kit_release(&k);
}

/* An agent that the filter hides takes no order. */
static void a_hidden_agent_is_not_the_selected_one(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    type(&k, "jjjjj"); /* search-index, running */
    type(&k, "/running");
    press(&k, KEY(ENTER));
    assert_contains(selected(&k), "search-index");
    agent_state(&k, "codex-prod", "agent/si", AGENT_IDLE);
    assert_int_not_equal(press(&k, 'p'), INTENT_COMMAND);
    assert_shows(&k, "select an agent first");
    press(&k, 'j');
    assert_string_not_equal(selected(&k), "");
    kit_release(&k);
}

static void finds_the_next_row(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    type(&k, "/index");
    press(&k, KEY(ENTER));
    press(&k, KEY(ESC));
    press(&k, 'g');
    press(&k, 'n');
    assert_contains(selected(&k), "search-index");
    press(&k, 'n');
    assert_contains(selected(&k), "index-docs");
    press(&k, 'N');
    press(&k, 'N');
    assert_contains(selected(&k), "index-code"); /* around */
    kit_release(&k);
}

/* ---- command line */
static void set_budget(struct kit *k)
{
    draw(k);
    pass_ms(k, 1000);
    press(k, 'b');
}

static void runs_commands_by_name(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    type(&k, ":view queue");
    press(&k, KEY(ENTER));
    assert_shows(&k, "─ approvals ─");
    type(&k, ":agent mailer");
    press(&k, KEY(ENTER));
    assert_shows(&k, "─ mailer ─");
    type(&k, ":frobnicate");
    press(&k, KEY(ENTER));
    assert_shows(&k, "no command is called frobnicate");
    type(&k, ":q");
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_QUIT);
    ui_command_line(k.ui, k.f, SPAN("select search-index"), k.now, &k.out);
    ui_command_line(k.ui, k.f, SPAN("pause"), k.now, &k.out);
    assert_command(&k, VERB_PAUSE, "agent/si", "");
    ui_command_line(k.ui, k.f, SPAN("message please stop here"), k.now, &k.out);
    assert_command(&k, VERB_MESSAGE, "agent/si", "");
    assert_span_is(k.out.command.reason, "please stop here");
    ui_command_line(k.ui, k.f, SPAN("budget 2.50"), k.now, &k.out);
    set_budget(&k);
    assert_command(&k, VERB_BUDGET, "agent/si", "");
    assert_true(k.out.command.limit_microusd == 2500000);
    ui_command_line(k.ui, k.f, SPAN("budget 400000 tokens"), k.now, &k.out);
    set_budget(&k);
    assert_command(&k, VERB_BUDGET, "agent/si", "");
    assert_true(k.out.command.limit_microusd == 0 && k.out.command.limit_tokens == 400000);
    ui_command_line(k.ui, k.f, SPAN("budget @day 50"), k.now, &k.out);
    set_budget(&k);
    assert_command(&k, VERB_BUDGET, "*", "");
    assert_span_is(k.out.command.scope, "day");
    assert_true(k.out.command.limit_microusd == 50000000);
    ui_command_line(k.ui, k.f, SPAN("budget @task 1"), k.now, &k.out);
    assert_shows(&k, "works on no task");
    begin(&k, "codex-prod", EVENT_TASK_STARTED, 0);
    text(&k, F_AGENT_ID, "agent/si");
    text(&k, F_TASK_ID, "t1");
    fold(&k);
    ui_command_line(k.ui, k.f, SPAN("budget @task 1"), k.now, &k.out);
    set_budget(&k);
    assert_true(k.out.command.limit_microusd == 1000000);
    assert_true(span_is(k.out.command.scope, "task:t1") &&
                span_is(k.out.command.agent, "agent/si"));
    ui_command_line(k.ui, k.f, SPAN("budget 0"), k.now, &k.out);
    assert_int_equal(k.out.kind, INTENT_NONE);
    ui_command_line(k.ui, k.f, SPAN("select billing-recon"), k.now, &k.out);
    ui_command_line(k.ui, k.f, SPAN("deny not on a Friday"), k.now, &k.out);
    assert_command(&k, VERB_DENY, "agent/7f3c", "01KBILLING");
    assert_span_is(k.out.command.reason, "not on a Friday");
    ui_command_line(k.ui, k.f, SPAN("approve"), k.now, &k.out); /* opens, as the key does */
    assert_int_equal(k.out.kind, INTENT_FLUSH_KEYS);
    ui_command_line(k.ui, k.f, SPAN("approve"), k.now, &k.out);
    assert_int_equal(k.out.kind, INTENT_NONE);
    kit_release(&k);
}

static void completes_and_remembers(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    type(&k, ":que");
    press(&k, KEY(TAB));
    assert_shows(&k, ":queue");
    press(&k, KEY(ENTER));
    assert_shows(&k, "─ approvals ─");
    type(&k, ":agent se");
    press(&k, KEY(TAB));
    assert_shows(&k, ":agent search-index");
    press(&k, KEY(ESC));
    type(&k, ":");
    press(&k, KEY(UP));
    assert_shows(&k, ":queue");
    press(&k, KEY(DOWN));
    assert_hides(&k, ":queue");
    type(&k, "re");
    press(&k, KEY(TAB));
    assert_shows(&k, ":resume");
    press(&k, KEY(TAB));
    assert_shows(&k, ":revoke");
    press(&k, KEY(ESC));
    kit_release(&k);
}

static void edits_the_line(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    type(&k, ":abc def");
    press(&k, KEY(LEFT));
    press(&k, KEY(BACKSPACE));
    assert_shows(&k, ":abc df");
    press(&k, KEY_CTRL | 'w');
    assert_shows(&k, ":abc f");
    press(&k, KEY(HOME));
    press(&k, KEY(DELETE));
    assert_shows(&k, ":bc f");
    press(&k, 0x20AC);
    assert_shows(&k, ":€bc f");
    press(&k, KEY(BACKSPACE));
    assert_shows(&k, ":bc f");
    press(&k, KEY(END));
    press(&k, KEY_CTRL | 'u');
    assert_hides(&k, "bc f");
    for (int i = 0; i < 400; i++) {
        press(&k, 'x');
    }
    draw(&k);
    press(&k, KEY(ENTER));
    assert_shows(&k, "no command is called xxx");
    kit_release(&k);
}

/* ---- modes */
static void read_only_sends_nothing(void **state)
{
    struct kit k;
    (void)state;
    kit_options(&k, 120, 40, (struct ui_options){.readonly = true});
    scene_build(&k);
    assert_shows(&k, "READONLY");
    static const char keys[] = "adpriXvmb";
    for (size_t i = 0; i + 1 < sizeof(keys); i++) {
        assert_int_equal(press(&k, (uint32_t)keys[i]), INTENT_NONE);
        assert_shows(&k, "read-only: no effect");
    }
    press(&k, '!');
    assert_shows(&k, "read-only: no effect");
    assert_int_equal(press(&k, 'S'), INTENT_NONE);
    assert_hides(&k, "d deny");
    press(&k, '2');
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_FLUSH_KEYS); /* reading is free */
    assert_shows(&k, "cannot be approved: read-only");
    kit_release(&k);
}

/* What the connection may not do is not offered, and its key says why; one that may only read is
 * READONLY. */
static void rights_are_those_of_the_connection(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 120, 40);
    backend_live(&k, "b");
    agent_add(&k, "b", &(struct an_agent){.id = "a", .name = "one", .state = AGENT_RUNNING});
    backend_rights(&k, "b", "read decide");
    assert_hides(&k, "READONLY");
    assert_int_equal(press(&k, 'p'), INTENT_NONE);
    assert_shows(&k, "no right to control agents");
    assert_int_equal(press(&k, 'X'), INTENT_NONE);
    assert_shows(&k, "no right to stop agents");
    backend_rights(&k, "b", "read");
    assert_shows(&k, "READONLY");
    static const char keys[] = "priXvmb!";
    for (size_t i = 0; i + 1 < sizeof(keys); i++) {
        assert_int_equal(press(&k, (uint32_t)keys[i]), INTENT_NONE);
        assert_shows(&k, "this connection may only read");
    }
    assert_int_equal(press(&k, 'S'), INTENT_NONE);
    backend_rights(&k, "b", "read control");
    assert_hides(&k, "READONLY");
    pass_ms(&k, 1000);
    assert_int_equal(press(&k, 'p'), INTENT_COMMAND);
    kit_release(&k);
}

static void who_else_is_there(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 120, 40);
    backend_live(&k, "b");
    backend_rights(&k, "b", "read control");
    press(&k, 'W');
    assert_shows(&k, "nobody else is watching");
    someone_watches(&k, "b", "token:mine", "01MINE");
    assert_hides(&k, "watching  ");
    someone_watches(&k, "b", "token:x\033[31m", "01A");
    assert_shows(&k, "+1 watching");
    press(&k, 'W');
    assert_shows(&k, "1 other watches: token:x\\e[31m (read decide)");
    kit_release(&k);
}

static void replay_sends_nothing(void **state)
{
    struct kit k;
    (void)state;
    kit_options(&k, 120, 40, (struct ui_options){.replay = true});
    scene_build(&k);
    assert_shows(&k, "REPLAY");
    assert_hides(&k, " LIVE");
    assert_int_equal(press(&k, 'p'), INTENT_NONE);
    assert_shows(&k, "replay: no effect");
    kit_release(&k);
}

static void frozen_stands_still_and_takes_no_orders(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    press(&k, 'F');
    assert_shows(&k, "FROZEN");
    agent_add(&k, "ci",
              &(struct an_agent){
                  .id = "agent/new", .name = "newcomer", .state = AGENT_FAILED, .since_s = 0});
    assert_shows(&k, "13 agents"); /* the counters go on */
    assert_hides(&k, "newcomer");
    assert_int_equal(press(&k, 'p'), INTENT_NONE);
    assert_shows(&k, "unfrozen");
    assert_shows(&k, "newcomer");
    pass_ms(&k, 6000);
    press(&k, 'F');
    draw(&k);
    press(&k, 'F');
    assert_hides(&k, "FROZEN");
    assert_hides(&k, "did nothing else");
    press(&k, 'F');
    draw(&k);
    assert_int_equal(press(&k, 'Q'), INTENT_QUIT);
    press(&k, '!');
    press(&k, 'S');
    assert_int_equal(k.out.command.verb, VERB_STOP_ALL);
    assert_hides(&k, "FROZEN");
    kit_release(&k);
}

static void offers_only_what_the_back_end_can(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    ui_command_line(k.ui, k.f, SPAN("select nightly-audit"), k.now, &k.out);
    assert_int_equal(press(&k, 'p'), INTENT_NONE);
    assert_shows(&k, "pause: its back-end is not connected");
    const char *keys_line = row_text(&k, k.c.h - 1);
    assert_null(strstr(keys_line, "pause"));
    ui_command_line(k.ui, k.f, SPAN("select search-index"), k.now, &k.out);
    assert_int_equal(press(&k, 'r'), INTENT_NONE);
    assert_shows(&k, "resume: it is not paused");
    kit_release(&k);
}

static void pauses_at_once_and_resumes_with_a_question(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    ui_command_line(k.ui, k.f, SPAN("select search-index"), k.now, &k.out);
    draw(&k);
    press(&k, 'p');
    assert_command(&k, VERB_PAUSE, "agent/si", "");
    ui_sent(k.ui, SPAN("01P"), k.now);
    assert_shows(&k, "pause search-index: sent");
    ui_command_line(k.ui, k.f, SPAN("select mailer"), k.now, &k.out);
    draw(&k);
    assert_int_equal(press(&k, 'r'), INTENT_FLUSH_KEYS);
    assert_int_not_equal(press(&k, 'r'), INTENT_COMMAND);
    pass_ms(&k, 400);
    assert_int_not_equal(press(&k, 'r'), INTENT_COMMAND); /* began anew */
    pass_ms(&k, 600);
    press(&k, 'r');
    assert_command(&k, VERB_RESUME, "agent/mail", "");
    press(&k, 'r');
    press(&k, KEY(ESC));
    pass_ms(&k, 600);
    assert_hides(&k, "again resumes it");
    press(&k, 'r');
    agent_state(&k, "laptop", "agent/mail", AGENT_RUNNING);
    pass_ms(&k, 600);
    assert_int_not_equal(press(&k, 'r'), INTENT_COMMAND);
    assert_shows(&k, "resume: it is not paused");
    kit_release(&k);
}

static void stopping_is_typed(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    ui_command_line(k.ui, k.f, SPAN("select mailer"), k.now, &k.out);
    draw(&k);
    assert_int_equal(press(&k, 'X'), INTENT_FLUSH_KEYS);
    assert_shows(&k, "end mailer, type \"mailer\"");
    assert_int_not_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    type(&k, "mail");
    assert_int_not_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_shows(&k, "that is not the word");
    type(&k, "mailer");
    press(&k, KEY(ENTER));
    assert_command(&k, VERB_STOP, "agent/mail", "");
    kit_release(&k);
}

static void walks_the_views_and_tabs(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    static const char *const titles[] = {"─ agents ─",     "─ approvals ─", "─ log ─",
                                         "─ timeline ─",   "─ spend ─",     "─ alarms ─",
                                         "─ credentials ─"};
    for (uint32_t i = 0; i < ARRAY_LEN(titles); i++) {
        press(&k, '1' + i);
        assert_shows(&k, titles[i]);
    }
    press(&k, KEY(TAB));
    assert_shows(&k, titles[0]);
    press(&k, KEY(BACKTAB));
    assert_shows(&k, titles[ARRAY_LEN(titles) - 1]);
    press(&k, KEY(ESC));
    assert_shows(&k, titles[0]);
    press(&k, KEY(ESC)); /* never quits */
    assert_int_equal(k.out.kind, INTENT_NONE);
    press(&k, KEY(ENTER));
    static const char *const tabs[] = {"[now]",   "[timeline]", "[may]",
                                       "[spend]", "[children]", "[raw]"};
    for (uint32_t i = 0; i < ARRAY_LEN(tabs); i++) {
        assert_shows(&k, tabs[i]);
        press(&k, KEY(TAB));
    }
    assert_shows(&k, "[now]");
    press(&k, KEY(ESC));
    assert_shows(&k, titles[0]);
    kit_release(&k);
}

static void help_is_searched_and_knows_other_keys(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    assert_status(ui_bind(k.ui, SPAN("pause"), SPAN("z f5"), NULL), ST_OK);
    press(&k, '?');
    assert_shows(&k, "z f5");
    press(&k, '/');
    type(&k, "spending limit");
    assert_shows(&k, "budget");
    assert_hides(&k, "page-down");
    press(&k, KEY(ENTER));
    press(&k, KEY(ESC));
    assert_hides(&k, "spending limit");
    ui_command_line(k.ui, k.f, SPAN("select search-index"), k.now, &k.out);
    assert_int_equal(press(&k, 'p'), INTENT_NONE);
    press(&k, 'z');
    assert_command(&k, VERB_PAUSE, "agent/si", "");
    kit_release(&k);
}

static void a_bad_binding_changes_nothing(void **state)
{
    struct kit k;
    struct why why = {{0}};
    (void)state;
    start(&k);
    assert_int_not_equal(ui_bind(k.ui, SPAN("pause"), SPAN("d"), &why), ST_OK);
    assert_string_not_equal(why.text, "");
    assert_status(ui_bind(k.ui, SPAN("pauze"), SPAN("z"), &why), ST_NOTFOUND);
    assert_int_not_equal(ui_bind(k.ui, SPAN("pause"), SPAN("nokey"), &why), ST_OK);
    ui_command_line(k.ui, k.f, SPAN("select search-index"), k.now, &k.out);
    press(&k, 'p');
    assert_command(&k, VERB_PAUSE, "agent/si", "");
    kit_release(&k);
}

static void every_action_has_a_name_a_key_and_help(void **state)
{
    struct kit k;
    struct buf b;
    (void)state;
    start(&k);
    buf_init(&b, 65536);
    assert_status(view_keys_text(k.ui, &b), ST_OK);
    for (unsigned a = 0; a < ACTION_COUNT; a++) {
        const struct action_info *info = action_info((enum action)a);
        assert_int_equal(action_find(span_str(info->name)), a);
        assert_contains(b.data, info->help);
    }
    assert_int_equal(action_find(SPAN("q")), ACT_QUIT);
    assert_int_equal(action_find(SPAN("")), ACTION_COUNT);
    assert_null(action_info(ACTION_COUNT));
    buf_release(&b);
    kit_release(&k);
}

static void tells_the_application(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    assert_int_equal(press(&k, 'R'), INTENT_RECONNECT);
    assert_int_equal(press(&k, KEY_CTRL | 'l'), INTENT_REDRAW);
    assert_int_equal(press(&k, 'y'), INTENT_COPY);
    assert_span_is(k.out.text, "agent/7f3c");
    assert_int_equal(press(&k, 'Q'), INTENT_QUIT);
    kit_release(&k);
}

static void a_notice_stays_long_enough(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    ui_notice(k.ui, SPAN("record failed: \x1b[31mno space"), ROLE_ERROR, k.now);
    assert_shows(&k, "record failed: \\e[31mno space");
    press(&k, 'j');
    assert_shows(&k, "record failed");
    pass_ms(&k, 5100);
    assert_hides(&k, "record failed");
    ui_notice(k.ui, SPAN("unread"), ROLE_ERROR, k.now);
    pass_ms(&k, 600000);
    assert_shows(&k, "unread"); /* nobody was here */
    kit_release(&k);
}

static void says_stale_failed_and_demo(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    assert_shows(&k, "STALE");
    assert_hides(&k, " LIVE ");
    assert_shows(&k, "last known: running");
    backend_verbs(&k, "edge-eu", LINK_LIVE, 0, "", 0);
    assert_shows(&k, " LIVE ");
    assert_hides(&k, "demo agents");
    agent_add(&k, "ci",
              &(struct an_agent){
                  .id = "agent/d", .name = "d", .state = AGENT_IDLE, .since_s = 0, .demo = true});
    assert_shows(&k, "demo agents");
    ui_set_record_failed(k.ui, true);
    assert_shows(&k, "RECORD FAILED");
    canvas_resize(&k.c, 60, 15);
    assert_shows(&k, "demo agents");
    assert_shows(&k, "RECORD FAILED");
    kit_release(&k);
}

static void too_small_is_one_line(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    canvas_resize(&k.c, 59, 15);
    assert_shows(&k, "too small: 59x15, needs 60x15; 2 waiting");
    canvas_resize(&k.c, 60, 14);
    assert_shows(&k, "too small");
    canvas_resize(&k.c, 1, 1);
    draw(&k);
    kit_release(&k);
}

static void an_answered_request_stays_struck_through_for_a_while(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    press(&k, '2');
    draw(&k);
    request_resolve(&k, "laptop", "01KDOCS", DECISION_DENIED, "m.ito", "no");
    int y = row_with(&k, "docs-bot");
    assert_true(y > 0);
    assert_contains(row_text(&k, y), "denied");
    bool struck = false;
    for (int x = 0; x < k.c.w; x++) {
        struck = struck || (k.c.cells[y * k.c.w + x].flags & CELL_STRIKE) != 0;
    }
    assert_true(struck);
    assert_true(next_change(&k) < INT64_MAX);
    pass_ms(&k, 10001);
    assert_int_equal(row_with(&k, "docs-bot"), -1);
    kit_release(&k);
}

/* How far below the table's header a text stands; the band above has it too. */
static int place_in_table(struct kit *k, const char *part)
{
    int header = row_with(k, "if not");
    for (int y = header + 1; y < k->c.h; y++) {
        if (strstr(row_text(k, y), part) != NULL) {
            return y - header;
        }
    }
    return -1;
}

static void an_answered_request_keeps_its_place(void **state)
{
    static const char *const ids[] = {"request-0", "request-1", "request-2", "request-3"};
    int places[ARRAY_LEN(ids)];
    struct kit k;
    (void)state;
    start(&k);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        request_add(&k, "ci",
                    &(struct a_request){.agent = "agent/lint",
                                        .id = ids[i],
                                        .tool = "x",
                                        .summary = ids[i],
                                        .action = "{\"a\":1}",
                                        .risk = i % 2 ? RISK_HIGH : RISK_LOW,
                                        .asked_s = 6 - (int64_t)i});
    }
    press(&k, '2');
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        places[i] = place_in_table(&k, ids[i]);
        assert_true(places[i] > 0);
    }
    request_resolve(&k, "ci", ids[1], DECISION_DENIED, "m.ito", "");
    request_resolve(&k, "ci", ids[2], DECISION_APPROVED, "m.ito", "");
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        assert_int_equal(place_in_table(&k, ids[i]), places[i]);
    }
    kit_release(&k);
}

static void an_empty_world_is_drawn(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 80, 24);
    static const char keys[] = "123456adpriXvmb oGgtwnN";
    assert_shows(&k, "no agent has been seen yet");
    assert_shows(&k, "none is configured");
    for (size_t i = 0; i + 1 < sizeof(keys); i++) {
        assert_int_not_equal(press(&k, (uint32_t)keys[i]), INTENT_COMMAND);
        draw(&k);
    }
    press(&k, KEY(ENTER));
    draw(&k);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_selection_is_an_agent_not_a_row),
        cmocka_unit_test(the_selected_row_stays_where_it_is_on_the_screen),
        cmocka_unit_test(moves_within_the_list),
        cmocka_unit_test(children_stand_under_their_parents),
        cmocka_unit_test(sorts_by_each_column),
        cmocka_unit_test(a_key_on_a_task_is_for_its_agent),
        cmocka_unit_test(filters_while_typing),
        cmocka_unit_test(a_hidden_agent_is_not_the_selected_one),
        cmocka_unit_test(finds_the_next_row),
        cmocka_unit_test(runs_commands_by_name),
        cmocka_unit_test(completes_and_remembers),
        cmocka_unit_test(edits_the_line),
        cmocka_unit_test(read_only_sends_nothing),
        cmocka_unit_test(rights_are_those_of_the_connection),
        cmocka_unit_test(who_else_is_there),
        cmocka_unit_test(replay_sends_nothing),
        cmocka_unit_test(frozen_stands_still_and_takes_no_orders),
        cmocka_unit_test(offers_only_what_the_back_end_can),
        cmocka_unit_test(pauses_at_once_and_resumes_with_a_question),
        cmocka_unit_test(stopping_is_typed),
        cmocka_unit_test(walks_the_views_and_tabs),
        cmocka_unit_test(help_is_searched_and_knows_other_keys),
        cmocka_unit_test(a_bad_binding_changes_nothing),
        cmocka_unit_test(every_action_has_a_name_a_key_and_help),
        cmocka_unit_test(tells_the_application),
        cmocka_unit_test(a_notice_stays_long_enough),
        cmocka_unit_test(says_stale_failed_and_demo),
        cmocka_unit_test(too_small_is_one_line),
        cmocka_unit_test(an_answered_request_stays_struck_through_for_a_while),
        cmocka_unit_test(an_answered_request_keeps_its_place),
        cmocka_unit_test(an_empty_world_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
