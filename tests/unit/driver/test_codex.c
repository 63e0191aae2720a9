/* The client of `codex app-server`, fed by hand: what hostile frames bring about, what counts as
 * done, and what is sent. */
#include "codex_fed.h"

#include <sys/stat.h>

#include "tmpdir.h"

/* ---- hostile frames */

static void ids_that_are_none_are_not_adopted(void **state)
{
    struct fed *t = *state;
    static const char *const IDS[] = {"'a\\\"b'",    "'a\\\\b'",  "'a b'", "'a:b'",
                                      "'a\\u0000b'", "'\\u00e9'", "''",    "1",
                                      "null",        "{}",        "[]",    "true"};
    go_live(t);
    buf_clear(&sent);
    for (size_t i = 0; i < ARRAY_LEN(IDS); i++) {
        FEED(t, "{'method':'turn/started','params':{'threadId':%s,'turn':{'id':%s}}}", IDS[i],
             IDS[i]);
        FEED(t, "{'method':'thread/started','params':{'thread':{'id':%s,'sessionId':%s}}}", IDS[i],
             IDS[i]);
        FEED(t, "{'method':'item/fileChange/requestApproval','id':%s,'params':{'threadId':%s}}",
             IDS[i], IDS[i]);
    }
    FEED(t, "{'method':'turn/started','params':{'threadId':'%0200d'}}", 1);
    assert_null(strstr(t->lines.data, "agent."));
    assert_int_equal(t->asks + sent.len, 0);
}

/* Of a list of threads any may be read first. */
static void a_helper_is_of_its_parent_whichever_is_read_first(void **state)
{
    struct fed *t = *state;
    hello(t, "'" T "','a-helper'");
    FEED(t, "{'id':'read:a-helper','result':{'thread':{'id':'a-helper','parentThreadId':'" T
            "','agentNickname':'Ada','agentRole':'explorer','status':" ACTIVE "}}}");
    assert_string_equal(t->sent_by, T "|Ada|explorer");
    read_thread(t, ACTIVE);
    FEED(t, "{'method':'thread/started','params':{'thread':{'id':'other','parentThreadId':'" T
            "','agentNickname':'Bo','status':" ACTIVE "}}}");
    assert_string_equal(t->sent_by, "u|Bo|a helper of it");
}

static void ten_thousand_threads(void **state)
{
    struct fed *t = *state;
    go_live(t);
    for (int i = 0; i < 10000; i++) {
        FEED(t, "{'method':'turn/started','params':{'threadId':'n%d','turn':{'id':'u'}}}", i);
    }
    assert_int_equal(t->agents, CODEX_THREADS_MAX);
}

static void too_deep_ends_the_connection_and_the_next_one_works(void **state)
{
    struct fed *t = *state;
    static char deep[20001];
    go_live(t);
    memset(deep, '[', sizeof(deep) - 1);
    assert_status(feed(t, deep), ST_LIMIT);
    assert_status(feed(t, ASK), ST_CLOSED);
    driver_reconnect(t->driver);
    go_live(t);
    assert_status(feed(t, "[1]"), ST_INVALID);
    driver_reconnect(t->driver);
    assert_status(feed(t, "{'id':'hello:-','error':{'message':'go away'}}"), ST_INVALID);
}

static void numbers_without_measure(void **state)
{
    struct fed *t = *state;
    static const char *const NUMBERS[] = {"9223372036854775807",
                                          "-9223372036854775808",
                                          "1e308",
                                          "-1",
                                          "99999999999999999999999999",
                                          "null",
                                          "[]"};
    go_live(t);
    for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++) {
        const char *n = NUMBERS[i];
        FEED(t,
             "{'method':'thread/tokenUsage/updated','params':{'threadId':'" T
             "','tokenUsage':{'total':{'inputTokens':%s,'outputTokens':%s}}}}",
             n, n);
        FEED(
            t,
            "{'method':'account/rateLimits/updated','params':{'rateLimits':{'primary':{'usedPercent':%s,'resetsAt':%s}}}}",
            n, n);
        FEED(t,
             "{'method':'item/started','params':{'threadId':'" T
             "','item':{'type':'commandExecution','id':'i%zu'}}}",
             i);
        FEED(t,
             "{'method':'item/completed','params':{'threadId':'" T
             "','item':{'type':'commandExecution','id':'i%zu','status':'completed',"
             "'exitCode':%s,'durationMs':%s}}}",
             i, n, n);
    }
    assert_null(strstr(t->lines.data, "spend.recorded"));
}

