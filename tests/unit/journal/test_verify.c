/* Verification names the record that was changed, removed, inserted or moved: one fault at a time,
 * everywhere. */
#include "journal_kit.h"

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/num.h"

#define NOTES     12
#define SEALED_AT 5 /* a seal after so many notes */

/* One segment: open, seal, notes with a seal among them, close, seal. */
struct fixture {
    char *dir;
    struct buf good;
    size_t lines;
};

static void make_record(const char *dir, uint64_t segment_bytes)
{
    struct journal *j;
    struct journal_options o = kit_options(dir);
    o.segment_bytes = segment_bytes;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    for (int i = 0; i < NOTES; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "note %d", i);
        assert_status(journal_note(j, KIT_START_US + i * INT64_C(1000), span_str(text), NULL),
                      ST_OK);
        if (i == SEALED_AT) {
            assert_status(journal_seal(j, KIT_START_US + i * INT64_C(1000)), ST_OK);
        }
        kit_commit(j);
    }
    journal_close(j, KIT_START_US + NOTES * INT64_C(1000));
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->dir = tmpdir_new();
    make_record(f->dir, 0);
    f->good = kit_slurp(f->dir, KIT_SEGMENT);
    f->lines = kit_lines(buf_span(&f->good));
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

static struct journal_report verify_bytes(const struct fixture *f, struct span bytes)
{
    kit_spit(f->dir, KIT_SEGMENT, bytes);
    return kit_verify(f->dir);
}

/* The good bytes with lines [from, to) replaced by `with`. */
static struct journal_report verify_spliced(const struct fixture *f, size_t from, size_t to,
                                            struct span with)
{
    struct buf b;
    struct span good = buf_span(&f->good);
    buf_init(&b, KIT_FILE_BYTES);
    for (size_t i = 0; i < f->lines; i++) {
        if (i == from) {
            (void)buf_add(&b, with);
        }
        if (i < from || i >= to) {
            (void)buf_add(&b, kit_line(good, i));
        }
    }
    if (from == f->lines) {
        (void)buf_add(&b, with);
    }
    struct journal_report report = verify_bytes(f, buf_span(&b));
    buf_release(&b);
    return report;
}

static void assert_broken(const struct journal_report *report, uint64_t n, const char *what)
{
    if (report->verdict != VERIFY_BROKEN || report->first_bad_n != n ||
        strncmp(report->what, what, strlen(what)) != 0) {
        print_error("verdict %d, record %llu at %s: %s\n", (int)report->verdict,
                    (unsigned long long)report->first_bad_n, report->file, report->what);
    }
    assert_int_equal(report->verdict, VERIFY_BROKEN);
    assert_int_equal(report->first_bad_n, n);
    assert_memory_equal(report->what, what, strlen(what));
}

static void an_untouched_record_is_intact(void **state)
{
    struct fixture *f = *state;
    struct journal_report report = kit_intact(f->dir);
    assert_int_equal(report.records, f->lines);
    assert_int_equal(report.first_n, 1);
    assert_int_equal(report.seals, 3);
    assert_int_equal(report.last_seal_n, f->lines);
    assert_true(report.sealed_to_end);
}

/* Every byte of the file, changed to something else that is a likely forgery and to something that
 * is not. */
static void every_flipped_byte_names_its_record(void **state)
{
    struct fixture *f = *state;
    size_t line = 0;
    for (size_t i = 0; i < f->good.len; i++) {
        char kept = f->good.data[i];
        char others[] = {(char)((unsigned char)kept ^ 1u), (char)((unsigned char)kept ^ 0x80u),
                         '\n'};
        bool is_end = kept == '\n';
        for (size_t k = 0; k < sizeof(others); k++) {
            if (others[k] == kept || (is_end && line + 1 == f->lines)) {
                continue; /* without its newline the last line is torn: tested elsewhere */
            }
            f->good.data[i] = others[k];
            struct journal_report report = verify_bytes(f, buf_span(&f->good));
            if (report.verdict != VERIFY_BROKEN || report.first_bad_n != line + 1) {
                print_error("byte %zu of record %zu (%c -> 0x%02x): record %llu, %s\n", i, line + 1,
                            kept, (unsigned char)others[k], (unsigned long long)report.first_bad_n,
                            report.what);
            }
            assert_int_equal(report.verdict, VERIFY_BROKEN);
            assert_int_equal(report.first_bad_n, line + 1);
            assert_int_equal(report.records, line);
            f->good.data[i] = kept;
        }
        line += is_end;
    }
}

