/* What is found is what is in the record: the same by the index, by reading, and by a comparison
 * that is made here and knows neither. */
#include "index_kit.h"

#include "checkrein/codec.h"
#include "prng.h"

#define EVENTS 1500
#define ASKED  250

/* ---- one thing at a time */

static size_t count_wanted(struct kit *k, struct index *ix, const struct index_wanted *w)
{
    struct kit_hits *a = kit_search(k, ix, w);
    struct kit_hits *b = kit_search(k, NULL, w);
    size_t count = a->count;
    kit_same(a, b, "wanted");
    free(a);
    free(b);
    return count;
}

static void put_resolved(struct kit *k, const char *agent, const char *reason)
{
    struct event ev = kit_event(k, EVENT_APPROVAL_RESOLVED);
    event_set_text(&ev, F_AGENT_ID, span_str(agent));
    event_set_text(&ev, F_APPROVAL_ID, SPAN("ap-1"));
    event_set_number(&ev, F_DECISION, DECISION_DENIED);
    event_set_text(&ev, F_REASON, span_str(reason));
    kit_put(k, &ev);
}

static void each_choice_leaves_what_it_says(void **state)
{
    (void)state;
    struct kit *k = kit_new(4096);
    struct query *all = kit_query("");
    struct query *make = kit_query("make");
    kit_calls(k, 30, "make");
    put_resolved(k, "claude:b", "do not make this");
    struct event ev = kit_event(k, EVENT_FAILURE_REPORTED);
    event_set_text(&ev, F_AGENT_ID, SPAN("claude:b"));
    event_set_number(&ev, F_FAILURE_CLASS, 1);
    event_set_text(&ev, F_ERROR, SPAN("cannot make it"));
    kit_put(k, &ev);
    event_set_number(&ev, F_RETRYING, 1); /* goes on by itself: no failure yet */
    kit_put(k, &ev);
    ev = kit_event(k, EVENT_SIGNAL_RAISED);
    event_set_text(&ev, F_SIGNAL_SOURCE, SPAN("watch"));
    event_set_number(&ev, F_SEVERITY, 1);
    event_set_text(&ev, F_TITLE, SPAN("make is odd"));
    kit_put(k, &ev);
    ev = kit_event(k, EVENT_AGENT_STARTED);
    event_set_text(&ev, F_AGENT_ID, SPAN("claude:b"));
    event_set_text(&ev, F_AGENT_NAME, SPAN("builder"));
    kit_put(k, &ev);
    kit_commit(k);
    struct index *ix = kit_index(k);
    kit_update(ix);
    struct index_wanted w = kit_all(make);
    assert_int_equal(count_wanted(k, ix, &w), 34);
    w.what = INDEX_DECISION;
    assert_int_equal(count_wanted(k, ix, &w), 1);
    w.what = INDEX_FAILURE;
    assert_int_equal(count_wanted(k, ix, &w), 1);
    w.what = INDEX_ALARM;
    assert_int_equal(count_wanted(k, ix, &w), 1);
    w.what = INDEX_ALARM | INDEX_DECISION;
    assert_int_equal(count_wanted(k, ix, &w), 2);
    w = kit_all(make);
    w.agent = "claude:b";
    assert_int_equal(count_wanted(k, ix, &w), 3);
    w.agent = "builder"; /* also of what was before it was called so */
    assert_int_equal(count_wanted(k, ix, &w), 3);
    w.agent = "nobody";
    assert_int_equal(count_wanted(k, ix, &w), 0);
    w = kit_all(make);
    w.type = "action";
    assert_int_equal(count_wanted(k, ix, &w), 30);
    w.type = "action.started";
    assert_int_equal(count_wanted(k, ix, &w), 30);
    w.type = "action.start";
    assert_int_equal(count_wanted(k, ix, &w), 0);
    assert_true(index_type_known("approval"));
    assert_true(index_type_known("note"));
    assert_false(index_type_known("approval."));
    assert_false(index_type_known(""));
    w = kit_all(make);
    w.from_us = KIT_START_US + 11 * INT64_C(1000000);
    w.to_us = KIT_START_US + 20 * INT64_C(1000000);
    assert_int_equal(count_wanted(k, ix, &w), 10);
    w = kit_all(all);
    assert_int_equal(count_wanted(k, ix, &w), 35);
    w = kit_all(make);
    for (uint64_t newest = 1; newest < 50; newest += 6) {
        w.newest = newest;
        assert_int_equal(count_wanted(k, ix, &w), newest < 34 ? newest : 34);
    }
    kit_calls(k, 5, "make"); /* behind the index */
    for (uint64_t newest = 1; newest < 50; newest += 3) {
        w.newest = newest;
        assert_int_equal(count_wanted(k, ix, &w), newest < 39 ? newest : 39);
    }
    query_free(all);
    query_free(make);
    index_close(ix);
    kit_free(k);
}