/* In the back-end's line, in steps, and piece by piece as the server tells them. */
static void limits_are_in_the_line(void **state)
{
    struct fed *t = *state;
#define LIMITS "{'method':'account/rateLimits/updated','params':{'rateLimits':{%s}}}"
    go_live(t);
    FEED(t, LIMITS, "'primary':{'usedPercent':37,'windowDurationMins':300,'resetsAt':9}");
    assert_contains(t->line, ", 5h limit 37 % used");
    buf_clear(&t->lines);
    FEED(t, LIMITS, "'primary':{'usedPercent':39}");
    assert_null(strstr(t->lines.data, "link"));
    FEED(t, LIMITS, "'secondary':{'usedPercent':0,'windowDurationMins':10080}");
    assert_contains(t->line, ", 5h limit 39 % used, 7d limit 0 % used");
    FEED(t, LIMITS, "'primary':{'usedPercent':93,'resetsAt':10},'secondary':null");
    assert_contains(t->line, ", 5h limit 93 % used, 7d limit 0 % used");
    assert_contains(t->lines.data, "signal.raised");
    buf_clear(&t->lines);
    FEED(t, LIMITS, "'primary':{'usedPercent':200},'secondary':{'usedPercent':-5}");
    assert_null(strstr(t->lines.data, "link"));
#undef LIMITS
}

static void wrong_types_everywhere(void **state)
{
    struct fed *t = *state;
    static const char *const METHODS[] = {"thread/started",
                                          "thread/status/changed",
                                          "thread/archived",
                                          "thread/deleted",
                                          "thread/settings/updated",
                                          "thread/tokenUsage/updated",
                                          "turn/started",
                                          "turn/completed",
                                          "item/started",
                                          "item/completed",
                                          "item/commandExecution/outputDelta",
                                          "serverRequest/resolved",
                                          "error",
                                          "account/updated",
                                          "account/rateLimits/updated",
                                          "warning",
                                          "thread/name/updated",
                                          "item/commandExecution/requestApproval",
                                          "item/fileChange/requestApproval",
                                          "item/permissions/requestApproval",
                                          "mcpServer/elicitation/request",
                                          "item/tool/requestUserInput",
                                          "nobody/knows/this"};
    static const char *const PARAMS[] = {
        "null",
        "[]",
        "'x'",
        "1",
        "{}",
        "{'threadId':[]}",
        "{'threadId':'" T "'}",
        "{'threadId':'" T
        "','thread':1,'status':1,'turn':1,'item':1,'error':1,'tokenUsage':1,'threadSettings':1,'requestId':[]}",
        "{'threadId':'" T
        "','thread':[],'status':[],'turn':[],'item':[],'error':[],'permissions':[],'_meta':[],'message':[]}",
        "{'threadId':'" T
        "','item':{'id':{},'type':[],'changes':{'a':1},'commandActions':7},'turn':{'id':[],'status':{}},"
        "'status':{'type':7,'activeFlags':{'a':1}},'error':{'codexErrorInfo':[{}]}}"};
    go_live(t);
    for (size_t i = 0; i < ARRAY_LEN(METHODS) * ARRAY_LEN(PARAMS); i++) {
        const char *method = METHODS[i / ARRAY_LEN(PARAMS)];
        const char *params = PARAMS[i % ARRAY_LEN(PARAMS)];
        FEED(t, "{'method':'%s','params':%s}", method, params);
        FEED(t, "{'method':'%s','id':%zu,'params':%s}", method, i, params);
    }
    static const char *const RESULTS[] = {
        "null",
        "1",
        "[]",
        "{'thread':1}",
        "{'thread':{'id':[]}}",
        "{'data':{'a':1}}",
        "{'data':[[1],{}]}",
        "{'initialTurnsPage':{'data':[1,{'status':[]},{'status':'inProgress','id':7,'items':[1,{}]}]}}"};
    static const char *const ASKED[] = {"hello:-",    "list:-",      "account:-",    "read:" T,
                                        "attach:" T,  "commands:" T, "interrupt:" T, "clean:" T,
                                        "archive:" T, "logout:x",    "steer:x",      "say:x"};
    for (size_t i = 0; i < ARRAY_LEN(RESULTS) * (ARRAY_LEN(ASKED) - 1); i++) {
        FEED(t, "{'id':'%s','result':%s}", ASKED[1 + i / ARRAY_LEN(RESULTS)],
             RESULTS[i % ARRAY_LEN(RESULTS)]);
    }
    assert_status(feed(t, "{'id':'hello:-','result':1}"), ST_INVALID); /* once */
}

