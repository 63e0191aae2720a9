/* entry.c - a record as it is searched: what it is of, and its words. */
#include "checkrein/index.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/codec.h"
#include "checkrein/wire.h"
#include "query_priv.h"
#include "words_priv.h"

#define ACTION_TOKENS 16384
#define LINE_BYTES    ((size_t)9 << 20)
#define NO_SEGMENT    UINT32_MAX

struct index_reader {
    char *path;
    struct journal_cursor *first; /* looks at the first record of a segment */
    uint32_t segment;             /* whose frames are events, or not: of_console */
    bool of_console;
    struct codec *codec;
    struct tape_token *tokens; /* of an action's text */
    struct buf words, line, frame, scratch, small;
};

struct index_reader *index_reader_new(const char *path)
{
    struct index_reader *r = xcalloc(1, sizeof(*r));
    r->path = xstrdup(path);
    r->segment = NO_SEGMENT;
    r->codec = codec_new();
    r->tokens = xreallocarray(NULL, ACTION_TOKENS, sizeof(*r->tokens));
    buf_init(&r->words, WORDS_BYTES);
    buf_init(&r->line, LINE_BYTES);
    buf_init(&r->frame, JOURNAL_LINE_BYTES);
    buf_init(&r->scratch, JOURNAL_LINE_BYTES);
    buf_init(&r->small, JOURNAL_LINE_BYTES);
    return r;
}

void index_reader_free(struct index_reader *r)
{
    if (!r) {
        return;
    }
    journal_cursor_close(r->first);
    codec_free(r->codec);
    buf_release(&r->words);
    buf_release(&r->line);
    buf_release(&r->frame);
    buf_release(&r->scratch);
    buf_release(&r->small);
    free(r->tokens);
    free(r->path);
    free(r);
}

/* ---- words */

static void add_texts(struct index_reader *r, const struct tape *j)
{
    for (uint32_t i = 0; i < j->count; i++) {
        enum tape_type type = tape_type(j, i);
        buf_clear(&r->scratch);
        if (type == TAPE_STRING) {
            words_add(&r->words, tape_string(j, i, &r->scratch));
        } else if (type == TAPE_NUMBER) {
            words_add(&r->words, tape_raw(j, i));
        }
    }
}

/* What a call is asked to do is JSON: its texts are what counts, not how they are escaped. */
static void add_action(struct index_reader *r, struct span text)
{
    struct tape j;
    if (tape_parse(&j, text, TAPE_REPAIR, r->tokens, ACTION_TOKENS) == ST_OK) {
        add_texts(r, &j);
    } else {
        words_add(&r->words, text);
    }
}

static void add_list(struct index_reader *r, const struct event *ev, enum event_field f)
{
    uint32_t count = 0;
    const struct event_row *rows = event_list(ev, f, &count);
    struct span column[EVENT_LIST_COLUMNS];
    uint32_t columns = event_list_columns(f, column);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t c = 0; c < columns; c++) {
            words_add(&r->words, rows[i].cell[c]);
        }
    }
}

/* An unknown name reads as the first one, which nobody wrote. */
static void add_enum(struct index_reader *r, const struct event *ev, enum event_field f)
{
    int64_t value = event_number(ev, f);
    if (value != 0) {
        words_add(&r->words, span_str(event_enum_name(event_field_info(f)->set, value)));
    }
}

static void add_field(struct index_reader *r, const struct event *ev, enum event_field f)
{
    switch (event_field_info(f)->kind) {
    case EVENT_STR:
        if (f == F_ACTION) {
            add_action(r, event_text(ev, f));
        } else {
            words_add(&r->words, event_text(ev, f));
        }
        break;
    case EVENT_ENUM:
        add_enum(r, ev, f);
        break;
    case EVENT_LIST:
        add_list(r, ev, f);
        break;
    case EVENT_INT:
    case EVENT_BOOL:
    case EVENT_TIME:
        return;
    }
    words_end_field(&r->words);
}

static void add_event(struct index_reader *r, const struct event *ev)
{
    words_add(&r->words, ev->id);
    words_end_field(&r->words);
    words_add(&r->words, ev->type == EVENT_UNKNOWN ? ev->raw_type : SPAN_NONE);
    words_end_field(&r->words);
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        if (event_has(ev, (enum event_field)f)) {
            add_field(r, ev, (enum event_field)f);
        }
    }
}

/* ---- the line for people: "denied: rm -rf build" */

