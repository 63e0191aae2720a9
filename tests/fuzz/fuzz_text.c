/* Any bytes at all through the door: what comes out is fit to show, of the width it says, and
 * whole.
 *
 * The first two bytes choose how: bit 0 many lines, bit 1 ASCII only, bits 2-7 a small arena or (0)
 * one that is large enough; then the width of rows and where to cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/safe_check.h"
#include "checkrein/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(const char *wrong)
{
    if (wrong != NULL) {
        fprintf(stderr, "fuzz_text: %s\n", wrong);
        abort();
    }
}

static void check_plain(struct safe s, struct span hostile, size_t bytes)
{
    char *out = malloc(bytes);
    if (out == NULL) {
        return;
    }
    demand(safe_check_plain(out, text_plain(s, out, bytes)));
    demand(safe_check_plain(out, text_plain_of(hostile, out, bytes)));
    free(out);
}

static void check(struct span hostile, unsigned how, uint32_t cols)
{
    enum text_lines lines = (how & 1) != 0 ? TEXT_MANY : TEXT_ONE_LINE;
    size_t bytes = how >> 2 == 0 ? hostile.n * 12 + 64 : how >> 2;
    char *block = malloc(bytes);
    if (block == NULL) {
        return;
    }
    struct text_arena a;
    text_arena_init(&a, block, bytes);
    a.ascii = (how & 2) != 0;
    struct safe s = text_sanitise(&a, hostile, lines);
    demand(a.full && how >> 2 == 0 ? "an arena that is large enough was full" : NULL);
    demand(safe_check(s, lines));
    demand(safe_check_walk(s));
    demand(safe_check_cut(s, cols));
    demand(safe_check_rows(s, cols));
    check_plain(s, hostile, cols + 1);
    const struct safe parts[] = {text_clip(s, cols), text_skip(s, cols)};
    demand(safe_check_walk(text_join(&a, parts, ARRAY_LEN(parts))));
    demand(safe_check_walk(text_ellipsis(&a, s, cols, ">")));
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 2) {
        check((struct span){(const char *)data + 2, size - 2}, data[0], data[1]);
    }
    return 0;
}
