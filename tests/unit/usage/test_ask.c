/* What requests ask for: which are calls, of which model, and which are the same again. */
#include <stdio.h>
#include <string.h>

#include "checkrein/usage.h"
#include "expect.h"

static enum status ask(enum usage_dialect dialect, const char *path, const char *body,
                       struct usage_ask *out)
{
    return usage_ask_read(dialect, span_str(path), span_str(body), out);
}

static uint64_t same(enum usage_dialect dialect, const char *path, const char *body)
{
    struct usage_ask out;
    assert_status(ask(dialect, path, body, &out), ST_OK);
    return out.same;
}

/* ---- calls */

static const struct {
    enum usage_dialect dialect;
    const char *path;
    enum usage_dialect speaks; /* USAGE_HTTP: no call */
} targets[] = {
    {USAGE_ANTHROPIC,        "/v1/messages",                                  USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/v1/messages?beta=true",                        USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/proxy/v1/messages/",                           USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "//v1//messages",                                USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/v1/%6dess%61ges",                              USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/v1/models/../messages",                        USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/v1/messages/x/..",                             USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/v1/messages/./",                               USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/v1/messages/%2e%2e/messages%2F",               USAGE_ANTHROPIC       },
    {USAGE_ANTHROPIC,        "/v1/messages/count_tokens",                     USAGE_HTTP            },
    {USAGE_ANTHROPIC,        "/v1/messages/count_tokens?x=/v1/messages",      USAGE_HTTP            },
    {USAGE_ANTHROPIC,        "/v1/messages/..",                               USAGE_HTTP            },
    {USAGE_ANTHROPIC,        "/v1/models",                                    USAGE_HTTP            },
    {USAGE_ANTHROPIC,        "/v1/responses",                                 USAGE_HTTP            },
    {USAGE_ANTHROPIC,        "/",                                             USAGE_HTTP            },
    {USAGE_ANTHROPIC,        "",                                              USAGE_HTTP            },
    {USAGE_OPENAI_RESPONSES, "/v1/responses",                                 USAGE_OPENAI_RESPONSES},
    {USAGE_OPENAI_RESPONSES, "/responses",                                    USAGE_OPENAI_RESPONSES},
    {USAGE_OPENAI_RESPONSES, "/v1/responses/compact",                         USAGE_OPENAI_RESPONSES},
    {USAGE_OPENAI_RESPONSES, "/v1/responses/input_tokens",                    USAGE_HTTP            },
    {USAGE_OPENAI_RESPONSES, "/v1/responses/resp_1/cancel",                   USAGE_HTTP            },
    {USAGE_OPENAI_RESPONSES, "/v1/chat/completions",                          USAGE_OPENAI_CHAT     },
    {USAGE_OPENAI_CHAT,      "/v1/chat/completions",                          USAGE_OPENAI_CHAT     },
    {USAGE_OPENAI_CHAT,      "/v1/completions",                               USAGE_OPENAI_CHAT     },
    {USAGE_OPENAI_CHAT,      "/v1/responses",                                 USAGE_OPENAI_RESPONSES},
    {USAGE_OPENAI_CHAT,      "/v1/embeddings",                                USAGE_OPENAI_CHAT     },
    {USAGE_GEMINI,           "/v1beta/models/gemini-2.5-pro:generateContent", USAGE_GEMINI          },
    {USAGE_GEMINI,           "/v1beta/models/gemini-2.5-pro:countTokens",     USAGE_HTTP            },
    {USAGE_GEMINI,           "/v1beta/models",                                USAGE_HTTP            },
    {USAGE_HTTP,             "/v1/messages",                                  USAGE_HTTP            },
};

static void which_are_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct usage_ask out;
        bool call = targets[i].speaks != USAGE_HTTP;
        enum status st = ask(targets[i].dialect, targets[i].path, "{\"model\":\"m\"}", &out);
        if (st != (call ? ST_OK : ST_NOTFOUND) || out.dialect != targets[i].speaks) {
            fail_msg("%s: %s, %s", targets[i].path, status_name(st),
                     usage_dialect_name(out.dialect));
        }
        assert_status(ask(targets[i].dialect, targets[i].path, "", &out), ST_NOTFOUND);
    }
}

