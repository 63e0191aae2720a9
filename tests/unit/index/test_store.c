/* The file is a help: whatever is wrong with it, the search finds what is in the record. */
#include "index_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "checkrein/file.h"

static char *file_of(struct kit *k)
{
    char *file = NULL;
    struct why why = {0};
    assert_status(index_file_of(k->cache, k->record, &file, &why), ST_OK);
    return file;
}

static void make(struct kit *k)
{
    struct index *ix = kit_index(k);
    kit_update(ix);
    index_close(ix);
}

/* Opens, reads what is new and finds; gives what was found. */
static size_t count_anew(struct kit *k, const char *text)
{
    struct index *ix = kit_index(k);
    kit_update(ix);
    size_t count = kit_count(k, ix, text);
    index_close(ix);
    return count;
}

static void is_made_and_found_again(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct stat st;
    struct index *ix = NULL;
    struct why why = {0};
    kit_calls(k, 50, "make");
    assert_status(index_open_made(&ix, k->cache, k->record, &why), ST_NOTFOUND);
    assert_int_equal(access(k->cache, F_OK), -1);
    assert_int_equal(count_anew(k, "make"), 50);
    char *file = file_of(k);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(k->cache, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(tmpdir_count(k->cache), 1);
    assert_status(index_open_made(&ix, k->cache, k->record, &why), ST_OK);
    assert_int_equal(kit_count(k, ix, "number7"), 1);
    index_close(ix);
    assert_status(index_drop(k->cache, k->record, &why), ST_OK);
    assert_status(index_drop(k->cache, k->record, &why), ST_OK);
    assert_int_equal(tmpdir_count(k->cache), 0);
    free(file);
    kit_free(k);
}

/* Only what was appended is read: what was read before keeps its place. */
static void what_is_appended_is_read(void **state)
{
    (void)state;
    struct kit *k = kit_new(8192);
    for (int i = 0; i < 10; i++) {
        kit_calls(k, 20, "make");
        assert_int_equal(count_anew(k, "make"), 20 * (i + 1));
    }
    struct index *ix = kit_index(k);
    struct index_segment *segments = NULL;
    size_t count = 0;
    struct why why = {0};
    assert_int_equal(kit_state(ix).gone, 0);
    assert_int_equal(kit_state(ix).found, 200);
    assert_status(index_segments(ix, &segments, &count, &why), ST_OK);
    assert_true(count > 5);
    for (size_t i = 0; i < count; i++) {
        assert_true(segments[i].current);
        assert_int_equal(segments[i].at, segments[i].bytes);
    }
    free(segments);
    kit_calls(k, 1, "late");
    assert_status(index_segments(ix, &segments, &count, &why), ST_OK);
    assert_false(segments[count - 1].current);
    free(segments);
    assert_int_equal(kit_count(k, ix, "late"), 1); /* what is behind it is read through */
    index_close(ix);
    kit_free(k);
}

/* ---- files that are not what we made */

static void put_bytes(const char *path, off_t at, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0 && pwrite(fd, p, n, at) == (ssize_t)n);
    (void)close(fd);
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void a_damaged_file_is_made_anew(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    char noise[8192];
    memset(noise, 0xA5, sizeof(noise));
    kit_calls(k, 3000, "make");
    char *file = file_of(k);
    make(k);
    off_t size = size_of(file);
    for (off_t at = 0; at < size; at += size / 23) {
        put_bytes(file, at, noise, sizeof(noise) / 2);
        struct index *ix = kit_index(k);
        kit_update(ix);
        struct query *q = kit_query("number17");
        struct index_wanted w = kit_all(q);
        struct kit_hits *h = kit_search(k, ix, &w);
        /* one of the record's, or a damage that nobody has come upon: never a false hit */
        assert_true(h->count <= 1);
        free(h);
        query_free(q);
        index_close(ix);
        struct why why = {0};
        assert_status(index_drop(k->cache, k->record, &why), ST_OK);
        assert_int_equal(count_anew(k, "number17"), 1);
    }
    static const char *const contents[] = {"", "nonsense", "SQLite format 3"};
    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        struct why why = {0};
        assert_status(file_replace(file, span_str(contents[i]), 0600, &why), ST_OK);
        assert_int_equal(count_anew(k, "make"), 3000);
    }
    assert_int_equal(truncate(file, size_of(file) / 2), 0);
    assert_int_equal(count_anew(k, "make"), 3000);
    free(file);
    kit_free(k);
}

