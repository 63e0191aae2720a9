#include "term_priv.h"

/* Everything else descends from xterm. The kernel's console draws UTF-8 but prints parts of modes
 * that it does not know; what was once hardware has neither. */
static const struct family FAMILIES[] = {
    {"linux",  false, true },
    {"vt",     false, false},
    {"ansi",   false, false},
    {"pcansi", false, false},
    {"cons",   false, false},
    {"sun",    false, false},
    {"wsvt",   false, false},
    {"mach",   false, false},
    {"hurd",   false, false},
    {"",       true,  true },
};

const struct family *family_of(const char *type)
{
    const struct family *f = FAMILIES;
    while (!span_starts(span_str(type), f->prefix)) {
        f++;
    }
    return f;
}
