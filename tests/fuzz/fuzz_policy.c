/* A pattern, a newline, and any bytes as a command line, a path and a URL.
 *
 * What must hold: a line that a rule allows is also found by the rule that forbids with the same
 * pattern; what is allowed has no control character, and nothing in it outside of quotes that
 * starts another command; and a verdict does not change from one time to the next.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct policy *one_rule(const char *key, struct span pattern, const char *verdict)
{
    struct policy *p = policy_new();
    const struct policy_pair pairs[] = {
        {span_str(key),   pattern          },
        {SPAN("verdict"), span_str(verdict)}
    };
    if (policy_add(p, SPAN("rule"), 1, pairs, 2, NULL) == ST_OK) {
        return p;
    }
    policy_free(p);
    return NULL;
}

static enum verdict judge(const struct policy *p, const struct policy_request *r)
{
    struct policy_verdict v;
    struct policy_verdict again;
    policy_eval(p, r, &v);
    policy_eval(p, r, &again);
    demand(v.verdict == again.verdict && v.risk == again.risk && v.rule == again.rule);
    demand(v.reason != NULL && v.rule != NULL);
    return v.verdict;
}

/* A reader of its own, simpler than the one under test: bytes outside of quotes. */
static void demand_plain(struct span line)
{
    char quote = '\0';
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        demand((unsigned char)c >= 0x20 && c != 0x7f);
        if (quote != '\'' && c == '\\') {
            i++;
        } else if (quote != '\0') {
            demand(quote == '\'' || (c != '$' && c != '`'));
            quote = c == quote ? '\0' : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else {
            demand(strchr("$`(){}\n", c) == NULL && (unsigned char)c < 0x80);
        }
    }
    demand(quote == '\0');
}

static void check(const char *key, struct span pattern, const struct policy_request *r)
{
    struct policy *allow = one_rule(key, pattern, "allow");
    struct policy *deny = one_rule(key, pattern, "deny");
    if (allow != NULL && deny != NULL && judge(allow, r) == VERDICT_ALLOW) {
        demand(judge(deny, r) == VERDICT_DENY);
        if (r->command.n > 0) {
            demand_plain(r->command);
        }
    }
    if (deny != NULL) {
        (void)judge(deny, r);
    }
    policy_free(allow);
    policy_free(deny);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct span pattern;
    if (!span_next(&text, '\n', &pattern) || text.n == 0) {
        return 0;
    }
    bool taken = pattern_check(pattern, NULL) == ST_OK;
    demand(taken || !pattern_match(pattern, text));
    check("command", pattern, &(struct policy_request){.tool = SPAN("Bash"), .command = text});
    check("path", pattern, &(struct policy_request){.path = text, .cwd = SPAN("/w/src")});
    check("url", pattern, &(struct policy_request){.url = text});
    return 0;
}
