/* What an agent may touch, what it holds, by what it can be held, and by what its gate can be left.
 */
#include "frame_priv.h"

/* A row's id: which list, and which of its rows, from 1. */
enum { LIST_SHIFT = 16 };
struct part {
    enum event_field list;
    const char *word;
};
static const struct part parts[] = {
    {F_GRANTS,      "grant"     },
    {F_CREDENTIALS, "credential"},
    {F_REINS,       "rein"      },
    {F_DELEGATION,  "delegation"},
    {F_GATE_LIMITS, "not held"  },
};
enum { PART_GRANT, PART_CREDENTIAL, PART_REIN, PART_DELEGATION, PART_LIMIT };

static const struct event_row *row_of(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    uint32_t part = id >> LIST_SHIFT;
    uint32_t at = (id & ((1u << LIST_SHIFT) - 1)) - 1;
    uint32_t count = 0;
    if (part >= ARRAY_LEN(parts)) {
        return NULL;
    }
    const struct event_row *rows = fleet_agent_list(f, ui->subject, parts[part].list, &count);
    return at < count ? &rows[at] : NULL;
}

static size_t texts(const struct ui *ui, const struct fleet *f, uint32_t id,
                    struct span out[SEARCH_TEXTS])
{
    const struct event_row *row = row_of(ui, f, id);
    size_t count = 0;
    if (row != NULL) {
        out[count++] = span_str(parts[id >> LIST_SHIFT].word);
        for (; count <= EVENT_LIST_COLUMNS; count++) {
            out[count] = row->cell[count - 1];
        }
    }
    return count;
}

static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    for (uint32_t part = 0; part < ARRAY_LEN(parts); part++) {
        uint32_t count = 0;
        (void)fleet_agent_list(f, ui->subject, parts[part].list, &count);
        for (uint32_t i = 0; i < count; i++) {
            list_offer(l, ui, f, texts, (struct row){.id = part << LIST_SHIFT | (i + 1)});
        }
    }
}

static const struct credential *credential_of(const struct ui *ui, const struct fleet *f,
                                              uint32_t id)
{
    const struct event_row *row = id >> LIST_SHIFT == PART_CREDENTIAL ? row_of(ui, f, id) : NULL;
    const struct agent *a = fleet_agent(f, ui->subject);
    return row == NULL || a == NULL ? NULL : fleet_credential_by_id(f, a->backend, row->cell[0]);
}

uint32_t may_credential(const struct ui *ui, const struct fleet *f)
{
    const struct credential *c = credential_of(ui, f, list_selected(&ui->list[PANE_MAY]));
    return c == NULL ? 0 : c->ref;
}

static struct span copy(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    const struct event_row *row = row_of(ui, f, id);
    return row == NULL ? SPAN_NONE : row->cell[0];
}

static struct field cell_kind(struct frame *fr, const struct row *row, int cols)
{
    (void)fr;
    (void)cols;
    uint32_t part = row->id >> LIST_SHIFT;
    return (struct field){text_own(part < ARRAY_LEN(parts) ? parts[part].word : ""), ROLE_LABEL};
}

static struct field cell_name(struct frame *fr, const struct row *row, int cols)
{
    const struct event_row *r = row_of(fr->ui, fr->f, row->id);
    return r == NULL ? field_none(fr)
                     : (struct field){frame_say(fr, r->cell[0], cols), ROLE_STRONG};
}

static void join(struct words *w, struct span s, const char *before)
{
    if (s.n > 0) {
        words_own(w, w->count > 0 ? " · " : "");
        words_own(w, before);
        words_foreign(w, s, 200);
    }
}

/* "true" and "false" of the lists in words. */
static void join_flag(struct words *w, struct span s, const char *yes, const char *no)
{
    if (span_is(s, "true") || span_is(s, "yes")) {
        join(w, span_str(yes), "");
    } else if (span_is(s, "false") || span_is(s, "no")) {
        join(w, span_str(no), "");
    } else {
        join(w, s, "");
    }
}

/* What its own events have told, before what the list says of it. */
static void join_state(struct words *w, const struct credential *c)
{
    if (c == NULL || !c->told) {
        return;
    }
    words_own(w, credential_symbol(w->fr, c).word);
    if (c->used_us > 0) {
        words_own(w, ", used ");
        words_safe(w, frame_age_short(w->fr, c->used_us));
        words_own(w, " ago");
    }
}

static struct field cell_what(struct frame *fr, const struct row *row, int cols)
{
    const struct event_row *r = row_of(fr->ui, fr->f, row->id);
    struct words w = words_of(fr);
    (void)cols;
    if (r == NULL) {
        return field_none(fr);
    }
    switch (row->id >> LIST_SHIFT) {
    case PART_GRANT: /* resource actions source risk */
        join(&w, r->cell[1], "");
        join(&w, r->cell[2], "from ");
        join(&w, r->cell[3], "risk ");
        break;
    case PART_CREDENTIAL: /* id kind issuer scopes expires revocable: what matters most is first */
        join_state(&w, credential_of(fr->ui, fr->f, row->id));
        join_flag(&w, r->cell[5], "revocable", "NOT revocable from here");
        join(&w, r->cell[3], "");
        join(&w, r->cell[4], "until ");
        join(&w, r->cell[1], "");
        join(&w, r->cell[2], "by ");
        break;
    case PART_REIN: /* rein reversible confirmed_by note */
        join_flag(&w, r->cell[1], "reversible", "not reversible");
        join(&w, r->cell[2], "confirmed by ");
        join(&w, r->cell[3], "");
        break;
    case PART_LIMIT: /* way effect */
        join(&w, r->cell[1], "");
        break;
    default: /* from to what */
        join(&w, r->cell[1], "to ");
        join(&w, r->cell[2], "");
        break;
    }
    return (struct field){words_end(&w), ROLE_TEXT};
}

static const struct column columns[] = {
    {"kind", 10, 10, KEEP_ALWAYS, ALIGN_LEFT, false, cell_kind},
    {"what", 16, 36, KEEP_ALWAYS, ALIGN_LEFT, false, cell_name},
    {"more", 20, 0,  KEEP_ALWAYS, ALIGN_LEFT, false, cell_what},
};

static struct target target(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    (void)f;
    (void)id;
    return (struct target){.agent = ui->subject};
}

static const enum action keys[] = {
    ACT_NEXT_PANE, ACT_REVOKE, ACT_HOLD, ACT_CHOKE,  ACT_RELEASE,  ACT_COPY,
    ACT_PAUSE,     ACT_STOP,   ACT_BACK, ACT_FILTER, ACTION_COUNT,
};

const struct pane pane_may = {
    .title = "may",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .keys = keys,
    .empty = "it has named no grants, credentials or reins",
    .texts = texts,
    .build = build,
    .target = target,
    .copy = copy,
};
