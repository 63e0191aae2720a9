#include "entry_columns_priv.h"

#define FLOOD 10 /* in ten minutes: more than a person can work through */

static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    uint32_t oldest = fleet_log_oldest(f);
    for (uint32_t n = fleet_log_newest(f); n >= oldest && n > 0; n--) {
        const struct log_entry *e = fleet_log_entry(f, n);
        if (e != NULL && entry_is_alarm(e)) {
            list_offer(l, ui, f, entry_search, (struct row){.id = n});
        }
    }
}

static const struct column columns[] = {
    {"age",      4,  4,  KEEP_ALWAYS, ALIGN_RIGHT, false, entry_age    },
    {"what",     11, 12, KEEP_ALWAYS, ALIGN_LEFT,  false, entry_what   },
    {"agent",    12, 22, KEEP_ALWAYS, ALIGN_LEFT,  false, entry_agent  },
    {"back-end", 8,  12, 40,          ALIGN_LEFT,  false, entry_backend},
    {"of",       8,  16, 60,          ALIGN_LEFT,  false, entry_subject},
    {"text",     28, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, entry_words  },
    {"time",     8,  8,  30,          ALIGN_LEFT,  false, entry_time   },
};

static void headline(struct frame *fr, struct words *w)
{
    uint32_t lately = alarms_lately(fr);
    words_fmt(w, "%u in 10 min%s  newest first", lately, lately > FLOOD ? " (flood)" : "");
}

static const enum action keys[] = {
    ACT_OPEN, ACT_BACK, ACT_FILTER, ACT_FREEZE, ACTION_COUNT,
};

const struct pane pane_alarms = {
    .title = "alarms",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .keys = keys,
    .empty = "no failure, no signal, no lost back-end",
    .follows = true,
    .texts = entry_search,
    .build = build,
    .target = entry_target,
    .open = entry_open,
    .headline = headline,
};
