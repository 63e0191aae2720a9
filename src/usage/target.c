/* The target of a request: is it a call for an answer? A service may take its path in other
 * spellings, so it is read the way a lenient one would. */
#include <string.h>

#include "checkrein/num.h"
#include "usage_priv.h"

#define TARGET_BYTES 1024 /* of the path that is left */

static const struct {
    enum usage_dialect dialect, sibling;
    const char *ends;
    int64_t most_out;
} calls[] = {
    {USAGE_ANTHROPIC,        USAGE_ANTHROPIC,        "/messages",          USAGE_UNSAID},
    {USAGE_OPENAI_RESPONSES, USAGE_OPENAI_CHAT,      "/responses",         USAGE_UNSAID},
    {USAGE_OPENAI_RESPONSES, USAGE_OPENAI_CHAT,      "/responses/compact", USAGE_UNSAID},
    {USAGE_OPENAI_CHAT,      USAGE_OPENAI_RESPONSES, "/completions",       USAGE_UNSAID},
    {USAGE_OPENAI_CHAT,      USAGE_OPENAI_RESPONSES, "/embeddings",        0           },
};

static const struct {
    const char *verb;
    bool streamed;
} gemini_verbs[] = {
    {"generateContent",       false},
    {"streamGenerateContent", true },
};

struct target {
    char path[TARGET_BYTES];
    size_t n;
};

/* "%2e" to '.'; what is no such code stays. */
static char decode(struct span *rest)
{
    char c = rest->p[0];
    size_t used = 1;
    if (c == '%' && rest->n > 2 && hex_decode(span_sub(*rest, 1, 2), &c, 1) == ST_OK) {
        used = 3;
    }
    *rest = span_sub(*rest, used, SIZE_MAX);
    return c;
}

static void drop_last(struct target *t)
{
    while (t->n > 0 && t->path[--t->n] != '/') {
    }
}

/* A slash, or the end: the piece before it may be nothing, or go up. */
static void end_piece(struct target *t)
{
    struct span all = {t->path, t->n};
    if (span_ends(all, "/..")) {
        drop_last(t);
        drop_last(t);
    } else if (span_ends(all, "/.") || span_ends(all, "/")) {
        drop_last(t);
    }
}

/* False: too long. */
static bool normal(struct span path, struct target *t)
{
    path = span_sub(path, 0, span_find(path, '?'));
    path = span_sub(path, 0, span_find(path, '#'));
    t->n = 0;
    while (path.n > 0 && t->n < sizeof(t->path)) {
        char c = decode(&path);
        if (c == '/') {
            end_piece(t);
        }
        t->path[t->n++] = c;
    }
    end_piece(t);
    return path.n == 0;
}

/* One that is too long, or has a NUL in it, is none. */
static void take_model(struct span name, struct usage_ask *out)
{
    bool good = span_find(name, '\0') == name.n && span_copy(name, out->model, USAGE_MODEL_BYTES);
    if (!good) {
        out->model[0] = '\0';
    }
}

/* ".../models/NAME:verb" */
static bool read_gemini(struct span path, struct usage_ask *out)
{
    size_t colon = path.n;
    while (colon > 0 && path.p[colon - 1] != ':') {
        colon--;
    }
    for (size_t i = 0; colon > 0 && i < ARRAY_LEN(gemini_verbs); i++) {
        if (span_is(span_sub(path, colon, SIZE_MAX), gemini_verbs[i].verb)) {
            size_t from = colon - 1;
            while (from > 0 && path.p[from - 1] != '/') {
                from--;
            }
            out->dialect = USAGE_GEMINI;
            out->streamed = gemini_verbs[i].streamed;
            take_model(span_sub(path, from, colon - 1 - from), out);
            return true;
        }
    }
    return false;
}

/* Where a request for one model says it at the top of its body. Batches do not. */
static const char *const in_body[] = {
    "/messages",
    "/messages/count_tokens",
    "/responses",
    "/responses/compact",
    "/responses/input_tokens",
    "/completions",
    "/embeddings",
    "/moderations",
    "/images/generations",
    "/audio/speech",
};

/* One of a service's own models, not a name that somebody gave to another. */
static bool is_of_models(const struct target *t, const char *model)
{
    static const char FOLDER[] = "/models/";
    struct span path = {t->path, t->n};
    size_t last = 0;
    for (size_t i = 0; i < path.n; i++) {
        last = path.p[i] == '/' ? i + 1 : last;
    }
    return model[0] != '\0' && span_ends(span_sub(path, 0, last), FOLDER);
}

