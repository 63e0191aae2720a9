/* drop_find.c - the tombstone that a record which begins late must have. A verification follows the
 * chain to it; a start only looks whether it is there and fits.
 */
#include <string.h>

#include "drop_priv.h"
#include "reader_priv.h"

#define KIND_BYTES   192 /* the kind stands among the first so many bytes of a line */
#define AS_OF_COURSE 2   /* segments that are looked at when nothing is missing */

static bool find_in(int dir, uint32_t segment, struct journal_drop *out)
{
    static const char mark[] = "\"k\":\"tombstone\"";
    struct reader reader;
    struct span line;
    bool found = false;
    int fd = folder_open_segment(dir, segment);
    if (fd < 0) {
        return false;
    }
    enum status st;
    reader_init(&reader, fd);
    while ((st = reader_next(&reader, &line)) == ST_OK || st == ST_LIMIT) {
        struct record r;
        struct tombstone_body body;
        size_t front = line.n < KIND_BYTES ? line.n : KIND_BYTES;
        if (st == ST_OK && memmem(line.p, front, mark, sizeof(mark) - 1) != NULL &&
            record_parse(line, &r) && record_read_tombstone(&r, &body)) {
            *out = body.drop;
            found = true;
        }
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
