/* open.c - the start and the end of a writer, and the questions it answers. */
#include "journal_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "drop_priv.h"
#include "key_priv.h"
#include "lock_priv.h"
#include "recover_priv.h"

#define FOLDER_MODE  0700
#define SEGMENT_MODE 0600

static bool is_writer_name(const char *s)
{
    size_t n = s != NULL ? strnlen(s, WRITER_NAME_BYTES) : 0;
    return n > 0 && n < WRITER_NAME_BYTES &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static struct journal *make(const struct journal_options *o, const struct journal_io *io)
{
    struct journal *j = xcalloc(1, sizeof(*j));
    j->io = *io;
    j->dir = -1;
    j->lock = -1;
    j->fd = -1;
    j->path = xstrdup(o->dir);
    j->segment_bytes = o->segment_bytes > 0 ? o->segment_bytes : JOURNAL_SEGMENT_BYTES;
    j->segment_us = o->segment_us;
    j->last_us = o->now_us;
    j->last_seal_us = o->now_us;
    (void)span_copy(span_str(o->writer), j->writer, sizeof(j->writer));
    buf_init(&j->line, JOURNAL_LINE_BYTES);
    buf_init(&j->told_text, JOURNAL_LINE_BYTES);
    buf_init(&j->pending, (size_t)2 * JOURNAL_LINE_BYTES + PENDING_BYTES);
    sha256_init(&j->hash);
    return j;
}

static void release(struct journal *j)
{
    if (j->fd >= 0) {
        (void)close(j->fd);
    }
    lock_release(j->lock);
    if (j->dir >= 0) {
        (void)close(j->dir);
    }
    signer_release(&j->signer);
    veil_free(j->veil);
    codec_free(j->codec);
    sha256_release(&j->hash);
    buf_release(&j->line);
    buf_release(&j->told_text);
    buf_release(&j->pending);
    free(j->path);
    free(j);
}

static enum status enter_folder(struct journal *j, struct why *why)
{
    enum status st = file_make_dirs(j->path, FOLDER_MODE, why);
    if (st != ST_OK) {
        return st;
    }
    j->dir = open(j->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->dir < 0) {
        return why_fail(why, ST_IO, "cannot open %s: %s", j->path, err_text(errno));
    }
    return lock_take(j->dir, j->path, j->writer, &j->lock, why);
}

/* The folder's name must outlive what is written in it. Who made it may have been killed before
 * that was so; one above that we may not read is not where we made it. */
static enum status keep_name(const struct journal *j, const struct recovered *r, struct why *why)
{
    int above = -1;
    if (r->last_n > 0 || ((above = openat(j->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 &&
                          errno == EACCES)) {
        return ST_OK;
    }
    enum status st = ST_OK;
    if (above < 0 || j->io.fsync(j->io.ctx, above) != 0) {
        st = why_fail(why, ST_IO, "cannot make the name of %s durable: %s", j->path,
                      err_text(errno));
    }
    if (above >= 0) {
        (void)close(above);
    }
    return st;
}

/* One key seals one history. */
static enum status load_key(struct journal *j, const struct recovered *r, struct why *why)
{
    if (r->last_n == 0) {
        return key_load_or_make(j->path, &j->signer, why);
    }
    enum status st = key_load(j->path, &j->signer, why);
    if (st == ST_OK && memcmp(j->signer.public_key, r->key, sizeof(r->key)) != 0) {
        st = why_fail(
            why, ST_CONFLICT,
            "the key in %s is not the one that its record is sealed with: put that one back, or "
            "move the folder away",
            j->path);
    }
    return st;
}

static enum status load_veil(struct journal *j, struct why *why)
{
    uint8_t key[VEIL_KEY_BYTES];
    enum status st = key_load_or_make_marks(j->path, key, why);
    if (st == ST_OK) {
        j->veil = veil_new(key);
    }
    wipe(key, sizeof(key));
    return st;
}

static enum status remove_stale(struct journal *j, uint32_t segment, struct why *why)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    if (segment != 0 &&
        (j->io.unlink(j->io.ctx, j->dir, name) != 0 || j->io.fsync(j->io.ctx, j->dir) != 0)) {
        return why_fail(why, ST_IO, "cannot remove the empty %s in %s: %s", name, j->path,
                        err_text(errno));
    }
    return ST_OK;
}

static enum status open_segment(struct journal *j, const struct recovered *r, struct why *why)
{
    char name[SEGMENT_NAME_BYTES];
    int make = r->is_there ? 0 : O_CREAT | O_EXCL;
    segment_name(r->segment, name);
    j->fd = j->io.open(j->io.ctx, j->dir, name, O_RDWR | O_APPEND | make, SEGMENT_MODE);
    if (j->fd < 0 || (make != 0 && j->io.fsync(j->io.ctx, j->dir) != 0)) {
        return why_fail(why, ST_IO, "cannot open %s in %s: %s", name, j->path, err_text(errno));
    }
    j->segment = r->segment;
    j->committed_bytes = r->good_bytes;
    return ST_OK;
}

static void take_over(struct journal *j, const struct recovered *r)
{
    if (r->last_n == 0) {
        ulid_make(j->instance);
    } else {
        memcpy(j->instance, r->instance, sizeof(j->instance));
    }
    memcpy(j->prev, r->head, sizeof(j->prev));
    j->next_n = r->last_n + 1;
    j->begun_us = r->begun_us != 0 ? r->begun_us : j->last_us;
}

/* What was cut off by starts that did not live to say it, and now. Counts the bytes. */
static enum status append_all_torn(struct journal *j, const struct recovered *r,
                                   const struct torn_body *torn, int64_t now_us, uint64_t *bytes)
{
    struct torn_body left;
    enum status st = ST_OK;
    for (uint32_t i = r->torn_told + 1; st == ST_OK && recover_left(j->dir, r, i, &left); i++) {
        if (left.bytes > 0 && !recover_is_again(j->dir, &left, torn)) {
            st = append_torn(j, now_us, &left);
            *bytes += left.bytes;
        }
    }
    *bytes += torn->bytes;
    return st == ST_OK && torn->bytes > 0 ? append_torn(j, now_us, torn) : st;
}

/* This start's own records, sealed and committed. */
static enum status write_start(struct journal *j, const struct recovered *r,
                               const struct torn_body *torn, int64_t now_us, uint64_t *torn_bytes,
                               struct why *why)
{
    enum status st = append_open(j, now_us, r->last_n == 0 ? OPEN_NEW : OPEN_START);
    if (st == ST_OK) {
        st = append_all_torn(j, r, torn, now_us, torn_bytes);
    }
    if (st == ST_OK) {
        st = append_seal(j, now_us, 0);
    }
    if (st != ST_OK) {
        return why_fail(why, st, "cannot make the open record");
    }
    st = journal_commit(j, why);
    return j->failed ? journal_refuse(j, why) : st;
}

static enum status start(struct journal *j, int64_t now_us, struct journal_opened *found,
                         struct why *why)
{
    struct recovered r;
    struct torn_body torn = {0};
    enum status st = enter_folder(j, why);
    st = st == ST_OK ? recover_read(j->dir, &r, why) : st;
    st = st == ST_OK ? keep_name(j, &r, why) : st;
    st = st == ST_OK ? load_key(j, &r, why) : st;
    st = st == ST_OK ? load_veil(j, why) : st;
    st = st == ST_OK ? remove_stale(j, r.stale, why) : st;
    st = st == ST_OK ? open_segment(j, &r, why) : st;
    if (st == ST_OK && r.torn_bytes > 0) {
        st = recover_cut(&j->io, j->dir, j->fd, &r, &torn, why);
    }
    if (st != ST_OK) {
        return st;
    }
    take_over(j, &r);
    uint64_t torn_bytes = 0;
    st = write_start(j, &r, &torn, now_us, &torn_bytes, why);
    if (st == ST_OK && r.dropped_until > 0) {
        st = drop_unlink(&j->io, j->dir, r.first, r.dropped_until, why);
    }
    *found = (struct journal_opened){.next_n = j->next_n, .torn_bytes = torn_bytes};
    (void)span_copy(span_str(j->instance), found->instance, sizeof(found->instance));
    return st;
}

enum status journal_open_io(struct journal **out, const struct journal_options *o,
                            struct journal_opened *found, const struct journal_io *io,
                            struct why *why)
{
    struct journal_opened ignored;
    *out = NULL;
    if (o->dir == NULL || !is_writer_name(o->writer)) {
        return why_fail(why, ST_INVALID,
                        "a record needs a folder and a writer's name of a-z, 0-9 and -");
    }
    struct journal *j = make(o, io);
    enum status st = start(j, o->now_us, found != NULL ? found : &ignored, why);
    if (st == ST_OK) {
        *out = j;
    } else {
        why_prefix(why, "record %s", o->dir);
        release(j);
    }
    return st;
}

enum status journal_open(struct journal **out, const struct journal_options *o,
                         struct journal_opened *found, struct why *why)
{
    return journal_open_io(out, o, found, &journal_io_system, why);
}

void journal_close(struct journal *j, int64_t now_us)
{
    if (j == NULL) {
        return;
    }
    /* A failure here leaves a record without its last words, which is what a reader then sees. */
    if (append_close(j, now_us) == ST_OK && append_seal(j, now_us, 0) == ST_OK) {
        (void)!journal_flush(j);
    }
    release(j);
}

bool journal_dirty(const struct journal *j)
{
    return j->failed || j->pending.len > 0;
}

bool journal_failed(const struct journal *j)
{
    return j->failed;
}

const char *journal_failure(const struct journal *j)
{
    return j->failure.text;
}

int64_t journal_last_seal_us(const struct journal *j)
{
    return j->last_seal_us;
}

uint64_t journal_next(const struct journal *j)
{
    return j->next_n;
}

const char *journal_instance(const struct journal *j)
{
    return j->instance;
}

struct veil *journal_veil(const struct journal *j)
{
    return j->veil;
}

const char *journal_head(const struct journal *j)
{
    return j->prev;
}
