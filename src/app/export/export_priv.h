/* export_priv.h - a record for other programs: what happened, once, in the form that they read.
 *
 * The record is folded as a replay folds it (refold.h); what is told here is each change of that
 * picture, with the back-end and the record that it comes from. A format is one row of
 * EXPORT_FORMATS and one file: most of them write one piece of text for each item.
 */
#ifndef APP_EXPORT_PRIV_H
#define APP_EXPORT_PRIV_H

#include <jansson.h>
#include <stdio.h>

#include "../app_priv.h"
#include "checkrein/event.h"
#include "checkrein/journal.h"
#include "checkrein/model.h"

#define EXPORT_TEXT_BYTES ((size_t)96 << 20) /* of one item: 8 MiB, each byte escaped */

/* What an item is; a format takes some of them. */
enum {
    ITEM_START = 1,    /* a writer began: the picture is empty */
    ITEM_TRANSFER = 2, /* a state transfer begins or is complete */
    ITEM_COMMAND = 4,  /* what an operator asked for, in full; an event of it follows */
    ITEM_STATE = 8,    /* an event of a state transfer: what is, and may have been told before */
    ITEM_NEWS = 16     /* an event: what happened */
};

struct export_item {
    unsigned what;
    uint64_t n;                              /* of the record */
    int64_t time_us;                         /* of the record */
    struct span backend;                     /* of an event and a transfer */
    const struct event *ev;                  /* of an event */
    const struct journal_transfer *transfer; /* of a transfer */
    const struct command *command;           /* of a command */
    struct span body;                        /* of a start: its open record, which is JSON */
    const struct fleet *fleet;               /* the picture with it */
};

struct export_choices { /* as they were given */
    const char *format, *config, *from, *to, *agent, *output, *force, *size, *idle, *theme;
};

struct export_output;
struct export_job {
    const struct export_choices *given;
    const struct conf *conf;
    const char *record;     /* folder or segment */
    int64_t from_us, to_us; /* both ends are in it */
    struct export_output *out;
    uint64_t items;    /* written */
    uint64_t left_out; /* lines that are no records, and what cannot be written */
    struct why first;  /* what was left out first */
};

struct export_format {
    const char *name;
    enum status (*run)(struct export_job *job, const struct export_format *f, struct why *why);
    unsigned takes;                 /* items */
    void (*begin)(struct buf *out); /* NULL: nothing stands before the first item */
    /* ST_INVALID and ST_LIMIT: this one cannot be written. */
    enum status (*item)(struct buf *out, const struct export_item *it);
};
const struct export_format *export_format_at(size_t i); /* NULL behind the last */

/* ---- events.c: each change of the picture to one item */
enum status export_items(struct export_job *job, const struct export_format *f,
                         struct why *why) MUST_USE;
void export_leave_out(struct export_job *job, const struct why *why);

/* ---- filter.c */
/* One agent, by id or name; several when they have one name. */
struct agent_choice {
    struct span wanted; /* borrowed; empty: all */
    char **ids;         /* that had the name */
    size_t count, cap;
};
/* It tells of this agent. Items are shown in their order, those that are not written as well. */
bool agent_choice_takes(struct agent_choice *c, const struct export_item *it);
void agent_choice_release(struct agent_choice *c);
/* The agent of an event, also of one that names only a request or a command; NULL when it is none.
 */
const struct agent *item_agent(const struct export_item *it);

/* ---- output.c: standard output, or a file of mode 0600 that is whole or not there */
struct export_output {
    FILE *file;
    const char *path; /* NULL: standard output */
    char *work;       /* where it is written until it is whole */
    bool replaces;
};
enum status export_open(struct export_output *o, const char *path, const char *force,
                        struct why *why) MUST_USE;
enum status export_write(struct export_output *o, struct span text, struct why *why) MUST_USE;
/* Makes the file what it is to be, or takes it away when `st` is not ST_OK. Gives st, or what went
 * wrong. */
enum status export_close(struct export_output *o, enum status st, struct why *why) MUST_USE;

/* ---- json.c */
/* The event as checkrein.v1 has it, to be changed; NULL when it cannot be written. */
json_t *event_json(const struct event *ev);
/* One line, printable ASCII only. Takes the value. */
enum status put_json_line(struct buf *out, json_t *value);
void json_put_text(json_t *o, const char *name, struct span s); /* empty: nothing */
void json_put_number(json_t *o, const char *name, int64_t n);

/* ---- plain.c: for what people look at: nothing in it that a terminal would obey */
/* Lines stay; what is not fit to show is spelt out. */
enum status put_plain(struct buf *out, struct span foreign);
/* One line for a person: the summary, title, message or reason. */
struct span item_words(const struct event *ev);
/* Who commanded or decided; empty when it was no person. */
struct span item_person(const struct event *ev);

/* ---- one function a format, named in the table */
enum status jsonl_item(struct buf *out, const struct export_item *it);
enum status cloudevents_item(struct buf *out, const struct export_item *it);
enum status ocsf_item(struct buf *out, const struct export_item *it);
enum status cef_item(struct buf *out, const struct export_item *it);
void csv_begin(struct buf *out);
enum status csv_item(struct buf *out, const struct export_item *it);
enum status asciicast_run(struct export_job *job, const struct export_format *f, struct why *why);

#endif
