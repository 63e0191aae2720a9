/* copies.c - the same gate in two scopes. The client asks identical hooks once and others each; a
 * second question about a call that waits is refused, and so the call is.
 */
#include "connect_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/file.h"

static const char *const NAMES[] = {"user",
                                    "project"}; /* managed settings let no other hooks run */

static bool differs(const struct settings_kind *k, const char *path, struct span gate)
{
    const struct settings_daemon any = {.socket_path = ""};
    struct settings_look look;
    struct buf text;
    buf_init(&text, SETTINGS_BYTES);
    bool there = file_read(path, &text, NULL) == ST_OK;
    settings_look_at(k, buf_span(&text), &any, &look);
    bool other = there && look.gate.n && !span_eq(look.gate, gate);
    buf_wipe(&text);
    return other;
}

char *copy_elsewhere(const struct settings_scope *s, const char *path, struct span settings)
{
    const struct settings_daemon any = {.socket_path = ""};
    struct settings_look ours;
    const struct settings_kind *k = connector_find(s->runtime)->kind;
    settings_look_at(k, settings, &any, &ours);
    bool looked_at = s->who != SCOPE_MACHINE;
    for (size_t i = 0; looked_at && i < ARRAY_LEN(NAMES); i++) {
        char *there = connect_scope(s->runtime, NAMES[i])->path();
        if (strcmp(there, path) != 0 && differs(k, there, ours.gate)) {
            return there;
        }
        free(there);
    }
    return NULL;
}
