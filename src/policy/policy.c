#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "policy_priv.h"

/* ---- the name of exactly these rules: the same on every machine */
static void mix(uint64_t *h, struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        *h = (*h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    }
    *h = (*h ^ 0x1ff) * 0x9e3779b97f4a7c15u;
    *h ^= *h >> 31;
}

static void set_version(struct policy *p)
{
    (void)snprintf(p->version, sizeof(p->version), "%016" PRIx64, p->hash);
}

static void mix_rule(struct policy *p, struct span name, const struct policy_pair *pairs,
                     uint32_t count)
{
    mix(&p->hash, name);
    for (uint32_t i = 0; i < count; i++) {
        mix(&p->hash, pairs[i].key);
        mix(&p->hash, pairs[i].value);
    }
    mix(&p->hash, SPAN("\n"));
    set_version(p);
}

/* ---- one rule */
static void rule_release(struct rule *r)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        pattern_release(&r->pattern[i]);
    }
    free(r->name);
    free(r->reason);
}

static enum status set_choice(const char *set, struct span value, int64_t *out, struct why *why)
{
    *out = event_enum_find(set, value);
    return *out != 0 ? ST_OK
                     : why_fail(why, ST_INVALID, "no such %s: '%.*s'", set, SPAN_ARG(value));
}

static enum status set_verdict(struct rule *r, struct span value, struct why *why)
{
    int64_t n = 0;
    enum status st = set_choice("verdict", value, &n, why);
    r->verdict = (enum verdict)n;
    return st;
}

static enum status set_risk(struct rule *r, struct span value, struct why *why)
{
    int64_t n = 0;
    enum status st = set_choice("risk", value, &n, why);
    r->risk = (enum risk)n;
    return st;
}

static enum status set_reason(struct rule *r, struct span value, struct why *why)
{
    if (value.n == 0 || value.n > PATTERN_BYTES_MAX) {
        return why_fail(why, ST_INVALID, "1 to %d bytes", PATTERN_BYTES_MAX);
    }
    r->reason = xstrndup(value.p, value.n);
    return ST_OK;
}

/* The patterns first, by their field. */
static const struct key_row {
    struct policy_key key;
    enum status (*set)(struct rule *r, struct span value, struct why *why); /* NULL: a pattern */
} KEYS[] = {
    [FIELD_RUNTIME] = {{"runtime", "claude, gemini-cli, codex"},                                               NULL       },
    [FIELD_AGENT] = {{"agent", "the agent's id"},                                                            NULL       },
    [FIELD_TOOL] = {{"tool", "the tool's name, as the runtime spells it"},                                  NULL       },
    [FIELD_COMMAND] = {{"command", "the command line of a shell tool"},                                        NULL       },
    [FIELD_PATH] = {{"path", "the file of a file tool, as an absolute path without ., .. and //"},
                       NULL                                                                                               },
    [FIELD_URL] = {{"url", "the address of a network tool"},                                               NULL       },
    [FIELD_CWD] = {{"cwd", "the folder that the call runs in, made absolute in the same way"},
                       NULL                                                                                               },
    [FIELD_MODE] = {{"mode", "the runtime's permission mode"},                                              NULL       },
    {{"verdict", "must be there: allow, ask or deny"},                                       set_verdict},
    {{"reason", "one line that the operator and the agent are shown"},                       set_reason },
    {{"risk", "high makes it a high-risk request; low cannot make a known danger harmless"},
                       set_risk                                                                                           },
};

const struct policy_key *policy_key_at(size_t i)
{
    return i < ARRAY_LEN(KEYS) ? &KEYS[i].key : NULL;
}

static enum status set_key(struct rule *r, const struct policy_pair *pair, struct why *why)
{
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
        if (!span_is(pair->key, KEYS[i].key.name)) {
            continue;
        }
        if (KEYS[i].set) {
            return KEYS[i].set(r, pair->value, why);
        }
        r->has[i] = true;
        return pattern_init(&r->pattern[i], pair->value, why);
    }
    return why_fail(why, ST_INVALID, "unknown key");
}

