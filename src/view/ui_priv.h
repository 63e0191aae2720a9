/* ui_priv.h - the state of the screen and what the files of view share about it.
 *
 * Ownership: struct ui owns all that it points at. Agents, approvals and log entries are held by
 * ref or number only. Whatever is typed or answered is bound to a ref when it is opened, never to a
 * row.
 */
#ifndef CHECKREIN_UI_PRIV_H
#define CHECKREIN_UI_PRIV_H

#include "checkrein/form.h"
#include "checkrein/view.h"
#include "payload_priv.h"

#define FRAME_BYTES    ((size_t)1024 * 1024) /* of one frame's texts */
#define STORE_BYTES    ((size_t)64 * 1024)   /* of the spans of one intent */
#define LINE_BYTES     256
#define HISTORY_LINES  32
#define NOTICE_BYTES   512
#define ATTENTION_ROWS 5
#define SECOND_US      INT64_C(1000000)
#define NOTICE_US      (5 * SECOND_US)
#define CHORD_US       (3 * SECOND_US)
#define RESOLVED_SHOWN_US                                                                          \
    (10 * SECOND_US)              /* an answered request stays in the queue, struck through */
#define SETTLE_US (SECOND_US / 2) /* a selection that nobody chose takes no orders before */

/* ---- line.c: one line of typing; always valid UTF-8 */
struct line {
    char text[LINE_BYTES];
    uint32_t len, at; /* bytes */
};
void line_set(struct line *l, struct span s);
struct span line_span(const struct line *l);
/* True when the key was one of editing. */
bool line_key(struct line *l, uint32_t key);
uint32_t line_characters(const struct line *l);

/* ---- lists.c: rows of a view, named by what they show */
struct row {
    uint32_t id;   /* agent or approval ref, log entry number, ... as the pane says */
    uint32_t open; /* in a tree: bit n set = the line of depth n goes on below */
    int64_t key;   /* order; smaller first */
    uint8_t depth;
    bool last; /* of its parent's children */
};
struct list {
    struct row *rows, *scratch;
    uint32_t *links; /* of tree.c */
    size_t cap, scratch_cap, link_cap;
    uint32_t count, hidden;      /* hidden: by the filter */
    uint32_t selected;           /* an id; 0: nothing */
    uint32_t at;                 /* its row, or the row where it was */
    int top, height;             /* first row shown, rows shown at the last drawing */
    uint32_t sort;               /* which of the pane's orders */
    bool chosen_once, by_itself; /* by_itself: nobody chose this selection yet */
    int64_t by_itself_us;        /* mono */
    char filter[LINE_BYTES];
};

/* ---- spend_groups.c: sums of what all agents spent */
#define SPEND_GROUPS 32 /* of one kind; the last one holds all others */
struct spend_group {
    sid name;         /* 0: agents did not tell it */
    uint32_t backend; /* ref; 0: of all */
    uint32_t agents, unpriced;
    int64_t tokens_in, tokens_out, tokens_cached, microusd;
    bool estimated, others;
};
struct spend_groups {
    struct spend_group group[SPEND_GROUPS];
    uint32_t count;
};
struct spend_sums {
    struct spend_groups by_model, by_runtime; /* most spent first */
};
void spend_sum(struct spend_sums *sums, const struct fleet *f);

enum pane_id {
    PANE_FLEET,
    PANE_QUEUE,
    PANE_LOG,
    PANE_TIMELINE,
    PANE_SPEND,
    PANE_ALARMS,
    PANE_CREDENTIALS,
    PANE_NOW, /* from here on: tabs of the agent view */
    PANE_HISTORY,
    PANE_MAY,
    PANE_COST,
    PANE_CHILDREN,
    PANE_RAW,
    PANE_COUNT
};
#define PANE_TAB_FIRST PANE_NOW
#define PANE_TAB_COUNT (PANE_COUNT - PANE_TAB_FIRST)

/* ---- what is open over a view */
struct history {
    char line[HISTORY_LINES][LINE_BYTES];
    uint32_t count; /* ever; the newest is at (count - 1) % HISTORY_LINES */
};