static void what_nobody_asked_for(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, CLOSED);
    FEED(t, "{'id':7,'result':{}}");
    FEED(t, "{'id':null,'error':{}}");
    FEED(t, "{'id':'clean:nobody','result':{}}");
    FEED(t, "{'id':'rm:" T "','result':{}}");
    FEED(t, "{'id':'interrupt:" T "','error':{'message':'no'}}");
    heard_is(t, "link live\nlink live\n"); /* three are counted: told of the first, and the third */
}

static void a_request_is_one(void **state)
{
    struct fed *t = *state;
    go_live(t);
    for (int i = 0; i < 3; i++) {
        FEED(t, ASK);
    }
    FEED(
        t,
        "{'method':'item/commandExecution/requestApproval','id':1,'params':{'threadId':'stranger','command':'ls','cwd':'/'}}");
    assert_int_equal(t->asks, 2);
    assert_contains(t->lines.data, "agent.started stranger");
}

/* Read again and again, each text with escapes stays where it is. */
static void long_texts_with_escapes(void **state)
{
    struct fed *t = *state;
    char text[12001];
    for (size_t i = 0; i < 6000; i++) {
        memcpy(text + 2 * i, i % 2 ? "\\n" : "\\t", 3);
    }
    go_live(t);
    FEED(t,
         "{'method':'item/commandExecution/requestApproval','id':5,'params':{'threadId':'" T
         "','turnId':'" U "','itemId':'i5','reason':'%s',"
         "'command':'%s','cwd':'%s','commandActions':[{'command':'%s'}]}}",
         text, text, text, text);
    char *want = strdup(text_of("'command':'%s'", text));
    for (char *p = want; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    assert_contains(t->lines.data, want);
    free(want);
}

/* ---- what counts as done */

static void an_answer_is_done_when_its_item_says_so(void **state)
{
    static const struct {
        enum verb verb;
        const char *scope, *end, *want;
    } CASES[] = {
        {VERB_APPROVE,                                             "once",  ENDED("completed",                                                                            "0"),
         "approval.resolved " T " approved\nresult c confirmed\n"},
        {VERB_APPROVE,                                                        "session",                                                    ENDED("failed",                                                                                "3"),
         "approval.resolved " T " approved\nresult c confirmed\n"},
        {VERB_APPROVE, "once",        ENDED("declined",                                                                                         "null"),
         "approval.resolved " T " superseded\nresult c superseded\n"},
        {VERB_DENY,                                                 "once",       ENDED("declined",                                                                                                   "null"),
         "approval.resolved " T " denied\nresult c confirmed\n"},
        {VERB_DENY,                                        "once",                                  ENDED("completed",                                                                                                          "0"),
         "approval.resolved " T " superseded\nresult c superseded\n"},
        {VERB_APPROVE,           "once","{'id':'commands:" T "','result':{'data':[{'itemId':'i1'}]}}",
         "approval.resolved " T " approved\nresult c confirmed\n"                                                                                                          },
        {VERB_DENY,                                             "once",                                    "{'id':'commands:" T "','result':{'data':[{'itemId':'i1'}]}}",
         "approval.resolved " T " superseded\nresult c superseded\n"                                                                                                             },
        {VERB_DENY,                                                "once",     "{'id':'commands:c','result':{'data':[]}}",
         "approval.resolved " T " denied\nresult c confirmed\n"                                                                                                          },
        {VERB_APPROVE,                                                "once",  "{'id':'commands:c','result':{'data':[]}}",
         "approval.resolved " T " superseded\nresult c unverifiable\n"                                                                                                               },
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        assert_int_equal(up(state), 0);
        struct fed *t = *state;
        go_live(t);
        FEED(t, ASK);
        buf_clear(&t->lines);
        command(t, "c", CASES[i].verb, CASES[i].scope);
        FEED(t, CLOSED);
        heard_is(t, ""); /* closed, but by whom? */
        assert_status(feed(t, CASES[i].end), ST_OK);
        heard_is(t, CASES[i].want);
        assert_int_equal(down(state), 0);
    }
}

static void closed_without_an_answer_from_here(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, ASK);
    buf_clear(&t->lines);
    FEED(t, CLOSED);
    heard_is(t, "approval.resolved " T " superseded\n");
    command(t, "late", VERB_APPROVE, "once");
    heard_is(t, "result late refused\n");
}

