#include "keeper_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/file.h"
#include "checkrein/worker.h"

#define BATCH_BYTES 1048576
#define FILE_MODE   0640
#define RETRY_MS    1000

struct batch {
    struct worker_job job;
    struct buf lines;
    char *path;
    int error;  /* of this try; 0: it is on the disk */
    bool again; /* a try before may have left half a line */
};

struct keeper {
    struct loop *loop;
    struct worker *worker;
    struct batch *batch; /* NULL: it is with the worker */
    loop_id retry;
    int error;
    bool busy, ending;
    loop_post_fn *woken;
    void *ctx;
};

/* 0, or errno. */
static int append(const struct batch *b)
{
    int fd =
        open(b->path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, FILE_MODE);
    struct stat st;
    int err = 0;
    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        err = EINVAL;
    } else if ((b->again && st.st_size > 0 && file_write_all(fd, "\n", 1) != ST_OK) ||
               file_write_all(fd, b->lines.data, b->lines.len) != ST_OK || fdatasync(fd) != 0) {
        err = errno;
    }
    (void)close(fd);
    return err;
}

static void run(struct worker_job *job)
{
    struct batch *b = (struct batch *)job;
    b->error = append(b);
}

static void drop(struct worker_job *job)
{
    struct batch *b = (struct batch *)job;
    buf_release(&b->lines);
    free(b->path);
    free(b);
}

static void hand_over(struct keeper *k)
{
    struct batch *b = k->batch;
    b->again = k->error != 0;
    k->batch = NULL;
    worker_put(k->worker, &b->job);
}

static void on_retry(void *ctx)
{
    struct keeper *k = ctx;
    k->retry = 0;
    hand_over(k);
}

static void on_done(void *ctx, struct worker_job *job)
{
    struct keeper *k = ctx;
    k->batch = (struct batch *)job;
    k->error = k->batch->error;
    k->busy = k->error != 0;
    if (k->ending) {
        return;
    }
    if (k->busy) {
        k->retry = loop_timer(k->loop, RETRY_MS, on_retry, k);
    }
    k->woken(k->ctx);
}

static const struct worker_kind KIND = {.run = run, .drop = drop, .done = on_done};

enum status keeper_new(struct keeper **out, struct loop *l, const char *path, loop_post_fn *woken,
                       void *ctx, struct why *why)
{
    struct keeper *k = xcalloc(1, sizeof(*k));
    *k = (struct keeper){.loop = l, .woken = woken, .ctx = ctx};
    k->batch = xcalloc(1, sizeof(*k->batch));
    k->batch->path = xstrdup(path);
    buf_init(&k->batch->lines, BATCH_BYTES);
    enum status st = worker_new(&k->worker, l, &KIND, k);
    if (st != ST_OK) {
        keeper_free(k);
        k = NULL;
        (void)why_fail(why, st, "cannot start the thread that keeps %s", path);
    }
    *out = k;
    return st;
}

void keeper_finish(struct keeper *k, int64_t wait_ms)
{
    k->ending = true;
    worker_finish(k->worker, wait_ms);
}

void keeper_free(struct keeper *k)
{
    if (k == NULL) {
        return;
    }
    loop_remove(k->loop, k->retry);
    worker_free(k->worker);
    if (k->batch != NULL) {
        drop(&k->batch->job);
    }
    free(k);
}

bool keeper_is_busy(const struct keeper *k)
{
    return k->busy;
}

void keeper_put(struct keeper *k, struct span lines)
{
    buf_clear(&k->batch->lines);
    (void)buf_add(&k->batch->lines, lines);
    k->busy = true;
    k->error = 0;
    hand_over(k);
}

int keeper_error(const struct keeper *k)
{
    return k->error;
}
