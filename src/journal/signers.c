/* signers.c - who signed for heads, in both records: does it hold, and is it of what is there? */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/num.h"
#include "heads_priv.h"
#include "witness_priv.h"

#define KEYS_BYTES 65536

/* ---- the record of who signs */

static bool own_key(const struct journal_record *r, uint8_t key[ED25519_KEY_BYTES])
{
    struct record line;
    struct open_body open;
    if (r->kind != JOURNAL_OPEN || !record_parse(r->line, &line) ||
        !record_read_open(&line, &open)) {
        return false;
    }
    memcpy(key, open.key, sizeof(open.key));
    return true;
}

static void take_head(struct journal_heads *h, const struct journal_record *r,
                      const uint8_t key[ED25519_KEY_BYTES])
{
    struct witnessed w;
    if (!witness_read_head(r, &w)) {
        h->bad++;
        return;
    }
    memcpy(w.sign.key, key, sizeof(w.sign.key));
    if (journal_countersign_holds(&w.sign, w.instance)) {
        heads_take_line(h, w.line);
    } else {
        h->bad++;
    }
}

enum status journal_heads_read_record(struct journal_heads *h, const char *path, struct why *why)
{
    struct journal_cursor *c = NULL;
    struct journal_record r;
    uint8_t key[ED25519_KEY_BYTES];
    bool has_key = false;
    enum status st = journal_cursor_open(&c, path, why);
    while (st == ST_OK && (st = journal_cursor_next(c, &r, why)) == ST_OK) {
        has_key = own_key(&r, key) || has_key;
        if (r.kind == JOURNAL_HEAD && has_key) {
            take_head(h, &r, key);
        }
    }
    journal_cursor_close(c);
    return st == ST_END ? ST_OK : st;
}

/* ---- the record that is signed for */

static struct journal_signer *signer_of(struct journal_signers *s, const uint8_t *key)
{
    for (size_t i = 0; i < s->count; i++) {
        if (memcmp(s->signer[i].key, key, sizeof(s->signer[i].key)) == 0) {
            return &s->signer[i];
        }
    }
    if (s->count == JOURNAL_SIGNERS_MAX) {
        return NULL;
    }
    struct journal_signer *new = &s->signer[s->count++];
    *new = (struct journal_signer){0};
    memcpy(new->key, key, sizeof(new->key));
    return new;
}

static void count(struct journal_countersigns *out, struct journal_signers *signers,
                  const struct journal_countersign *c)
{
    struct journal_signer *by = signer_of(signers, c->key);
    out->count++;
    out->last_n = c->n > out->last_n ? c->n : out->last_n;
    if (by == NULL) {
        out->more++;
        return;
    }
    by->count++;
    by->last_n = c->n > by->last_n ? c->n : by->last_n;
}

static void take_countersign(struct journal_countersigns *out, struct journal_signers *signers,
                             const struct journal_record *r, const char *instance,
                             struct journal_heads *heads)
{
    struct journal_countersign c;
    if (!witness_read_countersign(r, &c) || !journal_countersign_holds(&c, instance)) {
        out->bad_n = out->bad_n == 0 ? r->n : out->bad_n;
        return;
    }
    count(out, signers, &c);
    heads_add_hash(heads, c.n, c.head);
}

static enum status read_all(const char *path, struct journal_signers *signers,
                            struct journal_countersigns *out, struct journal_heads *heads,
                            struct why *why)
{
    struct journal_cursor *c = NULL;
    struct journal_record r;
    char instance[ULID_BYTES] = "";
    enum status st = journal_cursor_open(&c, path, why);
    while (st == ST_OK && (st = journal_cursor_next(c, &r, why)) == ST_OK) {
        (void)journal_record_instance(&r, instance, sizeof(instance));
        if (r.kind == JOURNAL_COUNTERSIGN) {
            take_countersign(out, signers, &r, instance, heads);
        }
    }
    journal_cursor_close(c);
    return st == ST_END ? ST_OK : st;
}

enum status journal_countersigns(const char *path, struct journal_signers *signers,
                                 struct journal_countersigns *out, struct why *why)
{
    struct journal_heads_report compared = {0};
    struct journal_heads *heads = journal_heads_new();
    *out = (struct journal_countersigns){0};
    enum status st = read_all(path, signers, out, heads, why);
    if (st == ST_OK && heads->count > 0) {
        st = journal_heads_compare(heads, path, &compared, why);
    }
    if (compared.verdict == HEADS_OTHER || compared.verdict == HEADS_CUT) {
        out->other_n = compared.n;
    }
    journal_heads_free(heads);
    return st;
}

/* ---- known keys */

static enum status take_known(struct journal_signers *s, struct span line, size_t number,
                              const char *path, struct why *why)
{
    uint8_t key[ED25519_KEY_BYTES];
    struct span name = span_trim(span_sub(line, 2 * sizeof(key), SIZE_MAX));
    struct journal_signer *signer =
        hex_decode(span_sub(line, 0, 2 * sizeof(key)), key, sizeof(key)) == ST_OK && name.n > 0
            ? signer_of(s, key)
            : NULL;
    return signer != NULL && span_copy(name, signer->name, sizeof(signer->name))
               ? ST_OK
               : why_fail(
                     why, ST_INVALID,
                     "%s:%zu: a line is 64 hex digits, a blank and a name of 63 bytes at most; "
                     "%d keys at most",
                     path, number, JOURNAL_SIGNERS_MAX);
}

enum status journal_signers_read(struct journal_signers *s, const char *path, struct why *why)
{
    struct buf b;
    struct span line;
    size_t number = 0;
    buf_init(&b, KEYS_BYTES);
    enum status st = file_read(path, &b, why);
    struct span rest = buf_span(&b);
    while (st == ST_OK && span_next(&rest, '\n', &line)) {
        number++;
        line = span_trim(line);
        if (line.n > 0 && line.p[0] != '#') {
            st = take_known(s, line, number, path, why);
        }
    }
    buf_release(&b);
    return st;
}