/* A path of any length is read or refused, never overrun. */
static void long_paths(void **state)
{
    (void)state;
    static char path[8192];
    struct usage_ask out;
    memset(path, '/', sizeof(path) - 1);
    memcpy(path + sizeof(path) - 13, "/v1/messages", 13);
    assert_status(ask(USAGE_ANTHROPIC, path, "{}", &out), ST_OK);
    memset(path, 'x', 4000);
    assert_status(ask(USAGE_ANTHROPIC, path, "{}", &out), ST_NOTFOUND);
}

static void model_and_stream(void **state)
{
    (void)state;
    struct usage_ask out;
    assert_status(ask(USAGE_ANTHROPIC, "/v1/messages",
                      "{\"messages\":[{\"model\":\"x\",\"stream\":false}],"
                      "\"mod\\u0065l\":\"claude-\\u0061\",\"stream\":true}",
                      &out),
                  ST_OK);
    assert_string_equal(out.model, "claude-a");
    assert_true(out.streamed);
    assert_status(
        ask(USAGE_ANTHROPIC, "/v1/messages", "{\"model\":\"m\",\"stream\":\"true\"}", &out), ST_OK);
    assert_false(out.streamed);
}

static void gemini_names_them_in_the_path(void **state)
{
    (void)state;
    struct usage_ask out;
    assert_status(ask(USAGE_GEMINI, "/v1beta/models/gemini%2D2.5-pro:streamGenerateContent?alt=sse",
                      "{\"model\":\"another\"}", &out),
                  ST_OK);
    assert_string_equal(out.model, "gemini-2.5-pro");
    assert_true(out.streamed);
    assert_status(ask(USAGE_GEMINI, "/v1beta/models/:generateContent", "{}", &out), ST_INVALID);
    assert_status(ask(USAGE_GEMINI, "/v1beta/models/a%00b:generateContent", "{}", &out),
                  ST_INVALID);
}

/* What cannot be known is not guessed. */
static void bodies_that_say_nothing_sure(void **state)
{
    (void)state;
    static char deep[512];
    static char name[400] = "{\"model\":\"";
    memset(deep, '[', sizeof(deep) - 1);
    memcpy(deep, "{\"a\":", 5);
    memset(name + 10, 'm', 300);
    memcpy(name + 310, "\"}", 3);
    const char *const bodies[] = {
        "{\"model\":\"a\",\"model\":\"b\"}",
        "{\"model\":\"a\",\"m\\u006fdel\":\"b\"}",
        "{\"model\":\"a\",\"stream\":true,\"stream\":false}",
        "{\"model\":[\"a\"]}",
        "{\"model\":7}",
        "[{\"model\":\"a\"}]",
        "{\"model\":\"a\"",
        "{\"model\":\"a\"} x",
        "{\"model\":\"a\"}{\"model\":\"b\"}",
        "\x1f\x8b\x08",
        "\"model\"",
        deep,
        name,
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct usage_ask out;
        enum status st = ask(USAGE_OPENAI_CHAT, "/v1/chat/completions", bodies[i], &out);
        if (st != ST_INVALID || out.model[0] != '\0') {
            fail_msg("%s: %s, model %s", bodies[i], status_name(st), out.model);
        }
        assert_int_equal(out.dialect, USAGE_OPENAI_CHAT);
    }
}

/* ---- at most */

