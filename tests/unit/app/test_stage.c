/* What the keys of a replay do, and how time goes on in it. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/journal.h"
#include "replay/moment.h"
#include "replay/stage.h"
#include "tmpdir.h"

#define SECOND_US INT64_C(1000000)
#define START_US  INT64_C(1795184520000000) /* 2026-11-20T14:22:00Z */

struct fixture {
    char *root, *dir;
    struct stage stage;
};

static int64_t at_second(int s)
{
    return START_US + s * SECOND_US;
}

static void write_event(struct journal *j, int second, enum event_type type, const char *approval)
{
    static int serial;
    char id[32];
    struct event ev;
    event_init(&ev, type, at_second(second));
    (void)snprintf(id, sizeof(id), "id-%d", ++serial);
    ev.id = span_str(id);
    ev.source = SPAN("checkrein://test");
    event_set_text(&ev, F_AGENT_ID, SPAN("a"));
    if (approval) {
        event_set_text(&ev, F_APPROVAL_ID, span_str(approval));
        event_set_text(&ev, F_ACTION, SPAN("{}"));
        event_set_text(&ev, F_DIGEST, SPAN("sha256:00"));
        event_set_number(&ev, F_DECISION, DECISION_APPROVED);
    }
    event_set_number(&ev, F_FAILURE_CLASS, FAILURE_MODEL);
    assert_status(journal_event(j, at_second(second), &ev, NULL), ST_OK);
}

/* Records 3 to 8 of the first session are the events. */
static void write_session(const char *dir, int second)
{
    struct journal *j;
    struct why why = {0};
    struct journal_options o = {.dir = dir, .writer = "daemon", .now_us = at_second(second)};
    assert_status(journal_open(&j, &o, NULL, &why), ST_OK);
    write_event(j, second + 1, EVENT_AGENT_STARTED, NULL);
    write_event(j, second + 2, EVENT_APPROVAL_REQUESTED, "r1");
    write_event(j, second + 4, EVENT_APPROVAL_RESOLVED, "r1");
    write_event(j, second + 5, EVENT_FAILURE_REPORTED, NULL);
    write_event(j, second + 3605, EVENT_APPROVAL_REQUESTED, "needle");
    write_event(j, second + 3606, EVENT_AGENT_STARTED, NULL);
    journal_close(j, at_second(second + 3610));
}

static int up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct player *p;
    struct why why = {0};
    f->root = tmpdir_new();
    f->dir = tmpdir_join(f->root, "record");
    write_session(f->dir, 0);
    write_session(f->dir, 7200);
    assert_status(player_open(&p, f->dir, &why), ST_OK);
    stage_init(&f->stage, p, f->dir);
    while (stage_read(&f->stage, &why)) {
    }
    *state = f;
    return 0;
}

static int down(void **state)
{
    struct fixture *f = *state;
    stage_release(&f->stage);
    free(f->dir);
    tmpdir_free(f->root);
    free(f);
    return 0;
}

static enum status press(struct stage *s, enum action a)
{
    struct why why = {0};
    enum status st = stage_do(s, &(struct intent){.action = a}, s->mono_us, &why);
    assert_true(st == ST_OK || why.text[0] != '\0');
    return st;
}

static enum status press_with(struct stage *s, enum action a, const char *text)
{
    struct why why = {0};
    return stage_do(s, &(struct intent){.action = a, .text = span_str(text)}, s->mono_us, &why);
}

static void assert_at(const struct stage *s, int second)
{
    assert_int_equal((s->at_us - START_US) / 1000, second * 1000);
    assert_false(s->playing);
}

static void keys_go_to_what_they_say(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    assert_status(stage_go(s, 1, &why), ST_OK);
    assert_status(press(s, ACT_STEP), ST_OK);
    assert_at(s, 1);
    assert_status(press(s, ACT_NEXT_DECISION), ST_OK);
    assert_at(s, 4);
    assert_int_equal(fleet_pending_count(player_fleet(s->player)), 0);
    assert_status(press(s, ACT_STEP_BACK), ST_OK);
    assert_at(s, 2);
    assert_int_equal(fleet_pending_count(player_fleet(s->player)), 1);
    assert_status(press(s, ACT_NEXT_FAULT), ST_OK);
    assert_at(s, 5);
    assert_status(press(s, ACT_PREV_DECISION), ST_OK);
    assert_at(s, 4);
    assert_status(press(s, ACT_PREV_DECISION), ST_NOTFOUND);
    assert_at(s, 4);
    assert_status(press(s, ACT_NEXT_SESSION), ST_OK);
    assert_at(s, 7200);
    assert_int_equal(fleet_agent_count(player_fleet(s->player)), 0);
    assert_status(press(s, ACT_NEXT_SESSION), ST_NOTFOUND);
    assert_status(press(s, ACT_PREV_SESSION), ST_OK);
    assert_at(s, 0);
}

