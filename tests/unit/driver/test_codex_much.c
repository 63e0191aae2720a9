/* The client of `codex app-server`, given too much: deltas without end, frames that no record
 * holds, histories that no connection carries, more threads and requests than anybody has. */
#include "codex_fed.h"

#include "checkrein/alloc.h"

/* `count` times the text, in one. */
static char *times(const char *text, size_t count)
{
    size_t n = strlen(text);
    char *all = xmalloc(n * count + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(all + n * i, text, n);
    }
    all[n * count] = '\0';
    return all;
}

/* A frame with a long part in it. */
static enum status feed_long(struct fed *t, const char *before, const char *part, const char *after)
{
    struct buf frame;
    buf_init(&frame, (size_t)64 << 20);
    buf_addstr(&frame, before);
    buf_addstr(&frame, part);
    buf_addstr(&frame, after);
    assert_status(buf_status(&frame), ST_OK);
    enum status st = feed(t, frame.data);
    buf_release(&frame);
    return st;
}

/* What was recorded, fed to another one, brings about the same. */
static void replay_is_the_same(struct fed *t, const char *want)
{
    struct fed *again = NULL;
    struct buf caught = sent;
    assert_int_equal(up((void **)&again), 0);
    struct span all = buf_span(&t->record);
    while (all.n) {
        size_t end = span_find(all, '\n');
        assert_status(driver_feed(again->driver, span_sub(all, 0, end)), ST_OK);
        all = span_sub(all, end + 1, all.n);
    }
    assert_string_equal(again->lines.data, want);
    assert_int_equal(down((void **)&again), 0);
    sent = caught;
}

/* ---- deltas */

static void what_comes_again_is_not_recorded(void **state)
{
    struct fed *t = *state;
    static const char *const METHODS[] = {"item/agentMessage/delta", "item/reasoning/textDelta",
                                          "item/fileChange/outputDelta", "turn/diff/updated"};
    go_live(t);
    unsigned before = t->raws;
    for (int i = 0; i < 10000; i++) {
        FEED(t, "{'method':'%s','params':{'threadId':'" T "','itemId':'i1','delta':'words %d'}}",
             METHODS[i % 4], i);
    }
    char *diff = times("+a line\\n", (size_t)1 << 20); /* longer than any line of the record */
    assert_status(feed_long(t,
                            "{'method':'turn/diff/updated','params':{'threadId':'" T "','diff':'",
                            diff, "'}}"),
                  ST_OK);
    free(diff);
    assert_int_equal(t->raws, before);
    heard_is(t, "");
    FEED(t, "{'method':'turn/diff/updated','id':4,'params':{'threadId':'" T "'}}");
    assert_int_equal(t->raws, before + 1); /* a request is never passed over */
}

static void they_are_not_even_wanted(void **state)
{
    struct fed *t = *state;
    assert_contains(sent.data, "\"optOutNotificationMethods\":[\"item/agentMessage/delta\"");
    (void)t;
}

/* ---- frames that no line of the record holds */

static void a_long_frame_is_handled_as_it_is_recorded(void **state)
{
    struct fed *t = *state;
    char *text = times("caf\xc3\xa9 \\u00e9\\\\ \\ud83d\\ude00 ", 400000);
    go_live(t);
    buf_clear(&t->lines);
    buf_clear(&t->record);
    FEED(t, "{'method':'item/started','params':{'threadId':'" T
            "','item':{'type':'commandExecution','id':'i1','command':'make'}}}");
    assert_status(feed_long(t,
                            "{'method':'item/completed','params':{'threadId':'" T
                            "','item':{'type':'commandExecution','id':'i1','aggregatedOutput':'",
                            text, "','status':'failed','exitCode':7}}}"),
                  ST_OK);
    assert_contains(t->lines.data, "action.finished " T);
    assert_contains(t->record.data, "{\"checkrein.cut\":true,\"method\":\"item/completed\"");
    assert_true(t->record.len < 65536);
    free(text);
}