static const struct {
    enum usage_dialect dialect;
    const char *path, *body;
    int64_t most;
    bool refers, background;
} mosts[] = {
    {USAGE_ANTHROPIC,        "/v1/messages",                     "{\"model\":\"m\",\"max_tokens\":32000}",            32000,        false,
     false                                                                                                                                      },
    {USAGE_ANTHROPIC,        "/v1/messages",                     "{\"model\":\"m\"}",                                 USAGE_UNSAID, false, false},
    {USAGE_ANTHROPIC,        "/v1/messages",                     "{\"m\\u0061x_tokens\":7}",                          7,            false, false},
    {USAGE_ANTHROPIC,        "/v1/messages",                     "{\"max_tokens\":\"7\"}",                            USAGE_UNSAID, false, false},
    {USAGE_ANTHROPIC,        "/v1/messages",                     "{\"max_tokens\":-7}",                               USAGE_UNSAID, false, false},
    {USAGE_ANTHROPIC,        "/v1/messages",                     "{\"max_tokens\":7,\"max_tokens\":70000}",           USAGE_UNSAID, true,
     false                                                                                                                                      },
    {USAGE_ANTHROPIC,        "/v1/messages",                     "{\"max_tokens\":7",                                 USAGE_UNSAID, true,  false},
    {USAGE_ANTHROPIC,        "/v1/messages",
     "{\"max_tokens\":7,\"tools\":[{\"type\":\"custom\"},{\"name\":\"a\"},{\"type\":\"bash_20250124\"}]}",
     7,                                                                                                                             false, false},
    {USAGE_ANTHROPIC,        "/v1/messages",
     "{\"max_tokens\":7,\"tools\":[{\"type\":\"web_search_20250305\"}]}",                                             7,            false, false},
    {USAGE_ANTHROPIC,        "/v1/messages",
     "{\"max_tokens\":7,\"messages\":[{\"content\":[{\"type\":\"tool_result\",\"content\":[{\"source\":"
     "{\"type\":\"file\",\"file_id\":\"f\"}}]}]}]}",                                                                  7,            true,  false},
    {USAGE_ANTHROPIC,        "/v1/messages",
     "{\"max_tokens\":7,\"messages\":[{\"content\":[{\"source\":{\"type\":\"base64\",\"data\":\"x\"}}]}]}",
     7,                                                                                                                             false, false},
    {USAGE_OPENAI_RESPONSES, "/v1/responses",
     "{\"max_output_tokens\":9,\"previous_response_id\":null}",                                                       9,            false, false},
    {USAGE_OPENAI_RESPONSES, "/v1/responses",                    "{\"max_tokens\":9,\"previous_response_id\":\"r\"}",
     USAGE_UNSAID,                                                                                                                  true,  false},
    {USAGE_OPENAI_RESPONSES, "/v1/responses",                    "{\"background\":true}",                             USAGE_UNSAID, false, true },
    {USAGE_OPENAI_RESPONSES, "/v1/responses",                    "{\"background\":false}",                            USAGE_UNSAID, false, false},
    {USAGE_OPENAI_RESPONSES, "/v1/responses",
     "{\"input\":[{\"content\":[{\"image_url\":\"data:image/png;base64,AAAA\"}]}]}",                                  USAGE_UNSAID,
     false,                                                                                                                                false},
    {USAGE_OPENAI_RESPONSES, "/v1/responses",
     "{\"input\":[{\"content\":[{\"image_url\":\"https://x/\"}]}]}",                                                  USAGE_UNSAID, true,  false},
    {USAGE_OPENAI_RESPONSES, "/v1/responses",                    "{\"input\":[{\"type\":\"item_reference\"}]}",
     USAGE_UNSAID,                                                                                                                  true,  false},
    {USAGE_OPENAI_CHAT,      "/v1/chat/completions",
     "{\"max_tokens\":5,\"max_completion_tokens\":50,\"n\":3}",                                                       150,          false, false},
    {USAGE_OPENAI_CHAT,      "/v1/completions",
     "{\"max_tokens\":5,\"prompt\":[\"a\",\"b\"],\"best_of\":2}",                                                     20,           false, false},
    {USAGE_OPENAI_CHAT,      "/v1/chat/completions",
     "{\"max_tokens\":9007199254740991,\"n\":9007199254740991}",                                                      USAGE_UNSAID, false, false},
    {USAGE_OPENAI_CHAT,      "/v1/embeddings",                   "{\"model\":\"e\",\"input\":\"a\"}",                 0,            false, false},
    {USAGE_GEMINI,           "/v1beta/models/m:generateContent",
     "{\"generation_config\":{\"maxOutputTokens\":8,\"candidateCount\":2}}",                                          16,           false, false},
    {USAGE_GEMINI,           "/v1beta/models/m:generateContent",
     "{\"cachedContent\":\"cachedContents/x\",\"tools\":[{\"functionDeclarations\":[]}]}",                            USAGE_UNSAID, true,  false},
    {USAGE_GEMINI,           "/v1beta/models/m:generateContent", "{\"tools\":[{\"googleSearch\":{}}]}",
     USAGE_UNSAID,                                                                                                                  true,  false},
};