static void tenths_are_of_the_session(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    struct intent jump = {.action = ACT_JUMP, .tenths = 5};
    assert_status(stage_go_time(s, at_second(7210), &why), ST_OK);
    assert_status(stage_do(s, &jump, 0, &why), ST_OK);
    assert_at(s, 7200 + 1805);
    jump.tenths = 0;
    assert_status(stage_do(s, &jump, 0, &why), ST_OK);
    assert_at(s, 7200);
}

static void times_are_taken_as_typed(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    assert_status(stage_go_time(s, at_second(5), &why), ST_OK);
    assert_status(press_with(s, ACT_AT, "14:22:02"), ST_OK);
    assert_at(s, 2);
    assert_status(press_with(s, ACT_AT, "+2s"), ST_OK);
    assert_at(s, 4);
    assert_status(press_with(s, ACT_AT, "2026-11-20 16:22"), ST_OK);
    assert_at(s, 7200);
    assert_status(press_with(s, ACT_AT, "25:00"), ST_INVALID);
    assert_at(s, 7200);
    assert_status(press_with(s, ACT_AT, "1999-01-01"), ST_OK);
    assert_at(s, 0);
    assert_status(press_with(s, ACT_AT, "2099-01-01"), ST_OK);
    assert_at(s, 7200 + 3610);
}

static void text_is_found(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    assert_status(stage_go(s, 1, &why), ST_OK);
    assert_status(press(s, ACT_FIND_NEXT), ST_NOTFOUND);
    assert_status(press_with(s, ACT_FIND, "\"needle\""), ST_OK);
    assert_at(s, 3605);
    assert_status(press(s, ACT_FIND_NEXT), ST_OK);
    assert_at(s, 7200 + 3605);
    assert_status(press(s, ACT_FIND_NEXT), ST_NOTFOUND);
    assert_status(press(s, ACT_FIND_PREV), ST_OK);
    assert_at(s, 3605);
}

/* ---- what an index says makes a search shorter, and no other */

#define FOUND_MOST 64

struct places {
    uint64_t at[FOUND_MOST];
    size_t count;
};

static bool goes_on(struct stage *s, enum status st)
{
    struct why why = {0};
    while (st == ST_OK && s->hunting) {
        st = stage_hunt(s, &why);
    }
    return st == ST_OK;
}

/* Every place, from this end on. */
static struct places walk(struct stage *s, enum action a)
{
    struct places found = {0};
    struct why why = {0};
    assert_status(stage_go(s, a == ACT_FIND_NEXT ? 0 : UINT64_MAX, &why), ST_OK);
    while (goes_on(s, press(s, a))) {
        assert_true(found.count < FOUND_MOST);
        found.at[found.count++] = player_position(s->player);
    }
    return found;
}

static void take_hits(struct stage *s, const struct places *p, uint64_t covered)
{
    uint64_t *hits = calloc(FOUND_MOST, sizeof(*hits));
    size_t count = 0;
    assert_non_null(hits);
    while (count < p->count && p->at[count] <= covered) {
        hits[count] = p->at[count];
        count++;
    }
    search_take_hits(&s->search, hits, count, covered);
}

static void assert_same_places(const struct places *a, const struct places *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->at, b->at, sizeof(a->at));
}

static void an_index_changes_nothing_of_what_is_found(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    uint64_t count = player_marks(s->player)->count;
    static const char *const texts[] = {"needle", "SHA256 00", "approved", "id*", "r1", "nowhere"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct why why = {0};
        assert_status(stage_go(s, 0, &why), ST_OK);
        (void)press_with(s, ACT_FIND, texts[i]);
        struct places there = walk(s, ACT_FIND_NEXT);
        struct places back = walk(s, ACT_FIND_PREV);
        assert_int_equal(there.count, back.count + (back.count < there.count));
        for (uint64_t covered = 0; covered <= count; covered++) {
            take_hits(s, &there, covered);
            struct places by_index = walk(s, ACT_FIND_NEXT);
            assert_true(s->search.known);
            assert_same_places(&by_index, &there);
            by_index = walk(s, ACT_FIND_PREV);
            assert_same_places(&by_index, &back);
        }
        struct places wrong = {
            {1, 2, count, count + 9},
            4
        };
        take_hits(s, &wrong, count + 9);
        struct places in_spite = walk(s, ACT_FIND_NEXT);
        assert_same_places(&in_spite, &there);
        take_hits(s, &wrong, count + 9);
        in_spite = walk(s, ACT_FIND_PREV);
        assert_same_places(&in_spite, &back);
    }
}

