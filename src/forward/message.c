#include "message_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/crypto.h"
#include "checkrein/event.h"
#include "checkrein/num.h"
#include "checkrein/utf8.h"
#include "checkrein/wire.h"

#define FACILITY   13   /* log audit */
#define TEXT_BYTES 1024 /* of one value, escaped: the whole of it is in the record */
#define BACKEND    "backend/"
#define TYPE_AT    1024 /* the type of an event stands among the first so many bytes */

#define CLASS_API      6003 /* API Activity */
#define CLASS_FINDING  2004 /* Detection Finding */
#define ACTIVITY_OTHER 99   /* activity_name says which */
#define METADATA                                                                                   \
    "{\"metadata\":{\"version\":\"1.3.0\",\"product\":{\"name\":\"checkrein\",\"vendor_name\":"    \
    "\"checkrein\",\"version\":\"" CHECKREIN_VERSION "\"}"

/* syslog, OCSF and CEF each have a scale of their own. */
struct level {
    int syslog, ocsf, cef;
};
static const struct level LEVEL_TOLD = {5, 1, 3};
static const struct level LEVEL_HIGH = {3, 4, 8};
static const struct level LEVEL_EMERGENCY = {1, 6, 10};
static const struct level LEVEL_HEAD = {6, 1, 0};

struct told {
    enum event_type type;
    int class_uid, category_uid; /* of OCSF */
};
static const struct told TOLD[] = {
    {EVENT_OPERATOR_COMMAND,  CLASS_API,     6},
    {EVENT_OPERATOR_RESULT,   CLASS_API,     6},
    {EVENT_APPROVAL_RESOLVED, CLASS_API,     6},
    {EVENT_FLEET_STOP,        CLASS_API,     6},
    {EVENT_SIGNAL_RAISED,     CLASS_FINDING, 2},
};
static const struct told TOLD_HEAD = {EVENT_UNKNOWN, CLASS_API, 6};

/* In the order in which they are told. */
static const enum event_field FIELDS[] = {
    F_OPERATOR,
    F_OPERATOR_LABEL,
    F_OPERATOR_PATH,
    F_VERB,
    F_COMMAND_ID,
    F_COMMAND_STATE,
    F_BY,
    F_DECISION,
    F_DECIDED_BY,
    F_APPROVAL_ID,
    F_DIGEST,
    F_AGENT_ID,
    F_ACTION_ID,
    F_SCOPE,
    F_SEVERITY,
    F_SIGNAL_SOURCE,
    F_TITLE,
    F_REASON,
    F_STOP_LATCHED,
    F_STOP_REQUESTED,
    F_STOP_CONFIRMED,
    F_STOP_UNREACHABLE,
};

static void set_host(struct message_kit *k)
{
    if (gethostname(k->host, sizeof(k->host) - 1) != 0 || k->host[0] == '\0') {
        k->host[0] = '-';
    }
    for (char *c = k->host; *c != '\0'; c++) {
        if (*c <= ' ' || *c >= 0x7f) {
            *c = '_';
        }
    }
}

void message_kit_init(struct message_kit *k, const char *instance, enum message_body body)
{
    *k = (struct message_kit){.codec = codec_new(), .body = body};
    (void)span_copy(span_str(instance), k->instance, sizeof(k->instance));
    set_host(k);
}

void message_kit_release(struct message_kit *k)
{
    codec_free(k->codec);
    *k = (struct message_kit){0};
}

/* ---- which records */

static const struct told *told_of(enum event_type type)
{
    for (size_t i = 0; i < ARRAY_LEN(TOLD); i++) {
        if (TOLD[i].type == type) {
            return &TOLD[i];
        }
    }
    return NULL;
}

/* Before anything is parsed: most records are none. */
static bool may_be_told(const struct journal_record *r)
{
    size_t n = r->body.n < TYPE_AT ? r->body.n : TYPE_AT;
    for (size_t i = 0; i < ARRAY_LEN(TOLD); i++) {
        const char *name = event_type_name(TOLD[i].type);
        if (memmem(r->body.p, n, name, strlen(name)) != NULL) {
            return true;
        }
    }
    return false;
}

static const struct level *level_of(const struct event *ev)
{
    int64_t severity = event_number(ev, F_SEVERITY);
    if (ev->type != EVENT_SIGNAL_RAISED) {
        return &LEVEL_TOLD;
    }
    return severity == SEVERITY_EMERGENCY ? &LEVEL_EMERGENCY
           : severity == SEVERITY_HIGH    ? &LEVEL_HIGH
                                          : NULL;
}

/* ---- values */

/* Of a byte, escaped as a body needs it: at most. */
static size_t escaped_bytes(char c)
{
    bool is_control = (unsigned char)c < 0x20;
    bool is_sign = c == '"' || c == '\\' || c == '=';
    return is_control ? 6 : is_sign ? 2 : 1;
}

