/* meter_late.c - answers that are made in the background, or were cut, and fetched by their id: the
 * first fetch that tells what they used makes their bound good. So each counts once. What is not
 * remembered any more keeps its bound, and counts as nothing when it is fetched.
 */
#include "meter_priv.h"

#define LATE_MAX 256 /* the oldest gives its place away */

struct late {
    char *upstream; /* NULL: none */
    char id[USAGE_ID_BYTES];
    struct late_answer answer;
};

static void release(struct late *l)
{
    free(l->upstream);
    payers_release(&l->answer.who);
    *l = (struct late){0};
}

void late_release(struct gateway *w)
{
    for (size_t i = 0; w->late && i < LATE_MAX; i++) {
        release(&w->late[i]);
    }
    free(w->late);
    w->late = NULL;
}

void late_put(struct meter *m, const char *id, const struct amount *bound)
{
    struct gateway *w = m->govd->gateway;
    if (id[0] == '\0' || m->ask.dialect != USAGE_OPENAI_RESPONSES) {
        return;
    }
    if (!w->late) {
        w->late = xcalloc(LATE_MAX, sizeof(*w->late));
    }
    struct late *l = &w->late[w->late_at++ % LATE_MAX];
    release(l);
    l->upstream = xstrdup(m->up->conf->name);
    (void)span_copy(span_str(id), l->id, sizeof(l->id));
    payers_copy(&m->who, &l->answer.who);
    l->answer.bound = *bound;
    (void)span_copy(span_str(m->task), l->answer.task, sizeof(l->answer.task));
}

bool late_take(struct meter *m, const char *id, struct late_answer *out)
{
    struct gateway *w = m->govd->gateway;
    for (size_t i = 0; w->late && i < LATE_MAX; i++) {
        struct late *l = &w->late[i];
        if (l->upstream && strcmp(l->upstream, m->up->conf->name) == 0 && strcmp(l->id, id) == 0) {
            *out = l->answer;
            l->answer.who = (struct payers){0};
            release(l);
            return true;
        }
    }
    return false;
}
