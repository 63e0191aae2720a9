/* passages.c - requests under way through the gateway.
 *
 *   begun ─► read for its model ─► judged ─► refused
 *                                   │ ▲  └► held: nothing more is read of it
 *                                   ▼ └──────┘ something changed
 *                                  open ─► passed on in pieces, both ways ─► ended, or cut
 *
 * Pieces are not kept: each goes on in the turn that it came in, and a side that does not read
 * holds the other back.
 */
#include "gateway_priv.h"

#include "checkrein/log.h"

#define PASSING_MAX  4096
#define SILENCE_MS   INT64_C(600000)    /* of an upstream, while it is waited for */
#define UNREAD_BYTES ((size_t)64 << 20) /* of all answers */
#define UNREAD_PART  16
#define LINES_BYTES  16384
#define TARGET_BYTES 8192

enum state { PASS_READ, PASS_HELD, PASS_OPEN };

struct passage {
    struct govd *govd;
    struct passage *next, **link; /* in the list, the oldest first; what points here */
    struct passage *before;
    net_id front, back; /* 0: none any more, or not yet */
    enum state state;
    char lease[ULID_BYTES];
    struct upstream *up;
    char method[24];
    char *path, *target;
    struct buf lines; /* fields that go along */
    struct buf body;  /* of one that is read first */
    char model[USAGE_MODEL_BYTES];
    bool looked, known; /* for its model, in all of its body: known for certain */
    struct body_share share;
    int64_t length;
    bool whole;      /* the body has come */
    bool taken;      /* the upstream has taken what came of it */
    bool answered;   /* the head of the answer went back */
    char *waits_for; /* which budget; NULL: for none */
    char *holder;    /* of this agent; else NULL */
    struct meter *meter;
    struct echo echo;
    size_t unread; /* of the answer, as it was seen last */
};

/* ---- the list */

static struct span front_key(const net_id *front)
{
    return (struct span){(const char *)front, sizeof(*front)};
}

static struct passage *passage_of(const struct govd *g, net_id front)
{
    uint32_t unused;
    if (!map_get(&g->gateway->by_front, front_key(&front), &unused)) {
        return NULL;
    }
    struct passage *p = g->gateway->passages;
    while (p && p->front != front) {
        p = p->next;
    }
    return p;
}

/* Its agent's state says why the oldest of them waits. */
static void tell_oldest(struct govd *g, const char *holder)
{
    const struct passage *p = g->gateway->passages;
    while (p && !(p->waits_for && strcmp(p->holder, holder) == 0)) {
        p = p->next;
    }
    if (p) {
        budget_waits_for(g, span_str(holder), p->waits_for);
    }
}

static void waits_no_more(struct passage *p)
{
    char *holder = p->holder;
    free(p->waits_for);
    p->waits_for = p->holder = NULL;
    budget_waits_no_more(p->govd, span_str(holder));
    tell_oldest(p->govd, holder);
    free(holder);
}

/* For a budget, or for none any more. */
static void set_waits_for(struct passage *p, const struct lease *l, const char *why)
{
    if (!why && p->waits_for) {
        waits_no_more(p);
    } else if (why && !(p->waits_for && strcmp(p->waits_for, why) == 0)) {
        if (!p->waits_for) {
            p->holder = xstrdup(lease_holder(p->govd, l).p);
            budget_waits(p->govd, span_str(p->holder));
        }
        session_set(&p->waits_for, span_str(why));
        tell_oldest(p->govd, p->holder);
    }
}

static void passage_free(struct passage *p)
{
    struct gateway *w = p->govd->gateway;
    set_waits_for(p, NULL, NULL);
    meter_end(p->meter);
    *p->link = p->next;
    if (p->next) {
        p->next->link = p->link;
        p->next->before = p->before;
    } else {
        w->newest = p->before;
    }
    w->passing--;
    w->unread_bytes -= p->unread;
    map_del(&w->by_front, front_key(&p->front));
    net_http_cancel(p->govd->net, p->back);
    buf_wipe(&p->lines);
    buf_wipe(&p->body);
    echo_release(&p->echo);
    body_give_back(p->govd, &p->share);
    free(p->path);
    free(p->target);
    free(p);
}

