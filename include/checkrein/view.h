/* view.h - what the operator sees and what the keys mean: tables of views and actions, the state of
 * the screen (`struct ui`), drawing (a pure function), and keys to intents.
 *
 * A frame depends on (fleet, ui, now, size) and on nothing else. Nothing here knows the terminal, a
 * clock, a socket or a file: the application hands in keys and moments and carries out the intents
 * that come back. Selections are refs and ids, never rows. Untrusted strings of the fleet go
 * through text_sanitise() into the ui's frame arena; drawing allocates nothing, but in the first
 * frame of another size, request, or larger fleet.
 *
 * Rules that the application relies on (interaction, section 5 and 6):
 *  - deny, pause, stop and fleet stop give their intent at once; approve, resume, reset and revoke
 *    are armed; a revocation is bound to what was displayed to go with it;
 *  - an approve intent carries id, digest and policy version of what was on the screen. It comes
 *    only after the end of the payload was shown (at low risk the "+n lines unseen" notice may be
 *    accepted instead; at high risk it must be accepted besides when lines were jumped over), after
 *    the arming time without a key and, at high or unknown risk, after the word was typed. Nothing
 *    here computes a digest: whoever receives the request or sends the answer compares it with
 *    the bytes;
 *  - a change of the request's revision, a resize, a focus-in or a reconnect disarms, and says so;
 *  - while frozen, no key acts but quit, fleet stop, and unfreeze.
 */
#ifndef CHECKREIN_VIEW_H
#define CHECKREIN_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/canvas.h"
#include "checkrein/event.h"
#include "checkrein/keys.h"
#include "checkrein/model.h"
#include "checkrein/status.h"

#define UI_MIN_COLS 60
#define UI_MIN_ROWS 15

/* A moment: wall for what is shown, monotonic for arming. In replay both are the record's. */
struct moment {
    int64_t wall_us, mono_us;
};

/* X(constant, name, key, title): the numbered views; the agent view's tabs are its own */
#define VIEWS(X)                                                                                   \
    X(VIEW_FLEET, "fleet", "1", "agents")                                                          \
    X(VIEW_QUEUE, "queue", "2", "approvals")                                                       \
    X(VIEW_LOG, "log", "3", "log")                                                                 \
    X(VIEW_TIMELINE, "timeline", "4", "timeline")                                                  \
    X(VIEW_SPEND, "spend", "5", "spend")                                                           \
    X(VIEW_ALARMS, "alarms", "6", "alarms")                                                        \
    X(VIEW_CREDENTIALS, "credentials", "7", "credentials")                                         \
    X(VIEW_AGENT, "agent", "", "agent")

enum view {
#define X(constant, name, key, title) constant,
    VIEWS(X)
#undef X
        VIEW_COUNT
};

/* Where an action's keys count. Context 0 is everywhere. */
#define CONTEXTS(X)                                                                                \
    X(CTX_GLOBAL, "global")                                                                        \
    X(CTX_LIST, "list")                                                                            \
    X(CTX_AGENT, "agent")                                                                          \
    X(CTX_DIALOG, "dialog")                                                                        \
    X(CTX_PROMPT, "prompt")                                                                        \
    X(CTX_HELP, "help")                                                                            \
    X(CTX_STOP, "stop")                                                                            \
    X(CTX_REPLAY, "replay")

enum context {
#define X(constant, name) constant,
    CONTEXTS(X)
#undef X
        CONTEXT_COUNT
};

enum {
    ACTION_LIVE_ONLY = 1,
    ACTION_NEEDS_AGENT = 2,
    ACTION_NEEDS_APPROVAL = 4,
    ACTION_ARMED = 8,
    ACTION_TYPED = 16,
    ACTION_REPLAY_ONLY = 32
};

/* X(constant, name = `:` command, default keys, context, flags, help). Help, the key list,
 * completion, the manual and rebinding are made from this table. */