struct prompt_kind;
struct prompt {
    const struct prompt_kind *kind; /* NULL: none open */
    struct line line;
    uint32_t agent, approval;      /* what it is about */
    uint32_t task;                 /* that the agent works on, as it was shown; 0: none */
    char word[PAYLOAD_WORD_BYTES]; /* what must be typed, when the kind asks for a word */
    uint32_t recall;               /* steps back in the history */
    struct line stem;              /* what completion began with */
    uint32_t completions;
};

/* ---- dialog_ask.c: what is answered to the questions of a request */
#define REPLY_OPTIONS 256
struct reply {
    struct line line;                    /* what was typed */
    uint64_t chosen[REPLY_OPTIONS / 64]; /* of several: a bit an option */
    int at; /* the option that is chosen, or that keys are about; behind the last: words of one's
               own; -1: none yet */
};
struct asking {
    uint32_t page, count;  /* page == count: what would be sent */
    uint32_t first_option; /* its field in the payload of the page */
    struct reply reply[FORM_QUESTIONS_MAX];
};

struct approve {
    bool open;
    bool decided;                /* it was when it was opened: there is nothing to answer */
    uint32_t approval, revision; /* revision: of the payload that is loaded */
    struct payload payload;
    struct asking *asking; /* NULL: it asks nothing, or what cannot be answered here */
    int top, height;
    bool shown;           /* drawn since the payload was loaded */
    bool on_screen;       /* drawn since this content was there, and ever since */
    int64_t on_screen_us; /* mono: since then */
    int cols, rows;       /* of the screen that it was drawn on last */
    bool changed;         /* the content changed under the operator's eyes */
    bool blocked;         /* when it was looked at last: it could not be approved */
    bool unseen_asked;
    uint32_t scope;                   /* which of those offered is chosen; 0: the first, once */
    int64_t quiet_us;                 /* mono: arming counts from here */
    enum verb answer;                 /* VERB_UNKNOWN: none was given here */
    char command[COMMAND_ID_MAX + 1]; /* of the answer, once it has an id */
    char failed[128];                 /* why the answer could not be sent */
};

/* A limit that was typed, and what it is instead of. */
enum budget_of { BUDGET_NONE, BUDGET_AGENT, BUDGET_TASK, BUDGET_DAY, BUDGET_FLEET };
struct limits {
    int64_t microusd, tokens; /* 0: none */
};
struct budget {
    enum budget_of of;
    uint32_t agent; /* of all: one of the back-end that it is told to */
    uint32_t task;
    struct limits typed, shown;
};

struct confirm {          /* "resume? r again" */
    uint32_t agent;       /* that is resumed, */
    uint32_t credential;  /* or which is released, */
    struct budget budget; /* or which is set; none of them: not open */
    int64_t quiet_us;
};

#define REVOKE_LISTED 256 /* to pick from at once */
enum revoke_stage { REVOKE_CLOSED, REVOKE_PICK, REVOKE_ASK, REVOKE_SENT };
struct revoke_item {
    uint32_t ref;
    bool picked;
    char command[COMMAND_ID_MAX + 1]; /* once it has an id */
    char failed[128];                 /* why it was not sent */
};
struct revoke {
    enum revoke_stage stage;
    uint32_t agent; /* whose, and of those that it started; 0: from the view of credentials, */
    bool listed;    /* all its rows, and not one that was selected there */
    uint32_t count, more, at;
    struct revoke_item item[REVOKE_LISTED];
    struct credential_reach reach; /* of the picked */
    uint64_t measured;             /* of all that the question says */
    bool read;                     /* the question was on the screen to its end, as it is now */
    int top, height;               /* of the sheet */
    int64_t quiet_us;              /* mono: arming counts from here */
    uint32_t next, sending;        /* item that is ordered next; one behind that which leaves now */
};

struct help {
    bool open;
    int top, lines, height;
    char search[LINE_BYTES];
};

struct why_sheet {
    bool open;
    uint32_t entry, approval; /* what it is about: one of them is set */
    int top, lines, height;
};

struct stop {
    bool chord, by_key; /* ! was pressed and S may follow; a stop went out from here */
    int64_t chord_us;   /* mono */
    int64_t fired_us;   /* wall */
    bool answered;      /* a back-end has said something about it since */
    bool small;         /* the operator put the panel away */
};

struct notice {
    char text[NOTICE_BYTES];
    uint32_t n;
    enum role role;
    int64_t since_us; /* mono */
    bool key_since, set;
};

