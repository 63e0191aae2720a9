/* match.c - how far a secret goes from its literal on. Each character is looked at a bounded number
 * of times, whatever the text: runs are remembered, other looks are short. */
#include "secret_priv.h"

#include <string.h>

#define NEED_LOOK_BYTES 64  /* of a run, for the kinds of characters in it */
#define CUT_LEAST       8   /* characters of a secret that the end of the text cuts off */
#define CUT_LITERAL     4   /* and its literal says enough by itself */
#define CONTEXT_BYTES   32  /* before a scheme, in which the header's name stands */
#define PARTNER_WITHIN  256 /* bytes behind an access key's id */
#define PARTNER_BYTES   40
#define LABEL_BYTES     64
#define KEY_LINE_BYTES  48 /* no command's name is as long */
#define COLOUR_BYTES    20
#define THROWN_LEAST    20 /* characters of what looks as if dice had made it */

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_in(const char *letters, char c)
{
    return c != '\0' && strchr(letters, c) != NULL;
}

static bool is_inert(char c)
{
    static const char ACTIVE[] = "\"'`\\$()[]{}<>;|&, \x7f";
    return (unsigned char)c > ' ' && (c == '$' || memchr(ACTIVE, c, sizeof(ACTIVE)) == NULL);
}

bool has_char(enum charset set, char c)
{
    switch (set) {
    case CHARS_WORD:
        return is_alnum(c) || c == '-' || c == '_';
    case CHARS_B64:
        return is_alnum(c) || c == '+' || c == '/' || c == '=';
    case CHARS_HEX:
        return is_hex(c);
    case CHARS_BEARER:
        return is_alnum(c) || is_in("-._~+/=", c);
    case CHARS_INERT:
        return is_inert(c);
    case CHARS_ALNUM:
    case CHARSET_COUNT:
    default:
        return is_alnum(c);
    }
}

size_t run_end(struct secret_scan *s, enum charset set, size_t from)
{
    size_t end = from;
    if (from >= s->run_from[set] && from < s->run_to[set]) {
        return s->run_to[set];
    }
    while (end < s->text.n && is_of(s, set, s->text.p[end])) {
        end++;
        if (end == s->run_from[set] && s->run_to[set] > end) {
            end = s->run_to[set];
            break;
        }
    }
    s->run_from[set] = from;
    s->run_to[set] = end;
    return end;
}

uint8_t chars_seen(struct span text)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < text.n && i < NEED_LOOK_BYTES; i++) {
        char c = text.p[i];
        seen |= c >= '0' && c <= '9' ? NEED_DIGIT : 0;
        seen |= c >= 'A' && c <= 'Z' ? NEED_UPPER : 0;
        seen |= c >= 'a' && c <= 'z' ? NEED_LOWER : 0;
    }
    return seen;
}

static bool is_escape_letter(char c)
{
    return is_in("bfnrtu\"\\/", c);
}

/* Of how many backslashes does not matter: what is found must be found, and not more, when the text
 * stands escaped inside of another. */
bool may_be_escaped(const struct secret_scan *s, size_t at)
{
    return at > 0 && s->text.p[at - 1] == '\\' && is_escape_letter(s->text.p[at]);
}

/* Another letter's code, "%3D" in a URL or "[32m" in a terminal's colours, ends before `at`. */
static bool ends_code(const struct secret_scan *s, size_t at)
{
    const char *p = s->text.p;
    size_t back = at - 1;
    if (at >= 3 && p[at - 3] == '%') {
        return is_hex(p[at - 2]) && is_hex(p[at - 1]);
    }
    while (p[at - 1] == 'm' && back > 0 && at - back < COLOUR_BYTES &&
           (p[back - 1] == ';' || (p[back - 1] >= '0' && p[back - 1] <= '9'))) {
        back--;
    }
    return p[at - 1] == 'm' && back > 0 && p[back - 1] == '[';
}