#define ACTIONS(X)                                                                                 \
    X(ACT_DOWN, "down", "j down", CTX_LIST, 0, "next row")                                         \
    X(ACT_UP, "up", "k up", CTX_LIST, 0, "previous row")                                           \
    X(ACT_FIRST, "first", "g home", CTX_LIST, 0, "first row")                                      \
    X(ACT_LAST, "last", "G end", CTX_LIST, 0, "last row")                                          \
    X(ACT_PAGE_DOWN, "page-down", "pgdn ctrl-f", CTX_LIST, 0, "page down")                         \
    X(ACT_PAGE_UP, "page-up", "pgup ctrl-b", CTX_LIST, 0, "page up")                               \
    X(ACT_OPEN, "open", "enter", CTX_LIST, 0, "open what is selected")                             \
    X(ACT_BACK, "back", "esc", CTX_GLOBAL, 0, "back; never quits")                                 \
    X(ACT_NEXT_PANE, "next-pane", "tab", CTX_GLOBAL, 0, "next pane or tab")                        \
    X(ACT_PREV_PANE, "previous-pane", "backtab", CTX_GLOBAL, 0, "previous pane or tab")            \
    X(ACT_FLEET, "fleet", "1", CTX_GLOBAL, 0, "agents")                                            \
    X(ACT_QUEUE, "queue", "2", CTX_GLOBAL, 0, "approvals")                                         \
    X(ACT_LOG, "log", "3", CTX_GLOBAL, 0, "log")                                                   \
    X(ACT_TIMELINE, "timeline", "4", CTX_GLOBAL, 0, "timeline of the selected agent")              \
    X(ACT_SPEND, "spend", "5", CTX_GLOBAL, 0, "spend")                                             \
    X(ACT_ALARMS, "alarms", "6", CTX_GLOBAL, 0, "alarms")                                          \
    X(ACT_CREDENTIALS, "credentials", "7", CTX_GLOBAL, 0, "what agents hold")                      \
    X(ACT_ATTENTION, "attention", "space", CTX_LIST, 0, "select what waits longest for you")       \
    X(ACT_APPROVE, "approve", "a", CTX_LIST,                                                       \
      ACTION_LIVE_ONLY | ACTION_NEEDS_APPROVAL | ACTION_ARMED,                                     \
      "open; a again approves, once it is armed")                                                  \
    X(ACT_DENY, "deny", "d", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_APPROVAL,                   \
      "deny: Enter, or type a reason")                                                             \
    X(ACT_DENY_REASON, "deny-reason", "D", CTX_DIALOG, ACTION_LIVE_ONLY | ACTION_NEEDS_APPROVAL,   \
      "deny, and the reason must be typed")                                                        \
    X(ACT_DENY_STOP, "deny-stop", "E", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_APPROVAL,         \
      "deny, and end its turn: at once")                                                           \
    X(ACT_LASTING, "lasting", "L", CTX_DIALOG, ACTION_LIVE_ONLY | ACTION_NEEDS_APPROVAL,           \
      "grant for good, where that is offered: shows the rule that would be written")               \
    X(ACT_SCOPE, "scope", "s", CTX_DIALOG, ACTION_LIVE_ONLY | ACTION_NEEDS_APPROVAL,               \
      "what an approval grants: once, or what else is offered")                                    \
    X(ACT_PAUSE, "pause", "p", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT,                    \
      "pause: its next call waits")                                                                \
    X(ACT_RESUME, "resume", "r", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT | ACTION_ARMED,   \
      "resume, with a question")                                                                   \
    X(ACT_INTERRUPT, "interrupt", "i", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT,            \
      "end the current turn")                                                                      \
    X(ACT_STOP, "stop", "X", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT | ACTION_TYPED,       \
      "end the agent: type its name")                                                              \
    X(ACT_FREEZE_AGENT, "freeze-agent", "Z", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT,      \
      "stop its processes where they are; r goes on")                                              \
    X(ACT_KILL, "kill", "x", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT | ACTION_TYPED,       \
      "kill its processes at once: type its name")                                                 \
    X(ACT_TIGHTEN, "tighten", "T", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT,                \
      "from its next turn on it asks about everything, and asks a person")                         \
    X(ACT_REVOKE, "revoke", "v", CTX_LIST, ACTION_LIVE_ONLY | ACTION_ARMED,                        \
      "revoke credentials: pick them, see what goes with them, v again")                           \
    X(ACT_REVOKE_LISTED, "revoke-listed", "V", CTX_LIST, ACTION_LIVE_ONLY | ACTION_ARMED,          \
      "pick among all credentials that are listed: / narrows, a picks all")                        \
    X(ACT_HOLD, "hold", "H", CTX_LIST, ACTION_LIVE_ONLY, "hold a lease: its next call waits")      \
    X(ACT_CHOKE, "choke", "C", CTX_LIST, ACTION_LIVE_ONLY,                                         \
      "choke a lease: its calls are refused with 429, those that wait too")                        \
    X(ACT_RELEASE, "release", "u", CTX_LIST, ACTION_LIVE_ONLY | ACTION_ARMED,                      \
      "let a lease go on, with a question")                                                        \
    X(ACT_MESSAGE, "message", "m", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT,                \
      "say something to the agent")                                                                \
    X(ACT_BUDGET, "budget", "b", CTX_LIST, ACTION_LIVE_ONLY | ACTION_NEEDS_AGENT | ACTION_TYPED,   \
      "a new spending limit: type the amount")                                                     \
    X(ACT_FLEET_STOP, "stop-all", "!", CTX_GLOBAL, ACTION_LIVE_ONLY, "fleet stop: ! then S")       \
    X(ACT_RESET_STOP, "reset-stop", "", CTX_GLOBAL, ACTION_LIVE_ONLY | ACTION_TYPED,               \
      "take the fleet stop back: typed")                                                           \
    X(ACT_FILTER, "filter", "/", CTX_GLOBAL, 0,                                                    \
      "show only rows with this text; ! in front inverts")                                         \
    X(ACT_NEXT_MATCH, "next-match", "n", CTX_LIST, 0, "next row with the text")                    \
    X(ACT_PREV_MATCH, "previous-match", "N", CTX_LIST, 0, "previous row with the text")            \
    X(ACT_SORT, "sort", "o", CTX_LIST, 0, "sort by the next column")                               \
    X(ACT_WIDE, "wide", "w", CTX_LIST, 0, "more columns, or fewer")                                \
    X(ACT_TREE, "tree", "t", CTX_LIST, 0, "children under their parents")                          \
    X(ACT_FREEZE, "freeze", "F", CTX_GLOBAL, 0, "freeze the screen; F again goes on")              \
    X(ACT_COMMAND, "command", ":", CTX_GLOBAL, 0, "command line")                                  \
    X(ACT_HELP, "help", "? f1", CTX_GLOBAL, 0, "keys")                                             \
    X(ACT_COPY, "copy", "y", CTX_LIST, 0, "copy the id through the terminal (OSC 52)")             \
    X(ACT_WHY, "why", "h", CTX_LIST, 0,                                                            \
      "why it happened: who decided, on what, which rule, rights, task")                           \
    X(ACT_RECONNECT, "reconnect", "R", CTX_GLOBAL, 0, "connect to dead back-ends now")             \
    X(ACT_REDRAW, "redraw", "ctrl-l", CTX_GLOBAL, 0, "draw everything anew")                       \
    X(ACT_WHO, "who", "W", CTX_GLOBAL, 0, "who else is watching, and with which rights")           \
    X(ACT_AT, "at", "", CTX_GLOBAL, 0,                                                             \
      "the picture of that time, such as 14:03:20, from the record")                               \
    X(ACT_PLAY, "play", "space", CTX_REPLAY, ACTION_REPLAY_ONLY, "play, or stand still")           \
    X(ACT_STEP, "step", ".", CTX_REPLAY, ACTION_REPLAY_ONLY, "to the next change")                 \
    X(ACT_STEP_BACK, "step-back", ",", CTX_REPLAY, ACTION_REPLAY_ONLY, "to the change before")     \
    X(ACT_NEXT_DECISION, "next-decision", "]", CTX_REPLAY, ACTION_REPLAY_ONLY,                     \
      "to the next decision or order")                                                             \
    X(ACT_PREV_DECISION, "previous-decision", "[", CTX_REPLAY, ACTION_REPLAY_ONLY,                 \
      "to the one before")                                                                         \
    X(ACT_NEXT_FAULT, "next-fault", "}", CTX_REPLAY, ACTION_REPLAY_ONLY, "to the next failure")    \
    X(ACT_PREV_FAULT, "previous-fault", "{", CTX_REPLAY, ACTION_REPLAY_ONLY,                       \
      "to the failure before")                                                                     \
    X(ACT_FASTER, "faster", "+ =", CTX_REPLAY, ACTION_REPLAY_ONLY, "play twice as fast")           \
    X(ACT_SLOWER, "slower", "-", CTX_REPLAY, ACTION_REPLAY_ONLY, "play half as fast")              \
    X(ACT_JUMP, "jump", "0 1 2 3 4 5 6 7 8 9", CTX_REPLAY, ACTION_REPLAY_ONLY,                     \
      "so many tenths into the session")                                                           \
    X(ACT_NEXT_SESSION, "next-session", ">", CTX_REPLAY, ACTION_REPLAY_ONLY,                       \
      "to the next start of a console or daemon")                                                  \
    X(ACT_PREV_SESSION, "previous-session", "<", CTX_REPLAY, ACTION_REPLAY_ONLY,                   \
      "to the start before")                                                                       \
    X(ACT_FIND, "find", "/", CTX_REPLAY, ACTION_REPLAY_ONLY,                                       \
      "to the next record with these words: \"side by side\", beginn*")                            \
    X(ACT_FIND_NEXT, "find-next", "n", CTX_REPLAY, ACTION_REPLAY_ONLY, "to the next one")          \
    X(ACT_FIND_PREV, "find-previous", "N", CTX_REPLAY, ACTION_REPLAY_ONLY, "to the one before")    \
    X(ACT_QUIT, "quit", "Q", CTX_GLOBAL, 0, "leave; agents go on under the daemon's rules")