struct track { /* the last command that left, for the line above the keys */
    char id[COMMAND_ID_MAX + 1];
    char failed[128];
    const char *word; /* how it is called */
    uint32_t agent, credential;
    bool set, key_since;
    int64_t since_us; /* mono */
};

struct attention {
    uint32_t failed[ATTENTION_ROWS]; /* agents */
    uint32_t failed_count;
};

struct ui {
    struct ui_options options;
    char label[64], version[32], operator_id[128];
    struct keymap keymap;
    enum view view, back_view;
    uint32_t tab;     /* of the agent view */
    uint32_t subject; /* agent of the agent view and of the timeline */
    struct list list[PANE_COUNT];
    char search[LINE_BYTES]; /* for n and N: the last filter */
    bool wide, tree, frozen, record_failed;
    bool too_small;        /* nothing of what keys would act on is on the screen */
    struct canvas picture; /* of the frozen frame; w is 0 until it was drawn */
    struct prompt prompt;
    struct history commands, filters;
    struct approve approve;
    struct payload preview; /* of the queue's selected request */
    uint32_t preview_of, preview_revision;
    int preview_top;
    struct confirm confirm;
    struct revoke revoke;
    struct help help;
    struct why_sheet why;
    struct stop stop;
    struct notice notice;
    struct track track;
    struct command sent; /* of the last INTENT_COMMAND: what ui_sent() is about; no spans */
    uint32_t sent_agent, sent_approval, sent_credential;
    const char *sent_word; /* how it is called on the screen */
    bool sent_by_dialog;
    struct attention attention;
    struct playback playback;
    struct spend_sums spend; /* as old as the rows of PANE_SPEND */
    bool synced, stale_rows;
    uint64_t generation;
    int64_t wall_us;    /* of the last rebuilding */
    int64_t rebuild_us; /* wall: when rows change by time alone; INT64_MAX: never */
    bool drawn;
    struct moment drawn_at;
    int64_t change_us; /* mono: when the drawn frame would change by itself */
    struct text_arena arena;
    char *frame;
    char *store;
    size_t stored;
};

/* One key on its way through the ui. */
struct press {
    struct ui *ui;
    const struct fleet *f;
    uint32_t key;
    struct moment now;
    struct intent *out;
};

struct target {
    uint32_t agent, approval; /* refs, 0: none */
};

/* ---- ui.c */
void notice_put(struct ui *ui, struct moment now, enum role role, const char *fmt, ...)
    PRINTF(4, 5);
void notice_drop(struct ui *ui);
bool notice_visible(const struct ui *ui, struct moment now);
enum pane_id ui_pane(const struct ui *ui);
struct list *ui_list(struct ui *ui);
void ui_show(struct press *k, enum view v);
void ui_open_agent(struct press *k, uint32_t agent);
/* Everything that arms counts from now, and a word half typed is dropped. */
void ui_disarm(struct ui *ui, struct moment now, const char *why);

/* ---- lists.c */
void list_rebuild(struct ui *ui, const struct fleet *f, enum pane_id id, struct moment now);
void list_push(struct list *l, uint32_t id, int64_t key);
void list_sort(struct list *l);
void list_tree(struct list *l, const struct fleet *f);
void list_release(struct list *l);
void list_select(struct list *l, uint32_t id);
void list_move(struct list *l, int64_t by);
void list_move_to(struct list *l, uint32_t row);
void list_fit(struct list *l, int height);             /* before drawing so many rows */
uint32_t list_selected(const struct list *l);          /* 0 when it is not among the rows */
bool filter_finds(struct span text, struct span part); /* ASCII letters in either case */
bool filter_passes(const char *filter, const struct span *texts, size_t count);

/* ---- actions.c */
int action_of_key(const struct ui *ui, enum context context, uint32_t key);
/* The first key of an action as the operator reads it, "" when it has none. */
void action_key(const struct ui *ui, enum action a, char out[KEY_NAME_BYTES]);
enum verb action_verb(enum action a);
/* Whether the key would do something for this target now; *why says what is in the way. */
bool action_offered(const struct ui *ui, const struct fleet *f, enum action a, struct target t,
                    const char **why);
void action_bind_defaults(struct keymap *m);

