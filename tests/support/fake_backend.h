/* fake_backend.h - a back-end that speaks checkrein.v1 as a test tells it to, over a real Unix
 * socket.
 *
 * It lives in the loop and net of what it talks to. Everything waits for a state, with a deadline.
 */
#ifndef CHECKREIN_TEST_FAKE_BACKEND_H
#define CHECKREIN_TEST_FAKE_BACKEND_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/clock.h"
#include "checkrein/codec.h"
#include "checkrein/crypto.h"
#include "checkrein/loop.h"
#include "checkrein/net.h"
#include "expect.h"

#define FAKE_DEADLINE_US 10000000

struct fake_backend {
    struct loop *loop;
    struct net *net;
    struct codec *codec;
    struct buf out;
    net_id listener, ws; /* ws: 0 when nobody is connected */
    char url[200];
    int admit; /* HTTP status of the answer to an upgrade; 0: let in */
    unsigned opened, closed, hellos, commands;
    int64_t resume_after; /* of the last hello; -1: none */
    char resume_instance[64];
    char command[64]; /* id of the last command */
    enum verb verb;
    unsigned countersigns;
    struct {
        int64_t n, time_us;
        char head[80], key[80], sig[160];
    } countersign; /* the last one */
};

static inline int fake_admit(void *ctx, const struct http_head *head, bool upgrade)
{
    (void)head;
    (void)upgrade;
    return ((struct fake_backend *)ctx)->admit;
}

static inline void fake_opened(void *ctx, net_id id, const struct http_head *head)
{
    (void)head;
    struct fake_backend *f = ctx;
    f->ws = id;
    f->opened++;
}

static inline void fake_message(void *ctx, net_id id, struct span text)
{
    (void)id;
    struct fake_backend *f = ctx;
    struct msg m;
    assert_status(codec_read_msg(f->codec, text, &m, NULL), ST_OK);
    if (m.kind == KIND_HELLO) {
        f->hellos++;
        f->resume_after = m.hello.resume_after;
        (void)span_copy(m.hello.resume_instance, f->resume_instance, sizeof(f->resume_instance));
    } else if (m.kind == KIND_COMMAND) {
        f->commands++;
        f->verb = m.command.verb;
        (void)span_copy(m.command.id, f->command, sizeof(f->command));
    } else if (m.kind == KIND_COUNTERSIGN) {
        f->countersigns++;
        f->countersign.n = m.countersign.n;
        f->countersign.time_us = m.countersign.time_us;
        (void)span_copy(m.countersign.head, f->countersign.head, sizeof(f->countersign.head));
        (void)span_copy(m.countersign.key, f->countersign.key, sizeof(f->countersign.key));
        (void)span_copy(m.countersign.sig, f->countersign.sig, sizeof(f->countersign.sig));
    }
}

static inline void fake_closed(void *ctx, net_id id, int code, const char *why)
{
    (void)code;
    (void)why;
    struct fake_backend *f = ctx;
    f->closed++;
    if (f->ws == id) {
        f->ws = 0;
    }
}

static inline void fake_request(void *ctx, net_id id, const struct http_head *head,
                                struct span body)
{
    (void)ctx;
    (void)id;
    (void)head;
    (void)body;
}

static inline void fake_start(struct fake_backend *f, struct loop *l, struct net *n,
                              const char *path)
{
    static const struct server_events EVENTS = {.admit = fake_admit,
                                                .request = fake_request,
                                                .ws_opened = fake_opened,
                                                .ws_message = fake_message,
                                                .ws_closed = fake_closed};
    struct why why = {0};
    *f = (struct fake_backend){.loop = l, .net = n, .codec = codec_new()};
    buf_init(&f->out, 16u << 20);
    (void)snprintf(f->url, sizeof(f->url), "unix:%s", path);
    struct server_options o = {.unix_path = path,
                               .port = -1,
                               .protocol = PROTOCOL_NAME,
                               .body_bytes = 4096,
                               .message_bytes = 1u << 20,
                               .queue_bytes = 16u << 20,
                               .max_connections = 8};
    assert_status(net_listen(n, &o, &EVENTS, f, &f->listener, NULL, &why), ST_OK);
}

static inline void fake_stop(struct fake_backend *f)
{
    net_unlisten(f->net, f->listener);
    codec_free(f->codec);
    buf_release(&f->out);
}

/* Turns of the loop until *value is at least `want`. */
static inline void fake_until(struct fake_backend *f, const unsigned *value, unsigned want)
{
    int64_t until = clock_mono_us() + FAKE_DEADLINE_US;
    while (*value < want) {
        assert_true(clock_mono_us() < until);
        assert_status(loop_turn(f->loop, 50), ST_OK);
    }
}

/* ---- frames; each is also left in f->out, for who has no connection */

