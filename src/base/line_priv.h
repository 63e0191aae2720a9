/* line_priv.h - what makes a formatted message one harmless line. */
#ifndef CHECKREIN_BASE_LINE_PRIV_H
#define CHECKREIN_BASE_LINE_PRIV_H

/* Replaces in place by '?': C0 and DEL, the C1 controls in UTF-8, and every byte that is not UTF-8
 * (a raw C1 byte, a character that a cut left incomplete). */
void line_clean(char *s);

#endif
