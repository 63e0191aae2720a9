/* An answer: which of its messages tell what. */
#include <string.h>
#include <strings.h>

#include "checkrein/num.h"
#include "usage_priv.h"

enum usage_shape {
    SHAPE_NONE, /* nothing is read */
    SHAPE_OPEN, /* not known yet */
    SHAPE_JSON,
    SHAPE_EVENTS
};

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

static bool is_media(struct span type, const char *name)
{
    struct span media = span_trim(span_sub(type, 0, span_find(type, ';')));
    return media.n == strlen(name) && strncasecmp(media.p, name, media.n) == 0;
}

void usage_reader_init(struct usage_reader *r, enum usage_dialect dialect, struct span content_type)
{
    *r = (struct usage_reader){.dialect = dialect};
    if (dialect >= USAGE_DIALECT_COUNT || dialect == USAGE_HTTP) {
        return;
    }
    r->shape = is_media(content_type, "text/event-stream")  ? SHAPE_EVENTS
               : is_media(content_type, "application/json") ? SHAPE_JSON
                                                            : SHAPE_OPEN;
    usage_scan_init(&r->scan, &usage_rules[dialect].answer);
}

/* ---- one message */

/* What the bits and gates do not name is not read. */
void usage_message_begin(struct usage_message *m)
{
    m->got = m->wrong = m->large = 0;
    m->frame = m->state = 0;
    m->model_gates = m->stop_gates = m->error_gates = m->beside_gates = m->id_gates = 0;
}

static const struct usage_rules *rules_of(const struct usage_reader *r)
{
    return &usage_rules[r->dialect];
}

static uint8_t row_named(const struct usage_frame *rows, struct span token)
{
    char name[USAGE_ERROR_BYTES];
    if (!usage_text(token, name, sizeof(name))) {
        return 0;
    }
    for (uint8_t i = 0; rows[i].name != NULL; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return (uint8_t)(i + 1);
        }
    }
    return 0;
}

static bool is_beside(const struct usage_rules *rules, struct span token)
{
    char name[USAGE_ERROR_BYTES];
    bool found = false;
    if (usage_text(token, name, sizeof(name))) {
        for (uint32_t i = 0; rules->beside[i] != NULL && !found; i++) {
            found = strcmp(rules->beside[i], name) == 0;
        }
    }
    return found;
}

/* A number that is no count is none; one that is too large is the largest. */
static void take_figure(struct usage_reader *r, uint64_t bit, int64_t *figure, struct span token)
{
    int64_t n = 0;
    enum status st = num_parse_json_int(token, &n);
    bool large = st == ST_LIMIT ? token.p[0] != '-' : st == ST_OK && n > USAGE_TOKENS_MAX;
    if (large) {
        r->message.large |= bit;
        n = USAGE_TOKENS_MAX;
    } else if (st != ST_OK || n < 0) {
        r->message.wrong |= bit;
        return;
    }
    r->message.got |= bit;
    *figure = n;
}

static void told_figure(struct usage_reader *r, const struct usage_want *want, enum usage_kind kind,
                        struct span token)
{
    size_t at = (size_t)(want - r->scan.form->wants);
    if (kind == KIND_NUMBER) {
        take_figure(r, UINT64_C(1) << at, &r->message.figure[at], token);
    } else if (kind != KIND_WORD || !span_is(token, "null")) {
        r->message.wrong |= UINT64_C(1) << at;
    }
}

static void told_error(struct usage_message *m, const struct usage_want *want, enum usage_kind kind,
                       struct span token)
{
    if (kind == KIND_TEXT) {
        (void)usage_text(token, m->error, sizeof(m->error));
    } else {
        (void)span_copy(token, m->error, sizeof(m->error));
    }
    m->error_gates |= want->gates;
}

