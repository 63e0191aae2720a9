/* keyfiles.c - a real key that is changed in its secret_file is taken up by itself: within some
 * seconds, with no signal and no restart. A file is looked at and not watched for, so that a folder
 * that is a link, a mount or a network's gives no way past it; and it is read only when it has
 * stayed the same for a look, since a writer may be in the middle of it.
 */
#include "gateway_priv.h"

#include <sys/stat.h>

#define LOOK_MS 1000

static struct key_stamp stamp_of(const char *path)
{
    struct stat sb;
    if (lstat(path, &sb) != 0) {
        return (struct key_stamp){0};
    }
    return (struct key_stamp){
        .there = true,
        .device = (uint64_t)sb.st_dev,
        .inode = (uint64_t)sb.st_ino,
        .bytes = (int64_t)sb.st_size,
        .mode = (uint32_t)sb.st_mode,
        .written = {sb.st_mtim.tv_sec, sb.st_mtim.tv_nsec},
        .changed = {sb.st_ctim.tv_sec, sb.st_ctim.tv_nsec}
    };
}

static bool is_same(const struct key_stamp *a, const struct key_stamp *b)
{
    return a->there == b->there && a->device == b->device && a->inode == b->inode &&
           a->bytes == b->bytes && a->mode == b->mode && a->written[0] == b->written[0] &&
           a->written[1] == b->written[1] && a->changed[0] == b->changed[0] &&
           a->changed[1] == b->changed[1];
}

static void look(struct upstream *up)
{
    struct key_stamp now = stamp_of(up->source.text);
    bool settled = is_same(&now, &up->seen);
    up->seen = now;
    if (settled && !is_same(&now, &up->taken)) {
        upstream_read_key(up);
    }
}

static void on_look(void *ctx)
{
    struct govd *g = ctx;
    for (size_t i = 0; i < g->gateway->count; i++) {
        struct upstream *up = &g->gateway->upstreams[i];
        if (up->source.kind == SOURCE_FILE) {
            look(up);
        }
    }
    g->gateway->key_timer = loop_timer(g->loop, LOOK_MS, on_look, g);
}

void key_file_taken(struct upstream *up)
{
    if (up->source.kind == SOURCE_FILE) {
        up->taken = up->seen = stamp_of(up->source.text);
    }
}

void key_files_open(struct govd *g)
{
    for (size_t i = 0; i < g->gateway->count && !g->gateway->key_timer; i++) {
        if (g->gateway->upstreams[i].source.kind == SOURCE_FILE) {
            g->gateway->key_timer = loop_timer(g->loop, LOOK_MS, on_look, g);
        }
    }
}
