/* tasks.c - where tasks lie. An agent works on one at a time; those that ended are kept, the newest
 * of each agent and of all, and what falls off stays in the sums.
 */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

static uint64_t key_of(uint32_t ref)
{
    return index_key(0, ref);
}

struct agent_tasks *tasks_find(const struct fleet *f, uint32_t agent)
{
    return index_get(&f->tasks_of, key_of(agent));
}

struct agent_tasks *tasks_make(struct fleet *f, uint32_t agent)
{
    struct agent_tasks *at = tasks_find(f, agent);
    if (at == NULL) {
        at = xcalloc(1, sizeof(*at));
        at->agent = agent;
        index_put(&f->tasks_of, key_of(agent), at);
    }
    return at;
}

/* ---- the lists of what ended */
static void join(struct fleet *f, struct agent_tasks *at, struct task_item *it)
{
    it->newer = it->own_newer = NULL;
    it->older = f->task_newest;
    it->own_older = at->newest;
    *(it->older == NULL ? &f->task_oldest : &it->older->newer) = it;
    *(it->own_older == NULL ? &at->oldest : &it->own_older->own_newer) = it;
    f->task_newest = at->newest = it;
    f->tasks_kept++;
    at->kept++;
}

static void leave(struct fleet *f, struct agent_tasks *at, struct task_item *it)
{
    *(it->older == NULL ? &f->task_oldest : &it->older->newer) = it->newer;
    *(it->newer == NULL ? &f->task_newest : &it->newer->older) = it->older;
    *(it->own_older == NULL ? &at->oldest : &it->own_older->own_newer) = it->own_newer;
    *(it->own_newer == NULL ? &at->newest : &it->own_newer->own_older) = it->own_older;
    f->tasks_kept--;
    at->kept--;
}

static void drop(struct fleet *f, struct task_item *it)
{
    index_del(&f->task_by_ref, key_of(it->t.ref));
    string_drop(f, &it->t.id);
    string_drop(f, &it->t.title);
    free(it);
}

static void forget_one(struct fleet *f, struct agent_tasks *at, struct task_item *it)
{
    leave(f, at, it);
    drop(f, it);
}

/* ---- coming and going */
struct task_item *task_known(const struct fleet *f, const struct agent_tasks *at, struct span id)
{
    sid text = id_find(f, id);
    if (at == NULL || text == 0) {
        return NULL;
    }
    if (at->open != NULL && at->open->t.id == text) {
        return at->open;
    }
    struct task_item *it = at->newest;
    while (it != NULL && it->t.id != text) {
        it = it->own_older;
    }
    return it;
}

struct task_item *task_item_new(struct fleet *f, struct agent_tasks *at, const struct event *ev)
{
    struct task_item *it = xcalloc(1, sizeof(*it));
    it->t = (struct task){
        .ref = ++f->task_last_ref, .agent = at->agent, .open = true, .began_us = ev->time_us};
    id_set(f, &it->t.id, event_text(ev, F_TASK_ID));
    string_set(f, &it->t.title, event_text(ev, F_TASK_TITLE));
    index_put(&f->task_by_ref, key_of(it->t.ref), it);
    return it;
}

void task_keep(struct fleet *f, struct agent_tasks *at, struct task_item *it)
{
    it->t.open = false;
    if (at->kept == FLEET_TASKS_OF_AGENT) {
        forget_one(f, at, at->oldest);
    } else if (f->tasks_kept == FLEET_TASKS_KEPT) {
        forget_one(f, tasks_find(f, f->task_oldest->t.agent), f->task_oldest);
    }
    join(f, at, it);
}

void tasks_forget(struct fleet *f, uint32_t agent)
{
    struct agent_tasks *at = tasks_find(f, agent);
    if (at == NULL) {
        return;
    }
    for (struct task_item *it = at->oldest, *newer; it != NULL; it = newer) {
        newer = it->own_newer;
        forget_one(f, at, it);
    }
    if (at->open != NULL) {
        drop(f, at->open);
    }
    index_del(&f->tasks_of, key_of(agent));
    free(at);
}

void tasks_release(struct fleet *f)
{
    for (size_t i = 0; i < f->tasks_of.cap; i++) {
        free(f->tasks_of.slots[i].item);
    }
    for (size_t i = 0; i < f->task_by_ref.cap; i++) {
        free(f->task_by_ref.slots[i].item);
    }
    index_release(&f->tasks_of);
    index_release(&f->task_by_ref);
}

