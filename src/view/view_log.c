#include "entry_columns_priv.h"

static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    uint32_t oldest = fleet_log_oldest(f);
    for (uint32_t n = fleet_log_newest(f); n >= oldest && n > 0; n--) {
        list_offer(l, ui, f, entry_search, (struct row){.id = n});
    }
}

static const struct column columns[] = {
    {"time",     8,  8,  KEEP_ALWAYS, ALIGN_LEFT,  false, entry_time   },
    {"back-end", 8,  12, 30,          ALIGN_LEFT,  true,  entry_backend},
    {"agent",    12, 22, KEEP_ALWAYS, ALIGN_LEFT,  false, entry_agent  },
    {"what",     11, 12, KEEP_ALWAYS, ALIGN_LEFT,  false, entry_what   },
    {"of",       8,  16, 70,          ALIGN_LEFT,  false, entry_subject},
    {"text",     28, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, entry_words  },
    {"by",       8,  16, 50,          ALIGN_LEFT,  false, entry_who    },
    {"took",     7,  8,  40,          ALIGN_RIGHT, false, entry_took   },
    {"spend",    7,  8,  30,          ALIGN_RIGHT, false, entry_cost   },
};

static void headline(struct frame *fr, struct words *w)
{
    const struct list *l = &fr->ui->list[PANE_LOG];
    words_own(w, "newest first");
    words_own(w, list_selected(l) == 0 ? ", following" : "");
    words_fmt(w, "  %u", l->count);
    if (l->hidden > 0) {
        words_fmt(w, " of %u", l->count + l->hidden);
    }
}

static const enum action keys[] = {
    ACT_OPEN, ACT_WHY, ACT_BACK, ACT_FILTER, ACT_NEXT_MATCH, ACT_WIDE, ACT_FREEZE, ACTION_COUNT,
};

const struct pane pane_log = {
    .title = "log",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .keys = keys,
    .empty = "nothing has happened yet",
    .follows = true,
    .texts = entry_search,
    .build = build,
    .target = entry_target,
    .open = entry_open,
    .headline = headline,
};
