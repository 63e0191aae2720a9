#include "syslog_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/file.h"
#include "checkrein/log.h"
#include "checkrein/num.h"
#include "message_priv.h"
#include "outlet_priv.h"

#define BATCH_BYTES    65536
#define TURN_RECORDS   2000
#define FIRST_RETRY_MS 250
#define LONGEST_MS     30000
#define ACK_MS         200
#define KEEP_EVERY_US  1000000
#define POSITION_BYTES 128
#define CLOSE_US       250000
#define WORDS_BYTES    640
#define STALL_US       20000000
#define TELL_AGAIN_US  60000000 /* a link that comes and goes is no news each time */
#define POSITION_MODE  0600

struct syslog {
    struct loop *loop;
    struct tls_identity *identity; /* NULL: in clear */
    struct outlet *outlet;
    struct journal_cursor *cursor;
    struct message_kit kit;
    struct buf one, batch; /* a message; those that wait, each as it goes over the link */
    size_t batch_at;
    char *where, *position_path;
    uint64_t until;  /* committed */
    uint64_t next;   /* record to be read */
    uint64_t handed; /* the last one whose message the kernel has, or that has none */
    uint64_t acked, kept;
    uint64_t mark; /* is acknowledged once so much is taken */
    int64_t mark_taken;
    int64_t kept_us, told_us, retry_ms;
    int64_t taken, progress_us; /* by the collector, and when there was more of it */
    loop_id timer;
    bool waits; /* something did, when that was looked at last */
    bool is_told, behind, closing;
    char words[WORDS_BYTES]; /* that were told of trouble last */
    char alarm[512];         /* the record has failed: nothing is read from it any more */
    int64_t alarm_us;
    forward_told_fn *told;
    void *ctx;
};

/* ---- where we are: "<instance> <record>\n" beside the record */

static uint64_t read_position(const struct syslog *s)
{
    struct buf b;
    struct span instance;
    int64_t n = 0;
    buf_init(&b, POSITION_BYTES);
    struct span rest =
        file_read(s->position_path, &b, NULL) == ST_OK ? span_trim(buf_span(&b)) : SPAN_NONE;
    bool good = span_next(&rest, ' ', &instance) && span_is(instance, s->kit.instance) &&
                num_parse(rest, 1, INT64_MAX, &n) == ST_OK;
    buf_release(&b);
    return good ? (uint64_t)n : 0;
}

static void keep_position(struct syslog *s)
{
    char text[POSITION_BYTES];
    struct why why = {0};
    int64_t now = clock_mono_us();
    if (s->acked == s->kept || now - s->kept_us < KEEP_EVERY_US) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%s %" PRIu64 "\n", s->kit.instance, s->acked);
    if (file_replace(s->position_path, span_str(text), POSITION_MODE, &why) != ST_OK) {
        log_write(LOG_WARN, "%s", why.text);
    }
    s->kept = s->acked;
    s->kept_us = now;
}

/* ---- trouble */

static void tell_trouble(struct syslog *s, const char *words)
{
    int64_t now = clock_mono_us();
    bool is_news = !s->is_told || strcmp(words, s->words) != 0;
    if (is_news && (s->told_us == 0 || now - s->told_us >= TELL_AGAIN_US)) {
        s->told_us = now;
        s->is_told = true;
        (void)span_copy(span_str(words), s->words, sizeof(s->words));
        s->told(s->ctx, true, words);
        loop_wake(s->loop);
    }
}

static void tell_gone(struct syslog *s, const char *why)
{
    char words[WORDS_BYTES];
    (void)snprintf(
        words, sizeof(words),
        "the syslog collector at %s is away (%s): what is to be told waits in the record", s->where,
        why);
    tell_trouble(s, words);
}

static void tell_stalled(struct syslog *s)
{
    char words[WORDS_BYTES];
    (void)snprintf(words, sizeof(words),
                   "the syslog collector at %s is connected and has taken nothing for %d s: what "
                   "is to be told waits in the record",
                   s->where, (int)(STALL_US / 1000000));
    tell_trouble(s, words);
}

static void tell_over(struct syslog *s)
{
    char words[WORDS_BYTES];
    if (s->is_told) {
        s->is_told = false;
        (void)snprintf(words, sizeof(words), "the syslog collector at %s takes what it is told",
                       s->where);
        s->told(s->ctx, false, words);
        loop_wake(s->loop);
    }
}

/* Does it take what waits for it? */
static void look_at_progress(struct syslog *s)
{
    int64_t now = clock_mono_us();
    int64_t taken = outlet_taken(s->outlet);
    bool waits = s->batch_at < s->batch.len || outlet_unacknowledged(s->outlet) > 0;
    if (taken > s->taken || !waits) {
        s->retry_ms = FIRST_RETRY_MS;
        s->progress_us = now;
        tell_over(s);
    } else if (!s->waits) {
        s->progress_us = now; /* it waits since just now */
    } else if (now - s->progress_us >= STALL_US) {
        tell_stalled(s);
    }
    s->taken = taken;
    s->waits = waits;
}

