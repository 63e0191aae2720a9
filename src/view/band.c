/* What needs someone, above every view: requests in the queue's order, then agents in trouble. */
#include "agent_columns_priv.h"
#include "entry_columns_priv.h"

#define ROOMY_COLS 72

enum { IS_REQUEST, IS_AGENT };

static const struct approval *request_of(struct frame *fr, const struct row *row)
{
    return row->key == IS_REQUEST ? fleet_approval(fr->f, row->id) : NULL;
}

static const struct agent *agent_of(struct frame *fr, const struct row *row)
{
    const struct approval *a = request_of(fr, row);
    if (row->key == IS_AGENT) {
        return fleet_agent(fr->f, row->id);
    }
    return a == NULL ? NULL : fleet_agent(fr->f, a->agent);
}

static struct field band_age(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *request = request_of(fr, row);
    const struct agent *a = agent_of(fr, row);
    (void)cols;
    if (a == NULL) {
        return field_none(fr);
    }
    return (struct field){
        frame_age_short(fr, request != NULL ? request->requested_us : agent_since(fr->f, a)),
        ROLE_TEXT};
}

static struct field band_mark(struct frame *fr, const struct row *row, int cols)
{
    (void)fr;
    (void)cols;
    return row->key == IS_REQUEST ? (struct field){text_own("?"), ROLE_APPROVAL}
                                  : (struct field){text_own("!"), ROLE_FAILED};
}

static struct field band_risk(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *request = request_of(fr, row);
    (void)cols;
    if (request == NULL) {
        return (struct field){text_own("failed"), ROLE_FAILED};
    }
    struct symbol s = symbol_of_risk(request->risk);
    return (struct field){text_own(s.word), s.role};
}

static struct field band_agent(struct frame *fr, const struct row *row, int cols)
{
    return (struct field){agent_title(fr, agent_of(fr, row), cols), ROLE_STRONG};
}

static struct field band_runtime(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    return a == NULL ? field_none(fr)
                     : (struct field){frame_say_sid(fr, a->traits->runtime, cols), ROLE_TEXT};
}

static struct field band_backend(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    const struct backend *b = a == NULL ? NULL : fleet_backend(fr->f, a->backend);
    return b == NULL ? field_none(fr) : (struct field){frame_say_sid(fr, b->name, cols), ROLE_TEXT};
}

static struct field band_tool(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *request = request_of(fr, row);
    return request == NULL ? field_none(fr)
                           : (struct field){frame_say_sid(fr, request->tool, cols), ROLE_TEXT};
}

static struct field band_what(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *request = request_of(fr, row);
    const struct agent *a = agent_of(fr, row);
    if (request != NULL) {
        return (struct field){approval_what(fr, request, cols), ROLE_TEXT};
    }
    return a == NULL ? field_none(fr) : (struct field){agent_now(fr, a, cols), ROLE_TEXT};
}

static struct field band_deadline(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *request = request_of(fr, row);
    (void)cols;
    if (request == NULL) {
        return field_none(fr);
    }
    return (struct field){approval_deadline(fr, request), approval_deadline_role(fr, request)};
}

static const struct column columns[] = {
    {"", 1,  1,  KEEP_ALWAYS, ALIGN_LEFT,  false, band_mark    },
    {"", 4,  4,  KEEP_ALWAYS, ALIGN_RIGHT, false, band_age     },
    {"", 6,  6,  KEEP_ALWAYS, ALIGN_LEFT,  false, band_risk    },
    {"", 12, 24, KEEP_ALWAYS, ALIGN_LEFT,  false, band_agent   },
    {"", 8,  10, 40,          ALIGN_LEFT,  false, band_runtime },
    {"", 8,  12, 20,          ALIGN_LEFT,  true,  band_backend },
    {"", 6,  12, 60,          ALIGN_LEFT,  false, band_tool    },
    {"", 24, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, band_what    },
    {"", 14, 14, KEEP_ALWAYS, ALIGN_RIGHT, false, band_deadline},
};

static const struct pane band = {.columns = columns, .column_count = ARRAY_LEN(columns)};

static uint32_t items(const struct frame *fr)
{
    return fr->totals.pending + fr->ui->attention.failed_count;
}

int band_height(const struct frame *fr, int most)
{
    uint32_t count = items(fr);
    most = most < ATTENTION_ROWS ? most : ATTENTION_ROWS;
    if (count == 0) {
        return 0;
    }
    return 1 + (count < (uint32_t)most ? (int)count : most);
}

/* The alarms go first when there is no room for all. */
static struct safe summary(struct frame *fr, uint32_t shown, int cols)
{
    struct words w = words_of(fr);
    uint32_t alarms = cols < ROOMY_COLS ? 0 : alarms_lately(fr);
    if (fr->totals.pending > 0) {
        words_fmt(&w, "%u waiting, oldest ", fr->totals.pending);
        words_safe(&w, frame_age_short(fr, fr->totals.oldest_pending_us));
    }
    if (items(fr) > shown) {
        words_fmt(&w, " ─ %u more", items(fr) - shown);
    }
    if (alarms > 0) {
        words_fmt(&w, "%s%u alarm%s in 10 min", w.count > 0 ? " ─ " : "", alarms,
                  alarms == 1 ? "" : "s");
    }
    return words_end(&w);
}

void band_draw(struct frame *fr, struct rect r)
{
    uint32_t rows = (uint32_t)r.h - 1;
    uint32_t at = 0;
    struct row row;
    rule_draw(fr, (struct rect){r.x, r.y, r.w, 1}, ROLE_APPROVAL, text_own("needs you"),
              summary(fr, rows, r.w));
    for (; at < rows && at < fr->totals.pending; at++) {
        row = (struct row){.id = fleet_pending_at(fr->f, at)->ref, .key = IS_REQUEST};
        table_row(fr, (struct rect){r.x, r.y + 1 + (int)at, r.w, 1}, &band, &row);
    }
    for (uint32_t i = 0; at < rows && i < ATTENTION_ROWS && i < fr->ui->attention.failed_count;
         i++, at++) {
        row = (struct row){.id = fr->ui->attention.failed[i], .key = IS_AGENT};
        table_row(fr, (struct rect){r.x, r.y + 1 + (int)at, r.w, 1}, &band, &row);
    }
}

/* Over a dialog's top, which never moves, there is room for one line. */
void band_line_draw(struct frame *fr, struct rect r)
{
    bool calls = items(fr) > 0;
    rule_draw(fr, r, calls ? ROLE_APPROVAL : ROLE_DIM,
              text_own(calls ? "needs you" : "nothing else waits"), summary(fr, items(fr), r.w));
}
