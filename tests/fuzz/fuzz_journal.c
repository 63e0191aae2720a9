/* Any bytes as a record: read, sought, verified, taken over by a writer.
 *
 * The first byte chooses: bit 0 makes the chain anew before anything looks at it, so that a
 * mutation gets past the hashes; bit 1 leaves the key to be found in the folder. A byte 0x1E splits
 * the rest into two segments.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/crypto.h"
#include "checkrein/journal.h"
#include "checkrein/num.h"

#define SEED_TEXT  "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n"
#define KEY_TEXT   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n"
#define PREV_AT    (sizeof("{\"prev\":\"") - 1)
#define PREV_BYTES 64
#define NOW_US     1795184527123000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static const char *in_folder(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, struct span bytes)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, bytes.p != NULL ? bytes.p : "", bytes.n) == (ssize_t)bytes.n);
    (void)close(fd);
}

static bool holds(const char *name, struct span bytes)
{
    struct stat st;
    char *found = malloc(bytes.n + 1);
    int fd = open(in_folder(name), O_RDONLY | O_CLOEXEC);
    bool same = found != NULL && fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size == bytes.n &&
                read(fd, found, bytes.n + 1) == (ssize_t)bytes.n &&
                span_eq((struct span){found, bytes.n}, bytes);
    (void)close(fd);
    free(found);
    return same;
}

static void leave_folder(void)
{
    static const char *const names[] = {
        "key", "key.pub", "lock", "000001.jsonl", "000002.jsonl", "000001.torn-1", "000002.torn-1"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)unlink(in_folder(names[i]));
    }
    (void)rmdir(folder);
}

/* In memory, where syncing costs nothing, if there is such a place. */
static void enter_folder(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(folder, sizeof(folder), "%s/checkrein-fuzz-XXXXXX", base);
    must(mkdtemp(folder) != NULL);
}

static void chain_anew(char *text, size_t n)
{
    char prev[PREV_BYTES + 1] = "";
    for (size_t at = 0; at < n;) {
        size_t end = at + span_find((struct span){text + at, n - at}, '\n');
        if (end - at >= PREV_AT + PREV_BYTES && *prev != '\0') {
            memcpy(text + at + PREV_AT, prev, PREV_BYTES);
        }
        uint8_t hash[SHA256_BYTES];
        sha256((struct span){text + at, end - at}, hash);
        hex_encode(hash, sizeof(hash), prev);
        at = end + 1;
        at += at < n && text[at] == 0x1E; /* the chain runs on over the segments */
    }
}

static void seek_each(const char *path, const struct journal_report *report)
{
    struct journal_cursor *c;
    struct journal_record r;
    must(journal_cursor_open(&c, path, NULL) == ST_OK);
    for (uint64_t n = report->first_n + report->records; n-- > report->first_n;) {
        must(journal_cursor_seek(c, n) == ST_OK);
        must(journal_cursor_next(c, &r, NULL) == ST_OK && r.n == n);
    }
    journal_cursor_close(c);
}

/* What a cursor gives out: all good records in `count`, and false when something was not one. */
static bool read_all(const char *path, uint64_t *count, uint64_t *last)
{
    struct journal_cursor *c;
    struct journal_record r;
    bool all_good = true;
    *count = 0;
    if (journal_cursor_open(&c, path, NULL) != ST_OK) {
        return false;
    }
    for (enum status st; (st = journal_cursor_next(c, &r, NULL)) != ST_END;) {
        must(st == ST_OK || st == ST_INVALID);
        all_good = all_good && st == ST_OK;
        if (st == ST_OK) {
            struct buf raw;
            must(r.n > 0 && r.key.n > 0 && r.body.n > 0 && r.line.n > r.body.n);
            buf_init(&raw, r.body.n);
            must(journal_record_raw(&r, &raw) == ST_OK || raw.len <= r.body.n);
            buf_release(&raw);
            ++*count;
            *last = r.n;
        }
    }
    must(journal_cursor_next(c, &r, NULL) == ST_END);
    enum status st = journal_cursor_seek(c, *last);
    must(st == ST_END ||
         (st == ST_OK && journal_cursor_next(c, &r, NULL) == ST_OK && r.n >= *last));
    journal_cursor_close(c);
    return all_good;
}

static enum journal_verdict verify(const char *path, const uint8_t *key)
{
    struct journal_report report;
    struct why why;
    uint64_t count = 0;
    uint64_t last = 0;
    enum status st = journal_verify(path, key, &report, &why);
    bool all_good = read_all(path, &count, &last);
    must((st == ST_OK) == (report.verdict != VERIFY_UNREADABLE));
    if (report.verdict == VERIFY_INTACT) {
        must(all_good && count == report.records && last == report.first_n + count - 1);
        seek_each(path, &report);
    }
    must(report.verdict != VERIFY_BROKEN || (report.what[0] != '\0' && report.first_bad_n > 0));
    must(report.records <= count);
    return report.verdict;
}

/* Who is let in finds a record that verifies; who is refused has changed nothing. */
static void take_over(struct span one, struct span two, enum journal_verdict before)
{
    struct journal *j;
    struct journal_opened found;
    struct journal_options o = {.dir = folder, .writer = "fuzz", .now_us = NOW_US};
    struct why why = {0};
    enum status st = journal_open(&j, &o, &found, &why);
    if (st != ST_OK) {
        must(st == ST_CONFLICT && why.text[0] != '\0');
        must(before != VERIFY_INTACT && before != VERIFY_TORN_TAIL);
        must(holds("000001.jsonl", one) && (two.p == NULL || holds("000002.jsonl", two)));
        return;
    }
    must(journal_note(j, NOW_US, SPAN("after all that"), NULL) == ST_OK);
    must(journal_commit(j, NULL) == ST_OK);
    journal_close(j, NOW_US);
    if (before == VERIFY_INTACT || before == VERIFY_TORN_TAIL) {
        must(verify(folder, NULL) == VERIFY_INTACT);
    }
}

static void as_one_file(struct span bytes)
{
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    (void)verify(path, NULL);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t key[ED25519_KEY_BYTES];
    if (size < 2) {
        return 0;
    }
    enter_folder();
    char *text = malloc(size - 1);
    must(text != NULL);
    memcpy(text, data + 1, size - 1);
    if ((data[0] & 1) != 0) {
        chain_anew(text, size - 1);
    }
    struct span all = {text, size - 1};
    struct span one = span_sub(all, 0, span_find(all, 0x1E));
    struct span two = one.n < all.n ? span_sub(all, one.n + 1, SIZE_MAX) : SPAN_NONE;
    as_one_file(one);
    put("key", SPAN(SEED_TEXT));
    put("key.pub", SPAN(KEY_TEXT));
    put("000001.jsonl", one);
    if (two.p != NULL) {
        put("000002.jsonl", two);
    }
    must(hex_decode(span_sub(SPAN(KEY_TEXT), 0, 64), key, sizeof(key)) == ST_OK);
    take_over(one, two, verify(folder, (data[0] & 2) != 0 ? NULL : key));
    leave_folder();
    free(text);
    return 0;
}