/* ---- act.c: what actions do */
void action_do(struct press *k, enum action a);
struct target ui_target(const struct ui *ui, const struct fleet *f);
uint32_t agent_first_request(const struct fleet *f, uint32_t agent);

/* ---- intents.c: filling struct intent; spans are kept in the ui's store */
void intent_begin(struct ui *ui, struct intent *out);
struct span intent_keep(struct ui *ui, struct span s);
void intent_agent(struct press *k, enum verb v, uint32_t agent);
void intent_approval(struct press *k, enum verb v, uint32_t approval);
void intent_credential(struct press *k, enum verb v, const struct credential *c);
void intent_everywhere(struct press *k, enum verb v);

/* ---- prompt.c, prompt_kinds.c */
enum prompt_name {
    PROMPT_FILTER,
    PROMPT_COMMAND,
    PROMPT_DENY,
    PROMPT_DENY_REASON,
    PROMPT_APPROVE,
    PROMPT_APPROVE_MORE,
    PROMPT_APPROVE_LASTING,
    PROMPT_SEND,
    PROMPT_STOP,
    PROMPT_KILL,
    PROMPT_RESET,
    PROMPT_MESSAGE,
    PROMPT_BUDGET,
    PROMPT_HELP,
    PROMPT_AT,
    PROMPT_FIND
};
enum typing {
    TYPE_ANYTHING, /* or nothing */
    TYPE_SOMETHING,
    TYPE_WORD /* exactly the prompt's word */
};
enum about { ABOUT_NOTHING, ABOUT_AGENT, ABOUT_REQUEST };
struct prompt_kind {
    const char *verb; /* "deny", before the name of what it is about */
    enum about about;
    const char *hint; /* while nothing is typed; may be NULL */
    enum typing typing;
    bool in_dialog;                            /* drawn inside of the approval */
    void (*changed)(struct press *k);          /* after each edit; may be NULL */
    void (*submit)(struct press *k);           /* the prompt is closed before */
    void (*cancel)(struct press *k);           /* may be NULL */
    struct history *(*history)(struct ui *ui); /* may be NULL */
    bool (*complete)(struct press *k, struct span stem, uint32_t nth,
                     struct line *out); /* may be NULL */
};
void prompt_open(struct press *k, enum prompt_name name, struct target t);
bool prompt_is(const struct ui *ui, enum prompt_name name);
void prompt_close(struct ui *ui);
void prompt_key(struct press *k);
void prompt_sync(struct ui *ui, const struct fleet *f, struct moment now);
const struct prompt_kind *prompt_kind(enum prompt_name name);
/* A word of the agent's name, short and plain enough to type. */
void agent_word(const struct fleet *f, uint32_t agent, char out[PAYLOAD_WORD_BYTES]);
struct span agent_name(const struct fleet *f, uint32_t agent);

/* ---- command_line.c */
void command_run(struct press *k, struct span line);
bool command_complete(struct press *k, struct span stem, uint32_t nth, struct line *out);

/* ---- dialog_budget.c */
/* What the line of PROMPT_BUDGET says; a notice says why it says nothing. */
void budget_ask(struct press *k);
/* What its limit is now; false: there is nothing any more that could have one. */
bool budget_limits_now(const struct fleet *f, const struct budget *b, struct limits *now);
void budget_order(struct press *k, const struct budget *b);

/* ---- dialog_approve.c */
#define LASTING_WORD "always" /* what is typed for what holds for good */
/* What stands between the operator and an approval, first hit first. */
enum gate {
    GATE_GONE,     /* the request is not known any more */
    GATE_ANSWERED, /* from here: its life is shown */
    GATE_RESOLVED, /* elsewhere */
    GATE_BLOCKED,  /* for good or for now: gate_why */
    GATE_ASKING,   /* its questions come first */
    GATE_UNREAD,   /* high risk: the end was not displayed */
    GATE_ARMING,
    GATE_UNSEEN, /* some lines were not displayed: that must be accepted */
    GATE_READY
};
enum gate approve_gate(const struct ui *ui, const struct fleet *f, struct moment now,
                       const char **why);
bool approve_digest_valid(struct span s);
bool approve_is_high(const struct approval *a);
/* The end must have been read and a word be typed: by its risk, or because it would hold for good.
 */
