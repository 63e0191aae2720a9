/* cef.c - ArcSight's Common Event Format, version 0: a header of eight parts between bars, then
 * key=value. Texts are cut to the lengths of its dictionary: the digest names the exact action. */
#include "export_priv.h"

#include <string.h>

#define PLAIN_BYTES 65536

/* What an attribute is called there. A label of its own goes with a key of the customer's. */
static const struct cef_row {
    const char *key, *label;
    enum event_field field;
    size_t most; /* bytes of the value */
} ROWS[] = {
    {"cs1",     "agent",     F_AGENT_ID,      4000},
    {"cs2",     "digest",    F_DIGEST,        4000},
    {"cs3",     "rule",      F_RULE,          4000},
    {"cs4",     "approval",  F_APPROVAL_ID,   4000},
    {"cs5",     "call",      F_ACTION_ID,     4000},
    {"cs6",     "tool",      F_TOOL,          4000},
    {"cn1",     "microusd",  F_COST_MICROUSD, 20  },
    {"cn2",     "tokensIn",  F_TOKENS_IN,     20  },
    {"cn3",     "tokensOut", F_TOKENS_OUT,    20  },
    {"duser",   NULL,        F_AGENT_NAME,    1023},
    {"dproc",   NULL,        F_AGENT_RUNTIME, 1023},
    {"dpid",    NULL,        F_PID,           20  },
    {"dvchost", NULL,        F_HOST,          100 },
    {"reason",  NULL,        F_REASON,        1023},
};

/* The first of them that an event has is its act, or its outcome. */
static const enum event_field ACTS[] = {F_VERB, F_DECISION, F_VERDICT, F_STATE, F_LINK};
static const enum event_field OUTCOMES_OF[] = {F_OUTCOME, F_COMMAND_STATE, F_FAILURE_CLASS};

static void put_escaped(struct buf *out, struct span plain, const char *special)
{
    for (size_t i = 0; i < plain.n; i++) {
        char c = plain.p[i];
        if (c == '\n') {
            buf_addstr(out, "\\n");
            continue;
        }
        if (strchr(special, c)) {
            buf_addch(out, '\\');
        }
        buf_addch(out, c);
    }
}

static void put_foreign(struct buf *out, struct span foreign, size_t most, const char *special)
{
    struct buf plain;
    buf_init(&plain, PLAIN_BYTES);
    struct span head = span_sub(foreign, 0, most);
    while (head.n < foreign.n && head.n && ((unsigned char)foreign.p[head.n] & 0xC0) == 0x80) {
        head.n--;
    }
    if (put_plain(&plain, head) == ST_OK) {
        put_escaped(out, buf_span(&plain), special);
    }
    buf_release(&plain);
}

static void put_value(struct buf *out, const char *key, struct span foreign, size_t most)
{
    if (foreign.n) {
        buf_printf(out, " %s=", key);
        put_foreign(out, foreign, most, "\\=");
    }
}

static void put_number(struct buf *out, const char *key, int64_t n)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld", (long long)n);
    put_value(out, key, span_str(text), sizeof(text));
}

static void put_row(struct buf *out, const struct cef_row *row, const struct event *ev)
{
    char label[32];
    if (event_field_info(row->field)->kind == EVENT_STR) {
        put_value(out, row->key, event_text(ev, row->field), row->most);
    } else {
        put_number(out, row->key, event_number(ev, row->field));
    }
    if (row->label) {
        (void)snprintf(label, sizeof(label), "%sLabel", row->key);
        put_value(out, label, span_str(row->label), sizeof(label));
    }
}

static void put_first(struct buf *out, const char *key, const enum event_field *fields, size_t n,
                      const struct event *ev)
{
    for (size_t i = 0; i < n; i++) {
        if (event_has(ev, fields[i])) {
            const char *set = event_field_info(fields[i])->set;
            put_value(out, key, span_str(event_enum_name(set, event_number(ev, fields[i]))), 63);
            return;
        }
    }
}

/* 0 to 10. */
static int severity_of(const struct event *ev)
{
    static const int OF_SIGNALS[SEVERITY_COUNT] = {
        [SEVERITY_UNKNOWN] = 5, [SEVERITY_LOW] = 3, [SEVERITY_HIGH] = 8, [SEVERITY_EMERGENCY] = 10};
    switch ((int)ev->type) {
    case EVENT_SIGNAL_RAISED:
        return OF_SIGNALS[event_number(ev, F_SEVERITY) % SEVERITY_COUNT];
    case EVENT_FLEET_STOP:
        return event_number(ev, F_STOP_LATCHED) ? 10 : 5;
    case EVENT_FAILURE_REPORTED:
        return event_number(ev, F_RETRYING) ? 3 : 6;
    case EVENT_APPROVAL_REQUESTED:
        return event_number(ev, F_RISK) == RISK_HIGH ? 6 : 4;
    case EVENT_OPERATOR_COMMAND:
    case EVENT_APPROVAL_RESOLVED:
    case EVENT_CREDENTIAL_REVOKED:
        return 4;
    default:
        return 1;
    }
}

static void put_header(struct buf *out, const struct event *ev)
{
    struct span type = ev->raw_type.n ? ev->raw_type : span_str(event_type_name(ev->type));
    struct span words = item_words(ev);
    buf_addstr(out, "CEF:0|checkrein|checkrein|" CHECKREIN_VERSION "|");
    put_foreign(out, type, 1023, "\\|");
    buf_addch(out, '|');
    put_foreign(out, words.n ? span_sub(words, 0, span_find(words, '\n')) : type, 512, "\\|");
    buf_printf(out, "|%d|rt=%lld", severity_of(ev), (long long)(ev->time_us / 1000));
}

enum status cef_item(struct buf *out, const struct export_item *it)
{
    const struct event *ev = it->ev;
    put_header(out, ev);
    put_value(out, "externalId", ev->id, 1023);
    put_value(out, "deviceExternalId", ev->source, 255);
    put_value(out, "deviceFacility", it->backend, 1023);
    put_number(out, "flexNumber1", (int64_t)it->n);
    put_value(out, "flexNumber1Label", SPAN("record"), 32);
    put_first(out, "act", ACTS, ARRAY_LEN(ACTS), ev);
    put_first(out, "outcome", OUTCOMES_OF, ARRAY_LEN(OUTCOMES_OF), ev);
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (event_has(ev, ROWS[i].field)) {
            put_row(out, &ROWS[i], ev);
        }
    }
    put_value(out, "suser", item_person(ev), 1023);
    put_value(out, "msg", item_words(ev), 1023);
    return buf_addch(out, '\n') == ST_OK ? buf_status(out) : ST_LIMIT;
}