/* Tools that the client runs find nothing by themselves, nor does a search among those of the
 * request. */
static void which_tools_the_service_runs(void **state)
{
    static const struct {
        enum usage_dialect dialect;
        const char *path, *type;
        bool tools;
    } rows[] = {
        {USAGE_ANTHROPIC,        "/v1/messages",         "bash_20250124",       false},
        {USAGE_ANTHROPIC,        "/v1/messages",         "web_search_20250305", true },
        {USAGE_OPENAI_RESPONSES, "/v1/responses",        "function",            false},
        {USAGE_OPENAI_RESPONSES, "/v1/responses",        "custom",              false},
        {USAGE_OPENAI_RESPONSES, "/v1/responses",        "tool_search",         false},
        {USAGE_OPENAI_RESPONSES, "/v1/responses",        "web_search",          true },
        {USAGE_OPENAI_RESPONSES, "/v1/responses",        "mcp",                 true },
        {USAGE_OPENAI_CHAT,      "/v1/chat/completions", "of_tomorrow",         true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char body[256];
        struct usage_ask out;
        (void)snprintf(body, sizeof(body),
                       "{\"model\":\"m\",\"tools\":[{\"type\":\"function\"},{\"type\":\"%s\"}]}",
                       rows[i].type);
        assert_int_equal(ask(rows[i].dialect, rows[i].path, body, &out), ST_OK);
        if (out.tools != rows[i].tools || out.refers) {
            fail_msg("%s: tools %d, refers %d", rows[i].type, out.tools, out.refers);
        }
    }
}

static void what_it_may_use_at_most(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mosts); i++) {
        struct usage_ask out;
        (void)ask(mosts[i].dialect, mosts[i].path, mosts[i].body, &out);
        if (out.most_out != mosts[i].most || out.refers != mosts[i].refers ||
            out.background != mosts[i].background) {
            fail_msg("%s: most %lld, refers %d, background %d", mosts[i].body,
                     (long long)out.most_out, out.refers, out.background);
        }
    }
}

/* ---- what it is for */

