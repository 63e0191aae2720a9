/* ini_priv.h - the second opinion: what iniparser makes of a text that the lint has passed.
 */
#ifndef CHECKREIN_CONF_INI_PRIV_H
#define CHECKREIN_CONF_INI_PRIV_H

#include "checkrein/conf.h"

/* What a struct ini owns beside its path and its sections. */
struct ini_owned {
    struct buf text;      /* names point here */
    struct ini_key *keys; /* of all sections */
    void *dictionary;     /* values point here */
};

/* Replaces the values of *ini by those that iniparser finds in `text`. ST_INVALID when it sees
 * other sections, keys or values than *ini has: then neither reading can be trusted, and *ini is
 * for ini_release() only. */
enum status ini_confirm(struct ini *ini, struct span text, struct why *why) MUST_USE;

#endif
