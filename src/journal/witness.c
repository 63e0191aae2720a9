/* witness.c - heads that others sign for: docs/JOURNAL.md, section 13. */
#include "witness_priv.h"

#include <inttypes.h>
#include <string.h>

#include "checkrein/num.h"
#include "checkrein/wire.h"
#include "journal_priv.h"
#include "scan_priv.h"

#define DOMAIN     "checkrein countersignature 1"
#define TEXT_BYTES 256
#define TIME_CHARS 24

enum status journal_seal_read(struct span line, struct journal_seal *out)
{
    struct record r;
    struct seal_body seal;
    uint8_t hash[SHA256_BYTES];
    *out = (struct journal_seal){0};
    if (line.n >= SEAL_LINE_BYTES || memchr(line.p, '\n', line.n) != NULL ||
        !record_parse(line, &r) || !record_read_seal(&r, &seal) ||
        !signature_valid(seal.key, seal.signed_text, seal.sig)) {
        return ST_INVALID;
    }
    out->n = r.n;
    out->time_us = r.time_us;
    sha256(line, hash);
    hex_encode(hash, sizeof(hash), out->head);
    (void)span_copy(span_str(seal.instance), out->instance, sizeof(out->instance));
    memcpy(out->key, seal.key, sizeof(out->key));
    return ST_OK;
}

struct journal_last journal_last_seal(const struct journal *j)
{
    return (struct journal_last){
        j->seal_n, j->seal_head, {j->seal, j->seal_bytes}
    };
}

uint64_t journal_last_news(const struct journal *j)
{
    return j->news_n;
}

/* ---- the signature */

static struct span signed_text(const struct journal_countersign *c, const char *instance,
                               char room[TEXT_BYTES])
{
    char time[TIME_TEXT_BYTES];
    time_format(c->time_us, time);
    int n = snprintf(room, TEXT_BYTES, DOMAIN "\n%s\n%" PRIu64 "\n%s\n%s\n", instance, c->n,
                     c->head, time);
    return (struct span){room, n > 0 && n < TEXT_BYTES ? (size_t)n : 0};
}

bool journal_countersign_holds(const struct journal_countersign *c, const char *instance)
{
    char room[TEXT_BYTES];
    struct span text = signed_text(c, instance, room);
    return text.n > 0 && signature_valid(c->key, text, c->sig);
}

/* ---- a head in the record of who signs for it */

static enum status add_head(struct journal *j, struct span from, struct span seal,
                            const struct journal_countersign *c)
{
    char time[TIME_TEXT_BYTES];
    char sig[HEX_BYTES(ED25519_SIG_BYTES)];
    time_format(c->time_us, time);
    hex_encode(c->sig, sizeof(c->sig), sig);
    (void)buf_addstr(&j->line, "\"head\":{\"from\":");
    (void)tape_quote(&j->line, from);
    (void)buf_addstr(&j->line, ",\"seal\":");
    (void)tape_quote(&j->line, seal);
    return buf_printf(&j->line, ",\"time\":\"%s\",\"sig\":\"%s\"}", time, sig);
}

enum status journal_witness(struct journal *j, int64_t now_us, struct span from, struct span seal,
                            struct journal_countersign *out)
{
    char room[TEXT_BYTES];
    struct journal_seal of;
    enum status st = journal_seal_read(seal, &of);
    if (st != ST_OK) {
        return st;
    }
    *out = (struct journal_countersign){.n = of.n, .time_us = now_us};
    memcpy(out->head, of.head, sizeof(out->head));
    memcpy(out->key, j->signer.public_key, sizeof(out->key));
    st = signer_sign(&j->signer, signed_text(out, of.instance, room), out->sig);
    if (st == ST_OK) {
        st = append_begin(j, now_us, JOURNAL_HEAD);
    }
    if (st != ST_OK) {
        return st;
    }
    return append_finish(j, now_us, add_head(j, from, seal, out), NULL);
}