static void passage_refuse(struct passage *p, const struct lease_verdict *v)
{
    struct govd *g = p->govd;
    net_id front = p->front;
    const struct dialect *d = p->up->dialect;
    passage_free(p);
    refuse_request(g, front, d, v);
}

/* The client is to see that it is not whole. */
static void passage_cut(struct passage *p)
{
    struct govd *g = p->govd;
    net_id front = p->front;
    passage_free(p);
    net_http_abort(g->net, front);
}

/* The client is to get nothing more of it, also of what it has not read yet. */
static void passage_kill(struct passage *p)
{
    struct govd *g = p->govd;
    net_id front = p->front;
    passage_free(p);
    net_http_reset(g->net, front);
}

static struct lease_verdict verdict(int http_status, const char *why)
{
    struct lease_verdict v = {.ruling = LEASE_REFUSE, .http_status = http_status};
    (void)snprintf(v.why, sizeof(v.why), "%s", why);
    return v;
}

/* ---- the upstream's side */

static void on_head(void *ctx, net_id id, int http_status, const struct http_field *fields,
                    size_t count)
{
    struct passage *p = ctx;
    struct http_field back[NET_ANSWER_FIELDS];
    struct http_answer a = {.http_status = http_status, .fields = back};
    (void)id;
    meter_answered(p->meter, http_status, fields, count);
    a.field_count = answer_fields(fields, count, back, ARRAY_LEN(back), &a.length);
    bool has_body = strcmp(p->method, "HEAD") != 0 && http_status != 204 && http_status != 304;
    const char *why = echo_head(&p->echo, back, a.field_count, has_body);
    if (!why && net_http_answer(p->govd->net, p->front, &a) == ST_OK) {
        p->answered = true;
        return;
    }
    struct lease_verdict v =
        verdict(502, why ? why : "the upstream's answer has a head that cannot go on");
    passage_refuse(p, &v);
}

static size_t unread_now(struct passage *p)
{
    size_t n = net_http_queued(p->govd->net, p->front);
    p->govd->gateway->unread_bytes += n - p->unread;
    p->unread = n;
    return n;
}

/* So much may wait for one client: the less, the more waits for all. */
static size_t unread_most(const struct gateway *w)
{
    size_t left = w->unread_bytes < UNREAD_BYTES ? UNREAD_BYTES - w->unread_bytes : 0;
    return left / UNREAD_PART < GATEWAY_MARK ? left / UNREAD_PART : GATEWAY_MARK;
}

static void on_piece(void *ctx, net_id id, struct span bytes)
{
    struct passage *p = ctx;
    struct net *n = p->govd->net;
    struct span on;
    bool may = echo_pass(&p->echo, bytes, &on) && net_http_write(n, p->front, on) == ST_OK;
    meter_read(p->meter, bytes); /* it was used, also when nobody is there to read it */
    if (!may) {
        passage_cut(p); /* longer than was said, not to be told, or nobody is there any more */
    } else if (unread_now(p) > unread_most(p->govd->gateway)) {
        net_http_pause(n, id);
    }
}

static void on_back_room(void *ctx, net_id id)
{
    struct passage *p = ctx;
    (void)id;
    p->taken = true;
    body_give_back(p->govd, &p->share); /* the upstream has what was kept */
    net_http_more(p->govd->net, p->front);
}

/* It was used, whoever reads it when; as long as not all of it is with the client it can be cut. */
static void end_answer(struct passage *p)
{
    meter_end(p->meter);
    p->meter = NULL;
    enum status st = net_http_finish(p->govd->net, p->front);
    if (st != ST_AGAIN) {
        passage_free(p);
    }
    if (st != ST_OK && st != ST_AGAIN) {
        log_write(LOG_DEBUG, "a client went away at the end of its answer");
    }
}