static void put_words_of_enums(struct index_reader *r, const struct event *ev)
{
    static const enum event_field FIELDS[] = {F_DECISION, F_VERDICT,       F_OUTCOME,
                                              F_VERB,     F_COMMAND_STATE, F_FAILURE_CLASS,
                                              F_SEVERITY, F_STATE,         F_LINK};
    for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
        int64_t value = event_number(ev, FIELDS[i]);
        if (value != 0) {
            buf_printf(&r->line, "%s%s", r->line.len > 0 ? " " : "",
                       event_enum_name(event_field_info(FIELDS[i])->set, value));
        }
    }
}

static struct span line_of(struct index_reader *r, const struct event *ev)
{
    static const enum event_field FIELDS[] = {F_SUMMARY, F_TITLE,      F_ERROR,    F_REASON,
                                              F_OUTPUT,  F_TASK_TITLE, F_OPERATOR, F_AGENT_NAME,
                                              F_RULE,    F_TOOL};
    buf_clear(&r->line);
    put_words_of_enums(r, ev);
    for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
        struct span s = event_text(ev, FIELDS[i]);
        if (s.n > 0) {
            buf_addstr(&r->line, r->line.len > 0 ? ": " : "");
            buf_add(&r->line, s);
            break;
        }
    }
    return buf_span(&r->line);
}

/* ---- what it is */

static unsigned what_of(const struct event *ev)
{
    switch ((int)ev->type) {
    case EVENT_POLICY_DECIDED: /* to ask is to leave it to somebody else */
        return event_number(ev, F_VERDICT) == VERDICT_ASK ? 0 : INDEX_DECISION;
    case EVENT_APPROVAL_RESOLVED:
    case EVENT_OPERATOR_COMMAND:
    case EVENT_FLEET_STOP:
    case EVENT_CREDENTIAL_REVOKED:
        return INDEX_DECISION;
    case EVENT_ACTION_FINISHED:
        return event_number(ev, F_OUTCOME) == OUTCOME_FAILED ? INDEX_FAILURE : 0;
    case EVENT_FAILURE_REPORTED:
        return event_number(ev, F_RETRYING) == 0 ? INDEX_FAILURE : 0;
    case EVENT_SIGNAL_RAISED:
        return INDEX_ALARM;
    default:
        return 0;
    }
}

static void take_event(struct index_reader *r, const struct event *ev, struct index_entry *out)
{
    out->kind = event_type_name(ev->type);
    out->what = what_of(ev);
    out->state = ev->snapshot;
    out->agent = event_text(ev, F_AGENT_ID);
    out->name = event_text(ev, F_AGENT_NAME);
    out->id = ev->id;
    out->line = line_of(r, ev);
    add_event(r, ev);
}

static bool read_event(struct index_reader *r, const struct journal_record *rec,
                       struct index_entry *out)
{
    struct event ev;
    if (codec_read_event(r->codec, rec->body, &ev, NULL, NULL) != ST_OK) {
        return false;
    }
    take_event(r, &ev, out);
    return true;
}

/* ---- frames: a back-end's are events, a hook's body is what an agent said */

static bool looks_at_frames(struct index_reader *r, uint32_t segment)
{
    struct journal_record rec;
    struct journal_place start = {.segment = segment, .line = 1};
    if (segment == r->segment) {
        return r->of_console;
    }
    if (!r->first && journal_cursor_open(&r->first, r->path, NULL) != ST_OK) {
        return false;
    }
    r->of_console = journal_cursor_return(r->first, &start) == ST_OK &&
                    journal_cursor_next(r->first, &rec, NULL) == ST_OK &&
                    span_is(journal_record_writer(&rec), "console");
    r->segment = segment;
    return r->of_console;
}

static bool has(struct span text, struct span part)
{
    return memmem(text.p, text.n, part.p, part.n) != NULL;
}

static bool read_frame(struct index_reader *r, struct index_entry *out)
{
    struct msg m;
    struct span text = buf_span(&r->frame);
    bool may_be = has(text, SPAN("kind")) || has(text, SPAN("\\u"));
    if (!may_be || codec_read_msg(r->codec, text, &m, NULL) != ST_OK || m.kind != KIND_EVENT) {
        return false;
    }
    take_event(r, &m.event, out);
    return true;
}

/* "PreToolUse Read" */
static void put_hook_line(struct index_reader *r, const struct tape *j)
{
    static const char *const keys[] = {"hook_event_name", "tool_name"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        buf_clear(&r->scratch);
        struct span s = tape_string(j, tape_get(j, TAPE_ROOT, keys[i]), &r->scratch);
        buf_addstr(&r->line, s.n > 0 && r->line.len > 0 ? " " : "");
        buf_add(&r->line, s);
    }
}

