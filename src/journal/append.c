/* append.c - records into memory. Nothing changes when one cannot be made. */
#include "journal_priv.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/base64.h"
#include "checkrein/codec.h"
#include "checkrein/num.h"
#include "checkrein/utf8.h"
#include "checkrein/wire.h"

enum status append_begin(struct journal *j, int64_t now_us, enum journal_kind kind)
{
    if (!j->failed && j->pending.len > PENDING_BYTES) {
        (void)!journal_commit(j, NULL);
    }
    if (j->failed) {
        return ST_IO;
    }
    buf_clear(&j->line);
    return record_begin(&j->line, j->prev, j->next_n, now_us, kind);
}

/* The body stands in `line` and was made with status `st`. A newline inside would end the record
 * early for every reader, so that is checked here and not left to those who made the body. */
enum status append_finish(struct journal *j, int64_t now_us, enum status st, uint64_t *n)
{
    uint8_t hash[SHA256_BYTES];
    (void)buf_addch(&j->line, '}');
    if (st != ST_OK || buf_status(&j->line) != ST_OK) {
        return st != ST_OK ? st : ST_LIMIT;
    }
    struct span line = buf_span(&j->line);
    if (memchr(line.p, '\n', line.n) != NULL) {
        return ST_INVALID;
    }
    sha256_add(&j->hash, line);
    (void)buf_addch(&j->line, '\n');
    st = buf_status(&j->line) == ST_OK ? buf_add(&j->pending, buf_span(&j->line)) : ST_LIMIT;
    sha256_final(&j->hash, hash);
    if (st != ST_OK) {
        return st;
    }
    hex_encode(hash, sizeof(hash), j->prev);
    if (n != NULL) {
        *n = j->next_n;
    }
    j->news_n = j->next_n;
    j->next_n++;
    j->last_us = now_us;
    j->is_sealed = false;
    return ST_OK;
}

/* "secrets":2, stands before the body, where nothing that is recorded can reach. */
static enum status add_count(struct buf *line, uint32_t count)
{
    return count > 0 ? buf_printf(line, "\"secrets\":%" PRIu32 ",", count) : ST_OK;
}

/* The members from `at` on are JSON, and stay JSON of the same structure. */
static uint32_t hide(struct journal *j, size_t at)
{
    struct veiled v = veil(j->veil, span_sub(buf_span(&j->line), at, SIZE_MAX));
    if (v.count > 0) {
        buf_truncate(&j->line, at);
        (void)add_count(&j->line, v.count);
        (void)buf_add(&j->line, v.text);
    }
    return v.count;
}

static enum status hide_and_finish(struct journal *j, int64_t now_us, enum status st, size_t at,
                                   uint64_t *n)
{
    if (st == ST_OK && buf_status(&j->line) == ST_OK) {
        (void)hide(j, at);
    }
    return append_finish(j, now_us, st, n);
}

static enum status add_event(struct journal *j, const struct event *ev)
{
    struct event own = *ev;
    (void)buf_addstr(&j->line, "\"event\":");
    own.seq = ev->seq == 0 ? j->next_n : ev->seq;
    return codec_write_event(&j->line, &own);
}

enum status journal_event(struct journal *j, int64_t now_us, const struct event *ev, uint64_t *n)
{
    enum status st = append_begin(j, now_us, JOURNAL_EVENT);
    if (st != ST_OK) {
        return st;
    }
    size_t at = j->line.len;
    return hide_and_finish(j, now_us, add_event(j, ev), at, n);
}

/* Its number is the back-end's, or none: not that of the record. */
static enum status read_told(struct journal *j, const struct event *ev, struct span text)
{
    struct why why = {0};
    if (j->codec == NULL) {
        j->codec = codec_new();
    }
    buf_clear(&j->told_text);
    (void)buf_add(&j->told_text, text);
    enum status st = codec_read_event(j->codec, buf_span(&j->told_text), &j->told, NULL, &why);
    j->told.backend = ev->backend;
    j->told.seq = ev->seq;
    j->told.time_us = ev->time_us;
    j->told.snapshot = ev->snapshot;
    return st;
}