static void run_sql(const char *file, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_file_of_others_is_made_anew(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "PRAGMA user_version = 1000000",
        "PRAGMA application_id = 7",
        "DROP TABLE row",
        "DROP TABLE words",
        "DELETE FROM about",
        "ALTER TABLE segment RENAME COLUMN at TO was",
        "CREATE TRIGGER t AFTER INSERT ON row BEGIN DELETE FROM row; END",
        "PRAGMA journal_mode = WAL",
    };
    struct kit *k = kit_new(0);
    char *file = file_of(k);
    kit_calls(k, 20, "make");
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        make(k);
        run_sql(file, changes[i]);
        kit_calls(k, 1, "make more");
        assert_int_equal(count_anew(k, "make"), 21 + i);
    }
    free(file);
    kit_free(k);
}

/* Places that no record can have: nothing is asked of the disk there. */
static void impossible_figures_are_made_anew(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE segment SET at = -5",
        "UPDATE segment SET at = 9223372036854775807",
        "UPDATE segment SET number = 4294967297",
        "UPDATE segment SET number = -1",
        "UPDATE segment SET bad = 9223372036854775807",
    };
    struct kit *k = kit_new(0);
    char *file = file_of(k);
    kit_calls(k, 20, "make");
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        make(k);
        run_sql(file, changes[i]);
        assert_int_equal(count_anew(k, "make"), 20);
        struct index *ix = kit_index(k);
        struct query *q = kit_query("make");
        struct index_wanted w = kit_all(q);
        struct kit_hits *h = kit_search(k, ix, &w);
        assert_int_equal(h->count, 20);
        assert_int_equal(h->found.bad, 0);
        free(h);
        query_free(q);
        index_close(ix);
    }
    free(file);
    kit_free(k);
}

static void what_is_no_file_is_not_followed(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    char *file = file_of(k);
    char *precious = tmpdir_put(k->root, "precious", "mine", 0600);
    struct index *ix = NULL;
    struct why why = {0};
    kit_calls(k, 5, "make");
    make(k);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink(precious, file), 0);
    assert_int_equal(count_anew(k, "make"), 5);
    assert_int_equal(size_of(precious), 4);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(link(precious, file), 0);
    assert_int_equal(count_anew(k, "make"), 5);
    assert_int_equal(size_of(precious), 4);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_int_equal(count_anew(k, "make"), 5);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkdir(file, 0700), 0); /* not ours to remove */
    assert_status(index_open(&ix, k->cache, k->record, &why), ST_IO);
    assert_null(ix);
    assert_int_equal(rmdir(file), 0);
    free(precious);
    free(file);
    kit_free(k);
}

/* SQLite opens what stands beside its file, and waits for ever at a pipe that nobody writes to. */
static void what_is_no_file_beside_it_is_removed(void **state)
{
    (void)state;
    static const char *const endings[] = {"-journal", "-wal", "-shm"};
    struct kit *k = kit_new(0);
    char *file = file_of(k);
    kit_calls(k, 5, "make");
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        char *beside = NULL;
        make(k);
        run_sql(file, "PRAGMA journal_mode=WAL");
        assert_true(asprintf(&beside, "%s%s", file, endings[i]) > 0);
        (void)unlink(beside);
        assert_int_equal(mkfifo(beside, 0600), 0);
        (void)alarm(20);
        assert_int_equal(count_anew(k, "make"), 5);
        (void)alarm(0);
        struct stat st;
        assert_true(lstat(beside, &st) != 0 || S_ISREG(st.st_mode));
        free(beside);
    }
    free(file);
    kit_free(k);
}

/* ---- the record is another */

static char *segment_of(struct kit *k, const char *name)
{
    return tmpdir_join(k->record, name);
}

