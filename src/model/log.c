#include <stdlib.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

/* A line of the log is one line on the screen; the journal has the whole text. */
#define LOG_TEXT_BYTES 512

struct note note_of(enum event_type type)
{
    return (struct note){.type = type, .duration_ms = -1, .microusd = -1, .tokens = -1};
}

static struct log_entry *entry_of(const struct fleet *f, uint32_t number)
{
    return &f->log[number % FLEET_LOG_ENTRIES];
}

static void entry_release(struct fleet *f, struct log_entry *e)
{
    string_drop(f, &e->subject);
    string_drop(f, &e->text);
    string_drop(f, &e->who);
    string_drop(f, &e->action);
    string_drop(f, &e->reason);
    string_drop(f, &e->digest);
}

void log_release(struct fleet *f)
{
    free(f->log);
    f->log = NULL;
}

static struct log_entry *next_entry(struct fleet *f)
{
    if (f->log == NULL) {
        f->log = xcalloc(FLEET_LOG_ENTRIES, sizeof(*f->log));
    }
    f->log_newest++;
    struct log_entry *e = entry_of(f, f->log_newest);
    entry_release(f, e);
    return e;
}

static void chain(struct log_entry *e, struct agent_item *agent)
{
    e->agent = agent->a.ref;
    e->older = agent->a.log_tail;
    agent->a.log_tail = e->number;
}

uint32_t log_note(struct fold *x, struct agent_item *agent, const struct note *note)
{
    return x->ev->snapshot ? 0 : log_always(x, agent, note);
}

uint32_t log_always(struct fold *x, struct agent_item *agent, const struct note *note)
{
    struct fleet *f = x->f;
    struct log_entry *e = next_entry(f);
    *e = (struct log_entry){
        .number = f->log_newest,
        .approval = note->approval,
        .backend = x->b->b.ref,
        .type = note->type,
        .detail = note->detail,
        .verb = note->verb,
        .retrying = note->retrying,
        .subject = string_hold(f, string_cut(note->subject, LOG_TEXT_BYTES)),
        .text = string_hold(f, string_cut(note->text, LOG_TEXT_BYTES)),
        .who = string_hold(f, string_cut(note->who, LOG_TEXT_BYTES)),
        .action = string_hold(f, string_cut(note->action, FLEET_ID_BYTES)),
        .reason = string_hold(f, string_cut(note->reason, LOG_TEXT_BYTES)),
        .digest = string_hold(f, string_cut(note->digest, LOG_TEXT_BYTES)),
        .time_us = x->ev->time_us,
        .duration_ms = note->duration_ms,
        .microusd = note->microusd,
        .tokens = note->tokens,
    };
    if (agent != NULL) {
        chain(e, agent);
    }
    return e->number;
}

uint32_t fleet_log_newest(const struct fleet *f)
{
    return f->log_newest;
}

uint32_t fleet_log_oldest(const struct fleet *f)
{
    if (f->log_newest == 0) {
        return 0;
    }
    return f->log_newest > FLEET_LOG_ENTRIES ? f->log_newest - FLEET_LOG_ENTRIES + 1 : 1;
}

const struct log_entry *fleet_log_entry(const struct fleet *f, uint32_t number)
{
    if (number == 0 || number > f->log_newest || number < fleet_log_oldest(f)) {
        return NULL;
    }
    return entry_of(f, number);
}

/* The number itself, or 0 when its entry fell off. */
static uint32_t kept(const struct fleet *f, uint32_t number)
{
    return fleet_log_entry(f, number) == NULL ? 0 : number;
}

uint32_t fleet_log_of_agent(const struct fleet *f, uint32_t agent)
{
    const struct agent *a = fleet_agent(f, agent);
    return a == NULL ? 0 : kept(f, a->log_tail);
}

uint32_t fleet_log_older(const struct fleet *f, uint32_t number)
{
    const struct log_entry *e = fleet_log_entry(f, number);
    return e == NULL ? 0 : kept(f, e->older);
}
