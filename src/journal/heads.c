/* heads.c - heads that were kept elsewhere, held against a record: a chain cannot tell by itself
 * that its end was cut off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "heads_priv.h"
#include "journal_priv.h"
#include "reader_priv.h"
#include "record_priv.h"

struct journal_heads *journal_heads_new(void)
{
    return xcalloc(1, sizeof(struct journal_heads));
}

void journal_heads_free(struct journal_heads *h)
{
    for (size_t i = 0; h != NULL && i < h->count; i++) {
        free(h->head[i].seal);
    }
    if (h != NULL) {
        free(h->head);
    }
    free(h);
}

static struct head *add(struct journal_heads *h)
{
    GROW(h->head, h->cap, h->count + 1);
    h->head[h->count] = (struct head){0};
    return &h->head[h->count++];
}

static void hash_text(struct span line, char out[SHA256_HEX_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    sha256(line, hash);
    hex_encode(hash, sizeof(hash), out);
}

void heads_add_hash(struct journal_heads *h, uint64_t n, const char *hash)
{
    if (h->count >= HEADS_MAX) {
        h->bad++;
        return;
    }
    struct head *new = add(h);
    new->n = n;
    (void)span_copy(span_str(hash), new->hash, sizeof(new->hash));
}

enum status journal_heads_add(struct journal_heads *h, struct span text, struct why *why)
{
    uint8_t hash[SHA256_BYTES];
    int64_t n = 0;
    size_t colon = span_find(text, ':');
    struct span hex = span_sub(text, colon + 1, SIZE_MAX);
    if (num_parse(span_sub(text, 0, colon), 1, INT64_MAX, &n) != ST_OK ||
        hex_decode(hex, hash, sizeof(hash)) != ST_OK) {
        return why_fail(why, ST_INVALID, "a head is NUMBER:HASH, the hash in 64 hex digits");
    }
    char digits[SHA256_HEX_BYTES];
    hex_encode(hash, sizeof(hash), digits);
    heads_add_hash(h, (uint64_t)n, digits);
    return ST_OK;
}

void heads_take_line(struct journal_heads *h, struct span line)
{
    struct record r;
    struct seal_body seal;
    if (h->count >= HEADS_MAX || line.n >= SEAL_LINE_BYTES || !record_parse(line, &r) ||
        !record_read_seal(&r, &seal)) {
        h->bad++;
        return;
    }
    struct head *new = add(h);
    new->n = r.n;
    new->time_us = r.time_us;
    new->seal = xstrndup(line.p, line.n);
    hash_text(line, new->hash);
}

static enum status read_from(struct journal_heads *h, const char *path, uint64_t back,
                             struct why *why)
{
    struct reader reader;
    struct span line;
    struct stat file = {0};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return why_fail(why, errno == ENOENT ? ST_NOTFOUND : ST_IO, "cannot open %s: %s", path,
                        err_text(errno));
    }
    reader_init(&reader, fd);
    enum status st = fstat(fd, &file) == 0 && S_ISREG(file.st_mode)
                         ? ST_OK
                         : why_fail(why, ST_INVALID, "%s is not a file", path);
    if (st == ST_OK && (uint64_t)file.st_size > back) {
        reader_to(&reader, (uint64_t)file.st_size - back, 1);
        st = reader_next(&reader, &line); /* the rest of a line */
    }
    while (st == ST_OK || st == ST_LIMIT) {
        st = reader_next(&reader, &line);
        if (st == ST_OK && line.n > 0) {
            heads_take_line(h, line);
        }
        h->bad += st == ST_LIMIT;
    }
    reader_release(&reader);
    return st == ST_END  ? ST_OK
           : st == ST_IO ? why_fail(why, st, "cannot read %s: %s", path, err_text(errno))
                         : st;
}

enum status journal_heads_read(struct journal_heads *h, const char *path, struct why *why)
{
    return read_from(h, path, UINT64_MAX, why);
}

enum status journal_heads_read_end(struct journal_heads *h, const char *path, struct why *why)
{
    return read_from(h, path, (uint64_t)1 << 20, why);
}

static bool is_of(const struct head *head, const char *instance)
{
    struct record r;
    struct seal_body seal;
    return head->seal == NULL ||
           (record_parse(span_str(head->seal), &r) && record_read_seal(&r, &seal) &&
            strcmp(seal.instance, instance) == 0);
}

/* Whoever can write the file can write lines of this form: only the record's key makes a head. */
static bool is_signed_by(const uint8_t key[ED25519_KEY_BYTES], const struct head *head)
{
    struct record r;
    struct seal_body seal;
    return record_parse(span_str(head->seal), &r) && record_read_seal(&r, &seal) &&
           memcmp(seal.key, key, sizeof(seal.key)) == 0 &&
           signature_valid(seal.key, seal.signed_text, seal.sig);
}