/* Where the event begins; a quote in a name before it has a backslash in front. */
static struct span event_in(struct span members)
{
    const char *key = memmem(members.p, members.n, "\"event\":", strlen("\"event\":"));
    size_t at = key == NULL ? members.n : (size_t)(key - members.p) + strlen("\"event\":");
    return span_sub(members, at, SIZE_MAX);
}

/* The members from `at` on are of this event, and were written with status `st`. */
static enum status finish_told(struct journal *j, int64_t now_us, enum status st, size_t at,
                               const struct event **told)
{
    uint32_t count = st == ST_OK && buf_status(&j->line) == ST_OK ? hide(j, at) : 0;
    if (count > 0) {
        struct span body = event_in(span_sub(buf_span(&j->line), at, SIZE_MAX));
        st = buf_status(&j->line) == ST_OK ? read_told(j, *told, body) : ST_LIMIT;
        *told = &j->told;
    }
    return append_finish(j, now_us, st, NULL);
}

enum status journal_event_told(struct journal *j, int64_t now_us, const struct event *ev,
                               const struct event **told)
{
    enum status st = append_begin(j, now_us, JOURNAL_EVENT);
    *told = ev;
    if (st != ST_OK) {
        return st;
    }
    size_t at = j->line.len;
    return finish_told(j, now_us, add_event(j, ev), at, told);
}

static void add_from(struct journal *j, struct span from)
{
    (void)buf_addstr(&j->line, "\"from\":");
    (void)tape_quote(&j->line, from);
    (void)buf_addch(&j->line, ',');
}

enum status journal_event_from(struct journal *j, int64_t now_us, struct span from,
                               const struct event *ev, const struct event **told)
{
    enum status st = append_begin(j, now_us, JOURNAL_EVENT);
    *told = ev;
    if (st != ST_OK) {
        return st;
    }
    size_t at = j->line.len;
    add_from(j, from);
    (void)buf_addstr(&j->line, "\"event\":");
    return finish_told(j, now_us, codec_write_event(&j->line, ev), at, told);
}

enum status journal_snapshot(struct journal *j, int64_t now_us, struct span from,
                             const struct journal_transfer *t)
{
    enum status st = append_begin(j, now_us, JOURNAL_SNAPSHOT);
    if (st != ST_OK) {
        return st;
    }
    add_from(j, from);
    st = buf_printf(&j->line, "\"snapshot\":{\"seq\":%" PRIu64 ",\"complete\":%s}", t->seq,
                    t->complete ? "true" : "false");
    return append_finish(j, now_us, st, NULL);
}

enum status journal_command(struct journal *j, int64_t now_us, const struct command *c, uint64_t *n)
{
    enum status st = append_begin(j, now_us, JOURNAL_COMMAND);
    if (st != ST_OK) {
        return st;
    }
    size_t at = j->line.len;
    (void)buf_addstr(&j->line, "\"command\":");
    return hide_and_finish(j, now_us, codec_write_command(&j->line, c), at, n);
}

static enum status add_base64(struct buf *line, struct span bytes)
{
    (void)buf_addstr(line, "\"raw_b64\":\"");
    (void)base64_add(line, bytes);
    return buf_addch(line, '"');
}

/* As text when it is text and fits, so that the record can be read and searched as it is. */
static enum status add_raw(struct buf *line, struct span bytes)
{
    size_t start = line->len;
    if (utf8_valid(bytes)) {
        (void)buf_addstr(line, "\"raw\":");
        if (tape_quote(line, bytes) == ST_OK && line->limit - line->len >= strlen("}\n")) {
            return ST_OK;
        }
        buf_truncate(line, start);
        line->over = false;
    }
    return add_base64(line, bytes);
}

static enum status append_raw(struct journal *j, int64_t now_us, struct span from,
                              struct veiled bytes, uint64_t *n)
{
    enum status st = append_begin(j, now_us, JOURNAL_RAW);
    if (st != ST_OK) {
        return st;
    }
    (void)add_count(&j->line, bytes.count);
    add_from(j, from);
    st = buf_status(&j->line) == ST_OK ? add_raw(&j->line, bytes.text) : ST_LIMIT;
    return append_finish(j, now_us, st, n);
}