static void what_a_call_would_run_is_found_as_it_is_read(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct event ev = kit_event(k, EVENT_APPROVAL_REQUESTED);
    event_set_text(&ev, F_AGENT_ID, SPAN("a"));
    event_set_text(&ev, F_APPROVAL_ID, SPAN("ap-77"));
    event_set_text(
        &ev, F_ACTION,
        SPAN("{\"tool\":\"Bash\",\"input\":{\"command\":\"first\\nsecond\\ttab\\u0041z\"},"
             "\"cwd\":\"/srv/x\"}"));
    event_set_text(&ev, F_DIGEST,
                   SPAN("sha256:0000000000000000000000000000000000000000000000000000000000000000"));
    kit_put(k, &ev);
    kit_commit(k);
    struct index *ix = kit_index(k);
    kit_update(ix);
    static const char *const there[] = {"second", "tabAz", "first second", "/srv/x", "\"ap-77\"",
                                        "id0",    "bash",  "ap 77",        "sec*"};
    for (size_t i = 0; i < ARRAY_LEN(there); i++) {
        assert_int_equal(kit_count(k, ix, there[i]), 1);
    }
    assert_int_equal(kit_count(k, ix, "nsecond"), 0);
    assert_int_equal(kit_count(k, ix, "ttab"), 0);
    assert_int_equal(kit_count(k, ix, "id0 a"), 1);
    assert_int_equal(kit_count(k, ix, "\"id0 a\""), 0); /* of two attributes */
    index_close(ix);
    kit_free(k);
}

/* A frame is an event in a console's record; in a daemon's it is what an agent said. */
static void frames_are_events_of_back_ends_only(void **state)
{
    (void)state;
    struct buf frame;
    struct event ev;
    buf_init(&frame, PROTOCOL_FRAME_BYTES);
    event_init(&ev, EVENT_ACTION_STARTED, KIT_START_US);
    ev.id = SPAN("e1");
    ev.source = SPAN("checkrein://test");
    event_set_text(&ev, F_AGENT_ID, SPAN("a"));
    event_set_text(&ev, F_ACTION_ID, SPAN("c"));
    event_set_text(&ev, F_SUMMARY, SPAN("forged words"));
    assert_status(codec_write_msg_event(&frame, &ev), ST_OK);
    for (int console = 0; console < 2; console++) {
        struct kit *k = kit_new(4096);
        if (console) {
            kit_close(k);
            char *away = tmpdir_join(k->root, "away");
            assert_int_equal(rename(k->record, away), 0);
            free(away);
            k->writer = "console";
            kit_write(k);
        }
        for (int i = 0; i < 20; i++) {
            assert_status(journal_raw(k->j, k->now_us, SPAN("test"), buf_span(&frame), NULL),
                          ST_OK);
            assert_status(journal_note(k->j, k->now_us, SPAN("a note of words"), NULL), ST_OK);
            kit_commit(k);
        }
        struct index *ix = kit_index(k);
        kit_update(ix);
        struct query *q = kit_query("forged");
        struct index_wanted w = kit_all(q);
        assert_int_equal(count_wanted(k, ix, &w), 20);
        w.type = console ? "raw" : "action";
        assert_int_equal(count_wanted(k, ix, &w), 0);
        w.type = console ? "action" : "raw";
        assert_int_equal(count_wanted(k, ix, &w), 20);
        assert_int_equal(kit_count(k, ix, "words"), 40);
        query_free(q);
        index_close(ix);
        kit_free(k);
    }
    buf_release(&frame);
}