static const struct {
    enum usage_dialect dialect;
    const char *method, *path;
    enum usage_call call;
    const char *what; /* or the id */
} kinds[] = {
    {USAGE_ANTHROPIC,        "POST",   "/v1/messages",                                      USAGE_ANSWERS, NULL                              },
    {USAGE_ANTHROPIC,        "PATCH",  "/v1/messages",                                      USAGE_ANSWERS, NULL                              },
    {USAGE_ANTHROPIC,        "GET",    "/v1/messages",                                      USAGE_FREE,    NULL                              },
    {USAGE_ANTHROPIC,        "POST",   "/v1/messages/count_tokens",                         USAGE_FREE,    NULL                              },
    {USAGE_ANTHROPIC,        "POST",   "/v1/messages#/messages/count_tokens",               USAGE_ANSWERS, NULL                              },
    {USAGE_ANTHROPIC,        "POST",   "/v1/messages?/messages/count_tokens",               USAGE_ANSWERS, NULL                              },
    {USAGE_ANTHROPIC,        "POST",   "/v1/count_tokens",                                  USAGE_OTHER,   "a kind of call that is not known"},
    {USAGE_ANTHROPIC,        "POST",   "/v1/messages/batches",                              USAGE_OTHER,   "batches"                         },
    {USAGE_ANTHROPIC,        "POST",   "/v1/messages/b%61tches/",                           USAGE_OTHER,   "batches"                         },
    {USAGE_ANTHROPIC,        "POST",   "/v1/messages/batches/b1/cancel",                    USAGE_FREE,    NULL                              },
    {USAGE_ANTHROPIC,        "POST",   "/v1/files",                                         USAGE_OTHER,   "files"                           },
    {USAGE_ANTHROPIC,        "GET",    "/v1/responses/resp_1",                              USAGE_FREE,    NULL                              },
    {USAGE_OPENAI_RESPONSES, "GET",    "/v1/responses/resp_1?stream=true&starting_after=4",
     USAGE_FETCHES,                                                                                        "resp_1"                          },
    {USAGE_OPENAI_RESPONSES, "GET",    "/v1/responses/resp_1/input_items",                  USAGE_FREE,    NULL                              },
    {USAGE_OPENAI_RESPONSES, "GET",    "/v1/responses",                                     USAGE_FREE,    NULL                              },
    {USAGE_OPENAI_RESPONSES, "DELETE", "/v1/responses/resp_1",                              USAGE_FREE,    NULL                              },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/responses/resp_1/cancel",                       USAGE_FREE,    NULL                              },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/responses/resp_1",                              USAGE_OTHER,
     "a kind of call that is not known"                                                                                                      },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/batches",                                       USAGE_OTHER,   "batches"                         },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/images/generations",                            USAGE_OTHER,   "pictures"                        },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/audio/speech",                                  USAGE_OTHER,   "audio"                           },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/embeddings",                                    USAGE_ANSWERS, NULL                              },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/moderations",                                   USAGE_FREE,    NULL                              },
    {USAGE_OPENAI_RESPONSES, "POST",   "/v1/videos",                                        USAGE_OTHER,   "videos"                          },
    {USAGE_OPENAI_RESPONSES, "BREW",   "/v1/x",                                             USAGE_OTHER,   "a kind of call that is not known"},
    {USAGE_GEMINI,           "POST",   "/v1beta/models/m:countTokens",                      USAGE_FREE,    NULL                              },
    {USAGE_GEMINI,           "POST",   "/v1beta/batches/b1:cancel",                         USAGE_FREE,    NULL                              },
    {USAGE_GEMINI,           "POST",   "/v1beta/models/m:generateContent:cancel:batch",     USAGE_OTHER,   "batches"                         },
    {USAGE_GEMINI,           "POST",   "/v1beta/models/m:batchGenerateContent",             USAGE_OTHER,   "batches"                         },
    {USAGE_GEMINI,           "POST",   "/v1beta/models/m:embedContent",                     USAGE_OTHER,   "embeddings"                      },
    {USAGE_GEMINI,           "POST",   "/upload/v1beta/files",                              USAGE_OTHER,   "files"                           },
};

static void what_each_is_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct usage_call_kind k =
            usage_call_kind(kinds[i].dialect, span_str(kinds[i].method), span_str(kinds[i].path));
        const char *got = k.call == USAGE_FETCHES ? k.id : k.what;
        if (k.call != kinds[i].call || (kinds[i].what && strcmp(got, kinds[i].what) != 0)) {
            fail_msg("%s %s: %d, %s", kinds[i].method, kinds[i].path, k.call, got);
        }
    }
    static char path[400] = "/v1/responses/";
    memset(path + 14, 'x', 300);
    assert_int_equal(usage_call_kind(USAGE_OPENAI_RESPONSES, SPAN("GET"), span_str(path)).call,
                     USAGE_FREE);
}

/* ---- where it names its model */

