/* terminfo_priv.h - what the system's database says of types of terminals. */
#ifndef TERMINFO_PRIV_H
#define TERMINFO_PRIV_H

#include <stdbool.h>

/* Whether there is an entry, of a terminal that can move its cursor. For before newterm(), which
 * does not give its memory back when there is none. */
bool terminfo_knows(const char *type);
/* A string of the open terminal, NULL when it has none. */
const char *terminfo_string(const char *name);

#endif
