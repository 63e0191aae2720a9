/* canvas.h - a grid of cells that a frame is drawn on: safe text and what it means, never how it
 * looks.
 *
 * A cell carries a role (approval.pending, spend.over, ...); the theme turns roles into colours.
 * Drawing is clipped to the canvas and to the current clip rectangle; coordinates may be negative.
 * A wide character that would be halved is drawn as blanks, and one that is half overwritten leaves
 * a blank. Resizing is the only thing that allocates.
 *
 *     struct rect saved = canvas_clip(c, pane);
 *     canvas_field(c, pane.x, pane.y, 20, ROLE_TEXT, text_sanitise(&arena, name, TEXT_ONE_LINE));
 *     canvas_unclip(c, saved);
 *
 * With `ascii` set, box and symbol characters come out as ASCII stand-ins, and any other character
 * outside ASCII as a reversed "?" for each of its columns: text that matters is made with
 * text_arena.ascii set as well, so that it is spelt out.
 */
#ifndef CHECKREIN_CANVAS_H
#define CHECKREIN_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/text.h"

/* X(constant, name in theme files, fallback role). A role is a meaning. */
#define ROLES(X)                                                                                   \
    X(ROLE_TEXT, "text", ROLE_TEXT)                                                                \
    X(ROLE_DIM, "dim", ROLE_TEXT)                                                                  \
    X(ROLE_STRONG, "strong", ROLE_TEXT)                                                            \
    X(ROLE_FRAME, "frame", ROLE_DIM)                                                               \
    X(ROLE_TITLE, "title", ROLE_STRONG)                                                            \
    X(ROLE_LABEL, "label", ROLE_DIM)                                                               \
    X(ROLE_KEY, "key", ROLE_STRONG)                                                                \
    X(ROLE_HINT, "hint", ROLE_DIM)                                                                 \
    X(ROLE_HEADER, "table.header", ROLE_DIM)                                                       \
    X(ROLE_SELECTED, "selected", ROLE_STRONG)                                                      \
    X(ROLE_STATUS, "status", ROLE_TEXT)                                                            \
    X(ROLE_MODE_LIVE, "mode.live", ROLE_STATUS)                                                    \
    X(ROLE_MODE_FROZEN, "mode.frozen", ROLE_STRONG)                                                \
    X(ROLE_MODE_REPLAY, "mode.replay", ROLE_STRONG)                                                \
    X(ROLE_MODE_READONLY, "mode.readonly", ROLE_STRONG)                                            \
    X(ROLE_MODE_STALE, "mode.stale", ROLE_STRONG)                                                  \
    X(ROLE_MODE_STOPPED, "mode.stopped", ROLE_STRONG)                                              \
    X(ROLE_DEMO, "mode.demo", ROLE_DIM)                                                            \
    X(ROLE_RUNNING, "state.running", ROLE_TEXT)                                                    \
    X(ROLE_WAITING, "state.waiting", ROLE_STRONG)                                                  \
    X(ROLE_PAUSED, "state.paused", ROLE_TEXT)                                                      \
    X(ROLE_STOPPING, "state.stopping", ROLE_TEXT)                                                  \
    X(ROLE_STOPPED, "state.stopped", ROLE_DIM)                                                     \
    X(ROLE_FAILED, "state.failed", ROLE_STRONG)                                                    \
    X(ROLE_IDLE, "state.idle", ROLE_DIM)                                                           \
    X(ROLE_STALE, "state.stale", ROLE_DIM)                                                         \
    X(ROLE_RISK_LOW, "risk.low", ROLE_TEXT)                                                        \
    X(ROLE_RISK_HIGH, "risk.high", ROLE_STRONG)                                                    \
    X(ROLE_APPROVAL, "approval.pending", ROLE_STRONG)                                              \
    X(ROLE_APPROVED, "approval.approved", ROLE_TEXT)                                               \
    X(ROLE_DENIED, "approval.denied", ROLE_TEXT)                                                   \
    X(ROLE_GONE, "approval.gone", ROLE_DIM)                                                        \
    X(ROLE_SPEND, "spend", ROLE_TEXT)                                                              \
    X(ROLE_SPEND_OVER, "spend.over", ROLE_STRONG)                                                  \
    X(ROLE_LINK_UP, "link.up", ROLE_TEXT)                                                          \
    X(ROLE_LINK_DOWN, "link.down", ROLE_STRONG)                                                    \
    X(ROLE_ALARM, "alarm", ROLE_STRONG)                                                            \
    X(ROLE_EMERGENCY, "emergency", ROLE_ALARM)                                                     \
    X(ROLE_REPLACED, "text.replaced", ROLE_STRONG)                                                 \
    X(ROLE_FOREIGN, "text.foreign", ROLE_STRONG)                                                   \
    X(ROLE_PAYLOAD, "payload", ROLE_TEXT)                                                          \
    X(ROLE_ERROR, "error", ROLE_STRONG)                                                            \
    X(ROLE_PROMPT, "prompt", ROLE_STRONG)

