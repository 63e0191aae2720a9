#include "checkrein/codec.h"

#define X(constant, name) [constant] = (name),
static const char *const kinds[MSG_KIND_COUNT] = {FRAME_KINDS(X)};
#undef X

const char *msg_kind_name(enum msg_kind k)
{
    return kinds[(unsigned)k < MSG_KIND_COUNT ? k : KIND_UNKNOWN];
}
