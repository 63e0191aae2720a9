/* The system's <term.h> has a `struct term` of its own: nothing of this module's is included here.
 */
#include "terminfo_priv.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool terminfo_knows(const char *type)
{
    int err = 0;
    bool known = setupterm(type, STDOUT_FILENO, &err) == OK;
    if (known) {
        known = cursor_address != NULL && *cursor_address != '\0';
        (void)del_curterm(cur_term);
    }
    return known;
}

const char *terminfo_string(const char *name)
{
    const char *string = tigetstr(name);
    bool is_one = string != NULL && string != (const char *)-1 && *string != '\0';
    return is_one ? string : NULL;
}
