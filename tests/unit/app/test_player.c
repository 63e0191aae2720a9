/* Any instant of a record is the picture that folding up to there makes, whichever way it is come
 * to. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../model/random_events.h"
#include "checkrein/alloc.h"
#include "replay/player.h"
#include "replay/refold.h"
#include "tmpdir.h"

#define START_US INT64_C(1795184527123000)
#define EVENTS   8000
#define LOOKS    60
#define EVERY    50

struct fixture {
    char *root, *dir;
    uint64_t *digest; /* after the records that are looked at */
    size_t count, cap;
};

static struct journal *open_journal(const char *dir)
{
    struct journal *j;
    struct why why = {0};
    struct journal_options o = {
        .dir = dir, .writer = "daemon", .now_us = START_US, .segment_bytes = 1u << 20};
    assert_status(journal_open(&j, &o, NULL, &why), ST_OK);
    return j;
}

static void write_events(struct journal *j, uint64_t seed, int count)
{
    struct random_events g = random_events_new(seed);
    struct why why = {0};
    for (int i = 0; i < count;) {
        char id[32];
        struct event ev = *random_event(&g);
        (void)snprintf(id, sizeof(id), "e%d", i);
        ev.id = span_str(id);
        ev.source = SPAN("checkrein://test");
        ev.seq = 0;
        /* some are nonsense that the codec refuses */
        i += journal_event(j, START_US + (int64_t)i * 1000, &ev, NULL) == ST_OK;
    }
    assert_status(journal_commit(j, &why), ST_OK);
}

/* A digest walks the whole fleet: not after every record. */
static bool is_looked_at(uint64_t position)
{
    return position % EVERY <= 1;
}

static void fold_from_the_start(struct fixture *f)
{
    struct journal_cursor *c;
    struct journal_record rec;
    struct why why = {0};
    struct refold *r = refold_new();
    assert_status(journal_cursor_open(&c, f->dir, &why), ST_OK);
    f->count = 0;
    while (journal_cursor_next(c, &rec, &why) == ST_OK) {
        (void)!refold_take(r, &rec, &why);
        GROW(f->digest, f->cap, f->count + 1);
        f->count++;
        f->digest[f->count - 1] = is_looked_at(f->count) ? fleet_digest(refold_fleet(r)) : 0;
    }
    f->digest[f->count - 1] = fleet_digest(refold_fleet(r));
    journal_cursor_close(c);
    refold_free(r);
}

static int up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->root = tmpdir_new();
    f->dir = tmpdir_join(f->root, "record");
    for (uint64_t run = 0; run < 2; run++) { /* two writers, one after the other */
        struct journal *j = open_journal(f->dir);
        write_events(j, 5 + run, EVENTS / 2);
        journal_close(j, START_US + EVENTS * 1000);
    }
    fold_from_the_start(f);
    *state = f;
    return 0;
}

static int down(void **state)
{
    struct fixture *f = *state;
    free(f->digest);
    free(f->dir);
    tmpdir_free(f->root);
    free(f);
    return 0;
}

static struct player *open_player(const struct fixture *f)
{
    struct player *p;
    struct why why = {0};
    assert_status(player_open(&p, f->dir, &why), ST_OK);
    return p;
}

static struct player *read_player(const struct fixture *f)
{
    struct player *p = open_player(f);
    struct why why = {0};
    enum status st;
    while ((st = player_read(p, 500, &why)) == ST_OK) {
    }
    assert_status(st, ST_END);
    return p;
}

static void assert_is_at(const struct fixture *f, const struct player *p, uint64_t position)
{
    assert_int_equal(player_position(p), position);
    assert_true(is_looked_at(position) || position == f->count);
    assert_true(position == 0 || fleet_digest(player_fleet(p)) == f->digest[position - 1]);
}

