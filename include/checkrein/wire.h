/* wire.h - reading what peers send: a strict JSON reader and message framers. wire reads, jansson
 * writes.
 *
 * JSON (RFC 8259) is read to a flat tape of tokens that point into the text: no allocation, one
 * pass. Refused: bytes after the value, depth over TAPE_DEPTH_MAX, a duplicate key in one object
 * (compared after unescaping, exactly, never by hash alone), control characters in strings, bad
 * numbers, a byte order mark, NUL. Broken UTF-8 and lone surrogates are refused in TAPE_STRICT; in
 * TAPE_REPAIR they read as U+FFFD and `repaired` is set, because real agents cut emoji in half.
 *
 *     struct tape_token tokens[256];
 *     struct tape j;
 *     if (tape_parse(&j, text, TAPE_STRICT, tokens, ARRAY_LEN(tokens)) == ST_OK) {
 *         uint32_t name = tape_get(&j, TAPE_ROOT, "name");
 *         struct span s = tape_string(&j, name, &scratch);
 *     }
 *
 * The text and the tokens must outlive the `struct tape`. Thread: any, one at a time.
 */
#ifndef CHECKREIN_WIRE_H
#define CHECKREIN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define TAPE_DEPTH_MAX  64
#define TAPE_NUMBER_MAX 64 /* bytes of one number */
#define TAPE_ROOT       0u
#define TAPE_ABSENT     UINT32_MAX /* what lookups give; every accessor takes it */

enum tape_type {
    TAPE_OBJECT,
    TAPE_ARRAY,
    TAPE_STRING,
    TAPE_NUMBER,
    TAPE_TRUE,
    TAPE_FALSE,
    TAPE_NULL
};
enum tape_mode { TAPE_STRICT, TAPE_REPAIR };

struct tape_token {
    uint32_t off;  /* of the value; a string's starts after its quote */
    uint32_t len;  /* in bytes of source text, a string's without quotes */
    uint32_t next; /* index of the token after this value and all it holds; a key's is private */
    uint8_t type;  /* enum tape_type */
    uint8_t flags; /* private to the reader */
};

struct tape {
    struct span text;
    struct tape_token *tokens;
    uint32_t count;
    uint32_t cap;
    bool repaired;
    uint32_t error_at; /* byte offset of the first fault */
    const char *error; /* a constant; NULL when all is well */
};

/* ST_OK, ST_INVALID (error, error_at), or ST_LIMIT (depth, tokens, or the bytes of a number). Text
 * up to 4 GiB - 1. The time is O(n log n) for any text: keys of large objects are compared by
 * sorting them in place. A duplicate is found at the latest where its object ends. After a failure
 * all lookups find nothing. */
enum status tape_parse(struct tape *j, struct span text, enum tape_mode mode,
                       struct tape_token *tokens, uint32_t cap) MUST_USE;

enum tape_type tape_type(const struct tape *j, uint32_t at); /* TAPE_NULL for TAPE_ABSENT */
/* Value of a key of an object; TAPE_ABSENT when it is not an object or has no such key. */
uint32_t tape_get(const struct tape *j, uint32_t object, const char *key);
/* "a/b/c" walked with tape_get. */
uint32_t tape_path(const struct tape *j, uint32_t object, const char *path);
/* Walks an object or array, TAPE_ABSENT at the end: first child, then next sibling. In an object
 * *at is a key; its value is at + 1. */
uint32_t tape_first(const struct tape *j, uint32_t container);
uint32_t tape_next(const struct tape *j, uint32_t container, uint32_t at);
uint32_t tape_count(const struct tape *j, uint32_t container); /* members or elements */
bool tape_key_is(const struct tape *j, uint32_t key, const char *name);
/* Unescaped bytes. Zero-copy when there is nothing to unescape, else appended to scratch, and valid
 * until scratch changes (reserve its whole limit first and nothing in it ever moves). Not a string,
 * or scratch is full (scratch->over tells): the empty span. U+0000 arrives as a NUL byte. */
