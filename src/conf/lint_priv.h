/* lint_priv.h - the strict reading of an ini text, before iniparser may guess.
 *
 * The lint finds sections, keys, raw values and line numbers, and refuses whatever iniparser 4.1
 * would cut, join, fold or drop without a word.
 */
#ifndef CHECKREIN_CONF_LINT_PRIV_H
#define CHECKREIN_CONF_LINT_PRIV_H

#include "checkrein/conf.h"

/* Appends what stands in `text` to the empty *ini: ini->path is used for `why`, spans point into
 * `text`, sections and keys are the caller's to free, all keys in one block that begins at *keys.
 */
enum status lint_scan(struct ini *ini, struct ini_key **keys, struct span text,
                      struct why *why) MUST_USE;

/* Whether a line may hold these bytes; else `why` has the words, without a place. */
enum status lint_characters(struct span s, struct why *why) MUST_USE;

/* What a key or value is made of may stand in the file unquoted. */
enum lint_value { LINT_PLAIN, LINT_NEEDS_QUOTES };
enum lint_value lint_value_kind(struct span value);

#endif