static void any_position_is_the_picture_of_then(void **state)
{
    const struct fixture *f = *state;
    struct player *p = read_player(f);
    struct prng rng = {.state = 3};
    struct why why = {0};
    assert_int_equal(player_marks(p)->count, f->count);
    for (int i = 0; i < LOOKS; i++) {
        uint64_t at = prng_below(&rng, f->count / EVERY) * EVERY;
        assert_status(player_seek(p, at, &why), ST_OK);
        assert_is_at(f, p, at);
        assert_status(player_seek(p, at + 1, &why), ST_OK); /* and on from there */
        assert_is_at(f, p, at + 1);
    }
    assert_status(player_seek(p, UINT64_MAX, &why), ST_OK);
    assert_is_at(f, p, f->count);
    player_close(p);
}

static void what_was_read_can_be_looked_at_before_the_end(void **state)
{
    const struct fixture *f = *state;
    struct player *p = open_player(f);
    struct why why = {0};
    assert_status(player_seek(p, 10, &why), ST_OK);
    assert_is_at(f, p, 0);
    assert_status(player_read(p, 3000, &why), ST_OK);
    assert_status(player_seek(p, 2500, &why), ST_OK);
    assert_is_at(f, p, 2500);
    assert_status(player_read(p, 100, &why), ST_OK);
    assert_status(player_seek(p, UINT64_MAX, &why), ST_OK);
    assert_is_at(f, p, 3100);
    assert_status(player_seek(p, 51, &why), ST_OK);
    assert_is_at(f, p, 51);
    player_close(p);
}

static void a_record_that_is_being_written_goes_on(void **state)
{
    struct fixture *f = *state;
    struct player *p = read_player(f);
    struct why why = {0};
    uint64_t before = player_marks(p)->count;
    struct journal *j = open_journal(f->dir);
    write_events(j, 99, 300);
    assert_status(player_read(p, 100000, &why), ST_END);
    assert_true(player_marks(p)->count > before + 200);
    fold_from_the_start(f);
    assert_status(player_seek(p, UINT64_MAX, &why), ST_OK);
    assert_is_at(f, p, f->count);
    assert_status(player_seek(p, before / EVERY * EVERY, &why), ST_OK);
    assert_is_at(f, p, before / EVERY * EVERY);
    journal_close(j, START_US);
    player_close(p);
}

static void marks_tell_where_to_stop(void **state)
{
    const struct fixture *f = *state;
    struct player *p = read_player(f);
    const struct marks *m = player_marks(p);
    static const unsigned kinds[] = {MARK_CHANGE, MARK_ASKED, MARK_DECIDED, MARK_FAILED};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        uint64_t forward = 0;
        uint64_t at = 0;
        for (uint64_t next; (next = marks_next(m, at, kinds[i])) != at; at = next) {
            assert_true(next > at);
            forward++;
        }
        uint64_t last = at;
        uint64_t back = 0;
        at = m->count + 1;
        for (uint64_t prev; (prev = marks_previous(m, at, kinds[i])) != at; at = prev) {
            assert_true(prev < at);
            assert_true(back > 0 || prev == last);
            back++;
        }
        assert_true(forward > 20);
        assert_int_equal(forward, back);
    }
    assert_int_equal(marks_next(m, 0, MARK_START), 1);
    struct marks_span s = marks_session(m, m->count);
    assert_int_equal(s.number, 2);
    assert_int_equal(s.of, 2);
    assert_int_equal(s.last, m->count);
    assert_int_equal(marks_next(m, 1, MARK_START), s.first + 1);
    struct marks_span one = marks_session(m, 5);
    assert_int_equal(one.number, 1);
    assert_int_equal(one.last, s.first);
    player_close(p);
}

static void a_moment_is_found(void **state)
{
    const struct fixture *f = *state;
    struct player *p = read_player(f);
    const struct marks *m = player_marks(p);
    assert_int_equal(marks_at_time(m, 0), 0);
    assert_int_equal(marks_at_time(m, INT64_MAX), m->count);
    for (uint64_t at = 10; at < EVENTS / 2; at += 777) {
        int64_t then = marks_time_us(m, at);
        uint64_t found = marks_at_time(m, then);
        assert_int_equal(marks_time_us(m, found), then);
        assert_true(found >= at);
        assert_true(marks_at_time(m, then - 1) < at);
    }
    player_close(p);
}

