/* http_stream.c - requests in pieces, both ways.
 *
 * Inside of curl's callbacks bytes are only put aside; streams_tell() gives them on right after
 * curl has returned, in the same turn. What is put aside is bounded: then curl is told to pause,
 * and stops reading the socket.
 *
 * A kept connection may be closed by the other side at the very moment that it is used again. Then
 * nothing comes of it, and curl asks once more over another one; for that what was sent of a body
 * over a kept connection is kept until the answer begins, when it is short. What the other side may
 * have begun to do is not asked for twice: a POST only when it closed at once.
 */
#include <string.h>
#include <strings.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/num.h"
#include "http1_priv.h"
#include "http_client_priv.h"
#include "url_priv.h"

enum {
    ASIDE_BYTES = 32 * 1024, /* of an answer, between curl and the user */
    ANSWER_HEAD_BYTES = 64 * 1024,
    UP_BYTES = 64 * 1024 * 1024, /* of a body that waits to be sent */
    TARGET_BYTES = 8192,
    LINE_BYTES = 16 * 1024,
    FIELDS_MAX = 128,
    STREAM_READ_BYTES = 32 * 1024,
    AGAIN_BYTES = 1024 * 1024,          /* of one body */
    ALL_AGAIN_BYTES = 32 * 1024 * 1024, /* of all */
    AT_ONCE_US = 1000000, /* so long at most it takes to hear that the other side had closed */
};

struct stream {
    struct transfer *t;
    const struct http_stream_events *ev;
    void *ctx;
    struct stream *next_news;
    bool in_news;
    struct buf head; /* lines of the answer's head */
    bool head_whole, head_told;
    struct buf in; /* of the answer, put aside */
    struct buf up; /* of the body: sent, and kept to be sent again, up to up_at; then to be sent */
    size_t up_at;
    bool only_once;  /* what is sent is not kept */
    bool harmless;   /* asked twice it does what it does once */
    bool was_asked;  /* over some connection */
    bool barred;     /* it was not asked again */
    int64_t sent_us; /* monotonic: when something of it was sent last */
    bool up_all;     /* no more follows */
    bool paused;     /* by the user */
    bool stopped;    /* curl: it was told to read no more */
    bool up_stopped; /* curl: it was told that there is nothing to send */
    bool up_waited;  /* some of the body was still there after a send */
    bool room_due;
    bool over;
    CURLcode result;
};

static void put_news(struct stream *s)
{
    if (!s->in_news) {
        s->in_news = true;
        s->next_news = s->t->net->http->news;
        s->t->net->http->news = s;
    }
}

static void drop_news(struct stream *s)
{
    struct stream **link = &s->t->net->http->news;
    while (*link != NULL && *link != s) {
        link = &(*link)->next_news;
    }
    if (*link == s) {
        *link = s->next_news;
    }
    s->in_news = false;
}

/* What was sent will not be sent again. */
static void forget_sent(struct stream *s)
{
    s->t->net->http->kept_bytes -= s->up_at;
    buf_consume(&s->up, s->up_at);
    s->up_at = 0;
}

void stream_free(struct stream *s)
{
    if (s != NULL) {
        drop_news(s);
        forget_sent(s);
        buf_wipe(&s->head);
        buf_wipe(&s->in);
        buf_wipe(&s->up);
        free(s);
    }
}

void stream_over(struct stream *s, CURLcode result)
{
    s->over = true;
    s->result = result;
    put_news(s);
}

/* ---- curl's callbacks */

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct stream *s = ctx;
    size_t n = size * count;
    if (s->paused || (s->in.len > 0 && s->in.len + n > ASIDE_BYTES)) {
        s->stopped = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    put_news(s);
    return buf_append(&s->in, bytes, n) == ST_OK ? n : 0;
}

static struct span code_of(struct span head)
{
    return span_starts(head, "HTTP/") ? span_sub(head, span_find(head, ' ') + 1, 3) : SPAN_NONE;
}

/* A line at a time. An answer of 1xx comes before the one that counts; what comes after the body is
 * dropped. */
static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
    struct stream *s = ctx;
    struct span line = {bytes, size * count};
    s->only_once = true;
    forget_sent(s);
    if (s->head_whole) {
        return line.n;
    }
    if (buf_add(&s->head, line) != ST_OK) {
        return 0;
    }
    if (span_trim(line).n == 0) {
        struct span code = code_of(buf_span(&s->head));
        if (span_is(code, "101")) {
            return 0; /* nothing was asked that it could switch to */
        }
        if (span_starts(code, "1")) {
            buf_clear(&s->head);
        } else {
            s->head_whole = true;
            put_news(s);
        }
    }
    return line.n;
}