static void the_report_points_at_the_line(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    char *p = memmem(good.p, good.n, "note 3", 6);
    assert_non_null(p);
    *p = 'N';
    struct journal_report report = verify_bytes(f, good);
    assert_broken(&report, 6, "changed");
    assert_string_equal(report.file, "000001.jsonl:6");
    assert_int_equal(report.first_bad_us, KIT_START_US + 3000);
    assert_false(report.sealed_to_end);
    assert_int_equal(report.last_seal_n, 2);
    char hex[SHA256_HEX_BYTES];
    uint8_t hash[SHA256_BYTES];
    struct span before = kit_line(good, 4);
    sha256(span_sub(before, 0, before.n - 1), hash);
    hex_encode(hash, sizeof(hash), hex);
    assert_string_equal(report.head, hex);
}

/* Where one of two lines must be wrong, everything that speaks for one of them is heard. */
static void the_neighbour_of_a_changed_record_is_cleared(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    struct span close = kit_line(good, f->lines - 2);
    char *mark = memmem(close.p, close.n, "daemon", 6);
    assert_non_null(mark);
    *mark = 'D'; /* the seal after it is the last line, and holds */
    struct journal_report report = verify_bytes(f, good);
    assert_int_equal(report.first_bad_n, f->lines - 1);
    assert_string_equal(report.what, "changed");
    *mark = 'd';
    char *third = (char *)kit_line(good, 2).p; /* the one before it is a seal, and holds */
    third[RECORD_PREV_AT] = third[RECORD_PREV_AT] == '0' ? '1' : '0';
    third[kit_line(good, 2).n - 4] = '?';
    report = verify_bytes(f, good);
    assert_int_equal(report.first_bad_n, 3);
    assert_string_equal(report.what, "changed");
}

static void removed_records_are_missed(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i + 1 < f->lines; i++) {
        struct journal_report report = verify_spliced(f, i, i + 1, SPAN_NONE);
        assert_broken(&report, i + 1, "removed: ");
        report = verify_spliced(f, i, f->lines - 1, SPAN_NONE);
        assert_broken(&report, i + 1, "removed: ");
    }
    struct journal_report report = verify_spliced(f, 3, 5, SPAN_NONE);
    assert_broken(&report, 4, "removed: 6 follows 3");
    report = verify_spliced(f, 0, 2, SPAN_NONE);
    assert_broken(&report, 1, "removed: the record begins with 3");
}

/* A shorter record is a valid record: only the head, kept elsewhere, tells. */
static void a_cut_end_is_told_by_the_seal_and_the_head(void **state)
{
    struct fixture *f = *state;
    struct journal_report whole = kit_intact(f->dir);
    for (size_t keep = 1; keep < f->lines; keep++) {
        struct journal_report report = verify_spliced(f, keep, f->lines, SPAN_NONE);
        assert_int_equal(report.verdict, VERIFY_INTACT);
        assert_int_equal(report.records, keep);
        assert_int_equal(report.sealed_to_end, keep == 2 || keep == SEALED_AT + 4);
        assert_string_not_equal(report.head, whole.head);
    }
}

static void inserted_lines_are_seen(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    for (size_t at = 1; at < f->lines; at++) {
        struct journal_report report =
            verify_spliced(f, at, at, kit_line(good, at - 1)); /* a line twice */
        assert_broken(&report, at, "inserted: ");
        report = verify_spliced(f, at, at, SPAN("garbage\n"));
        assert_broken(&report, at + 1, "inserted: ");
        report = verify_spliced(f, at, at, SPAN("\n"));
        assert_broken(&report, at + 1, "inserted: ");
        report = verify_spliced(f, at, at, SPAN("{\"prev\":1}\n"));
        assert_broken(&report, at + 1, "inserted: ");
    }
}

