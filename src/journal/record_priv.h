/* record_priv.h - one line of the record, as docs/JOURNAL.md has it: made from values, and taken
 * apart.
 *
 * Pure: no file is touched here.
 */
#ifndef CHECKREIN_JOURNAL_RECORD_PRIV_H
#define CHECKREIN_JOURNAL_RECORD_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/crypto.h"
#include "checkrein/journal.h"
#include "checkrein/span.h"
#include "checkrein/status.h"
#include "checkrein/ulid.h"

#define RECORD_FORMAT      1
#define RECORD_PREV_BYTES  (SHA256_HEX_BYTES - 1)
#define RECORD_PREV_AT     (sizeof("{\"prev\":\"") - 1) /* where the hash stands in a line */
#define RECORD_WORD_BYTES  64    /* of a writer's name, a version, a file's name */
#define SEAL_LINE_BYTES    1024  /* no seal's line is longer */
#define RECORD_TOKENS      16384 /* of JSON in a line: no event of ours has as many */
#define RECORD_NO_PREV     "0000000000000000000000000000000000000000000000000000000000000000"
#define SEGMENT_NAME_BYTES 16 /* "000001.jsonl" and its NUL, with room */
#define SEGMENT_LAST       999999

/* A line taken apart; the spans point into it. */
struct record {
    struct span line; /* without its newline */
    struct span prev;
    uint64_t n;
    int64_t time_us;
    enum journal_kind kind;
    struct span kind_name;
    uint32_t secrets;    /* that were replaced, as it says before its body */
    struct span members; /* all after that but the last brace */
};

enum open_cause { OPEN_NEW, OPEN_START, OPEN_ROTATE };

struct open_body {
    char instance[ULID_BYTES];
    uint32_t segment;
    enum open_cause cause;
    struct span writer;
    struct span version;
    int64_t pid;
    uint8_t key[ED25519_KEY_BYTES];
};

struct seal_body {
    char instance[ULID_BYTES];
    uint8_t key[ED25519_KEY_BYTES];
    uint32_t next; /* number of the segment that follows; 0: none is named */
    uint8_t sig[ED25519_SIG_BYTES];
    struct span signed_text; /* the part of the line that the signature is over */
};

#define TORN_FILES 9999 /* of one segment */

struct torn_body {
    uint32_t segment;
    uint64_t at;
    uint64_t bytes;
    char file[RECORD_WORD_BYTES];
    uint8_t hash[SHA256_BYTES];
};

struct tombstone_body {
    struct journal_drop drop;
    struct span by;
};

const char *record_kind_name(enum journal_kind kind);

/* Everything up to the kind's members. */
enum status record_begin(struct buf *line, const char *prev, uint64_t n, int64_t now_us,
                         enum journal_kind kind);
enum status record_open_body(struct buf *line, const struct open_body *b);
/* Up to where the signature is to stand; record_seal_sig() then adds it. */
enum status record_seal_body(struct buf *line, const struct seal_body *b);
enum status record_seal_sig(struct buf *line, const uint8_t sig[ED25519_SIG_BYTES]);
enum status record_torn_body(struct buf *line, const struct torn_body *b);
/* The number of the file that a torn record names; 0 when it has not the form of one. */
uint32_t record_torn_number(const struct record *r);

enum status record_tombstone_body(struct buf *line, const struct tombstone_body *b);
bool record_read_tombstone(const struct record *r, struct tombstone_body *b);

/* False when the line has not the form of a record. What stands in the members is not looked at. */
bool record_parse(struct span line, struct record *r);
/* Key and value of the body, and where it is from; false when the members have another
 * form. */
bool record_split(const struct record *r, struct span *from, struct span *key, struct span *body);
bool record_has_body(const struct record *r); /* of the name that its kind has */
bool record_read_open(const struct record *r, struct open_body *b);
bool record_is_later_format(
    const struct record *r); /* an open record of a format after RECORD_FORMAT */
bool record_read_seal(const struct record *r, struct seal_body *b);

/* "000042.jsonl", and back; 0 for any other name. */
void segment_name(uint32_t segment, char out[SEGMENT_NAME_BYTES]);
uint32_t segment_number(struct span name);

#endif