/* Over a connection of its own nothing is asked twice. */
static bool may_be_sent_again(struct stream *s)
{
    long fresh = 1;
    (void)curl_easy_getinfo(s->t->easy, CURLINFO_NUM_CONNECTS, &fresh);
    s->only_once = s->only_once || fresh != 0 || s->up_at > AGAIN_BYTES ||
                   s->t->net->http->kept_bytes > ALL_AGAIN_BYTES;
    return !s->only_once;
}

static int on_rewind(void *ctx, curl_off_t offset, int origin)
{
    struct stream *s = ctx;
    if (s->only_once || offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_FAIL;
    }
    s->t->net->http->kept_bytes -= s->up_at;
    s->up_at = 0;
    return CURL_SEEKFUNC_OK;
}

/* Before each time that it is asked. */
static int on_ask(void *ctx, char *there, char *here, int port_there, int port_here)
{
    struct stream *s = ctx;
    int64_t now = clock_mono_us();
    (void)there;
    (void)here;
    (void)port_there;
    (void)port_here;
    s->barred = s->was_asked && !s->harmless && now - s->sent_us > AT_ONCE_US;
    s->was_asked = true;
    s->sent_us = now;
    return s->barred ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t on_read(char *room, size_t size, size_t count, void *ctx)
{
    struct stream *s = ctx;
    size_t left = s->up.len - s->up_at;
    size_t n = size * count < left ? size * count : left;
    if (n == 0) {
        s->up_stopped = !s->up_all;
        return s->up_all ? 0 : CURL_READFUNC_PAUSE;
    }
    s->sent_us = clock_mono_us();
    memcpy(room, s->up.data + s->up_at, n);
    s->up_at += n;
    s->t->net->http->kept_bytes += n;
    if (!may_be_sent_again(s)) {
        forget_sent(s);
    }
    if (n == left && s->up_waited) {
        s->up_waited = false;
        s->room_due = true;
        put_news(s);
    }
    return n;
}

static void set_pauses(struct stream *s)
{
    int what = s->stopped ? CURLPAUSE_RECV : 0;
    what |= s->up_stopped ? CURLPAUSE_SEND : 0;
    (void)curl_easy_pause(s->t->easy, what);
}

/* ---- what is told, outside of curl */

static bool read_field(char *line, size_t n, struct http_field *f)
{
    struct span s = {line, n};
    size_t colon = span_find(s, ':');
    f->name = span_sub(s, 0, colon);
    f->value = span_trim(span_sub(s, colon + 1, n));
    for (size_t i = 0; i < colon; i++) {
        if (line[i] >= 'A' && line[i] <= 'Z') {
            line[i] = (char)(line[i] - 'A' + 'a');
        }
    }
    return colon < n && http1_is_token(f->name) && http1_is_value(f->value);
}

/* Another coding than chunks would be taken for the body itself: curl does not undo it. */
static bool is_coded(const struct http_field *f)
{
    return span_is(f->name, "transfer-encoding") &&
           !(f->value.n == 7 && strncasecmp(f->value.p, "chunked", 7) == 0);
}

/* The status, or 0: it cannot be read. */
static int read_head(struct stream *s, struct http_field *fields, size_t *count)
{
    char *at = s->head.data;
    char *end = at + s->head.len;
    int64_t status = 0;
    struct span first = {at, span_find(buf_span(&s->head), '\n')};
    size_t blank = span_find(first, ' ');
    if (num_parse(span_sub(first, blank + 1, 3), 200, 599, &status) != ST_OK) {
        return 0;
    }
    *count = 0;
    for (at += first.n + 1; at < end;) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t n = stop == NULL ? (size_t)(end - at) : (size_t)(stop - at);
        size_t text = n > 0 && at[n - 1] == '\r' ? n - 1 : n;
        if (text > 0 && (*count == NET_ANSWER_FIELDS || !read_field(at, text, &fields[*count]) ||
                         is_coded(&fields[(*count)++]))) {
            return 0;
        }
        at += n + 1;
    }
    return (int)status;
}

static void end(struct stream *s, const char *why)
{
    struct transfer *t = s->t;
    const struct http_stream_events *ev = s->ev;
    net_id id = t->id;
    void *ctx = s->ctx;
    net_id_free(t->net, id);
    ev->ended(ctx, id, why);
    transfer_free(t);
}

