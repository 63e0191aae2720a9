/* usage.h - what a request to a model's service asks for, and what its service says it used. Pure.
 *
 * The answer is read while its bytes go by, in any pieces: nothing is kept of it but the figures,
 * nothing is allocated, and the time is linear. JSON and event streams of any length are read so; a
 * key is only looked at where its dialect has it, so that text of the model or of a tool that looks
 * like figures is none.
 *
 *     struct usage_reader r;
 *     usage_reader_init(&r, ask.dialect, content_type);
 *     while (more)
 *         usage_feed(&r, bytes); // then usage_peek(&r, &said): what is known by now
 *     usage_end(&r, &said);
 *     if (said.told)
 *         price_cost(table, span_str(said.model), then_us, &said.tokens, &quote);
 *
 * Where the fields stand is taken from the type declarations of the services' own clients:
 * @anthropic-ai/sdk 1.14.0 (resources/messages/messages.d.ts: Usage, MessageDeltaUsage;
 * resources/beta/messages/messages.d.ts: BetaIterationsUsage), openai 6.49.0
 * (resources/responses/responses.d.ts: ResponseUsage, CompactedResponse;
 * resources/completions.d.ts: CompletionUsage), @google/genai 2.32.0 (dist/genai.d.ts:
 * GenerateContentResponseUsageMetadata).
 *
 *   - Anthropic: the figures of message_start and of each message_delta are totals so far; the last
 *     one of each counts. input_tokens leaves out what was read from a cache or written to one.
 *     Thinking is part of output_tokens. Writes for an hour (cache_creation) are part of all
 * writes, and cost more. Tokens of steps that the totals leave out (compaction, advisors: beta) are
 * not counted, and USAGE_BESIDE says so.
 *   - OpenAI: what was read from a cache or written to one is part of the input, reasoning is part
 *     of the output. Chat Completions tell figures in a stream only where stream_options asks.
 *   - Gemini: each piece of a stream has totals so far, and a total of zero may be left out. What
 *     was read from a cache is part of promptTokenCount; thoughts and what tools of the service
 *     gave back to the model come on top.
 *
 * Texts are the service's own bytes, made UTF-8: sanitise them before they are shown.
 */
#ifndef CHECKREIN_USAGE_H
#define CHECKREIN_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/price.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define USAGE_TOKENS_MAX  ((INT64_C(1) << 53) - 1)
#define USAGE_MODEL_BYTES 128 /* with the NUL, as the next */
#define USAGE_ERROR_BYTES 64
#define USAGE_ID_BYTES    128

/* X(dialect, name) */
#define USAGE_DIALECTS(X)                                                                          \
    X(USAGE_HTTP, "http")                                                                          \
    X(USAGE_ANTHROPIC, "anthropic")                                                                \
    X(USAGE_OPENAI_RESPONSES, "openai-responses")                                                  \
    X(USAGE_OPENAI_CHAT, "openai-chat")                                                            \
    X(USAGE_GEMINI, "gemini")
enum usage_dialect {
#define X(dialect, name) dialect,
    USAGE_DIALECTS(X)
#undef X
        USAGE_DIALECT_COUNT
};
const char *usage_dialect_name(enum usage_dialect dialect);
enum status usage_dialect_named(struct span name, enum usage_dialect *out) MUST_USE;

/* ---- what is asked */

struct usage_ask {
    enum usage_dialect dialect; /* that the path speaks: of the two of OpenAI either */
    bool streamed;
    bool background;               /* it is made while nobody waits for it */
    bool refers;                   /* what it asks about lies with the service, or elsewhere */
    bool tools;                    /* it offers tools that the service runs, which may find more */
    char model[USAGE_MODEL_BYTES]; /* empty: none is named */
    int64_t most_out; /* tokens that all its answers may have; USAGE_UNSAID: it does not say */
    uint64_t same;
};

#define USAGE_UNSAID (-1)