static const struct {
    enum usage_dialect dialect;
    const char *path;
    enum usage_place place;
    const char *model;
} places[] = {
    {USAGE_ANTHROPIC,        "/v1/messages",                                       USAGE_MODEL_IN_BODY, ""   },
    {USAGE_ANTHROPIC,        "/v1/messages/count_tokens?beta=true",                USAGE_MODEL_IN_BODY, ""   },
    {USAGE_ANTHROPIC,        "/v1//mess%61ges/",                                   USAGE_MODEL_IN_BODY, ""   },
    {USAGE_ANTHROPIC,        "/v1/messages/batches",                               USAGE_MODEL_NOWHERE, ""   },
    {USAGE_ANTHROPIC,        "/v1/messages/batches#/messages",                     USAGE_MODEL_NOWHERE, ""   },
    {USAGE_ANTHROPIC,        "/v1/complete",                                       USAGE_MODEL_NOWHERE, ""   },
    {USAGE_OPENAI_RESPONSES, "/v1/responses",                                      USAGE_MODEL_IN_BODY, ""   },
    {USAGE_OPENAI_RESPONSES, "/v1/chat/completions",                               USAGE_MODEL_IN_BODY, ""   },
    {USAGE_OPENAI_RESPONSES, "/v1/responses/compact",                              USAGE_MODEL_IN_BODY, ""   },
    {USAGE_OPENAI_RESPONSES, "/v1/embeddings",                                     USAGE_MODEL_IN_BODY, ""   },
    {USAGE_OPENAI_RESPONSES, "/v1/responses/resp_1/cancel",                        USAGE_MODEL_NOWHERE, ""   },
    {USAGE_OPENAI_RESPONSES, "/v1/batches",                                        USAGE_MODEL_NOWHERE, ""   },
    {USAGE_OPENAI_RESPONSES, "/v1/files",                                          USAGE_MODEL_NOWHERE, ""   },
    {USAGE_GEMINI,           "/v1beta/models/g-2:generateContent",                 USAGE_MODEL_IN_PATH, "g-2"},
    {USAGE_GEMINI,           "/v1beta/models/%67-2:streamGenerateContent?alt=sse", USAGE_MODEL_IN_PATH,
     "g-2"                                                                                                   },
    {USAGE_GEMINI,           "/v1beta/models/a/../g-2:generateContent",            USAGE_MODEL_IN_PATH, "g-2"},
    {USAGE_GEMINI,           "/v1beta/tunedModels/g-2:generateContent",            USAGE_MODEL_NOWHERE, "g-2"},
    {USAGE_GEMINI,           "/v1beta/models/:generateContent",                    USAGE_MODEL_NOWHERE, ""   },
    {USAGE_GEMINI,           "/v1beta/models/a%00b:generateContent",               USAGE_MODEL_NOWHERE, ""   },
    {USAGE_GEMINI,           "/v1beta/models/g-2:countTokens",                     USAGE_MODEL_NOWHERE, ""   },
    {USAGE_GEMINI,           "/v1beta/models/g-2:batchGenerateContent",            USAGE_MODEL_NOWHERE, ""   },
    {USAGE_HTTP,             "/anything/at/all",                                   USAGE_MODEL_NOWHERE, ""   },
};

static void where_each_names_its_model(void **state)
{
    (void)state;
    static char path[4096];
    char model[USAGE_MODEL_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        enum usage_place place =
            usage_model_place(places[i].dialect, span_str(places[i].path), model);
        if (place != places[i].place || strcmp(model, places[i].model) != 0) {
            fail_msg("%s: %d, '%s'", places[i].path, place, model);
        }
    }
    (void)snprintf(path, sizeof(path), "/v1beta/models/%0300d:generateContent", 1);
    assert_int_equal(usage_model_place(USAGE_GEMINI, span_str(path), model), USAGE_MODEL_NOWHERE);
    memset(path, 'x', sizeof(path) - 1);
    assert_int_equal(usage_model_place(USAGE_ANTHROPIC, span_str(path), model),
                     USAGE_MODEL_NOWHERE);
}