enum action {
#define X(constant, name, keys, context, flags, help) constant,
    ACTIONS(X)
#undef X
        ACTION_COUNT
};

struct action_info {
    const char *name, *keys, *help;
    enum context context;
    unsigned flags;
};
const struct action_info *action_info(enum action a);
enum action action_find(struct span name); /* ACTION_COUNT when unknown; "q" is quit */

/* ---- state of the screen */
struct ui;

struct ui_options {
    bool readonly, ascii;
    bool replay; /* the record is shown: no key has an effect outside of the screen */
    int64_t arm_low_us, arm_high_us;
    const char *operator_label; /* for commands and the status bar; copied */
    const char *version;
};
struct ui *ui_new(const struct ui_options *o);
void ui_free(struct ui *ui);
/* [keys] of the configuration: replaces the action's keys. */
enum status ui_bind(struct ui *ui, struct span action, struct span keys, struct why *why) MUST_USE;

/* ---- intents: what the application is to do. Spans live until the next ui call. */
enum intent_kind {
    INTENT_NONE,
    INTENT_COMMAND, /* `command` without id and time: the application adds, records, sends */
    INTENT_QUIT,
    INTENT_REDRAW, /* the terminal is to forget what it knows */
    INTENT_COPY,   /* `text` to the clipboard */
    INTENT_RECONNECT,
    INTENT_FLUSH_KEYS, /* a dialog has opened: type-ahead is to be thrown away */
    INTENT_REPLAY      /* `action`, with `text` of ACT_AT and ACT_FIND, `tenths` of ACT_JUMP */
};
struct intent {
    enum intent_kind kind;
    struct command command;
    struct span text;
    enum action action;
    int tenths;
};

