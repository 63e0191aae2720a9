/* cells_priv.h - memory for many small things, each named by 32 bits instead of a pointer.
 *
 * Cells of one size share pages of 4 KiB, so that a thing costs its bytes rounded up to four and
 * no header; what is larger than CELL_BYTES_MAX has memory of its own. A page whose cells were all
 * given back is freed, unless it is the only one of its size with room. A thing stays where it is
 * until it is given back.
 *
 * The number of a cell that is free is a fault of the caller; the first four bytes of a free cell
 * are zero, so a user that keeps something else there can tell.
 */
#ifndef CHECKREIN_BASE_CELLS_PRIV_H
#define CHECKREIN_BASE_CELLS_PRIV_H

#include <stddef.h>
#include <stdint.h>

#define CELL_UNIT      4 /* bytes */
#define CELL_BYTES_MAX 512

struct cell_page;

struct cells {
    struct cell_page *pages; /* number 0 is nobody's, so that no cell has the number 0 */
    size_t pages_cap;
    uint32_t page_count;
    uint32_t page_free;                                 /* first unused entry of `pages`, 0: none */
    uint32_t with_room[CELL_BYTES_MAX / CELL_UNIT + 1]; /* by size in units: first page with room */
    size_t bytes;
};

void cells_init(struct cells *c);
void cells_release(struct cells *c); /* with everything in them */
/* The same cells with the same numbers; `to` is not initialised. */
void cells_copy(struct cells *to, const struct cells *from);
/* At least eight bytes, aligned to four, not cleared; never 0. */
uint32_t cells_take(struct cells *c, size_t bytes);
void cells_give(struct cells *c, uint32_t number);
void *cells_at(const struct cells *c, uint32_t number); /* NULL when there is no such cell */
size_t cells_bytes(const struct cells *c); /* with the pages' free room and their table */

#endif
