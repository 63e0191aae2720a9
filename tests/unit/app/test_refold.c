/* A record that nobody's console has written. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>

#include "checkrein/journal.h"
#include "replay/refold.h"
#include "tmpdir.h"

#define START_US INT64_C(1795184527123000)
#define NAMES    2000

struct fixture {
    char *root, *dir;
    struct journal *journal;
};

static int up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct why why = {0};
    f->root = tmpdir_new();
    f->dir = tmpdir_join(f->root, "record");
    struct journal_options o = {.dir = f->dir, .writer = "console", .now_us = START_US};
    assert_status(journal_open(&f->journal, &o, NULL, &why), ST_OK);
    *state = f;
    return 0;
}

static int down(void **state)
{
    struct fixture *f = *state;
    free(f->dir);
    tmpdir_free(f->root);
    free(f);
    return 0;
}

static void write_link(struct fixture *f, const char *subject, const char *kind)
{
    struct event ev;
    event_init(&ev, EVENT_BACKEND_LINK, START_US);
    ev.id = SPAN("e");
    ev.source = SPAN("checkrein://console");
    ev.subject = span_str(subject);
    event_set_number(&ev, F_LINK, LINK_CONNECTING);
    if (kind) {
        event_set_text(&ev, F_BACKEND_KIND, span_str(kind));
    }
    assert_status(journal_event(f->journal, START_US, &ev, NULL), ST_OK);
}

/* How many of its records are refused. */
static unsigned fold(struct fixture *f)
{
    struct journal_cursor *c;
    struct journal_record rec;
    struct why why = {0};
    struct refold *r = refold_new();
    unsigned refused = 0;
    journal_close(f->journal, START_US);
    assert_status(journal_cursor_open(&c, f->dir, &why), ST_OK);
    while (journal_cursor_next(c, &rec, &why) == ST_OK) {
        refused += refold_take(r, &rec, &why) != ST_OK;
        picture_free(refold_picture(r));
    }
    journal_cursor_close(c);
    refold_free(r);
    return refused;
}

static void a_back_end_of_no_kind(void **state)
{
    struct fixture *f = *state;
    write_link(f, "backend/x", NULL);
    write_link(f, "backend/y", "of a later version");
    assert_int_equal(fold(f), 0);
}

static void more_back_ends_than_anybody_has(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < NAMES; i++) {
        char subject[40];
        (void)snprintf(subject, sizeof(subject), "backend/%d", i);
        write_link(f, subject, "checkrein");
    }
    assert_int_equal(fold(f), NAMES - 256);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_back_end_of_no_kind),
        TEST(more_back_ends_than_anybody_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
