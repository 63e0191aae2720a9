/* asking.h - requests that ask more than whether a call may run. */
#ifndef CHECKREIN_TEST_VIEW_ASKING_H
#define CHECKREIN_TEST_VIEW_ASKING_H

#include "kit.h"

#define ASKED "{\"tool\":\"form\",\"input\":{\"serverName\":\"deploys\"},\"cwd\":\"/srv\"}"

struct an_asking {
    enum risk risk;
    const struct event_row *questions, *options, *scopes, *terms, *denials;
    uint32_t question_count, option_count, scope_count, term_count, denial_count;
    const char *action, *tool, *only_in;
};

static const struct event_row ASKING_QUESTIONS[] = {
    {{SPAN_INIT("region"), SPAN_INIT("choice"), SPAN_INIT("Region"),
      SPAN_INIT("Where should it run?"), SPAN_INIT("required other"), SPAN_INIT("eu")}},
    {{SPAN_INIT("count"), SPAN_INIT("integer"), SPAN_INIT("How many"), SPAN_INIT(""),
      SPAN_INIT("required min=1 max=5"), SPAN_INIT("")}},
    {{SPAN_INIT("parts"), SPAN_INIT("choices"), SPAN_INIT("Parts"), SPAN_INIT("Which of them?"),
      SPAN_INIT("max=2"), SPAN_INIT("")}},
    {{SPAN_INIT("token"), SPAN_INIT("text"), SPAN_INIT("Token"), SPAN_INIT("A token for it"),
      SPAN_INIT("secret min=4"), SPAN_INIT("")}},
};
static const struct event_row ASKING_OPTIONS[] = {
    {{SPAN_INIT("region"), SPAN_INIT("eu"), SPAN_INIT("Frankfurt"), SPAN_INIT("near")}},
    {{SPAN_INIT("region"), SPAN_INIT("us"), SPAN_INIT("Ohio"), SPAN_INIT("far")}},
    {{SPAN_INIT("parts"), SPAN_INIT("web"), SPAN_INIT("web"), SPAN_INIT("")}},
    {{SPAN_INIT("parts"), SPAN_INIT("db"), SPAN_INIT("db"), SPAN_INIT("")}},
    {{SPAN_INIT("parts"), SPAN_INIT("mail"), SPAN_INIT("mail"), SPAN_INIT("")}},
};
static const struct event_row ASKING_TERMS[] = {
    {{SPAN_INIT("to"), SPAN_INIT("deploys (MCP)")}},
    {{SPAN_INIT("message"), SPAN_INIT("Say where the new version goes.")}},
};
static const struct event_row ASKING_DENIALS[] = {
    {{SPAN_INIT("once"), SPAN_INIT("left unanswered")}},
    {{SPAN_INIT("turn"), SPAN_INIT("its turn ends too")}},
};
static const struct event_row ASKING_SCOPES[] = {
    {{SPAN_INIT("once"), SPAN_INIT("this call")}},
    {{SPAN_INIT("session"), SPAN_INIT("the same command again, unasked")}},
    {{SPAN_INIT("always"), SPAN_INIT("every command that begins with these words, unasked"),
      SPAN_INIT("prefix_rule(pattern=[\"make\"], decision=\"allow\")\nin "
                "/home/ng/.codex/rules/default.rules")}},
};
static const struct event_row ASKING_PERMISSIONS[] = {
    {{SPAN_INIT("network"), SPAN_INIT("any address")}},
    {{SPAN_INIT("read"), SPAN_INIT("/etc")}},
    {{SPAN_INIT("write"), SPAN_INIT("/srv/data")}},
};

static inline void set_rows(struct kit *k, enum event_field f, const struct event_row *rows,
                            uint32_t count)
{
    if (count > 0) {
        event_set_list(&k->ev, f, rows, count);
    }
}

static inline void asking_add(struct kit *k, const char *backend, const char *agent,
                              const struct an_asking *a)
{
    begin(k, backend, EVENT_APPROVAL_REQUESTED, 20);
    text(k, F_AGENT_ID, agent);
    text(k, F_APPROVAL_ID, "01ASK");
    text(k, F_TOOL, a->tool);
    text(k, F_SUMMARY, "it asks");
    text(k, F_ACTION, a->action);
    text(k, F_DIGEST, a->only_in ? "none" : A_DIGEST);
    text(k, F_ONLY_IN, a->only_in ? a->only_in : "");
    text(k, F_RULE, "its own policy");
    number(k, F_RISK, a->risk);
    number(k, F_ON_SILENCE, SILENCE_WAIT);
    set_rows(k, F_QUESTIONS, a->questions, a->question_count);
    set_rows(k, F_OPTIONS, a->options, a->option_count);
    set_rows(k, F_SCOPES, a->scopes, a->scope_count);
    set_rows(k, F_TERMS, a->terms, a->term_count);
    set_rows(k, F_DENIALS, a->denials, a->denial_count);
    fold(k);
}

static inline struct an_asking asking_form(enum risk risk)
{
    return (struct an_asking){.risk = risk,
                              .tool = "form",
                              .action = ASKED,
                              .questions = ASKING_QUESTIONS,
                              .question_count = ARRAY_LEN(ASKING_QUESTIONS),
                              .options = ASKING_OPTIONS,
                              .option_count = ARRAY_LEN(ASKING_OPTIONS),
                              .terms = ASKING_TERMS,
                              .term_count = ARRAY_LEN(ASKING_TERMS),
                              .denials = ASKING_DENIALS,
                              .denial_count = ARRAY_LEN(ASKING_DENIALS)};
}

static inline struct an_asking asking_rule(void)
{
    return (struct an_asking){
        .risk = RISK_LOW,
        .tool = "shell",
        .action = "{\"tool\":\"shell\",\"input\":{\"command\":\"make clean\"},\"cwd\":\"/srv\"}",
        .scopes = ASKING_SCOPES,
        .scope_count = ARRAY_LEN(ASKING_SCOPES),
        .denials = ASKING_DENIALS,
        .denial_count = ARRAY_LEN(ASKING_DENIALS)};
}

static inline struct an_asking asking_permissions(void)
{
    return (struct an_asking){.risk = RISK_HIGH,
                              .tool = "permissions",
                              .action = "{\"tool\":\"permissions\",\"input\":{\"permissions\":{"
                                        "\"network\":{\"enabled\":true}}},\"cwd\":\"/srv\"}",
                              .scopes = ASKING_SCOPES,
                              .scope_count = 2,
                              .terms = ASKING_PERMISSIONS,
                              .term_count = ARRAY_LEN(ASKING_PERMISSIONS),
                              .denials = ASKING_DENIALS,
                              .denial_count = 1};
}

static inline struct an_asking asking_elsewhere(void)
{
    return (struct an_asking){
        .risk = RISK_HIGH,
        .tool = "request",
        .only_in = "its own client: this version cannot answer it",
        .action = "{\"tool\":\"request\",\"input\":{\"method\":\"item/tool/call\",\"params\":{"
                  "\"tool\":\"lookup\"}},\"cwd\":\"/srv\"}"};
}

#endif