enum status journal_raw(struct journal *j, int64_t now_us, struct span from, struct span bytes,
                        uint64_t *n)
{
    return append_raw(j, now_us, from, veil(j->veil, bytes), n);
}

enum status journal_raw_veiled(struct journal *j, int64_t now_us, struct span from,
                               struct veiled bytes)
{
    return append_raw(j, now_us, from, bytes, NULL);
}

enum status journal_note(struct journal *j, int64_t now_us, struct span text, uint64_t *n)
{
    enum status st = append_begin(j, now_us, JOURNAL_NOTE);
    if (st != ST_OK) {
        return st;
    }
    size_t at = j->line.len;
    (void)buf_addstr(&j->line, "\"text\":");
    return hide_and_finish(j, now_us, tape_quote(&j->line, text), at, n);
}

enum status append_open(struct journal *j, int64_t now_us, enum open_cause cause)
{
    struct open_body b = {.segment = j->segment,
                          .cause = cause,
                          .writer = span_str(j->writer),
                          .version = span_str(CHECKREIN_VERSION),
                          .pid = getpid()};
    memcpy(b.instance, j->instance, sizeof(b.instance));
    memcpy(b.key, j->signer.public_key, sizeof(b.key));
    enum status st = append_begin(j, now_us, JOURNAL_OPEN);
    return st == ST_OK ? append_finish(j, now_us, record_open_body(&j->line, &b), NULL) : st;
}

enum status append_torn(struct journal *j, int64_t now_us, const struct torn_body *torn)
{
    enum status st = append_begin(j, now_us, JOURNAL_TORN);
    return st == ST_OK ? append_finish(j, now_us, record_torn_body(&j->line, torn), NULL) : st;
}

enum status append_tombstone(struct journal *j, int64_t now_us, const struct journal_drop *drop)
{
    struct tombstone_body b = {.drop = *drop, .by = span_str(j->writer)};
    enum status st = append_begin(j, now_us, JOURNAL_TOMBSTONE);
    return st == ST_OK ? append_finish(j, now_us, record_tombstone_body(&j->line, &b), NULL) : st;
}

enum status append_close(struct journal *j, int64_t now_us)
{
    enum status st = append_begin(j, now_us, JOURNAL_CLOSE);
    if (st != ST_OK) {
        return st;
    }
    st = buf_printf(&j->line, "\"close\":{\"writer\":\"%s\",\"pid\":%ld}", j->writer,
                    (long)getpid());
    return append_finish(j, now_us, st, NULL);
}

/* The signature covers the line so far, its number, time and `prev` included. */
enum status append_seal(struct journal *j, int64_t now_us, uint32_t next)
{
    uint8_t sig[ED25519_SIG_BYTES];
    struct seal_body b = {.next = next};
    memcpy(b.instance, j->instance, sizeof(b.instance));
    memcpy(b.key, j->signer.public_key, sizeof(b.key));
    enum status st = append_begin(j, now_us, JOURNAL_SEAL);
    if (st != ST_OK) {
        return st;
    }
    st = record_seal_body(&j->line, &b);
    if (st == ST_OK) {
        st = signer_sign(&j->signer, buf_span(&j->line), sig);
    }
    if (st == ST_OK) {
        st = record_seal_sig(&j->line, sig);
    }
    uint64_t news_n = j->news_n;
    st = append_finish(j, now_us, st, NULL);
    if (st == ST_OK) {
        j->news_n = news_n;
        j->last_seal_us = now_us;
        j->is_sealed = true;
        j->seal_bytes = j->line.len - 1; /* its newline */
        j->seal_n = j->next_n - 1;
        memcpy(j->seal_head, j->prev, sizeof(j->seal_head));
        (void)span_copy(span_sub(buf_span(&j->line), 0, j->seal_bytes), j->seal, sizeof(j->seal));
    }
    return st;
}

enum status journal_seal(struct journal *j, int64_t now_us)
{
    if (j->failed) {
        return ST_IO;
    }
    if (j->is_sealed) {
        j->last_seal_us = now_us;
        return ST_OK;
    }
    return append_seal(j, now_us, 0);
}
