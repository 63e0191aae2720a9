/* record.c - the record of the daemon, looked at without touching it: the lock of a writer is read,
 * never taken.
 */
#include "doctor_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "checkrein/clock.h"
#include "checkrein/file.h"
#include "checkrein/journal.h"
#include "checkrein/num.h"

#define DISK_LOW_BYTES    ((uint64_t)1 << 30)
#define DISK_FULL_BYTES   ((uint64_t)64 << 20)
#define SEAL_LATE_US      (3 * (int64_t)JOURNAL_SEAL_US)
#define RECORDS_LOOKED_AT 20000

/* The kernel's list of locks names files by device and inode: "1: FLOCK ADVISORY WRITE 4711
 * fe:01:1234 0 EOF". */
static int64_t lock_holder(const char *path)
{
    struct stat sb;
    struct buf b;
    struct span rest;
    struct span line;
    char want[64];
    int64_t pid = -1;
    if (stat(path, &sb) != 0) {
        return -1;
    }
    (void)snprintf(want, sizeof(want), "%02x:%02x:%" PRIuMAX, major(sb.st_dev), minor(sb.st_dev),
                   (uintmax_t)sb.st_ino);
    buf_init(&b, (size_t)1 << 20);
    rest = file_read("/proc/locks", &b, NULL) == ST_OK ? buf_span(&b) : SPAN_NONE;
    while (pid < 0 && span_next(&rest, '\n', &line)) {
        struct span before = SPAN_NONE;
        struct span word;
        bool flock_line = false;
        while (pid < 0 && span_next(&line, ' ', &word)) {
            flock_line = flock_line || span_is(word, "FLOCK");
            if (flock_line && span_is(word, want) &&
                num_parse(before, 1, INT32_MAX, &pid) != ST_OK) {
                pid = 0;
            }
            before = word.n ? word : before;
        }
    }
    buf_release(&b);
    return pid;
}

static void check_writer(struct doctor *d)
{
    char *lock = path_join(d->record, "lock");
    int64_t pid = lock_holder(lock);
    if (pid > 0) {
        found(d, "record.writer", LEVEL_OK, NULL, "%s is written by process %lld", d->record,
              (long long)pid);
    } else {
        found(d, "record.writer", d->reachable ? LEVEL_WARN : LEVEL_FAIL,
              d->reachable ? "if its journal is elsewhere: --journal"
                           : "start the daemon: checkrein serve",
              "nobody is seen to hold the lock of %s", d->record);
    }
    free(lock);
}

static enum status read_tail(const char *dir, int64_t *sealed_us, bool *sealed_to_end,
                             struct why *why)
{
    struct journal_cursor *c = NULL;
    struct journal_record r;
    enum status st = journal_cursor_open(&c, dir, why);
    *sealed_us = 0;
    *sealed_to_end = false;
    if (st != ST_OK) {
        return st;
    }
    /* From the end backwards would be quicker than it is needed: the last part of it is enough. */
    uint64_t from = 1;
    for (uint64_t step = RECORDS_LOOKED_AT; journal_cursor_seek(c, from + step) == ST_OK;
         from += step) {
    }
    st = journal_cursor_seek(c, from);
    while (st == ST_OK && (st = journal_cursor_next(c, &r, why)) == ST_OK) {
        *sealed_to_end = r.kind == JOURNAL_SEAL;
        *sealed_us = *sealed_to_end ? r.time_us : *sealed_us;
    }
    journal_cursor_close(c);
    return st == ST_END ? ST_OK : st;
}

static void check_seal(struct doctor *d)
{
    struct why why = {0};
    int64_t sealed_us = 0;
    bool to_end = false;
    char when[TIME_TEXT_BYTES];
    if (read_tail(d->record, &sealed_us, &to_end, &why) != ST_OK) {
        found(d, "record.seal", LEVEL_FAIL, "checkrein verify says where it is broken", "%s: %s",
              d->record, why.text);
        return;
    }
    time_format(sealed_us, when);
    bool late = !to_end && clock_wall_us() - sealed_us > SEAL_LATE_US;
    found(d, "record.seal", late ? LEVEL_WARN : LEVEL_OK,
          late ? "see the daemon's log: is its disk stuck?" : NULL, "last sealed %s%s",
          sealed_us ? when : "never", to_end ? ", to its end" : "");
}

static void check_disk(struct doctor *d)
{
    struct statvfs fs;
    if (statvfs(d->record, &fs) != 0) {
        found(d, "record.disk", LEVEL_FAIL, "the daemon makes its folder at its start", "%s: %s",
              d->record, err_text(errno));
        return;
    }
    uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
    enum finding_level level = left < DISK_FULL_BYTES  ? LEVEL_FAIL
                               : left < DISK_LOW_BYTES ? LEVEL_WARN
                                                       : LEVEL_OK;
    found(d, "record.disk", level,
          level == LEVEL_OK ? NULL : "make room: when it is full, nothing more is allowed",
          "%" PRIu64 " MiB are left for the record", left >> 20);
}

/* A file without a name: nothing is left behind, whatever happens. */
static void check_fsync(struct doctor *d)
{
    int fd = open(d->record, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        bool cannot = errno == EOPNOTSUPP || errno == EISDIR;
        found(d, "record.fsync", cannot ? LEVEL_WARN : LEVEL_FAIL,
              "see whether the disk is mounted read-only, or full", "cannot write in %s: %s",
              d->record, err_text(errno));
        return;
    }
    bool durable = file_write_all(fd, "doctor\n", 7) == ST_OK && fsync(fd) == 0;
    if (durable) {
        found(d, "record.fsync", LEVEL_OK, NULL, "what is written there can be made durable");
    } else {
        found(d, "record.fsync", LEVEL_FAIL, "the disk does not keep what is written: replace it",
              "writing there fails: %s", err_text(errno));
    }
    (void)close(fd);
}

void check_record(struct doctor *d)
{
    struct stat sb;
    if (stat(d->record, &sb) != 0) {
        found(d, "record", LEVEL_FAIL, "start the daemon: checkrein serve", "%s: %s", d->record,
              err_text(errno));
        return;
    }
    check_writer(d);
    check_seal(d);
    check_disk(d);
    check_fsync(d);
}