/* ---- from the record to the link */

/* RFC 6587: in a stream the length comes before each message. For datagrams it is ours alone. */
static void frame(struct syslog *s)
{
    (void)buf_printf(&s->batch, "%zu ", s->one.len);
    (void)buf_add(&s->batch, buf_span(&s->one));
}

static bool has_room(const struct syslog *s)
{
    return s->batch.limit - s->batch.len > MESSAGE_BYTES + 16;
}

static bool read_one(struct syslog *s)
{
    struct journal_record r;
    struct why why = {0};
    enum status st = journal_cursor_next(s->cursor, &r, &why);
    if (st == ST_OK) {
        s->next = r.n + 1;
        buf_clear(&s->one);
        message_make(&s->kit, &r, &s->one);
        if (s->one.len > 0) {
            frame(s);
        }
    }
    return st == ST_OK || st == ST_INVALID;
}

static void read_some(struct syslog *s)
{
    uint32_t count = 0;
    bool good = true;
    if (s->batch_at < s->batch.len) {
        return;
    }
    buf_clear(&s->batch);
    s->batch_at = 0;
    while (good && s->next < s->until && count++ < TURN_RECORDS && has_room(s)) {
        good = read_one(s);
    }
    s->behind = good && s->next < s->until;
}

/* The message at the front of the batch, without the length before it. */
static struct span front(const struct syslog *s, size_t *whole)
{
    struct span left = span_sub(buf_span(&s->batch), s->batch_at, SIZE_MAX);
    int64_t n = 0;
    size_t blank = span_find(left, ' ');
    (void)!num_parse(span_sub(left, 0, blank), 1, MESSAGE_BYTES, &n);
    *whole = blank + 1 + (size_t)n;
    return span_sub(left, blank + 1, (size_t)n);
}

static bool send_one(struct syslog *s)
{
    size_t whole = 0;
    struct span bytes = outlet_is_stream(s->outlet)
                            ? span_sub(buf_span(&s->batch), s->batch_at, SIZE_MAX)
                            : front(s, &whole);
    ssize_t n = outlet_send(s->outlet, bytes);
    if (n < 0) {
        return false;
    }
    s->batch_at += whole > 0 ? whole : (size_t)n;
    return true;
}

static void on_ack_due(void *ctx);

/* While more and more is sent, not all of it is ever acknowledged: one record is waited for at a
 * time. */
static void look_at_marks(struct syslog *s)
{
    int64_t waits = (int64_t)outlet_unacknowledged(s->outlet);
    int64_t taken = outlet_taken(s->outlet);
    if (!outlet_is_open(s->outlet)) {
        return;
    }
    if (waits == 0) {
        s->acked = s->handed;
    } else if (s->mark > s->acked && taken >= s->mark_taken) {
        s->acked = s->mark;
    }
    if (s->mark <= s->acked) {
        s->mark = s->handed;
        s->mark_taken = taken + waits;
    }
}

static void settle(struct syslog *s)
{
    if (s->batch_at == s->batch.len) {
        s->handed = s->next - 1;
    }
    look_at_marks(s);
    keep_position(s);
    if (!outlet_is_open(s->outlet) || s->closing) {
        return;
    }
    look_at_progress(s);
    if (s->timer == 0 && (s->kept != s->handed || s->batch_at < s->batch.len)) {
        s->timer = loop_timer(s->loop, ACK_MS, on_ack_due, s);
    }
}

static void pump(struct syslog *s)
{
    if (!outlet_is_open(s->outlet)) {
        return;
    }
    bool good = true;
    read_some(s);
    while (good && s->batch_at < s->batch.len) {
        good = send_one(s);
    }
    settle(s);
    if (good && s->behind) {
        loop_wake(s->loop);
    }
}

static void on_ack_due(void *ctx)
{
    struct syslog *s = ctx;
    s->timer = 0;
    settle(s);
}

static void on_retry(void *ctx)
{
    struct syslog *s = ctx;
    s->timer = 0;
    outlet_connect(s->outlet);
}

static void add_alarm(struct syslog *s)
{
    if (s->alarm[0] != '\0') {
        buf_clear(&s->one);
        message_alarm(&s->kit, s->alarm_us, span_str(s->alarm), &s->one);
        frame(s);
    }
}

void syslog_alarm(struct syslog *s, const char *words)
{
    (void)span_copy(span_str(words), s->alarm, sizeof(s->alarm));
    s->alarm_us = clock_wall_us();
    add_alarm(s); /* a batch leaves room for one more message */
    pump(s);
}

/* What was not acknowledged is told again. */
static void go_back(struct syslog *s)
{
    buf_clear(&s->batch);
    s->batch_at = 0;
    s->handed = s->mark = s->acked;
    s->next = s->acked + 1;
    s->kit.quiet = false;
    if (journal_cursor_seek(s->cursor, s->next) == ST_IO) {
        log_write(LOG_ERROR, "the record cannot be read again for syslog");
    }
    read_some(s);
    add_alarm(s);
}

