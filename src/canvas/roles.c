#include "checkrein/canvas.h"

static const struct {
    const char *name;
    enum role fallback;
} roles[ROLE_COUNT] = {
#define X(constant, text, other) [constant] = {.name = (text), .fallback = (other)},
    ROLES(X)
#undef X
};

const char *role_name(enum role r)
{
    return (unsigned)r < ROLE_COUNT ? roles[r].name : "";
}

enum role role_find(struct span name)
{
    unsigned r = 0;
    while (r < ROLE_COUNT && !span_is(name, roles[r].name)) {
        r++;
    }
    return (enum role)r;
}

enum role role_fallback(enum role r)
{
    return (unsigned)r < ROLE_COUNT ? roles[r].fallback : ROLE_TEXT;
}
