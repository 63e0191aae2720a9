/* inflate.c - what a zipped answer says, out of a copy of it: the answer itself goes by as it is.
 *
 * Little can become very much: a first megabyte is read, and then no more than a hundred times what
 * came. Past that nothing is read on.
 */
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "checkrein/alloc.h"
#include "checkrein/usage.h"

#define ROOM_BYTES  16384
#define FREE_BYTES  ((uint64_t)1 << 20)
#define TIMES_MOST  100
#define EITHER_FORM (15 + 32) /* zlib's word for gzip or zlib, as it begins */

struct usage_unzip {
    z_stream z;
    uint64_t in, out;
    bool over; /* nothing is read on */
};

static bool is_known(struct span coding)
{
    static const char *const KNOWN[] = {"gzip", "x-gzip", "deflate"};
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++) {
        known = known ||
                (coding.n == strlen(KNOWN[i]) && strncasecmp(coding.p, KNOWN[i], coding.n) == 0);
    }
    return known;
}

struct usage_unzip *usage_unzip_new(struct span coding)
{
    struct usage_unzip *u = xcalloc(1, sizeof(*u));
    u->over = !is_known(coding) || inflateInit2(&u->z, EITHER_FORM) != Z_OK;
    return u;
}

void usage_unzip_free(struct usage_unzip *u)
{
    if (u != NULL) {
        (void)inflateEnd(&u->z); /* nothing when it was not begun */
        free(u);
    }
}

/* One room full. A second member may follow the first. */
static bool step(struct usage_unzip *u, usage_plain_fn *fn, void *ctx)
{
    char room[ROOM_BYTES];
    u->z.next_out = (unsigned char *)room;
    u->z.avail_out = sizeof(room);
    int result = inflate(&u->z, Z_NO_FLUSH);
    size_t n = sizeof(room) - u->z.avail_out;
    u->out += n;
    fn(ctx, (struct span){room, n});
    if (result == Z_STREAM_END) {
        result = inflateReset(&u->z);
    }
    bool bad =
        (result != Z_OK && result != Z_BUF_ERROR) || u->out > FREE_BYTES + TIMES_MOST * u->in;
    u->over = u->over || bad;
    return !bad && (u->z.avail_in > 0 || n == sizeof(room));
}

bool usage_unzip_reads(const struct usage_unzip *u)
{
    return !u->over;
}

bool usage_unzip_feed(struct usage_unzip *u, usage_plain_fn *fn, void *ctx, struct span bytes)
{
    if (u->over || bytes.n > UINT32_MAX) {
        return false;
    }
    u->in += bytes.n;
    u->z.next_in = (unsigned char *)(uintptr_t)bytes.p; /* it only reads there */
    u->z.avail_in = (unsigned)bytes.n;
    while (bytes.n > 0 && step(u, fn, ctx)) {
    }
    return !u->over;
}
