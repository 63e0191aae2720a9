/* frame_priv.h - drawing one frame: where words are put together, tables, and what a view consists
 * of.
 *
 * Everything that is drawn is a `struct safe`: our own words (text_own, text_fmt) or foreign text
 * through words_foreign()/frame_say(), which go through text_sanitise(). Texts live in the frame's
 * arena; rows give theirs back (frame_mark/frame_back), so that a long list cannot fill it.
 */
#ifndef CHECKREIN_FRAME_PRIV_H
#define CHECKREIN_FRAME_PRIV_H

#include "ui_priv.h"

struct frame {
    struct canvas *c;
    const struct fleet *f;
    struct ui *ui;
    struct moment now;
    struct text_arena *arena;
    struct fleet_totals totals;
    int64_t change_wall_us,
        change_mono_us; /* the next moment at which something drawn is another */
};

/* ---- frame.c */
size_t frame_mark(const struct frame *fr);
void frame_back(struct frame *fr, size_t mark);

#define WORDS_MAX 24
struct words { /* a text of several parts; what is over WORDS_MAX is left out with "..." */
    struct frame *fr;
    struct safe part[WORDS_MAX];
    size_t count;
};
struct words words_of(struct frame *fr);
void words_own(struct words *w, const char *own);
void words_fmt(struct words *w, const char *fmt, ...) PRINTF(2, 3);
void words_safe(struct words *w, struct safe s);
/* At most about `cols` cells of it are looked at; the rest becomes "…". */
void words_foreign(struct words *w, struct span s, int cols);
void words_sid(struct words *w, sid id, int cols);
struct safe words_end(struct words *w);
struct safe frame_say(struct frame *fr, struct span s, int cols);
struct safe frame_say_sid(struct frame *fr, sid id, int cols);

/* ---- numbers.c: each notes when it would read otherwise */
struct safe frame_age_short(struct frame *fr, int64_t since_us); /* "20s", "3m", "4h", "2d" */
struct safe frame_age_long(struct frame *fr,
                           int64_t since_us); /* "20 s", "3 min", "4 h", "2 days" */
struct safe frame_left_short(struct frame *fr, int64_t until_us);
struct safe frame_left_long(struct frame *fr, int64_t until_us);
struct safe frame_clock(struct frame *fr,
                        int64_t wall_us); /* 14:22:07, or "17 02:14" of another day */
struct safe frame_clock_ms(struct frame *fr, int64_t wall_us); /* 14:22:07.120 */
struct safe frame_money(struct frame *fr, int64_t microusd);
struct safe frame_quantity(struct frame *fr, int64_t n); /* 41k, 1.2M */
struct safe frame_took(struct frame *fr, int64_t ms);
void frame_change_wall(struct frame *fr, int64_t at_us);
void frame_change_mono(struct frame *fr, int64_t at_us);

/* ---- table.c */
struct field {
    struct safe text;
    enum role role;
};
enum align { ALIGN_LEFT, ALIGN_RIGHT };
struct column {
    const char *title;
    int min, max; /* cells; max 0: takes what is left over */
    int keep;     /* the smallest goes first when there is no room; KEEP_ALWAYS stays */
    enum align align;
    bool wide; /* only after `w`, or when everything else has room */
    struct field (*cell)(struct frame *fr, const struct row *row, int cols);
};
#define KEEP_ALWAYS 1000

#define SEARCH_TEXTS 8
typedef size_t texts_fn(const struct ui *ui, const struct fleet *f, uint32_t id,
                        struct span out[SEARCH_TEXTS]);

