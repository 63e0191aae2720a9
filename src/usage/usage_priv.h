/* usage_priv.h - what the parts of the module share: the streaming JSON scan, and the dialects as
 * tables.
 */
#ifndef CHECKREIN_USAGE_PRIV_H
#define CHECKREIN_USAGE_PRIV_H

#include "checkrein/usage.h"

/* ---- scan.c: JSON in any pieces. Looks for values by their path and tells of them; the rest goes
 * by. Messages are objects, or objects in one array. */

#define USAGE_PATH_KEYS 9 /* with the NULL at its end */
#define USAGE_DEPTH_MAX 64

enum usage_take {
    TAKE_TOKEN,     /* told as it stands: a text with its quotes */
    TAKE_FOLD,      /* its bytes go to fold(), without blanks */
    TAKE_FOLD_TEXT, /* that, of a text only */
    TAKE_EACH,      /* told at the end of each element of an array */
};

/* One thing to look for. "*" in a path is any element of an array. */
struct usage_want {
    const char *path[USAGE_PATH_KEYS];
    uint8_t what; /* the form's own: how to understand it */
    uint8_t part; /* and as what */
    uint8_t gates;
    enum usage_take take;
};

enum usage_kind {
    KIND_TEXT,
    KIND_NUMBER,
    KIND_WORD,   /* true, false, null */
    KIND_OTHER,  /* an object or array, or too long to be told */
    KIND_CLOSED, /* TAKE_EACH */
};

struct usage_form {
    const struct usage_want *wants;
    uint32_t count; /* at most USAGE_WANTS_MAX */
    void (*told)(void *to, const struct usage_want *want, enum usage_kind kind, struct span token);
    void (*fold)(void *to, const struct usage_want *want, struct span bytes);
    void (*ended)(void *to); /* a whole message */
};

void usage_scan_init(struct usage_scan *s, const struct usage_form *form);
void usage_scan_feed(struct usage_scan *s, struct span bytes, void *to);
/* Is what came a whole text, or is it none any more? Between the two more is needed. */
bool usage_scan_whole(const struct usage_scan *s);
bool usage_scan_broken(const struct usage_scan *s);
/* The value of a KIND_TEXT token, made UTF-8; false when it is none, or was cut to fit. */
bool usage_text(struct span token, char *out, size_t out_bytes);

/* ---- dialects.c */

enum usage_what {
    WHAT_FRAME, /* names the message: a row of `frames` */
    WHAT_MODEL,
    WHAT_STOP,  /* any text: the answer is whole */
    WHAT_STATE, /* a text that names a row of `states` */
    WHAT_ERROR, /* any text or number: it failed */
    WHAT_FIGURE,
    WHAT_STEP, /* the kind of a step: one that the totals leave out? */
    WHAT_ID,   /* that the answer can be fetched by */
    WHAT_TEXT, /* that the model made; its bytes are counted */
    WHAT_PART, /* the kind of a part of it: did the service run a tool? */
};

/* How the parts of a dialect lie in each other. */
enum usage_figure {
    FIGURE_IN_APART, /* without what caches gave and took */
    FIGURE_IN_WHOLE, /* with it */
    FIGURE_IN_TOOL,  /* on top of either */
    FIGURE_CACHE_READ,
    FIGURE_CACHE_WRITE,    /* all of it */
    FIGURE_CACHE_WRITE_1H, /* of it, for an hour */
    FIGURE_OUT_APART,      /* without reasoning */
    FIGURE_OUT_WHOLE,      /* with it */
    FIGURE_REASONING,
    FIGURE_COUNT
};

#define USAGE_ALWAYS UINT8_MAX /* gates of a want that counts in any message */

struct usage_frame {
    const char *name;
    uint8_t gates; /* wants with one of these count in it */
    bool opens;    /* its count of the output is where that begins, and may be too high */
    enum usage_ending ending; /* USAGE_CUT: it ends nothing */
};

struct usage_rules {
    struct usage_form answer;
    const struct usage_frame *frames; /* NULL: messages have no name, and all counts */
    const struct usage_frame *states;
    const char *const *beside; /* kinds of steps */
    struct usage_form ask;
};

extern const struct usage_rules usage_rules[USAGE_DIALECT_COUNT];

/* ---- ask.c, reader.c: what the forms tell to */

enum usage_asked {
    ASK_MODEL,
    ASK_STREAM,
    ASK_ROLE,
    ASK_SAID,
    ASK_DID,
    ASK_ITEM,
    ASK_MOST,       /* tokens that an answer may have */
    ASK_TIMES,      /* answers that are asked for */
    ASK_PROMPT,     /* one of several */
    ASK_BACKGROUND, /* it is made while nobody waits for it */
    ASK_REFERS,     /* part `usage_refers`: what it asks about lies elsewhere */
};
enum usage_refers { REFERS_ANY, REFERS_URL, REFERS_ITEM, REFERS_TOOL };
void usage_asked_told(void *to, const struct usage_want *want, enum usage_kind kind,
                      struct span token);
void usage_asked_fold(void *to, const struct usage_want *want, struct span bytes);
void usage_asked_ended(void *to);
void usage_answer_told(void *to, const struct usage_want *want, enum usage_kind kind,
                       struct span token);
void usage_answer_ended(void *to);
void usage_answer_fold(void *to, const struct usage_want *want, struct span bytes);
void usage_message_begin(struct usage_message *m);

/* ---- events.c: an event stream to the scan */

void usage_events_feed(struct usage_reader *r, struct span bytes);
/* There are no more: the last one may be cut, which is not its fault. */
void usage_events_end(struct usage_reader *r);

/* ---- target.c */

/* What the path names: the dialect that it speaks, whether it streams, a model. False: no call. */
bool usage_target(enum usage_dialect dialect, struct span path, struct usage_ask *out);

/* ---- totals.c */

void usage_totals(const struct usage_reader *r, struct usage_said *out);

#endif