/* What the model makes itself, and calls of tools that the client runs. */
static bool is_of_model(struct span token)
{
    static const char *const KINDS[] = {"text",
                                        "thinking",
                                        "redacted_thinking",
                                        "tool_use",
                                        "message",
                                        "reasoning",
                                        "function_call",
                                        "custom_tool_call",
                                        "shell_call",
                                        "local_shell_call",
                                        "apply_patch_call",
                                        "computer_call",
                                        "tool_search_call",
                                        "compaction"};
    char name[USAGE_ERROR_BYTES];
    bool found = false;
    for (size_t i = 0; usage_text(token, name, sizeof(name)) && i < ARRAY_LEN(KINDS) && !found;
         i++) {
        found = strcmp(name, KINDS[i]) == 0;
    }
    return found;
}

static void told_text(struct usage_reader *r, const struct usage_want *want, struct span token)
{
    struct usage_message *m = &r->message;
    switch ((enum usage_what)want->what) {
    case WHAT_FRAME:
        m->frame = row_named(rules_of(r)->frames, token);
        break;
    case WHAT_STATE:
        m->state = row_named(rules_of(r)->states, token);
        break;
    case WHAT_MODEL:
        m->model_gates = usage_text(token, m->model, sizeof(m->model)) ? want->gates : 0;
        break;
    case WHAT_ID:
        m->id_gates = usage_text(token, m->id, sizeof(m->id)) ? want->gates : 0;
        break;
    case WHAT_STOP:
        m->stop_gates |= want->gates;
        break;
    case WHAT_PART:
        r->served = r->served || !is_of_model(token);
        break;
    case WHAT_STEP:
        m->beside_gates |= is_beside(rules_of(r), token) ? want->gates : 0;
        break;
    case WHAT_ERROR:
    case WHAT_FIGURE:
    case WHAT_TEXT:
        break;
    }
}

void usage_answer_told(void *to, const struct usage_want *want, enum usage_kind kind,
                       struct span token)
{
    struct usage_reader *r = to;
    if (want->what == WHAT_FIGURE) {
        told_figure(r, want, kind, token);
    } else if (want->what == WHAT_ERROR && (kind == KIND_TEXT || kind == KIND_NUMBER)) {
        told_error(&r->message, want, kind, token);
    } else if (kind == KIND_TEXT) {
        told_text(r, want, token);
    }
}

void usage_answer_fold(void *to, const struct usage_want *want, struct span bytes)
{
    struct usage_reader *r = to;
    (void)want;
    r->text_bytes += (int64_t)bytes.n;
}

/* ---- what a whole message changes */

static const struct usage_frame no_frame = {0};
static const struct usage_frame any_frame = {.gates = USAGE_ALWAYS};

static const struct usage_frame *frame_of(const struct usage_reader *r)
{
    const struct usage_frame *frames = rules_of(r)->frames;
    if (frames == NULL) {
        return &any_frame;
    }
    return r->message.frame > 0 ? &frames[r->message.frame - 1] : &no_frame;
}

static bool counts(const struct usage_frame *frame, uint8_t gates)
{
    return gates == USAGE_ALWAYS || (gates & frame->gates) != 0;
}

static void apply_figure(struct usage_reader *r, enum usage_figure part, int64_t n,
                         const struct usage_frame *frame)
{
    uint16_t bit = (uint16_t)(1u << part);
    if ((r->firm & bit) != 0 && n < r->figure[part]) {
        r->marks |= 1u << USAGE_SHRANK;
    }
    r->figure[part] = n;
    r->told |= bit;
    r->firm |= frame->opens && part == FIGURE_OUT_WHOLE ? 0 : bit;
}

static void apply_want(struct usage_reader *r, uint32_t at, const struct usage_frame *frame)
{
    const struct usage_message *m = &r->message;
    const struct usage_want *want = &r->scan.form->wants[at];
    if (want->what != WHAT_FIGURE || !counts(frame, want->gates)) {
        return;
    }
    r->marks |= (m->wrong >> at & 1) != 0 ? 1u << USAGE_NO_COUNT : 0;
    r->marks |= (m->large >> at & 1) != 0 ? 1u << USAGE_TOO_MANY : 0;
    if ((m->got >> at & 1) != 0) {
        apply_figure(r, (enum usage_figure)want->part, m->figure[at], frame);
    }
}