enum usage_place usage_model_place(enum usage_dialect dialect, struct span path,
                                   char model[USAGE_MODEL_BYTES])
{
    struct target t;
    struct usage_ask ask = {.dialect = USAGE_HTTP};
    model[0] = '\0';
    if (dialect == USAGE_HTTP || !normal(path, &t)) {
        return USAGE_MODEL_NOWHERE;
    }
    struct span whole = {t.path, t.n};
    if (dialect == USAGE_GEMINI && read_gemini(whole, &ask)) {
        (void)span_copy(span_str(ask.model), model, USAGE_MODEL_BYTES);
        return is_of_models(&t, model) ? USAGE_MODEL_IN_PATH : USAGE_MODEL_NOWHERE;
    }
    for (size_t i = 0; i < ARRAY_LEN(in_body); i++) {
        if (span_ends(whole, in_body[i])) {
            return USAGE_MODEL_IN_BODY;
        }
    }
    return USAGE_MODEL_NOWHERE;
}

bool usage_target(enum usage_dialect dialect, struct span path, struct usage_ask *out)
{
    struct target t;
    *out = (struct usage_ask){.dialect = USAGE_HTTP, .most_out = USAGE_UNSAID};
    if (!normal(path, &t)) {
        return false;
    }
    struct span whole = {t.path, t.n};
    if (dialect == USAGE_GEMINI) {
        return read_gemini(whole, out);
    }
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        bool speaks = calls[i].dialect == dialect || calls[i].sibling == dialect;
        if (speaks && span_ends(whole, calls[i].ends)) {
            out->dialect = calls[i].dialect;
            out->most_out = calls[i].most_out;
            return true;
        }
    }
    return false;
}

/* ---- what a request is for */

static bool is_openai(enum usage_dialect dialect)
{
    return dialect == USAGE_OPENAI_RESPONSES || dialect == USAGE_OPENAI_CHAT;
}

static bool is_one_of(struct span word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_is(word, words[i])) {
            return true;
        }
    }
    return false;
}

/* Nothing is made by it, whatever it is asked with. */
static bool is_free(enum usage_dialect dialect, struct span path)
{
    static const struct {
        enum usage_dialect dialect;
        const char *ends;
    } FREE[] = {
        {USAGE_ANTHROPIC,        "/messages/count_tokens" },
        {USAGE_ANTHROPIC,        "/cancel"                },
        {USAGE_OPENAI_RESPONSES, "/responses/input_tokens"},
        {USAGE_OPENAI_RESPONSES, "/moderations"           },
        {USAGE_OPENAI_RESPONSES, "/cancel"                },
        {USAGE_GEMINI,           ":countTokens"           },
        {USAGE_GEMINI,           ":cancel"                },
    };
    enum usage_dialect of = is_openai(dialect) ? USAGE_OPENAI_RESPONSES : dialect;
    for (size_t i = 0; i < ARRAY_LEN(FREE); i++) {
        if (FREE[i].dialect == of && span_ends(path, FREE[i].ends)) {
            return true;
        }
    }
    return false;
}

/* ".../responses/ID" */
static bool read_fetch(enum usage_dialect dialect, struct span path, char id[USAGE_ID_BYTES])
{
    size_t last = path.n;
    while (last > 0 && path.p[last - 1] != '/') {
        last--;
    }
    struct span name = span_sub(path, last, SIZE_MAX);
    return is_openai(dialect) && name.n > 0 && span_ends(span_sub(path, 0, last), "/responses/") &&
           span_copy(name, id, USAGE_ID_BYTES);
}

static bool holds(struct span path, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= path.n; i++) {
        if (memcmp(path.p + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

static const char *name_of(struct span path)
{
    static const struct {
        const char *word, *what;
    } NAMES[] = {
        {"batch", "batches"   },
        {"Batch", "batches"   },
        {"image", "pictures"  },
        {"audio", "audio"     },
        {"video", "videos"    },
        {"mbed",  "embeddings"},
        {"tun",   "training"  },
        {"file",  "files"     },
        {"pload", "files"     },
    };
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (holds(path, NAMES[i].word)) {
            return NAMES[i].what;
        }
    }
    return "a kind of call that is not known";
}

struct usage_call_kind usage_call_kind(enum usage_dialect dialect, struct span method,
                                       struct span path)
{
    static const char *const READS[] = {"GET", "HEAD", "DELETE", "OPTIONS"};
    struct target t;
    struct usage_ask ask;
    struct usage_call_kind k = {.call = USAGE_OTHER};
    bool good = normal(path, &t);
    struct span whole = {t.path, good ? t.n : 0};
    if (is_one_of(method, READS, ARRAY_LEN(READS))) {
        bool fetches = span_is(method, "GET") && read_fetch(dialect, whole, k.id);
        k.call = fetches ? USAGE_FETCHES : USAGE_FREE;
    } else if (usage_target(dialect, path, &ask)) {
        k.call = USAGE_ANSWERS;
    } else if (is_free(dialect, whole)) {
        k.call = USAGE_FREE;
    }
    k.what = name_of(whole);
    return k;
}