/* A record made by the rules, but by somebody else, between two real ones. */
static void a_forged_record_is_seen(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    for (size_t at = 3; at + 1 < f->lines; at++) {
        char forged[256];
        char hex[SHA256_HEX_BYTES];
        uint8_t hash[SHA256_BYTES];
        struct span before = kit_line(good, at - 1);
        sha256(span_sub(before, 0, before.n - 1), hash);
        hex_encode(hash, sizeof(hash), hex);
        (void)snprintf(forged, sizeof(forged),
                       "{\"prev\":\"%s\",\"n\":%zu,\"t\":\"2026-11-20T14:22:07.124Z\",\"k\":"
                       "\"note\",\"text\":\"approved\"}\n",
                       hex, at + 1);
        struct journal_report report = verify_spliced(f, at, at, span_str(forged));
        assert_broken(&report, at + 1, "inserted: ");
        report = verify_spliced(f, at, at + 1, span_str(forged)); /* in place of the real one */
        assert_broken(&report, at + 1, "changed");
        forged[20] = forged[20] == '0' ? '1' : '0';
        report = verify_spliced(f, at, at, span_str(forged));
        assert_broken(&report, at + 1, "inserted: ");
    }
}

static void swapped_lines_are_seen(void **state)
{
    struct fixture *f = *state;
    struct span good = buf_span(&f->good);
    for (size_t i = 0; i + 1 < f->lines; i++) {
        struct buf two;
        buf_init(&two, KIT_FILE_BYTES);
        (void)buf_add(&two, kit_line(good, i + 1));
        (void)buf_add(&two, kit_line(good, i));
        struct journal_report report = verify_spliced(f, i, i + 2, buf_span(&two));
        assert_broken(&report, i + 1, "reordered: ");
        buf_release(&two);
    }
}

static void chain_anew(struct buf *b, struct span bytes, size_t lines)
{
    char hex[SHA256_HEX_BYTES] = "";
    for (size_t i = 0; i < lines; i++) {
        struct span line = kit_line(bytes, i);
        size_t start = b->len;
        uint8_t hash[SHA256_BYTES];
        (void)buf_add(b, line);
        if (i > 0) {
            memcpy(b->data + start + strlen("{\"prev\":\""), hex, 64);
        }
        sha256((struct span){b->data + start, line.n - 1}, hash);
        hex_encode(hash, sizeof(hash), hex);
    }
}

/* Whoever can compute SHA-256 can mend the chain; only the seal cannot be made. */
static void a_rewritten_chain_fails_at_the_next_seal(void **state)
{
    struct fixture *f = *state;
    struct buf b;
    buf_init(&b, KIT_FILE_BYTES);
    char *p = memmem(f->good.data, f->good.len, "note 1", 6);
    assert_non_null(p);
    *p = 'N';
    chain_anew(&b, buf_span(&f->good), f->lines);
    struct journal_report report = verify_bytes(f, buf_span(&b));
    assert_broken(&report, 2 + SEALED_AT + 1 + 1, "rewritten after record 2");
    assert_int_equal(report.last_seal_n, 2);
    buf_release(&b);
}

/* ... and a key of one's own does not help against a key kept elsewhere. */
static void a_record_of_another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct journal_report report;
    uint8_t key[32] = {1};
    assert_status(journal_verify(f->dir, key, &report, NULL), ST_OK);
    assert_true(report.key_given);
    assert_broken(&report, 1, "sealed with another key");
    struct journal_report good = kit_intact(f->dir);
    assert_status(journal_verify(f->dir, good.key, &report, NULL), ST_OK);
    assert_int_equal(report.verdict, VERIFY_INTACT);
    assert_true(report.key_given);
    kit_spit(f->dir, "key.pub",
             SPAN("0000000000000000000000000000000000000000000000000000000000000001\n"));
    report = kit_verify(f->dir);
    assert_broken(&report, 1, "key.pub is not the key");
    kit_remove(f->dir, "key.pub"); /* then the open record's is trusted on first use */
    assert_false(kit_intact(f->dir).key_given);
}

