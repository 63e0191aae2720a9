/* words_priv.h - words of several texts, one behind the other. */
#ifndef CHECKREIN_INDEX_WORDS_PRIV_H
#define CHECKREIN_INDEX_WORDS_PRIV_H

#include "checkrein/index.h"

/* A word that no text can have: what stands on its two sides is not beside each other. */
#define WORDS_FENCE "\xEF\xA3\xBF" /* U+F8FF */

void words_end_field(struct buf *out);

#endif
