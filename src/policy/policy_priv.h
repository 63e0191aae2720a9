/* policy_priv.h - what the files of the policy share. */
#ifndef POLICY_PRIV_H
#define POLICY_PRIV_H

#include <regex.h>

#include "checkrein/buf.h"
#include "checkrein/policy.h"

#define PATTERN_BYTES_MAX 512
#define MATCH_TEXT_BYTES  ((size_t)64 * 1024)

/* Which way a doubt goes: an allow rule matches only what is certain, ask and deny rules also what
 * may be. */
enum lean { LEAN_STRICT, LEAN_WIDE };

/* ---- glob.c */
enum status glob_check(struct span pattern, struct why *why) MUST_USE;
bool glob_match(struct span pattern, struct span text);
bool glob_is_literal(struct span pattern);

/* ---- regex.c: always in the C locale, so that a match does not hang on the environment */
enum status regex_compile(regex_t *re, struct span pattern, struct why *why) MUST_USE;
/* LEAN_STRICT: the whole text. LEAN_WIDE: any part of it; a text over MATCH_TEXT_BYTES matches too.
 */
bool regex_match(const regex_t *re, struct span text, enum lean lean);

/* ---- pattern.c: alternatives */
struct alternative {
    struct span text; /* without "re:" */
    bool is_regex;
    regex_t re;
};

struct pattern {
    char *text; /* owns what the alternatives point into */
    struct alternative *alternatives;
    size_t cap;
    size_t count;
};

enum status pattern_init(struct pattern *p, struct span text, struct why *why) MUST_USE;
void pattern_release(struct pattern *p);
bool alternative_match(const struct alternative *a, struct span text, enum lean lean);
bool pattern_any(const struct pattern *p, struct span text, enum lean lean);

/* ---- shell.c: what a command line runs, as far as can be told */
struct shell_form { /* a piece of shell_line.text */
    size_t at, n;
};

struct shell_part {            /* one simple command */
    struct shell_form written; /* words as written, one blank between them */
    struct shell_form plain;   /* words without quotes */
    bool runs_others;          /* its arguments can be commands */
};

struct shell_line {
    bool certain; /* every byte was understood: `parts` is all that runs */
    bool over;    /* there was more than fits below */
    struct buf text;
    struct shell_part *parts;
    size_t parts_cap, part_count;
    struct shell_form *forms; /* everything that may run, in every form worth a look */
    size_t forms_cap, form_count;
    struct shell_form whole; /* plain forms with their separators */
};

void shell_read(struct shell_line *line, struct span command);
void shell_release(struct shell_line *line);
struct span shell_span(const struct shell_line *line, struct shell_form form);

/* ---- runners.c */
struct words {
    const struct span *word;
    size_t count;
};
struct span word_base_name(struct span word);
bool word_is_assignment(struct span word);
bool word_is_reserved(struct span word);
/* Whether an argument matches one of the patterns, which have blanks between them. */
bool words_have(struct words w, const char *patterns);
bool words_run_others(struct words w);

/* ---- path.c */
/* ST_INVALID when it cannot be told what it names. `out` is cleared first. */
enum status path_normalise(struct span path, struct span cwd, struct buf *out) MUST_USE;

/* ---- url.c */
char ascii_lower(char c);
struct url {
    struct span origin; /* "https://host:port", lower case */
    struct span rest;   /* from the '/' on */
    bool certain;       /* nothing in it that two readers could read in two ways */
};
/* `out` keeps the lower-case form; the spans point into it. */
void url_read(struct span url, struct buf *out, struct url *u);
enum status url_pattern_check(const struct pattern *p, struct why *why) MUST_USE;
bool url_allowed(const struct alternative *a, const struct url *u, struct span whole);

/* ---- eval.c */
enum field {
    FIELD_RUNTIME,
    FIELD_AGENT,
    FIELD_TOOL,
    FIELD_COMMAND,
    FIELD_PATH,
    FIELD_URL,
    FIELD_CWD,
    FIELD_MODE,
    FIELD_COUNT
};

struct rule {
    char *name;
    char *reason; /* or NULL */
    uint32_t line;
    enum verdict verdict;
    enum risk risk; /* RISK_UNKNOWN: not given */
    bool has[FIELD_COUNT];
    struct pattern pattern[FIELD_COUNT];
};

struct policy {
    struct rule *rules;
    size_t cap;
    uint32_t count;
    uint64_t hash;
    char version[17];
};

/* A request, read once for all rules. */
struct reading {
    const struct policy_request *r;
    struct shell_line shell;
    struct buf path, cwd, url_text;
    bool path_known, cwd_known;
    struct url url;
};

void reading_init(struct reading *rd, const struct policy_request *r);
void reading_release(struct reading *rd);
bool rule_matches(const struct rule *rule, const struct reading *rd);

/* ---- risk.c */
enum risk reading_risk(const struct reading *rd, bool *reversible);

#endif