/* A seal is worth nothing in another history, though its own line is untouched. */
static void parts_of_another_record_do_not_fit(void **state)
{
    struct fixture *f = *state;
    char *other = tmpdir_new();
    make_record(other, 0);
    struct buf b = kit_slurp(other, KIT_SEGMENT);
    for (size_t i = 1; i + 1 < f->lines; i++) {
        struct journal_report report = verify_spliced(f, i, f->lines, SPAN_NONE);
        assert_int_equal(report.verdict, VERIFY_INTACT);
        report = verify_spliced(f, i, i + 1, kit_line(buf_span(&b), i));
        if (i == 1 || i == SEALED_AT + 3) { /* a seal; what it said of the record before is gone */
            assert_broken(&report, i, "changed: this record or the one after it");
        } else { /* but for its prev, this line is the same in both */
            assert_broken(&report, i + 1, "changed");
        }
    }
    buf_release(&b);
    tmpdir_free(other);
}

/* Adds a seal to the lines, made with this seed for this instance. */
static void add_seal(struct buf *b, const uint8_t seed[ED25519_KEY_BYTES], const char *instance)
{
    struct signer s;
    struct seal_body body = {0};
    struct buf line;
    char prev[SHA256_HEX_BYTES];
    uint8_t sig[ED25519_SIG_BYTES];
    uint64_t n = kit_chain(kit_last_line(buf_span(b)), prev);
    assert_status(signer_init(&s, seed), ST_OK);
    memcpy(body.key, s.public_key, sizeof(body.key));
    (void)span_copy(span_str(instance), body.instance, sizeof(body.instance));
    buf_init(&line, KIT_FILE_BYTES);
    assert_status(record_begin(&line, prev, n, KIT_START_US, JOURNAL_SEAL), ST_OK);
    assert_status(record_seal_body(&line, &body), ST_OK);
    assert_status(signer_sign(&s, buf_span(&line), sig), ST_OK);
    assert_status(record_seal_sig(&line, sig), ST_OK);
    (void)buf_add(b, buf_span(&line));
    (void)buf_addstr(b, "}\n");
    buf_release(&line);
    signer_release(&s);
}