bool approve_is_strict(const struct ui *ui, const struct fleet *f);
bool approve_is_lasting(const struct ui *ui, const struct fleet *f);
/* A denial may end its turn too, where that is offered. */
bool approve_can_end_turn(const struct fleet *f, uint32_t approval);
/* What is displayed is another: it is read and armed anew. */
void approve_reload(struct ui *ui, const struct fleet *f, struct moment now);
/* The scope that is chosen: its name and what it grants. Without any that is offered: once, and
 * nothing. */
struct event_row approve_scope(const struct ui *ui, const struct fleet *f);
int64_t approve_armed_at(const struct ui *ui, const struct fleet *f);
void approve_rearm(struct ui *ui, struct moment now);
/* Nothing of it is on the screen any more, or was not seen. */
void approve_hidden(struct ui *ui);
/* What is on the screen of this request now: not shown, when it is not open. */
struct display approve_display(const struct ui *ui, const struct fleet *f, uint32_t approval,
                               struct moment now);
void approve_open(struct press *k, uint32_t approval);
/* Also one that was decided: what it was, by whom, and what was on the screen then. */
void approve_look(struct press *k, uint32_t approval);
void approve_close(struct ui *ui);
void approve_key(struct press *k, enum action a);
void approve_send(struct press *k);
void approve_sync(struct ui *ui, const struct fleet *f, struct moment now);

/* ---- why.c */
void why_open(struct press *k);
void why_key(struct press *k, enum action a);

/* ---- dialog_ask.c */
struct form ask_form(const struct fleet *f, uint32_t approval);
void ask_open(struct ui *ui, const struct fleet *f, uint32_t approval);
void ask_close(struct ui *ui);
bool ask_is_open(const struct ui *ui); /* a question is displayed, not yet what would be sent */
bool ask_is_typing(const struct ui *ui, const struct fleet *f);
bool ask_key(struct press *k); /* true: the key was one of the questions' */
bool ask_has_chosen(const struct reply *r, int n);
struct span ask_option_label(const struct form *f, const struct form_question *q, int n);
/* The page as a JSON object; its terms come first, as before any action. */
void ask_write_page(struct ui *ui, const struct fleet *f, struct buf *out);
void ask_add_terms(const struct fleet *f, uint32_t approval, struct buf *out);
bool ask_write_answers(const struct ui *ui, const struct fleet *f,
                       struct buf *out); /* false: too long */

/* ---- dialog_confirm.c */
void confirm_open(struct press *k, uint32_t agent);
void confirm_release(struct press *k, uint32_t credential);
void confirm_budget(struct press *k, const struct budget *b);
bool confirm_is_open(const struct ui *ui);
void confirm_close(struct ui *ui);
void confirm_key(struct press *k, enum action a);
void confirm_sync(struct ui *ui, const struct fleet *f, struct moment now);
bool confirm_armed(const struct ui *ui, struct moment now);

/* ---- dialog_revoke.c */
void revoke_open_one(struct press *k, uint32_t credential);
void revoke_open_agent(struct press *k, uint32_t agent);
void revoke_open_listed(struct press *k, const struct list *l);
void revoke_close(struct ui *ui);
void revoke_key(struct press *k, enum action a);
bool revoke_pick_key(struct press *k); /* true: the key was one of picking */
bool revoke_armed(const struct ui *ui, struct moment now);
void revoke_disarm(struct ui *ui, struct moment now);
void revoke_sync(struct ui *ui, const struct fleet *f, struct moment now);
void revoke_sent(struct ui *ui, struct span command_id);
void revoke_send_failed(struct ui *ui, struct span command_id, const char *why);

/* ---- dialog_stop.c */
enum stop_panel { STOP_HIDDEN, STOP_LINE, STOP_PANEL };
enum stop_panel stop_panel(const struct ui *ui, const struct fleet_totals *t);
/* True when the key belonged to "! then S". */
bool stop_key(struct press *k);
bool stop_chord_open(const struct ui *ui, struct moment now);
bool stop_dismiss(struct ui *ui, const struct fleet *f);
void stop_sync(struct ui *ui, const struct fleet *f);

/* ---- view_may.c: ref of the selected credential; 0 when another thing is selected */
uint32_t may_credential(const struct ui *ui, const struct fleet *f);

/* ---- view_help.c */
void help_key(struct press *k, enum action a);

#endif
