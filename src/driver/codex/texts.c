/* texts.c - the texts of the frame that is being handled: each is decoded once, and stays where it
 * is until the next. */
#include "codex_priv.h"

#include "checkrein/alloc.h"

#define BLOCK_BYTES  ((size_t)1 << 14)
#define BYTES_A_BYTE ((size_t)3) /* what is no UTF-8 is read as U+FFFD */

void texts_init(struct codex_texts *x, size_t frame_bytes)
{
    buf_init(&x->block, frame_bytes * BYTES_A_BYTE);
}

void texts_clear(struct codex_texts *x)
{
    while (x->full_count) {
        free(x->full[--x->full_count]);
    }
    buf_clear(&x->block);
    x->seen_count = 0;
}

void texts_release(struct codex_texts *x)
{
    texts_clear(x);
    free(x->full);
    buf_release(&x->block);
}

static void make_room(struct codex_texts *x, size_t bytes)
{
    if (x->block.cap - x->block.len > bytes) {
        return;
    }
    GROW(x->full, x->full_cap, x->full_count + 1);
    x->full[x->full_count++] = buf_detach(&x->block, NULL);
    (void)buf_reserve(&x->block, bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES);
}

struct span codex_string(struct codex *c, uint32_t at)
{
    struct codex_texts *x = &c->texts;
    struct span raw = tape_raw(&c->j, at);
    if (span_find(raw, '\\') >= raw.n && !c->j.repaired) {
        return tape_string(&c->j, at, &x->block); /* stands in the frame */
    }
    for (size_t i = 0; i < ARRAY_LEN(x->seen) && i < x->seen_count; i++) {
        if (x->seen[i].at == at) {
            return x->seen[i].text;
        }
    }
    make_room(x, raw.n * BYTES_A_BYTE);
    struct span text = tape_string(&c->j, at, &x->block);
    x->seen[x->seen_count++ % ARRAY_LEN(x->seen)] = (struct codex_text_seen){at, text};
    return text;
}

struct span codex_text(struct codex *c, uint32_t object, const char *path)
{
    return codex_string(c, codex_at(c, object, path));
}