static void what_was_not_shown_is_not_approved(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, ASK);
    buf_clear(&sent);
    (void)span_copy(SPAN("sha256:0000000000000000000000000000000000000000000000000000000000000000"),
                    t->digest, sizeof(t->digest));
    command(t, "other", VERB_APPROVE, "once");
    FEED(t, "{'method':'item/fileChange/requestApproval','id':9,'params':{'threadId':'" T
            "','turnId':'" U "','itemId':'unseen'}}");
    command(t, "blind", VERB_APPROVE, "once");
    assert_contains(t->lines.data, "result other refused");
    assert_contains(t->lines.data, "result blind refused");
    assert_int_equal(sent.len, 0);
}

static void a_second_answer_is_none(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, ASK);
    command(t, "one", VERB_DENY, "once");
    buf_clear(&t->lines);
    buf_clear(&sent);
    command(t, "two", VERB_APPROVE, "once");
    heard_is(t, "result two superseded\n");
    assert_int_equal(sent.len, 0);
}

static void an_answer_of_a_lost_connection_is_not_known(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, ASK);
    command(t, "c", VERB_APPROVE, "once");
    driver_reconnect(t->driver);
    FEED(t, "{'id':'hello:-','result':{'userAgent':'u/0.169.0'}}");
    assert_contains(t->lines.data, "result c unverifiable");
}

static void live_comes_after_the_request_that_waits(void **state)
{
    struct fed *t = *state;
    hello(t, "'" T "'");
    read_thread(t, WAITS);
    attached(t, TURN, WAITS);
    FEED(t, BARRIER);
    assert_null(strstr(t->lines.data, "link live"));
    FEED(t, ASK);
    assert_contains(t->lines.data, "link live");
}

static void a_request_that_never_comes_is_waited_for_no_longer_than_three_times(void **state)
{
    struct fed *t = *state;
    hello(t, "'" T "'");
    read_thread(t, WAITS);
    attached(t, TURN, WAITS);
    FEED(t, BARRIER);
    FEED(t, BARRIER);
    assert_null(strstr(t->lines.data, "link live"));
    FEED(t, BARRIER);
    assert_contains(t->lines.data, "link live");
}

static void an_interrupt_that_leaves_a_command_is_not_done(void **state)
{
    struct fed *t = *state;
    go_live(t);
    command(t, "i", VERB_INTERRUPT, NULL);
    FEED(t, "{'id':'interrupt:" T "','result':{}}");
    FEED(t, "{'method':'turn/completed','params':{'threadId':'" T "','turn':{'id':'" U
            "','status':'interrupted'}}}");
    FEED(t, "{'id':'commands:" T "','result':{'data':[{'itemId':'i1'}]}}");
    assert_contains(t->lines.data, "result i accepted");
    assert_contains(t->lines.data, "result i failed");
    command(t, "s", VERB_STOP, NULL);
    FEED(t, "{'id':'clean:" T "','result':{}}");
    assert_null(strstr(t->lines.data, "result s confirmed"));
    FEED(t, "{'id':'commands:" T "','result':{'data':[]}}");
    assert_contains(t->lines.data, "result s confirmed");
}

/* What is asked for is not yet so: the server says what its policy is. */
static void permissions_are_tight_when_the_server_says_so(void **state)
{
    struct fed *t = *state;
    go_live(t);
    command(t, "t", VERB_TIGHTEN, NULL);
    FEED(t, "{'id':'settings:" T "','result':{}}");
    assert_contains(t->lines.data, "result t accepted");
    FEED(t, "{'method':'thread/settings/updated','params':{'threadId':'" T
            "','threadSettings':{'approvalPolicy':'untrusted',"
            "'approvalsReviewer':'auto_review'}}}");
    assert_null(strstr(t->lines.data, "result t confirmed"));
    FEED(t, "{'method':'thread/settings/updated','params':{'threadId':'" T
            "','threadSettings':{'approvalPolicy':'untrusted',"
            "'approvalsReviewer':'user'}}}");
    assert_contains(t->lines.data, "result t confirmed");
}

/* ---- a turn is a task */
#define TURN_BEGAN(thread, turn)                                                                   \
    "{'method':'turn/started','params':{'threadId':'" thread "','turn':{'id':'" turn "'}}}"
