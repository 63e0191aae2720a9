#include "app_priv.h"

#define ANSWER_BYTES ((size_t)8 << 20)
#define WAIT_MS      5000

struct waiting {
    struct loop *loop;
    struct buf *out;
    struct why *why;
    int status;
    bool over;
};

static void on_answer(void *ctx, net_id id, const struct http_client_answer *answer)
{
    (void)id;
    struct waiting *w = ctx;
    w->status = answer->http_status;
    w->over = true;
    if (answer->http_status) {
        buf_add(w->out, answer->body);
    } else {
        (void)why_fail(w->why, ST_CLOSED, "%s", answer->why ? answer->why : "no answer");
    }
    loop_stop(w->loop);
}

static void wait_for(struct waiting *w, struct net *net, const struct question *q)
{
    struct http_client_request r = {.url = q->url,
                                    .unix_path = q->unix_path,
                                    .method = q->method,
                                    .bearer = q->bearer,
                                    .headers = q->headers,
                                    .body = q->body,
                                    .answer_bytes = ANSWER_BYTES,
                                    .timeout_ms = WAIT_MS};
    net_id id = 0;
    if (net_http_request(net, &r, on_answer, w, &id, w->why) == ST_OK && !w->over &&
        loop_run(w->loop) != ST_OK) {
        (void)why_fail(w->why, ST_IO, "the wait failed");
    }
}

int ask_http(const struct question *q, struct buf *answer, struct why *why)
{
    struct waiting w = {.out = answer, .why = why};
    struct net *net = NULL;
    buf_clear(answer);
    if (loop_new(&w.loop, why) == ST_OK && net_new(&net, w.loop, why) == ST_OK) {
        wait_for(&w, net, q);
    }
    net_free(net);
    loop_free(w.loop);
    return w.status;
}
