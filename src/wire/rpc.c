#include "tape_priv.h"

enum status rpc_id_copy(const struct tape *j, uint32_t message, char *out, size_t out_bytes)
{
    uint32_t id = tape_get(j, message, "id");
    if (id == TAPE_ABSENT) {
        return ST_NOTFOUND;
    }
    enum tape_type type = tape_type(j, id);
    if (type != TAPE_NUMBER && type != TAPE_STRING) {
        return ST_INVALID;
    }
    if ((j->tokens[id].flags & STRING_BROKEN) != 0) {
        return ST_INVALID;
    }
    return span_copy(tape_raw(j, id), out, out_bytes) ? ST_OK : ST_LIMIT;
}
