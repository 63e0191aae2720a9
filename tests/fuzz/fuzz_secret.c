/* Secrets in any bytes: what went through the veil has none, is not much longer, is the same around
 * them, and JSON stays JSON of the same structure. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/secret.h"
#include "checkrein/utf8.h"
#include "checkrein/wire.h"

#define TOKENS      4096
#define GROWTH      12 /* "://:x@" becomes a mark */
#define QUOTE_BYTES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
    if (!holds) {
        abort();
    }
}

static struct veil *knowing(void)
{
    static const uint8_t KEY[VEIL_KEY_BYTES] = {5};
    struct veil *v = veil_new(KEY);
    veil_know(v, "hook-token", SPAN("known-to-all-0123456789"));
    return v;
}

/* In order, inside, and none twice. */
static void check_hits(struct span text)
{
    static struct secret_set *set;
    struct secret_scan scan;
    struct secret_hit hit;
    size_t end = 0;
    set = set ? set : secret_set_new();
    secret_scan_begin(&scan, set, text);
    while (secret_next(&scan, &hit)) {
        demand(hit.n > 0 && hit.at >= end && hit.at + hit.n <= text.n);
        end = hit.at + hit.n;
    }
}

/* What stands before the first mark is what stood there. */
static void check_beginning(struct span text, struct span shown)
{
    size_t same = 0;
    while (same < text.n && same < shown.n && text.p[same] == shown.p[same]) {
        same++;
    }
    struct span rest = span_sub(shown, same, SIZE_MAX);
    demand(span_starts(rest, "[secret ") || (same > 0 && shown.p[same - 1] == '['));
}

static void check_json(struct span text, struct span shown)
{
    static struct tape_token before[TOKENS];
    static struct tape_token after[TOKENS];
    struct tape a;
    struct tape b;
    if (tape_parse(&a, text, TAPE_STRICT, before, TOKENS) == ST_OK) {
        demand(tape_parse(&b, shown, TAPE_STRICT, after, TOKENS) == ST_OK);
        demand(a.count == b.count);
    }
}

static void check_inside(struct veil *v, struct span shown)
{
    struct buf quoted;
    if (utf8_valid(shown)) {
        buf_init(&quoted, shown.n * 6 + QUOTE_BYTES);
        demand(tape_quote(&quoted, shown) == ST_OK);
        demand(veil(v, buf_span(&quoted)).count == 0);
        buf_release(&quoted);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct veil *v;
    v = v ? v : knowing();
    /* of its own length, so that a byte too far is seen */
    char *copy = xmalloc(size + 1);
    memcpy(copy, size ? (const char *)data : "", size);
    struct span text = {copy, size};
    struct veiled told = veil(v, text);
    demand(memcmp(copy, size ? (const char *)data : "", size) == 0);
    demand((told.count == 0) == (told.text.p == copy));
    demand(told.text.n <= size * GROWTH + SECRET_MARK_BYTES);
    check_hits(text);
    char *shown = xmalloc(told.text.n + 1);
    memcpy(shown, told.text.n ? told.text.p : "", told.text.n);
    struct span once = {shown, told.text.n};
    if (told.count > 0) {
        check_beginning(text, once);
        check_json(text, once);
    }
    demand(veil(v, once).count == 0);
    check_inside(v, once);
    free(shown);
    free(copy);
    return 0;
}
