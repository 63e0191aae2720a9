/* kinds_priv.h - every kind of back-end that is compiled in, one line each; the table is in
 * driver.c. */
#ifndef KINDS_PRIV_H
#define KINDS_PRIV_H

#include "checkrein/driver.h"

extern const struct driver_ops driver_checkrein; /* checkrein/checkrein.c */
extern const struct driver_ops driver_codex;     /* codex/codex.c */

/* What the sink shows of it. */
struct driver_frame frame_shown(const struct driver_sink *sink, struct span frame);

#endif