/* From the end: a signature takes its time. */
uint64_t journal_heads_newest(const struct journal_heads *h, const struct journal *j)
{
    uint64_t newest = 0;
    for (size_t i = h->count; i > 0; i--) {
        const struct head *head = &h->head[i - 1];
        if (head->n > newest && head->seal != NULL && is_of(head, journal_instance(j)) &&
            is_signed_by(j->signer.public_key, head)) {
            newest = head->n;
        }
    }
    return newest;
}

/* ---- comparing */

struct comparison {
    const struct journal_heads *heads;
    struct journal_heads_report *report;
    struct head const **own; /* of this record, by number */
    size_t count, next;
    struct open_body open; /* the record's */
    bool is_folder;
};

static bool is_signed(const struct comparison *c, const struct head *head)
{
    return head->seal == NULL || is_signed_by(c->open.key, head);
}

static void differ(struct comparison *c, const struct head *head, enum heads_verdict verdict)
{
    struct journal_heads_report *r = c->report;
    if (!is_signed(c, head)) {
        r->bad++;
    } else if (r->verdict == HEADS_AGREE) {
        r->verdict = verdict;
        r->n = head->n;
        r->time_us = head->time_us;
    }
}

static int by_number(const void *a, const void *b)
{
    const struct head *x = *(const struct head *const *)a;
    const struct head *y = *(const struct head *const *)b;
    return x->n < y->n ? -1 : x->n > y->n;
}

static enum status begin(struct comparison *c, const struct journal_record *first, struct why *why)
{
    struct record r;
    if (!record_parse(first->line, &r) || !record_read_open(&r, &c->open)) {
        return why_fail(why, ST_INVALID, "the record does not begin with an open record");
    }
    c->own = xreallocarray(NULL, c->heads->count + 1, sizeof(struct head *));
    for (size_t i = 0; i < c->heads->count; i++) {
        if (is_of(&c->heads->head[i], c->open.instance)) {
            c->own[c->count++] = &c->heads->head[i];
        } else {
            c->report->foreign++;
        }
    }
    qsort(c->own, c->count, sizeof(struct head *), by_number);
    for (; c->next < c->count && c->own[c->next]->n < first->n; c->next++) {
        c->report->before++;
    }
    return ST_OK;
}

static void compare_line(struct comparison *c, const struct journal_record *rec)
{
    char hash[SHA256_HEX_BYTES] = "";
    for (; c->next < c->count && c->own[c->next]->n <= rec->n; c->next++) {
        const struct head *head = c->own[c->next];
        if (hash[0] == '\0') {
            hash_text(rec->line, hash);
        }
        if (head->n == rec->n && strcmp(head->hash, hash) == 0) {
            c->report->agree++;
            c->report->last_n = head->n;
        } else {
            differ(c, head, HEADS_OTHER);
        }
    }
}

static void finish(struct comparison *c)
{
    for (; c->next < c->count && c->is_folder; c->next++) {
        differ(c, c->own[c->next], HEADS_CUT);
    }
    if (c->report->verdict == HEADS_AGREE && c->report->agree == 0) {
        c->report->verdict = HEADS_NONE;
    }
}

static enum status compare(struct comparison *c, struct journal_cursor *cursor, struct why *why)
{
    struct journal_record rec;
    enum status st = journal_cursor_next(cursor, &rec, why);
    if (st == ST_OK) {
        st = begin(c, &rec, why);
    }
    /* Straight to the first one; from the start when that is behind the end. */
    if (st == ST_OK && c->next < c->count &&
        journal_cursor_seek(cursor, c->own[c->next]->n) != ST_OK) {
        st = journal_cursor_seek(cursor, 1);
    }
    st = st == ST_OK ? journal_cursor_next(cursor, &rec, why) : st;
    while (st == ST_OK) {
        c->report->end_n = rec.n;
        compare_line(c, &rec);
        st = journal_cursor_next(cursor, &rec, why);
    }
    if (st == ST_END) {
        finish(c);
    }
    return st == ST_END ? ST_OK : st;
}

enum status journal_heads_compare(const struct journal_heads *h, const char *path,
                                  struct journal_heads_report *report, struct why *why)
{
    struct stat st = {0};
    struct journal_cursor *cursor = NULL;
    *report = (struct journal_heads_report){.bad = h->bad};
    struct comparison c = {.heads = h, .report = report};
    c.is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    enum status result = journal_cursor_open(&cursor, path, why);
    if (result == ST_OK) {
        result = compare(&c, cursor, why);
    }
    journal_cursor_close(cursor);
    free(c.own);
    return result;
}
