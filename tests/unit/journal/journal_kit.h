/* journal_kit.h - what the tests of the record share: a writer in a folder of its own, files as
 * bytes. */
#ifndef CHECKREIN_TEST_JOURNAL_KIT_H
#define CHECKREIN_TEST_JOURNAL_KIT_H

#include "expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/buf.h"
#include "checkrein/crypto.h"
#include "checkrein/event.h"
#include "checkrein/file.h"
#include "checkrein/journal.h"
#include "checkrein/num.h"
#include "io_priv.h"
#include "record_priv.h"
#include "tmpdir.h"

#define KIT_START_US   1795184527123000 /* 2026-11-20T14:22:07.123Z */
#define KIT_FILE_BYTES 268435456        /* 256 MiB */
#define KIT_SEGMENT    "000001.jsonl"

static inline struct journal_options kit_options(const char *dir)
{
    return (struct journal_options){.dir = dir, .writer = "daemon", .now_us = KIT_START_US};
}

static inline int kit_no_sync(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return 0;
}

/* The system's calls but for those that wait for the disk: for tests that start a writer hundreds
 * of times. */
static inline struct journal_io kit_quick_io(void)
{
    struct journal_io io = journal_io_system;
    io.fdatasync = kit_no_sync;
    io.fsync = kit_no_sync;
    return io;
}

static inline struct journal *kit_open(const char *dir, struct journal_opened *found)
{
    struct journal *j;
    struct why why = {0};
    struct journal_options o = kit_options(dir);
    struct journal_io io = kit_quick_io();
    enum status st = journal_open_io(&j, &o, found, &io, &why);
    if (st != ST_OK) {
        print_error("journal_open: %s\n", why.text);
    }
    assert_status(st, ST_OK);
    return j;
}

static inline void kit_note(struct journal *j, const char *text)
{
    assert_status(journal_note(j, KIT_START_US, span_str(text), NULL), ST_OK);
}

static inline void kit_commit(struct journal *j)
{
    struct why why = {0};
    assert_status(journal_commit(j, &why), ST_OK);
    assert_string_equal(why.text, "");
}

/* All bytes of dir/name; release it. */
static inline struct buf kit_slurp(const char *dir, const char *name)
{
    struct buf b;
    struct why why = {0};
    char *path = tmpdir_join(dir, name);
    buf_init(&b, KIT_FILE_BYTES);
    assert_status(file_read(path, &b, &why), ST_OK);
    free(path);
    return b;
}

static inline void kit_spit(const char *dir, const char *name, struct span bytes)
{
    char *path = tmpdir_join(dir, name);
    (void)chmod(path, 0600);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_status(file_write_all(fd, bytes.p, bytes.n), ST_OK);
    assert_int_equal(close(fd), 0);
    free(path);
}

static inline void kit_remove(const char *dir, const char *name)
{
    char *path = tmpdir_join(dir, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static inline bool kit_exists(const char *dir, const char *name)
{
    char *path = tmpdir_join(dir, name);
    bool exists = access(path, F_OK) == 0;
    free(path);
    return exists;
}

static inline unsigned kit_mode(const char *dir, const char *name)
{
    struct stat st = {0};
    char *path = tmpdir_join(dir, name);
    assert_int_equal(stat(path, &st), 0);
    free(path);
    return st.st_mode & 07777;
}

/* The report of a verification that came to a verdict. */
static inline struct journal_report kit_verify(const char *path)
{
    struct journal_report report;
    struct why why = {0};
    enum status st = journal_verify(path, NULL, &report, &why);
    if (st != ST_OK) {
        print_error("journal_verify: %s\n", why.text);
    }
    assert_status(st, ST_OK);
    return report;
}

static inline struct journal_report kit_intact(const char *path)
{
    struct journal_report report = kit_verify(path);
    if (report.verdict != VERIFY_INTACT) {
        print_error("%s: %s (record %llu)\n", report.file, report.what,
                    (unsigned long long)report.first_bad_n);
    }
    assert_int_equal(report.verdict, VERIFY_INTACT);
    return report;
}

/* The i-th line of the bytes (from 0), with its newline. */
static inline struct span kit_line(struct span bytes, size_t i)
{
    struct span line = SPAN_NONE;
    for (size_t k = 0; k <= i; k++) {
        size_t end = span_find(bytes, '\n');
        line = span_sub(bytes, 0, end + 1);
        bytes = span_sub(bytes, end + 1, SIZE_MAX);
    }
    return line;
}

static inline bool kit_has(struct span bytes, const char *text)
{
    return memmem(bytes.p, bytes.n, text, strlen(text)) != NULL;
}

static inline size_t kit_lines(struct span bytes)
{
    size_t lines = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        lines += bytes.p[i] == '\n';
    }
    return lines;
}

/* Number and hash that a line behind this one must have. */
static inline uint64_t kit_chain(struct span line, char prev[SHA256_HEX_BYTES])
{
    struct record r;
    uint8_t hash[SHA256_BYTES];
    assert_true(record_parse(span_sub(line, 0, line.n - 1), &r));
    sha256(r.line, hash);
    hex_encode(hash, sizeof(hash), prev);
    return r.n + 1;
}

static inline struct span kit_last_line(struct span bytes)
{
    return kit_line(bytes, kit_lines(bytes) - 1);
}

/* Behind the lines in *b a note of this number that has the hash of the last one. */
static inline void kit_forge_note(struct buf *b, uint64_t n)
{
    char prev[SHA256_HEX_BYTES];
    (void)kit_chain(kit_last_line(buf_span(b)), prev);
    assert_status(record_begin(b, prev, n, KIT_START_US, JOURNAL_NOTE), ST_OK);
    assert_status(buf_addstr(b, "\"text\":\"forged\"}\n"), ST_OK);
}

/* An open record of this segment that chains over the last of these lines; `extra` is added to its
 * number. */
static inline struct buf kit_forge_open(struct span lines, uint32_t segment, uint64_t extra)
{
    struct buf b;
    struct record r;
    struct open_body body;
    char prev[SHA256_HEX_BYTES];
    struct span first = kit_line(lines, 0);
    assert_true(record_parse(span_sub(first, 0, first.n - 1), &r) && record_read_open(&r, &body));
    body.segment = segment;
    uint64_t n = kit_chain(kit_last_line(lines), prev) + extra;
    buf_init(&b, KIT_FILE_BYTES);
    assert_status(record_begin(&b, prev, n, KIT_START_US, JOURNAL_OPEN), ST_OK);
    assert_status(record_open_body(&b, &body), ST_OK);
    assert_status(buf_addstr(&b, "}\n"), ST_OK);
    return b;
}

static inline void kit_event(struct event *ev, const char *id)
{
    event_init(ev, EVENT_ACTION_FINISHED, KIT_START_US);
    ev->id = span_str(id);
    ev->source = SPAN("checkrein://host/instance");
    ev->subject = SPAN("agent/7f3c");
    event_set_text(ev, F_AGENT_ID, SPAN("7f3c"));
    event_set_text(ev, F_ACTION_ID, SPAN("call-1"));
    event_set_number(ev, F_OUTCOME, OUTCOME_SUCCEEDED);
    event_set_text(ev, F_SUMMARY, SPAN("ls -l /srv"));
}

#endif