static void the_model_is_the_one_that_any_reader_takes(void **state)
{
    (void)state;
    static const struct {
        const char *json, *model;
        enum status st;
    } cases[] = {
        {"{\"model\":\"m\"}",                                               "m",   ST_OK      },
        {" { \"a\" : [1,{\"model\":\"no\"}] , \"model\" : \"yes\" } \n",    "yes", ST_OK      },
        {"{\"a\":\"\\\"model\\\":\\\"no\\\"\",\"model\":\"y\",\"b\":null}", "y",   ST_OK      },
        {"{\"a\":{\"model\":\"no\"}}",                                      "",    ST_NOTFOUND},
        {"{}",                                                              "",    ST_NOTFOUND},
        {"{\"model\":\"a\",\"model\":\"b\"}",                               "",    ST_INVALID },
        {"{\"model\":\"a\",\"mod\\u0065l\":\"b\"}",                         "",    ST_INVALID },
        {"{\"model\":\"a\\u0062\"}",                                        "",    ST_INVALID },
        {"{\"model\":5}",                                                   "",    ST_INVALID },
        {"{\"model\":null}",                                                "",    ST_INVALID },
        {"{\"model\":\"a\"} {\"model\":\"b\"}",                             "",    ST_INVALID },
        {"[{\"model\":\"a\"}]",                                             "",    ST_INVALID },
        {"{\"model\":\"a\"",                                                "",    ST_INVALID },
        {"{\"a\":]}",                                                       "",    ST_INVALID },
        {"{\"a\":\"",                                                       "",    ST_INVALID },
        {"",                                                                "",    ST_INVALID },
        {"{\"model\":\"a\nb\"}",                                            "",    ST_INVALID },
        {"{\"model\":{\"model\":\"a\"}}",                                   "",    ST_INVALID },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char model[USAGE_MODEL_BYTES];
        enum status st = usage_body_model(span_str(cases[i].json), model);
        if (st != cases[i].st || strcmp(model, cases[i].model) != 0) {
            fail_msg("case %zu: %s", i, cases[i].json);
        }
    }
}

/* ---- the same again */

#define CLAUDE_BODY(past, id, command, result, more)                                               \
    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"do it\"}," past               \
    "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Again " id "\"},"          \
    "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"Bash\",\"input\":{\"command\":\"" command \
    "\"}}]},{\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"" id                         \
    "\",\"content\":\"" result "\"" more "}],\"role\":\"user\"}]}"
#define PAST                                                                                       \
    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"0\",\"name\":\"Bash\","  \
    "\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":\"x\"}]},"
#define CACHED ",\"cache_control\":{\"type\":\"ephemeral\"}"

static uint64_t claude(const char *body)
{
    return same(USAGE_ANTHROPIC, "/v1/messages", body);
}

static void the_same_step_again(void **state)
{
    (void)state;
    uint64_t once = claude(CLAUDE_BODY("", "1", "ls", "no", ""));
    assert_true(once == claude(CLAUDE_BODY("", "1", "ls", "no", "")));
    assert_true(once == claude(CLAUDE_BODY(PAST, "2", "ls", "no", CACHED)));
    assert_false(once == claude(CLAUDE_BODY("", "1", "pwd", "no", "")));
    assert_false(once == claude(CLAUDE_BODY("", "1", "ls", "yes", "")));
    assert_false(once == claude("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                                "\"do it\"}]}"));
}

static void another_model_is_another_call(void **state)
{
    (void)state;
    assert_false(claude("{\"model\":\"a\",\"messages\":[]}") ==
                 claude("{\"model\":\"b\",\"messages\":[]}"));
}

