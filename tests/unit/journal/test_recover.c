/* A start after a crash: the torn end is cut and kept, what was changed is refused, nothing good is
 * lost. */
#include "journal_kit.h"

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/crypto.h"
#include "checkrein/num.h"
#include "record_priv.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOW_BUILD 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(SLOW_BUILD)
#define MOST_US 20000000
#else
#define MOST_US 1000000
#endif

struct fixture {
    char *dir;
    struct buf good; /* of 000001.jsonl: open, seal, notes; as after a SIGKILL */
};

/* A writer that is killed: what it has not committed is gone, nothing is closed. */
static void crash(struct journal *j, const char *dir)
{
    struct buf before = kit_slurp(dir, KIT_SEGMENT);
    journal_close(j, KIT_START_US);
    kit_spit(dir, KIT_SEGMENT, buf_span(&before));
    buf_release(&before);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->dir = tmpdir_new();
    struct journal *j = kit_open(f->dir, NULL);
    kit_note(j, "first");
    kit_commit(j);
    kit_note(j, "the last record before the crash");
    kit_commit(j);
    crash(j, f->dir);
    f->good = kit_slurp(f->dir, KIT_SEGMENT);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_release(&f->good);
    tmpdir_free(f->dir);
    free(f);
    return 0;
}

static void after_a_crash_it_goes_on(void **state)
{
    struct fixture *f = *state;
    struct journal_opened found;
    struct journal *j = kit_open(f->dir, &found);
    assert_int_equal(found.torn_bytes, 0);
    assert_int_equal(found.next_n, 4 + 2 + 1);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(f->dir).records, 8);
    assert_false(kit_exists(f->dir, "000001.torn-1"));
}

/* The record of the tear, as it must stand. */
static void assert_torn_record(const struct fixture *f, struct span torn, size_t at, int file)
{
    struct buf b = kit_slurp(f->dir, KIT_SEGMENT);
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    char want[256];
    sha256(torn, hash);
    hex_encode(hash, sizeof(hash), hex);
    (void)snprintf(want, sizeof(want),
                   "\"k\":\"torn\",\"torn\":{\"segment\":\"000001.jsonl\",\"at\":%zu,\"bytes\":%zu,"
                   "\"file\":\"000001.torn-%d\",\"sha256\":\"%s\"}}\n",
                   at, torn.n, file, hex);
    assert_true(kit_has(buf_span(&b), want));
    assert_true(span_starts(buf_span(&b), "{\"prev\":\"0000"));
    assert_memory_equal(b.data, f->good.data, at);
    buf_release(&b);
}

/* At every byte of the last record: what was before stands, the rest is kept aside, byte for byte.
 */
static void a_torn_tail_is_cut_at_every_offset(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    size_t start = good.n - kit_line(good, kit_lines(good) - 1).n;
    for (size_t end = start + 1; end < good.n; end++) {
        struct journal_opened found;
        struct span torn = span_sub(good, start, end - start);
        kit_spit(f->dir, KIT_SEGMENT, span_sub(good, 0, end));
        struct journal *j = kit_open(f->dir, &found);
        assert_int_equal(found.torn_bytes, torn.n);
        assert_int_equal(found.next_n, 3 + 3 + 1); /* open, torn, seal */
        journal_close(j, KIT_START_US);
        (void)kit_intact(f->dir);
        assert_torn_record(f, torn, start, 1);
        struct buf kept = kit_slurp(f->dir, "000001.torn-1");
        assert_span_eq(buf_span(&kept), torn);
        assert_int_equal(kit_mode(f->dir, "000001.torn-1"), 0400);
        buf_release(&kept);
        kit_remove(f->dir, "000001.torn-1");
    }
}