static void on_ended(void *ctx, net_id id, const char *why)
{
    struct passage *p = ctx;
    (void)id;
    p->back = 0;
    if (!p->answered) {
        char text[200];
        if (!p->taken) { /* what took all of it may have used something */
            meter_unanswered(p->meter);
        }
        (void)snprintf(text, sizeof(text), "upstream %.40s: %.120s", p->up->conf->name,
                       why ? why : "");
        struct lease_verdict v = verdict(502, text);
        passage_refuse(p, &v);
    } else if (net_http_write(p->govd->net, p->front, echo_end(&p->echo)) == ST_OK && !why) {
        end_answer(p);
    } else {
        passage_cut(p);
    }
}

static const struct http_stream_events BACK = {on_head, on_piece, on_back_room, on_ended};

/* ---- opening */

static size_t read_lines(struct span lines, struct http_field *out, size_t most)
{
    struct span line;
    size_t n = 0;
    while (n < most && span_next(&lines, '\n', &line)) {
        size_t colon = span_find(line, ':');
        if (line.n > 0) {
            out[n++] =
                (struct http_field){span_sub(line, 0, colon), span_sub(line, colon + 2, line.n)};
        }
    }
    return n;
}

/* Here alone the real key is put in. */
static enum status open_back(struct passage *p, struct why *why)
{
    struct upstream *up = p->up;
    struct http_field fields[GATEWAY_FIELDS_MAX];
    struct buf key;
    buf_init(&key, GATEWAY_SECRET_MAX + 1024);
    buf_printf(&key, "%s%s%s", up->before, secret_guard_text(up->key), up->behind);
    echo_begin(&p->echo, up, p->lease);
    size_t n = read_lines(buf_span(&p->lines), fields, ARRAY_LEN(fields) - 1);
    fields[n++] = (struct http_field){span_str(up->field), buf_span(&key)};
    struct http_stream_request r = {.origin = up->origin,
                                    .target = p->target,
                                    .method = p->method,
                                    .fields = fields,
                                    .field_count = n,
                                    .length = p->length,
                                    .ca_file = up->conf->ca_file,
                                    .silence_ms = SILENCE_MS};
    enum status st = net_http_open(p->govd->net, &r, &BACK, p, &p->back, why);
    buf_wipe(&key);
    return st;
}

static void pass_on(struct passage *p)
{
    struct why why = {0};
    struct net *n = p->govd->net;
    p->state = PASS_OPEN;
    enum status st = open_back(p, &why);
    if (st == ST_OK && p->body.len > 0) {
        st = net_http_send(n, p->back, buf_span(&p->body));
        buf_wipe(&p->body);
        buf_init(&p->body, GATEWAY_READ_BYTES);
    }
    if (st != ST_OK) {
        char text[200];
        (void)snprintf(text, sizeof(text), "it cannot be passed on: %.160s", why.text);
        struct lease_verdict v = verdict(502, text);
        passage_refuse(p, &v);
        return;
    }
    meter_passed(p->meter);
    if (p->whole) {
        net_http_sent(n, p->back);
    } else {
        net_http_more(n, p->front);
    }
}

/* Empty: it names none. False: what it asks for cannot be told for certain. */
static bool model_of(const struct passage *p, char model[USAGE_MODEL_BYTES])
{
    static const char FOLDER[] = "models/"; /* some write it before the name */
    char said[USAGE_MODEL_BYTES] = "";
    enum usage_place place = usage_model_place(meter_speaks(p->up), span_str(p->path), model);
    enum status st = p->body.len > 0 ? usage_body_model(buf_span(&p->body), said) : ST_NOTFOUND;
    if (place == USAGE_MODEL_IN_PATH) {
        struct span name = span_str(said);
        name = span_starts(name, FOLDER) ? span_sub(name, sizeof(FOLDER) - 1, SIZE_MAX) : name;
        return st == ST_NOTFOUND || (st == ST_OK && span_is(name, model));
    }
    (void)span_copy(span_str(place == USAGE_MODEL_IN_BODY ? said : ""), model, USAGE_MODEL_BYTES);
    return st != ST_INVALID;
}

