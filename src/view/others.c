/* Who else is connected to the same back-ends. */
#include <stdio.h>
#include <string.h>

#include "frame_priv.h"

uint32_t others_count(const struct fleet *f)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fleet_watcher_count(f); i++) {
        count += !fleet_watcher_is_us(f, fleet_watcher_at(f, i));
    }
    return count;
}

static void add(char *out, size_t cap, const char *text)
{
    size_t n = strlen(out);
    (void)snprintf(out + n, cap - n, "%s", text);
}

void view_others(const struct fleet *f, char *out, size_t cap)
{
    uint32_t count = others_count(f);
    const char *before = ": ";
    out[0] = '\0';
    if (count == 0) {
        return;
    }
    (void)snprintf(out, cap, "%u other%s", count, count == 1 ? " watches" : "s watch");
    for (uint32_t i = 0; i < fleet_watcher_count(f); i++) {
        const struct watcher *w = fleet_watcher_at(f, i);
        char scopes[SCOPES_NAMES_BYTES];
        if (fleet_watcher_is_us(f, w)) {
            continue;
        }
        scopes_text(w->scopes, scopes);
        add(out, cap, before);
        add(out, cap, fleet_str(f, w->id));
        add(out, cap, " (");
        add(out, cap, scopes);
        add(out, cap, ")");
        before = ", ";
    }
}
