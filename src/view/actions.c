/* Which actions there are, which keys mean them where, and whether they would do something now. */
#include <string.h>

#include "ui_priv.h"

static const struct action_info infos[ACTION_COUNT] = {
#define X(constant, name, keys, context, flags, help)                                              \
    [constant] = {(name), (keys), (help), (context), (flags)},
    ACTIONS(X)
#undef X
};

const struct action_info *action_info(enum action a)
{
    return (unsigned)a < ACTION_COUNT ? &infos[a] : NULL;
}

enum action action_find(struct span name)
{
    unsigned a = 0;
    while (a < ACTION_COUNT && !span_is(name, infos[a].name)) {
        a++;
    }
    return span_is(name, "q") ? ACT_QUIT : (enum action)a;
}

/* What a modal takes of the other contexts' keys; nothing else reaches the view behind it. */
static const enum action dialog_actions[] = {
    ACT_DOWN, ACT_UP,      ACT_FIRST,     ACT_LAST,        ACT_PAGE_DOWN, ACT_PAGE_UP,
    ACT_BACK, ACT_APPROVE, ACT_DENY,      ACT_DENY_REASON, ACT_SCOPE,     ACT_PAUSE,
    ACT_COPY, ACT_REDRAW,  ACT_DENY_STOP, ACT_LASTING,     ACTION_COUNT,
};
static const enum action help_actions[] = {
    ACT_DOWN, ACT_UP,     ACT_FIRST, ACT_LAST,   ACT_PAGE_DOWN, ACT_PAGE_UP,
    ACT_BACK, ACT_FILTER, ACT_HELP,  ACT_REDRAW, ACTION_COUNT,
};

/* Where a key is looked for in each context, in this order; context 0 comes last by itself. */
static const struct {
    enum context first, second;
    const enum action *only; /* NULL: all */
} lookups[CONTEXT_COUNT] = {
    [CTX_GLOBAL] = {CTX_GLOBAL, CTX_GLOBAL, NULL          },
    [CTX_LIST] = {CTX_LIST,   CTX_LIST,   NULL          },
    [CTX_AGENT] = {CTX_AGENT,  CTX_LIST,   NULL          },
    [CTX_DIALOG] = {CTX_DIALOG, CTX_LIST,   dialog_actions},
    [CTX_PROMPT] = {CTX_PROMPT, CTX_PROMPT, NULL          },
    [CTX_HELP] = {CTX_HELP,   CTX_LIST,   help_actions  },
    [CTX_STOP] = {CTX_STOP,   CTX_LIST,   NULL          },
    [CTX_REPLAY] = {CTX_REPLAY, CTX_LIST,   NULL          },
};

static bool is_among(const enum action *only, int action)
{
    for (; only != NULL && *only != ACTION_COUNT; only++) {
        if ((int)*only == action) {
            return true;
        }
    }
    return only == NULL;
}

int action_of_key(const struct ui *ui, enum context context, uint32_t key)
{
    int action = keymap_find(&ui->keymap, (uint16_t)lookups[context].first, key);
    if (action < 0 || infos[action].context == CTX_GLOBAL) {
        int other = keymap_find(&ui->keymap, (uint16_t)lookups[context].second, key);
        action = other < 0 ? action : other;
    }
    return action >= 0 && is_among(lookups[context].only, action) ? action : -1;
}

void action_key(const struct ui *ui, enum action a, char out[KEY_NAME_BYTES])
{
    char keys[256];
    (void)keymap_keys(&ui->keymap, (uint16_t)infos[a].context, (uint16_t)a, keys, sizeof(keys));
    char *end = strchr(keys, ' ');
    if (end != NULL) {
        *end = '\0';
    }
    (void)span_copy(span_str(keys), out, KEY_NAME_BYTES);
}

void action_bind_defaults(struct keymap *m)
{
    *m = (struct keymap){0};
    for (unsigned a = 0; a < ACTION_COUNT; a++) {
        if (infos[a].keys[0] != '\0') {
            (void)!keymap_bind(m, (uint16_t)infos[a].context, span_str(infos[a].keys), (uint16_t)a,
                               NULL);
        }
    }
}

static const struct {
    enum action action;
    enum verb verb;
} verbs[] = {
    {ACT_APPROVE,      VERB_APPROVE   },
    {ACT_DENY,         VERB_DENY      },
    {ACT_DENY_REASON,  VERB_DENY      },
    {ACT_DENY_STOP,    VERB_DENY      },
    {ACT_PAUSE,        VERB_PAUSE     },
    {ACT_RESUME,       VERB_RESUME    },
    {ACT_INTERRUPT,    VERB_INTERRUPT },
    {ACT_STOP,         VERB_STOP      },
    {ACT_FREEZE_AGENT, VERB_FREEZE    },
    {ACT_KILL,         VERB_KILL      },
    {ACT_TIGHTEN,      VERB_TIGHTEN   },
    {ACT_REVOKE,       VERB_REVOKE    },
    {ACT_MESSAGE,      VERB_MESSAGE   },
    {ACT_BUDGET,       VERB_BUDGET    },
    {ACT_FLEET_STOP,   VERB_STOP_ALL  },
    {ACT_RESET_STOP,   VERB_RESET_STOP},
};

enum verb action_verb(enum action a)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (verbs[i].action == a) {
            return verbs[i].verb;
        }
    }
    return VERB_UNKNOWN;
}

static bool is_permitted(const struct ui *ui, enum action a, const char **why)
{
    if ((infos[a].flags & ACTION_REPLAY_ONLY) != 0 && !ui->options.replay) {
        *why = "only in a replay: checkrein replay, or :at";
        return false;
    }
    if ((infos[a].flags & ACTION_LIVE_ONLY) == 0) {
        return true;
    }
    if (ui->too_small && a != ACT_FLEET_STOP) {
        *why = "the screen is too small to see what it would do";
    }
    if (ui->options.replay) {
        *why = "replay: no effect";
    } else if (ui->options.readonly) {
        *why = "read-only: no effect";
    }
    return *why == NULL;
}

/* A back-end's capability does not matter to a fleet stop: it goes to all of them, also when they
 * return. */
static bool is_deliverable(const struct fleet *f, enum action a, struct target t, const char **why)
{
    enum verb v = action_verb(a);
    if (v == VERB_UNKNOWN || v == VERB_STOP_ALL || v == VERB_RESET_STOP) {
        return true;
    }
    if (v == VERB_REVOKE) { /* each credential says by itself whether it can be */
        return fleet_verb_offered(f, 0, v, why);
    }
    if (v == VERB_DENY) {
        return fleet_answer_offered(f, t.approval, v, why);
    }
    return fleet_verb_offered(f, t.agent, v, why);
}

bool action_offered(const struct ui *ui, const struct fleet *f, enum action a, struct target t,
                    const char **why)
{
    unsigned flags = infos[a].flags;
    *why = NULL;
    if (!is_permitted(ui, a, why)) {
        return false;
    }
    if ((flags & ACTION_LIVE_ONLY) != 0 && fleet_readonly(f)) {
        *why = "read-only: this connection may only read";
        return false;
    }
    if ((flags & ACTION_NEEDS_APPROVAL) != 0 && t.approval == 0) {
        *why = "no request is waiting here";
        return false;
    }
    if ((flags & ACTION_NEEDS_AGENT) != 0 && t.agent == 0) {
        *why = "select an agent first";
        return false;
    }
    return is_deliverable(f, a, t, why);
}
