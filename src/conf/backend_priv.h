/* backend_priv.h - one [backend NAME] section.
 */
#ifndef CHECKREIN_CONF_BACKEND_PRIV_H
#define CHECKREIN_CONF_BACKEND_PRIV_H

#include "checkrein/conf.h"

#define BACKEND_SECTION "backend "

/* Fills *b; on ST_INVALID it holds nothing. */
enum status backend_read(struct conf_backend *b, const struct ini *ini, const struct ini_section *s,
                         struct why *why) MUST_USE;
void backend_release(struct conf_backend *b);

/* The keys of the section in their order; *value is NULL for one that is not set. False at the end.
 */
bool backend_next(const struct conf_backend *b, size_t *at, const char **key, const char **value);

#endif
