#include "checkrein/event.h"

#define X(constant, name) [constant] = (name),
static const char *const names[SCOPE_COUNT] = {SCOPES(X)};
#undef X

const char *scope_name(enum scope s)
{
    return (unsigned)s < SCOPE_COUNT ? names[s] : "unknown";
}

uint32_t scope_find(struct span name)
{
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if (span_is(name, names[s])) {
            return SCOPE_BIT(s);
        }
    }
    return 0;
}

enum scope verb_scope(enum verb v)
{
    static const struct {
        enum verb verb;
        enum scope scope;
    } ROWS[] = {
        {VERB_APPROVE,    SCOPE_DECIDE },
        {VERB_DENY,       SCOPE_DECIDE },
        {VERB_PAUSE,      SCOPE_CONTROL},
        {VERB_RESUME,     SCOPE_CONTROL},
        {VERB_INTERRUPT,  SCOPE_CONTROL},
        {VERB_FREEZE,     SCOPE_CONTROL},
        {VERB_TIGHTEN,    SCOPE_CONTROL},
        {VERB_KILL,       SCOPE_STOP   },
        {VERB_STOP,       SCOPE_STOP   },
        {VERB_STOP_ALL,   SCOPE_STOP   },
        {VERB_RESET_STOP, SCOPE_STOP   },
        {VERB_REVOKE,     SCOPE_REVOKE },
        {VERB_MESSAGE,    SCOPE_CONTROL},
        {VERB_BUDGET,     SCOPE_CONTROL},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (ROWS[i].verb == v) {
            return ROWS[i].scope;
        }
    }
    return SCOPE_COUNT;
}

void scopes_text(uint32_t scopes, char out[SCOPES_NAMES_BYTES])
{
    size_t n = 0;
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if ((scopes & SCOPE_BIT(s)) != 0) {
            if (n > 0) {
                out[n++] = ' ';
            }
            for (const char *p = names[s]; *p != '\0'; p++) {
                out[n++] = *p;
            }
        }
    }
    out[n] = '\0';
}

bool scopes_parse(struct span text, uint32_t *scopes)
{
    *scopes = 0;
    while (text.n > 0) {
        size_t n = 0;
        while (n < text.n && text.p[n] != ' ' && text.p[n] != ',') {
            n++;
        }
        uint32_t bit = scope_find(span_sub(text, 0, n));
        if (n > 0 && bit == 0) {
            return false;
        }
        *scopes |= bit;
        text = span_sub(text, n + 1, SIZE_MAX);
    }
    return true;
}