#define TURN_ENDED(thread, turn, status)                                                           \
    "{'method':'turn/completed','params':{'threadId':'" thread "','turn':{'id':'" turn             \
    "','status':'" status "'}}}"
#define USES(thread, turn, n)                                                                      \
    "{'method':'thread/tokenUsage/updated','params':{'threadId':'" thread "','turnId':'" turn      \
    "','tokenUsage':{'total':{'inputTokens':" n ",'outputTokens':1}}}}"

static void a_turn_is_a_task(void **state)
{
    static const char *const ENDS[][2] = {
        {TURN_ENDED(T, "u2", "completed"),   "task.finished " T " u2 succeeded\n"},
        {TURN_ENDED(T, "u2", "failed"),      "task.finished " T " u2 failed\n"   },
        {TURN_ENDED(T, "u2", "interrupted"), "task.finished " T " u2 cancelled\n"},
        {TURN_ENDED(T, "u2", "odd"),         "task.finished " T " u2 unknown\n"  },
    };
    struct fed *t = *state;
    go_live(t);
    FEED(t, TURN_ENDED(T, U, "completed"));
    assert_contains(t->lines.data, "task.finished " T " " U " succeeded\n");
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
        buf_clear(&t->lines);
        FEED(t, TURN_BEGAN(T, "u2"));
        assert_contains(t->lines.data, "task.started " T " u2 ''\n");
        FEED(t, "{'method':'item/started','params':{'threadId':'" T
                "','item':{'type':'userMessage','id':'m','content':[{'type':'text','text':'tidy "
                "up'}]}}}");
        assert_contains(t->lines.data, "task.started " T " u2 'tidy up'\n");
        FEED(t, "%s", ENDS[i][0]);
        assert_contains(t->lines.data, ENDS[i][1]);
    }
    buf_clear(&t->lines);
    FEED(t, TURN_ENDED(T, "u2", "completed"));
    assert_null(strstr(t->lines.data, "task.finished"));
}

/* Of a turn that runs already when the console attaches, the prompt stands in the answer only. */
static void a_turn_that_runs_already_has_its_title(void **state)
{
    struct fed *t = *state;
    hello(t, "'" T "'");
    read_thread(t, ACTIVE);
    attached(t,
             "{'id':'" U "','status':'inProgress','items':["
             "{'type':'userMessage','id':'m','content':[{'type':'text','text':'tidy up'}]},"
             "{'type':'userMessage','id':'n','content':[{'type':'text','text':'and more'}]}]}",
             ACTIVE);
    assert_contains(t->lines.data, "task.started " T " " U " 'tidy up'\n");
    assert_null(strstr(t->lines.data, "and more"));
}

static void what_a_turn_uses_is_of_its_task(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, USES(T, U, "7"));
    assert_contains(t->lines.data, "spend.recorded " T " 7 of '" U "'\n");
    FEED(t, TURN_ENDED(T, U, "completed"));
    FEED(t, USES(T, U, "9"));
    assert_contains(t->lines.data, "spend.recorded " T " 2 of '" U "'\n");
    FEED(t, USES(T, "before", "10"));
    assert_contains(t->lines.data, "spend.recorded " T " 1 of ''\n");
}

/* Whose a thread is has to be known first. */
static void a_helper_works_for_the_task_of_its_parent(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, TURN_BEGAN("help", "h1"));
    assert_null(strstr(t->lines.data, "task.started"));
    FEED(t, "{'id':'read:help','result':{'thread':{'id':'help','sessionId':'" T
            "','parentThreadId':'" T "','status':" ACTIVE "}}}");
    FEED(t, USES("help", "h1", "5"));
    FEED(t, TURN_ENDED("help", "h1", "completed"));
    assert_contains(t->lines.data, "spend.recorded help 5\n");
    assert_null(strstr(t->lines.data, "task."));
    FEED(t, TURN_BEGAN("own", "o1"));
    assert_null(strstr(t->lines.data, "task.started"));
    FEED(t, "{'id':'read:own','result':{'thread':{'id':'own','sessionId':'own','status':" ACTIVE
            "}}}");
    assert_contains(t->lines.data, "task.started own o1");
}

/* ---- the same again */

