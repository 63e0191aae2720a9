/* compare.h - two rows of numbers: what stays in order, what went, what came.
 *
 * The longest common subsequence, in memory that grows with the longer row (Hirschberg). Time grows
 * with the product of what differs: equal beginnings and ends cost nothing.
 */
#ifndef APP_RECORD_COMPARE_H
#define APP_RECORD_COMPARE_H

#include <stddef.h>
#include <stdint.h>

struct row_of {
    const uint32_t *key;
    size_t count;
};
/* match[i] becomes the place in `b` of what a.key[i] became, or SIZE_MAX when it is not there. */
void compare(struct row_of a, struct row_of b, size_t *match);

/* What two runs of a task do not have alike by chance: blanks in a row are one, the work folder is
 * ".", and a word of 8 hex digits and more that has a decimal digit is "#". Into `out`. */
void normalise(const char *text, const char *cwd, char *out, size_t cap);

#endif