static void change_in_place(const char *path, const char *from, const char *to)
{
    struct buf b;
    struct why why = {0};
    buf_init(&b, (size_t)64 << 20);
    assert_status(file_read(path, &b, &why), ST_OK);
    char *at = memmem(b.data, b.len, from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    assert_int_equal(chmod(path, 0600), 0);
    put_bytes(path, at - b.data, to, strlen(to));
    buf_release(&b);
}

static void a_segment_that_was_changed_is_read_anew(void **state)
{
    (void)state;
    struct kit *k = kit_new(8192);
    kit_calls(k, 100, "make");
    make(k);
    char *first = segment_of(k, "000001.jsonl");
    change_in_place(first, "make number3\"", "fake number3\"");
    struct index *ix = kit_index(k);
    kit_update(ix);
    assert_int_equal(kit_count(k, ix, "fake"), 1);
    assert_int_equal(kit_count(k, ix, "make"), 99);
    assert_true(kit_state(ix).gone >= 100);
    index_close(ix);
    free(first);
    kit_free(k);
}

/* Between the reading and the search: what the index says is not shown. */
static void a_hit_that_is_not_there_is_dropped(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    kit_calls(k, 20, "make");
    struct index *ix = kit_index(k);
    kit_update(ix);
    char *first = segment_of(k, "000001.jsonl");
    change_in_place(first, "make number3\"", "fake number3\"");
    struct query *q = kit_query("make");
    struct index_wanted w = kit_all(q);
    struct kit_hits *h = kit_search(k, ix, &w);
    assert_int_equal(h->count, 19);
    assert_int_equal(h->found.dropped, 1);
    free(h);
    w.newest = 100;
    h = kit_search(k, ix, &w);
    assert_int_equal(h->count, 19);
    free(h);
    query_free(q);
    free(first);
    index_close(ix);
    kit_free(k);
}

/* A line less in front: nothing stands where the index says, and much of it is like it. */
static void what_moved_is_not_told_in_its_place(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct buf b;
    struct why why = {0};
    kit_calls(k, 30, "make");
    struct index *ix = kit_index(k);
    kit_update(ix);
    char *first = segment_of(k, "000001.jsonl");
    buf_init(&b, (size_t)1 << 20);
    assert_status(file_read(first, &b, &why), ST_OK);
    size_t line = span_find(buf_span(&b), '\n') + 1;
    put_bytes(first, 0, b.data + line, b.len - line);
    assert_int_equal(truncate(first, (off_t)(b.len - line)), 0);
    struct query *q = kit_query("make");
    struct index_wanted w = kit_all(q);
    struct kit_hits *h = kit_search(k, ix, &w);
    assert_int_equal(h->count, 0);
    assert_int_equal(h->found.dropped, 30);
    free(h);
    query_free(q);
    buf_release(&b);
    index_close(ix);
    assert_int_equal(count_anew(k, "make"), 30);
    free(first);
    kit_free(k);
}

static void a_growing_segment_that_was_cut_is_read_anew(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    char *first = segment_of(k, "000001.jsonl");
    kit_calls(k, 20, "make");
    off_t size = size_of(first);
    kit_calls(k, 10, "lost");
    make(k);
    assert_int_equal(truncate(first, size), 0); /* as a failed writer does */
    assert_int_equal(count_anew(k, "lost"), 0);
    assert_int_equal(count_anew(k, "make"), 20);
    kit_free(k);
    free(first);
}

static void append(const char *path, const char *line, int times)
{
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    for (int i = 0; i < times; i++) {
        assert_true(fputs(line, f) > 0);
    }
    assert_int_equal(fclose(f), 0);
}

/* The same file, longer than it was when it was read, and another from some place on. */
static void one_that_was_cut_and_grew_is_read_anew(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    char *first = segment_of(k, "000001.jsonl");
    kit_calls(k, 20, "make");
    off_t size = size_of(first);
    kit_calls(k, 10, "lost");
    make(k);
    assert_int_equal(truncate(first, size), 0);
    append(first, "no record at all, but many of them\n", 1000);
    struct index *ix = kit_index(k);
    kit_update(ix);
    assert_int_equal(kit_count(k, ix, "lost"), 0);
    assert_int_equal(kit_count(k, ix, "make"), 20);
    index_close(ix);
    kit_free(k);
    free(first);
}

static void one_whose_beginning_is_another_is_read_anew(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    char *first = segment_of(k, "000001.jsonl");
    kit_calls(k, 20, "make");
    make(k);
    change_in_place(first, "\"version\":\"0", "\"version\":\"9");
    kit_calls(k, 1, "make");
    struct index *ix = kit_index(k);
    kit_update(ix);
    assert_true(kit_state(ix).gone > 20);
    assert_int_equal(kit_count(k, ix, "make"), 21);
    index_close(ix);
    kit_free(k);
    free(first);
}

/* Another process took the file away and made a new one, while this one had it open. */
static void the_file_that_is_there_is_written(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct why why = {0};
    kit_calls(k, 20, "make");
    struct index *ix = kit_index(k);
    assert_status(index_drop(k->cache, k->record, &why), ST_OK);
    struct index *other = kit_index(k);
    kit_update(ix);
    assert_int_equal(kit_state(other).found, 20);
    assert_int_equal(kit_count(k, other, "make"), 20);
    index_close(other);
    index_close(ix);
    kit_free(k);
}

static void dropped_segments_are_forgotten(void **state)
{
    (void)state;
    struct kit *k = kit_new(8192);
    struct why why = {0};
    struct journal_drop d;
    kit_calls(k, 60, "old");
    kit_calls(k, 60, "new");
    make(k);
    struct journal_keep keep = {.bytes = 30000};
    assert_status(journal_droppable(k->j, k->now_us, &keep, &d, &why), ST_OK);
    assert_true(d.last_segment > 1);
    assert_status(journal_drop(k->j, k->now_us, &d, &why), ST_OK);
    struct index *ix = kit_index(k);
    kit_update(ix);
    size_t left = kit_count(k, ix, "old");
    assert_true(left < 60);
    assert_int_equal(kit_count(k, ix, "new"), 60);
    assert_true(kit_state(ix).gone >= 60 - left);
    index_close(ix);
    kit_free(k);
}

static void another_record_in_its_place_is_read(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    kit_calls(k, 20, "make");
    make(k);
    kit_close(k);
    char *away = tmpdir_join(k->root, "away");
    assert_int_equal(rename(k->record, away), 0);
    free(away);
    kit_write(k);
    kit_calls(k, 7, "other");
    assert_int_equal(count_anew(k, "make"), 0);
    assert_int_equal(count_anew(k, "other"), 7);
    kit_free(k);
}

/* What leads nowhere does not pile up. */
static void a_worn_file_is_made_anew(void **state)
{
    (void)state;
    struct kit *k = kit_new(65536);
    kit_calls(k, 3000, "make");
    make(k);
    char *first = segment_of(k, "000001.jsonl");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(chmod(first, i % 2 ? 0600 : 0400), 0); /* another ctime */
        make(k);
    }
    struct index *ix = kit_index(k);
    assert_true(kit_state(ix).gone <= kit_state(ix).records);
    assert_int_equal(kit_count(k, ix, "make"), 3000);
    index_close(ix);
    free(first);
    kit_free(k);
}