static void hits_are_counted_when_they_are_known(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    uint64_t count = player_marks(s->player)->count;
    struct why why = {0};
    assert_null(stage_playback(s, 80)->search);
    assert_status(press_with(s, ACT_FIND, " -- "), ST_INVALID);
    assert_status(press_with(s, ACT_FIND, ""), ST_INVALID);
    assert_status(stage_go(s, 0, &why), ST_OK);
    assert_status(press_with(s, ACT_FIND, "Needle"), ST_OK);
    const struct playback *p = stage_playback(s, 80);
    assert_string_equal(p->search, "Needle");
    assert_false(p->hits_known);
    struct places there = walk(s, ACT_FIND_NEXT);
    assert_int_equal(there.count, 2);
    take_hits(s, &there, count);
    p = stage_playback(s, 80);
    assert_true(p->hits_known && !p->hits_grow && p->hits == 2 && p->hit == 2);
    assert_status(press(s, ACT_STEP_BACK), ST_OK);
    p = stage_playback(s, 80);
    assert_true(p->hits == 2 && p->hit == 0);
    take_hits(s, &there, count - 1);
    assert_true(stage_playback(s, 80)->hits_grow);
    assert_status(press_with(s, ACT_FIND, "r1"), ST_NOTFOUND); /* of another search */
    assert_false(stage_playback(s, 80)->hits_known);
}

/* By a clock of the test's own. */
static void it_plays_as_it_was(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    assert_status(stage_go_time(s, at_second(1), &why), ST_OK);
    assert_true(stage_due_us(s, 0) == INT64_MAX);
    assert_false(stage_tick(s, 50 * SECOND_US, &why));
    assert_status(press(s, ACT_PLAY), ST_OK);
    assert_int_equal(stage_due_us(s, s->mono_us), 51 * SECOND_US);
    assert_true(stage_tick(s, 51 * SECOND_US, &why));
    assert_int_equal(s->at_us, at_second(2));
    assert_int_equal(fleet_pending_count(player_fleet(s->player)), 1);
    assert_status(press(s, ACT_FASTER), ST_OK);
    assert_true(s->playing);
    assert_int_equal(stage_due_us(s, s->mono_us), 52 * SECOND_US);
    assert_true(stage_tick(s, 52 * SECOND_US, &why));
    assert_int_equal(fleet_pending_count(player_fleet(s->player)), 0);
    assert_true(stage_tick(s, 53 * SECOND_US, &why));
    assert_int_equal(s->at_us, at_second(6));
    assert_true(stage_tick(s, 54 * SECOND_US, &why)); /* an hour of nothing follows */
    assert_true(s->at_us > at_second(3600) && s->at_us < at_second(3605));
    for (int i = 55; s->playing && i < 200; i++) {
        (void)stage_tick(s, i * SECOND_US, &why);
    }
    assert_false(s->playing); /* stands still at the end */
    assert_int_equal(player_position(s->player), player_marks(s->player)->count);
    assert_status(press(s, ACT_PLAY), ST_NOTFOUND);
    assert_status(press(s, ACT_STEP), ST_NOTFOUND);
}

static void other_keys_stand_it_still(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    assert_status(stage_go_time(s, at_second(1), &why), ST_OK);
    assert_status(press(s, ACT_PLAY), ST_OK);
    assert_status(press(s, ACT_STEP), ST_OK);
    assert_at(s, 2);
    assert_true(stage_due_us(s, s->mono_us) == INT64_MAX);
}

static void the_strip_shows_what_happened_where(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    assert_status(stage_go_time(s, at_second(1), &why), ST_OK);
    const struct playback *p = stage_playback(s, 80);
    assert_int_equal(p->cell_count, 76);
    assert_int_equal(p->session, 1);
    assert_int_equal(p->sessions, 2);
    assert_true(p->cells[0].asked && p->cells[0].decided && p->cells[0].failed);
    assert_true(p->cells[75].asked && !p->cells[75].decided && !p->cells[75].failed);
    assert_int_equal(p->cells[40].changes, 0);
    assert_string_equal(p->speed, "1x");
    assert_int_equal(p->record, 3);
}

static void speeds_have_names(void **state)
{
    struct stage *s = &((struct fixture *)*state)->stage;
    struct why why = {0};
    assert_status(stage_set_speed(s, SPAN("64"), &why), ST_OK);
    assert_string_equal(stage_playback(s, 80)->speed, "64x");
    assert_status(stage_set_speed(s, SPAN("1/4x"), &why), ST_OK);
    assert_status(press(s, ACT_SLOWER), ST_LIMIT);
    assert_status(stage_set_speed(s, SPAN("3"), &why), ST_INVALID);
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "14",
                                      "14:",
                                      "+5",
                                      "-5y",
                                      "+m",
                                      "14:61",
                                      "-",
                                      "2026-13-01 10:00",
                                      "99999999999999999999d",
                                      "14:03:20 and more"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t at = 7;
        struct why why = {0};
        assert_status(moment_parse(span_str(bad[i]), START_US, &at, &why), ST_INVALID);
        assert_int_equal(at, 7);
        assert_non_null(strstr(why.text, "is no time"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_go_to_what_they_say),
        TEST(tenths_are_of_the_session),
        TEST(times_are_taken_as_typed),
        TEST(text_is_found),
        TEST(an_index_changes_nothing_of_what_is_found),
        TEST(hits_are_counted_when_they_are_known),
        TEST(it_plays_as_it_was),
        TEST(other_keys_stand_it_still),
        TEST(the_strip_shows_what_happened_where),
        TEST(speeds_have_names),
        cmocka_unit_test(what_is_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
