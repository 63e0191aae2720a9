#include "verify_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "key_priv.h"

/* What a step of the verification leads to. */
enum step { STEP_ON, STEP_TORN, STEP_BROKEN, STEP_UNREADABLE };

static bool is_json(struct verify *v, struct span line)
{
    struct tape j;
    return tape_parse(&j, line, TAPE_STRICT, v->tokens, RECORD_TOKENS) != ST_INVALID;
}

/* A segment that is not the first may be the first one that is left: whether it may, a tombstone
 * says further on. */
static bool may_begin_late(const struct verify *v, const struct record *r)
{
    struct open_body open;
    return r->n > 1 && v->walk.segment > 1 && v->walk.place.line == 1 &&
           record_read_open(r, &open) && open.segment == v->walk.segment;
}

/* Part of a record may be verified alone: it begins where it begins. */
static void begin_at(struct verify *v, const struct record *r)
{
    v->report->first_n = r->n;
    bool is_late = v->walk.dir >= 0 && may_begin_late(v, r);
    if (is_late) {
        v->late = (struct late){.n = r->n, .time_us = r->time_us, .place = v->walk.place};
        (void)span_copy(r->prev, v->late.prev, sizeof(v->late.prev));
    }
    if (is_late || (v->walk.dir < 0 && r->n > 1)) {
        v->last.n = r->n - 1;
        v->last.next = v->walk.segment;
        (void)span_copy(r->prev, v->last.head, sizeof(v->last.head));
    }
}

static enum step check_first_open(struct verify *v, const struct record *r,
                                  const struct open_body *open)
{
    struct journal_report *report = v->report;
    (void)span_copy(span_str(open->instance), report->instance, sizeof(report->instance));
    if (v->has_key && memcmp(report->key, open->key, sizeof(report->key)) != 0) {
        diagnose_content(v, r,
                         report->key_given ? "sealed with another key than the one given"
                                           : "key.pub is not the key that the record names");
        return STEP_BROKEN;
    }
    memcpy(report->key, open->key, sizeof(report->key));
    v->has_key = true;
    return STEP_ON;
}

static enum step check_open(struct verify *v, const struct record *r, struct why *why)
{
    struct open_body open;
    if (!record_read_open(r, &open)) {
        if (record_is_later_format(r) && verify_is_chained(v, r)) {
            (void)why_fail(why, ST_UNSUPPORTED,
                           "the record has a format that this version does not know");
            return STEP_UNREADABLE;
        }
        diagnose_content(v, r, "changed: not an open record");
        return STEP_BROKEN;
    }
    if (v->walk.dir >= 0 && open.segment != v->walk.segment) {
        diagnose_content(v, r, "an open record of another segment");
        return STEP_BROKEN;
    }
    if (v->report->instance[0] == '\0') {
        return check_first_open(v, r, &open);
    }
    if (strcmp(open.instance, v->report->instance) != 0 ||
        memcmp(open.key, v->report->key, sizeof(open.key)) != 0) {
        diagnose_content(v, r, "an open record of another instance or key");
        return STEP_BROKEN;
    }
    return STEP_ON;
}

static enum step check_seal(struct verify *v, const struct record *r, struct seal_body *seal)
{
    if (!record_read_seal(r, seal)) {
        diagnose_content(v, r, "changed: not a seal");
        return STEP_BROKEN;
    }
    if (memcmp(seal->key, v->report->key, sizeof(seal->key)) != 0 ||
        strcmp(seal->instance, v->report->instance) != 0) {
        diagnose_content(v, r, "seal of another key or instance");
        return STEP_BROKEN;
    }
    if (!signature_valid(seal->key, seal->signed_text, seal->sig)) {
        diagnose_seal(v, r);
        return STEP_BROKEN;
    }
    return STEP_ON;
}

/* "password, jwt": each kind of mark once, as far as there is room. */
static void name_kinds(struct journal_report *report, struct span line)
{
    struct span kind;
    while (secret_mark_next(&line, &kind)) {
        struct span named = span_str(report->secret_kinds);
        struct span one;
        bool again = false;
        for (struct span rest = named; span_next(&rest, ',', &one);) {
            again = again || span_eq(span_trim(one), kind);
        }
        if (!again && named.n + kind.n + 3 <= sizeof(report->secret_kinds)) {
            (void)snprintf(report->secret_kinds + named.n, sizeof(report->secret_kinds) - named.n,
                           "%s%.*s", named.n > 0 ? ", " : "", SPAN_ARG(kind));
        }
    }
}

