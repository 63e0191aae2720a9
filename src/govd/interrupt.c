/* interrupt.c - what Ctrl-C at its terminal would do, for an agent whose calls no gate holds:
 * SIGINT to the foreground group, or to the program's own group where there is no terminal. It is
 * confirmed when one of those processes is seen to end; a program that takes the signal and goes on
 * cannot be told from one that ignores it.
 */
#include "procs_priv.h"

#include <signal.h>

#include "checkrein/clock.h"

#define LOOK_MS     50
#define PATIENCE_US 3000000

struct interruption {
    struct govd *govd;
    session_ref session;
    struct proc_set set;
    size_t sent;
    int64_t until_us;
    loop_id timer;
    struct interruption *next;
};

static void interruption_free(struct interruption *i)
{
    loop_remove(i->govd->loop, i->timer);
    proc_set_release(&i->set);
    free(i);
}

static void interruption_over(struct interruption *i)
{
    struct interruption **link = &i->govd->interruptions;
    while (*link != i) {
        link = &(*link)->next;
    }
    *link = i->next;
    interruption_free(i);
}

static void look(void *ctx)
{
    struct interruption *i = ctx;
    struct session *s = session_at(i->govd, i->session);
    char text[128];
    i->timer = 0;
    proc_set_drop_dead(&i->set);
    if (i->set.count < i->sent) {
        (void)snprintf(text, sizeof(text), "%zu of %zu processes in its foreground ended",
                       i->sent - i->set.count, i->sent);
        session_seen(i->govd, s, VERB_INTERRUPT, text);
    } else if (clock_mono_us() >= i->until_us) {
        (void)snprintf(text, sizeof(text),
                       "SIGINT was sent to %zu processes: what they make of it cannot be seen",
                       i->sent);
        session_missed(i->govd, s, VERB_INTERRUPT, COMMAND_UNVERIFIABLE, text);
    } else {
        i->timer = loop_timer(i->govd->loop, LOOK_MS, look, i);
        return;
    }
    interruption_over(i);
}

static int32_t foreground_of(const struct proc_member *program)
{
    struct proc_stat st;
    if (!proc_read(program->pid, &st) || st.start != program->start) {
        return 0;
    }
    return st.foreground > 0 ? st.foreground : st.group;
}

/* Of what is below the guardian, never of a number alone: a group's number says nothing of whose it
 * is. */
static void signal_group(struct interruption *i, const struct proc_set *all, int32_t group)
{
    for (size_t n = 0; n < all->count; n++) {
        struct proc_stat st;
        if (proc_read(all->item[n].pid, &st) && st.start == all->item[n].start &&
            st.group == group && proc_signal(&all->item[n], SIGINT)) {
            proc_set_add(&i->set, st.pid, st.start);
        }
    }
    i->sent = i->set.count;
}

bool proc_interrupt(struct govd *g, struct session *s)
{
    struct proc_set all = {0};
    struct interruption *i = xcalloc(1, sizeof(*i));
    i->govd = g;
    i->session = s->ref;
    i->until_us = clock_mono_us() + PATIENCE_US;
    i->next = g->interruptions;
    g->interruptions = i;
    members_find(g, s, &all);
    signal_group(i, &all, foreground_of(&s->guarded->program));
    proc_set_release(&all);
    if (!i->sent) {
        interruption_over(i);
        return false;
    }
    i->timer = loop_timer(g->loop, LOOK_MS, look, i);
    return true;
}

void interruptions_release(struct govd *g)
{
    struct interruption *i = g->interruptions;
    g->interruptions = NULL;
    while (i) {
        struct interruption *next = i->next;
        interruption_free(i);
        i = next;
    }
}