static inline struct span fake_send(struct fake_backend *f)
{
    assert_status(buf_status(&f->out), ST_OK);
    if (f->ws) {
        assert_status(net_ws_send(f->net, f->ws, buf_span(&f->out)), ST_OK);
    }
    return buf_span(&f->out);
}

static inline struct span fake_hello(struct fake_backend *f, const char *instance, int64_t seq,
                                     bool resumed)
{
    struct msg_hello h = {.protocol = PROTOCOL_VERSION,
                          .name = SPAN("fake"),
                          .version = SPAN("1"),
                          .instance = span_str(instance),
                          .operator_id = SPAN("uid:7"),
                          .scopes = SCOPE_BIT(SCOPE_READ) | SCOPE_BIT(SCOPE_DECIDE),
                          .verbs = 1u << VERB_APPROVE | 1u << VERB_STOP_ALL,
                          .heartbeat_ms = 20000,
                          .seq = seq,
                          .resumed = resumed};
    buf_clear(&f->out);
    assert_status(codec_write_server_hello(&f->out, &h), ST_OK);
    return fake_send(f);
}

static inline struct span fake_synced(struct fake_backend *f, int64_t seq)
{
    buf_clear(&f->out);
    assert_status(codec_write_synced(&f->out, seq), ST_OK);
    return fake_send(f);
}

static inline struct span fake_head(struct fake_backend *f, struct span seal)
{
    buf_clear(&f->out);
    assert_status(codec_write_head(&f->out, seal), ST_OK);
    return fake_send(f);
}

static inline struct span fake_result(struct fake_backend *f, const char *command,
                                      enum command_state st)
{
    struct msg_result r = {.command = span_str(command), .state = st, .by = SPAN("a test")};
    buf_clear(&f->out);
    assert_status(codec_write_result(&f->out, &r), ST_OK);
    return fake_send(f);
}

enum fake_flag { FAKE_NEWS, FAKE_STATE };

static inline struct span fake_event(struct fake_backend *f, struct event *ev, uint64_t seq,
                                     enum fake_flag flag)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "ev-%llu", (unsigned long long)seq);
    ev->id = span_str(id);
    ev->source = SPAN("checkrein://fake/1");
    ev->seq = seq;
    ev->snapshot = flag == FAKE_STATE;
    buf_clear(&f->out);
    assert_status(codec_write_msg_event(&f->out, ev), ST_OK);
    return fake_send(f);
}

/* Its times are not whole milliseconds: what is folded live must not know more than the record. */
#define FAKE_TIME_US INT64_C(1793000000123000)

static inline struct span fake_agent(struct fake_backend *f, const char *agent, uint64_t seq,
                                     enum fake_flag flag)
{
    struct event ev;
    event_init(&ev, EVENT_AGENT_STARTED, FAKE_TIME_US + (int64_t)seq * 1000);
    event_set_text(&ev, F_AGENT_ID, span_str(agent));
    event_set_text(&ev, F_AGENT_NAME, span_str(agent));
    return fake_event(f, &ev, seq, flag);
}

static inline struct span fake_state(struct fake_backend *f, const char *agent, enum agent_state st,
                                     uint64_t seq, enum fake_flag flag)
{
    struct event ev;
    event_init(&ev, EVENT_AGENT_STATE, FAKE_TIME_US + (int64_t)seq * 1000);
    event_set_text(&ev, F_AGENT_ID, span_str(agent));
    event_set_number(&ev, F_STATE, st);
    return fake_event(f, &ev, seq, flag);
}

/* `digest` NULL: the right one. */
static inline struct span fake_request_of(struct fake_backend *f, const char *agent,
                                          const char *approval, const char *action,
                                          const char *digest, uint64_t seq, enum fake_flag flag)
{
    char right[DIGEST_TEXT_BYTES];
    struct event ev;
    digest_text(span_str(action), right);
    event_init(&ev, EVENT_APPROVAL_REQUESTED, FAKE_TIME_US + (int64_t)seq * 1000);
    event_set_text(&ev, F_AGENT_ID, span_str(agent));
    event_set_text(&ev, F_APPROVAL_ID, span_str(approval));
    event_set_text(&ev, F_ACTION, span_str(action));
    event_set_text(&ev, F_DIGEST, span_str(digest ? digest : right));
    event_set_number(&ev, F_RISK, RISK_HIGH);
    return fake_event(f, &ev, seq, flag);
}

static inline struct span fake_request_for(struct fake_backend *f, const char *agent,
                                           const char *approval, const char *digest, uint64_t seq,
                                           enum fake_flag flag)
{
    return fake_request_of(f, agent, approval,
                           "{\"tool\":\"Bash\",\"input\":{\"command\":\"make\"},\"cwd\":\"/\"}",
                           digest, seq, flag);
}

#endif