static bool explains(const struct late *late, const struct journal_drop *d)
{
    if (late->n == d->last + 1) {
        return strcmp(late->prev, d->head) == 0;
    }
    return late->n > d->first && late->n <= d->last; /* a crash left some of what it names */
}

static enum step check_tombstone(struct verify *v, const struct record *r)
{
    struct tombstone_body body;
    struct journal_report *report = v->report;
    if (!record_read_tombstone(r, &body)) {
        diagnose_content(v, r, "changed: not a tombstone");
        return STEP_BROKEN;
    }
    if (v->late.n > 0 && explains(&v->late, &body.drop)) {
        v->late.told_n = r->n;
        v->late.is_told = false;
        report->dropped_n = r->n;
        report->dropped_us = r->time_us;
        report->dropped_why = body.drop.reason;
        report->dropped_limit = body.drop.limit;
        (void)span_copy(body.by, report->dropped_by, sizeof(report->dropped_by));
    }
    return STEP_ON;
}

static void trust(struct verify *v, const struct record *r, const struct seal_body *seal)
{
    uint8_t hash[SHA256_BYTES];
    struct journal_report *report = v->report;
    report->records++;
    report->clock_steps += v->last.n > 0 && r->time_us < v->last.time_us;
    v->last = (struct trusted){.n = r->n, .time_us = r->time_us, .place = v->walk.place};
    if (r->kind == JOURNAL_SEAL) {
        report->seals++;
        report->last_seal_n = r->n;
        v->last.is_seal = true;
        v->last.next = seal->next;
        v->late.is_told = v->late.told_n > 0;
    }
    report->sealed_to_end = v->last.is_seal;
    if (r->secrets > 0) {
        report->secrets += r->secrets;
        name_kinds(report, r->line);
    }
    (void)span_copy(r->prev, v->last.prev, sizeof(v->last.prev));
    sha256_add(&v->hash, r->line);
    sha256_final(&v->hash, hash);
    hex_encode(hash, sizeof(hash), v->last.head);
}

/* A block that was never written, at the end of the last segment, is a torn tail and not a change.
 */
static bool is_torn_here(const struct verify *v)
{
    return walk_is_last(&v->walk) && reader_is_torn(v->walk.reader.fd, v->walk.reader.start);
}

/* The writer begins a segment after it has sealed the one before, and that seal names it. */
static bool is_announced(const struct verify *v)
{
    return v->walk.dir < 0 || v->last.n == 0 || v->last.next == v->walk.segment;
}

static enum step check_line(struct verify *v, struct span line, struct why *why)
{
    struct record r;
    struct seal_body seal = {0};
    if (!record_parse(line, &r)) {
        if (is_torn_here(v)) {
            return STEP_TORN;
        }
        diagnose_garbage(v, 0, "a line that is not a record");
        return STEP_BROKEN;
    }
    if (v->report->records == 0) {
        begin_at(v, &r);
    }
    if (r.n != v->last.n + 1 || !span_is(r.prev, v->last.head)) {
        diagnose_chain(v, &r);
        return STEP_BROKEN;
    }
    if (!is_json(v, line)) {
        diagnose_garbage(v, r.time_us, "a line that is not JSON");
        return STEP_BROKEN;
    }
    if (v->walk.place.line == 1 && !is_announced(v)) {
        diagnose_content(v, &r, "the segment before does not end with a seal for this one");
        return STEP_BROKEN;
    }
    if (!record_has_body(&r)) {
        diagnose_garbage(v, r.time_us, "a record whose body is not of its kind");
        return STEP_BROKEN;
    }
    enum step step = STEP_ON;
    if (r.kind == JOURNAL_OPEN) {
        step = check_open(v, &r, why);
    } else if (v->walk.place.line == 1) {
        diagnose_content(v, &r, "changed: a segment begins with an open record");
        step = STEP_BROKEN;
    } else if (r.kind == JOURNAL_SEAL) {
        step = check_seal(v, &r, &seal);
    } else if (r.kind == JOURNAL_TOMBSTONE) {
        step = check_tombstone(v, &r);
    }
    if (step == STEP_ON) {
        trust(v, &r, &seal);
    }
    return step;
}

/* At the end of all lines: what is not there? `later`: how many segments follow, all of them empty.
 */
static const char *find_missing(const struct verify *v, uint32_t later)
{
    bool has_record = v->last.n > 0 && v->last.place.segment == v->walk.segment;
    if (v->last.next > v->walk.segment && later == 0) {
        return "removed: the segment that the last seal names is missing";
    }
    if (!has_record && later > 0) {
        return "cut: a segment without a record, and another follows";
    }
    if (!has_record && v->walk.reader.rest > 0 && !is_announced(v)) {
        return "cut: the segment before does not end with a seal for this one";
    }
    return NULL;
}