static void what_was_cut_is_not_approved(void **state)
{
    struct fed *t = *state;
    char *text = times("+ a line\\n", 600000);
    go_live(t);
    assert_status(
        feed_long(t,
                  "{'method':'item/started','params':{'threadId':'" T
                  "','item':{'type':'fileChange','id':'c1','changes':[{'path':'a','diff':'",
                  text, "'}]}}}"),
        ST_OK);
    FEED(t, "{'method':'item/fileChange/requestApproval','id':9,'params':{'threadId':'" T
            "','turnId':'" U "','itemId':'c1'}}");
    buf_clear(&sent);
    command(t, "blind", VERB_APPROVE, "once");
    assert_contains(t->lines.data, "result blind refused");
    assert_status(feed_long(t,
                            "{'method':'item/commandExecution/requestApproval','id':10,'params':{"
                            "'threadId':'" T "','turnId':'" U "','itemId':'c2','command':'",
                            text, "'}}"),
                  ST_OK);
    command(t, "cut", VERB_APPROVE, "once");
    assert_contains(t->lines.data, "result cut refused");
    assert_int_equal(sent.len, 0);
    free(text);
}

/* Whoever goes to its own client for it has to know that there is more to it than stands here. */
static void what_is_only_elsewhere_says_that_it_was_cut(void **state)
{
    static const char OTHER[] = "{'method':'item/later','id':7,'params':{'threadId':'" T "','x':'";
    static const char PAGE[] =
        "{'method':'mcpServer/elicitation/request','id':8,'params':{'threadId':'" T
        "','mode':'url','url':'https://x/','message':'";
    static const size_t MANY[] = {ACTION_BYTES_MAX + 1, CODEX_FRAME_BYTES + 1};
    for (size_t i = 0; i < ARRAY_LEN(MANY); i++) {
        assert_int_equal(up(state), 0);
        struct fed *t = *state;
        char *text = times("x", MANY[i]);
        go_live(t);
        assert_status(feed_long(t, OTHER, text, "'}}"), ST_OK);
        assert_string_equal(t->only_in, "its own client: this version cannot answer it; not all "
                                        "of it is shown here");
        assert_status(feed_long(t, PAGE, text, "'}}"), ST_OK);
        assert_contains(t->only_in, "opens a page, or asks otherwise; not all of it is shown");
        FEED(t, "{'method':'item/later','id':9,'params':{'threadId':'" T "','x':'short'}}");
        assert_string_equal(t->only_in, "its own client: this version cannot answer it");
        free(text);
        assert_int_equal(down(state), 0);
    }
}

/* Nobody reads so many of them; that they are judged holds up nothing else. */
static void a_change_of_very_many_files_is_high(void **state)
{
    struct fed *t = *state;
    static const struct {
        size_t files;
        enum risk risk;
    } CASES[] = {
        {100,  RISK_LOW },
        {1000, RISK_HIGH},
    };
    go_live(t);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        char *files = times("{'path':'a','diff':''},", CASES[i].files);
        assert_status(feed_long(t,
                                text_of("{'method':'item/started','params':{'threadId':'" T
                                        "','item':{'type':'fileChange','id':'c%zu','changes':[",
                                        i),
                                files, "{'path':'a','diff':''}]}}}"),
                      ST_OK);
        FEED(t,
             "{'method':'item/fileChange/requestApproval','id':%zu,'params':{'threadId':'" T
             "','turnId':'" U "','itemId':'c%zu'}}",
             i, i);
        assert_int_equal(t->risk, CASES[i].risk);
        free(files);
    }
}

