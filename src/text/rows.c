/* Breaks text into rows; every cell but LF is in exactly one of them. */
#include <string.h>

#include "text_priv.h"

#define ROW_COLS_MIN 2

/* Where a row could end: the bytes before it, and the cells. */
struct row_end {
    uint32_t at;
    uint32_t cols;
};

static bool is_blank_at(struct safe s, uint32_t at)
{
    return at < s.n && s.p[at] == ' ';
}

/* Of a simple text: at the first LF or the width, with two searches instead of a walk. */
static struct row_end fill_bytes(struct safe s, uint32_t cols, struct row_end *blank)
{
    uint32_t end = cols < s.n ? cols : s.n;
    const char *line_feed = memchr(s.p, '\n', end);
    if (line_feed != NULL) {
        end = (uint32_t)(line_feed - s.p);
    }
    const char *last = memrchr(s.p, ' ', end);
    uint32_t after = last == NULL ? 0 : (uint32_t)(last - s.p) + 1;
    *blank = (struct row_end){after, after};
    return (struct row_end){end, end};
}

/* The row's end by width alone, and *blank the last place after a blank where it might end instead.
 */
static struct row_end fill(struct safe s, uint32_t cols, struct row_end *blank)
{
    if (text_is_simple(s)) {
        return fill_bytes(s, cols, blank);
    }
    struct row_end end = {0, 0};
    struct text_cell cell;
    uint32_t at = 0;
    while (at < s.n && s.p[at] != '\n' && text_next(s, &at, &cell) &&
           cell.width <= cols - end.cols) {
        end = (struct row_end){at, end.cols + cell.width};
        if (cell.cp[0] == ' ') {
            *blank = end;
        }
    }
    return end;
}

bool text_row(struct safe *rest, uint32_t cols, struct safe *row)
{
    if (rest->n == 0) {
        return false;
    }
    cols = cols < ROW_COLS_MIN ? ROW_COLS_MIN : cols;
    struct row_end blank = {0, 0};
    struct row_end end = fill(*rest, cols, &blank);
    bool line_ends = end.at == rest->n || rest->p[end.at] == '\n';
    if (!line_ends && !is_blank_at(*rest, end.at) && blank.cols >= cols - cols / 3) {
        end = blank;
    }
    *row = *rest;
    row->n = end.at;
    row->cols = end.cols;
    bool line_feed = end.at < rest->n && rest->p[end.at] == '\n';
    rest->p += end.at + line_feed;
    rest->n -= end.at + line_feed;
    rest->cols -= end.cols + line_feed;
    return true;
}

uint32_t text_rows(struct safe s, uint32_t cols)
{
    struct safe row;
    uint32_t count = 0;
    while (text_row(&s, cols, &row)) {
        count++;
    }
    return count;
}