static void each_tear_has_its_own_file(void **state)
{
    struct fixture *f = *state;
    for (int i = 1; i <= 3; i++) {
        char name[32];
        struct buf b = kit_slurp(f->dir, KIT_SEGMENT);
        (void)buf_printf(&b, "{\"prev\":\"%d", i);
        kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
        buf_release(&b);
        crash(kit_open(f->dir, NULL), f->dir);
        (void)snprintf(name, sizeof(name), "000001.torn-%d", i);
        struct buf kept = kit_slurp(f->dir, name);
        assert_int_equal(kept.len, 10);
        assert_int_equal(kept.data[9], '0' + i);
        buf_release(&kept);
    }
    (void)kit_intact(f->dir);
}

/* A start that was killed after it had cut, before it could say so. */
static void what_was_cut_and_not_told_is_told(void **state)
{
    struct fixture *f = *state;
    struct journal_opened found;
    kit_spit(f->dir, "000001.torn-1", SPAN("cut off"));
    kit_spit(f->dir, "000001.torn-2", SPAN_NONE); /* this one did not get so far */
    kit_spit(f->dir, "000001.torn-4", SPAN("of somebody else"));
    journal_close(kit_open(f->dir, &found), KIT_START_US);
    assert_int_equal(found.torn_bytes, 7);
    assert_torn_record(f, SPAN("cut off"), f->good.len, 1);
    (void)kit_intact(f->dir);
    journal_close(kit_open(f->dir, &found), KIT_START_US);
    assert_int_equal(found.torn_bytes, 0);
    (void)kit_intact(f->dir);
}

/* It was killed before it had cut: the whole of it is kept and told of once. */
static void what_was_kept_twice_is_told_once(void **state)
{
    struct fixture *f = *state;
    struct journal_opened found;
    struct buf b = kit_slurp(f->dir, KIT_SEGMENT);
    (void)buf_addstr(&b, "torn end");
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    kit_spit(f->dir, "000001.torn-1", SPAN("torn"));
    journal_close(kit_open(f->dir, &found), KIT_START_US);
    assert_int_equal(found.torn_bytes, 8);
    assert_torn_record(f, SPAN("torn end"), f->good.len, 2);
    buf_release(&b);
    b = kit_slurp(f->dir, KIT_SEGMENT);
    assert_false(kit_has(buf_span(&b), "000001.torn-1"));
    buf_release(&b);
    journal_close(kit_open(f->dir, &found), KIT_START_US);
    assert_int_equal(found.torn_bytes, 0);
}

static void a_hole_of_zeros_is_a_torn_tail(void **state)
{
    struct fixture *f = *state;
    static const char zeros[4096];
    struct span good = buf_span(&f->good);
    struct buf b;
    buf_init(&b, KIT_FILE_BYTES);
    (void)buf_add(&b, good);
    (void)buf_addstr(
        &b, "{\"prev\":\"the first block of a commit reached the disk, the second did not");
    (void)buf_append(&b, zeros, sizeof(zeros));
    (void)buf_addstr(&b, "the third did\"}\n{\"prev\":\"and has whole lines\"}\n");
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    struct journal_opened found;
    struct journal *j = kit_open(f->dir, &found);
    assert_int_equal(found.torn_bytes, b.len - good.n);
    journal_close(j, KIT_START_US);
    (void)kit_intact(f->dir);
    struct buf kept = kit_slurp(f->dir, "000001.torn-1");
    assert_span_eq(buf_span(&kept), span_sub(buf_span(&b), good.n, SIZE_MAX));
    buf_release(&kept);
    buf_release(&b);
}

/* The sector in which the last record ends was written before: only its rest can be missing. */
static void the_rest_of_a_sector_is_a_hole(void **state)
{
    struct fixture *f = *state;
    static const char zeros[512];
    size_t rest = (512 - f->good.len % 512) % 512;
    for (size_t less = 0; rest > less && less < 2; less++) {
        struct buf b;
        struct journal *j;
        struct why why = {0};
        struct journal_options o = kit_options(f->dir);
        struct journal_io io = kit_quick_io();
        buf_init(&b, KIT_FILE_BYTES);
        (void)buf_add(&b, buf_span(&f->good));
        (void)buf_append(&b, zeros, rest - less);
        (void)buf_addstr(&b, "the next one was written\"}\n");
        kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
        assert_int_equal(kit_verify(f->dir).verdict, less ? VERIFY_BROKEN : VERIFY_TORN_TAIL);
        assert_status(journal_open_io(&j, &o, NULL, &io, &why), less ? ST_CONFLICT : ST_OK);
        journal_close(j, KIT_START_US);
        buf_release(&b);
    }
}