static void no_message_and_too_long(void **state)
{
    struct fed *t = *state;
    char *text = times("{'a':'b'},", 700000);
    go_live(t);
    buf_clear(&t->record);
    assert_status(feed_long(t, "{'method':'warning','params':{'list':[", text, "0]}}"), ST_LIMIT);
    assert_int_equal(t->record.len, 0); /* it changed nothing */
    driver_reconnect(t->driver);
    go_live(t);
    buf_clear(&t->record);
    assert_status(feed_long(t, "{'method':'warning','params':{'list':[", text, ""), ST_INVALID);
    assert_in_range(t->record.len, 1, CODEX_FRAME_BYTES + 1);
    free(text);
}

/* A change that is written on while it is asked about is not the one that was shown. */
static void a_change_that_changes_is_not_approved(void **state)
{
    struct fed *t = *state;
    static const char PATCHED[] =
        "{'method':'item/fileChange/patchUpdated','params':{'threadId':'" T
        "','itemId':'c1','changes':%s}}";
    go_live(t);
    FEED(t, "{'method':'item/started','params':{'threadId':'" T
            "','item':{'type':'fileChange','id':'c1','changes':[]}}}");
    FEED(t, PATCHED, "[{'path':'a','diff':'+b'}]");
    FEED(t, "{'method':'item/fileChange/requestApproval','id':9,'params':{'threadId':'" T
            "','turnId':'" U "','itemId':'c1'}}");
    assert_contains(t->lines.data, "{\"changes\":[{\"path\":\"a\",\"diff\":\"+b\"}]}");
    FEED(t, PATCHED, "[{'path':'a','diff':'+b'}]"); /* the same */
    assert_null(strstr(t->lines.data, "signal.raised"));
    FEED(t, PATCHED, "[{'path':'a','diff':'+worse'}]");
    assert_contains(t->lines.data, "signal.raised");
    assert_contains(t->lines.data, "{\"changes\":[{\"path\":\"a\",\"diff\":\"+worse\"}]}");
    assert_string_equal(t->digest, "none");
    assert_contains(t->only_in, "it changed while it was asked about");
    assert_contains(t->told.data, "once|this call");
    buf_clear(&sent);
    command(t, "late", VERB_APPROVE, "once");
    assert_contains(t->lines.data, "result late refused");
    assert_int_equal(sent.len, 0);
}

/* ---- attaching */

#define LAST_TURN "\"excludeTurns\":true,\"initialTurnsPage\":{\"limit\":1,\"itemsView\":\"full\"}"
#define BARE_TURN                                                                                  \
    "\"excludeTurns\":true,\"initialTurnsPage\":{\"limit\":1,\"itemsView\":\"notLoaded\"}"

static void the_history_stays_where_it_is(void **state)
{
    struct fed *t = *state;
    hello(t, "'" T "'");
    buf_clear(&sent);
    FEED(t, "{'id':'read:" T "','result':{'thread':{'id':'" T "','cwd':'/home/u','status':" ACTIVE
            ",'path':'/etc/../root/.codex/sessions/x'}}}");
    assert_contains(sent.data, "\"threadId\":\"" T "\"," LAST_TURN);
}

static void an_answer_too_long_is_asked_for_again_with_less(void **state)
{
    struct fed *t = *state;
    char *items = times("{'a':'b'},", 700000);
    hello(t, "'" T "'");
    read_thread(t, ACTIVE);
    buf_clear(&t->record);
    buf_clear(&sent);
    assert_status(feed_long(t,
                            "{'id':'attach:" T "','result':{'initialTurnsPage':{'data':[{'items':[",
                            items, "0]}]}}}"),
                  ST_OK);
    assert_int_equal(t->record.len, 0);
    assert_contains(sent.data, "\"threadId\":\"" T "\"," BARE_TURN);
    FEED(t, BARRIER);
    assert_null(strstr(t->lines.data, "link live"));
    attached(t, "{'id':'" U "','status':'inProgress','items':[]}", ACTIVE);
    FEED(t, BARRIER);
    FEED(t, BARRIER);
    assert_contains(t->lines.data, "link live");
    free(items);
}