#define CODEX_BODY(past, id, command, result)                                                      \
    "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":"             \
    "[{\"type\":\"input_text\",\"text\":\"do\"}]}," past "{\"type\":\"reasoning\",\"id\":\"rs_" id \
    "\",\"encrypted_content\":\"" id "\"},{\"type\":\"function_call\",\"id\":\"fc_" id             \
    "\",\"name\":\"shell\",\"call_id\":\"" id "\",\"arguments\":\"" command                        \
    "\"},{\"type\":\"function_call_output\",\"call_id\":\"" id "\",\"output\":\"" result "\"}]}"
#define CODEX_PAST                                                                                 \
    "{\"type\":\"function_call\",\"name\":\"a\",\"arguments\":\"{}\"},"                            \
    "{\"type\":\"function_call_output\",\"output\":\"b\"},"

static uint64_t codex(const char *body)
{
    return same(USAGE_OPENAI_RESPONSES, "/v1/responses", body);
}

static void the_same_step_of_codex(void **state)
{
    (void)state;
    uint64_t once = codex(CODEX_BODY("", "1", "ls", "no"));
    assert_true(once == codex(CODEX_BODY(CODEX_PAST, "2", "ls", "no")));
    assert_false(once == codex(CODEX_BODY("", "1", "pwd", "no")));
    assert_false(once == codex(CODEX_BODY("", "1", "ls", "yes")));
    assert_false(codex("{\"model\":\"m\",\"input\":\"a\"}") ==
                 codex("{\"model\":\"m\",\"input\":\"b\"}"));
}

#define CHAT_BODY(id, arguments, result)                                                           \
    "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"s" id                       \
    "\"},{\"role\":\"assistant\",\"content\":\"hm " id "\",\"tool_calls\":[{\"id\":\"" id          \
    "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"" arguments             \
    "\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" result "\"}]}"

static uint64_t chat(const char *body)
{
    return same(USAGE_OPENAI_CHAT, "/v1/chat/completions", body);
}

static void the_same_step_of_chat(void **state)
{
    (void)state;
    uint64_t once = chat(CHAT_BODY("1", "a", "no"));
    assert_true(once == chat(CHAT_BODY("2", "a", "no")));
    assert_false(once == chat(CHAT_BODY("1", "b", "no")));
    assert_false(once == chat(CHAT_BODY("1", "a", "yes")));
}

#define GEMINI_BODY(id, args, result)                                                              \
    "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"do " id                              \
    "\"}]},{\"role\":\"model\",\"parts\":[{\"text\":\"hm " id                                      \
    "\"},{\"functionCall\":{\"id\":\"" id "\",\"name\":\"f\",\"args\":" args                       \
    "},\"thoughtSignature\":\"" id "\"}]},{\"parts\":[{\"functionResponse\":{\"id\":\"" id         \
    "\",\"name\":\"f\",\"response\":{\"output\":\"" result "\"}}}],\"role\":\"user\"}]}"

static uint64_t gemini(const char *body)
{
    return same(USAGE_GEMINI, "/v1beta/models/m:generateContent", body);
}

static void the_same_step_of_gemini(void **state)
{
    (void)state;
    uint64_t once = gemini(GEMINI_BODY("1", "{\"a\":1}", "no"));
    assert_true(once == gemini(GEMINI_BODY("2", "{ \"a\" : 1 }", "no")));
    assert_false(once == gemini(GEMINI_BODY("1", "{\"a\":2}", "no")));
    assert_false(once == gemini(GEMINI_BODY("1", "{\"a\":1}", "yes")));
}

static void dialects_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < USAGE_DIALECT_COUNT; i++) {
        enum usage_dialect found = USAGE_DIALECT_COUNT;
        const char *name = usage_dialect_name((enum usage_dialect)i);
        assert_status(usage_dialect_named(span_str(name), &found), ST_OK);
        assert_int_equal(found, i);
    }
    enum usage_dialect found;
    assert_status(usage_dialect_named(SPAN("openai"), &found), ST_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_are_calls),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(model_and_stream),
        cmocka_unit_test(gemini_names_them_in_the_path),
        cmocka_unit_test(bodies_that_say_nothing_sure),
        cmocka_unit_test(what_it_may_use_at_most),
        cmocka_unit_test(which_tools_the_service_runs),
        cmocka_unit_test(what_each_is_for),
        cmocka_unit_test(where_each_names_its_model),
        cmocka_unit_test(the_model_is_the_one_that_any_reader_takes),
        cmocka_unit_test(the_same_step_again),
        cmocka_unit_test(another_model_is_another_call),
        cmocka_unit_test(the_same_step_of_codex),
        cmocka_unit_test(the_same_step_of_chat),
        cmocka_unit_test(the_same_step_of_gemini),
        cmocka_unit_test(dialects_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