bool begins_word(const struct secret_scan *s, size_t at)
{
    const char *p = s->text.p;
    if (may_be_escaped(s, at)) {
        return false;
    }
    return at == s->floor || !is_alnum(p[at - 1]) ||
           (at >= 2 && p[at - 2] == '\\' && is_escape_letter(p[at - 1])) || ends_code(s, at);
}

static bool take(struct secret_hit *hit, const struct shape *shape, size_t at, size_t end)
{
    *hit = (struct secret_hit){
        .at = at, .n = end - at, .kind = shape->kind, .sure = (uint32_t)strlen(shape->literal)};
    return true;
}

bool match_run(struct secret_scan *s, const struct shape *shape, size_t at, struct secret_hit *hit)
{
    size_t literal = strlen(shape->literal);
    size_t from = at + literal;
    size_t end = run_end(s, shape->chars, from);
    size_t n = end - from;
    uint8_t seen = chars_seen(span_sub(s->text, from, n));
    bool cut = end == s->text.n && literal >= CUT_LITERAL && n >= CUT_LEAST && n < shape->least &&
               (seen & NEED_DIGIT);
    bool whole = n >= shape->least && (shape->most == 0 || n <= shape->most) &&
                 (seen & shape->need) == shape->need &&
                 (shape->most == 0 || end == s->text.n || !is_of(s, CHARS_WORD, s->text.p[end]));
    return (whole || cut) && begins_word(s, at) && take(hit, shape, at, end);
}

static bool is_at(const struct secret_scan *s, size_t at, char c)
{
    return at < s->text.n && s->text.p[at] == c;
}

/* The end of the parts behind the first; 0 when they are none of a token's. */
static size_t jwt_rest(struct secret_scan *s, const struct shape *shape, size_t head)
{
    size_t body = run_end(s, shape->chars, head + 1);
    if (body - head <= shape->least || !is_at(s, body, '.')) {
        return 0;
    }
    size_t end = run_end(s, shape->chars, body + 1);
    for (int more = 0; more < 2 && is_at(s, end, '.');
         more++) { /* an encrypted one has five parts */
        size_t next = run_end(s, shape->chars, end + 1);
        end = next > end + 1 ? next : end;
        more += next == end + 1;
    }
    return end;
}

/* A first part may have any number of places where one could begin: what follows it is looked at
 * once, and its own end stays known. */
bool match_jwt(struct secret_scan *s, const struct shape *shape, size_t at, struct secret_hit *hit)
{
    size_t head = run_end(s, shape->chars, at);
    if (head - at < shape->least || !is_at(s, head, '.') || !begins_word(s, at)) {
        return false;
    }
    if (s->jwt_head != head) {
        s->jwt_head = head;
        s->jwt_end = jwt_rest(s, shape, head);
        s->run_from[shape->chars] = at;
        s->run_to[shape->chars] = head;
    }
    return s->jwt_end > 0 && take(hit, shape, at, s->jwt_end);
}

bool match_sendgrid(struct secret_scan *s, const struct shape *shape, size_t at,
                    struct secret_hit *hit)
{
    size_t from = at + strlen(shape->literal);
    size_t point = run_end(s, shape->chars, from);
    if (point - from < shape->least || !is_at(s, point, '.') || !begins_word(s, at)) {
        return false;
    }
    size_t end = run_end(s, shape->chars, point + 1);
    return end - point > shape->least && take(hit, shape, at, end);
}

/* Of 40 characters, and not the hex of a digest. */
static void look_for_partner(struct secret_scan *s, size_t from)
{
    size_t last = from + PARTNER_WITHIN < s->text.n ? from + PARTNER_WITHIN : s->text.n;
    for (size_t at = from; at < last;) {
        at += may_be_escaped(s, at);
        size_t end = run_end(s, CHARS_B64, at);
        if (end - at == PARTNER_BYTES &&
            chars_seen(span_sub(s->text, at, end - at)) == NEED_MIXED) {
            s->partner_at = at;
            s->partner_n = PARTNER_BYTES;
            return;
        }
        at = end + 1;
    }
}

