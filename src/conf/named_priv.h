/* named_priv.h - sections [WORD NAME], of which there may be several: which keys each has is a
 * table.
 */
#ifndef CHECKREIN_CONF_NAMED_PRIV_H
#define CHECKREIN_CONF_NAMED_PRIV_H

#include "checkrein/conf.h"

enum named_need { NAMED_OPTIONAL, NAMED_REQUIRED };

struct named_field {
    const char *name;
    size_t offset; /* of a char * in the struct that a section fills */
    enum named_need need;
    enum status (*check)(struct span value, struct why *why);
};

struct named_kind {
    const char *word;    /* "backend ", with its blank */
    const char *article; /* "a back-end", of its name */
    const char *keys;    /* all of them, for people */
    const struct named_field *fields;
    size_t count, bytes; /* of the struct */
    size_t name_at, line_at;
    /* What the keys must be together. `it`: the struct. */
    enum status (*complete)(const void *it, const struct ini *ini, const struct ini_section *s,
                            struct why *why);
};

bool named_is_word(struct span s); /* a-z 0-9 . _ -, at most CONF_NAME_BYTES */
enum status named_check_word(struct span value, struct why *why) MUST_USE;
enum status named_check_nothing(struct span value, struct why *why) MUST_USE;

/* Fills *it; on ST_INVALID it holds nothing. */
enum status named_read(const struct named_kind *k, void *it, const struct ini *ini,
                       const struct ini_section *s, struct why *why) MUST_USE;
void named_release(const struct named_kind *k, void *it);
/* The keys of the section in their order; *value is NULL for one that is not set. False at the end.
 */
bool named_next(const struct named_kind *k, const void *it, size_t *at, const char **key,
                const char **value);

extern const struct named_kind NAMED_BACKEND, NAMED_UPSTREAM;

#endif
