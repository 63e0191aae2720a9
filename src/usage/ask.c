/* A request: the model, whether it streams, and a fingerprint of the conversation's last step. */
#include <string.h>

#include "checkrein/num.h"
#include "usage_priv.h"

/* A running hash, eight bytes a step; any split of the bytes gives the same. */
struct hash {
    uint64_t h;
    uint64_t bytes;
    char rest[8];
};

#define HASH_BASIS UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x9e3779b97f4a7c15)

struct asked {
    struct usage_ask *out;
    int64_t most, times, prompts;
    bool unsure;           /* a number that is none */
    struct hash said, did; /* of the element that is read: all of it; what the model did */
    uint64_t tail;         /* of the elements since the model began to act last */
    bool by_model;         /* the element */
    bool last_by_model;    /* the one before */
    bool has_tail, ended;
    bool wrong;
};

static uint64_t mix(uint64_t h, uint64_t n)
{
    h = (h ^ n) * HASH_PRIME;
    return h ^ h >> 32;
}

static void hash_word(struct hash *s, const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    s->h = mix(s->h, word);
}

static void hash_add(struct hash *s, struct span bytes)
{
    size_t have = s->bytes % sizeof(s->rest);
    s->bytes += bytes.n;
    while (bytes.n > 0 && have > 0) {
        s->rest[have++] = bytes.p[0];
        bytes = (struct span){bytes.p + 1, bytes.n - 1};
        if (have == sizeof(s->rest)) {
            hash_word(s, s->rest);
            have = 0;
        }
    }
    for (; bytes.n >= sizeof(s->rest); bytes.n -= sizeof(s->rest)) {
        hash_word(s, bytes.p);
        bytes.p += sizeof(s->rest);
    }
    if (have == 0) {
        memcpy(s->rest, bytes.p, bytes.n);
    }
}

static uint64_t hash_end(const struct hash *s)
{
    uint64_t word = 0;
    memcpy(&word, s->rest, s->bytes % sizeof(s->rest));
    return mix(mix(HASH_BASIS ^ s->h, word), s->bytes);
}

static uint64_t hash_of(struct span bytes)
{
    struct hash s = {0};
    hash_add(&s, bytes);
    return hash_end(&s);
}

static void begin_element(struct asked *a)
{
    a->said.h = a->said.bytes = 0;
    a->did.h = a->did.bytes = 0;
    a->by_model = false;
}

/* Roles ("assistant", "model"), and kinds of items: "function_call", "reasoning". */
static bool is_model(struct span token)
{
    char word[USAGE_ERROR_BYTES];
    struct span s = usage_text(token, word, sizeof(word)) ? span_str(word) : SPAN_NONE;
    return span_is(s, "assistant") || span_is(s, "model") || span_is(s, "reasoning") ||
           span_ends(s, "_call");
}

static void end_element(struct asked *a)
{
    if (a->by_model && !a->last_by_model) {
        a->tail = HASH_BASIS;
    }
    a->tail = mix(a->tail, hash_end(a->by_model ? &a->did : &a->said));
    a->has_tail = true;
    a->last_by_model = a->by_model;
    begin_element(a);
}