bool match_access_key(struct secret_scan *s, const struct shape *shape, size_t at,
                      struct secret_hit *hit)
{
    size_t end = at + strlen(shape->literal) + shape->least;
    if (!match_run(s, shape, at, hit) || hit->at + hit->n != end ||
        (chars_seen(span_sub(s->text, at, hit->n)) & NEED_LOWER)) {
        return false;
    }
    look_for_partner(s, end);
    return true;
}

/* "/../" further on. Values may begin at many places of one run of characters: it is looked for
 * once in each run. */
static bool leads_up(struct secret_scan *s, size_t from, size_t end)
{
    static const char UP[] = "/../";
    const size_t n = sizeof(UP) - 1;
    if (end != s->up_end || from < s->up_from) {
        s->up_from = from;
        s->up_end = end;
        s->up_at = 0;
        for (size_t at = end; s->up_at == 0 && at >= from + n; at--) {
            s->up_at = memcmp(s->text.p + at - n, UP, n) == 0 ? at - n : 0;
        }
    }
    return s->up_at >= from;
}

bool is_path(struct secret_scan *s, size_t from, size_t end)
{
    struct span text = span_sub(s->text, from, end - from);
    bool is_thrown = text.n >= THROWN_LEAST && chars_seen(text) == NEED_MIXED;
    return (span_starts(text, "/") && !is_thrown) || span_starts(text, "./") ||
           span_starts(text, "../") || span_starts(text, "~/") || leads_up(s, from, end);
}

static bool stands_before(const struct secret_scan *s, size_t at, const char *word)
{
    size_t n = strlen(word);
    for (size_t back = n; back <= CONTEXT_BYTES && back <= at; back++) {
        if (literal_is_at(s->text, at - back, word, n, true)) {
            return true;
        }
    }
    return false;
}

bool match_scheme(struct secret_scan *s, const struct shape *shape, size_t at,
                  struct secret_hit *hit)
{
    size_t from = at + strlen(shape->literal);
    size_t end = run_end(s, shape->chars, from);
    bool header = stands_before(s, at, "uthorization");
    bool needed = (chars_seen(span_sub(s->text, from, end - from)) & NEED_DIGIT) != 0;
    bool alone = shape->need != 0 && needed && end - from >= shape->least && begins_word(s, at);
    if (may_be_escaped(s, at) || (!alone && !(header && end - from >= 4)) ||
        is_path(s, from, end)) {
        return false;
    }
    (void)take(hit, shape, from, end);
    hit->sure = 0;
    return true;
}

static bool ends_user(char c)
{
    return c == ':' || c == '/' || c == '@' || c == '?' || c == '#';
}

bool match_userinfo(struct secret_scan *s, const struct shape *shape, size_t at,
                    struct secret_hit *hit)
{
    const char *p = s->text.p;
    size_t user = at + strlen(shape->literal);
    size_t colon = user;
    while (colon < s->text.n && colon - user < shape->most && is_of(s, CHARS_INERT, p[colon]) &&
           !ends_user(p[colon])) {
        colon++;
    }
    size_t end = colon + 1;
    if (!is_at(s, colon, ':')) {
        return false;
    }
    while (end < s->text.n && end - colon < shape->most && is_of(s, CHARS_INERT, p[end]) &&
           p[end] != '/' && p[end] != '@') {
        end++;
    }
    if (!is_at(s, end, '@') || end == colon + 1 || p[colon + 1] == '$') {
        return false;
    }
    (void)take(hit, shape, colon + 1, end);
    hit->sure = 0;
    return true;
}

/* ---- private keys */

/* Ends of line as they stand, or escaped at any depth, also a line that a shell goes on with; `at`
 * when there are none. */