/* Refused, with words, and not a byte of the folder is another one. */
static void assert_refused(const struct fixture *f, const char *words)
{
    struct journal *j;
    struct why why = {0};
    struct journal_options o = kit_options(f->dir);
    struct buf before = kit_slurp(f->dir, KIT_SEGMENT);
    size_t names = tmpdir_count(f->dir);
    assert_status(journal_open(&j, &o, NULL, &why), ST_CONFLICT);
    assert_null(j);
    assert_contains(why.text, words);
    assert_contains(why.text, "move the folder away");
    struct buf after = kit_slurp(f->dir, KIT_SEGMENT);
    assert_span_eq(buf_span(&after), buf_span(&before));
    assert_int_equal(tmpdir_count(f->dir), names);
    buf_release(&before);
    buf_release(&after);
}

static void a_whole_line_that_does_not_chain_is_no_tear(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    struct buf b;
    buf_init(&b, KIT_FILE_BYTES);
    (void)buf_add(&b, good);
    (void)buf_add(&b, kit_line(good, 2));
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    assert_refused(f, "000001.jsonl:5 does not chain");
    buf_truncate(&b, good.n);
    (void)buf_addstr(&b, "rubbish\n");
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    assert_refused(f, "000001.jsonl:5 is not a record");
    buf_truncate(&b, good.n);
    kit_forge_note(&b, 6); /* chains, but 5 would be next */
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    assert_refused(f, "000001.jsonl:5 does not chain");
    buf_truncate(&b, good.n);
    kit_forge_note(&b, 5); /* this one is as good as ours: only a seal can tell */
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    journal_close(kit_open(f->dir, NULL), KIT_START_US);
    buf_release(&b);
}

/* Every flipped byte but those of the last line, whose hash stands nowhere yet. */
static void a_changed_record_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t last = kit_line(buf_span(&f->good), 3).n;
    struct journal_options o = kit_options(f->dir);
    for (size_t i = 0; i + last < f->good.len; i++) {
        struct journal *j;
        f->good.data[i] = (char)((unsigned char)f->good.data[i] ^ 1u);
        kit_spit(f->dir, KIT_SEGMENT, buf_span(&f->good));
        assert_status(journal_open(&j, &o, NULL, NULL), ST_CONFLICT);
        f->good.data[i] = (char)((unsigned char)f->good.data[i] ^ 1u);
    }
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&f->good));
    journal_close(kit_open(f->dir, NULL), KIT_START_US);
}

static void a_forged_last_seal_is_refused(void **state)
{
    struct fixture *f = *state;
    journal_close(kit_open(f->dir, NULL), KIT_START_US);
    struct buf b = kit_slurp(f->dir, KIT_SEGMENT);
    char *digit = &b.data[b.len - 10]; /* of the signature */
    *digit = *digit == '0' ? '1' : '0';
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    assert_refused(f, "the seal in record 8 does not hold");
    buf_release(&b);
}

static void a_first_line_that_is_no_beginning_is_refused(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    kit_spit(f->dir, KIT_SEGMENT, span_sub(good, kit_line(good, 0).n, SIZE_MAX));
    assert_refused(f, "000001.jsonl:1 is not the open record");
    char *number = memmem(f->good.data, f->good.len, "\"n\":1,", 6);
    assert_non_null(number);
    number[4] = '2';
    kit_spit(f->dir, KIT_SEGMENT, kit_line(good, 0));
    assert_refused(f, "000001.jsonl does not go on");
    number[4] = '1';
    f->good.data[RECORD_PREV_AT] = '1';
    kit_spit(f->dir, KIT_SEGMENT, kit_line(good, 0));
    assert_refused(f, "000001.jsonl does not go on");
}

