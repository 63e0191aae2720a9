/* A record that was cut back to a seal is intact by itself; who kept a later head knows better. */
#include "journal_kit.h"

#include <inttypes.h>

#include "checkrein/alloc.h"

#define NOTES 6

struct fixture {
    char *dir;   /* the record: every note is sealed */
    char *where; /* where heads are kept */
    char *heads; /* the file of all of them */
};

static void write_notes(struct journal *j)
{
    for (int i = 0; i < NOTES; i++) {
        kit_note(j, "words");
        assert_status(journal_seal(j, KIT_START_US), ST_OK);
        kit_commit(j);
    }
}

/* The seals' lines, as whoever forwards heads writes them. */
static struct buf seals_of(const char *dir)
{
    struct buf b;
    struct buf all = kit_slurp(dir, KIT_SEGMENT);
    struct span bytes = buf_span(&all);
    buf_init(&b, KIT_FILE_BYTES);
    for (size_t i = 0; i < kit_lines(bytes); i++) {
        struct span line = kit_line(bytes, i);
        if (kit_has(line, "\"k\":\"seal\"")) {
            (void)buf_add(&b, line);
        }
    }
    buf_release(&all);
    return b;
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->dir = tmpdir_new();
    f->where = tmpdir_new();
    f->heads = tmpdir_join(f->where, "heads");
    struct journal *j = kit_open(f->dir, NULL);
    write_notes(j);
    journal_close(j, KIT_START_US);
    struct buf seals = seals_of(f->dir);
    kit_spit(f->where, "heads", buf_span(&seals));
    buf_release(&seals);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->heads);
    tmpdir_free(f->dir);
    tmpdir_free(f->where);
    free(f);
    return 0;
}

static struct journal_heads_report compare(const struct fixture *f)
{
    struct journal_heads_report r;
    struct why why = {0};
    struct journal_heads *heads = journal_heads_new();
    assert_status(journal_heads_read(heads, f->heads, &why), ST_OK);
    assert_status(journal_heads_compare(heads, f->dir, &r, &why), ST_OK);
    journal_heads_free(heads);
    return r;
}

/* The first `lines` of the only segment. */
static void cut_to(const struct fixture *f, size_t lines)
{
    struct buf all = kit_slurp(f->dir, KIT_SEGMENT);
    size_t n = 0;
    for (size_t i = 0; i < lines; i++) {
        n += kit_line(buf_span(&all), i).n;
    }
    kit_spit(f->dir, KIT_SEGMENT, span_sub(buf_span(&all), 0, n));
    buf_release(&all);
}

static void heads_of_the_record_agree(void **state)
{
    struct journal_heads_report r = compare(*state);
    assert_int_equal(r.verdict, HEADS_AGREE);
    assert_int_equal(r.agree, NOTES + 2); /* the start's and the end's */
    assert_int_equal(r.last_n, r.end_n);
    assert_int_equal(r.foreign + r.bad + r.before, 0);
}

/* Line 4 is a seal, so what is left is a whole record. */
static void a_record_cut_back_to_a_seal_is_told(void **state)
{
    struct fixture *f = *state;
    cut_to(f, 4);
    assert_true(kit_intact(f->dir).sealed_to_end);
    struct journal_heads_report r = compare(f);
    assert_int_equal(r.verdict, HEADS_CUT);
    assert_int_equal(r.end_n, 4);
    assert_int_equal(r.n, 6); /* the first head that is missing */
    assert_int_equal(r.agree, 2);
    assert_int_equal(r.time_us, KIT_START_US);
}

/* Whoever has the seed cuts, and goes on: it chains, it is sealed, it is as long. */
static void a_record_written_anew_behind_a_cut_is_told(void **state)
{
    struct fixture *f = *state;
    cut_to(f, 4);
    struct journal *j = kit_open(f->dir, NULL);
    write_notes(j);
    write_notes(j);
    journal_close(j, KIT_START_US);
    (void)kit_intact(f->dir);
    struct journal_heads_report r = compare(f);
    assert_int_equal(r.verdict, HEADS_OTHER);
    assert_int_equal(r.n, 6);
}

/* Another history in the same folder: none of the heads is of it. */
static void another_record_in_its_place_is_not_taken_for_it(void **state)
{
    struct fixture *f = *state;
    kit_remove(f->dir, KIT_SEGMENT);
    kit_remove(f->dir, "key");
    kit_remove(f->dir, "key.pub");
    struct journal *j = kit_open(f->dir, NULL);
    write_notes(j);
    journal_close(j, KIT_START_US);
    (void)kit_intact(f->dir);
    struct journal_heads_report r = compare(f);
    assert_int_equal(r.verdict, HEADS_NONE);
    assert_int_equal(r.foreign, NOTES + 2);
}

/* A line that looks like a head of a later record, and that the key did not sign, proves nothing.
 */
static void what_the_key_did_not_sign_is_no_head(void **state)
{
    struct fixture *f = *state;
    struct buf heads = kit_slurp(f->where, "heads");
    char *at = memmem(heads.data, heads.len, "\"n\":3,", 6);
    if (at == NULL) {
        at = memmem(heads.data, heads.len, "\"n\":4,", 6);
    }
    assert_non_null(at);
    at[4] = '9';
    (void)buf_addstr(&heads, "noise\n\n{\"prev\":");
    kit_spit(f->where, "heads", buf_span(&heads));
    buf_release(&heads);
    struct journal_heads_report r = compare(f);
    assert_int_equal(r.verdict, HEADS_AGREE);
    assert_int_equal(r.bad, 2); /* this one and the noise; what has no end is being written */
}

static void a_head_noted_by_hand_is_compared(void **state)
{
    struct fixture *f = *state;
    struct journal_report good = kit_intact(f->dir);
    struct journal_heads_report r;
    struct why why = {0};
    char text[128];
    (void)snprintf(text, sizeof(text), "%" PRIu64 ":%s", good.records, good.head);
    struct journal_heads *heads = journal_heads_new();
    assert_status(journal_heads_add(heads, span_str(text), &why), ST_OK);
    assert_status(journal_heads_compare(heads, f->dir, &r, &why), ST_OK);
    assert_int_equal(r.verdict, HEADS_AGREE);
    cut_to(f, 6);
    assert_status(journal_heads_compare(heads, f->dir, &r, &why), ST_OK);
    assert_int_equal(r.verdict, HEADS_CUT);
    journal_heads_free(heads);
    static const char *const bad[] = {"", ":", "5", "5:", "0:00", "x:00", "5:zz"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        heads = journal_heads_new();
        assert_status(journal_heads_add(heads, span_str(bad[i]), &why), ST_INVALID);
        journal_heads_free(heads);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(heads_of_the_record_agree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_record_cut_back_to_a_seal_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_record_written_anew_behind_a_cut_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_record_in_its_place_is_not_taken_for_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_the_key_did_not_sign_is_no_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_head_noted_by_hand_is_compared, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