static void told_model(struct asked *a, enum usage_kind kind, struct span token)
{
    if (kind != KIND_TEXT || !usage_text(token, a->out->model, USAGE_MODEL_BYTES)) {
        a->wrong = true;
    }
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void told_number(struct asked *a, int64_t *most, enum usage_kind kind, struct span token)
{
    int64_t n = 0;
    if (kind == KIND_WORD && span_is(token, "null")) {
        return;
    }
    if (kind != KIND_NUMBER || num_parse_json_int(token, &n) != ST_OK || n < 0 ||
        n > USAGE_TOKENS_MAX) {
        a->unsure = true;
    } else {
        *most = larger(*most, n);
    }
}

/* Tools that the client runs itself: what they give back is in a request of its own. */
static bool is_clients_tool(struct span name)
{
    static const char *const BEGIN[] = {"function",    "custom",     "bash",        "text_editor",
                                        "computer",    "memory",     "local_shell", "shell",
                                        "apply_patch", "tool_search"};
    for (size_t i = 0; i < ARRAY_LEN(BEGIN); i++) {
        if (span_starts(name, BEGIN[i])) {
            return true;
        }
    }
    return false;
}

/* `token` may be the beginning of a text. */
static bool refers(enum usage_refers how, enum usage_kind kind, struct span token)
{
    struct span inner = span_sub(token, 1, token.n);
    switch (how) {
    case REFERS_URL:
        return token.n > 0 && !span_starts(inner, "data:");
    case REFERS_ITEM:
        return span_starts(inner, "item_reference") || span_find(inner, '\\') < inner.n;
    case REFERS_TOOL:
        return kind != KIND_TEXT || !is_clients_tool(inner);
    case REFERS_ANY:
        break;
    }
    return kind != KIND_WORD || !span_is(token, "null");
}

static void told_refers(struct usage_ask *out, enum usage_refers how, enum usage_kind kind,
                        struct span token)
{
    bool *where = how == REFERS_TOOL ? &out->tools : &out->refers;
    *where = *where || refers(how, kind, token);
}

void usage_asked_told(void *to, const struct usage_want *want, enum usage_kind kind,
                      struct span token)
{
    struct asked *a = to;
    switch ((enum usage_asked)want->what) {
    case ASK_MODEL:
        told_model(a, kind, token);
        break;
    case ASK_STREAM:
        a->out->streamed = kind == KIND_WORD && span_is(token, "true");
        break;
    case ASK_ROLE:
        a->by_model = a->by_model || (kind == KIND_TEXT && is_model(token));
        break;
    case ASK_ITEM:
        end_element(a);
        break;
    case ASK_PROMPT:
        a->prompts++;
        break;
    case ASK_MOST:
        told_number(a, &a->most, kind, token);
        break;
    case ASK_TIMES:
        told_number(a, &a->times, kind, token);
        break;
    case ASK_BACKGROUND:
        a->out->background = kind != KIND_WORD || span_is(token, "true");
        break;
    case ASK_REFERS:
        told_refers(a->out, (enum usage_refers)want->part, kind, token);
        break;
    case ASK_SAID:
    case ASK_DID:
        break;
    }
}

void usage_asked_fold(void *to, const struct usage_want *want, struct span bytes)
{
    struct asked *a = to;
    hash_add(&a->said, bytes);
    if (want->what == ASK_DID) {
        hash_add(&a->did, bytes);
    }
}

/* What stood in no element: a prompt that is one text. */
void usage_asked_ended(void *to)
{
    struct asked *a = to;
    a->ended = true;
    if (a->said.bytes > 0) {
        end_element(a);
    }
}

/* Each of several answers, to each of several prompts, may have as many. */
static void set_most(struct usage_ask *out, const struct asked *a)
{
    int64_t most = 0;
    if (out->most_out == USAGE_UNSAID && a->most > 0 && !a->unsure &&
        !__builtin_mul_overflow(a->most, larger(a->times, 1), &most) &&
        !__builtin_mul_overflow(most, larger(a->prompts, 1), &most)) {
        out->most_out = most < USAGE_TOKENS_MAX ? most : USAGE_TOKENS_MAX;
    }
}

static enum status read_body(struct usage_ask *out, struct span body)
{
    struct usage_scan scan;
    struct asked a = {.out = out, .tail = HASH_BASIS};
    begin_element(&a);
    usage_scan_init(&scan, &usage_rules[out->dialect].ask);
    usage_scan_feed(&scan, body, &a);
    out->same = mix(hash_of(span_str(out->model)), a.has_tail ? a.tail : hash_of(body));
    set_most(out, &a);
    bool good = a.ended && !a.wrong && !scan.listed && !scan.twice && usage_scan_whole(&scan);
    return good ? ST_OK : ST_INVALID;
}

enum status usage_ask_read(enum usage_dialect dialect, struct span path, struct span body,
                           struct usage_ask *out)
{
    if (!usage_target(dialect, path, out) || body.n == 0) {
        *out = (struct usage_ask){.dialect = USAGE_HTTP, .most_out = USAGE_UNSAID};
        return ST_NOTFOUND;
    }
    bool named_by_path = out->dialect == USAGE_GEMINI;
    enum status st = read_body(out, body);
    if (st != ST_OK) {
        out->model[0] = '\0';
        out->most_out = USAGE_UNSAID;
        out->refers = true;
    }
    return named_by_path && out->model[0] == '\0' ? ST_INVALID : st;
}
