/* sources.c - whose telemetry says what. One row is one runtime; a new one is a table of its words.
 */
#include "telemetry_priv.h"

/* Tool calls are told by the hooks and joined by tool_use_id. */
static const struct log_kind CLAUDE_LOGS[] = {
    {"api_request",   log_answer,   false},
    {"api_error",     log_attempt,  false},
    {"tool_decision", log_decision, false},
    {"tool_result",   log_result,   true },
    {NULL,            NULL,         false},
};

/* `tool_call` carries no id that a call of the hooks could be told by: they are only counted. */
static const struct log_kind GEMINI_LOGS[] = {
    {"api_response", log_answer,  false},
    {"api_error",    log_attempt, false},
    {"tool_call",    log_ran,     true },
    {NULL,           NULL,        false},
};

static const struct source SOURCES[] = {
    {
     .service = "claude-code",
     .prefix = "claude_code.",
     .agents = "claude:",
     .bare_names = true,
     .tells_giving_up = true,
     .usage = {{"input_tokens", NULL, USAGE_IN, USAGE_NOWHERE},
                  {"output_tokens", NULL, USAGE_OUT, USAGE_NOWHERE},
                  {"cache_read_tokens", NULL, USAGE_CACHE_READ, USAGE_IN},
                  {"cache_creation_tokens", NULL, USAGE_CACHE_WRITE, USAGE_IN}},
     .logs = CLAUDE_LOGS,
     },
    {
     .service = "gemini-cli",
     .prefix = "gemini_cli.",
     .agents = "gemini:",
     .usage = {{"input_token_count", NULL, USAGE_IN, USAGE_NOWHERE},
                  {"output_token_count", NULL, USAGE_OUT, USAGE_NOWHERE},
                  {"tool_token_count", NULL, USAGE_IN, USAGE_NOWHERE},
                  {"cached_content_token_count", NULL, USAGE_CACHE_READ, USAGE_NOWHERE},
                  {"thoughts_token_count", NULL, USAGE_REASONING, USAGE_OUT}},
     .logs = GEMINI_LOGS,
     },
};

const struct source *source_at(size_t n)
{
    return n < ARRAY_LEN(SOURCES) ? &SOURCES[n] : NULL;
}

const struct source *source_of_service(struct span service)
{
    for (size_t i = 0; i < ARRAY_LEN(SOURCES); i++) {
        if (span_is(service, SOURCES[i].service)) {
            return &SOURCES[i];
        }
    }
    return NULL;
}

const struct source *source_of_agent(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(SOURCES); i++) {
        if (span_starts(span_str(id), SOURCES[i].agents)) {
            return &SOURCES[i];
        }
    }
    return NULL;
}