/* A name that this version does not know reads as the first one, which nobody wrote. */
static void what_nobody_wrote_is_not_found(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct buf frame;
    struct event ev;
    kit_close(k);
    char *away = tmpdir_join(k->root, "away");
    assert_int_equal(rename(k->record, away), 0);
    free(away);
    k->writer = "console";
    kit_write(k);
    buf_init(&frame, PROTOCOL_FRAME_BYTES);
    event_init(&ev, EVENT_ACTION_FINISHED, KIT_START_US);
    ev.id = SPAN("e1");
    ev.source = SPAN("checkrein://test");
    event_set_text(&ev, F_AGENT_ID, SPAN("a"));
    event_set_text(&ev, F_ACTION_ID, SPAN("c"));
    event_set_number(&ev, F_OUTCOME, OUTCOME_SUCCEEDED);
    assert_status(codec_write_msg_event(&frame, &ev), ST_OK);
    char *name = memmem(frame.data, frame.len, "succeeded", 9);
    assert_non_null(name);
    memcpy(name, "wondrous1", 9);
    assert_status(journal_raw(k->j, k->now_us, SPAN("test"), buf_span(&frame), NULL), ST_OK);
    kit_commit(k);
    struct index *ix = kit_index(k);
    kit_update(ix);
    assert_int_equal(kit_count(k, ix, "e1"), 1);
    assert_int_equal(kit_count(k, ix, "unknown"), 0);
    buf_release(&frame);
    index_close(ix);
    kit_free(k);
}

/* ---- while it is asked, another process reads on, and the record grows */

struct meanwhile {
    struct kit *k;
    struct index *other;
    uint64_t last_n;
    size_t count;
};

static bool read_on(void *ctx, const struct index_hit *hit)
{
    struct meanwhile *m = ctx;
    assert_true(hit->rec->n > m->last_n); /* none twice */
    m->last_n = hit->rec->n;
    if (m->count++ == 0) {
        kit_calls(m->k, 10, "make");
        kit_update(m->other);
    }
    return true;
}

static void an_index_may_grow_while_it_is_asked(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct meanwhile m = {.k = k};
    struct index_found found;
    struct why why = {0};
    kit_calls(k, 5000, "make");
    struct index *ix = kit_index(k);
    kit_update(ix);
    m.other = kit_index(k);
    struct query *q = kit_query("make");
    struct index_wanted w = kit_all(q);
    assert_status(index_find(ix, k->record, &w, read_on, &m, &found, &why), ST_OK);
    assert_int_equal(m.count, 5000); /* that were there when it began */
    assert_int_equal(found.dropped, 0);
    query_free(q);
    index_close(m.other);
    index_close(ix);
    kit_free(k);
}

static void orders_are_found_with_their_answers(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct command c = {.id = SPAN("01KAYC"),
                        .verb = VERB_MESSAGE,
                        .agent = SPAN("claude:b"),
                        .reason = SPAN("please hurry up"),
                        .time_us = KIT_START_US};
    assert_status(journal_command(k->j, k->now_us, &c, NULL), ST_OK);
    kit_commit(k);
    struct index *ix = kit_index(k);
    kit_update(ix);
    assert_int_equal(kit_count(k, ix, "hurry"), 1);
    assert_int_equal(kit_count(k, ix, "message claude:b 01kayc"), 1);
    index_close(ix);
    kit_free(k);
}

/* ---- anything, against a comparison that splits and compares by itself */