static void on_news(void *ctx, enum outlet_news news, const char *why)
{
    struct syslog *s = ctx;
    if (news == OUTLET_NEWS_GONE) {
        tell_gone(s, why);
        loop_remove(s->loop, s->timer);
        s->timer = loop_timer(s->loop, s->retry_ms, on_retry, s);
        s->retry_ms = s->retry_ms * 2 < LONGEST_MS ? s->retry_ms * 2 : LONGEST_MS;
        return;
    }
    if (news == OUTLET_NEWS_OPEN) {
        s->taken = outlet_taken(s->outlet);
        s->progress_us = clock_mono_us();
        go_back(s);
    }
    pump(s);
}

void syslog_take(struct syslog *s, uint64_t until)
{
    s->until = until;
    pump(s);
}

uint64_t syslog_needs(const struct syslog *s)
{
    return s->kept + 1;
}

/* ---- beginning and end */

static enum status identify(struct syslog *s, const struct conf_keep *keep,
                            const struct outlet_address *address, struct why *why)
{
    static const struct tls_names NAMES = {"syslog_ca", "syslog_certificate", "syslog_key"};
    const struct tls_files files = {keep->syslog_ca, keep->syslog_certificate, keep->syslog_key};
    bool has_files = keep->syslog_ca[0] != '\0' || keep->syslog_certificate[0] != '\0' ||
                     keep->syslog_key[0] != '\0';
    if (address->is_secure) {
        return tls_identity_new(&s->identity, &files, &NAMES, why);
    }
    return has_files ? why_fail(why, ST_INVALID,
                                "syslog_ca, syslog_certificate and syslog_key are for tls:// only, "
                                "and syslog is %s",
                                keep->syslog)
                     : ST_OK;
}

static enum status open_all(struct syslog *s, const struct forward_options *o,
                            const struct journal *j, struct why *why)
{
    struct outlet_address address;
    enum status st = outlet_parse(o->keep->syslog, &address, why);
    if (st == ST_OK) {
        st = identify(s, o->keep, &address, why);
    }
    if (st != ST_OK) {
        return st;
    }
    uint64_t known = read_position(s);
    /* A start ends with a seal: the first time, what is before it was told to nobody. */
    bool is_known = known > 0 && known < journal_next(j);
    s->acked = s->handed = is_known ? known : journal_next(j) - 2;
    s->kept = is_known ? known : 0;
    keep_position(s);
    s->next = s->acked + 1;
    s->outlet = outlet_new(s->loop, &address, s->identity, on_news, s);
    st = journal_cursor_open(&s->cursor, o->record, why);
    if (st == ST_OK) {
        outlet_connect(s->outlet);
    }
    return st;
}

enum status syslog_open(struct syslog **out, struct loop *l, const struct journal *j,
                        const struct forward_options *o, forward_told_fn *told, void *ctx,
                        struct why *why)
{
    struct syslog *s = xcalloc(1, sizeof(*s));
    struct buf path;
    *s = (struct syslog){.loop = l,
                         .where = xstrdup(o->keep->syslog),
                         .retry_ms = FIRST_RETRY_MS,
                         .told = told,
                         .ctx = ctx};
    message_kit_init(&s->kit, journal_instance(j),
                     strcmp(o->keep->syslog_body, "cef") == 0 ? MESSAGE_CEF : MESSAGE_JSON);
    buf_init(&s->one, MESSAGE_BYTES);
    buf_init(&s->batch, BATCH_BYTES);
    buf_init(&path, 4096);
    (void)buf_printf(&path, "%s/forwarded", o->record);
    s->position_path = buf_detach(&path, NULL);
    buf_release(&path);
    enum status st = open_all(s, o, j, why);
    if (st != ST_OK) {
        syslog_close(s);
        s = NULL;
    }
    *out = s;
    return st;
}

/* What the collector has by now is not told once more. */
static void wait_for_the_last(struct syslog *s)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    int64_t until = clock_mono_us() + CLOSE_US;
    while (outlet_unacknowledged(s->outlet) > 0 && clock_mono_us() < until) {
        (void)nanosleep(&pause, NULL);
    }
    s->kept_us = 0;
    settle(s);
}

void syslog_close(struct syslog *s)
{
    if (s == NULL) {
        return;
    }
    if (s->outlet != NULL && s->cursor != NULL) {
        s->closing = true;
        s->until = UINT64_MAX;
        pump(s); /* as far as the socket takes it; the rest is told by the next start */
        wait_for_the_last(s);
    }
    loop_remove(s->loop, s->timer);
    outlet_free(s->outlet);
    tls_identity_free(s->identity);
    journal_cursor_close(s->cursor);
    message_kit_release(&s->kit);
    buf_release(&s->one);
    buf_release(&s->batch);
    free(s->where);
    free(s->position_path);
    free(s);
}