/* The same key may seal two histories; each of its seals still belongs to one. */
static void a_seal_belongs_to_one_key_and_one_instance(void **state)
{
    struct fixture *f = *state;
    uint8_t seed[ED25519_KEY_BYTES];
    uint8_t other[ED25519_KEY_BYTES] = {9};
    struct buf hex = kit_slurp(f->dir, "key");
    assert_status(hex_decode(span_sub(buf_span(&hex), 0, 64), seed, sizeof(seed)), ST_OK);
    buf_release(&hex);
    struct journal_report good = kit_intact(f->dir);
    const struct {
        const uint8_t *seed;
        const char *instance;
        enum journal_verdict verdict;
    } rows[] = {
        {seed,  good.instance,                VERIFY_INTACT},
        {seed,  "01K0000000000000000000000A", VERIFY_BROKEN},
        {other, good.instance,                VERIFY_BROKEN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        buf_init(&b, KIT_FILE_BYTES);
        (void)buf_add(&b, buf_span(&f->good));
        add_seal(&b, rows[i].seed, rows[i].instance);
        struct journal_report report = verify_bytes(f, buf_span(&b));
        assert_int_equal(report.verdict, rows[i].verdict);
        if (rows[i].verdict == VERIFY_BROKEN) {
            assert_broken(&report, f->lines + 1, "seal of another key or instance");
        }
        buf_release(&b);
    }
}

static void an_unfinished_line_is_torn_not_broken(void **state)
{
    struct fixture *f = *state;
    size_t last = kit_line(buf_span(&f->good), f->lines - 1).n;
    for (size_t cut = 1; cut < last; cut++) {
        struct journal_report report =
            verify_bytes(f, span_sub(buf_span(&f->good), 0, f->good.len - cut));
        assert_int_equal(report.verdict, VERIFY_TORN_TAIL);
        assert_int_equal(report.records, f->lines - 1);
        assert_int_equal(report.torn_bytes, last - cut);
    }
}

static void a_block_of_zeros_at_the_end_is_torn(void **state)
{
    struct fixture *f = *state;
    static const char zeros[600];
    struct buf b;
    buf_init(&b, KIT_FILE_BYTES);
    (void)buf_add(&b, buf_span(&f->good));
    (void)buf_append(&b, zeros, sizeof(zeros));
    (void)buf_addstr(&b, "\"}\n{\"prev\":\"\n");
    struct journal_report report = verify_bytes(f, buf_span(&b));
    assert_int_equal(report.verdict, VERIFY_TORN_TAIL);
    assert_int_equal(report.torn_bytes, b.len - f->good.len);
    assert_int_equal(report.records, f->lines);
    struct journal_decisions told;
    assert_status(journal_decisions(f->dir, &told, NULL), ST_OK);
    b.data[f->good.len] = 'x'; /* two times 299 zeros are no block */
    b.data[f->good.len + 300] = 'x';
    report = verify_bytes(f, buf_span(&b));
    assert_broken(&report, f->lines + 1, "changed: a line that is not a record");
    b.data[f->good.len + 300] = '\n';
    report = verify_bytes(f, buf_span(&b));
    assert_broken(&report, f->lines + 1, "changed: a line that is not a record");
    buf_release(&b);
}

static void lines_beyond_the_limit_are_passed_over(void **state)
{
    struct fixture *f = *state;
    char *big = xmalloc(JOURNAL_LINE_BYTES + 1);
    memset(big, 'x', JOURNAL_LINE_BYTES);
    big[JOURNAL_LINE_BYTES] = '\n';
    struct journal_report report =
        verify_spliced(f, 4, 4, (struct span){big, JOURNAL_LINE_BYTES + 1});
    assert_broken(&report, 5, "inserted: a line that is too long");
    report = verify_spliced(f, 4, 5, (struct span){big, JOURNAL_LINE_BYTES + 1});
    assert_broken(&report, 5, "changed: a line that is too long");
    report = verify_spliced(f, f->lines, f->lines, (struct span){big, JOURNAL_LINE_BYTES});
    assert_int_equal(report.verdict, VERIFY_TORN_TAIL);
    assert_int_equal(report.torn_bytes, JOURNAL_LINE_BYTES);
    free(big);
}

static void what_cannot_be_read_has_no_verdict(void **state)
{
    struct fixture *f = *state;
    struct journal_report report;
    struct why why = {0};
    char *path = tmpdir_join(f->dir, "nowhere");
    assert_status(journal_verify(path, NULL, &report, &why), ST_NOTFOUND);
    assert_int_equal(report.verdict, VERIFY_UNREADABLE);
    assert_contains(why.text, "nowhere");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_status(journal_verify(path, NULL, &report, &why), ST_NOTFOUND);
    assert_contains(why.text, "holds no record");
    kit_spit(path, KIT_SEGMENT, SPAN_NONE);
    assert_status(journal_verify(path, NULL, &report, &why), ST_NOTFOUND);
    assert_int_equal(report.verdict, VERIFY_UNREADABLE);
    assert_status(journal_verify("/dev/null", NULL, &report, &why), ST_INVALID);
    free(path);
    kit_spit(f->dir, "key.pub", SPAN("rubbish\n"));
    assert_status(journal_verify(f->dir, NULL, &report, &why), ST_INVALID);
    assert_contains(why.text, "key.pub is not a key");
}

static void a_later_format_is_not_judged(void **state)
{
    struct fixture *f = *state;
    struct buf b;
    buf_init(&b, KIT_FILE_BYTES);
    char *p = memmem(f->good.data, f->good.len, "\"format\":1", 10);
    p[9] = '2';
    chain_anew(&b, buf_span(&f->good), f->lines);
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&b));
    struct journal_report report;
    struct why why = {0};
    assert_status(journal_verify(f->dir, NULL, &report, &why), ST_UNSUPPORTED);
    assert_int_equal(report.verdict, VERIFY_UNREADABLE);
    assert_contains(why.text, "format");
    buf_release(&b);
}