static void a_missing_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct buf key = kit_slurp(f->dir, "key");
    kit_remove(f->dir, "key");
    assert_refused(f, "key is missing");
    kit_spit(f->dir, "key",
             SPAN("0000000000000000000000000000000000000000000000000000000000000001\n"));
    struct journal *j;
    struct why why = {0};
    struct journal_options o = kit_options(f->dir);
    assert_status(journal_open(&j, &o, NULL, &why), ST_CONFLICT);
    assert_contains(why.text, "not the public key of the seed");
    kit_remove(f->dir, "key.pub");
    assert_status(journal_open(&j, &o, NULL, &why), ST_CONFLICT);
    assert_contains(why.text, "not the one that its record is sealed with");
    kit_remove(f->dir, "key.pub");
    kit_spit(f->dir, "key", buf_span(&key));
    journal_close(kit_open(f->dir, NULL), KIT_START_US); /* and key.pub is made again */
    assert_true(kit_exists(f->dir, "key.pub"));
    buf_release(&key);
}

static void a_crash_at_the_very_first_record_starts_anew(void **state)
{
    struct fixture *f = *state;
    struct span first = kit_line(buf_span(&f->good), 0);
    for (size_t n = 0; n < first.n; n++) {
        struct journal_opened found;
        kit_spit(f->dir, KIT_SEGMENT, span_sub(first, 0, n));
        struct journal *j = kit_open(f->dir, &found);
        assert_int_equal(found.torn_bytes, n);
        journal_close(j, KIT_START_US);
        assert_int_equal(kit_intact(f->dir).records, 4 + (n > 0));
        if (n > 0) {
            kit_remove(f->dir, "000001.torn-1");
        }
    }
}

/* ---- where one segment ends and the next begins */

/* Leaves the folder as it is right after a change of segments, and says which number the new one
 * has. */
static unsigned rotate_once(const char *dir)
{
    struct journal *j;
    struct journal_options o = kit_options(dir);
    o.segment_bytes = 1;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    journal_close(j, KIT_START_US);
    unsigned n = 1;
    char name[32];
    do {
        (void)snprintf(name, sizeof(name), "%06u.jsonl", ++n);
    } while (kit_exists(dir, name));
    return n - 1;
}

static void a_crash_between_two_segments_is_mended(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rotate_once(f->dir), 2);
    struct buf one = kit_slurp(f->dir, KIT_SEGMENT);
    struct buf two = kit_slurp(f->dir, "000002.jsonl");
    struct span seal = kit_line(buf_span(&one), kit_lines(buf_span(&one)) - 1);
    struct span open = kit_line(buf_span(&two), 0);
    for (size_t n = 0; n < open.n; n++) { /* the second is there, with a part of its first line */
        kit_spit(f->dir, "000002.jsonl", span_sub(open, 0, n));
        journal_close(kit_open(f->dir, NULL), KIT_START_US);
        (void)kit_intact(f->dir);
        struct buf b = kit_slurp(f->dir, "000002.jsonl");
        assert_true(kit_has(kit_line(buf_span(&b), 0), "\"segment\":2,\"cause\":\"start\""));
        buf_release(&b);
    }
    for (size_t n = 0; n < seal.n;
         n++) { /* the second is empty, the first has a part of its seal */
        kit_spit(f->dir, "000002.jsonl", SPAN_NONE);
        kit_spit(f->dir, KIT_SEGMENT, span_sub(buf_span(&one), 0, one.len - seal.n + n));
        journal_close(kit_open(f->dir, NULL), KIT_START_US);
        assert_false(kit_exists(f->dir, "000002.jsonl"));
        (void)kit_intact(f->dir);
    }
    buf_release(&one);
    buf_release(&two);
}

