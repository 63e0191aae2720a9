/* What each dialect looks like: where its figures stand in an answer, and what of a request says
 * what is asked. usage.h names the sources. */
#include "usage_priv.h"

/* clang-format off */
#define FIGURE(part, gates, ...) {{__VA_ARGS__}, WHAT_FIGURE, part, gates, TAKE_TOKEN}
#define SAYS(what, gates, ...)   {{__VA_ARGS__}, what, 0, gates, TAKE_TOKEN}
#define TELLS(what, ...)         {{__VA_ARGS__}, what, 0, 0, TAKE_TOKEN}
#define FOLDS(what, ...)         {{__VA_ARGS__}, what, 0, 0, TAKE_FOLD}
#define FOLDS_TEXT(what, ...)    {{__VA_ARGS__}, what, 0, 0, TAKE_FOLD_TEXT}
#define EACH(...)                {{__VA_ARGS__}, ASK_ITEM, 0, 0, TAKE_EACH}
#define REFERS(how, ...)         {{__VA_ARGS__}, ASK_REFERS, how, 0, TAKE_TOKEN}
#define MAKES(...)               {{__VA_ARGS__}, WHAT_TEXT, 0, 0, TAKE_FOLD}
#define MAKES_TEXT(...)          {{__VA_ARGS__}, WHAT_TEXT, 0, 0, TAKE_FOLD_TEXT}

#define IN_START 1
#define IN_WHOLE 2
#define IN_ERROR 4
#define ALWAYS   USAGE_ALWAYS

/* ---- Anthropic Messages */

static const struct usage_want anthropic_answer[] = {
    SAYS(WHAT_FRAME, ALWAYS, "type"),
    SAYS(WHAT_MODEL, IN_START, "message", "model"),
    SAYS(WHAT_MODEL, IN_WHOLE, "model"),
    SAYS(WHAT_STOP, IN_WHOLE, "delta", "stop_reason"),
    SAYS(WHAT_STOP, IN_WHOLE, "stop_reason"),
    SAYS(WHAT_ERROR, ALWAYS, "error", "type"),
    SAYS(WHAT_STEP, IN_WHOLE, "usage", "iterations", "*", "type"),
    SAYS(WHAT_PART, ALWAYS, "content_block", "type"),
    FIGURE(FIGURE_IN_APART, IN_START, "message", "usage", "input_tokens"),
    FIGURE(FIGURE_CACHE_READ, IN_START, "message", "usage", "cache_read_input_tokens"),
    FIGURE(FIGURE_CACHE_WRITE, IN_START, "message", "usage", "cache_creation_input_tokens"),
    FIGURE(FIGURE_CACHE_WRITE_1H, IN_START, "message", "usage", "cache_creation", "ephemeral_1h_input_tokens"),
    FIGURE(FIGURE_OUT_WHOLE, IN_START, "message", "usage", "output_tokens"),
    FIGURE(FIGURE_IN_APART, IN_WHOLE, "usage", "input_tokens"),
    FIGURE(FIGURE_CACHE_READ, IN_WHOLE, "usage", "cache_read_input_tokens"),
    FIGURE(FIGURE_CACHE_WRITE, IN_WHOLE, "usage", "cache_creation_input_tokens"),
    FIGURE(FIGURE_CACHE_WRITE_1H, IN_WHOLE, "usage", "cache_creation", "ephemeral_1h_input_tokens"),
    FIGURE(FIGURE_OUT_WHOLE, IN_WHOLE, "usage", "output_tokens"),
    FIGURE(FIGURE_REASONING, IN_WHOLE, "usage", "output_tokens_details", "thinking_tokens"),
    MAKES("delta", "text"),
    MAKES("delta", "thinking"),
    MAKES("delta", "partial_json"),
    MAKES("content", "*", "text"),
    MAKES("content", "*", "thinking"),
    MAKES("content", "*", "input"),
};

static const struct usage_frame anthropic_frames[] = {
    {"message_start", IN_START, true, USAGE_CUT},
    {"message_delta", IN_WHOLE, false, USAGE_CUT},
    {"message_stop", 0, false, USAGE_COMPLETE},
    {"message", IN_WHOLE, false, USAGE_CUT},
    {"error", 0, false, USAGE_FAILED},
    {0},
};

static const char *const anthropic_beside[] = {"compaction", "advisor_message", NULL};

