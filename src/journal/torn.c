/* torn.c - the bytes behind the last whole record: kept beside the segment first, cut off after. */
#include "recover_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder_priv.h"

#define CHUNK_BYTES   (64 * 1024)
#define FINISHED_MODE 0400

static enum status failed(const struct torn_body *torn, const char *what, struct why *why)
{
    return why_fail(why, ST_IO, "cannot %s %s: %s", what, torn->file, err_text(errno));
}

static void name_file(struct torn_body *torn, uint32_t number)
{
    (void)snprintf(torn->file, sizeof(torn->file), "%06" PRIu32 ".torn-%" PRIu32, torn->segment,
                   number);
}

/* The first free name behind those that were told of; *out is its descriptor. */
static enum status make_file(const struct journal_io *io, int dir, uint32_t told,
                             struct torn_body *torn, int *out, struct why *why)
{
    for (uint32_t i = told + 1; i <= TORN_FILES; i++) {
        name_file(torn, i);
        *out = io->open(io->ctx, dir, torn->file, O_WRONLY | O_CREAT | O_EXCL, FINISHED_MODE);
        if (*out >= 0) {
            return ST_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return failed(torn, "make", why);
}

static enum status copy(const struct journal_io *io, int from, int to, struct torn_body *torn)
{
    char chunk[CHUNK_BYTES];
    struct sha256_state hash;
    uint64_t done = 0;
    enum status st = ST_OK;
    sha256_init(&hash);
    while (st == ST_OK && done < torn->bytes) {
        uint64_t left = torn->bytes - done;
        ssize_t got = pread(from, chunk, left < sizeof(chunk) ? left : sizeof(chunk),
                            (off_t)(torn->at + done));
        if (got <= 0) {
            st = ST_IO;
            break;
        }
        struct span piece = {chunk, (size_t)got};
        sha256_add(&hash, piece);
        st = io_write_all(io, to, piece);
        done += piece.n;
    }
    sha256_final(&hash, torn->hash);
    sha256_release(&hash);
    return st;
}

static enum status keep(const struct journal_io *io, int dir, int fd, uint32_t told,
                        struct torn_body *torn, struct why *why)
{
    int to = -1;
    enum status st = make_file(io, dir, told, torn, &to, why);
    if (st != ST_OK) {
        return st;
    }
    if (copy(io, fd, to, torn) != ST_OK || io->fdatasync(io->ctx, to) != 0 ||
        io->fsync(io->ctx, dir) != 0) {
        st = failed(torn, "keep the torn end in", why);
        (void)io->unlink(io->ctx, dir,
                         torn->file); /* half a copy says nothing: the segment still has all */
    }
    (void)close(to);
    return st;
}

enum status recover_cut(const struct journal_io *io, int dir, int fd, const struct recovered *r,
                        struct torn_body *torn, struct why *why)
{
    *torn = (struct torn_body){.segment = r->segment, .at = r->good_bytes, .bytes = r->torn_bytes};
    enum status st = keep(io, dir, fd, r->torn_told, torn, why);
    if (st == ST_OK && (io->ftruncate(io->ctx, fd, (off_t)r->good_bytes) != 0 ||
                        io->fdatasync(io->ctx, fd) != 0)) {
        st = why_fail(why, ST_IO, "cannot cut off the torn end of segment %" PRIu32 ": %s",
                      r->segment, err_text(errno));
    }
    return st;
}

/* Of the first `most` bytes of a file: how many there are, and their hash. */
static bool hash_file(int dir, const char *name, uint64_t most, struct torn_body *out)
{
    char chunk[CHUNK_BYTES];
    struct sha256_state hash;
    ssize_t got = 1;
    int fd = folder_open_file(dir, name);
    if (fd < 0) {
        return false;
    }
    out->bytes = 0;
    sha256_init(&hash);
    while (got > 0 && out->bytes < most) {
        uint64_t left = most - out->bytes;
        got = pread(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk), (off_t)out->bytes);
        struct span piece = {chunk, got > 0 ? (size_t)got : 0};
        sha256_add(&hash, piece);
        out->bytes += piece.n;
    }
    sha256_final(&hash, out->hash);
    sha256_release(&hash);
    (void)close(fd);
    return got >= 0;
}

bool recover_left(int dir, const struct recovered *r, uint32_t number, struct torn_body *left)
{
    *left = (struct torn_body){.segment = r->segment, .at = r->good_bytes};
    name_file(left, number);
    return number <= TORN_FILES && hash_file(dir, left->file, UINT64_MAX, left);
}

bool recover_is_again(int dir, const struct torn_body *left, const struct torn_body *torn)
{
    struct torn_body front;
    return torn->bytes >= left->bytes && hash_file(dir, torn->file, left->bytes, &front) &&
           memcmp(front.hash, left->hash, sizeof(front.hash)) == 0;
}
