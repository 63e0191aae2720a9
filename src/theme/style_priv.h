/* style_priv.h - the words of a style: "bright-red on default bold".
 */
#ifndef CHECKREIN_THEME_STYLE_PRIV_H
#define CHECKREIN_THEME_STYLE_PRIV_H

#include "checkrein/span.h"
#include "checkrein/theme.h"

/* fg [on bg] [attribute ...], each attribute once, words apart by blanks. On ST_INVALID `why` names
 * the word, without a place, and *out is unchanged. */
enum status style_parse(struct span text, struct style *out, struct why *why) MUST_USE;

#endif