/* False: it has ended. */
static bool tell_head(struct stream *s)
{
    struct http_field fields[NET_ANSWER_FIELDS];
    size_t count = 0;
    int status = read_head(s, fields, &count);
    s->head_told = true;
    if (status == 0) {
        end(s, "the head of the answer cannot be read");
        return false;
    }
    struct buf kept = s->head; /* it may be cancelled inside the call */
    s->head = (struct buf){0};
    s->ev->head(s->ctx, s->t->id, status, fields, count);
    buf_wipe(&kept);
    return true;
}

static void tell_piece(struct stream *s)
{
    struct buf kept = s->in;
    buf_init(&s->in, kept.limit);
    s->ev->piece(s->ctx, s->t->id, buf_span(&kept));
    buf_wipe(&kept);
}

static void tell_end(struct stream *s)
{
    char why[CURL_ERROR_SIZE];
    const char *failure =
        s->barred ? "it closed the connection without an answer: what it may have done is not "
                    "asked for twice"
                  : transfer_failure(s->t, s->result);
    (void)span_copy(span_str(failure), why, sizeof(why));
    bool whole = s->result == CURLE_OK && s->head_told;
    end(s, whole ? NULL : why);
}

/* One thing of one stream: whoever is told may end it, or any other. */
static void tell(struct stream *s)
{
    if (s->head_whole && !s->head_told) {
        put_news(s);
        (void)tell_head(s);
    } else if (s->in.len > 0 && !s->paused) {
        put_news(s);
        tell_piece(s);
    } else if (s->room_due) {
        put_news(s);
        s->room_due = false;
        s->ev->room(s->ctx, s->t->id);
    } else if (s->over && s->in.len == 0) {
        tell_end(s);
    } else if (s->stopped && !s->paused && !s->over) {
        s->stopped = false;
        set_pauses(s);
    }
}

void streams_tell(struct net *n)
{
    while (n->http->news != NULL) {
        struct stream *s = n->http->news;
        drop_news(s);
        tell(s);
    }
}

/* ---- making one */

static enum status check(const struct http_stream_request *r, struct why *why)
{
    struct url url;
    enum status st = url_parse(r->origin, &url, why);
    if (st != ST_OK) {
        return st;
    }
    struct span target = span_str(r->target);
    bool sound = (url.scheme == URL_HTTP || url.scheme == URL_HTTPS) && target.n > 0 &&
                 target.n < TARGET_BYTES && target.p[0] == '/' && strcmp(url.path, "/") == 0 &&
                 transfer_method_valid(r->method) && r->field_count <= FIELDS_MAX;
    for (size_t i = 0; sound && i < target.n; i++) {
        unsigned char c = (unsigned char)target.p[i];
        sound = c > ' ' && c < 0x7f && c != '#';
    }
    for (size_t i = 0; sound && i < r->field_count; i++) {
        const struct http_field *f = &r->fields[i];
        sound = http1_is_token(f->name) && http1_is_value(f->value) &&
                !http_field_is_framing(f->name) && f->name.n + f->value.n < LINE_BYTES;
    }
    return sound ? ST_OK
                 : why_fail(why, ST_INVALID, "the request has a part that must not be in one");
}

static bool is_named(struct span name, const char *what)
{
    return name.n == strlen(what) && strncasecmp(name.p, what, name.n) == 0;
}