/* One key. Gives at most one intent. Keys that mean nothing do nothing (but restart arming). */
void ui_key(struct ui *ui, const struct fleet *f, uint32_t key, struct moment now,
            struct intent *out);
/* What is left of an order that takes several commands, after one of them was carried out; kind
 * INTENT_NONE: nothing. */
void ui_next(struct ui *ui, const struct fleet *f, struct moment now, struct intent *out);
/* The same command as a ':' line, for scripts and tests: "approve", "view queue", "filter rm". */
void ui_command_line(struct ui *ui, const struct fleet *f, struct span line, struct moment now,
                     struct intent *out);
/* The fleet changed, time passed, or a connection came back: keeps selections, disarms what
 * changed. */
void ui_sync(struct ui *ui, const struct fleet *f, struct moment now);
void ui_resized(struct ui *ui, int cols, int rows, struct moment now);
void ui_reconnected(struct ui *ui, struct moment now);
/* The terminal did not take the last frame: nothing of it counts as seen. */
void ui_frame_lost(struct ui *ui, struct moment now);
/* A line for the operator, shown until the next key and at least 5 s: "record failed: …". */
void ui_notice(struct ui *ui, struct span hostile, enum role role, struct moment now);
/* What became of a command that could not be sent at all. */
void ui_send_failed(struct ui *ui, struct span command_id, const char *why_text, struct moment now);
/* The id given to the command of the last INTENT_COMMAND: lets the dialog follow its states. */
void ui_sent(struct ui *ui, struct span command_id, struct moment now);
/* The mode word may also be told from outside: the record of the console has failed. */
void ui_set_record_failed(struct ui *ui, bool failed);
void ui_set_operator(struct ui *ui, struct span operator_id);