/* Each part of what ties a segment to the one before it, alone. */
static void a_segment_that_does_not_follow_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rotate_once(f->dir), 2);
    struct buf one = kit_slurp(f->dir, KIT_SEGMENT);
    struct buf two = kit_slurp(f->dir, "000002.jsonl");
    struct span open = kit_line(buf_span(&two), 0);
    size_t seal = kit_line(buf_span(&one), kit_lines(buf_span(&one)) - 1).n;

    kit_spit(f->dir, "000002.jsonl", open); /* one line, so that no other one speaks against it */
    two.data[12] = two.data[12] == '0' ? '1' : '0';
    kit_spit(f->dir, "000002.jsonl", open);
    assert_refused(f, "000002.jsonl does not go on");
    struct buf good = kit_slurp(f->dir, KIT_SEGMENT);
    kit_spit(f->dir, KIT_SEGMENT, span_sub(buf_span(&one), 0, one.len - seal)); /* and no seal */
    assert_refused(f, "000002.jsonl does not go on");
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&good));
    buf_release(&good);
    buf_release(&two);

    two = kit_forge_open(buf_span(&one), 2, 1); /* the right hash, another number */
    kit_spit(f->dir, "000002.jsonl", buf_span(&two));
    assert_refused(f, "000002.jsonl does not go on");
    buf_release(&two);
    two = kit_forge_open(buf_span(&one), 2, 0); /* both right: what a forger can do up to here */
    kit_spit(f->dir, "000002.jsonl", buf_span(&two));
    journal_close(kit_open(f->dir, NULL), KIT_START_US);
    buf_release(&two);
    two = kit_forge_open(span_sub(buf_span(&one), 0, one.len - seal), 2,
                         0); /* on a segment that was not sealed */
    kit_spit(f->dir, "000002.jsonl", buf_span(&two));
    kit_spit(f->dir, KIT_SEGMENT, span_sub(buf_span(&one), 0, one.len - seal));
    assert_refused(f, "000002.jsonl does not go on");
    kit_spit(f->dir, "000002.jsonl", SPAN("{")); /* not empty: nothing that may be removed */
    assert_refused(f, "000002.jsonl does not go on");
    buf_release(&two);

    two = kit_slurp(f->dir, KIT_SEGMENT); /* a good line behind the seal that ends the segment */
    buf_clear(&two);
    (void)buf_add(&two, buf_span(&one));
    kit_forge_note(&two, kit_lines(buf_span(&one)) + 1);
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&two));
    kit_spit(f->dir, "000002.jsonl", SPAN_NONE);
    assert_refused(f, "follows the seal that ends the segment");
    buf_release(&two);

    (void)buf_addstr(&one, "x"); /* and a torn one */
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&one));
    kit_spit(f->dir, "000002.jsonl", SPAN("{"));
    assert_refused(f, "000002.jsonl does not go on");
    kit_spit(f->dir, "000002.jsonl", SPAN_NONE);
    assert_refused(f, "000002.jsonl does not go on");
    buf_release(&one);
}

static void a_missing_segment_is_refused(void **state)
{
    struct fixture *f = *state;
    (void)rotate_once(f->dir);
    assert_int_equal(rotate_once(f->dir), 3);
    struct buf two = kit_slurp(f->dir, "000002.jsonl");
    struct buf three = kit_slurp(f->dir, "000003.jsonl");
    kit_remove(f->dir, "000003.jsonl"); /* the newest: the seal before it names it */
    assert_refused(f, "000003.jsonl is missing");
    kit_spit(f->dir, "000003.jsonl", buf_span(&three));
    kit_remove(f->dir, "000002.jsonl");
    assert_refused(f, "000002.jsonl is missing");
    kit_spit(f->dir, "000002.jsonl", span_sub(buf_span(&two), 0, two.len - 1));
    assert_refused(f, "000003.jsonl does not go on");
    kit_spit(f->dir, "000002.jsonl", buf_span(&three)); /* one in place of the other */
    assert_refused(f, "000003.jsonl does not go on");
    kit_spit(f->dir, "000002.jsonl", buf_span(&two));
    kit_spit(f->dir, "000003.jsonl", buf_span(&two));
    assert_refused(f, "000003.jsonl:1 is not the open record of this segment");
    buf_release(&two);
    buf_release(&three);
}