/* ---- copies */
static struct task_item *copy_of(struct fleet *to, const struct task_item *old)
{
    struct task_item *it = xmalloc(sizeof(*it));
    *it = *old;
    index_put(&to->task_by_ref, key_of(it->t.ref), it);
    return it;
}

void tasks_copy(struct fleet *to, const struct fleet *from)
{
    to->tasks_of = to->task_by_ref = (struct index){0};
    to->task_oldest = to->task_newest = NULL;
    to->tasks_kept = 0;
    for (size_t i = 0; i < from->tasks_of.cap; i++) {
        const struct agent_tasks *old = from->tasks_of.slots[i].item;
        if (old != NULL) {
            struct agent_tasks *at = tasks_make(to, old->agent);
            *at = *old;
            at->oldest = at->newest = NULL;
            at->kept = 0;
            at->open = old->open == NULL ? NULL : copy_of(to, old->open);
        }
    }
    for (const struct task_item *old = from->task_oldest; old != NULL; old = old->newer) {
        join(to, tasks_find(to, old->t.agent), copy_of(to, old));
    }
}

/* ---- queries */
static const struct task *public(const struct task_item *it)
{
    return it == NULL ? NULL : &it->t;
}

const struct task *fleet_task_of(const struct fleet *f, uint32_t agent)
{
    const struct agent_tasks *at = tasks_find(f, agent);
    return at == NULL ? NULL : public(at->open);
}

const struct task *fleet_task(const struct fleet *f, uint32_t ref)
{
    return public(index_get(&f->task_by_ref, key_of(ref)));
}

const struct task *fleet_task_by_id(const struct fleet *f, uint32_t agent, struct span id)
{
    return public(task_known(f, tasks_find(f, agent), id));
}

const struct task *fleet_task_at(const struct fleet *f, uint32_t agent, int64_t time_us)
{
    const struct agent_tasks *at = tasks_find(f, agent);
    if (at == NULL) {
        return NULL;
    }
    if (at->open != NULL && at->open->t.began_us <= time_us) {
        return &at->open->t;
    }
    const struct task_item *it = at->newest;
    while (it != NULL && !(it->t.began_us <= time_us && time_us <= it->t.ended_us)) {
        it = it->own_older;
    }
    return public(it);
}

const struct task *fleet_task_newest(const struct fleet *f)
{
    return public(f->task_newest);
}

const struct task *fleet_task_older(const struct fleet *f, const struct task *t)
{
    const struct task_item *it = index_get(&f->task_by_ref, key_of(t->ref));
    return it == NULL ? NULL : public(it->older);
}

const struct task_sums *fleet_task_sums(const struct fleet *f, uint32_t agent)
{
    static const struct task_sums none[OUTCOME_COUNT];
    const struct agent_tasks *at = tasks_find(f, agent);
    return at == NULL ? none : at->ended;
}

const struct task_sums *fleet_task_sums_all(const struct fleet *f)
{
    return f->ended;
}

bool task_told(const struct task *t)
{
    return t->tokens_in != 0 || t->tokens_out != 0 || t->cost_microusd != 0;
}

void task_sums_add(struct task_sums *sum, const struct task_sums *more)
{
    sum->count = add_saturating(sum->count, more->count);
    sum->silent = add_saturating(sum->silent, more->silent);
    sum->tokens_in = add_saturating(sum->tokens_in, more->tokens_in);
    sum->tokens_out = add_saturating(sum->tokens_out, more->tokens_out);
    sum->cost_microusd = add_saturating(sum->cost_microusd, more->cost_microusd);
    sum->untold = add_saturating(sum->untold, more->untold);
    sum->cost_estimated |= more->cost_estimated;
    sum->unpriced |= more->unpriced;
}

struct task_sums task_sums_total(const struct task_sums by_outcome[OUTCOME_COUNT])
{
    struct task_sums sum = {0};
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        task_sums_add(&sum, &by_outcome[o]);
    }
    return sum;
}

int64_t task_sums_each(const struct task_sums by_outcome[OUTCOME_COUNT])
{
    const struct task_sums sum = task_sums_total(by_outcome);
    int64_t done = by_outcome[OUTCOME_SUCCEEDED].count;
    return done <= 0 || sum.silent == sum.count ? -1 : sum.cost_microusd / done;
}