static const struct usage_want anthropic_ask[] = {
    TELLS(ASK_MODEL, "model"),
    TELLS(ASK_STREAM, "stream"),
    TELLS(ASK_ROLE, "messages", "*", "role"),
    FOLDS_TEXT(ASK_SAID, "messages", "*", "content"),
    FOLDS(ASK_SAID, "messages", "*", "content", "*", "text"),
    FOLDS(ASK_SAID, "messages", "*", "content", "*", "source"),
    FOLDS(ASK_SAID, "messages", "*", "content", "*", "content"),
    FOLDS(ASK_DID, "messages", "*", "content", "*", "name"),
    FOLDS(ASK_DID, "messages", "*", "content", "*", "input"),
    EACH("messages", "*"),
    TELLS(ASK_MOST, "max_tokens"),
    REFERS(REFERS_ANY, "container"),
    REFERS(REFERS_ANY, "mcp_servers"),
    REFERS(REFERS_TOOL, "tools", "*", "type"),
    REFERS(REFERS_ANY, "messages", "*", "content", "*", "source", "file_id"),
    REFERS(REFERS_ANY, "messages", "*", "content", "*", "source", "url"),
    REFERS(REFERS_ANY, "messages", "*", "content", "*", "content", "*", "source", "file_id"),
    REFERS(REFERS_ANY, "messages", "*", "content", "*", "content", "*", "source", "url"),
};

/* ---- OpenAI Responses. In a stream the response stands in its last event. */

#define RESPONSES_FIGURES(gates, ...)                                                              \
    FIGURE(FIGURE_IN_WHOLE, gates, __VA_ARGS__, "input_tokens"),                                   \
    FIGURE(FIGURE_CACHE_READ, gates, __VA_ARGS__, "input_tokens_details", "cached_tokens"),        \
    FIGURE(FIGURE_CACHE_WRITE, gates, __VA_ARGS__, "input_tokens_details", "cache_write_tokens"),  \
    FIGURE(FIGURE_OUT_WHOLE, gates, __VA_ARGS__, "output_tokens"),                                 \
    FIGURE(FIGURE_REASONING, gates, __VA_ARGS__, "output_tokens_details", "reasoning_tokens")

static const struct usage_want responses_answer[] = {
    SAYS(WHAT_FRAME, ALWAYS, "type"),
    SAYS(WHAT_FRAME, ALWAYS, "object"),
    SAYS(WHAT_MODEL, IN_START, "response", "model"),
    SAYS(WHAT_MODEL, IN_WHOLE, "model"),
    SAYS(WHAT_STATE, IN_WHOLE, "status"),
    SAYS(WHAT_PART, ALWAYS, "item", "type"),
    SAYS(WHAT_ID, IN_START, "response", "id"),
    SAYS(WHAT_ID, IN_WHOLE, "id"),
    SAYS(WHAT_ERROR, IN_START, "response", "error", "code"),
    SAYS(WHAT_ERROR, ALWAYS, "error", "type"),
    SAYS(WHAT_ERROR, ALWAYS, "error", "code"),
    SAYS(WHAT_ERROR, IN_ERROR, "code"),
    RESPONSES_FIGURES(IN_START, "response", "usage"),
    RESPONSES_FIGURES(IN_WHOLE, "usage"),
    MAKES_TEXT("delta"),
    MAKES("output", "*", "content", "*", "text"),
    MAKES("output", "*", "arguments"),
    MAKES("output", "*", "input"),
};

static const struct usage_frame responses_frames[] = {
    {"response.completed", IN_START, false, USAGE_COMPLETE},
    {"response.incomplete", IN_START, false, USAGE_COMPLETE},
    {"response.failed", IN_START, false, USAGE_FAILED},
    {"response.created", IN_START, true, USAGE_CUT},
    {"response.in_progress", IN_START, true, USAGE_CUT},
    {"response", IN_WHOLE, false, USAGE_CUT},
    {"response.compaction", IN_WHOLE, false, USAGE_COMPLETE},
    {"error", IN_ERROR, false, USAGE_FAILED},
    {0},
};

static const struct usage_frame responses_states[] = {
    {"completed", 0, false, USAGE_COMPLETE},
    {"incomplete", 0, false, USAGE_COMPLETE},
    {"failed", 0, false, USAGE_FAILED},
    {0},
};

