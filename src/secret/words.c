/* words.c - what stands behind a word such as "password": NAME=value, "name": "value", name: value,
 * --name value, and the like. The value ends before the first byte that is not inert: what a shell
 * could act on is never hidden, and no path, even where that shows a strange password. */
#include "secret_priv.h"

#include <string.h>

#define BLANKS_MOST    4
#define BACKSLASHES    16
#define LOOSE_PASSWORD 6 /* characters behind "password: ", which is prose as well */

struct value {
    size_t at, end;
    bool name_quoted, quoted, loose;
};

static char at_or_nul(const struct secret_scan *s, size_t at)
{
    if (at >= s->text.n) {
        return '\0';
    }
    return s->text.p[at];
}

static size_t skip_blanks(const struct secret_scan *s, size_t at)
{
    size_t end = at;
    while (end - at < BLANKS_MOST && at_or_nul(s, end) == ' ') {
        end++;
    }
    return end;
}

/* A quote, with the backslashes before it; `at` when there is none. */
static size_t skip_quote(const struct secret_scan *s, size_t at)
{
    size_t end = at;
    while (end - at < BACKSLASHES && at_or_nul(s, end) == '\\') {
        end++;
    }
    char c = at_or_nul(s, end);
    return c == '"' || c == '\'' ? end + 1 : at;
}

/* = := => and : with the blanks around it; `at` when there is none. Behind a "NAME=" with a blank
 * stands the command that a shell runs, so blanks are taken on both sides or not at all. */
static size_t skip_sign(const struct secret_scan *s, size_t at, bool *loose)
{
    size_t sign = skip_blanks(s, at);
    char c = at_or_nul(s, sign);
    char then = at_or_nul(s, sign + 1);
    if ((c == ':' && then == '=') || (c == '=' && then == '>')) {
        sign++;
    } else if ((c != '=' && c != ':') || (c == '=' && then == '=') || (c == ':' && then == ':')) {
        return at;
    }
    size_t end = skip_blanks(s, sign + 1);
    *loose = end > sign + 1;
    return c == '=' && end > sign + 1 && sign == at ? at : end;
}

/* --password VALUE: the name began with dashes. */
static bool is_flag(const struct secret_scan *s, size_t at)
{
    size_t back = at;
    while (back > 0 && at - back < 32 && is_of(s, CHARS_WORD, s->text.p[back - 1])) {
        back--;
    }
    return back + 2 <= at && s->text.p[back] == '-' && s->text.p[back + 1] == '-';
}

static bool find_value(struct secret_scan *s, const struct shape *shape, size_t at, struct value *v)
{
    size_t name_end = at + strlen(shape->literal);
    if (may_be_escaped(s, at)) {
        return false;
    }
    size_t sign = skip_quote(s, name_end);
    size_t from = skip_sign(s, sign, &v->loose);
    bool flag = from == sign && sign == name_end && at_or_nul(s, sign) == ' ' && is_flag(s, at);
    if (flag) {
        from = skip_blanks(s, sign);
    } else if (from == sign) {
        return false;
    }
    v->name_quoted = sign > name_end;
    v->at = skip_quote(s, from);
    v->quoted = v->at > from;
    v->end = run_end(s, shape->chars, v->at);
    return !(flag && at_or_nul(s, v->at) == '-');
}

static void cut_value(const struct secret_scan *s, struct value *v)
{
    if (v->end > v->at && s->text.p[v->end - 1] == '$') {
        v->end--; /* of $( and ${ */
    }
}

static bool is_one_of(struct span v, const char *const *words)
{
    for (; *words; words++) {
        if (v.n == strlen(*words) && literal_is_at(v, 0, *words, v.n, true)) {
            return true;
        }
    }
    return false;
}

/* ****, xxxx, true, a type's name: what stands where a secret would. */
static bool is_placeholder(struct span v)
{
    static const char *const WORDS[] = {"true",   "false",  "null",    "none",     "undefined",
                                        "string", "str",    "bytes",   "optional", "required",
                                        "hidden", "prompt", "boolean", "redacted", NULL};
    size_t same = 0;
    while (same < v.n && same < 64 && v.p[same] == v.p[0]) {
        same++;
    }
    return v.n == 0 || same == v.n || v.p[0] == '$' || v.p[0] == '%' || is_one_of(v, WORDS);
}

static bool is_call(const struct secret_scan *s, const struct value *v)
{
    char c = at_or_nul(s, v->end);
    return !v->quoted && (c == '(' || c == '[');
}

/* `"password": 12345678`: a mark in its place would be no JSON, and who sent it would not be heard.
 */
static bool is_number(const struct value *v, struct span text)
{
    static const char DIGITS[] = "0123456789+-.eE";
    size_t n = 0;
    while (n < text.n && memchr(DIGITS, text.p[n], sizeof(DIGITS) - 1) != NULL) {
        n++;
    }
    return v->name_quoted && !v->quoted && n == text.n;
}

static bool is_none(struct secret_scan *s, const struct value *v, struct span text)
{
    return is_placeholder(text) || is_call(s, v) || is_number(v, text) ||
           is_path(s, v->at, v->at + text.n);
}

static bool take_value(struct secret_scan *s, const struct shape *shape, const struct value *v,
                       struct secret_hit *hit)
{
    if (hit_by_shape(s, v->at, hit) && hit->at == v->at && hit->n >= v->end - v->at) {
        return true;
    }
    *hit = (struct secret_hit){.at = v->at, .n = v->end - v->at, .kind = shape->kind};
    return true;
}

bool match_password(struct secret_scan *s, const struct shape *shape, size_t at,
                    struct secret_hit *hit)
{
    struct value v = {0};
    if (!find_value(s, shape, at, &v)) {
        return false;
    }
    cut_value(s, &v);
    struct span text = span_sub(s->text, v.at, v.end - v.at);
    size_t least = v.loose && !v.quoted ? LOOSE_PASSWORD : shape->least;
    return text.n >= least && !is_none(s, &v, text) && take_value(s, shape, &v, hit);
}

bool match_word(struct secret_scan *s, const struct shape *shape, size_t at, struct secret_hit *hit)
{
    struct value v = {0};
    if (!find_value(s, shape, at, &v)) {
        return false;
    }
    cut_value(s, &v);
    struct span text = span_sub(s->text, v.at, v.end - v.at);
    uint8_t seen = chars_seen(text);
    return text.n >= shape->least && (seen & shape->need) == shape->need &&
           (seen & (NEED_UPPER | NEED_LOWER)) && !is_none(s, &v, text) &&
           take_value(s, shape, &v, hit);
}
