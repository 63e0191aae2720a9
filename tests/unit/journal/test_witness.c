/* Heads that others sign for: what is written is read back, and what does not hold is told. */
#include "journal_kit.h"

#include "checkrein/file.h"
#include "checkrein/num.h"

struct fixture {
    char *dir, *daemon_dir, *console_dir, *keys;
    struct journal *daemon, *console;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->dir = tmpdir_new();
    f->daemon_dir = tmpdir_join(f->dir, "daemon");
    f->console_dir = tmpdir_join(f->dir, "console");
    f->keys = tmpdir_join(f->dir, "keys");
    f->daemon = kit_open(f->daemon_dir, NULL);
    f->console = kit_open(f->console_dir, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    journal_close(f->daemon, KIT_START_US);
    journal_close(f->console, KIT_START_US);
    free(f->daemon_dir);
    free(f->console_dir);
    free(f->keys);
    tmpdir_free(f->dir);
    free(f);
    return 0;
}

static struct journal_last seal(struct fixture *f)
{
    assert_status(journal_note(f->daemon, KIT_START_US, SPAN("news"), NULL), ST_OK);
    assert_status(journal_seal(f->daemon, KIT_START_US), ST_OK);
    kit_commit(f->daemon);
    return journal_last_seal(f->daemon);
}

static struct journal_countersign witness(struct fixture *f, struct span line)
{
    struct journal_countersign c;
    assert_status(journal_witness(f->console, KIT_START_US, SPAN("a \"back-end\""), line, &c),
                  ST_OK);
    kit_commit(f->console);
    return c;
}

static void record(struct fixture *f, const struct journal_countersign *c)
{
    assert_status(journal_countersigned(f->daemon, KIT_START_US, c, SPAN("uid:7 \"x\"")), ST_OK);
    kit_commit(f->daemon);
}

static struct journal_countersigns looked_at(struct fixture *f, struct journal_signers *s)
{
    struct journal_countersigns out;
    struct journal_report report;
    struct why why = {0};
    assert_status(journal_verify(f->daemon_dir, NULL, &report, &why), ST_OK);
    assert_int_equal(report.verdict, VERIFY_INTACT);
    assert_status(journal_countersigns(f->daemon_dir, s, &out, &why), ST_OK);
    return out;
}

static void those_that_hold_are_counted_by_key(void **state)
{
    struct fixture *f = *state;
    struct journal_signers s = {0};
    struct why why = {0};
    struct buf text;
    char key[HEX_BYTES(32)];
    struct journal_countersign c = {0};
    for (int i = 0; i < 3; i++) {
        struct journal_last last = seal(f);
        c = witness(f, last.line);
        assert_int_equal(c.n, last.n);
        record(f, &c);
    }
    hex_encode(c.key, sizeof(c.key), key);
    buf_init(&text, 4096);
    (void)buf_printf(&text, "# consoles\n\n%s  the desk \n", key);
    assert_status(file_replace(f->keys, buf_span(&text), 0600, &why), ST_OK);
    buf_release(&text);
    assert_status(journal_signers_read(&s, f->keys, &why), ST_OK);
    struct journal_countersigns out = looked_at(f, &s);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.bad_n, 0);
    assert_int_equal(out.other_n, 0);
    assert_int_equal(out.last_n, c.n);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.signer[0].name, "the desk");
    assert_int_equal(s.signer[0].count, 3);
}

static void one_that_does_not_hold_is_named(void **state)
{
    struct fixture *f = *state;
    struct journal_signers s = {0};
    struct journal_countersign c = witness(f, seal(f).line);
    record(f, &c);
    c.time_us += 1000; /* what is signed has its time */
    uint64_t n = journal_next(f->daemon);
    record(f, &c);
    assert_int_equal(looked_at(f, &s).bad_n, n);
}