/* As long as it stands in the message, so that all values of an event have room in one. */
static struct span cut(struct span s)
{
    size_t n = 0;
    size_t bytes = 0;
    while (n < s.n && bytes + escaped_bytes(s.p[n]) <= TEXT_BYTES) {
        bytes += escaped_bytes(s.p[n++]);
    }
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0u) == 0x80u) {
        n--;
    }
    return span_sub(s, 0, n);
}

static struct span value_of(const struct event *ev, enum event_field f, char room[32])
{
    const struct event_field_info *info = event_field_info(f);
    switch (info->kind) {
    case EVENT_STR:
        return cut(event_text(ev, f));
    case EVENT_ENUM:
        return span_str(event_enum_name(info->set, event_number(ev, f)));
    case EVENT_BOOL:
        return span_str(event_number(ev, f) != 0 ? "true" : "false");
    case EVENT_INT:
    case EVENT_TIME:
    case EVENT_LIST:
        break;
    }
    (void)snprintf(room, 32, "%" PRId64, event_number(ev, f));
    return span_str(room);
}

/* A console's own events are about a back-end: that is the subject. */
static struct span backend_of(const struct event *ev)
{
    return ev != NULL && span_starts(ev->subject, BACKEND)
               ? span_sub(ev->subject, strlen(BACKEND), SIZE_MAX)
               : SPAN_NONE;
}

/* ---- bodies */

struct message {
    const struct message_kit *kit;
    const struct journal_record *record;
    const struct event *ev; /* NULL: a seal */
    const struct told *told;
    const struct level *level;
    const char *name;
    char hash[SHA256_HEX_BYTES];
};

/* Who, as OCSF has it: a person when one is named. */
static void add_actor(const struct message *m, struct buf *out)
{
    struct span who = m->ev ? event_text(m->ev, F_OPERATOR) : SPAN_NONE;
    if (m->ev && who.n == 0) {
        who = event_text(m->ev, F_DECIDED_BY);
    }
    (void)buf_addstr(out, ",\"actor\":{\"app_name\":\"checkrein\"");
    if (who.n > 0) {
        (void)buf_addstr(out, ",\"user\":{\"uid\":");
        (void)tape_quote(out, cut(who));
        (void)buf_addch(out, '}');
    }
    (void)buf_addch(out, '}');
}

static void add_api_activity(const struct message *m, struct buf *out)
{
    add_actor(m, out);
    (void)buf_printf(
        out, ",\"api\":{\"operation\":\"%s\"},\"src_endpoint\":{\"svc_name\":\"checkrein\"}",
        m->ev && event_has(m->ev, F_VERB)
            ? event_enum_name(event_field_info(F_VERB)->set, event_number(m->ev, F_VERB))
            : m->name);
}

static void add_finding(const struct message_kit *k, uint64_t n, struct span title, struct buf *out)
{
    (void)buf_printf(out, ",\"finding_info\":{\"uid\":\"%s/%" PRIu64 "\",\"title\":", k->instance,
                     n);
    (void)tape_quote(out, cut(title));
    (void)buf_addch(out, '}');
}

/* What each object of OCSF begins with, but its metadata's end. */
static void add_classes(const char *name, int64_t time_us, const struct told *class,
                        const struct level *level, struct buf *out)
{
    (void)buf_printf(out,
                     ",\"time\":%" PRId64 ",\"category_uid\":%d,\"class_uid\":%d,"
                     "\"activity_id\":%d,\"type_uid\":%d,\"activity_name\":\"%s\","
                     "\"severity_id\":%d",
                     time_us / 1000, class->category_uid, class->class_uid, ACTIVITY_OTHER,
                     class->class_uid * 100 + ACTIVITY_OTHER, name, level->ocsf);
}

static void add_json(const struct message *m, struct buf *out)
{
    char room[32];
    const struct told *class = m->told ? m->told : &TOLD_HEAD;
    (void)buf_printf(out, METADATA ",\"uid\":\"%s/%" PRIu64 "\",\"sequence\":%" PRIu64 "}",
                     m->kit->instance, m->record->n, m->record->n);
    add_classes(m->name, m->record->time_us, class, m->level, out);
    if (class->class_uid == CLASS_FINDING) {
        add_finding(m->kit, m->record->n, event_text(m->ev, F_TITLE), out);
    } else {
        add_api_activity(m, out);
    }
    (void)buf_printf(out, ",\"unmapped\":{\"record.hash\":\"%s\"", m->hash);
    if (backend_of(m->ev).n > 0) {
        (void)buf_addstr(out, ",\"backend\":");
        (void)tape_quote(out, cut(backend_of(m->ev)));
    }
    for (size_t i = 0; m->ev && i < ARRAY_LEN(FIELDS); i++) {
        if (event_has(m->ev, FIELDS[i])) {
            (void)buf_printf(out, ",\"%s\":", event_field_info(FIELDS[i])->name);
            (void)tape_quote(out, value_of(m->ev, FIELDS[i], room));
        }
    }
    (void)buf_addstr(out, "}}");
}

