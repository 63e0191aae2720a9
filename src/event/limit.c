#include "checkrein/event.h"

#include "checkrein/num.h"

#define TOKENS "tokens"

enum status command_limit(struct span typed, struct command *c)
{
    int64_t n = 0;
    struct span s = span_trim(typed);
    bool in_tokens = span_ends(s, TOKENS);
    if (in_tokens) {
        s = span_trim(span_sub(s, 0, s.n - (sizeof(TOKENS) - 1)));
    } else if (span_starts(s, "$")) {
        s = span_sub(s, 1, s.n);
    }
    enum status st = in_tokens ? num_parse(s, 1, EVENT_INT_MAX, &n) : num_parse_micro(s, &n);
    if (st != ST_OK || n <= 0 || n > EVENT_INT_MAX) {
        return ST_INVALID;
    }
    *(in_tokens ? &c->limit_tokens : &c->limit_microusd) = n;
    return ST_OK;
}

bool command_for_task(struct span word, struct span *agent)
{
    static const char MARK[] = "@" TASK_SCOPE;
    bool is = span_ends(word, MARK);
    *agent = is ? span_sub(word, 0, word.n - (sizeof(MARK) - 1)) : word;
    return is;
}

bool command_for_all(struct span word, struct command *c)
{
    bool is_all = span_is(word, "@day") || span_is(word, "@fleet");
    if (is_all) {
        c->agent = SPAN("*");
        c->scope = span_sub(word, 1, word.n);
    }
    return is_all;
}