static const struct usage_want responses_ask[] = {
    TELLS(ASK_MODEL, "model"),
    TELLS(ASK_STREAM, "stream"),
    TELLS(ASK_ROLE, "input", "*", "role"),
    TELLS(ASK_ROLE, "input", "*", "type"),
    FOLDS_TEXT(ASK_SAID, "input"),
    FOLDS_TEXT(ASK_SAID, "input", "*", "content"),
    FOLDS(ASK_SAID, "input", "*", "content", "*", "text"),
    FOLDS(ASK_SAID, "input", "*", "content", "*", "image_url"),
    FOLDS(ASK_SAID, "input", "*", "output"),
    FOLDS(ASK_DID, "input", "*", "name"),
    FOLDS(ASK_DID, "input", "*", "arguments"),
    FOLDS(ASK_DID, "input", "*", "input"),
    FOLDS(ASK_DID, "input", "*", "action"),
    EACH("input", "*"),
    TELLS(ASK_MOST, "max_output_tokens"),
    TELLS(ASK_BACKGROUND, "background"),
    REFERS(REFERS_ANY, "previous_response_id"),
    REFERS(REFERS_ANY, "conversation"),
    REFERS(REFERS_ANY, "prompt"),
    REFERS(REFERS_TOOL, "tools", "*", "type"),
    REFERS(REFERS_ITEM, "input", "*", "type"),
    REFERS(REFERS_ANY, "input", "*", "content", "*", "file_id"),
    REFERS(REFERS_ANY, "input", "*", "content", "*", "file_url"),
    REFERS(REFERS_URL, "input", "*", "content", "*", "image_url"),
    REFERS(REFERS_ANY, "input", "*", "output", "*", "file_id"),
    REFERS(REFERS_URL, "input", "*", "output", "*", "image_url"),
};

/* ---- OpenAI Chat Completions, and the completions before them; embeddings tell as they do */

static const struct usage_want chat_answer[] = {
    SAYS(WHAT_MODEL, ALWAYS, "model"),
    SAYS(WHAT_STOP, ALWAYS, "choices", "*", "finish_reason"),
    SAYS(WHAT_STOP, ALWAYS, "data", "*", "object"),
    SAYS(WHAT_ERROR, ALWAYS, "error", "type"),
    SAYS(WHAT_ERROR, ALWAYS, "error", "code"),
    FIGURE(FIGURE_IN_WHOLE, ALWAYS, "usage", "prompt_tokens"),
    FIGURE(FIGURE_CACHE_READ, ALWAYS, "usage", "prompt_tokens_details", "cached_tokens"),
    FIGURE(FIGURE_CACHE_WRITE, ALWAYS, "usage", "prompt_tokens_details", "cache_write_tokens"),
    FIGURE(FIGURE_OUT_WHOLE, ALWAYS, "usage", "completion_tokens"),
    FIGURE(FIGURE_REASONING, ALWAYS, "usage", "completion_tokens_details", "reasoning_tokens"),
    MAKES("choices", "*", "delta", "content"),
    MAKES("choices", "*", "delta", "reasoning_content"),
    MAKES("choices", "*", "delta", "tool_calls", "*", "function", "arguments"),
    MAKES("choices", "*", "message", "content"),
    MAKES("choices", "*", "message", "tool_calls", "*", "function", "arguments"),
    MAKES("choices", "*", "text"),
};

static const struct usage_want chat_ask[] = {
    TELLS(ASK_MODEL, "model"),
    TELLS(ASK_STREAM, "stream"),
    TELLS(ASK_ROLE, "messages", "*", "role"),
    FOLDS(ASK_SAID, "prompt"),
    FOLDS_TEXT(ASK_SAID, "messages", "*", "content"),
    FOLDS(ASK_SAID, "messages", "*", "content", "*", "text"),
    FOLDS(ASK_SAID, "messages", "*", "content", "*", "image_url"),
    FOLDS(ASK_DID, "messages", "*", "tool_calls", "*", "function"),
    FOLDS(ASK_DID, "messages", "*", "tool_calls", "*", "custom"),
    FOLDS(ASK_DID, "messages", "*", "function_call"),
    EACH("messages", "*"),
    TELLS(ASK_MOST, "max_tokens"),
    TELLS(ASK_MOST, "max_completion_tokens"),
    TELLS(ASK_TIMES, "n"),
    TELLS(ASK_TIMES, "best_of"),
    {{"prompt", "*"}, ASK_PROMPT, 0, 0, TAKE_EACH},
    REFERS(REFERS_ANY, "web_search_options"),
    REFERS(REFERS_TOOL, "tools", "*", "type"),
    REFERS(REFERS_ANY, "messages", "*", "content", "*", "file", "file_id"),
    REFERS(REFERS_URL, "messages", "*", "content", "*", "image_url", "url"),
};

/* ---- Gemini */

static const struct usage_want gemini_answer[] = {
    SAYS(WHAT_MODEL, ALWAYS, "modelVersion"),
    SAYS(WHAT_STOP, ALWAYS, "candidates", "*", "finishReason"),
    SAYS(WHAT_STOP, ALWAYS, "promptFeedback", "blockReason"),
    SAYS(WHAT_ERROR, ALWAYS, "error", "code"),
    SAYS(WHAT_ERROR, ALWAYS, "error", "status"),
    FIGURE(FIGURE_IN_WHOLE, ALWAYS, "usageMetadata", "promptTokenCount"),
    FIGURE(FIGURE_IN_TOOL, ALWAYS, "usageMetadata", "toolUsePromptTokenCount"),
    FIGURE(FIGURE_CACHE_READ, ALWAYS, "usageMetadata", "cachedContentTokenCount"),
    FIGURE(FIGURE_OUT_APART, ALWAYS, "usageMetadata", "candidatesTokenCount"),
    FIGURE(FIGURE_REASONING, ALWAYS, "usageMetadata", "thoughtsTokenCount"),
    MAKES("candidates", "*", "content", "parts", "*", "text"),
    MAKES("candidates", "*", "content", "parts", "*", "functionCall"),
};

