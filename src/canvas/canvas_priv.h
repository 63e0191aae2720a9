/* canvas_priv.h - what the files of canvas share. */
#ifndef CHECKREIN_CANVAS_PRIV_H
#define CHECKREIN_CANVAS_PRIV_H

#include "checkrein/canvas.h"

/* What an ASCII terminal shows for a box or symbol character; 0 when there is no stand-in. */
unsigned char canvas_ascii(uint32_t cp);

/* Writes one cell's worth at x, y: clipped, wide characters whole or as blanks, no orphaned halves.
 */
void canvas_set(struct canvas *c, int x, int y, struct cell cell);

struct rect canvas_cross(struct rect a, struct rect b);

static inline struct rect canvas_bounds(const struct canvas *c)
{
    return (struct rect){0, 0, c->w, c->h};
}

static inline struct cell *canvas_at(const struct canvas *c, int x, int y)
{
    return &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
}

#endif