static void lines_that_are_no_records_are_counted(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    kit_calls(k, 10, "make");
    kit_close(k);
    char *first = segment_of(k, "000001.jsonl");
    append(first, "make no record\nhalf a line", 1);
    for (int i = 0; i < 2; i++) {
        struct index *ix = kit_index(k);
        kit_update(ix);
        struct query *q = kit_query("make");
        struct index_wanted w = kit_all(q);
        struct kit_hits *h = kit_search(k, ix, &w);
        struct kit_hits *read = kit_search(k, NULL, &w);
        assert_int_equal(h->count, 10);
        assert_int_equal(h->found.bad, 1);
        assert_int_equal(read->found.bad, 1);
        free(h);
        free(read);
        query_free(q);
        index_close(ix);
    }
    kit_free(k);
    free(first);
}

/* ---- others, and the end of everything */

static void two_processes_read_at_once(void **state)
{
    (void)state;
    struct kit *k = kit_new(65536);
    kit_calls(k, 1500, "make");
    pid_t child[3];
    for (size_t i = 0; i < ARRAY_LEN(child); i++) {
        child[i] = fork();
        if (child[i] == 0) {
            struct index *ix = NULL;
            struct why why = {0};
            bool well = index_open(&ix, k->cache, k->record, &why) == ST_OK &&
                        index_update(ix, &why) == ST_OK;
            index_close(ix);
            _exit(well ? 0 : 1);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(child); i++) {
        int status = -1;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct index *ix = kit_index(k);
    assert_int_equal(kit_state(ix).found, 1500);
    assert_int_equal(kit_count(k, ix, "make"), 1500);
    index_close(ix);
    kit_free(k);
}

/* Killed somewhere: the later the more of it was done. */
static void one_that_was_killed_is_gone_on_from(void **state)
{
    (void)state;
    struct kit *k = kit_new(65536);
    kit_calls(k, 2000, "make");
    for (int i = 0; i < 40; i++) {
        int ends[2];
        char byte = 0;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            struct index *ix = NULL;
            if (index_open(&ix, k->cache, k->record, NULL) != ST_OK ||
                write(ends[1], "x", 1) != 1) {
                _exit(1);
            }
            (void)!index_update(ix, NULL);
            _exit(0);
        }
        assert_int_equal(read(ends[0], &byte, 1), 1);
        const struct timespec t = {.tv_nsec = i * 2000000L};
        (void)nanosleep(&t, NULL);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        (void)close(ends[0]);
        (void)close(ends[1]);
        if (i % 8 == 7) {
            assert_int_equal(count_anew(k, "make"), 2000);
            struct why why = {0};
            assert_status(index_drop(k->cache, k->record, &why), ST_OK);
        }
    }
    kit_free(k);
}

/* The disk of the cache is full: what can be found is found. */
static void a_full_disk_is_said_and_lived_with(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    kit_calls(k, 3000, "make");
    pid_t child = fork();
    if (child == 0) {
        struct index *ix = NULL;
        struct why why = {0};
        const struct rlimit small = {100000, 100000};
        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &small) != 0 ||
            index_open(&ix, k->cache, k->record, &why) != ST_OK) {
            _exit(2);
        }
        enum status st = index_update(ix, &why);
        if ((st != ST_LIMIT && st != ST_IO) || !why.text[0]) {
            _exit(3);
        }
        if (kit_count(k, ix, "make") != 3000) {
            _exit(4);
        }
        index_close(ix);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(count_anew(k, "make"), 3000);
    kit_free(k);
}