enum role {
#define X(constant, name, fallback) constant,
    ROLES(X)
#undef X
        ROLE_COUNT
};

enum {
    CELL_REVERSE = 1,
    CELL_STRIKE = 2,
    CELL_DIM = 4,
    CELL_CONT = 8 /* right half of a wide character */
};

struct cell {
    uint32_t cp[1 + TEXT_MARKS_MAX];
    uint8_t role;
    uint8_t flags;
    uint8_t width; /* 1, 2, or 0 for CELL_CONT */
};

struct rect {
    int x, y, w, h;
};

struct canvas {
    struct cell *cells; /* h rows of w */
    int w, h;
    struct rect clip;
    uint8_t attr;           /* flags or-ed into what is drawn */
    bool ascii;             /* box and symbol characters come out as ASCII */
    int cursor_x, cursor_y; /* -1: hidden */
};

void canvas_init(struct canvas *c);
void canvas_release(struct canvas *c);
void canvas_resize(struct canvas *c, int w, int h); /* 1..1000 each way, clamped */
/* Blanks everything, no clip, no attr, no cursor. */
void canvas_clear(struct canvas *c);
/* Limits drawing to r within the current clip; the result is what canvas_unclip() takes. */
struct rect canvas_clip(struct canvas *c, struct rect r);
void canvas_unclip(struct canvas *c, struct rect saved);
/* Draws and returns the column after the text. Replacements get ROLE_REPLACED and CELL_REVERSE by
 * themselves, and characters that text_cell calls foreign get ROLE_FOREIGN. */
int canvas_put(struct canvas *c, int x, int y, enum role role, struct safe s);
/* Draws at most `cols` cells of it, with "…" when cut, and blanks up to cols. Returns x + cols. */
int canvas_field(struct canvas *c, int x, int y, int cols, enum role role, struct safe s);
/* The same, flush right; when cut, it is still the head that is shown. */
int canvas_field_right(struct canvas *c, int x, int y, int cols, enum role role, struct safe s);
/* `cp` is of width 1, or a blank is taken. */
void canvas_fill(struct canvas *c, struct rect r, enum role role, uint32_t cp);
void canvas_hline(struct canvas *c, int x, int y, int w, enum role role);
enum box_style { BOX_SINGLE, BOX_DOUBLE };
/* Nothing when narrower or lower than 2. */
void canvas_box(struct canvas *c, struct rect r, enum role role, enum box_style style);
/* Sets role and or-s flags on cells that are drawn already (selection bar, dimming a row). Cells of
 * ROLE_REPLACED and ROLE_FOREIGN keep their role: a selection must not hide them. */
void canvas_mark(struct canvas *c, struct rect r, enum role role, uint8_t flags);
void canvas_dim(struct canvas *c, struct rect r); /* flags only, roles stay */

const char *role_name(enum role r);
enum role role_find(struct span name); /* ROLE_COUNT when unknown */
enum role role_fallback(enum role r);

/* Text of the canvas: rows with trailing blanks cut, LF-ended. The status is the buffer's. */
enum status canvas_dump_text(const struct canvas *c, struct buf *out);
/* The role plane beside it: "y:x0-x1 role [flags]" for each run that is not ROLE_TEXT. */
enum status canvas_dump_roles(const struct canvas *c, struct buf *out);
/* Of size, cursor and every cell: equal canvases have equal digests on any machine of one byte
 * order.
 */
uint64_t canvas_digest(const struct canvas *c);

#endif
