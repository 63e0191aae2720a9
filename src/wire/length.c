/* Content-Length framing, as language servers and their kin speak it. */
#include <string.h>
#include <strings.h>

#include "checkrein/num.h"
#include "framer_priv.h"

#define HEAD_END     "\r\n\r\n"
#define LENGTH_FIELD "content-length"

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] <= ' ' || name.p[i] > '~') {
            return false;
        }
    }
    return name.n > 0;
}

static struct span trim_blanks(struct span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s = span_sub(s, 1, SIZE_MAX);
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s = span_sub(s, 0, s.n - 1);
    }
    return s;
}

/* "name: value"; other names than Content-Length are let through. */
static enum status read_field(struct span line, int64_t *length)
{
    size_t colon = span_find(line, ':');
    struct span name = span_sub(line, 0, colon);
    if (colon == line.n || !is_name(name) || memchr(line.p, '\r', line.n) != NULL) {
        return ST_INVALID;
    }
    if (name.n != strlen(LENGTH_FIELD) || strncasecmp(name.p, LENGTH_FIELD, name.n) != 0) {
        return ST_OK;
    }
    struct span value = trim_blanks(span_sub(line, colon + 1, SIZE_MAX));
    bool again = *length >= 0; /* two readers could take different ones */
    if (again || span_starts(value, "-")) {
        return ST_INVALID;
    }
    return num_parse(value, 0, INT64_MAX, length);
}

/* `head` ends with the CR LF of its last line. */
static enum status read_head(struct span head, int64_t *length)
{
    *length = -1;
    while (head.n > 0) {
        size_t lf = span_find(head, '\n');
        if (lf == 0 || head.p[lf - 1] != '\r') {
            return ST_INVALID;
        }
        enum status st = read_field(span_sub(head, 0, lf - 1), length);
        if (st != ST_OK) {
            return st;
        }
        head = span_sub(head, lf + 1, SIZE_MAX);
    }
    return *length >= 0 ? ST_OK : ST_INVALID;
}

static enum status take_head(struct framer *f)
{
    struct span rest = span_sub(framer_rest(f), 0, FRAMER_HEAD_MAX);
    const char *end = rest.n > 0 ? memmem(rest.p, rest.n, HEAD_END, strlen(HEAD_END)) : NULL;
    if (end == NULL) {
        return rest.n == FRAMER_HEAD_MAX ? ST_LIMIT : ST_AGAIN;
    }
    size_t head_bytes = (size_t)(end - rest.p) + strlen("\r\n");
    int64_t length;
    enum status st = read_head(span_sub(rest, 0, head_bytes), &length);
    if (st != ST_OK) {
        return st;
    }
    if ((uint64_t)length > f->message_limit) {
        return ST_LIMIT;
    }
    f->used += head_bytes + strlen("\r\n");
    f->body_bytes = (size_t)length;
    f->in_body = true;
    return ST_OK;
}

enum status length_next(struct framer *f, struct span *message)
{
    if (!f->in_body) {
        enum status st = take_head(f);
        if (st != ST_OK) {
            return st;
        }
    }
    struct span rest = framer_rest(f);
    if (rest.n < f->body_bytes) {
        return ST_AGAIN;
    }
    *message = span_sub(rest, 0, f->body_bytes);
    f->used += f->body_bytes;
    f->in_body = false;
    return ST_OK;
}
