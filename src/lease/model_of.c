/* model_of.c - one member of a JSON object, found without a parser: strings are stepped over, and
 * what stands at depth one is looked at. Linear in the text, whatever is in it.
 */
#include "lease_priv.h"

struct walk {
    struct span s;
    size_t at;
};

static void blanks(struct walk *w)
{
    while (w->at < w->s.n && (w->s.p[w->at] == ' ' || w->s.p[w->at] == '\t' ||
                              w->s.p[w->at] == '\r' || w->s.p[w->at] == '\n')) {
        w->at++;
    }
}

static bool take(struct walk *w, char c)
{
    blanks(w);
    if (w->at < w->s.n && w->s.p[w->at] == c) {
        w->at++;
        return true;
    }
    return false;
}

static bool take_string(struct walk *w, struct span *text, bool *escaped)
{
    *escaped = false;
    if (!take(w, '"')) {
        return false;
    }
    size_t from = w->at;
    for (; w->at < w->s.n && w->s.p[w->at] != '"'; w->at++) {
        if (w->s.p[w->at] == '\\') {
            *escaped = true;
            w->at++;
        }
    }
    if (w->at >= w->s.n) {
        return false;
    }
    *text = span_sub(w->s, from, w->at - from);
    w->at++;
    return true;
}

/* Any value, up to the comma or brace that ends it. */
static bool skip_value(struct walk *w)
{
    struct span text;
    bool escaped;
    size_t depth = 0;
    for (blanks(w); w->at < w->s.n;) {
        char c = w->s.p[w->at];
        if (c == '"') {
            if (!take_string(w, &text, &escaped)) {
                return false;
            }
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}')) {
            return true;
        }
        depth += c == '{' || c == '[' ? 1 : 0;
        if (c == '}' || c == ']') {
            if (depth == 0) {
                return false;
            }
            depth--;
        }
        w->at++;
    }
    return false;
}

/* A name with an escape in it may be "model" too: such an object is refused. */
static bool take_member(struct walk *w, struct span *model, bool *found)
{
    struct span name;
    bool escaped;
    if (!take_string(w, &name, &escaped) || escaped || !take(w, ':')) {
        return false;
    }
    if (!span_is(name, "model")) {
        return skip_value(w);
    }
    bool twice = *found;
    *found = true;
    return !twice && take_string(w, model, &escaped) && !escaped;
}

enum status lease_model_of(struct span json, struct span *model)
{
    struct walk w = {.s = json};
    bool found = false;
    *model = SPAN_NONE;
    if (!take(&w, '{')) {
        return ST_INVALID;
    }
    if (!take(&w, '}')) {
        do {
            if (!take_member(&w, model, &found)) {
                return ST_INVALID;
            }
        } while (take(&w, ','));
        if (!take(&w, '}')) {
            return ST_INVALID;
        }
    }
    blanks(&w);
    if (w.at != json.n) {
        return ST_INVALID;
    }
    return found ? ST_OK : ST_NOTFOUND;
}