static enum status finish(struct verify *v, struct why *why)
{
    struct folder later = {0};
    struct journal_report *report = v->report;
    if (report->records == 0 && v->walk.reader.rest == 0) {
        return why_fail(why, ST_NOTFOUND, "the record is empty");
    }
    if (v->walk.dir >= 0 && folder_scan(v->walk.dir, v->walk.segment, &later) != ST_OK) {
        return why_fail(why, ST_IO, "cannot list the record's folder: %s", err_text(errno));
    }
    const char *missing = v->walk.dir >= 0 ? find_missing(v, later.count) : NULL;
    if (missing != NULL) {
        diagnose_missing(v, missing);
        return ST_OK;
    }
    if (v->late.n > 0 && !v->late.is_told) {
        diagnose_begin(v);
        return ST_OK;
    }
    report->torn_bytes = v->walk.reader.rest;
    report->verdict = report->torn_bytes > 0 ? VERIFY_TORN_TAIL : VERIFY_INTACT;
    walk_place_text(&v->walk, v->walk.place, report->file);
    return ST_OK;
}

/* Bytes behind the last good line that only a crash leaves. */
static void count_torn(struct verify *v)
{
    struct stat st = {0};
    if (fstat(v->walk.reader.fd, &st) == 0) {
        v->walk.reader.rest = (uint64_t)st.st_size - v->walk.reader.start;
    }
}

static enum step check_fault(struct verify *v, enum status fault)
{
    if (fault == ST_LIMIT && is_torn_here(v)) {
        return STEP_TORN;
    }
    if (fault == ST_LIMIT) {
        diagnose_garbage(v, 0, "a line that is too long for a record");
    } else if (fault == ST_INVALID) {
        diagnose_missing(
            v, "cut: the segment is empty or ends in the middle of a line, and another follows");
    } else {
        diagnose_missing(v, "removed: the next segment is missing, and others follow");
    }
    return STEP_BROKEN;
}

static enum status verify_all(struct verify *v, struct why *why)
{
    enum step step = STEP_ON;
    while (step == STEP_ON) {
        struct span line;
        enum status st = walk_next(&v->walk, &line);
        if (st == ST_END) {
            return finish(v, why);
        }
        if (st == ST_IO) {
            return why_fail(why, st, "cannot read the record: %s", err_text(errno));
        }
        step = st == ST_OK ? check_line(v, line, why) : check_fault(v, st);
    }
    if (step == STEP_TORN) {
        count_torn(v);
        return finish(v, why);
    }
    return step == STEP_BROKEN ? ST_OK : ST_UNSUPPORTED;
}

static enum status choose_key(struct verify *v, const char *path, const uint8_t *public_key,
                              struct why *why)
{
    struct journal_report *report = v->report;
    enum status st = ST_NOTFOUND;
    if (public_key != NULL) {
        memcpy(report->key, public_key, sizeof(report->key));
        report->key_given = true;
        st = ST_OK;
    } else if (v->walk.dir >= 0) {
        st = key_load_public(path, report->key, why);
    }
    v->has_key = st == ST_OK;
    return st == ST_NOTFOUND ? ST_OK : st;
}

/* *again: what was dropped while it was read is not missing, and the rest has a tombstone. */
static enum status verify_once(const char *path, const uint8_t *public_key,
                               struct journal_report *report, bool *again, struct why *why)
{
    struct verify v = {.report = report, .last = {.head = RECORD_NO_PREV}};
    *report = (struct journal_report){.verdict = VERIFY_UNREADABLE};
    enum status st = walk_open(&v.walk, path, why);
    if (st != ST_OK) {
        return st;
    }
    sha256_init(&v.hash);
    v.tokens = xreallocarray(NULL, RECORD_TOKENS, sizeof(*v.tokens));
    st = choose_key(&v, path, public_key, why);
    if (st == ST_OK) {
        st = verify_all(&v, why);
    }
    if (report->head[0] == '\0') {
        (void)span_copy(span_str(v.last.head), report->head, sizeof(report->head));
    }
    free(v.tokens);
    sha256_release(&v.hash);
    *again = (st != ST_OK || report->verdict == VERIFY_BROKEN) && walk_was_overtaken(&v.walk);
    walk_release(&v.walk);
    return st;
}

enum status journal_verify(const char *path, const uint8_t *public_key,
                           struct journal_report *report, struct why *why)
{
    bool again = true;
    enum status st = ST_OK;
    while (again) { /* each time there are fewer segments */
        again = false;
        st = verify_once(path, public_key, report, &again, why);
    }
    return st;
}