static void the_least_there_is_and_still_too_long(void **state)
{
    struct fed *t = *state;
    char *items = times("{'a':'b'},", 700000);
    hello(t, "'" T "'");
    read_thread(t, ACTIVE);
    for (int i = 0; i < 2; i++) {
        assert_status(
            feed_long(t, "{'id':'attach:" T "','result':{'initialTurnsPage':{'data':[{'items':[",
                      items, "0]}]}}}"),
            i ? ST_LIMIT : ST_OK);
    }
    free(items);
}

static void a_server_that_knows_no_such_form(void **state)
{
    struct fed *t = *state;
    hello(t, "'" T "'");
    read_thread(t, ACTIVE);
    buf_clear(&sent);
    FEED(t, "{'id':'attach:" T "','error':{'code':-32600,'message':'Invalid request: unknown field "
            "`excludeTurns`'}}");
    assert_contains(sent.data,
                    "{\"id\":\"attach:" T
                    "\",\"method\":\"thread/resume\",\"params\":{\"threadId\":\"" T "\"}}");
    FEED(t,
         "{'id':'attach:" T "','result':{'thread':{'status':" ACTIVE
         ",'turns':[{'id':'u0','status':'failed','items':[]},{'id':'" U
         "','status':'inProgress','items':[{'type':'webSearch','id':'w','status':'inProgress'}]}]"
         "}}}");
    assert_contains(t->lines.data, "action.started " T);
    FEED(t, BARRIER);
    assert_contains(t->lines.data, "link live");
    buf_clear(&sent);
    FEED(t, "{'id':'attach:" T "','error':{'message':'excludeTurns itemsView initialTurnsPage'}}");
    assert_null(strstr(sent.data ? sent.data : "", "thread/resume")); /* once */
}

/* ---- sums that were not told with it */

static void what_was_used_before_is_not_news(void **state)
{
    struct fed *t = *state;
    go_live(t);
    FEED(t, "{'method':'thread/tokenUsage/updated','params':{'threadId':'" T
            "','tokenUsage':{'total':{'inputTokens':9000,'outputTokens':90},"
            "'last':{'inputTokens':1000,'outputTokens':10}}}}");
    heard_is(t, "spend.recorded " T " sum 8000\nspend.recorded " T " 1000\n");
    FEED(t, "{'method':'thread/tokenUsage/updated','params':{'threadId':'" T
            "','tokenUsage':{'total':{'inputTokens':9500,'outputTokens':95},"
            "'last':{'inputTokens':500,'outputTokens':5}}}}");
    heard_is(t, "spend.recorded " T " 500\n");
}

/* ---- more of them than anybody has */

static void those_that_are_over_make_room(void **state)
{
    struct fed *t = *state;
    go_live(t);
    for (int i = 0; i < 3 * CODEX_THREADS_MAX; i++) {
        FEED(t, "{'method':'thread/archived','params':{'threadId':'n%d'}}", i);
        FEED(t, "{'id':'read:n%d','error':{'message':'gone'}}", i);
    }
    assert_null(strstr(t->lines.data, "signal.raised"));
    FEED(t, "{'method':'turn/started','params':{'threadId':'new','turn':{'id':'u'}}}");
    assert_contains(t->lines.data, "agent.started new");
    FEED(t, ASK);
    assert_int_equal(t->asks, 1); /* the one that works was not forgotten */
}

static void too_many_are_told_once(void **state)
{
    struct fed *t = *state;
    go_live(t);
    for (int i = 0; i < 100000; i++) {
        FEED(t, "{'method':'turn/started','params':{'threadId':'n%d','turn':{'id':'u'}}}", i);
    }
    assert_int_equal(t->agents, CODEX_THREADS_MAX);
    const char *told = strstr(t->lines.data, "signal.raised");
    assert_non_null(told);
    assert_null(strstr(told + 1, "signal.raised"));
}