static size_t skip_newline(const struct secret_scan *s, size_t at)
{
    size_t p = at;
    while (p < s->text.n) {
        size_t q = p;
        while (is_at(s, q, '\\')) {
            q++;
        }
        bool escaped = q > p && (is_at(s, q, 'n') || is_at(s, q, 'r'));
        if (!escaped && !is_at(s, q, '\n') && !is_at(s, q, '\r')) {
            return p;
        }
        p = q + 1;
    }
    return p;
}

static size_t skip_header(struct secret_scan *s, size_t at)
{
    static const char *const NAMES[] = {"Proc-Type: ", "DEK-Info: ", "Version: ", "Comment: "};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        size_t n = strlen(NAMES[i]);
        if (literal_is_at(s->text, at, NAMES[i], n, false)) {
            size_t end = at + n;
            while (end < s->text.n && end - at < LABEL_BYTES &&
                   (is_of(s, CHARS_WORD, s->text.p[end]) || s->text.p[end] == ',')) {
                end++;
            }
            return skip_newline(s, end);
        }
    }
    return at;
}

/* A shell that is given a key runs each line of it: what may be the name of a command is no part of
 * one. A word that ends with "=" is none, and a key ends with it. */
static bool is_key_line(const struct secret_scan *s, const struct shape *shape, size_t at,
                        size_t end)
{
    size_t n = end - at;
    bool is_thrown = chars_seen(span_sub(s->text, at, n)) == NEED_MIXED;
    return n >= KEY_LINE_BYTES || (n >= shape->least && is_thrown) ||
           (n > 0 && is_at(s, end - 1, '='));
}

/* Lines of base64 only: the end of the last one, with what ends it when a label may follow; `at`
 * when there is none. */
static size_t skip_body(struct secret_scan *s, const struct shape *shape, size_t at)
{
    size_t done = at;
    for (size_t p = at; p < s->text.n;) {
        size_t end = run_end(s, shape->chars, p);
        size_t next = skip_newline(s, end);
        if (!is_key_line(s, shape, p, end)) {
            return done;
        }
        if (next == end || is_at(s, next, '-')) {
            return next;
        }
        done = end;
        p = next;
    }
    return s->text.n;
}

/* "-----BEGIN RSA PRIVATE KEY-----": the end of it. */
static size_t pem_label(const struct secret_scan *s, size_t at, const char *verb)
{
    static const char MARK[] = "PRIVATE KEY";
    size_t begin = at + strlen(verb);
    size_t end = begin;
    if (!literal_is_at(s->text, at, verb, strlen(verb), false)) {
        return at;
    }
    while (end < s->text.n && end - begin < LABEL_BYTES && !is_at(s, end, '-') &&
           (is_alnum(s->text.p[end]) || s->text.p[end] == ' ')) {
        end++;
    }
    struct span label = span_sub(s->text, begin, end - begin);
    bool private = span_ends(label, MARK) || span_ends(label, "PRIVATE KEY BLOCK");
    return private && literal_is_at(s->text, end, "-----", 5, false) ? end + 5 : at;
}

bool match_pem(struct secret_scan *s, const struct shape *shape, size_t at, struct secret_hit *hit)
{
    size_t begin = pem_label(s, at, shape->literal);
    if (begin == at) {
        return false;
    }
    size_t body = skip_newline(s, begin);
    for (size_t next; (next = skip_header(s, body)) != body;) {
        body = next;
    }
    size_t end = skip_body(s, shape, body);
    size_t over = pem_label(s, end, "-----END ");
    return end >= body + shape->least && take(hit, shape, at, over);
}

/* ---- by its own shape */

bool hit_by_shape(struct secret_scan *s, size_t at, struct secret_hit *hit)
{
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        const struct shape *shape = &SHAPES[i];
        bool own = !shape->fold && shape->match != match_userinfo && shape->match != match_pem;
        if (own && literal_is_at(s->text, at, shape->literal, strlen(shape->literal), false) &&
            shape->match(s, shape, at, hit)) {
            return true;
        }
    }
    return false;
}