/* Of a body that waits, once: it is judged again and again. */
static bool model_known(struct passage *p)
{
    if (!p->looked) {
        p->looked = p->whole;
        p->known = model_of(p, p->model);
    }
    return p->known;
}

static const char *closed_why(const struct govd *g)
{
    return g->closing                   ? "checkrein is shutting down"
           : journal_failed(g->journal) ? "the record has failed: nothing is let through"
                                        : NULL;
}

static void judge_open(struct passage *p)
{
    struct govd *g = p->govd;
    struct lease *l = lease_by_id(g->leases, span_str(p->lease));
    bool known = !l || !lease_needs_model(g->leases, l) || model_known(p);
    struct lease_request r = {.method = span_str(p->method),
                              .path = span_str(p->path),
                              .model = span_str(p->model),
                              .now_us = govd_wall_us()};
    struct lease_verdict v = verdict(401, "there is no such lease any more");
    if (!known) {
        v = verdict(403, "the lease is for some models, and which this asks for cannot be told");
    } else if (l) {
        v = lease_ruling_now(g, l, &r, p->meter);
    }
    if (v.ruling == LEASE_LET && !p->up->key) {
        char text[220];
        (void)snprintf(text, sizeof(text), "upstream %.40s has no key: %.120s", p->up->conf->name,
                       p->up->why_not);
        v = verdict(503, text);
    }
    if (l && v.ruling != LEASE_HOLD) {
        lease_told(g, l, r.method, r.path, v.ruling == LEASE_LET ? NULL : v.why);
    } else if (l && p->state != PASS_HELD) {
        lease_told_wait(g, l, r.method, r.path, v.why);
    }
    char why[sizeof(v.why)];
    bool unpaid = l && v.ruling == LEASE_HOLD && meter_holds(p->meter, g, l, why);
    set_waits_for(p, l, unpaid ? why : NULL);
    if (v.ruling == LEASE_REFUSE) {
        passage_refuse(p, &v);
    } else if (v.ruling == LEASE_HOLD) {
        p->state = PASS_HELD;
        net_http_hold(g->net, p->front);
    } else {
        pass_on(p);
    }
}

/* The record may have failed since its head was looked at. */
static void judge(struct passage *p)
{
    const char *closed = closed_why(p->govd);
    if (closed) {
        struct lease_verdict v = verdict(503, closed);
        passage_refuse(p, &v);
    } else {
        judge_open(p);
    }
}

/* ---- the client's side */

static struct passage *passage_new(struct govd *g, net_id front, const struct http_head *head,
                                   struct upstream *up, const struct lease *l, struct span path)
{
    struct gateway *w = g->gateway;
    struct passage *p = xcalloc(1, sizeof(*p));
    struct buf target;
    *p = (struct passage){.govd = g, .front = front, .up = up, .length = head->length};
    (void)span_copy(span_str(l->id), p->lease, sizeof(p->lease));
    (void)span_copy(head->method, p->method, sizeof(p->method));
    p->path = xstrndup(path.p, path.n);
    buf_init(&p->lines, LINES_BYTES);
    buf_init(&p->body, GATEWAY_READ_BYTES);
    buf_init(&target, TARGET_BYTES);
    request_fields(head, up, &p->lines);
    if (request_target(head, up, path, &target) == ST_OK && buf_status(&p->lines) == ST_OK) {
        p->target = buf_detach(&target, NULL);
    }
    buf_release(&target);
    if (p->target) {
        p->meter = meter_new(g, up, l, head->method, p->target);
    }
    p->link = w->newest ? &w->newest->next : &w->passages;
    p->before = w->newest;
    *p->link = p;
    w->newest = p;
    w->passing++;
    map_put(&w->by_front, front_key(&p->front), 1);
    return p;
}

static void on_unknown(struct govd *g)
{
    struct gateway *w = g->gateway;
    w->strangers++;
    if (may_tell(&w->stranger_us)) {
        log_write(LOG_WARN,
                  "requests to the gateway were refused: %llu, without a lease that is known",
                  (unsigned long long)w->strangers);
        w->strangers = 0;
    }
}