static int64_t scan_time(struct scan *s)
{
    int64_t us = 0;
    if (time_parse(scan_bytes(s, TIME_CHARS), &us) != ST_OK) {
        s->bad = true;
    }
    return us;
}

/* The line's only escapes are those of its quotes. */
static struct span unquoted(struct span text, char room[SEAL_LINE_BYTES])
{
    size_t n = 0;
    for (size_t i = 1; i + 1 < text.n && n < SEAL_LINE_BYTES; i++) {
        i += text.p[i] == '\\';
        room[n++] = text.p[i];
    }
    return (struct span){room, n};
}

bool witness_read_head(const struct journal_record *r, struct witnessed *out)
{
    struct scan s = {.rest = r->body};
    struct journal_seal seal;
    scan_literal(&s, "{\"from\":");
    out->from = scan_string(&s);
    scan_literal(&s, ",\"seal\":");
    out->line = unquoted(scan_string(&s), out->room);
    scan_literal(&s, ",\"time\":\"");
    out->sign.time_us = scan_time(&s);
    scan_literal(&s, "\",\"sig\":\"");
    scan_hex(&s, out->sign.sig, sizeof(out->sign.sig));
    scan_literal(&s, "\"}");
    if (!scan_done(&s) || r->kind != JOURNAL_HEAD || journal_seal_read(out->line, &seal) != ST_OK) {
        return false;
    }
    out->sign.n = seal.n;
    memcpy(out->sign.head, seal.head, sizeof(out->sign.head));
    (void)span_copy(span_str(seal.instance), out->instance, sizeof(out->instance));
    return true;
}

bool journal_record_head(const struct journal_record *r, struct journal_seal *out, char *from,
                         size_t cap)
{
    struct witnessed w;
    return witness_read_head(r, &w) && journal_seal_read(w.line, out) == ST_OK &&
           journal_record_from(&(struct journal_record){.from = w.from}, from, cap);
}

/* ---- a countersignature in the record whose head it is of */

enum status journal_countersigned(struct journal *j, int64_t now_us,
                                  const struct journal_countersign *c, struct span by)
{
    char time[TIME_TEXT_BYTES];
    char key[HEX_BYTES(ED25519_KEY_BYTES)];
    char sig[HEX_BYTES(ED25519_SIG_BYTES)];
    enum status st = append_begin(j, now_us, JOURNAL_COUNTERSIGN);
    if (st != ST_OK) {
        return st;
    }
    uint64_t news_n = j->news_n;
    time_format(c->time_us, time);
    hex_encode(c->key, sizeof(c->key), key);
    hex_encode(c->sig, sizeof(c->sig), sig);
    (void)buf_printf(&j->line,
                     "\"countersign\":{\"n\":%" PRIu64
                     ",\"head\":\"%s\",\"time\":\"%s\",\"key\":\"%s\",\"sig\":\"%s\",\"by\":",
                     c->n, c->head, time, key, sig);
    (void)tape_quote(&j->line, by);
    st = append_finish(j, now_us, buf_addch(&j->line, '}'), NULL);
    if (st == ST_OK) {
        j->news_n = news_n;
    }
    return st;
}

bool witness_read_countersign(const struct journal_record *r, struct journal_countersign *c)
{
    struct scan s = {.rest = r->body};
    *c = (struct journal_countersign){0};
    scan_literal(&s, "{\"n\":");
    c->n = scan_number(&s);
    scan_literal(&s, ",\"head\":\"");
    (void)span_copy(scan_hex_text(&s, RECORD_PREV_BYTES), c->head, sizeof(c->head));
    scan_literal(&s, "\",\"time\":\"");
    c->time_us = scan_time(&s);
    scan_literal(&s, "\",\"key\":\"");
    scan_hex(&s, c->key, sizeof(c->key));
    scan_literal(&s, "\",\"sig\":\"");
    scan_hex(&s, c->sig, sizeof(c->sig));
    scan_literal(&s, "\",\"by\":");
    (void)scan_string(&s);
    scan_literal(&s, "}");
    return scan_done(&s) && r->kind == JOURNAL_COUNTERSIGN;
}