static const char *const WORDS[] = {"make",
                                    "Make",
                                    "check",
                                    "rm -rf",
                                    "src/app.c",
                                    "\u00C9t\u00E9",
                                    "ete",
                                    "\u65E5\u672C",
                                    "\u672C\u8A9E",
                                    "number",
                                    "number7",
                                    "a",
                                    "b",
                                    "c",
                                    "\"",
                                    "*",
                                    "AND",
                                    "NOT",
                                    "OR",
                                    "NEAR(a b)",
                                    "text:",
                                    "^make",
                                    "make*",
                                    "ma*",
                                    "{a b}",
                                    "\x01",
                                    "\xF0\x9F\x98\x80",
                                    "r\u200Bm",
                                    "\\u0041",
                                    "\\n",
                                    "-",
                                    "(",
                                    ")",
                                    "'; DROP TABLE row; --",
                                    "+",
                                    "a + b"};

static void random_text(struct prng *r, char *out, size_t cap, int words)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < words; i++) {
        const char *w = WORDS[prng_below(r, ARRAY_LEN(WORDS))];
        int put = snprintf(out + n, cap - n, "%s%s", i > 0 && prng_below(r, 5) ? " " : "", w);
        assert_true(put >= 0 && n + (size_t)put < cap);
        n += (size_t)put;
    }
}

static void put_random(struct kit *k, struct prng *r)
{
    static const enum event_type types[] = {EVENT_ACTION_STARTED, EVENT_ACTION_FINISHED,
                                            EVENT_APPROVAL_RESOLVED, EVENT_FAILURE_REPORTED,
                                            EVENT_AGENT_UPDATED};
    char agent[32];
    char text[2][400];
    char action[600];
    struct event ev = kit_event(k, types[prng_below(r, ARRAY_LEN(types))]);
    (void)snprintf(agent, sizeof(agent), "claude:%u", (unsigned)prng_below(r, 7));
    random_text(r, text[0], sizeof(text[0]), 1 + (int)prng_below(r, 6));
    random_text(r, text[1], sizeof(text[1]), (int)prng_below(r, 4));
    (void)snprintf(action, sizeof(action), "{\"command\":\"make\\nit%u\"}",
                   (unsigned)prng_below(r, 9));
    event_set_text(&ev, F_AGENT_ID, span_str(agent));
    event_set_text(&ev, F_ACTION_ID, SPAN("c1"));
    event_set_text(&ev, F_APPROVAL_ID, SPAN("ap"));
    event_set_number(&ev, F_OUTCOME, (int64_t)prng_below(r, 3));
    event_set_number(&ev, F_DECISION, (int64_t)prng_below(r, 3));
    event_set_number(&ev, F_FAILURE_CLASS, (int64_t)prng_below(r, 3));
    event_put_text(&ev, F_SUMMARY, span_str(text[0]));
    event_put_text(&ev, F_REASON, span_str(text[1]));
    if (prng_below(r, 4) == 0) {
        event_put_text(&ev, F_ACTION, span_str(action));
    }
    if (ev.type == EVENT_AGENT_UPDATED) {
        static const char *const names[] = {"builder", "tester"};
        event_set_text(&ev, F_AGENT_NAME, span_str(names[prng_below(r, 2)]));
    }
    k->now_us += (int64_t)prng_below(r, 2000000) - 200000; /* the clock is set back at times */
    kit_put(k, &ev);
}

/* Words of a text in a list, split at blanks; by way of no search that is tested here. */
struct list {
    char *word[4096];
    size_t count;
    char *text;
};

static struct list split(struct span words)
{
    struct list l = {.text = xstrndup(words.p ? words.p : "", words.n)};
    char *rest = l.text;
    for (char *w = strsep(&rest, " "); w; w = strsep(&rest, " ")) {
        if (*w) {
            assert_true(l.count < ARRAY_LEN(l.word));
            l.word[l.count++] = w;
        }
    }
    return l;
}

static bool is_at(const struct list *text, size_t at, const struct list *phrase, bool prefix)
{
    for (size_t i = 0; i < phrase->count; i++) {
        size_t n = strlen(phrase->word[i]);
        bool open = prefix && i + 1 == phrase->count;
        if (at + i >= text->count || strncmp(text->word[at + i], phrase->word[i], n) != 0 ||
            (!open && text->word[at + i][n])) {
            return false;
        }
    }
    return true;
}