struct pane {
    const char *title;
    const struct column *columns;
    size_t column_count;
    const char *const *sorts; /* names of its orders; the first is the default */
    uint32_t sort_count;
    const enum action *keys; /* for the line of keys; ends with ACTION_COUNT */
    const char *empty;       /* said when there are no rows */
    bool follows;            /* newest first: nothing is selected until someone does */
    texts_fn *texts;         /* what a filter looks at; never NULL when there is build */
    void (*build)(struct ui *ui, const struct fleet *f, struct list *l);
    struct target (*target)(const struct ui *ui, const struct fleet *f, uint32_t id);
    void (*open)(struct press *k, uint32_t id);
    uint8_t (*look)(struct frame *fr, const struct row *row); /* cell flags of a row; may be NULL */
    void (*headline)(struct frame *fr, struct words *w); /* right end of the rule; may be NULL */
    void (*draw)(struct frame *fr, struct rect area);    /* NULL: the table */
    struct span (*copy)(const struct ui *ui, const struct fleet *f, uint32_t id); /* may be NULL */
};
extern const struct pane *const pane_table[PANE_COUNT];
extern const struct pane pane_fleet, pane_queue, pane_log, pane_timeline, pane_spend, pane_alarms,
    pane_credentials, pane_now, pane_history, pane_may, pane_cost, pane_children, pane_raw;
const char *tab_name(uint32_t tab);

/* For build: adds the row unless the list's filter hides it. */
void list_offer(struct list *l, const struct ui *ui, const struct fleet *f, texts_fn *texts,
                struct row row);
void table_draw(struct frame *fr, struct rect area, struct list *l, const struct pane *p);
/* One row without a table around it. */
void table_row(struct frame *fr, struct rect line, const struct pane *p, const struct row *row);
struct field field_none(struct frame *fr);

/* ---- symbols.c */
struct symbol {
    const char *mark, *word;
    enum role role;
};
struct symbol symbol_of_agent(const struct frame *fr, const struct agent *a);
struct symbol symbol_of_state(enum agent_state s);
struct symbol symbol_of_link(enum link_state s);
struct symbol symbol_of_risk(enum risk r);
struct symbol symbol_of_decision(enum decision d);
struct symbol symbol_of_task(const struct task *t);
struct symbol symbol_of_command(enum command_state s);
struct symbol symbol_of_entry(const struct log_entry *e);
const char *verb_words(enum verb v);

/* ---- agents.c: what is said of an agent in more than one place */
struct safe agent_title(struct frame *fr, const struct agent *a, int cols);
struct safe agent_for(struct frame *fr, const struct agent *a, int cols);
struct safe agent_may(struct frame *fr, const struct agent *a, int cols);
struct safe agent_now(struct frame *fr, const struct agent *a, int cols);
struct safe agent_cost(struct frame *fr, const struct agent *a);
int64_t agent_since(const struct fleet *f, const struct agent *a);
bool agent_is_stale(struct frame *fr, const struct agent *a);
int64_t agent_tokens(const struct agent *a);
struct safe entry_text(struct frame *fr, const struct log_entry *e, int cols);
struct safe approval_what(struct frame *fr, const struct approval *a, int cols);
struct safe approval_deadline(struct frame *fr, const struct approval *a);
enum role approval_deadline_role(struct frame *fr, const struct approval *a);
/* " after 12.4 s on a screen of 120x40, to its end, sha256 0123456789ab…": what was on this
 * console's screen when the decision was given that was taken. Nothing when that is not known. */
void request_say_display(struct words *w, const struct approval *a);
bool agent_in_trouble(const struct agent *a);
/* In the words of its back-end, which holds its calls to models' services. An operator
 * may have paused it besides. */
bool agent_waits_for_budget(const struct fleet *f, const struct agent *a);
bool agent_retries(const struct agent *a); /* its model does not answer, and is tried again */

