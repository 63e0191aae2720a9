/* attach.h - `connect codex`: a back-end of its own, named in our configuration. */
#ifndef CONNECT_ATTACH_H
#define CONNECT_ATTACH_H

#include "../app_priv.h"

struct attach_options {
    const char *config, *socket; /* NULL: the standard ones */
    bool dry_run, remove;
};
/* ST_NOTFOUND: no server is there, and what to start. */
enum status attach_codex(const struct attach_options *o, const struct conf *conf,
                         struct why *why) MUST_USE;

#endif