static bool has_phrase(const struct list *text, const struct list *phrase, bool prefix)
{
    bool found = phrase->count == 0;
    for (size_t at = 0; !found && at < text->count; at++) {
        found = is_at(text, at, phrase, prefix);
    }
    return found;
}

/* One of what is asked: pieces as query_parse() is said to have them. */
struct asked {
    char text[500];
    struct {
        char text[100];
        bool prefix;
    } piece[4];
    size_t pieces;
};

static struct asked ask(struct prng *r)
{
    struct asked a = {0};
    size_t n = 0;
    a.pieces = 1 + prng_below(r, ARRAY_LEN(a.piece));
    for (size_t i = 0; i < a.pieces; i++) {
        char raw[100];
        bool quoted = prng_below(r, 3) == 0;
        random_text(r, raw, sizeof(raw), quoted ? 1 + (int)prng_below(r, 2) : 1);
        size_t to = 0;
        for (const char *c = raw; *c; c++) { /* a quote would end it, and a blank if it has none */
            if (*c != '"' && (quoted || *c != ' ')) {
                a.piece[i].text[to++] = *c;
            }
        }
        bool star = prng_below(r, 4) == 0;
        a.piece[i].prefix = star || (!quoted && to > 0 && a.piece[i].text[to - 1] == '*');
        const char *quote = quoted ? "\"" : "";
        n += (size_t)snprintf(a.text + n, sizeof(a.text) - n, "%s%s%s%s%s", i > 0 ? " " : "", quote,
                              a.piece[i].text, quote, star ? "*" : "");
    }
    return a;
}

static bool takes(const struct asked *a, struct span words)
{
    struct list text = split(words);
    bool all = true;
    for (size_t i = 0; all && i < a->pieces; i++) {
        struct buf b;
        buf_init(&b, WORDS_BYTES);
        words_add(&b, span_str(a->piece[i].text));
        struct list phrase = split(buf_span(&b));
        all = has_phrase(&text, &phrase, a->piece[i].prefix);
        free(phrase.text);
        buf_release(&b);
    }
    free(text.text);
    return all;
}

/* Every record's words, kept to be asked again and again. */
struct corpus {
    struct span *words;
    uint64_t *n;
    size_t count, cap, n_cap;
};

static struct corpus read_corpus(struct kit *k)
{
    struct corpus c = {0};
    struct journal_cursor *cursor = NULL;
    struct journal_record rec;
    struct index_entry e;
    struct index_reader *reader = index_reader_new(k->record);
    assert_status(journal_cursor_open(&cursor, k->record, NULL), ST_OK);
    while (journal_cursor_next(cursor, &rec, NULL) == ST_OK) {
        if (!index_read(reader, &rec, journal_cursor_place(cursor).segment, &e)) {
            continue;
        }
        GROW(c.words, c.cap, c.count + 1);
        GROW(c.n, c.n_cap, c.count + 1);
        c.words[c.count] = (struct span){xstrndup(e.words.p, e.words.n), e.words.n};
        c.n[c.count++] = rec.n;
    }
    journal_cursor_close(cursor);
    index_reader_free(reader);
    return c;
}

static void free_corpus(struct corpus *c)
{
    for (size_t i = 0; i < c->count; i++) {
        char *words = (char *)(uintptr_t)c->words[i].p;
        free(words);
    }
    free(c->words);
    free(c->n);
}

static void assert_found(const struct corpus *c, const struct asked *a, const struct kit_hits *h)
{
    size_t at = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (takes(a, c->words[i])) {
            assert_true(at < h->count);
            assert_int_equal(h->n[at++], c->n[i]);
        }
    }
    assert_int_equal(at, h->count);
}