static bool comes_again(const struct policy_pair *pairs, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (span_eq(pairs[i].key, pairs[at].key)) {
            return true;
        }
    }
    return false;
}

static enum status set_keys(struct rule *r, const struct policy_pair *pairs, uint32_t count,
                            struct why *why)
{
    for (uint32_t i = 0; i < count; i++) {
        enum status st = comes_again(pairs, i) ? why_fail(why, ST_INVALID, "given twice")
                                               : set_key(r, &pairs[i], why);
        if (st != ST_OK) {
            why_prefix(why, "%.*s", SPAN_ARG(pairs[i].key));
            return st;
        }
    }
    return ST_OK;
}

/* Paths are matched as absolute ones: another beginning would never match. */
static enum status check_absolute(const struct rule *r, enum field field, struct why *why)
{
    for (size_t i = 0; i < r->pattern[field].count; i++) {
        const struct alternative *a = &r->pattern[field].alternatives[i];
        if (!a->is_regex && !span_starts(a->text, "/") && !span_starts(a->text, "*")) {
            return why_fail(why, ST_INVALID, "%s: a pattern starts with '/' or '*'",
                            KEYS[field].key.name);
        }
    }
    return ST_OK;
}

static bool has_pattern(const struct rule *r)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (r->has[i]) {
            return true;
        }
    }
    return false;
}

static enum status check_rule(const struct rule *r, struct why *why)
{
    if (r->verdict == VERDICT_UNKNOWN) {
        return why_fail(why, ST_INVALID, "verdict: missing");
    }
    enum status st = check_absolute(r, FIELD_PATH, why);
    if (st == ST_OK) {
        st = check_absolute(r, FIELD_CWD, why);
    }
    if (st != ST_OK || r->verdict != VERDICT_ALLOW) {
        return st;
    }
    if (!has_pattern(r)) {
        return why_fail(why, ST_INVALID, "verdict: an allow rule needs a pattern");
    }
    st = url_pattern_check(&r->pattern[FIELD_URL], why);
    if (st != ST_OK) {
        why_prefix(why, "url");
    }
    return st;
}

/* ---- the list */
struct policy *policy_new(void)
{
    struct policy *p = xcalloc(1, sizeof(*p));
    p->hash = 0xcbf29ce484222325u;
    set_version(p);
    return p;
}

void policy_free(struct policy *p)
{
    if (p == NULL) {
        return;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        rule_release(&p->rules[i]);
    }
    free(p->rules);
    free(p);
}

static enum status check_name(const struct policy *p, struct span name, struct why *why)
{
    if (name.n == 0 || name.n > PATTERN_BYTES_MAX) {
        return why_fail(why, ST_INVALID, "a rule needs a name");
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (span_is(name, p->rules[i].name)) {
            return why_fail(why, ST_INVALID, "another rule has this name");
        }
    }
    return p->count < POLICY_RULES_MAX
               ? ST_OK
               : why_fail(why, ST_LIMIT, "more than %d rules", POLICY_RULES_MAX);
}

enum status policy_add(struct policy *p, struct span name, uint32_t line,
                       const struct policy_pair *pairs, uint32_t count, struct why *why)
{
    enum status st = check_name(p, name, why);
    if (st != ST_OK) {
        return st;
    }
    struct rule r = {.name = xstrndup(name.p, name.n), .line = line};
    st = set_keys(&r, pairs, count, why);
    if (st == ST_OK) {
        st = check_rule(&r, why);
    }
    if (st != ST_OK) {
        rule_release(&r);
        return st;
    }
    GROW(p->rules, p->cap, (size_t)p->count + 1);
    p->rules[p->count++] = r;
    mix_rule(p, name, pairs, count);
    return ST_OK;
}

uint32_t policy_count(const struct policy *p)
{
    return p->count;
}

const char *policy_version(const struct policy *p)
{
    return p->version;
}
