/* http1_priv.h - the HTTP/1.1 that we accept, as pure functions over bytes.
 *
 * Strict on purpose: one way to say each thing, everything else is refused with a status. No bare
 * LF, no folded lines, no blank before a colon, no control bytes, no second Host, length or
 * credential, never a length together with chunks. What two parsers could read differently is not
 * read at all.
 */
#ifndef CHECKREIN_NET_HTTP1_PRIV_H
#define CHECKREIN_NET_HTTP1_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/net.h"
#include "checkrein/span.h"

enum {
    HTTP1_HEAD_BYTES = 8192,
    HTTP1_FIELDS = 64,
    HTTP1_METHOD_BYTES = 16,
    HTTP1_CHUNK_LINE_BYTES = 256, /* a size with its extensions */
    HTTP1_TRAILER_BYTES = 4096,
};

struct http1 {
    char text[HTTP1_HEAD_BYTES + 1]; /* what the spans point into */
    struct span method, path, query;
    int minor; /* HTTP/1.minor */
    struct http_field fields[HTTP1_FIELDS];
    size_t count;
    int64_t length; /* -1: none given */
    bool chunked;
    bool keep_alive;
    bool expects_continue;
    bool upgrade; /* asks for a WebSocket */
};

bool http1_is_token(struct span s);
bool http1_is_value(struct span s); /* no control byte but a tab */

/* Length of the head with its empty line, 0 when that has not come yet. Starts looking at `from`.
 */
size_t http1_head_end(struct span in, size_t from);

/* Takes a copy of the whole head. 0, or the status to answer. */
int http1_parse(struct http1 *h, struct span head);

void http1_free(struct http1 *h); /* wipes: a head may hold a credential */

/* The first field of that (lower-case) name, empty when absent. */
struct span http1_get(const struct http1 *h, const char *name);
bool http1_has(const struct http1 *h, const char *name);

/* Whether a comma-separated list has this word; upper and lower case are the same. */
bool http1_list_has(struct span list, const char *word);

enum http1_body_state {
    BODY_NONE,
    BODY_LENGTH,
    BODY_SIZE, /* in a chunk's size line */
    BODY_DATA,
    BODY_DATA_CR,
    BODY_DATA_LF,
    BODY_TRAILER,
    BODY_DONE,
};

struct http1_body {
    enum http1_body_state state;
    uint64_t left;     /* of the body or of this chunk */
    size_t line_bytes; /* of this size line, or of all trailers */
    int digits;        /* of the size; -1: past them */
    bool saw_cr;
    bool line_empty; /* of a trailer line so far */
};

void http1_body_init(struct http1_body *b, const struct http1 *h);
/* Takes from `in` what belongs to the body and returns how much that was; *fault is a status when
 * it cannot go on (400, or 413 when `out` is full). Complete when state is BODY_DONE. */
size_t http1_body_feed(struct http1_body *b, struct span in, struct buf *out, int *fault);

struct http1_reply {
    int status;
    const char *content_type; /* or NULL */
    const char *extra;        /* whole lines, or NULL */
    struct span body;
    bool keep_alive;
    bool head_only; /* the answer to HEAD */
};
enum status http1_write_reply(struct buf *out, const struct http1_reply *r);

struct http1_stream {
    const struct http_answer *answer;
    bool chunked, keep_alive;
};
enum status http1_write_head(struct buf *out, const struct http1_stream *s);
bool http1_has_body(int status); /* an answer of this status may have one */
const char *http1_reason(int status);

#endif