static void narrow(struct prng *r, struct index_wanted *w)
{
    static const char *const types[] = {"action", "action.finished", "approval.resolved"};
    static const char *const agents[] = {"claude:1", "builder", "tester", "claude:9"};
    w->type = prng_below(r, 3) == 0 ? types[prng_below(r, ARRAY_LEN(types))] : NULL;
    w->agent = prng_below(r, 3) == 0 ? agents[prng_below(r, ARRAY_LEN(agents))] : NULL;
    w->what = prng_below(r, 3) == 0 ? (unsigned)prng_below(r, 8) : 0;
    w->newest = prng_below(r, 2) == 0 ? prng_below(r, 60) : 0;
    if (prng_below(r, 3) == 0) {
        w->from_us = KIT_START_US + (int64_t)prng_below(r, EVENTS) * 1000000;
        w->to_us = w->from_us + (int64_t)prng_below(r, EVENTS) * 1000000;
    }
}

static void the_index_finds_what_reading_finds(void **state)
{
    (void)state;
    const char *given = getenv("CHECKREIN_SEED");
    struct prng r = {.state = given ? strtoull(given, NULL, 10) : 11};
    print_message("CHECKREIN_SEED=%llu\n", (unsigned long long)r.state);
    struct kit *k = kit_new(100000);
    for (int i = 0; i < EVENTS; i++) {
        put_random(k, &r);
    }
    kit_commit(k);
    struct index *ix = kit_index(k);
    kit_update(ix);
    for (int i = 0; i < EVENTS / 10; i++) { /* behind it */
        put_random(k, &r);
    }
    kit_commit(k);
    struct corpus corpus = read_corpus(k);
    size_t hits = 0;
    for (int i = 0; i < ASKED; i++) {
        struct asked a = ask(&r);
        struct query *q = NULL;
        struct why why = {0};
        enum status st = query_parse(&q, span_str(a.text), &why);
        if (st != ST_OK) { /* signs only */
            assert_status(st, ST_INVALID);
            continue;
        }
        struct index_wanted w = kit_all(q);
        struct kit_hits *by_index = kit_search(k, ix, &w);
        assert_int_equal(by_index->found.dropped, 0);
        assert_found(&corpus, &a, by_index);
        hits += by_index->count;
        free(by_index);
        narrow(&r, &w);
        by_index = kit_search(k, ix, &w);
        struct kit_hits *by_reading = kit_search(k, NULL, &w);
        kit_same(by_index, by_reading, a.text);
        free(by_index);
        free(by_reading);
        query_free(q);
    }
    assert_true(hits > ASKED);
    free_corpus(&corpus);
    index_close(ix);
    kit_free(k);
}

/* Places are those that a cursor counts. */
static void positions_are_counted_as_a_cursor_counts(void **state)
{
    (void)state;
    struct kit *k = kit_new(8192);
    kit_calls(k, 100, "make");
    struct index *ix = kit_index(k);
    kit_update(ix);
    struct query *q = kit_query("number5*");
    uint64_t *at = NULL;
    size_t count = 0;
    uint64_t covered = 0;
    struct why why = {0};
    assert_status(index_positions(ix, q, &at, &count, &covered, &why), ST_OK);
    assert_int_equal(count, 11);
    struct journal_cursor *c = NULL;
    struct journal_record rec;
    uint64_t position = 0;
    size_t next = 0;
    assert_status(journal_cursor_open(&c, k->record, &why), ST_OK);
    while (journal_cursor_next(c, &rec, &why) == ST_OK) {
        bool has = memmem(rec.line.p, rec.line.n, "number5", 7) != NULL;
        position++;
        assert_true(has == (next < count && at[next] == position));
        next += has;
    }
    assert_int_equal(covered, position);
    journal_cursor_close(c);
    free(at);
    query_free(q);
    index_close(ix);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_choice_leaves_what_it_says),
        cmocka_unit_test(what_a_call_would_run_is_found_as_it_is_read),
        cmocka_unit_test(frames_are_events_of_back_ends_only),
        cmocka_unit_test(what_nobody_wrote_is_not_found),
        cmocka_unit_test(an_index_may_grow_while_it_is_asked),
        cmocka_unit_test(orders_are_found_with_their_answers),
        cmocka_unit_test(the_index_finds_what_reading_finds),
        cmocka_unit_test(positions_are_counted_as_a_cursor_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
