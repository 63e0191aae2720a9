/* cut.c - a frame that is too long for one line of the record.
 *
 * What is handled is what is recorded, byte for byte: so the long texts of such a frame are cut
 * before either. It says of itself that it was cut, and nothing of it can be approved. */
#include "codex_priv.h"

#define TEXT_BYTES ((size_t)4096)
#define MARK       "{\"" CODEX_CUT "\":true,"

/* The longest part that ends between two characters as JSON writes them. */
static struct span cut_text(struct span raw)
{
    size_t end = 0;
    for (size_t step = 0; end + step <= TEXT_BYTES; end += step) {
        step = raw.p[end] != '\\' ? 1 : raw.p[end + 1] == 'u' ? 6 : 2;
        if (end + step > TEXT_BYTES) {
            break;
        }
    }
    return codex_cut(raw, end);
}

enum status codex_cut_frame(const struct tape *j, struct buf *out)
{
    size_t at = span_find(j->text, '{') + 1;
    buf_clear(out);
    buf_addstr(out, MARK);
    for (uint32_t i = 0; i < j->count; i++) {
        const struct tape_token *one = &j->tokens[i];
        if (one->type != TAPE_STRING || one->len <= TEXT_BYTES || one->off < at) {
            continue;
        }
        buf_add(out, span_sub(j->text, at, one->off));
        buf_add(out, cut_text(span_sub(j->text, one->off, one->off + one->len)));
        buf_addstr(out, "\xe2\x80\xa6");
        at = one->off + one->len;
    }
    buf_add(out, span_sub(j->text, at, j->text.n));
    return buf_status(out);
}