/* An extension's value: '=' and '\' escaped, no line ends. */
static void add_cef_value(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '=' || c == '\\') {
            (void)buf_addch(out, '\\');
        }
        bool is_control = (unsigned char)c < 0x20 || c == 0x7f;
        (void)buf_addch(out, (char)(is_control ? ' ' : c));
    }
}

/* Our own names, without the dots that a key may not have. */
static void add_cef_key(struct buf *out, const char *name)
{
    (void)buf_addch(out, ' ');
    for (; *name != '\0'; name++) {
        (void)buf_addch(out, (char)(*name == '.' ? '_' : *name));
    }
    (void)buf_addch(out, '=');
}

static void add_cef(const struct message *m, struct buf *out)
{
    char room[32];
    (void)buf_printf(out,
                     "CEF:0|checkrein|checkrein|" CHECKREIN_VERSION "|%s|%s|%d|rt=%" PRId64
                     " externalId=%s/%" PRIu64 " record_hash=%s",
                     m->name, m->name, m->level->cef, m->record->time_us / 1000, m->kit->instance,
                     m->record->n, m->hash);
    if (backend_of(m->ev).n > 0) {
        (void)buf_addstr(out, " backend=");
        add_cef_value(out, cut(backend_of(m->ev)));
    }
    for (size_t i = 0; m->ev && i < ARRAY_LEN(FIELDS); i++) {
        if (event_has(m->ev, FIELDS[i])) {
            add_cef_key(out, event_field_info(FIELDS[i])->name);
            add_cef_value(out, value_of(m->ev, FIELDS[i], room));
        }
    }
}

static void add_head(const struct message_kit *k, int64_t time_us, const struct level *level,
                     const char *name, struct buf *out)
{
    char when[TIME_TEXT_BYTES];
    time_format(time_us, when);
    (void)buf_printf(out, "<%d>1 %s %s checkrein %ld %s - ", FACILITY * 8 + level->syslog, when,
                     k->host, (long)getpid(), name);
}

static void add_message(struct message *m, struct buf *out)
{
    uint8_t hash[SHA256_BYTES];
    sha256(m->record->line, hash);
    hex_encode(hash, sizeof(hash), m->hash);
    add_head(m->kit, m->record->time_us, m->level, m->name, out);
    if (m->kit->body == MESSAGE_CEF) {
        add_cef(m, out);
    } else {
        add_json(m, out);
    }
}

void message_alarm(const struct message_kit *k, int64_t now_us, struct span words, struct buf *out)
{
    static const char name[] = "record.failed";
    add_head(k, now_us, &LEVEL_EMERGENCY, name, out);
    if (k->body == MESSAGE_CEF) {
        (void)buf_printf(out,
                         "CEF:0|checkrein|checkrein|" CHECKREIN_VERSION "|%s|%s|%d|rt=%" PRId64
                         " externalId=%s signal_title=",
                         name, name, LEVEL_EMERGENCY.cef, now_us / 1000, k->instance);
        add_cef_value(out, cut(words));
        return;
    }
    (void)buf_printf(out, METADATA ",\"uid\":\"%s\"}", k->instance);
    add_classes(name, now_us, told_of(EVENT_SIGNAL_RAISED), &LEVEL_EMERGENCY, out);
    add_finding(k, 0, words, out);
    (void)buf_addstr(out, ",\"unmapped\":{\"signal.title\":");
    (void)tape_quote(out, cut(words));
    (void)buf_addstr(out, "}}");
}

void message_make(struct message_kit *k, const struct journal_record *r, struct buf *out)
{
    struct event ev;
    struct why why = {0};
    struct message m = {.kit = k, .record = r, .level = &LEVEL_HEAD, .name = "record.head"};
    if (r->kind == JOURNAL_SEAL) {
        if (k->quiet) {
            add_message(&m, out);
        }
        k->quiet = true;
        return;
    }
    if (r->kind != JOURNAL_EVENT || r->from.n > 0 || !may_be_told(r) ||
        codec_read_event(k->codec, r->body, &ev, NULL, &why) != ST_OK) {
        return;
    }
    m.ev = &ev;
    m.told = told_of(ev.type);
    m.level = level_of(&ev);
    m.name = event_type_name(ev.type);
    if (m.told && m.level) {
        add_message(&m, out);
        k->quiet = false;
    }
}