/* A test call of ours: answered as a request under this lease would be, and never passed on. */
static void answer_probe(struct govd *g, net_id front, const struct lease *l,
                         const struct upstream *up)
{
    const char *dead = lease_is_dead(g, l);
    struct lease_verdict v = verdict(403, dead ? dead : "");
    if (dead) {
        refuse_request(g, front, up->dialect, &v);
    } else if (net_http_reply(g->net, front, 200, "application/json", SPAN("{}")) != ST_OK) {
        log_write(LOG_DEBUG, "a test call went away before its answer");
    }
}

/* The socket's peer is known: a run's lease is for that run alone. */
static const char *wrong_process(const struct govd *g, const struct http_head *head,
                                 const struct lease *l)
{
    if (!head->is_unix || !run_is_id(span_str(l->agent))) {
        return NULL;
    }
    const struct session *s = guarded_of(g, (int32_t)head->peer_pid);
    return s && strcmp(s->id, l->agent) == 0 ? NULL
                                             : "the lease is another agent's than who shows it";
}

/* One more: those under way are not counted again when they are judged. */
static const char *not_taken_why(const struct govd *g)
{
    const char *closed = closed_why(g);
    return closed                               ? closed
           : g->gateway->passing >= PASSING_MAX ? "too many requests at once"
                                                : NULL;
}

/* What its head alone refuses; http_status 0: nothing. */
static struct lease_verdict look_at(struct govd *g, const struct http_head *head,
                                    const struct request_read *r, const struct upstream *up,
                                    const struct lease *l)
{
    const char *closed = not_taken_why(g);
    if (r->fault) {
        return verdict(r->fault, r->why);
    }
    if (closed || !up) {
        return verdict(503, closed ? closed : "there is no such upstream");
    }
    if (!l) {
        on_unknown(g);
        return verdict(401, "there is no such lease");
    }
    if (!span_is(r->upstream, l->upstream)) {
        return verdict(403, "the lease is for another upstream");
    }
    const char *wrong = r->probe.n > 0 ? NULL : wrong_process(g, head, l);
    return wrong ? verdict(403, wrong) : (struct lease_verdict){0};
}

/* Whether it is read before it is judged, because its body says what is to be judged. */
static bool is_read_first(const struct govd *g, const struct passage *p, const struct lease *l)
{
    return !p->whole && !lease_is_dead(g, l) &&
           (lease_needs_model(g->leases, l) || meter_reads_first(p->meter, g, l));
}

/* For a budget so much is read of it and no more: then it counts as the most that it may be. */
static bool is_read_enough(const struct govd *g, const struct passage *p)
{
    const struct lease *l = lease_by_id(g->leases, span_str(p->lease));
    return p->state == PASS_READ && p->body.len > METER_READ_BYTES &&
           !(l && lease_needs_model(g->leases, l));
}

static void begin(struct govd *g, net_id front, const struct http_head *head,
                  const struct request_read *r, struct upstream *up, const struct lease *l)
{
    struct passage *p = passage_new(g, front, head, up, l, r->path);
    p->whole = head->length == 0;
    if (!p->target) {
        struct lease_verdict v = verdict(400, "the request's head is too long to go on");
        passage_refuse(p, &v);
    } else if (is_read_first(g, p, l) && head->length > (int64_t)GATEWAY_READ_BYTES) {
        struct lease_verdict v = verdict(413, "too long a body to look for its model in");
        passage_refuse(p, &v);
    } else if (!is_read_first(g, p, l)) {
        judge(p);
    }
}

static void on_begun(void *ctx, net_id front, const struct http_head *head)
{
    struct govd *g = ctx;
    struct request_read r;
    request_read(head, &r);
    struct upstream *up = r.fault ? NULL : upstream_named(g, r.upstream);
    struct lease *l = r.probe.n > 0 ? probe_lease(g, r.probe) : lease_by_token(g->leases, r.token);
    struct lease_verdict v = look_at(g, head, &r, up, l);
    if (v.http_status || !up || !l) {
        if (l && v.http_status == 403) {
            lease_told(g, l, head->method, r.path, v.why);
        }
        refuse_request(g, front, up ? up->dialect : NULL, &v);
    } else if (r.probe.n > 0) {
        answer_probe(g, front, l, up);
    } else {
        begin(g, front, head, &r, up, l);
    }
}

