#include "policy_priv.h"

#define PATH_ROOM ((size_t)8192)

static const char too_long[] = "the command is too long to be judged";
static const char over_budget[] = "over its budget";

/* ---- reading a request once */
void reading_init(struct reading *rd, const struct policy_request *r)
{
    *rd = (struct reading){.r = r};
    buf_init(&rd->path, PATH_ROOM);
    buf_init(&rd->cwd, PATH_ROOM);
    buf_init(&rd->url_text, MATCH_TEXT_BYTES);
    shell_read(&rd->shell, r->command);
    rd->path_known = path_normalise(r->path, r->cwd, &rd->path) == ST_OK;
    rd->cwd_known = path_normalise(r->cwd, SPAN_NONE, &rd->cwd) == ST_OK;
    url_read(r->url, &rd->url_text, &rd->url);
}

void reading_release(struct reading *rd)
{
    shell_release(&rd->shell);
    buf_release(&rd->path);
    buf_release(&rd->cwd);
    buf_release(&rd->url_text);
}

/* ---- command */
/* A wildcard says nothing about what a program runs that runs others: such a command is allowed
 * word for word, or by a regular expression that covers all of it. */
static bool part_allowed(const struct pattern *p, const struct shell_line *line,
                         const struct shell_part *part)
{
    struct span written = shell_span(line, part->written);
    struct span plain = shell_span(line, part->plain);
    for (size_t i = 0; i < p->count; i++) {
        const struct alternative *a = &p->alternatives[i];
        bool exact = a->is_regex || glob_is_literal(a->text);
        if ((exact || !part->runs_others) && alternative_match(a, written, LEAN_STRICT) &&
            alternative_match(a, plain, LEAN_STRICT)) {
            return true;
        }
    }
    return false;
}

static bool command_allowed(const struct pattern *p, const struct shell_line *line)
{
    bool all = line->certain;
    for (size_t i = 0; all && i < line->part_count; i++) {
        all = part_allowed(p, line, &line->parts[i]);
    }
    return all;
}

static bool command_concerned(const struct pattern *p, const struct reading *rd)
{
    const struct shell_line *line = &rd->shell;
    if (line->over || pattern_any(p, rd->r->command, LEAN_WIDE) ||
        pattern_any(p, shell_span(line, line->whole), LEAN_WIDE)) {
        return true;
    }
    for (size_t i = 0; i < line->form_count; i++) {
        if (pattern_any(p, shell_span(line, line->forms[i]), LEAN_WIDE)) {
            return true;
        }
    }
    return false;
}

static bool command_fits(const struct pattern *p, const struct reading *rd, enum lean lean)
{
    if (rd->r->command.n == 0) {
        return false;
    }
    return lean == LEAN_STRICT ? command_allowed(p, &rd->shell) : command_concerned(p, rd);
}

/* ---- path, cwd, url */
struct place {
    struct span given, normal;
    bool known;
};

static bool place_fits(const struct pattern *p, struct place place, enum lean lean)
{
    if (place.given.n == 0) {
        return false;
    }
    if (!place.known) {
        return lean == LEAN_WIDE;
    }
    return pattern_any(p, place.normal, lean) ||
           (lean == LEAN_WIDE && pattern_any(p, place.given, lean));
}

static bool url_fits(const struct pattern *p, const struct reading *rd, enum lean lean)
{
    if (rd->r->url.n == 0) {
        return false;
    }
    if (lean == LEAN_WIDE) {
        return pattern_any(p, rd->r->url, lean) || pattern_any(p, buf_span(&rd->url_text), lean);
    }
    for (size_t i = 0; i < p->count; i++) {
        if (url_allowed(&p->alternatives[i], &rd->url, buf_span(&rd->url_text))) {
            return true;
        }
    }
    return false;
}

/* ---- rules */
static bool field_fits(const struct pattern *p, enum field field, const struct reading *rd,
                       enum lean lean)
{
    const struct policy_request *r = rd->r;
    switch (field) {
    case FIELD_RUNTIME:
        return pattern_any(p, r->runtime, lean);
    case FIELD_AGENT:
        return pattern_any(p, r->agent, lean);
    case FIELD_TOOL:
        return pattern_any(p, r->tool, lean);
    case FIELD_MODE:
        return pattern_any(p, r->mode, lean);
    case FIELD_COMMAND:
        return command_fits(p, rd, lean);
    case FIELD_PATH:
        return place_fits(p, (struct place){r->path, buf_span(&rd->path), rd->path_known}, lean);
    case FIELD_CWD:
        return place_fits(p, (struct place){r->cwd, buf_span(&rd->cwd), rd->cwd_known}, lean);
    case FIELD_URL:
        return url_fits(p, rd, lean);
    case FIELD_COUNT:
        break;
    }
    return false;
}

bool rule_matches(const struct rule *rule, const struct reading *rd)
{
    enum lean lean = rule->verdict == VERDICT_ALLOW ? LEAN_STRICT : LEAN_WIDE;
    for (int f = 0; f < FIELD_COUNT; f++) {
        if (rule->has[f] && !field_fits(&rule->pattern[f], (enum field)f, rd, lean)) {
            return false;
        }
    }
    return true;
}

static const struct rule *first_match(const struct policy *p, const struct reading *rd)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (rule_matches(&p->rules[i], rd)) {
            return &p->rules[i];
        }
    }
    return NULL;
}

static void judge_by_default(const struct policy_request *r, struct policy_verdict *out)
{
    bool reads = r->reads_only && r->command.n == 0;
    out->verdict = reads ? VERDICT_ALLOW : VERDICT_ASK;
    out->rule = reads ? POLICY_DEFAULT_READS : POLICY_DEFAULT_ASK;
    out->reason = reads ? "it only reads" : "no rule names it";
}

static void judge_by_rule(const struct rule *rule, const struct reading *rd,
                          struct policy_verdict *out)
{
    bool doubtful = rule->has[FIELD_COMMAND] && rd->shell.over;
    out->verdict = rule->verdict;
    out->rule = rule->name;
    out->reason = rule->reason != NULL ? rule->reason : "the rule says so";
    out->reason = doubtful ? too_long : out->reason;
    out->line = rule->line;
    if (rule->risk == RISK_HIGH) {
        out->risk = RISK_HIGH;
    }
}

void policy_eval(const struct policy *p, const struct policy_request *r, struct policy_verdict *out)
{
    struct reading rd;
    reading_init(&rd, r);
    *out = (struct policy_verdict){0};
    out->risk = reading_risk(&rd, &out->reversible);
    const struct rule *rule = first_match(p, &rd);
    if (rule == NULL) {
        judge_by_default(r, out);
    } else {
        judge_by_rule(rule, &rd, out);
    }
    if (r->over_budget && out->verdict == VERDICT_ALLOW) {
        out->verdict = VERDICT_ASK;
        out->reason = over_budget;
    }
    reading_release(&rd);
}
