/* twin.c - one thread of Codex that is seen in two ways: by its server, which is a back-end, and by
 * its hooks, which a daemon hears. The server's id of a thread is the hooks' session, or a
 * helper's.
 */
#include "model_priv.h"

#define RUNTIME "codex"
#define HOOKS   "codex:"
#define RUN     "run:"

static struct span last_part(struct span id)
{
    size_t at = id.n;
    while (at > 0 && id.p[at - 1] != '/') {
        at--;
    }
    return span_sub(id, at, id.n);
}

static struct span thread_of(const struct fleet *f, const struct agent *a)
{
    struct span id = fleet_span(f, a->id);
    if (!span_is(fleet_span(f, a->traits->runtime), RUNTIME)) {
        return SPAN_NONE;
    }
    if (span_starts(id, RUN)) {
        struct span part = last_part(id);
        return part.n < id.n ? part : fleet_span(f, a->session);
    }
    if (span_starts(id, HOOKS)) {
        struct span rest = span_sub(id, sizeof(HOOKS) - 1, id.n);
        return last_part(rest);
    }
    return id;
}

const struct agent *fleet_agent_twin(const struct fleet *f, const struct agent *a)
{
    struct span thread = thread_of(f, a);
    for (uint32_t i = 0; thread.n && i < fleet_agent_count(f); i++) {
        const struct agent *other = fleet_agent_at(f, i);
        if (other->backend != a->backend && span_eq(thread_of(f, other), thread)) {
            return other;
        }
    }
    return NULL;
}