static void unknown_kinds_chain_like_all(void **state)
{
    struct fixture *f = *state;
    struct buf b;
    buf_init(&b, KIT_FILE_BYTES);
    struct span last = kit_line(buf_span(&f->good), f->lines - 1);
    char hex[SHA256_HEX_BYTES];
    uint8_t hash[SHA256_BYTES];
    sha256(span_sub(last, 0, last.n - 1), hash);
    hex_encode(hash, sizeof(hash), hex);
    (void)buf_printf(&b,
                     "{\"prev\":\"%s\",\"n\":%zu,\"t\":\"2026-11-20T14:22:08.000Z\",\"k\":"
                     "\"hologram\",\"hologram\":[1,2]}\n",
                     hex, f->lines + 1);
    struct journal_report report = verify_spliced(f, f->lines, f->lines, buf_span(&b));
    assert_int_equal(report.verdict, VERIFY_INTACT);
    assert_int_equal(report.records, f->lines + 1);
    assert_false(report.sealed_to_end);
    buf_release(&b);
}

/* ---- several segments */

static int set_up_segments(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->dir = tmpdir_new();
    make_record(f->dir, 700);
    buf_init(&f->good, 0);
    *state = f;
    return 0;
}

static void missing_segments_are_seen(void **state)
{
    struct fixture *f = *state;
    uint32_t segments = 0;
    struct journal_report whole = kit_intact(f->dir);
    for (char name[32];; segments++) {
        (void)snprintf(name, sizeof(name), "%06u.jsonl", segments + 1);
        if (!kit_exists(f->dir, name)) {
            break;
        }
    }
    assert_true(segments >= 3);
    for (uint32_t i = 1; i <= segments; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%06u.jsonl", i);
        struct buf b = kit_slurp(f->dir, name);
        kit_remove(f->dir, name);
        struct journal_report report = kit_verify(f->dir);
        assert_int_equal(report.verdict, VERIFY_BROKEN);
        assert_memory_equal(report.what, "removed: ", 9);
        assert_int_equal(report.first_bad_n, report.records + 1);
        kit_spit(f->dir, name, buf_span(&b));
        assert_string_equal(kit_intact(f->dir).head, whole.head);
        buf_release(&b);
    }
}

static void a_segment_cut_in_the_middle_is_seen(void **state)
{
    struct fixture *f = *state;
    struct buf b = kit_slurp(f->dir, "000002.jsonl");
    struct journal_report report;
    for (size_t keep = 0; keep < b.len; keep++) {
        kit_spit(f->dir, "000002.jsonl", span_sub(buf_span(&b), 0, keep));
        report = kit_verify(f->dir);
        assert_int_equal(report.verdict, VERIFY_BROKEN);
        assert_int_equal(report.first_bad_n, report.records + 1);
    }
    buf_release(&b);
}

static void flipped_bytes_at_a_segments_edge_name_their_record(void **state)
{
    struct fixture *f = *state;
    struct buf one = kit_slurp(f->dir, KIT_SEGMENT);
    struct buf two = kit_slurp(f->dir, "000002.jsonl");
    uint64_t edge = kit_lines(buf_span(&one));
    size_t last = kit_line(buf_span(&one), edge - 1).n;
    for (size_t i = one.len - last; i < one.len; i++) {
        one.data[i] = (char)((unsigned char)one.data[i] ^ 1u);
        kit_spit(f->dir, KIT_SEGMENT, buf_span(&one));
        struct journal_report report = kit_verify(f->dir);
        assert_int_equal(report.verdict, VERIFY_BROKEN);
        assert_int_equal(report.first_bad_n, edge);
        one.data[i] = (char)((unsigned char)one.data[i] ^ 1u);
    }
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&one));
    for (size_t i = 0; i < kit_line(buf_span(&two), 0).n; i++) {
        two.data[i] = (char)((unsigned char)two.data[i] ^ 1u);
        kit_spit(f->dir, "000002.jsonl", buf_span(&two));
        struct journal_report report = kit_verify(f->dir);
        assert_int_equal(report.verdict, VERIFY_BROKEN);
        assert_int_equal(report.first_bad_n, edge + 1);
        two.data[i] = (char)((unsigned char)two.data[i] ^ 1u);
    }
    buf_release(&one);
    buf_release(&two);
}