/* What a request is for. */
enum usage_call {
    USAGE_FREE,    /* lists, counts, removals: nothing is made */
    USAGE_ANSWERS, /* usage_ask_read() reads it */
    USAGE_FETCHES, /* an answer that was asked for before, whole or the rest of it */
    USAGE_OTHER,   /* what it costs is not told: batches, files, pictures, all that is not known */
};
struct usage_call_kind {
    enum usage_call call;
    const char *what;        /* of USAGE_OTHER, for a person: "batches" */
    char id[USAGE_ID_BYTES]; /* of USAGE_FETCHES: which answer */
};
/* Closed: a method or path that is not known is USAGE_OTHER. `path` as for usage_ask_read(). */
struct usage_call_kind usage_call_kind(enum usage_dialect dialect, struct span method,
                                       struct span path);

/* Is this a call for an answer, and for what? `path` is the request target; a query, encoded bytes,
 * doubled slashes and dots in it hide nothing. `same` is a fingerprint (no proof of anything) of
 * the model and of the last step of the conversation: what the model did last, and what it was then
 * told. Left out are ids, signatures, cache marks, the model's own words and all that came before;
 * so an agent that does the same thing with the same result again has the same one. A body without
 * a conversation is taken as it is. It differs between machines: never stored.
 *
 * ST_OK. ST_NOTFOUND: no call for an answer (a count, a list, no body). ST_INVALID: a call, but its
 * body is not JSON, or says the model twice or in too many bytes: what is asked cannot be known,
 * and `model` is empty. `out` is whole each time. Batches of calls are no call. */
enum status usage_ask_read(enum usage_dialect dialect, struct span path, struct span body,
                           struct usage_ask *out) MUST_USE;

/* Where a request says which model it is for. */
enum usage_place {
    USAGE_MODEL_NOWHERE, /* no request for one model, or none that is known. USAGE_HTTP: always */
    USAGE_MODEL_IN_PATH,
    USAGE_MODEL_IN_BODY, /* at the top of it */
};
/* `path` as above. `model` is empty unless the path names it. */
enum usage_place usage_model_place(enum usage_dialect dialect, struct span path,
                                   char model[USAGE_MODEL_BYTES]);

/* The model that a body, a JSON object, asks for: the only member "model" at its top. ST_NOTFOUND:
 * it has none. ST_INVALID: not such an object, too deep, it says the model twice, or in a way that
 * two readers could read in two. `model` is empty then. */
enum status usage_body_model(struct span body, char model[USAGE_MODEL_BYTES]) MUST_USE;

/* ---- the same call again and again */

#define USAGE_REPEATS_MAX 64

struct usage_repeat { /* zeroed memory is a beginning; its fields are private */
    uint64_t same;
    uint32_t run;
    bool told;
    int64_t at_us[USAGE_REPEATS_MAX];
};
/* One more call, with the fingerprint of usage_ask. True at the one that makes `calls` of them in a
 * row within `within_us`: once, until another call comes in between. Zero calls: never. */
bool usage_repeats(struct usage_repeat *r, uint64_t same, int64_t now_us, uint32_t calls,
                   int64_t within_us);
uint32_t usage_run(const struct usage_repeat *r); /* how many in a row so far */

/* ---- what the service says */

/* What is wrong with what it says. X(mark, words) */
#define USAGE_MARKS(X)                                                                             \
    X(USAGE_NO_COUNT, "a figure is no whole number of tokens")                                     \
    X(USAGE_TOO_MANY, "a figure is larger than tokens can be")                                     \
    X(USAGE_PART_OVER_WHOLE, "a part is larger than its whole")                                    \
    X(USAGE_SHRANK, "a total so far became smaller")                                               \
    X(USAGE_TWICE, "a figure stands twice in one message")                                         \
    X(USAGE_UNREADABLE, "a message could not be read")                                             \
    X(USAGE_TOO_FEW, "its text cannot be made of so few tokens")                                   \
    X(USAGE_BESIDE, "steps beside the answer used tokens that are not counted")
enum usage_mark {
#define X(mark, words) mark,
    USAGE_MARKS(X)
#undef X
        USAGE_MARK_COUNT
};
const char *usage_mark_words(enum usage_mark mark);

enum usage_ending {
    USAGE_CUT,      /* it did not say that the answer is whole; figures are those until then */
    USAGE_COMPLETE, /* it said so, also of one that met a limit or a filter */
    USAGE_FAILED,   /* it said that it failed: `error` */
};

