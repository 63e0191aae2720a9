#include "words.h"

#include <stdio.h>
#include <stdlib.h>

#include "checkrein/num.h"
#include "checkrein/text.h"

#define CENT_MICROUSD 10000
#define LINE_BYTES    ((size_t)64 << 20)

void took_text(int64_t us, char out[FIGURE_BYTES])
{
    int64_t s = us / 1000000;
    if (s < 60) {
        (void)snprintf(out, FIGURE_BYTES, "%lld.%llds", (long long)s,
                       (long long)(us / 100000 % 10));
    } else if (s < 3600) {
        (void)snprintf(out, FIGURE_BYTES, "%lldm%02llds", (long long)(s / 60), (long long)(s % 60));
    } else {
        (void)snprintf(out, FIGURE_BYTES, "%lldh%02lldm", (long long)(s / 3600),
                       (long long)(s / 60 % 60));
    }
}

void cost_text(const struct run *r, char out[FIGURE_BYTES])
{
    if (!r->told) {
        (void)snprintf(out, FIGURE_BYTES, "-");
        return;
    }
    if (r->cost_microusd > 0 && r->cost_microusd < CENT_MICROUSD) {
        (void)snprintf(out, FIGURE_BYTES, "%s<$0.01%s", r->cost_estimated ? "~" : "",
                       r->unpriced ? "+?" : "");
        return;
    }
    (void)snprintf(out, FIGURE_BYTES, "%s$%lld.%02lld%s", r->cost_estimated ? "~" : "",
                   (long long)(r->cost_microusd / 1000000),
                   (long long)(r->cost_microusd / 10000 % 100), r->unpriced ? "+?" : "");
}

void tokens_text(const struct run *r, int64_t n, char out[FIGURE_BYTES])
{
    if (!r->told) {
        (void)snprintf(out, FIGURE_BYTES, "-");
        return;
    }
    (void)snprintf(out, FIGURE_BYTES, "%lld", (long long)n);
}

const char *plain_text(const char *hostile, char *out, size_t bytes)
{
    (void)text_plain_of(span_str(hostile), out, bytes);
    return out[0] ? out : "-";
}

enum status own_record(const char *config, char **out, struct why *why)
{
    struct conf conf;
    enum status st = config_load(&conf, config, why);
    if (st == ST_OK) {
        *out = console_record(&conf);
    }
    conf_release(&conf);
    return st;
}

void json_put(json_t *o, const char *name, struct span s)
{
    if (s.n) {
        json_t *v = json_stringn(s.p, s.n);
        (void)json_object_set_new(o, name, v ? v : json_string("(not UTF-8)"));
    }
}

void json_put_int(json_t *o, const char *name, int64_t n)
{
    (void)json_object_set_new(o, name, json_integer(n));
}

void json_put_bool(json_t *o, const char *name, bool yes)
{
    (void)json_object_set_new(o, name, json_boolean(yes));
}

void json_put_time(json_t *o, const char *name, int64_t us)
{
    char text[TIME_TEXT_BYTES];
    if (us) {
        time_format(us, text);
        json_put(o, name, span_str(text));
    }
}

void json_print(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);
    struct buf ascii;
    buf_init(&ascii, LINE_BYTES);
    if (text && ascii_json(&ascii, span_str(text)) == ST_OK) {
        (void)printf("%.*s\n", SPAN_ARG(buf_span(&ascii)));
    }
    buf_release(&ascii);
    free(text);
    json_decref(o);
}

static void put_decided(json_t *o, const char *name, const uint64_t by[DECIDER_COUNT])
{
    json_t *d = json_object();
    for (int i = DECIDER_OPERATOR; i < DECIDER_COUNT; i++) {
        json_put_int(d, decider_name((enum decider)i), (int64_t)by[i]);
    }
    (void)json_object_set_new(o, name, d);
}

json_t *run_json(const struct run *r)
{
    const struct {
        enum event_field field;
        const char *text;
    } TEXTS[] = {
        {F_AGENT_ID,           r->id          },
        {F_AGENT_NAME,         r->name        },
        {F_AGENT_RUNTIME,      r->runtime     },
        {F_MODEL,              r->model       },
        {F_AGENT_ON_BEHALF_OF, r->on_behalf_of},
        {F_AGENT_OWNER,        r->owner       },
        {F_AGENT_PARENT,       r->parent      },
        {F_TASK_TITLE,         r->task        },
        {F_CWD,                r->cwd         },
    };
    json_t *o = json_object();
    json_put(o, "backend", span_str(r->backend));
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        json_put(o, event_field_info(TEXTS[i].field)->name, span_str(TEXTS[i].text));
    }
    json_put_time(o, "run.start", r->first_us);
    json_put_time(o, "run.end", r->last_us);
    json_put_int(o, "run.ms", (r->last_us - r->first_us) / 1000);
    json_put(o, event_field_info(F_STATE)->name, span_str(agent_state_name(r->state)));
    json_put_int(o, "actions", (int64_t)r->actions);
    json_put_int(o, "failures", (int64_t)r->failures);
    json_put_int(o, "requests", (int64_t)r->asked);
    put_decided(o, "approved", r->approved);
    put_decided(o, "denied", r->denied);
    json_put_int(o, "unanswered", (int64_t)r->unanswered);
    json_put_bool(o, "tokens.told", r->told);
    json_put_int(o, event_field_info(F_TOKENS_IN)->name, r->tokens_in);
    json_put_int(o, event_field_info(F_TOKENS_OUT)->name, r->tokens_out);
    json_put_int(o, event_field_info(F_TOKENS_CACHED)->name, r->tokens_cached);
    json_put_int(o, event_field_info(F_COST_MICROUSD)->name, r->cost_microusd);
    json_put_bool(o, event_field_info(F_COST_ESTIMATED)->name, r->cost_estimated);
    json_put_bool(o, "cost.unpriced", r->unpriced);
    return o;
}