struct span tape_string(const struct tape *j, uint32_t at, struct buf *scratch);
/* The source text of any value, as received. */
struct span tape_raw(const struct tape *j, uint32_t at);
/* A number, or a string that holds one (OTLP writes 64-bit integers so). ST_INVALID, ST_LIMIT. */
enum status tape_int(const struct tape *j, uint32_t at, int64_t *out) MUST_USE;
bool tape_bool(const struct tape *j, uint32_t at, bool fallback);

/* Appends a JSON string, quotes included, with everything escaped that must be; bad UTF-8 becomes
 * U+FFFD. For the few hot or canonical texts that are not built with jansson; the bytes are those
 * that jansson writes. ST_LIMIT adds nothing. */
enum status tape_quote(struct buf *out, struct span s);

/* ---- framers: bytes in, whole messages out. Each is fed any split of the stream and keeps the
 * rest. A message longer than the cap given at init ends the stream with ST_LIMIT; the caller
 * closes.
 *
 * NDJSON: lines ended by LF or CR LF; empty lines are skipped.
 * Content-Length: as in LSP, header lines ended by CR LF, at most FRAMER_HEAD_MAX bytes of them.
 * SSE: the WHATWG event stream, except that bytes are not decoded: what reads the data repairs its
 * UTF-8.
 *
 *     framer_init(&f, FRAME_SSE, 1024 * 1024);
 *     enum status st = framer_feed(&f, bytes);
 *     while (st == ST_OK && (st = framer_next(&f, &message)) == ST_OK)
 *         handle(message);
 *     if (st != ST_AGAIN)
 *         close_stream();
 */

#define FRAMER_FEED_MAX                                                                            \
    ((size_t)1 << 20) /* bytes that may be fed before framer_next() has said ST_AGAIN */
#define FRAMER_HEAD_MAX 4096
#define FRAMER_NAME_MAX 1024 /* bytes of an SSE event name or id */

enum frame_kind { FRAME_NDJSON, FRAME_CONTENT_LENGTH, FRAME_SSE };

struct framer {
    enum frame_kind kind;
    enum status dead; /* what ended the stream; ST_OK while it lives */
    size_t message_limit;
    struct buf pending;
    size_t used;       /* of pending: handed out or understood */
    size_t scanned;    /* of pending: known to hold no end of line; >= used */
    size_t body_bytes; /* Content-Length: of the message that the head announced */
    bool in_body;
    bool started;       /* SSE: past the byte order mark */
    bool skip_lf;       /* SSE: the last line ended in CR */
    bool has_data;      /* SSE: this event has a data line */
    bool delivered;     /* SSE: text and event are the caller's until the next call */
    struct buf text;    /* SSE: joined data lines */
    struct buf event;   /* SSE: the event's name; empty stands for "message" */
    struct buf id;      /* SSE: last event id, of events that are complete: for Last-Event-ID */
    struct buf next_id; /* SSE: of the event that is being read */
    int64_t retry_ms;   /* SSE: as the server asks, at most a day; -1: it did not */
};

void framer_init(struct framer *f, enum frame_kind kind, size_t message_limit);
void framer_release(struct framer *f); /* takes zeroed memory too */
/* ST_OK, or what ended the stream; ST_LIMIT also for more than FRAMER_FEED_MAX at once. */
enum status framer_feed(struct framer *f, struct span bytes) MUST_USE;
/* The next message: ST_OK (valid until the next call on f), ST_AGAIN, ST_INVALID or ST_LIMIT
 * (dead). */
enum status framer_next(struct framer *f, struct span *message) MUST_USE;

/* ---- JSON-RPC 2.0 ids: a number or a string, kept as received so that an answer carries the same
 * token. Terminated. ST_NOTFOUND: no id (a notification). ST_INVALID: null, another type, or text
 * that had to be repaired. ST_LIMIT: longer than out_bytes - 1. */
enum status rpc_id_copy(const struct tape *j, uint32_t message, char *out,
                        size_t out_bytes) MUST_USE;

#endif