static void give_all(struct fed *t)
{
    go_live(t);
    FEED(t, ASK);
    command(t, "a", VERB_APPROVE, "once");
    FEED(t, CLOSED);
    FEED(t, ENDED("completed", "0"));
    command(t, "t", VERB_TIGHTEN, NULL);
    FEED(t, "{'id':'settings:" T "','result':{}}");
    command(t, "m", VERB_MESSAGE, NULL);
    FEED(t, "{'id':'steer:m','result':{}}");
    command(t, "i", VERB_INTERRUPT, NULL);
    FEED(t, "{'id':'interrupt:" T "','result':{}}");
    FEED(t, "{'method':'turn/completed','params':{'threadId':'" T "','turn':{'id':'" U
            "','status':'interrupted'}}}");
    FEED(t, "{'id':'commands:" T "','result':{'data':[]}}");
    command(t, "n", VERB_MESSAGE, NULL);
    FEED(t, "{'id':'say:n','result':{}}");
    FEED(t, "{'method':'turn/started','params':{'threadId':'" T "','turn':{'id':'u2'}}}");
    command(t, "all", VERB_STOP_ALL, NULL);
    FEED(t, "{'method':'turn/completed','params':{'threadId':'" T
            "','turn':{'id':'u2','status':'interrupted'}}}");
    FEED(t, "{'id':'commands:" T "','result':{'data':[]}}");
    FEED(t, "{'method':'turn/started','params':{'threadId':'" T "','turn':{'id':'u3'}}}");
    command(t, "reset", VERB_RESET_STOP, NULL);
    FEED(t, "{'method':'account/updated','params':{'authMode':'apikey'}}");
    command(t, "r", VERB_REVOKE, NULL);
    FEED(t, "{'id':'logout:r','result':{}}");
    FEED(t, "{'method':'account/updated','params':{'authMode':null}}");
    command(t, "k", VERB_KILL, NULL);
    FEED(t, "{'method':'thread/archived','params':{'threadId':'" T "'}}");
}

static void frames_and_commands_bring_about_the_same_again(void **state)
{
    struct fed *t = *state;
    struct fed *other = NULL;
    struct buf first;
    give_all(t);
    buf_init(&first, LINES_BYTES);
    buf_add(&first, buf_span(&t->lines));
    buf_release(&sent);
    assert_int_equal(up((void **)&other), 0);
    give_all(other);
    assert_string_equal(first.data, other->lines.data);
    assert_contains(first.data, "result k confirmed");
    assert_contains(first.data, "result r confirmed");
    buf_release(&first);
    buf_release(&sent);
    assert_int_equal(down((void **)&other), 0);
    buf_init(&sent, LINES_BYTES);
}

/* ---- the allow-list */

static bool is_allowed(struct span method)
{
    for (int m = 0; m < CODEX_METHODS; m++) {
        if (span_is(method, codex_method_name((enum codex_method)m))) {
            return true;
        }
    }
    return span_is(method, "initialized");
}

/* Every line that was sent is a request of the table, the one notification, or an answer with a
 * result. */
static unsigned check_sent(bool seen[CODEX_METHODS])
{
    struct tape_token tokens[256];
    struct tape j;
    struct buf scratch;
    struct span all = buf_span(&sent);
    unsigned count = 0;
    buf_init(&scratch, LINES_BYTES);
    while (all.n) {
        size_t end = span_find(all, '\n');
        assert_status(tape_parse(&j, span_sub(all, 0, end), TAPE_STRICT, tokens, ARRAY_LEN(tokens)),
                      ST_OK);
        uint32_t at = tape_get(&j, TAPE_ROOT, "method");
        struct span method = tape_string(&j, at, &scratch);
        if (at == TAPE_ABSENT) {
            assert_true(tape_get(&j, TAPE_ROOT, "result") != TAPE_ABSENT &&
                        tape_get(&j, TAPE_ROOT, "error") == TAPE_ABSENT);
        } else if (!is_allowed(method)) {
            fail_msg("%.*s was sent", SPAN_ARG(method));
        }
        for (int m = 0; m < CODEX_METHODS; m++) {
            seen[m] = seen[m] || span_is(method, codex_method_name((enum codex_method)m));
        }
        count++;
        all = span_sub(all, end + 1, all.n);
    }
    buf_release(&scratch);
    return count;
}

#define IDLE "{'type':'idle'}"
#define OVER "{'id':'" U "','status':'completed','items':[]}"
#define USED                                                                                       \
    "{'method':'thread/tokenUsage/updated','params':{'threadId':'" T                               \
    "','tokenUsage':{'total':{'inputTokens':7,'outputTokens':5,'totalTokens':99}}}}"