static void a_folder_of_others_is_refused(void **state)
{
    (void)state;
    struct kit *k = kit_new(0);
    struct index *ix = NULL;
    struct why why = {0};
    kit_calls(k, 3, "make");
    make(k);
    assert_int_equal(chmod(k->cache, 0777), 0);
    assert_true(index_open(&ix, k->cache, k->record, &why) != ST_OK);
    assert_true(why.text[0] != '\0');
    assert_int_equal(chmod(k->cache, 0700), 0);
    assert_true(index_open(&ix, "/proc/nowhere", k->record, &why) != ST_OK);
    assert_status(index_open(&ix, k->cache, "/nowhere", &why), ST_NOTFOUND);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_made_and_found_again),
        cmocka_unit_test(what_is_appended_is_read),
        cmocka_unit_test(a_damaged_file_is_made_anew),
        cmocka_unit_test(a_file_of_others_is_made_anew),
        cmocka_unit_test(impossible_figures_are_made_anew),
        cmocka_unit_test(what_is_no_file_is_not_followed),
        cmocka_unit_test(what_is_no_file_beside_it_is_removed),
        cmocka_unit_test(a_segment_that_was_changed_is_read_anew),
        cmocka_unit_test(a_hit_that_is_not_there_is_dropped),
        cmocka_unit_test(what_moved_is_not_told_in_its_place),
        cmocka_unit_test(a_growing_segment_that_was_cut_is_read_anew),
        cmocka_unit_test(one_that_was_cut_and_grew_is_read_anew),
        cmocka_unit_test(one_whose_beginning_is_another_is_read_anew),
        cmocka_unit_test(the_file_that_is_there_is_written),
        cmocka_unit_test(dropped_segments_are_forgotten),
        cmocka_unit_test(another_record_in_its_place_is_read),
        cmocka_unit_test(a_worn_file_is_made_anew),
        cmocka_unit_test(lines_that_are_no_records_are_counted),
        cmocka_unit_test(two_processes_read_at_once),
        cmocka_unit_test(one_that_was_killed_is_gone_on_from),
        cmocka_unit_test(a_full_disk_is_said_and_lived_with),
        cmocka_unit_test(a_folder_of_others_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
