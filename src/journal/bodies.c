/* bodies.c - the records that the journal writes about itself. Their form is fixed byte by byte, so
 * that there is one way only to write what a signature covers.
 */
#include "record_priv.h"

#include <inttypes.h>
#include <string.h>

#include "checkrein/num.h"
#include "scan_priv.h"

#define ULID_CHARS (ULID_BYTES - 1)
#define SIG_MARK   ",\"sig\":\""

static const char *const causes[] = {
    [OPEN_NEW] = "new", [OPEN_START] = "start", [OPEN_ROTATE] = "rotate"};

enum status record_open_body(struct buf *line, const struct open_body *b)
{
    char key[HEX_BYTES(ED25519_KEY_BYTES)];
    hex_encode(b->key, sizeof(b->key), key);
    return buf_printf(line,
                      "\"open\":{\"format\":%d,\"instance\":\"%s\",\"segment\":%" PRIu32
                      ",\"cause\":\"%s\",\"writer\":\"%.*s\",\"version\":\"%.*s\",\"pid\":%" PRId64
                      ",\"key\":\"%s\"}",
                      RECORD_FORMAT, b->instance, b->segment, causes[b->cause], SPAN_ARG(b->writer),
                      SPAN_ARG(b->version), b->pid, key);
}

enum status record_seal_body(struct buf *line, const struct seal_body *b)
{
    char key[HEX_BYTES(ED25519_KEY_BYTES)];
    hex_encode(b->key, sizeof(b->key), key);
    (void)buf_printf(line, "\"seal\":{\"instance\":\"%s\",\"key\":\"%s\"", b->instance, key);
    if (b->next > 0) {
        char name[SEGMENT_NAME_BYTES];
        segment_name(b->next, name);
        (void)buf_printf(line, ",\"next\":\"%s\"", name);
    }
    return buf_status(line);
}

enum status record_seal_sig(struct buf *line, const uint8_t sig[ED25519_SIG_BYTES])
{
    char hex[HEX_BYTES(ED25519_SIG_BYTES)];
    hex_encode(sig, ED25519_SIG_BYTES, hex);
    return buf_printf(line, SIG_MARK "%s\"}", hex);
}

enum status record_torn_body(struct buf *line, const struct torn_body *b)
{
    char segment[SEGMENT_NAME_BYTES];
    char hash[SHA256_HEX_BYTES];
    segment_name(b->segment, segment);
    hex_encode(b->hash, sizeof(b->hash), hash);
    return buf_printf(line,
                      "\"torn\":{\"segment\":\"%s\",\"at\":%" PRIu64 ",\"bytes\":%" PRIu64
                      ",\"file\":\"%s\",\"sha256\":\"%s\"}",
                      segment, b->at, b->bytes, b->file, hash);
}

uint32_t record_torn_number(const struct record *r)
{
    struct scan s = {.rest = r->members};
    scan_literal(&s, "\"torn\":{\"segment\":\"");
    (void)scan_word(&s, RECORD_WORD_BYTES);
    scan_literal(&s, "\",\"at\":");
    (void)scan_number(&s);
    scan_literal(&s, ",\"bytes\":");
    (void)scan_number(&s);
    scan_literal(&s, ",\"file\":\"");
    (void)scan_bytes(&s, strlen("000001"));
    scan_literal(&s, ".torn-");
    uint64_t number = scan_number(&s);
    return s.bad || number > TORN_FILES ? 0 : (uint32_t)number;
}

static void scan_instance(struct scan *s, char out[ULID_BYTES])
{
    struct span text = scan_bytes(s, ULID_CHARS);
    s->bad = !span_copy(text, out, ULID_BYTES) || !ulid_valid(text) || s->bad;
}

static enum open_cause scan_cause(struct scan *s)
{
    struct span word = scan_word(s, RECORD_WORD_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
        if (span_is(word, causes[i])) {
            return (enum open_cause)i;
        }
    }
    s->bad = true;
    return OPEN_NEW;
}

bool record_read_open(const struct record *r, struct open_body *b)
{
    struct scan s = {.rest = r->members};
    *b = (struct open_body){0};
    scan_literal(&s, "\"open\":{\"format\":");
    s.bad = scan_number(&s) != RECORD_FORMAT || s.bad;
    scan_literal(&s, ",\"instance\":\"");
    scan_instance(&s, b->instance);
    scan_literal(&s, "\",\"segment\":");
    uint64_t segment = scan_number(&s);
    s.bad = s.bad || segment > SEGMENT_LAST;
    b->segment = (uint32_t)segment;
    scan_literal(&s, ",\"cause\":\"");
    b->cause = scan_cause(&s);
    scan_literal(&s, "\",\"writer\":\"");
    b->writer = scan_word(&s, RECORD_WORD_BYTES);
    scan_literal(&s, "\",\"version\":\"");
    b->version = scan_word(&s, RECORD_WORD_BYTES);
    scan_literal(&s, "\",\"pid\":");
    b->pid = (int64_t)scan_number(&s);
    scan_literal(&s, ",\"key\":\"");
    scan_hex(&s, b->key, sizeof(b->key));
    scan_literal(&s, "\"}");
    return scan_done(&s) && r->kind == JOURNAL_OPEN;
}

bool record_is_later_format(const struct record *r)
{
    struct scan s = {.rest = r->members};
    scan_literal(&s, "\"open\":{\"format\":");
    return scan_number(&s) > RECORD_FORMAT && !s.bad && r->kind == JOURNAL_OPEN;
}

bool record_read_seal(const struct record *r, struct seal_body *b)
{
    struct scan s = {.rest = r->members};
    *b = (struct seal_body){0};
    scan_literal(&s, "\"seal\":{\"instance\":\"");
    scan_instance(&s, b->instance);
    scan_literal(&s, "\",\"key\":\"");
    scan_hex(&s, b->key, sizeof(b->key));
    scan_literal(&s, "\"");
    if (scan_has(&s, ",\"next\":\"")) {
        scan_literal(&s, ",\"next\":\"");
        b->next = segment_number(scan_word(&s, RECORD_WORD_BYTES));
        scan_literal(&s, "\"");
        s.bad = s.bad || b->next == 0;
    }
    size_t left = s.rest.n + 1; /* with the brace that is not part of the members */
    b->signed_text = span_sub(r->line, 0, r->line.n - left);
    scan_literal(&s, SIG_MARK);
    scan_hex(&s, b->sig, sizeof(b->sig));
    scan_literal(&s, "\"}");
    return scan_done(&s) && r->kind == JOURNAL_SEAL;
}
