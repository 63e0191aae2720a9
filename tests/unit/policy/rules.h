/* rules.h - policies of a few rules, and a verdict on one request. */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include <stdlib.h>
#include <string.h>

#include "checkrein/policy.h"
#include "expect.h"

/* Adds a rule of one pattern, or of none when key is NULL. */
static inline void add_rule(struct policy *p, const char *name, const char *key,
                            const char *pattern, const char *verdict)
{
    struct why why = {{0}};
    struct policy_pair pairs[2] = {
        {SPAN("verdict"), span_str(verdict)},
        {span_str(key),   span_str(pattern)}
    };
    if (policy_add(p, span_str(name), 1, pairs, key != NULL ? 2 : 1, &why) != ST_OK) {
        fail_msg("%s: %s", name, why.text);
    }
}

static inline struct policy *one_rule(const char *key, const char *pattern, const char *verdict)
{
    struct policy *p = policy_new();
    add_rule(p, "the rule", key, pattern, verdict);
    return p;
}

static inline struct policy_request bash(struct span command)
{
    return (struct policy_request){.runtime = SPAN("claude-code"),
                                   .agent = SPAN("a1"),
                                   .tool = SPAN("Bash"),
                                   .command = command,
                                   .cwd = SPAN("/home/u/src")};
}

static inline enum verdict judge(const struct policy *p, const struct policy_request *r)
{
    struct policy_verdict v;
    policy_eval(p, r, &v);
    return v.verdict;
}

static inline enum verdict judge_command(const struct policy *p, struct span command)
{
    struct policy_request r = bash(command);
    return judge(p, &r);
}

#endif