/* Those of RFC 9110, 9.2.2. */
static bool is_harmless(const char *method)
{
    static const char *const METHODS[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
    bool harmless = false;
    for (size_t i = 0; i < ARRAY_LEN(METHODS); i++) {
        harmless = harmless || strcmp(method, METHODS[i]) == 0;
    }
    return harmless;
}

/* A name without a value would take the field away: that is written with a semicolon. */
static void set_fields(struct transfer *t, const struct http_stream_request *r)
{
    static const char *const OF_CURL[] = {"Accept", "Content-Type", "User-Agent", "Expect"};
    struct buf line;
    buf_init(&line, LINE_BYTES + 8);
    for (size_t i = 0; i < r->field_count; i++) {
        const struct http_field *f = &r->fields[i];
        if (is_named(f->name, "host") || is_named(f->name, "expect")) {
            continue; /* said by curl, of the origin; not said */
        }
        buf_clear(&line);
        (void)buf_printf(&line, f->value.n > 0 ? "%.*s: %.*s" : "%.*s;%.*s", SPAN_ARG(f->name),
                         SPAN_ARG(f->value));
        transfer_header(t, line.data);
    }
    for (size_t i = 0; i < ARRAY_LEN(OF_CURL); i++) {
        bool given = false;
        for (size_t k = 0; k < r->field_count && strcmp(OF_CURL[i], "Expect") != 0; k++) {
            given = given || is_named(r->fields[k].name, OF_CURL[i]);
        }
        if (!given) {
            buf_clear(&line);
            (void)buf_printf(&line, "%s:", OF_CURL[i]);
            transfer_header(t, line.data);
        }
    }
    buf_wipe(&line);
    (void)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_body(struct transfer *t, const struct http_stream_request *r)
{
    if (strcmp(r->method, "HEAD") == 0) {
        (void)curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (r->length != 0) {
        (void)curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->length);
        (void)curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_read);
        (void)curl_easy_setopt(t->easy, CURLOPT_READDATA, t->stream);
        (void)curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_rewind);
        (void)curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t->stream);
    } else if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "DELETE") != 0) {
        (void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        (void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, "");
    }
    (void)curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static void set_streams(struct transfer *t, const struct http_stream_request *r)
{
    (void)curl_easy_setopt(t->easy, CURLOPT_URL, r->origin);
    (void)curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, r->target);
    (void)curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, (long)STREAM_READ_BYTES);
    (void)curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t->stream);
    (void)curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, on_ask);
    (void)curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t->stream);
    (void)curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_head);
    (void)curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t->stream);
    if (r->ca_file != NULL) {
        (void)curl_easy_setopt(t->easy, CURLOPT_CAINFO, r->ca_file);
        (void)curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
    }
    if (r->silence_ms > 0) {
        (void)curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void)curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, (long)(r->silence_ms + 999) / 1000);
    }
}

static struct transfer *transfer_new(struct net *n, const struct http_stream_events *ev, void *ctx)
{
    struct transfer *t = xcalloc(1, sizeof(*t));
    struct stream *s = xcalloc(1, sizeof(*s));
    t->net = n;
    t->easy = curl_easy_init();
    t->stream = s;
    *s = (struct stream){.t = t, .ev = ev, .ctx = ctx};
    buf_init(&t->body, 0);
    buf_init(&t->answer, 0);
    buf_init(&s->head, ANSWER_HEAD_BYTES);
    buf_init(&s->in, ASIDE_BYTES + STREAM_READ_BYTES);
    buf_init(&s->up, UP_BYTES);
    return t;
}

enum status net_http_open(struct net *n, const struct http_stream_request *r,
                          const struct http_stream_events *ev, void *ctx, net_id *id,
                          struct why *why)
{
    *id = 0;
    enum status st = check(r, why);
    if (st == ST_OK) {
        st = http_client_start(n, why);
    }
    if (st != ST_OK) {
        return st;
    }
    struct transfer *t = transfer_new(n, ev, ctx);
    if (t->easy == NULL || transfer_trust(t) != CURLE_OK) {
        transfer_free(t);
        return why_fail(why, ST_IO, "libcurl cannot make a safe request");
    }
    set_fields(t, r);
    set_body(t, r);
    transfer_rest(t);
    set_streams(t, r);
    t->stream->up_all = r->length == 0;
    t->stream->harmless = is_harmless(r->method);
    return transfer_start(n, t, id, why);
}

/* ---- what the user says */

static struct stream *stream_of(const struct net *n, net_id id)
{
    struct transfer *t = net_id_find(n, id, ID_HTTP_CLIENT);
    return t != NULL ? t->stream : NULL;
}

static void wake(struct stream *s)
{
    if (s->up_stopped && !s->over) {
        s->up_stopped = false;
        set_pauses(s);
    }
}

enum status net_http_send(struct net *n, net_id id, struct span piece)
{
    struct stream *s = stream_of(n, id);
    if (s == NULL || s->up_all) {
        return ST_CLOSED;
    }
    if (buf_add(&s->up, piece) != ST_OK) {
        return ST_LIMIT;
    }
    s->up_waited = true;
    wake(s);
    return ST_OK;
}

void net_http_sent(struct net *n, net_id id)
{
    struct stream *s = stream_of(n, id);
    if (s != NULL) {
        s->up_all = true;
        wake(s);
    }
}

size_t net_http_stream_queued(const struct net *n, net_id id)
{
    const struct stream *s = stream_of(n, id);
    return s != NULL ? s->up.len - s->up_at : 0;
}

void net_http_pause(struct net *n, net_id id)
{
    struct stream *s = stream_of(n, id);
    if (s != NULL) {
        s->paused = true;
    }
}

void net_http_go_on(struct net *n, net_id id)
{
    struct stream *s = stream_of(n, id);
    if (s != NULL && s->paused) {
        s->paused = false;
        put_news(s);
        net_kick(n);
    }
}
