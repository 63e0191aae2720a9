/* policy.h - request + rules -> allow, ask or deny, with the rule's name and the reason. Pure.
 *
 * Rules are ordered; the first that matches decides. What no rule names: tools that only read are
 * allowed, everything else asks. A rule matches when every pattern it has matches; patterns are
 * shell globs
 * ('*' any bytes, also '/', '?' one character, '[...]') over the exact text, or "re:" and a POSIX
 * extended regular expression, in the C locale; it is unanchored in ask and deny rules and must
 * cover the whole text in allow rules. Several alternatives in one pattern are separated by " | ".
 * A pattern on what a request does not have does not match.
 *
 * Doubt goes one way: an allow rule matches only what is certain, ask and deny rules also what may
 * be.
 *
 * `command` is matched against a shell command line. An allow rule matches when every byte of the
 * line was understood by the quoting rules of a POSIX shell and every simple command in it matches,
 * as written and without its quotes: no substitution, redirection (but of /dev/null), subshell,
 * expansion, assignment, control byte or line break, at most 64 KiB. Commands that run others (env,
 * sudo, xargs, sh -c, find -exec ...) match no allow glob with a wildcard. Deny and ask rules match
 * when the whole line or any part matches: without quotes, by the program's bare name, behind
 * commands that run others, inside substitutions; and always when it is too large (over 128 KiB or
 * thousands of parts).
 *
 * `path` and `cwd` are matched against the normalised absolute name ("..", "." and "//" are
 * resolved as text against cwd; links are not followed); one that cannot be normalised matches no
 * allow rule and every other one.
 *
 * `url`: an allow rule's pattern is "*" or begins with scheme://host, and host and rest are matched
 * apart.
 */
#ifndef CHECKREIN_POLICY_H
#define CHECKREIN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/event.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define POLICY_RULES_MAX     1000
#define POLICY_DEFAULT_READS "default: reads are allowed"
#define POLICY_DEFAULT_ASK   "default: everything else asks"

struct policy_request {
    struct span runtime, agent, tool;
    struct span command; /* of a shell tool; empty else */
    struct span path;    /* of a file tool; empty else */
    struct span url;     /* of a network tool; empty else */
    struct span cwd;
    struct span mode; /* the runtime's permission mode */
    bool reads_only;  /* by the tool table of the driver */
    bool over_budget; /* an allow becomes an ask */
};

struct policy_verdict {
    enum verdict verdict;
    const char *rule; /* name; borrowed from the policy, or a constant above */
    const char *reason;
    enum risk risk;  /* RISK_LOW unless the rule or the built-in table says high */
    bool reversible; /* false when the built-in table knows better not */
    uint32_t line;   /* of the rule in its file, 0 for the default */
};

struct policy;

/* An empty policy has only the default. */
struct policy *policy_new(void);
void policy_free(struct policy *p);
/* What a rule can say. docs/policy.md and the manual tell it in the same words. NULL behind the
 * last. */
struct policy_key {
    const char *name, *help;
};
const struct policy_key *policy_key_at(size_t i);
/* Adds one rule at the end, of these keys. ST_INVALID names the key; the name must be new; an allow
 * rule has a pattern. ST_LIMIT over POLICY_RULES_MAX. What is refused changes nothing. */
struct policy_pair {
    struct span key, value;
};
enum status policy_add(struct policy *p, struct span name, uint32_t line,
                       const struct policy_pair *pairs, uint32_t count, struct why *why) MUST_USE;
uint32_t policy_count(const struct policy *p);
/* A short name of exactly these rules, for policy.version: 16 hex digits. */
const char *policy_version(const struct policy *p);
/* About 20 us; at most some 10 ms for the largest command. */
void policy_eval(const struct policy *p, const struct policy_request *r,
                 struct policy_verdict *out);

/* Risk of a call by what it does, from a table of patterns that are hard to undo (rm -r, git push
 * --force, DROP, DELETE, curl | sh, chmod -R, dd, mkfs, kubectl delete, terraform destroy, sudo
 * ...). */
enum risk policy_risk(const struct policy_request *r, bool *reversible);

/* For rules and tests: one pattern against one text, as an ask rule would; at most 512 and 64 KiB.
 */
enum status pattern_check(struct span pattern, struct why *why) MUST_USE;
bool pattern_match(struct span pattern, struct span text);

#endif
