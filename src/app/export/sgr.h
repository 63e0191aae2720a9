/* sgr.h - a canvas as what a terminal of 256 colours or more takes: rows that are another than last
 * time, each with its place and its colours.
 *
 * All of it is of the canvas, which holds safe text only.
 */
#ifndef APP_EXPORT_SGR_H
#define APP_EXPORT_SGR_H

#include "checkrein/buf.h"
#include "checkrein/canvas.h"
#include "checkrein/theme.h"

struct sgr {
    struct theme theme;
    enum color_depth depth;
    struct cell *shown; /* as it was written last; NULL: nothing yet */
    int w, h;
};

/* Appends what makes the screen show this canvas; nothing when it does already. */
enum status sgr_frame(struct sgr *s, const struct canvas *c, struct buf *out) MUST_USE;
void sgr_release(struct sgr *s);

#endif