/* ---- credentials.c: what is said of a credential in more than one place */
struct symbol credential_symbol(struct frame *fr, const struct credential *c);
struct safe credential_short(struct frame *fr, const struct credential *c, int cols);
/* "…K3D9 of mailer", or "(gone)". */
struct safe credential_title(struct frame *fr, uint32_t credential);
struct safe credential_holder(struct frame *fr, const struct credential *c, int cols);
struct safe credential_scopes(struct frame *fr, const struct credential *c, int cols);
struct safe credential_ends(struct frame *fr, const struct credential *c, int cols);
/* Revoked or expired. */
bool credential_is_over(const struct fleet *f, const struct credential *c, int64_t wall_us);
/* Whether it can be revoked, and what is known of it when that was asked for. */
/* The newest order to revoke it, or NULL: one that did nothing says nothing of what is dead. */
const struct command_track *credential_order(const struct fleet *f, const struct credential *c);
struct field credential_proof(struct frame *fr, const struct credential *c);
const char *revocation_word(enum command_state s);
void say_revocation(struct words *w, const struct command_track *t, int cols);

/* ---- draw_spend.c */
/* Of this UTC day, and what may be spent on it (0: no limit); notes when the day ends. */
int64_t spend_today(struct frame *fr, int64_t *limit_microusd);
/* Of all agents: "~$9.83 +2 unpriced". */
struct safe spend_total(struct frame *fr);
int spend_sums_height(const struct frame *fr,
                      int height); /* of a view that is so high; 0: nothing to show */
void spend_sums_draw(struct frame *fr, struct rect area);
/* "last hour ▁▁█ ~$2.92", for the right end of the first rule below the table. */
struct safe spend_last_hour(struct frame *fr, int cols);

/* ---- draw_budgets.c */
int64_t spend_permille(int64_t used, int64_t limit); /* 0: nothing, or no limit */
void spend_bar(struct words *w, int64_t permille);
enum role spend_role(int64_t permille);
/* Of all agents, and who waits; of a view that is so high; 0: nothing to show. */
int spend_budgets_height(const struct frame *fr, int height);
void spend_budgets_draw(struct frame *fr, struct rect area, struct safe right);

/* ---- others.c */
uint32_t others_count(const struct fleet *f); /* who is connected beside us */

/* ---- rule.c, sheet.c */
/* "─ title ──────── right ─" over the whole width of r.y. */
void rule_draw(struct frame *fr, struct rect r, enum role title_role, struct safe title,
               struct safe right);
#define SHEET_GAP 2 /* between label and text */
struct sheet {      /* label and text, line after line, scrolled */
    struct frame *fr;
    struct rect area;
    int y, label_cols;
};
typedef void sheet_fn(struct sheet *s, const struct agent *a);
/* Draws the agent's sheet that `fill` writes, scrolled as the list says and as far as it goes. */
void sheet_draw(struct frame *fr, struct rect area, int label_cols, struct list *l, sheet_fn *fill);
void sheet_line(struct sheet *s, const char *label, enum role role, struct safe text);
void sheet_gap(struct sheet *s);

/* ---- the parts of the frame */
void playback_draw(struct frame *fr, struct rect r);
void status_draw(struct frame *fr, struct rect r);
int band_height(const struct frame *fr, int most);
void band_draw(struct frame *fr, struct rect r);
void band_line_draw(struct frame *fr, struct rect r);
void stop_panel_draw(struct frame *fr, struct rect r);
void stop_line_draw(struct frame *fr, struct rect r);
void backends_draw(struct frame *fr, struct rect r);
bool notice_draw(struct frame *fr, struct rect r); /* false: there was nothing to say */
void keys_draw(struct frame *fr, struct rect r);
void prompt_draw(struct frame *fr, struct rect r);
/* From x on, to the end of r, with the cursor. */
void typed_draw(struct frame *fr, struct rect r, int x, const struct line *l);

/* ---- draw_ask.c */
void ask_title(struct frame *fr, struct words *w);
void ask_draw_marks(struct frame *fr, struct rect area);
void ask_draw_answer(struct frame *fr, struct rect r);
void approve_draw(struct frame *fr, struct rect r);
void confirm_draw(struct frame *fr, struct rect r);
void revoke_draw(struct frame *fr, struct rect area);
void why_draw(struct frame *fr, struct rect r);
void help_draw(struct frame *fr, struct rect r);

#endif