/* ---- replay: where in the record the picture is. Everything is borrowed until the next call. */
struct playback_cell { /* what happened in one part of the session, one for each column */
    uint32_t changes;
    bool asked, decided, failed;
};
struct playback {
    const char *name;              /* of the record */
    const char *verdict;           /* of its verification; NULL: not known yet */
    bool broken;                   /* the verdict is that it was changed */
    int64_t from_us, to_us, at_us; /* wall: of the session, and of the picture */
    uint64_t record, records;      /* the newest in the picture; all that were read */
    uint32_t session, sessions;    /* which of how many starts of a writer, from 1 */
    bool playing, reading;
    bool over_live;        /* a console looks back, and what is live goes on */
    uint32_t live_pending; /* requests that wait there meanwhile */
    const char *speed;     /* "4x" */
    const char *search;    /* what was looked for; NULL: nothing */
    bool hits_known;       /* how many there are, */
    bool hits_grow;        /* but more may be in what was not looked through yet */
    uint64_t hits, hit;    /* which of them the picture is of, from 1; 0: none */
    const struct playback_cell *cells;
    uint32_t cell_count;
};
#define PLAYBACK_ROWS 2         /* that it takes below the status line */
int playback_columns(int cols); /* of the strip, on a screen of this width */
void ui_set_playback(struct ui *ui, const struct playback *p);
/* Whether this key, pressed now, would be this action's. */
bool ui_key_means(const struct ui *ui, uint32_t key, enum action a);
/* While a line is typed there, too: would the key begin a fleet stop? Has it begun, so that
 * UI_STOP_SECOND_KEY gives it? */
#define UI_STOP_SECOND_KEY 'S'
bool ui_begins_stop(const struct ui *ui, uint32_t key);
bool ui_stop_has_begun(const struct ui *ui, struct moment now);

/* ---- drawing */
struct scene {
    const struct fleet *fleet;
    struct ui
        *ui; /* only its frame arena and measured geometry (what was shown of a payload) change */
    struct moment now;
};
/* Draws the whole frame on the cleared canvas. */
void view_render(struct canvas *c, const struct scene *s);
/* The monotonic time at which the frame last drawn would look different without any event or key;
 * INT64_MAX: never. Only what is on the screen counts. Before the first frame: now. */
int64_t view_next_change_us(const struct scene *s);

/* "2 others watch: token:night (read decide), uid:1000 (read)": for one line, cut to `cap`; empty
 * when nobody does. The names are as the back-ends gave them: make them plain before they are
 * shown. */
void view_others(const struct fleet *f, char *out, size_t cap);

/* For tests and the manual: the help text of all keys as plain lines. */
enum status view_keys_text(const struct ui *ui, struct buf *out);

#endif