/* Until its model is known. */
static bool keep(struct passage *p, struct span bytes)
{
    struct govd *g = p->govd;
    struct lease *l = lease_by_id(g->leases, span_str(p->lease));
    struct lease_verdict v = verdict(413, "too long a body to look for its model in");
    bool fits = buf_add(&p->body, bytes) == ST_OK && body_take(g, &p->share, l, p->body.cap, &v);
    if (!fits) {
        passage_refuse(p, &v);
    }
    return fits;
}

static void on_body(void *ctx, net_id front, struct span bytes)
{
    struct govd *g = ctx;
    struct passage *p = passage_of(g, front);
    if (!p) {
        return;
    }
    meter_asked(p->meter, bytes);
    if (p->state != PASS_OPEN) {
        if (keep(p, bytes) && is_read_enough(g, p)) {
            judge(p);
        }
        return;
    }
    if (net_http_send(g->net, p->back, bytes) != ST_OK) {
        passage_cut(p);
    } else if (net_http_stream_queued(g->net, p->back) > GATEWAY_MARK) {
        net_http_hold(g->net, front);
    }
}

static void on_whole(void *ctx, net_id front)
{
    struct passage *p = passage_of(ctx, front);
    if (!p) {
        return;
    }
    p->whole = true;
    meter_whole(p->meter);
    if (p->state == PASS_OPEN) {
        net_http_sent(p->govd->net, p->back);
    } else if (p->state == PASS_READ) {
        p->length = (int64_t)p->body.len;
        judge(p);
    }
}

static void on_room(void *ctx, net_id front)
{
    struct passage *p = passage_of(ctx, front);
    if (p) {
        (void)unread_now(p);
        net_http_go_on(p->govd->net, p->back);
    }
}

static void on_gone(void *ctx, net_id front)
{
    struct passage *p = passage_of(ctx, front);
    if (p) {
        passage_free(p);
    }
}

const struct server_events GATEWAY_EVENTS = {
    .begun = on_begun,
    .piece = on_body,
    .whole = on_whole,
    .room = on_room,
    .gone_out = on_gone,
    .request_gone = on_gone,
};

/* ---- something changed */

/* True: a running answer was cut. What waits, or was not answered yet, is refused with the reason.
 */
static bool cut_if_dead(struct passage *p)
{
    const struct lease *l = lease_by_id(p->govd->leases, span_str(p->lease));
    const char *dead = l ? lease_is_dead(p->govd, l) : "there is no such lease any more";
    if (!dead) {
        return false;
    }
    bool running = p->answered;
    if (running) {
        passage_kill(p);
    } else {
        struct lease_verdict v = verdict(403, dead);
        passage_refuse(p, &v);
    }
    return running;
}

size_t passages_judge(struct govd *g)
{
    size_t cut = 0;
    struct passage *next = NULL;
    g->gateway->due = false;
    for (struct passage *p = g->gateway->passages; p; p = next) {
        next = p->next; /* one that is judged ends itself and no other */
        if (p->state == PASS_HELD) {
            judge(p);
        } else {
            cut += cut_if_dead(p);
        }
    }
    return cut;
}

void passages_count_held(struct govd *g)
{
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        lease_at(g->leases, i)->waiting = 0;
    }
    for (const struct passage *p = g->gateway->passages; p; p = p->next) {
        struct lease *l = NULL;
        if (p->state == PASS_HELD) {
            l = lease_by_id(g->leases, span_str(p->lease));
        }
        for (int depth = 0; l && depth <= LEASE_DEPTH; depth++) {
            l->waiting++;
            l = lease_by_id(g->leases, span_str(l->parent));
        }
    }
}

void passages_release(struct govd *g)
{
    struct passage *next = NULL;
    for (struct passage *p = g->gateway->passages; p; p = next) {
        next = p->next;
        passage_cut(p);
    }
}
