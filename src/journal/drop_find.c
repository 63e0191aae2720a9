/* drop_find.c - the tombstone that a record which begins late must have. A verification follows the
 * chain to it; a start only looks whether it is there and fits.
 */
#include "drop_priv.h"
#include "reader_priv.h"

#define AS_OF_COURSE 2 /* segments that are looked at when nothing is missing */

static bool is_tombstone(const struct record *r, struct journal_drop *out)
{
    struct tombstone_body body;
    if (r->kind != JOURNAL_TOMBSTONE || !record_read_tombstone(r, &body)) {
        return false;
    }
    *out = body.drop;
    return true;
}

/* Up to the first line that is none: what is behind it was torn by a crash, and is cut off. */
static bool find_in(int dir, uint32_t segment, struct journal_drop *out)
{
    struct reader reader;
    struct span line;
    struct record r;
    bool found = false;
    int fd = folder_open_segment(dir, segment);
    if (fd < 0) {
        return false;
    }
    reader_init(&reader, fd);
    while (reader_next(&reader, &line) == ST_OK && record_parse(line, &r)) {
        found = is_tombstone(&r, out) || found;
    }
    reader_release(&reader);
    return found;
}

bool drop_find(int dir, const struct folder *f, struct journal_drop *out)
{
    uint32_t looked_at = 0;
    for (uint32_t s = f->last; s >= f->first && s > 0; s--) {
        if (f->first == 1 && looked_at++ == AS_OF_COURSE) {
            return false;
        }
        if (find_in(dir, s, out)) {
            return true;
        }
    }
    return false;
}
