#include "policy_priv.h"

#define PATH_BYTES_MAX 4096

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

/* "/a/b" to "/a"; above the root is the root. */
static void drop_last(struct buf *out)
{
    size_t at = out->len;
    while (at > 0 && out->data[at - 1] != '/') {
        at--;
    }
    buf_truncate(out, at > 0 ? at - 1 : 0);
}

static void add_pieces(struct buf *out, struct span path)
{
    struct span piece;
    while (span_next(&path, '/', &piece)) {
        if (span_is(piece, "..")) {
            drop_last(out);
        } else if (piece.n > 0 && !span_is(piece, ".")) {
            (void)buf_addch(out, '/');
            (void)buf_add(out, piece);
        }
    }
}

/* A tilde stands for a home that is not known here. */
enum status path_normalise(struct span path, struct span cwd, struct buf *out)
{
    bool absolute = span_starts(path, "/");
    buf_clear(out);
    if (path.n == 0 || path.n + cwd.n > PATH_BYTES_MAX || has_control(path) ||
        span_starts(path, "~")) {
        return ST_INVALID;
    }
    if (!absolute && (!span_starts(cwd, "/") || has_control(cwd))) {
        return ST_INVALID;
    }
    if (!absolute) {
        add_pieces(out, cwd);
    }
    add_pieces(out, path);
    if (out->len == 0) {
        (void)buf_addch(out, '/');
    }
    return buf_status(out);
}