static const struct usage_want gemini_ask[] = {
    TELLS(ASK_ROLE, "contents", "*", "role"),
    FOLDS(ASK_SAID, "contents", "*", "parts", "*", "text"),
    FOLDS(ASK_SAID, "contents", "*", "parts", "*", "inlineData"),
    FOLDS(ASK_SAID, "contents", "*", "parts", "*", "fileData"),
    FOLDS(ASK_SAID, "contents", "*", "parts", "*", "functionResponse", "name"),
    FOLDS(ASK_SAID, "contents", "*", "parts", "*", "functionResponse", "response"),
    FOLDS(ASK_DID, "contents", "*", "parts", "*", "functionCall", "name"),
    FOLDS(ASK_DID, "contents", "*", "parts", "*", "functionCall", "args"),
    EACH("contents", "*"),
    TELLS(ASK_MOST, "generationConfig", "maxOutputTokens"),
    TELLS(ASK_MOST, "generation_config", "max_output_tokens"),
    TELLS(ASK_MOST, "generationConfig", "max_output_tokens"),
    TELLS(ASK_MOST, "generation_config", "maxOutputTokens"),
    TELLS(ASK_TIMES, "generationConfig", "candidateCount"),
    TELLS(ASK_TIMES, "generationConfig", "candidate_count"),
    TELLS(ASK_TIMES, "generation_config", "candidateCount"),
    TELLS(ASK_TIMES, "generation_config", "candidate_count"),
    REFERS(REFERS_ANY, "cachedContent"),
    REFERS(REFERS_ANY, "cached_content"),
    REFERS(REFERS_ANY, "tools", "*", "googleSearch"),
    REFERS(REFERS_ANY, "tools", "*", "google_search"),
    REFERS(REFERS_ANY, "tools", "*", "urlContext"),
    REFERS(REFERS_ANY, "tools", "*", "url_context"),
    REFERS(REFERS_ANY, "tools", "*", "codeExecution"),
    REFERS(REFERS_ANY, "tools", "*", "code_execution"),
    REFERS(REFERS_ANY, "tools", "*", "fileSearch"),
    REFERS(REFERS_ANY, "tools", "*", "file_search"),
    REFERS(REFERS_ANY, "contents", "*", "parts", "*", "fileData"),
    REFERS(REFERS_ANY, "contents", "*", "parts", "*", "file_data"),
};
/* clang-format on */

#define ANSWER(table)                                                                              \
    {                                                                                              \
        table, ARRAY_LEN(table), usage_answer_told, usage_answer_fold, usage_answer_ended          \
    }
#define ASK(table)                                                                                 \
    {                                                                                              \
        table, ARRAY_LEN(table), usage_asked_told, usage_asked_fold, usage_asked_ended             \
    }

const struct usage_rules usage_rules[USAGE_DIALECT_COUNT] = {
    [USAGE_ANTHROPIC] = {ANSWER(anthropic_answer), anthropic_frames, NULL,             anthropic_beside,
                         ASK(anthropic_ask)                                                                             },
    [USAGE_OPENAI_RESPONSES] = {ANSWER(responses_answer), responses_frames, responses_states, NULL,
                         ASK(responses_ask)                                                                             },
    [USAGE_OPENAI_CHAT] = {ANSWER(chat_answer),      NULL,             NULL,             NULL,             ASK(chat_ask)  },
    [USAGE_GEMINI] = {ANSWER(gemini_answer),    NULL,             NULL,             NULL,             ASK(gemini_ask)},
};

static const char *const names[] = {
#define X(dialect, name) [dialect] = (name),
    USAGE_DIALECTS(X)
#undef X
};

const char *usage_dialect_name(enum usage_dialect dialect)
{
    return dialect < USAGE_DIALECT_COUNT ? names[dialect] : "";
}

enum status usage_dialect_named(struct span name, enum usage_dialect *out)
{
    for (unsigned i = 0; i < USAGE_DIALECT_COUNT; i++) {
        if (span_is(name, names[i])) {
            *out = (enum usage_dialect)i;
            return ST_OK;
        }
    }
    return ST_NOTFOUND;
}