static void other_names_are_left_alone(void **state)
{
    struct fixture *f = *state;
    kit_spit(f->dir, "000002.jsonl.bak", SPAN("x"));
    kit_spit(f->dir, "0000002.jsonl", SPAN("x"));
    kit_spit(f->dir, "00002.jsonl", SPAN("x"));
    kit_spit(f->dir, "index.sqlite", SPAN("x"));
    kit_spit(f->dir, "000000.jsonl", SPAN("x"));
    journal_close(kit_open(f->dir, NULL), KIT_START_US);
    (void)kit_intact(f->dir);
    assert_true(kit_exists(f->dir, "index.sqlite"));
}

/* What must not be written through: a link, a pipe, a folder in the place of a segment. */
static void strange_segments_are_refused(void **state)
{
    struct fixture *f = *state;
    struct journal *j;
    struct why why = {0};
    struct journal_options o = kit_options(f->dir);
    char *path = tmpdir_join(f->dir, KIT_SEGMENT);
    char *away = tmpdir_put(f->dir, "elsewhere", "", 0600);
    kit_remove(f->dir, KIT_SEGMENT);
    assert_int_equal(symlink(away, path), 0);
    assert_status(journal_open(&j, &o, NULL, &why), ST_IO);
    kit_remove(f->dir, KIT_SEGMENT);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_status(journal_open(&j, &o, NULL, &why), ST_IO);
    kit_remove(f->dir, KIT_SEGMENT);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_status(journal_open(&j, &o, NULL, &why), ST_IO);
    free(path);
    free(away);
}

/* The largest segment there is must not make anybody wait for the daemon. */
static void a_full_segment_is_read_within_a_second(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    char text[500];
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 100000; i++) {
        assert_status(journal_note(j, KIT_START_US, (struct span){text, sizeof(text)}, NULL),
                      ST_OK);
    }
    journal_close(j, KIT_START_US);
    struct buf b = kit_slurp(f->dir, KIT_SEGMENT);
    assert_in_range(b.len, 60 * 1000 * 1000, JOURNAL_SEGMENT_BYTES);
    (void)buf_addstr(&b, "{\"prev\":\"torn");
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    buf_release(&b);
    int64_t start_us = clock_mono_us();
    struct journal_opened found;
    j = kit_open(f->dir, &found);
    int64_t took_us = clock_mono_us() - start_us;
    assert_int_equal(found.torn_bytes, 13);
    journal_close(j, KIT_START_US);
    assert_in_range(took_us, 0, MOST_US);
}

#define CRASHED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CRASHED(after_a_crash_it_goes_on),
        CRASHED(a_torn_tail_is_cut_at_every_offset),
        CRASHED(each_tear_has_its_own_file),
        CRASHED(what_was_cut_and_not_told_is_told),
        CRASHED(what_was_kept_twice_is_told_once),
        CRASHED(a_hole_of_zeros_is_a_torn_tail),
        CRASHED(the_rest_of_a_sector_is_a_hole),
        CRASHED(a_whole_line_that_does_not_chain_is_no_tear),
        CRASHED(a_changed_record_is_refused),
        CRASHED(a_forged_last_seal_is_refused),
        CRASHED(a_first_line_that_is_no_beginning_is_refused),
        CRASHED(a_missing_key_is_refused),
        CRASHED(a_crash_at_the_very_first_record_starts_anew),
        CRASHED(a_crash_between_two_segments_is_mended),
        CRASHED(a_segment_that_does_not_follow_is_refused),
        CRASHED(a_missing_segment_is_refused),
        CRASHED(other_names_are_left_alone),
        CRASHED(strange_segments_are_refused),
        CRASHED(a_full_segment_is_read_within_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
