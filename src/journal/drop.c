/* drop.c - the oldest segments go: first it is said, signed and durable, then they are unlinked,
 * the oldest first. So a crash between leaves a record that begins where a tombstone says that it
 * may, and the rest of the files is removed at the next start.
 */
#include "drop_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/num.h"
#include "folder_priv.h"

#define FIRST_LINE_BYTES 1024 /* no open record is longer */
#define DAY_US           (INT64_C(86400) * 1000000)

/* ---- what is to go */

static uint64_t size_of(int dir, uint32_t segment)
{
    struct stat st;
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0
               ? (uint64_t)st.st_size
               : 0;
}

static bool read_first(int dir, uint32_t segment, struct journal_drop *d)
{
    char text[FIRST_LINE_BYTES];
    struct record r;
    int fd = folder_open_segment(dir, segment);
    ssize_t got = fd >= 0 ? pread(fd, text, sizeof(text), 0) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    struct span line = {text, got > 0 ? (size_t)got : 0};
    if (!record_parse(span_sub(line, 0, span_find(line, '\n')), &r)) {
        return false;
    }
    d->first = r.n;
    d->first_us = r.time_us;
    return true;
}

/* A finished segment ends with a seal that names the next; one that does not is left to a person.
 */
static bool read_last(int dir, uint32_t segment, struct journal_drop *d)
{
    struct buf line;
    struct record r;
    struct seal_body seal;
    uint8_t hash[SHA256_BYTES];
    buf_init(&line, SEAL_LINE_BYTES);
    bool good = folder_last_line(dir, segment, &line) == ST_OK &&
                record_parse(buf_span(&line), &r) && record_read_seal(&r, &seal) &&
                seal.next == segment + 1;
    if (good) {
        d->last_segment = segment;
        d->last = r.n;
        d->last_us = r.time_us;
        sha256(buf_span(&line), hash);
        hex_encode(hash, sizeof(hash), d->head);
    }
    buf_release(&line);
    return good;
}

struct limits {
    const struct journal_keep *keep;
    int64_t now_us;
    uint64_t bytes; /* of what would be left */
};

static bool is_over(const struct limits *l, const struct journal_drop *one, enum drop_reason *why)
{
    bool old = l->keep->days > 0 && one->last_us < l->now_us - l->keep->days * DAY_US;
    bool much = l->keep->bytes > 0 && l->bytes > l->keep->bytes;
    *why = old ? DROP_AGE : DROP_SIZE;
    return (old || much) && (l->keep->needed == 0 || one->last < l->keep->needed);
}

enum status journal_droppable(const struct journal *j, int64_t now_us,
                              const struct journal_keep *keep, struct journal_drop *out,
                              struct why *why)
{
    struct folder f;
    struct limits l = {.keep = keep, .now_us = now_us};
    *out = (struct journal_drop){0};
    if (folder_scan(j->dir, 0, &f) != ST_OK) {
        return why_fail(why, ST_IO, "cannot list %s: %s", j->path, err_text(errno));
    }
    for (uint32_t s = f.first; keep->bytes > 0 && s <= f.last; s++) {
        l.bytes += size_of(j->dir, s);
    }
    if (f.count == 0 || !read_first(j->dir, f.first, out)) {
        return ST_OK;
    }
    for (uint32_t s = f.first; s < j->segment; s++) {
        struct journal_drop one = *out;
        enum drop_reason reason;
        if (!read_last(j->dir, s, &one) || !is_over(&l, &one, &reason)) {
            break;
        }
        uint64_t size = size_of(j->dir, s);
        l.bytes -= size < l.bytes ? size : l.bytes;
        *out = one;
        out->first_segment = f.first;
        out->reason = reason;
        out->limit = reason == DROP_AGE ? (uint64_t)keep->days : keep->bytes;
    }
    return ST_OK;
}

/* ---- dropping */

enum status drop_unlink(const struct journal_io *io, int dir, uint32_t first, uint32_t last,
                        struct why *why)
{
    char name[SEGMENT_NAME_BYTES];
    for (uint32_t s = first; s <= last; s++) {
        segment_name(s, name);
        if (io->unlink(io->ctx, dir, name) != 0 && errno != ENOENT) {
            return why_fail(why, ST_IO, "cannot remove %s, which is dropped: %s", name,
                            err_text(errno));
        }
    }
    return io->fsync(io->ctx, dir) == 0
               ? ST_OK
               : why_fail(why, ST_IO, "cannot make it durable that segments were dropped: %s",
                          err_text(errno));
}

/* Not journal_commit(): a crash is to find the tombstone in the last segment. */
enum status journal_drop(struct journal *j, int64_t now_us, const struct journal_drop *drop,
                         struct why *why)
{
    if (j->failed) {
        return journal_refuse(j, why);
    }
    if (drop->first_segment == 0 || drop->last_segment >= j->segment) {
        return why_fail(why, ST_INVALID, "only finished segments can be dropped");
    }
    enum status st = append_tombstone(j, now_us, drop);
    if (st == ST_OK) {
        st = append_seal(j, now_us, 0);
    }
    if (st == ST_OK) {
        st = journal_flush(j);
    }
    if (st != ST_OK) {
        return j->failed ? journal_refuse(j, why) : why_fail(why, st, "cannot write a tombstone");
    }
    return drop_unlink(&j->io, j->dir, drop->first_segment, drop->last_segment, why);
}