static void one_of_another_head_is_named(void **state)
{
    struct fixture *f = *state;
    struct journal_signers s = {0};
    struct signer signer = {0};
    uint8_t seed[ED25519_KEY_BYTES];
    char text[300];
    char time[TIME_TEXT_BYTES];
    struct journal_last last = seal(f);
    struct journal_countersign c = {.n = last.n, .time_us = KIT_START_US};
    memset(c.head, 'a', 64);
    assert_status(signer_generate(&signer, seed), ST_OK);
    time_format(c.time_us, time);
    /* by hand, as section 13 has it */
    int bytes = snprintf(text, sizeof(text), "checkrein countersignature 1\n%s\n%llu\n%s\n%s\n",
                         journal_instance(f->daemon), (unsigned long long)c.n, c.head, time);
    assert_status(signer_sign(&signer, (struct span){text, (size_t)bytes}, c.sig), ST_OK);
    memcpy(c.key, signer.public_key, sizeof(c.key));
    signer_release(&signer);
    assert_true(journal_countersign_holds(&c, journal_instance(f->daemon)));
    record(f, &c);
    struct journal_countersigns out = looked_at(f, &s);
    assert_int_equal(out.bad_n, 0);
    assert_int_equal(out.other_n, last.n);
}

static void only_seals_that_hold_are_signed(void **state)
{
    struct fixture *f = *state;
    struct journal_countersign c;
    char line[1024];
    struct journal_last last = seal(f);
    assert_true(span_copy(last.line, line, sizeof(line)));
    line[20] = line[20] == '0' ? '1' : '0';
    uint64_t before = journal_next(f->console);
    assert_status(journal_witness(f->console, KIT_START_US, SPAN("b"), span_str(line), &c),
                  ST_INVALID);
    assert_status(journal_witness(f->console, KIT_START_US, SPAN("b"), SPAN(""), &c), ST_INVALID);
    assert_int_equal(journal_next(f->console), before);
}

static void they_are_no_news(void **state)
{
    struct fixture *f = *state;
    struct journal_last last = seal(f);
    uint64_t news = journal_last_news(f->daemon);
    assert_int_equal(news, last.n - 1);
    struct journal_countersign c = witness(f, last.line);
    record(f, &c);
    assert_status(journal_seal(f->daemon, KIT_START_US), ST_OK);
    assert_true(journal_last_seal(f->daemon).n > last.n);
    assert_int_equal(journal_last_news(f->daemon), news);
}

static void what_a_console_kept_tells_of_a_cut(void **state)
{
    struct fixture *f = *state;
    struct why why = {0};
    struct journal_heads_report report;
    struct journal_heads *heads = journal_heads_new();
    (void)witness(f, seal(f).line);
    struct journal_last last = seal(f);
    (void)witness(f, last.line);
    assert_status(journal_heads_read_record(heads, f->console_dir, &why), ST_OK);
    assert_status(journal_heads_compare(heads, f->daemon_dir, &report, &why), ST_OK);
    assert_int_equal(report.verdict, HEADS_AGREE);
    assert_int_equal(report.agree, 2);
    char *segment = tmpdir_join(f->daemon_dir, "000001.jsonl");
    struct buf b;
    buf_init(&b, 1u << 20);
    assert_status(file_read(segment, &b, &why), ST_OK);
    assert_int_equal(truncate(segment, (off_t)(b.len - last.line.n - 1)), 0);
    assert_status(journal_heads_compare(heads, f->daemon_dir, &report, &why), ST_OK);
    assert_int_equal(report.verdict, HEADS_CUT);
    assert_int_equal(report.n, last.n);
    assert_int_equal(truncate(segment, (off_t)b.len), 0);
    assert_status(file_replace(segment, buf_span(&b), 0600, &why), ST_OK);
    buf_release(&b);
    free(segment);
    journal_heads_free(heads);
}

static void a_file_of_keys_is_read_strictly(void **state)
{
    struct fixture *f = *state;
    static const char *const BAD[] = {
        "abc desk\n", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeX desk\n"};
    struct why why = {0};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        struct journal_signers s = {0};
        assert_status(file_replace(f->keys, span_str(BAD[i]), 0600, &why), ST_OK);
        assert_status(journal_signers_read(&s, f->keys, &why), ST_INVALID);
        assert_non_null(strstr(why.text, ":1: "));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(those_that_hold_are_counted_by_key),
        TEST(one_that_does_not_hold_is_named),
        TEST(one_of_another_head_is_named),
        TEST(only_seals_that_hold_are_signed),
        TEST(they_are_no_news),
        TEST(what_a_console_kept_tells_of_a_cut),
        TEST(a_file_of_keys_is_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
