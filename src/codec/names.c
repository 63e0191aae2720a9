#include "checkrein/codec.h"

#define X(constant, name) [constant] = (name),
static const char *const kinds[MSG_KIND_COUNT] = {FRAME_KINDS(X)};
static const char *const scopes[SCOPE_COUNT] = {SCOPES(X)};
#undef X

const char *msg_kind_name(enum msg_kind k)
{
    return kinds[(unsigned)k < MSG_KIND_COUNT ? k : KIND_UNKNOWN];
}

const char *scope_name(enum scope s)
{
    return (unsigned)s < SCOPE_COUNT ? scopes[s] : "unknown";
}

uint32_t scope_find(struct span name)
{
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if (span_is(name, scopes[s])) {
            return SCOPE_BIT(s);
        }
    }
    return 0;
}