/* Of a thread that was asked for whole it comes some time after the answer to attaching: who looks
 * once it is live must not see nothing. */
static void live_comes_after_what_an_idle_one_has_used(void **state)
{
    struct fed *t = *state;
    char *home = tmpdir_new();
    char *sessions = tmpdir_join(home, "sessions");
    char *history = tmpdir_join(sessions, "short.jsonl");
    assert_int_equal(mkdir(sessions, 0700), 0);
    FILE *file = fopen(history, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("CODEX_HOME", home, 1), 0);
    hello(t, "'" T "'");
    FEED(t,
         "{'id':'read:" T "','result':{'thread':{'id':'" T "','sessionId':'" T
         "','cwd':'/home/u','path':'%s','status':" IDLE "}}}",
         history);
    assert_int_equal(unsetenv("CODEX_HOME"), 0);
    free(history);
    free(sessions);
    tmpdir_free(home);
    attached(t, OVER, IDLE);
    FEED(t, "{'id':'commands:" T "','result':{'data':[]}}");
    FEED(t, BARRIER);
    assert_null(strstr(t->lines.data, "link live"));
    FEED(t, USED);
    assert_contains(t->lines.data, "spend.recorded " T);
    assert_contains(t->lines.data, "link live");
}

/* One that never had a turn has nothing to tell. */
static void live_does_not_wait_for_what_nobody_used(void **state)
{
    struct fed *t = *state;
    hello(t, "'" T "'");
    read_thread(t, IDLE);
    attached(t, "", IDLE);
    FEED(t, "{'id':'commands:" T "','result':{'data':[]}}");
    FEED(t, BARRIER);
    assert_contains(t->lines.data, "link live");
}

static void only_what_stands_in_the_table_is_sent(void **state)
{
    static const char *const TABLE[CODEX_METHODS] = {"initialize",
                                                     "thread/loaded/list",
                                                     "thread/read",
                                                     "thread/resume",
                                                     "account/read",
                                                     "server/diagnostics",
                                                     "turn/interrupt",
                                                     "thread/backgroundTerminals/list",
                                                     "thread/backgroundTerminals/clean",
                                                     "thread/archive",
                                                     "account/logout",
                                                     "turn/steer",
                                                     "turn/start",
                                                     "thread/settings/update",
                                                     "turn/settings/update"};
    struct fed *t = *state;
    bool seen[CODEX_METHODS] = {false};
    give_all(t);
    driver_reconnect(t->driver);
    wrong_types_everywhere((void *[]){t});
    assert_true(check_sent(seen) > CODEX_METHODS);
    for (int m = 0; m < CODEX_METHODS; m++) {
        assert_string_equal(codex_method_name((enum codex_method)m),
                            TABLE[m]); /* a new one is thought about here, too */
        assert_true(seen[m]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ids_that_are_none_are_not_adopted),
        TEST(a_helper_is_of_its_parent_whichever_is_read_first),
        TEST(ten_thousand_threads),
        TEST(too_deep_ends_the_connection_and_the_next_one_works),
        TEST(numbers_without_measure),
        TEST(limits_are_in_the_line),
        TEST(wrong_types_everywhere),
        TEST(what_nobody_asked_for),
        TEST(a_request_is_one),
        TEST(long_texts_with_escapes),
        cmocka_unit_test(an_answer_is_done_when_its_item_says_so),
        TEST(closed_without_an_answer_from_here),
        TEST(what_was_not_shown_is_not_approved),
        TEST(a_second_answer_is_none),
        TEST(an_answer_of_a_lost_connection_is_not_known),
        TEST(live_comes_after_the_request_that_waits),
        TEST(a_request_that_never_comes_is_waited_for_no_longer_than_three_times),
        TEST(an_interrupt_that_leaves_a_command_is_not_done),
        TEST(permissions_are_tight_when_the_server_says_so),
        TEST(a_turn_is_a_task),
        TEST(a_turn_that_runs_already_has_its_title),
        TEST(what_a_turn_uses_is_of_its_task),
        TEST(a_helper_works_for_the_task_of_its_parent),
        TEST(frames_and_commands_bring_about_the_same_again),
        TEST(live_comes_after_what_an_idle_one_has_used),
        TEST(live_does_not_wait_for_what_nobody_used),
        TEST(only_what_stands_in_the_table_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