static enum usage_ending ending_of(const struct usage_reader *r, const struct usage_frame *frame)
{
    const struct usage_message *m = &r->message;
    enum usage_ending state = USAGE_CUT;
    if (m->state > 0 && frame->gates != 0) {
        state = rules_of(r)->states[m->state - 1].ending;
    }
    if (counts(frame, m->error_gates) || frame->ending == USAGE_FAILED || state == USAGE_FAILED) {
        return USAGE_FAILED;
    }
    return counts(frame, m->stop_gates) || frame->ending == USAGE_COMPLETE ? USAGE_COMPLETE : state;
}

void usage_answer_ended(void *to)
{
    struct usage_reader *r = to;
    struct usage_message *m = &r->message;
    const struct usage_frame *frame = frame_of(r);
    for (uint64_t bits = m->got | m->wrong; bits != 0; bits &= bits - 1) {
        apply_want(r, (uint32_t)__builtin_ctzll(bits), frame);
    }
    r->marks |= r->scan.twice ? 1u << USAGE_TWICE : 0;
    r->marks |= counts(frame, m->beside_gates) ? 1u << USAGE_BESIDE : 0;
    if (counts(frame, m->model_gates)) {
        memcpy(r->model, m->model, sizeof(r->model));
    }
    if (counts(frame, m->id_gates)) {
        memcpy(r->id, m->id, sizeof(r->id));
    }
    if (counts(frame, m->error_gates)) {
        memcpy(r->error, m->error, sizeof(r->error));
    }
    enum usage_ending ending = ending_of(r, frame);
    r->ending = ending != USAGE_CUT ? ending : r->ending;
    usage_message_begin(m);
}

/* ---- bytes */

/* Past a byte order mark, which may come in pieces. */
static struct span without_mark(struct usage_reader *r, struct span bytes)
{
    while (bytes.n > 0 && r->mark_bytes < strlen(BYTE_ORDER_MARK) &&
           bytes.p[0] == BYTE_ORDER_MARK[r->mark_bytes]) {
        r->mark_bytes++;
        bytes = span_sub(bytes, 1, SIZE_MAX);
    }
    if (bytes.n > 0) {
        r->mark_bytes = (uint8_t)strlen(BYTE_ORDER_MARK);
    }
    return bytes;
}

/* An event stream has no line that begins with a bracket. Blanks may belong to its first one, and
 * are nothing before JSON. */
static struct span guess_shape(struct usage_reader *r, struct span bytes)
{
    size_t blanks = 0;
    while (blanks < bytes.n && span_find(SPAN(" \t\r\n"), bytes.p[blanks]) < 4) {
        blanks++;
    }
    usage_events_feed(r, span_sub(bytes, 0, blanks));
    bytes = span_sub(bytes, blanks, SIZE_MAX);
    if (bytes.n > 0) {
        r->shape = bytes.p[0] == '{' || bytes.p[0] == '[' ? SHAPE_JSON : SHAPE_EVENTS;
    }
    return bytes;
}

void usage_feed(struct usage_reader *r, struct span bytes)
{
    bytes = without_mark(r, bytes);
    if (r->shape == SHAPE_OPEN) {
        bytes = guess_shape(r, bytes);
    }
    if (r->shape == SHAPE_JSON) {
        usage_scan_feed(&r->scan, bytes, r);
    } else if (r->shape == SHAPE_EVENTS) {
        usage_events_feed(r, bytes);
    }
}

void usage_peek(const struct usage_reader *r, struct usage_said *out)
{
    usage_totals(r, out);
}

void usage_end(struct usage_reader *r, struct usage_said *out)
{
    if (r->shape == SHAPE_EVENTS) {
        usage_events_end(r);
    } else if (r->shape == SHAPE_JSON && usage_scan_broken(&r->scan)) {
        r->marks |= 1u << USAGE_UNREADABLE;
    }
    usage_totals(r, out);
}
