#include "counter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../record/records.h"
#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/index.h"

#define PIECE_BYTES  65536
#define ANSWER_BYTES ((size_t)1 << 30) /* a hundred million hits */

struct answer { /* and behind it the hits */
    bool known;
    uint64_t count, covered;
    char why[256];
};

/* ---- the child */

/* An index that could not be brought up to date is still of what it covers. */
static void count_hits(struct answer *a, uint64_t **hits, const char *path, const char *text)
{
    struct index *ix = NULL;
    struct query *q = NULL;
    struct why why = {0};
    size_t count = 0;
    char *folder = index_folder();
    enum status st = query_parse(&q, span_str(text), &why);
    st = st == ST_OK ? index_open(&ix, folder, path, &why) : st;
    if (st == ST_OK) {
        (void)!index_update(ix, &why);
        a->known = index_positions(ix, q, hits, &count, &a->covered, NULL) == ST_OK;
    }
    a->count = count;
    (void)span_copy(span_str(why.text), a->why, sizeof(a->why));
    index_close(ix);
    query_free(q);
    free(folder);
}

/* It holds nothing of its parent but the pipe: no lock, no connection. */
_Noreturn static void answer_as_child(const char *path, const char *text, int fd)
{
    struct answer a = {0};
    uint64_t *hits = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fd != 3 && dup2(fd, 3) != 3) {
        _exit(1);
    }
    (void)close_range(4, ~0U, 0);
    count_hits(&a, &hits, path, text);
    bool written = file_write_all(3, &a, sizeof(a)) == ST_OK &&
                   file_write_all(3, hits, a.count * sizeof(*hits)) == ST_OK;
    _exit(written ? 0 : 1);
}

/* ---- the parent */

void counter_init(struct counter *c, struct loop *loop)
{
    *c = (struct counter){.loop = loop, .fd = -1};
    buf_init(&c->got, ANSWER_BYTES);
}

static void stop(struct counter *c)
{
    loop_remove(c->loop, c->watch);
    c->watch = 0;
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    c->fd = -1;
    if (c->child > 0) {
        (void)kill(c->child, SIGKILL);
        (void)waitpid(c->child, NULL, 0);
    }
    c->child = 0;
}

void counter_end(struct counter *c)
{
    if (c->loop) {
        stop(c);
        buf_release(&c->got);
    }
    *c = (struct counter){.fd = -1};
}

static void on_answer(void *ctx, int fd, unsigned ready)
{
    struct counter *c = ctx;
    char piece[PIECE_BYTES];
    (void)ready;
    ssize_t n = read(fd, piece, sizeof(piece));
    if (n > 0 && buf_append(&c->got, piece, (size_t)n) == ST_OK) {
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    stop(c);
    c->done = true;
}

enum status counter_begin(struct counter *c, const char *path, const char *text, struct why *why)
{
    int ends[2];
    stop(c);
    buf_clear(&c->got);
    c->done = false;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return why_fail(why, ST_IO, "cannot make a pipe: %s", err_text(errno));
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c->child = fork();
    if (c->child == 0) {
        answer_as_child(path, text, ends[1]);
    }
    (void)close(ends[1]);
    c->fd = ends[0];
    return c->child < 0 ? why_fail(why, ST_IO, "cannot start a process: %s", err_text(errno))
                        : loop_fd_add(c->loop, c->fd, LOOP_READ, on_answer, c, &c->watch);
}

enum status counter_take(struct counter *c, struct counted *out, struct why *why)
{
    struct answer a = {0};
    bool whole = c->got.len >= sizeof(a);
    *out = (struct counted){0};
    c->done = false;
    if (whole) {
        memcpy(&a, c->got.data, sizeof(a));
        whole = a.count <= ANSWER_BYTES / sizeof(*out->hits) &&
                c->got.len == sizeof(a) + a.count * sizeof(*out->hits);
    }
    if (!whole || !a.known) {
        return why_fail(why, ST_IO, "no index: %s",
                        whole ? a.why : "the process that asked it has died");
    }
    out->count = (size_t)a.count;
    out->covered = a.covered;
    out->hits = xreallocarray(NULL, out->count + 1, sizeof(*out->hits));
    memcpy(out->hits, c->got.data + sizeof(a), out->count * sizeof(*out->hits));
    return ST_OK;
}
