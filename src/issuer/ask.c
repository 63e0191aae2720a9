/* ask.c - one request of a climb. What a busy server asks to be asked again is asked again. */
#include "issuer_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

/* A retry later may be answered in another way: it was busy, or was not reached. */
static bool is_passing(const struct http_client_answer *a)
{
    static const int busy[] = {0, 429, 502, 503, 504};
    for (size_t i = 0; i < ARRAY_LEN(busy); i++) {
        if (a->http_status == busy[i]) {
            return true;
        }
    }
    return false;
}

void climb_ask_wipe(struct climb *c)
{
    if (c->ask.body != NULL) {
        wipe(c->ask.body, c->ask.body_bytes);
        free(c->ask.body);
    }
    if (c->ask.authorization != NULL) {
        wipe(c->ask.authorization, strlen(c->ask.authorization));
        free(c->ask.authorization);
    }
    free(c->ask.kept_url);
    memset(&c->ask, 0, sizeof(c->ask));
}

static void send_now(struct climb *c);

static void on_retry(void *ctx)
{
    struct climb *c = ctx;
    c->timer = 0;
    send_now(c);
}

static void retry_later(struct climb *c, int64_t seconds)
{
    int64_t wait = seconds < 1 ? 1 : seconds;
    wait = wait > RETRY_SECONDS_MAX ? RETRY_SECONDS_MAX : wait;
    c->ask.attempts--;
    c->timer = loop_timer(c->all->loop, wait * 1000, on_retry, c);
}

static void answer(struct climb *c, const struct http_client_answer *a)
{
    asked_fn *fn = c->ask.fn;
    climb_ask_wipe(c);
    fn(c, a);
}

static void on_answer(void *ctx, net_id id, const struct http_client_answer *a)
{
    struct climb *c = ctx;
    (void)id;
    c->request = 0;
    if (is_passing(a) && c->ask.attempts > 1) {
        retry_later(c, a->retry_after_s);
    } else {
        answer(c, a);
    }
}

static void send_now(struct climb *c)
{
    char accept[64];
    struct why why = {0};
    const char *headers[] = {NULL, NULL, NULL, NULL};
    size_t n = 0;
    if (c->ask.accept != NULL) {
        (void)snprintf(accept, sizeof(accept), "Accept: %s", c->ask.accept);
        headers[n++] = accept;
    }
    if (c->ask.body != NULL) {
        headers[n++] = "Content-Type: application/x-www-form-urlencoded";
    }
    headers[n] = c->ask.authorization;
    struct http_client_request r = {
        .url = c->ask.kept_url,
        .method = c->ask.method,
        .ca_file = c->credential->issuer->ca_file,
        .places = c->ask.places,
        .bearer = c->ask.bearer,
        .headers = headers,
        .body = {c->ask.body, c->ask.body != NULL ? c->ask.body_bytes : 0},
        .answer_bytes = c->ask.answer_bytes,
        .timeout_ms = c->ask.timeout_ms,
    };
    if (net_http_request(c->all->net, &r, on_answer, c, &c->request, &why) != ST_OK) {
        answer(c, &(struct http_client_answer){.why = why.text});
    }
}

void climb_ask(struct climb *c)
{
    c->ask.kept_url = xstrdup(c->ask.url != NULL ? c->ask.url : "");
    send_now(c);
}

void climb_ask_form(struct climb *c, struct buf *form)
{
    const struct issuer *it = c->credential->issuer;
    if (it->auth == AUTH_BASIC) {
        struct buf line;
        buf_init(&line, SOURCE_BYTES_MAX * 6);
        oauth_form_basic(&line, span_str(it->client_id), span_str(c->secret));
        c->ask.authorization = xstrdup(line.data);
        buf_wipe(&line);
    } else {
        oauth_form_add(form, "client_id", span_str(it->client_id));
    }
    if (it->auth == AUTH_POST) {
        oauth_form_add(form, "client_secret", span_str(c->secret));
    }
    c->ask.method = "POST";
    c->ask.accept = "application/json";
    c->ask.body = xstrndup(form->data, form->len);
    c->ask.body_bytes = form->len;
    c->ask.answer_bytes = ANSWER_BYTES;
    c->ask.places = it->places;
    buf_wipe(form);
}

struct span climb_told(struct climb *c, struct span text)
{
    return c->all->events->told(c->all->ctx, text);
}

void issuer_answer_words(struct climb *c, const struct http_client_answer *a, char out[NOTE_BYTES])
{
    char error[64];
    if (a->http_status == 0) {
        (void)snprintf(out, NOTE_BYTES, "no answer: %.*s",
                       SPAN_ARG(climb_told(c, span_str(a->why))));
        return;
    }
    oauth_error_read(a->body, error);
    const char *what =
        a->http_status >= 300 && a->http_status < 400 ? ", a redirect, which is not followed" : "";
    (void)snprintf(out, NOTE_BYTES, "HTTP %d%s%s%s", a->http_status, error[0] != '\0' ? " " : "",
                   error, what);
}