/* What a hook was given, with all that no event tells of a call that a rule let through. */
static bool read_hook(struct index_reader *r, struct index_entry *out)
{
    struct tape j;
    struct span text = buf_span(&r->frame);
    buf_clear(&r->line);
    if (tape_parse(&j, text, TAPE_REPAIR, r->tokens, ACTION_TOKENS) == ST_OK) {
        add_texts(r, &j);
        put_hook_line(r, &j);
    } else {
        words_add(&r->words, text);
    }
    out->kind = "raw";
    out->line = buf_span(&r->line);
    return true;
}

static bool read_raw(struct index_reader *r, const struct journal_record *rec, uint32_t segment,
                     struct index_entry *out)
{
    buf_clear(&r->frame);
    return journal_record_raw(rec, &r->frame) == ST_OK &&
           (looks_at_frames(r, segment) ? read_frame : read_hook)(r, out);
}

/* ---- orders in full: an event of each follows, but without its words to a request's questions */

static bool read_command(struct index_reader *r, const struct journal_record *rec,
                         struct index_entry *out)
{
    struct command c;
    if (codec_read_command(r->codec, rec->body, &c, NULL) != ST_OK) {
        return false;
    }
    const struct span texts[] = {c.id,     c.agent,      c.approval, c.digest,
                                 c.reason, c.credential, c.scope,    c.operator_label};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        words_add(&r->words, texts[i]);
        words_end_field(&r->words);
    }
    words_add(&r->words, c.verb != VERB_UNKNOWN ? span_str(verb_name(c.verb)) : SPAN_NONE);
    words_end_field(&r->words);
    add_action(r, c.answers);
    buf_clear(&r->line);
    buf_printf(&r->line, "%s", verb_name(c.verb));
    buf_addstr(&r->line, c.reason.n > 0 ? ": " : "");
    buf_add(&r->line, c.reason);
    out->kind = "command";
    out->agent = c.agent;
    out->id = c.id;
    out->line = buf_span(&r->line);
    return true;
}

static bool read_note(struct index_reader *r, const struct journal_record *rec,
                      struct index_entry *out)
{
    struct tape_token token[1];
    struct tape j;
    if (tape_parse(&j, rec->body, TAPE_STRICT, token, ARRAY_LEN(token)) != ST_OK) {
        return false;
    }
    buf_clear(&r->scratch);
    struct span text = tape_string(&j, TAPE_ROOT, &r->scratch);
    words_add(&r->words, text);
    out->kind = "note";
    out->line = text;
    return true;
}

bool index_read(struct index_reader *r, const struct journal_record *rec, uint32_t segment,
                struct index_entry *out)
{
    bool told = false;
    *out = (struct index_entry){.from = rec->from};
    buf_clear(&r->words);
    buf_addch(&r->words, ' ');
    switch (rec->kind) {
    case JOURNAL_EVENT:
        told = read_event(r, rec, out);
        break;
    case JOURNAL_RAW:
        told = read_raw(r, rec, segment, out);
        break;
    case JOURNAL_COMMAND:
        told = read_command(r, rec, out);
        break;
    case JOURNAL_NOTE:
        told = read_note(r, rec, out);
        break;
    case JOURNAL_OPEN:
    case JOURNAL_SNAPSHOT:
    case JOURNAL_TORN:
    case JOURNAL_TOMBSTONE:
    case JOURNAL_HEAD:
    case JOURNAL_COUNTERSIGN:
    case JOURNAL_SEAL:
    case JOURNAL_CLOSE:
    case JOURNAL_KIND_COUNT:
        break;
    }
    out->words = buf_span(&r->words);
    return told;
}

/* ---- a look at the line as it stands. What it has in signs of another alphabet, or spelt out, may
 * be any word. */

static void make_small(struct index_reader *r, struct span line, bool *may_be_any)
{
    unsigned char all = 0;
    buf_clear(&r->small);
    char *to = buf_reserve(&r->small, line.n);
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        all |= c;
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    buf_commit(&r->small, line.n);
    *may_be_any = all >= 0x80 || has(line, SPAN("\\u"));
}

bool index_may_take(struct index_reader *r, const struct journal_record *rec, const struct query *q)
{
    struct span word = query_plain_word(q);
    bool may_be_any = false;
    if (word.n == 0 || span_is(rec->key, "raw_b64")) {
        return true;
    }
    make_small(r, rec->line, &may_be_any);
    return may_be_any || has(buf_span(&r->small), word);
}