/* A writer begins the second segment when the first ends with a seal that names it, and not before.
 */
static void a_segment_that_nobody_announced_is_seen(void **state)
{
    struct fixture *f = *state;
    struct buf one = kit_slurp(f->dir, KIT_SEGMENT);
    struct span seal = kit_line(buf_span(&one), kit_lines(buf_span(&one)) - 1);
    char name[32] = "000002.jsonl";
    for (unsigned n = 2; kit_exists(f->dir, name); n++) {
        kit_remove(f->dir, name);
        (void)snprintf(name, sizeof(name), "%06u.jsonl", n + 1);
    }
    kit_spit(f->dir, "000002.jsonl", SPAN("{\"prev\":\""));
    assert_int_equal(kit_verify(f->dir).verdict, VERIFY_TORN_TAIL);
    kit_spit(f->dir, KIT_SEGMENT, span_sub(buf_span(&one), 0, one.len - seal.n));
    struct journal_report report = kit_verify(f->dir);
    assert_broken(&report, report.records + 1, "cut: the segment before does not end with a seal");
    struct buf forged = kit_forge_open(span_sub(buf_span(&one), 0, one.len - seal.n), 2,
                                       0); /* it chains, unannounced */
    kit_spit(f->dir, "000002.jsonl", buf_span(&forged));
    report = kit_verify(f->dir);
    assert_broken(&report, report.records + 1, "the segment before does not end with a seal");
    buf_release(&forged);
    kit_spit(f->dir, "000002.jsonl", SPAN_NONE);
    assert_int_equal(kit_verify(f->dir).verdict, VERIFY_INTACT);
    kit_spit(f->dir, "000003.jsonl", SPAN_NONE);
    report = kit_verify(f->dir);
    assert_broken(&report, report.records + 1, "cut: a segment without a record");
    buf_release(&one);
}

/* What somebody without the key can add behind the last seal must still have the form of a record.
 */
static void a_forged_next_segment_must_begin_as_one(void **state)
{
    struct fixture *f = *state;
    struct buf one = kit_slurp(f->dir, KIT_SEGMENT);
    char name[32] = "000002.jsonl";
    for (unsigned n = 2; kit_exists(f->dir, name); n++) {
        kit_remove(f->dir, name);
        (void)snprintf(name, sizeof(name), "%06u.jsonl", n + 1);
    }
    uint64_t next = kit_lines(buf_span(&one)) + 1;
    struct buf forged = kit_forge_open(buf_span(&one), 3, 0);
    kit_spit(f->dir, "000002.jsonl", buf_span(&forged));
    struct journal_report report = kit_verify(f->dir);
    assert_broken(&report, next, "an open record of another segment");
    buf_release(&forged);
    forged = kit_forge_open(buf_span(&one), 2, 0);
    kit_spit(f->dir, "000002.jsonl", buf_span(&forged));
    assert_int_equal(kit_verify(f->dir).verdict, VERIFY_INTACT);
    buf_release(&forged);
    size_t before = one.len;
    kit_forge_note(&one, next);
    kit_spit(f->dir, "000002.jsonl", span_sub(buf_span(&one), before, SIZE_MAX));
    report = kit_verify(f->dir);
    assert_broken(&report, next, "changed: a segment begins with an open record");
    buf_release(&one);
}

static void a_hole_is_torn_in_the_last_segment_only(void **state)
{
    struct fixture *f = *state;
    static const char zeros[600];
    struct buf one = kit_slurp(f->dir, KIT_SEGMENT);
    uint64_t lines = kit_lines(buf_span(&one));
    (void)buf_append(&one, zeros, sizeof(zeros));
    (void)buf_addch(&one, '\n');
    kit_spit(f->dir, KIT_SEGMENT, buf_span(&one));
    struct journal_report report = kit_verify(f->dir);
    assert_broken(&report, lines + 1, "inserted: a line that is not a record");
    buf_release(&one);
}