static bool has_text(void *ctx, const struct journal_record *rec, uint32_t segment)
{
    const struct span *text = ctx;
    (void)segment;
    return memmem(rec->line.p, rec->line.n, text->p, text->n) != NULL;
}

static enum status find(struct player *p, struct span text, bool back, uint64_t *position)
{
    struct player_hunt h;
    struct why why = {0};
    const struct player_wanted w = {has_text, &text};
    enum status st;
    player_hunt_begin(&h, *position, back);
    do {
        st = player_hunt_on(p, &h, &w, position, &why);
    } while (st == ST_AGAIN);
    return st;
}

static void text_is_found_forward_and_back(void **state)
{
    const struct fixture *f = *state;
    struct player *p = read_player(f);
    struct why why = {0};
    struct span text = SPAN("\"id\":\"e3777\"");
    uint64_t at = 100;
    assert_status(player_seek(p, at, &why), ST_OK);
    assert_status(find(p, text, false, &at), ST_OK);
    uint64_t first = at;
    assert_is_at(f, p, 100); /* searching shows nothing else */
    assert_status(find(p, text, false, &at), ST_OK);
    assert_true(at > first); /* of the second writer */
    assert_status(find(p, text, false, &at), ST_NOTFOUND);
    assert_status(find(p, text, true, &at), ST_OK);
    assert_int_equal(at, first);
    const struct player_wanted w = {has_text, &text};
    assert_status(player_look_at(p, first, &w, &why), ST_OK);
    assert_status(player_look_at(p, first - 1, &w, &why), ST_NOTFOUND);
    assert_status(player_look_at(p, first + 1, &w, &why), ST_NOTFOUND);
    assert_status(player_look_at(p, 0, &w, &why), ST_NOTFOUND);
    assert_status(player_look_at(p, f->count + 1, &w, &why), ST_NOTFOUND);
    assert_status(find(p, text, true, &at), ST_NOTFOUND);
    assert_status(player_seek(p, 101, &why), ST_OK);
    assert_is_at(f, p, 101);
    player_close(p);
}

/* A long record is searched in pieces: whoever waits for it can do something else meanwhile. */
static void a_search_is_done_in_pieces(void **state)
{
    const struct fixture *f = *state;
    struct player *p = read_player(f);
    struct why why = {0};
    for (int back = 0; back <= 1; back++) {
        struct player_hunt h;
        struct span text = SPAN("nobody said this");
        const struct player_wanted w = {has_text, &text};
        uint64_t at = 0;
        uint64_t before;
        int pieces = 0;
        enum status st;
        player_hunt_begin(&h, back ? f->count : 0, back);
        do {
            before = h.at;
            st = player_hunt_on(p, &h, &w, &at, &why);
            uint64_t come = back ? before - h.at : h.at - before;
            assert_true(come <= 2 * PLAYER_STRIDE && (come > 0 || st == ST_NOTFOUND));
            pieces++;
        } while (st == ST_AGAIN);
        assert_status(st, ST_NOTFOUND);
        assert_true(pieces > 4);
        assert_int_equal(h.at, back ? 0 : f->count);
    }
    player_close(p);
}

static void what_is_no_record_is_counted(void **state)
{
    struct fixture *f = *state;
    struct why why = {0};
    char *path = tmpdir_join(f->dir, "000001.jsonl");
    assert_int_equal(chmod(path, 0600), 0);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    char line[1 << 16];
    for (int i = 0; i < 50; i++) {
        assert_non_null(fgets(line, sizeof(line), file));
    }
    long at = ftell(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fputs("#", file), 1);
    assert_int_equal(fclose(file), 0);
    struct player *p = read_player(f);
    assert_int_equal(player_marks(p)->count, f->count - 1);
    assert_int_equal(player_bad(p), 1);
    assert_non_null(strstr(player_first_bad(p), "000001.jsonl:51"));
    assert_status(player_seek(p, UINT64_MAX, &why), ST_OK);
    assert_status(player_seek(p, EVERY, &why), ST_OK);
    assert_is_at(f, p, EVERY);
    player_close(p);
    free(path);
}

