#include "wanted_priv.h"

#include <inttypes.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "store_priv.h"

static const char *const OTHER_KINDS[] = {"command", "note", "raw"};

#define KINDS (EVENT_TYPE_COUNT + ARRAY_LEN(OTHER_KINDS))

static const char *kind_at(size_t i)
{
    return i < EVENT_TYPE_COUNT ? event_type_name((enum event_type)i)
                                : OTHER_KINDS[i - EVENT_TYPE_COUNT];
}

/* "approval" stands for all "approval." ones. */
static bool is_of_type(const char *kind, const char *type)
{
    struct span k = span_str(kind);
    struct span t = span_str(type);
    return span_eq(span_sub(k, 0, t.n), t) && (k.n == t.n || k.p[t.n] == '.');
}

bool index_type_known(const char *type)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (type[0] && is_of_type(kind_at(i), type)) {
            return true;
        }
    }
    return false;
}

void wanted_add_agent(struct wanted *w, struct span id)
{
    for (size_t i = 0; i < w->count; i++) {
        if (span_eq(id, (struct span){w->agents[i], w->agent_bytes[i]})) {
            return;
        }
    }
    GROW(w->agents, w->cap, w->count + 1);
    GROW(w->agent_bytes, w->bytes_cap, w->count + 1);
    w->agents[w->count] = xmalloc(id.n + 1);
    (void)span_copy(id, w->agents[w->count], id.n + 1);
    w->agent_bytes[w->count++] = id.n;
}

void wanted_init(struct wanted *w, const struct index_wanted *given)
{
    *w = (struct wanted){.given = given};
    if (given->agent) {
        wanted_add_agent(w, span_str(given->agent));
    }
}

void wanted_release(struct wanted *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->agents[i]);
    }
    free(w->agents);
    free(w->agent_bytes);
    *w = (struct wanted){0};
}

void wanted_learn(struct wanted *w, const struct index_entry *e)
{
    if (e->agent.n > 0 && span_is(e->name, w->given->agent)) {
        wanted_add_agent(w, e->agent);
    }
}

static bool is_of_agent(const struct wanted *w, struct span agent)
{
    for (size_t i = 0; i < w->count; i++) {
        if (span_eq(agent, (struct span){w->agents[i], w->agent_bytes[i]})) {
            return true;
        }
    }
    return w->count == 0;
}

bool wanted_takes(const struct wanted *w, const struct journal_record *rec,
                  const struct index_entry *e)
{
    const struct index_wanted *g = w->given;
    return rec->time_us >= g->from_us && rec->time_us <= g->to_us &&
           (g->what == 0 || (e->what & g->what) != 0) &&
           (!g->type || is_of_type(e->kind, g->type)) && is_of_agent(w, e->agent) &&
           query_takes(g->query, e->words);
}

static void add_kinds(const struct wanted *w, struct buf *sql)
{
    const char *between = " AND row.kind IN (";
    for (size_t i = 0; w->given->type && i < KINDS; i++) {
        if (is_of_type(kind_at(i), w->given->type)) {
            buf_printf(sql, "%s%" PRId64, between, store_number(span_str(kind_at(i))));
            between = ",";
        }
    }
    buf_addstr(sql, w->given->type ? ")" : "");
}

void wanted_condition(const struct wanted *w, struct buf *sql)
{
    add_kinds(w, sql);
    for (size_t i = 0; i < w->count; i++) {
        struct span id = {w->agents[i], w->agent_bytes[i]};
        buf_printf(sql, "%s%" PRId64, i == 0 ? " AND row.agent IN (" : ",", store_number(id));
    }
    buf_addstr(sql, w->count > 0 ? ")" : "");
}