/* The first name that no segment has. */
static void next_segment(const struct fixture *f, char name[32])
{
    for (unsigned n = 1; n == 1 || kit_exists(f->dir, name); n++) {
        (void)snprintf(name, 32, "%06u.jsonl", n);
    }
}

static void an_empty_next_segment_is_a_rotation_under_way(void **state)
{
    struct fixture *f = *state;
    char name[32];
    next_segment(f, name);
    kit_spit(f->dir, name, SPAN_NONE);
    (void)kit_intact(f->dir);
}

/* The seal before it was on its way to the disk, and a sector of it did not arrive. */
static void a_hole_before_an_empty_next_segment_is_torn(void **state)
{
    struct fixture *f = *state;
    static const char zeros[600];
    char last[32];
    char next[32];
    next_segment(f, next);
    (void)snprintf(last, sizeof(last), "%06d.jsonl", atoi(next) - 1);
    struct buf b = kit_slurp(f->dir, last);
    (void)buf_append(&b, zeros, sizeof(zeros));
    (void)buf_addstr(&b, "\"}}\n");
    kit_spit(f->dir, last, buf_span(&b));
    kit_spit(f->dir, next, SPAN_NONE);
    assert_int_equal(kit_verify(f->dir).verdict, VERIFY_TORN_TAIL);
    kit_spit(f->dir, next, SPAN("x"));
    assert_int_equal(kit_verify(f->dir).verdict, VERIFY_BROKEN);
    buf_release(&b);
}

/* The reader that follows a writer over many segments never sees a fault. */
static void a_record_being_written_is_intact_at_every_moment(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    struct journal *j;
    struct journal_options o = kit_options(dir);
    o.segment_bytes = 2000;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    uint64_t records = 0;
    for (int i = 0; i < 60; i++) {
        kit_note(j, "written while it is read");
        kit_commit(j);
        struct journal_report report = kit_intact(dir);
        assert_true(report.records > records);
        records = report.records;
        assert_int_equal(records + 1, journal_next(j));
    }
    journal_close(j, KIT_START_US);
    tmpdir_free(dir);
}

#define ONE(test)  cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define MANY(test) cmocka_unit_test_setup_teardown(test, set_up_segments, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(an_untouched_record_is_intact),
        ONE(every_flipped_byte_names_its_record),
        ONE(the_report_points_at_the_line),
        ONE(the_neighbour_of_a_changed_record_is_cleared),
        ONE(removed_records_are_missed),
        ONE(a_cut_end_is_told_by_the_seal_and_the_head),
        ONE(inserted_lines_are_seen),
        ONE(a_forged_record_is_seen),
        ONE(swapped_lines_are_seen),
        ONE(a_rewritten_chain_fails_at_the_next_seal),
        ONE(a_record_of_another_key_is_refused),
        ONE(parts_of_another_record_do_not_fit),
        ONE(a_seal_belongs_to_one_key_and_one_instance),
        ONE(an_unfinished_line_is_torn_not_broken),
        ONE(a_block_of_zeros_at_the_end_is_torn),
        ONE(lines_beyond_the_limit_are_passed_over),
        ONE(what_cannot_be_read_has_no_verdict),
        ONE(a_later_format_is_not_judged),
        ONE(unknown_kinds_chain_like_all),
        MANY(missing_segments_are_seen),
        MANY(a_segment_cut_in_the_middle_is_seen),
        MANY(flipped_bytes_at_a_segments_edge_name_their_record),
        MANY(a_segment_that_nobody_announced_is_seen),
        MANY(a_forged_next_segment_must_begin_as_one),
        MANY(a_hole_is_torn_in_the_last_segment_only),
        MANY(an_empty_next_segment_is_a_rotation_under_way),
        MANY(a_hole_before_an_empty_next_segment_is_torn),
        cmocka_unit_test(a_record_being_written_is_intact_at_every_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