/* What cannot be gone back to leaves the picture, and what follows it, as it was. */
static void a_segment_that_went_meanwhile_changes_no_picture(void **state)
{
    struct fixture *f = *state;
    struct player *p = read_player(f);
    struct why why = {0};
    uint64_t at = f->count / 2 / EVERY * EVERY;
    char *path = tmpdir_join(f->dir, "000001.jsonl");
    assert_status(player_seek(p, at, &why), ST_OK);
    assert_int_equal(unlink(path), 0);
    assert_true(player_seek(p, 10, &why) != ST_OK);
    assert_is_at(f, p, at);
    assert_status(player_seek(p, at + 1, &why), ST_OK);
    assert_is_at(f, p, at + 1);
    player_close(p);
    free(path);
}

static void nothing_to_open(void **state)
{
    struct fixture *f = *state;
    struct player *p;
    struct why why = {0};
    assert_true(player_open(&p, f->root, &why) != ST_OK);
    assert_null(p);
    assert_true(player_open(&p, "/nonexistent", &why) != ST_OK);
    player_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

/* Its start, and so the name of its writer, is in a segment that was dropped. */
static void a_record_that_begins_late_is_played(void **state)
{
    const struct fixture *f = *state;
    const int64_t later_us = START_US + INT64_C(5) * 86400 * 1000000;
    char *dir = tmpdir_join(f->root, "late");
    struct why why = {0};
    struct event ev;
    struct journal_drop drop;
    struct journal_keep keep = {.days = 1};
    struct journal *j = open_journal(dir);
    write_events(j, 7, 3000); /* more than a segment */
    event_init(&ev, EVENT_AGENT_STARTED, START_US);
    ev.id = SPAN("e");
    ev.source = SPAN("checkrein://test");
    ev.snapshot = true;
    event_set_text(&ev, F_AGENT_ID, SPAN("kept"));
    const struct event *told;
    assert_status(journal_event_from(j, later_us, SPAN("daemon"), &ev, &told), ST_OK);
    assert_status(journal_droppable(j, later_us, &keep, &drop, &why), ST_OK);
    assert_int_equal(drop.first_segment, 1);
    assert_status(journal_drop(j, later_us, &drop, &why), ST_OK);
    event_set_text(&ev, F_AGENT_ID, SPAN("new"));
    ev.snapshot = false;
    ev.seq = 0;
    assert_status(journal_event(j, later_us, &ev, NULL), ST_OK);
    journal_close(j, later_us);
    struct player *p;
    assert_status(player_open(&p, dir, &why), ST_OK);
    while (player_read(p, 1000, &why) == ST_OK) {
    }
    assert_int_equal(player_bad(p), 0);
    assert_status(player_seek(p, UINT64_MAX, &why), ST_OK);
    assert_non_null(fleet_agent_by_id(player_fleet(p), SPAN("daemon"), SPAN("kept")));
    assert_non_null(fleet_agent_by_id(player_fleet(p), SPAN("daemon"), SPAN("new")));
    player_close(p);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_position_is_the_picture_of_then),
        TEST(what_was_read_can_be_looked_at_before_the_end),
        TEST(a_record_that_is_being_written_goes_on),
        TEST(marks_tell_where_to_stop),
        TEST(a_moment_is_found),
        TEST(text_is_found_forward_and_back),
        TEST(a_search_is_done_in_pieces),
        TEST(what_is_no_record_is_counted),
        TEST(a_segment_that_went_meanwhile_changes_no_picture),
        TEST(nothing_to_open),
        TEST(a_record_that_begins_late_is_played),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