static void ten_thousand_requests(void **state)
{
    struct fed *t = *state;
    go_live(t);
    for (int i = 0; i < 10000; i++) {
        FEED(t,
             "{'method':'item/commandExecution/requestApproval','id':%d,'params':{'threadId':'" T
             "','turnId':'" U "','itemId':'i%d','command':'make','cwd':'/'}}",
             i, i);
    }
    assert_int_equal(t->asks, CODEX_ASKS_MAX);
    assert_contains(t->lines.data, "signal.raised"); /* the others: only in their own clients */
    for (int i = 0; i < 10000; i++) {
        FEED(t, "{'method':'serverRequest/resolved','params':{'threadId':'" T "','requestId':%d}}",
             i);
    }
    buf_clear(&t->lines);
    FEED(t, ASK);
    assert_contains(t->lines.data, "approval.requested");
}

static void ids_of_every_kind(void **state)
{
    struct fed *t = *state;
    static const char *const IDS[] = {"0",
                                      "-1",
                                      "1.5",
                                      "1e9",
                                      "9007199254740993",
                                      "'a name'",
                                      "'0'",
                                      "1e999",
                                      "123456789012345678901234567890"};
    go_live(t);
    for (size_t i = 0; i < ARRAY_LEN(IDS); i++) {
        FEED(t,
             "{'method':'item/commandExecution/requestApproval','id':%s,'params':{'threadId':'" T
             "','turnId':'" U "','itemId':'i%zu','command':'make','cwd':'/'}}",
             IDS[i], i);
    }
    unsigned asked = t->asks;
    buf_clear(&sent);
    command(t, "c", VERB_DENY, "once");
    assert_true(sent.len > 0);
    for (size_t i = 0; i < ARRAY_LEN(IDS); i++) {
        FEED(t, "{'method':'serverRequest/resolved','params':{'threadId':'" T "','requestId':%s}}",
             IDS[i]);
    }
    assert_in_range(asked, 5, ARRAY_LEN(IDS));
}

/* A record of all this makes the same again. */
static void replayed_after_cuts(void **state)
{
    struct fed *t = *state;
    char *text = times("+ a line\\n", 600000);
    char *items = times("{'a':'b'},", 700000);
    hello(t, "'" T "'");
    read_thread(t, ACTIVE);
    assert_status(feed_long(t,
                            "{'id':'attach:" T "','result':{'initialTurnsPage':{'data':[{'items':[",
                            items, "0]}]}}}"),
                  ST_OK);
    attached(t, TURN, ACTIVE);
    FEED(t, BARRIER);
    assert_status(
        feed_long(t,
                  "{'method':'item/started','params':{'threadId':'" T
                  "','item':{'type':'fileChange','id':'c1','changes':[{'path':'a','diff':'",
                  text, "'}]}}}"),
        ST_OK);
    FEED(t, "{'method':'item/agentMessage/delta','params':{'threadId':'" T "','delta':'a'}}");
    FEED(t, "{'method':'item/fileChange/requestApproval','id':9,'params':{'threadId':'" T
            "','turnId':'" U "','itemId':'c1'}}");
    assert_contains(t->lines.data, "link live");
    replay_is_the_same(t, t->lines.data);
    free(items);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_again_is_not_recorded),
        TEST(they_are_not_even_wanted),
        TEST(a_long_frame_is_handled_as_it_is_recorded),
        TEST(what_was_cut_is_not_approved),
        cmocka_unit_test(what_is_only_elsewhere_says_that_it_was_cut),
        TEST(a_change_of_very_many_files_is_high),
        TEST(no_message_and_too_long),
        TEST(a_change_that_changes_is_not_approved),
        TEST(the_history_stays_where_it_is),
        TEST(an_answer_too_long_is_asked_for_again_with_less),
        TEST(the_least_there_is_and_still_too_long),
        TEST(a_server_that_knows_no_such_form),
        TEST(what_was_used_before_is_not_news),
        TEST(those_that_are_over_make_room),
        TEST(too_many_are_told_once),
        TEST(ten_thousand_requests),
        TEST(ids_of_every_kind),
        TEST(replayed_after_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