struct usage_said {
    bool told; /* false: it said no figure at all, which is not zero */
    enum usage_ending ending;
    uint32_t marks;                /* bits 1 << enum usage_mark */
    struct price_usage tokens;     /* each at most USAGE_TOKENS_MAX */
    char model[USAGE_MODEL_BYTES]; /* that answered; empty: not said */
    char error[USAGE_ERROR_BYTES]; /* its own word for it, e.g. "overloaded_error" */
    char id[USAGE_ID_BYTES];       /* that it can be fetched by later; empty: none */
    bool served;                   /* a stream told of a tool that the service ran */
    int64_t
        text_bytes; /* of what the model made, as it came: at least one for each visible token */
};
/* A figure that cannot be so: what the service says is not to be relied upon. */
bool usage_lied(const struct usage_said *said);

/* ---- the reader; its fields are private */

#define USAGE_FIGURES_MAX 9
#define USAGE_WANTS_MAX   40
#define USAGE_LEVELS      9   /* of nesting in which something is looked for */
#define USAGE_TOKEN_BYTES 256 /* of one key or value as it stands in the text */

struct usage_scan {
    const struct usage_form *form;
    uint64_t open[USAGE_LEVELS]; /* by depth: wants whose path leads through it */
    uint64_t near;               /* wants whose path leads to the next value */
    uint64_t exact;              /* wants whose path ends at it */
    uint64_t seen;               /* single values told in this message */
    uint64_t objects;            /* a bit a level: it is an object */
    uint8_t depth;
    uint8_t fold_depth; /* the value that is folded began here */
    uint8_t state;
    bool listed; /* messages are elements of one array */
    bool folding;
    bool is_key;
    bool keeping; /* this token is copied to `token` */
    bool over;    /* and was longer */
    bool twice;
    uint16_t token_bytes;
    uint32_t fold_want;
    char token[USAGE_TOKEN_BYTES];
};

struct usage_message {
    int64_t figure[USAGE_WANTS_MAX];
    uint64_t got, wrong, large;                                 /* bits by want */
    uint8_t frame, state;                                       /* 1 + row; 0: none that is known */
    uint8_t model_gates, stop_gates, error_gates, beside_gates; /* where it stood */
    char model[USAGE_MODEL_BYTES];
    char error[USAGE_ERROR_BYTES];
    uint8_t id_gates;
    char id[USAGE_ID_BYTES];
};

struct usage_events {
    uint8_t line; /* where in a line */
    uint8_t name_bytes;
    uint8_t head_bytes;
    bool skip_lf, has_data;
    char name[4];
    char head[6]; /* of the data: OpenAI ends with one that is not JSON */
};

struct usage_reader {
    enum usage_dialect dialect;
    uint8_t shape;
    uint8_t mark_bytes;  /* of a byte order mark */
    uint16_t told, firm; /* bits by figure */
    bool served;
    int64_t text_bytes;
    enum usage_ending ending;
    uint32_t marks;
    int64_t figure[USAGE_FIGURES_MAX];
    char model[USAGE_MODEL_BYTES];
    char error[USAGE_ERROR_BYTES];
    char id[USAGE_ID_BYTES];
    struct usage_message message;
    struct usage_events events;
    struct usage_scan scan;
};

/* `content_type` of the answer, empty when it has none: an event stream or JSON is read as that,
 * anything else as what it looks like. Of USAGE_HTTP nothing is read. Encoded bodies (gzip) are
 * not decoded. */
void usage_reader_init(struct usage_reader *r, enum usage_dialect dialect,
                       struct span content_type);
void usage_feed(struct usage_reader *r, struct span bytes);
/* All that is known by now; figures of a message count once it is whole. */
void usage_peek(const struct usage_reader *r, struct usage_said *out);
/* There are no more bytes. */
void usage_end(struct usage_reader *r, struct usage_said *out);

/* ---- an answer that comes zipped: its plain bytes are given out. `coding` is its
 * Content-Encoding; of one that is not known, and of one that breaks or becomes too much, nothing
 * is read on, which feed() says. */
struct usage_unzip;
typedef void usage_plain_fn(void *ctx, struct span plain);
struct usage_unzip *usage_unzip_new(struct span coding);
bool usage_unzip_reads(const struct usage_unzip *u);
bool usage_unzip_feed(struct usage_unzip *u, usage_plain_fn *fn, void *ctx, struct span bytes);
void usage_unzip_free(struct usage_unzip *u); /* NULL is fine */

#endif
