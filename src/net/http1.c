#include "http1_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/num.h"

static bool is_token_char(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
        return true;
    }
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool http1_is_token(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_token_char((unsigned char)s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c;
}

static bool same_word(struct span a, const char *lower_word)
{
    if (a.n != strlen(lower_word)) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower_word[i]) {
            return false;
        }
    }
    return true;
}

size_t http1_head_end(struct span in, size_t from)
{
    from = from > 3 ? from - 3 : 0;
    if (in.n < from + 4) {
        return 0;
    }
    const char *end = memmem(in.p + from, in.n - from, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - in.p) + 4;
}

/* Takes the line before the next CRLF off the front; false when a CR or LF stands alone in it. */
static bool take_line(struct span *rest, struct span *line)
{
    const char *end = memmem(rest->p, rest->n, "\r\n", 2);
    if (end == NULL) {
        return false;
    }
    *line = (struct span){rest->p, (size_t)(end - rest->p)};
    *rest = span_sub(*rest, line->n + 2, rest->n);
    return span_find(*line, '\r') == line->n && span_find(*line, '\n') == line->n;
}

static bool is_target(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || c == '#') {
            return false;
        }
    }
    return s.n > 0 && s.p[0] == '/';
}

static int parse_version(struct http1 *h, struct span version)
{
    if (span_is(version, "HTTP/1.1")) {
        h->minor = 1;
        return 0;
    }
    if (span_is(version, "HTTP/1.0")) {
        h->minor = 0;
        return 0;
    }
    return span_starts(version, "HTTP/") ? 505 : 400;
}

static int parse_request_line(struct http1 *h, struct span line)
{
    struct span target;
    if (!span_next(&line, ' ', &h->method) || !span_next(&line, ' ', &target)) {
        return 400;
    }
    if (!http1_is_token(h->method) || h->method.n > HTTP1_METHOD_BYTES || !is_target(target)) {
        return 400;
    }
    size_t mark = span_find(target, '?');
    h->path = span_sub(target, 0, mark);
    h->query = span_sub(target, mark + 1, target.n);
    return parse_version(h, line);
}

bool http1_is_value(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

bool http_field_is_framing(struct span name)
{
    static const char *const NAMES[] = {
        "connection", "content-length",      "keep-alive", "proxy-authenticate",
        "te",         "proxy-authorization", "trailer",    "proxy-connection",
        "upgrade",    "transfer-encoding",
    };
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (same_word(name, NAMES[i])) {
            return true;
        }
    }
    return false;
}

static int parse_field(struct http1 *h, struct span line)
{
    size_t colon = span_find(line, ':');
    struct span name = span_sub(line, 0, colon);
    struct span value = span_sub(line, colon + 1, line.n);
    if (colon == line.n || !http1_is_token(name) || !http1_is_value(value)) {
        return 400;
    }
    if (h->count == HTTP1_FIELDS) {
        return 431;
    }
    char *p = h->text + (name.p - h->text);
    for (size_t i = 0; i < name.n; i++) {
        p[i] = lower(p[i]);
    }
    h->fields[h->count++] = (struct http_field){name, span_trim(value)};
    return 0;
}

struct span http1_get(const struct http1 *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++) {
        if (span_is(h->fields[i].name, name)) {
            return h->fields[i].value;
        }
    }
    return SPAN_NONE;
}

static size_t times(const struct http1 *h, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < h->count; i++) {
        n += span_is(h->fields[i].name, name) ? 1 : 0;
    }
    return n;
}

bool http1_has(const struct http1 *h, const char *name)
{
    return times(h, name) > 0;
}

bool http1_list_has(struct span list, const char *word)
{
    struct span item;
    while (span_next(&list, ',', &item)) {
        if (same_word(span_trim(item), word)) {
            return true;
        }
    }
    return false;
}

/* Fields whose second appearance would let two readers of the same bytes disagree. */
static int check_single(const struct http1 *h)
{
    static const char *const names[] = {
        "host",         "content-length",    "transfer-encoding",     "authorization", "origin",
        "content-type", "sec-websocket-key", "sec-websocket-version", "expect",        "upgrade",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (times(h, names[i]) > 1) {
            return 400;
        }
    }
    return h->minor == 1 && !http1_has(h, "host") ? 400 : 0;
}

static int check_length(struct http1 *h)
{
    bool has_length = http1_has(h, "content-length");
    h->length = -1;
    if (http1_has(h, "transfer-encoding")) {
        if (has_length || h->minor == 0) {
            return 400;
        }
        h->chunked = same_word(http1_get(h, "transfer-encoding"), "chunked");
        return h->chunked ? 0 : 501;
    }
    if (has_length &&
        num_parse(http1_get(h, "content-length"), 0, INT64_MAX, &h->length) != ST_OK) {
        return 400;
    }
    return 0;
}

static int check_connection(struct http1 *h)
{
    struct span connection = http1_get(h, "connection");
    h->keep_alive = h->minor == 1 ? !http1_list_has(connection, "close")
                                  : http1_list_has(connection, "keep-alive");
    h->upgrade = h->minor == 1 && span_is(h->method, "GET") &&
                 http1_list_has(connection, "upgrade") &&
                 http1_list_has(http1_get(h, "upgrade"), "websocket");
    if (h->upgrade && (h->chunked || h->length > 0)) {
        return 400;
    }
    if (http1_has(h, "expect")) {
        h->expects_continue = same_word(http1_get(h, "expect"), "100-continue");
        return h->expects_continue ? 0 : 417;
    }
    return 0;
}

static int parse_fields(struct http1 *h, struct span rest)
{
    struct span line;
    while (take_line(&rest, &line)) {
        if (line.n == 0) {
            return rest.n == 0 ? 0 : 400;
        }
        int fault = parse_field(h, line);
        if (fault != 0) {
            return fault;
        }
    }
    return 400;
}

int http1_parse(struct http1 *h, struct span head)
{
    if (head.n > HTTP1_HEAD_BYTES) {
        return 431;
    }
    memcpy(h->text, head.p, head.n);
    h->text[head.n] = '\0';
    h->count = 0;
    h->chunked = h->keep_alive = h->expects_continue = h->upgrade = false;
    struct span rest = {h->text, head.n};
    struct span line;
    int fault = take_line(&rest, &line) ? parse_request_line(h, line) : 400;
    if (fault == 0) {
        fault = parse_fields(h, rest);
    }
    if (fault == 0) {
        fault = check_single(h);
    }
    if (fault == 0) {
        fault = check_length(h);
    }
    return fault == 0 ? check_connection(h) : fault;
}

void http1_free(struct http1 *h)
{
    if (h != NULL) {
        explicit_bzero(h->text, sizeof(h->text));
        free(h);
    }
}
