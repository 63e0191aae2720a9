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

/* The first line is kept out of the rest: it is nowhere in what goes on, which is as long, and
 * begins the same however it is cut. */
static void flow(struct span secret, struct span text, size_t step)
{
    struct secret_guard *g = secret_guard_new(secret);
    struct secret_flow f;
    struct buf out;
    buf_init(&out, text.n);
    secret_flow_begin(&f, g);
    for (size_t at = 0; at < text.n; at += step) {
        demand(buf_add(&out, secret_flow_pass(&f, span_sub(text, at, step))) == ST_OK);
        demand(out.len + secret_flow_end(&f).n == (at + step < text.n ? at + step : text.n));
    }
    demand(buf_add(&out, secret_flow_end(&f)) == ST_OK);
    demand(!secret_guard_finds(g, buf_span(&out)));
    demand((f.found == 0) == (text.n == 0 || memcmp(out.data, text.p, text.n) == 0));
    demand((f.found > 0) == secret_guard_finds(g, text));
    secret_flow_release(&f);
    secret_guard_drop(g);
    buf_release(&out);
}

static void check_flow(struct span text)
{
    static const size_t STEPS[] = {1, 5, 64, SIZE_MAX / 2};
    struct span secret = span_sub(text, 0, span_find(text, '\n'));
    bool usual = secret.n < text.n && secret.n >= SECRET_KNOWN_MIN && secret.n <= 256 &&
                 text.n < 8192 && memchr(secret.p, '*', secret.n) == NULL &&
                 memchr(secret.p, '\0', secret.n) == NULL;
    for (size_t i = 0; usual && i < ARRAY_LEN(STEPS); i++) {
        flow(secret, span_sub(text, secret.n + 1, text.n), STEPS[i]);
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
    check_flow(text);
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
