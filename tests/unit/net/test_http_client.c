#include "client_fixture.h"

struct call {
    net_id id;
    int done, status;
    char body[256], why[256];
    struct world *w;
    net_id cancel; /* inside the callback */
};

static void on_answer(void *ctx, net_id id, const struct http_client_answer *a)
{
    struct call *c = ctx;
    assert_true(id == c->id);
    c->done++;
    c->status = a->http_status;
    (void)span_copy(a->body, c->body, sizeof(c->body));
    (void)snprintf(c->why, sizeof(c->why), "%s", a->why);
    net_http_cancel(c->w->net, id);
    net_http_cancel(c->w->net, c->cancel);
}

static struct http_client_request request_to(const char *url)
{
    return (struct http_client_request){
        .url = url, .method = "POST", .answer_bytes = 1024, .timeout_ms = 5000};
}

static void start(struct call *c, struct world *w, const struct http_client_request *r)
{
    struct why why = {0};
    *c = (struct call){.w = w};
    if (net_http_request(w->net, r, on_answer, c, &c->id, &why) != ST_OK) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(c->done, 0);
}

static void requests_go_out_and_answers_come_back(void **state)
{
    (void)state;
    for (int unix_socket = 0; unix_socket < 2; unix_socket++) {
        struct world *w = unix_socket != 0 ? world_new_unix() : world_new();
        struct call c;
        char url[64];
        static const char *const headers[] = {"X-Extra: something", "Content-Type: text/plain",
                                              NULL};
        (void)snprintf(url, sizeof(url), "http://localhost:%d/a/b?c=d",
                       unix_socket != 0 ? 80 : w->port);
        struct http_client_request r = request_to(url);
        r.bearer = SPAN("s3cret");
        r.headers = headers;
        r.body = SPAN("the body");
        r.unix_path = unix_socket != 0 ? w->path : NULL;
        w->check_token = w->answer_at_once = true;
        for (int round = 0; round < 3; round++) { /* over one kept connection */
            start(&c, w, &r);
            WAIT(w, c.done == 1);
            assert_int_equal(c.status, 200);
            assert_string_equal(c.body, "the body");
        }
        assert_string_equal(w->requests[0].method, "POST");
        assert_string_equal(w->requests[0].path, "/a/b");
        assert_string_equal(w->requests[0].query, "c=d");
        assert_string_equal(w->requests[0].extra, "something");
        r.method = "GET";
        r.body = SPAN_NONE;
        start(&c, w, &r);
        WAIT(w, c.done == 1);
        assert_string_equal(w->requests[3].method, "GET");
        r.method = "DELETE";
        start(&c, w, &r);
        WAIT(w, c.done == 1);
        assert_string_equal(w->requests[4].method, "DELETE");
        r.method = "HEAD";
        start(&c, w, &r);
        WAIT(w, c.done == 1);
        assert_string_equal(w->requests[5].method, "HEAD");
        r.bearer = SPAN("wrong");
        start(&c, w, &r);
        WAIT(w, c.done == 1);
        assert_int_equal(c.status, 401);
        world_free(w);
    }
}

static void many_at_once_get_each_its_own(void **state)
{
    (void)state;
    enum { N = 100 };
    struct world *w = world_new();
    struct call *calls = xcalloc(N, sizeof(*calls));
    char url[64];
    char text[16];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", w->port);
    for (int i = 0; i < N; i++) {
        struct http_client_request r = request_to(url);
        (void)snprintf(text, sizeof(text), "body %d", i);
        r.body = span_str(text);
        start(&calls[i], w, &r);
    }
    WAIT(w, w->requests_count == N);
    for (size_t i = N; i-- > 0;) {
        assert_int_equal(
            net_http_reply(w->net, w->requests[i].id, 200, NULL, span_str(w->requests[i].body)),
            ST_OK);
    }
    for (int i = 0; i < N; i++) {
        WAIT(w, calls[i].done == 1);
        (void)snprintf(text, sizeof(text), "body %d", i);
        assert_string_equal(calls[i].body, text);
    }
    free(calls);
    world_free(w);
}

static void answers_over_the_cap_are_none(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct call c;
    struct fake f;
    char url[64];
    char accept[2048] = {0};
    w->answer_at_once = true;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", w->port);
    struct http_client_request r = request_to(url);
    memset(accept, 'x', 1025);
    r.body = (struct span){accept, 1025};
    start(&c, w, &r);
    WAIT(w, c.done == 1);
    assert_int_equal(c.status, 0);
    assert_non_null(strstr(c.why, "longer than allowed"));

    fake_start(&f, w); /* without a length it shows only as it comes */
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", f.port);
    start(&c, w, &r);
    WAIT(w, f.taken == 1 && peer_has(&f.peer, "\r\n\r\n"));
    peer_says(&f.peer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        (void)peer_send(&f.peer, (struct span){accept, 1000});
    }
    WAIT(w, c.done == 1);
    assert_int_equal(c.status, 0);
    assert_non_null(strstr(c.why, "longer than allowed"));
    fake_stop(&f);
    world_free(w);
}

static void redirects_and_compression_are_not_followed(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct call c;
    struct fake f;
    char url[64];
    char text[160];
    fake_start(&f, w);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", f.port);
    struct http_client_request r = request_to(url);
    r.bearer = SPAN("canary");
    start(&c, w, &r);
    WAIT(w, f.taken == 1 && peer_has(&f.peer, "\r\n\r\n"));
    assert_true(peer_has(&f.peer, "\r\nAuthorization: Bearer canary\r\n"));
    assert_false(peer_has(&f.peer, "Accept-Encoding"));
    assert_false(peer_has(&f.peer, "Expect"));
    (void)snprintf(text, sizeof(text),
                   "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/stolen\r\n"
                   "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nmore",
                   w->port);
    peer_says(&f.peer, text);
    WAIT(w, c.done == 1);
    assert_int_equal(c.status, 307);
    assert_string_equal(c.body, "more");
    assert_int_equal(w->admits, 0);
    fake_stop(&f);
    world_free(w);
}

static void time_runs_out(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct call c;
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", w->port);
    struct http_client_request r = request_to(url);
    r.timeout_ms = 200;
    int64_t start_us = clock_mono_us();
    start(&c, w, &r);
    WAIT(w, c.done == 1);
    assert_int_equal(c.status, 0);
    assert_true(c.why[0] != '\0');
    assert_true(clock_mono_us() - start_us < 3000 * 1000);
    WAIT(w, w->gone == 1); /* the other end sees it leave */
    world_free(w);
}

static void nobody_there_and_garbage_are_told(void **state)
{
    (void)state;
    static const struct span answers[] = {
        BYTES_OF("\x16\x03\x01"),
        BYTES_OF("HTTP/1.1 abc\r\n\r\n"),
        BYTES_OF(""),
        BYTES_OF("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
        BYTES_OF("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        BYTES_OF("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
    };
    struct world *w = world_new();
    struct call c;
    char url[64];
    struct http_client_request r = request_to(url);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct fake f;
        fake_start(&f, w);
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", f.port);
        start(&c, w, &r);
        WAIT(w, f.taken == 1 && peer_has(&f.peer, "\r\n\r\n"));
        assert_true(peer_send(&f.peer, answers[i]));
        (void)shutdown(f.peer.fd, SHUT_RDWR);
        WAIT(w, c.done == 1);
        assert_int_equal(c.status, 0);
        assert_true(c.why[0] != '\0');
        fake_stop(&f);
        start(&c, w, &r); /* now nobody listens */
        WAIT(w, c.done == 1);
        assert_int_equal(c.status, 0);
    }
    world_free(w);
}

static void cancelled_is_silent(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct call a;
    struct call b;
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", w->port);
    struct http_client_request r = request_to(url);
    start(&a, w, &r);
    net_http_cancel(w->net, a.id); /* before it went anywhere */
    start(&b, w, &r);
    WAIT(w, w->requests_count == 1);
    net_http_cancel(w->net, b.id);
    net_http_cancel(w->net, b.id);
    WAIT(w, w->gone == 1);
    assert_int_equal(a.done + b.done, 0);

    start(&a, w, &r); /* one cancels the other from its own answer */
    start(&b, w, &r);
    a.cancel = b.id;
    b.cancel = a.id;
    w->answer_at_once = true;
    WAIT(w, w->requests_count == 3);
    WAIT(w, a.done + b.done == 1);
    assert_int_equal(loop_turn(w->loop, 20), ST_OK);
    assert_int_equal(a.done + b.done, 1);
    world_free(w);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    static const char *const injected[] = {"X: a\r\nY: b", NULL};
    static const char *const nameless[] = {": b", NULL};
    static const char *const no_colon[] = {"abc", NULL};
    static const struct {
        const char *url, *method;
        const char *const *headers;
        struct span bearer;
        enum status st;
    } cases[] = {
        {"http://example.org/",       "GET",  NULL,     NO_BYTES,           ST_DENIED     },
        {"http://169.254.169.254/",   "GET",  NULL,     NO_BYTES,           ST_DENIED     },
        {"http://0.0.0.0/",           "GET",  NULL,     NO_BYTES,           ST_DENIED     },
        {"http://2130706433/",        "GET",  NULL,     NO_BYTES,           ST_DENIED     },
        {"http://127.1/",             "GET",  NULL,     NO_BYTES,           ST_DENIED     },
        {"ws://127.0.0.1/",           "GET",  NULL,     NO_BYTES,           ST_UNSUPPORTED},
        {"file:///etc/passwd",        "GET",  NULL,     NO_BYTES,           ST_UNSUPPORTED},
        {"https://user@example.org/", "GET",  NULL,     NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         "GE T", NULL,     NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         "get",  NULL,     NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         "",     NULL,     NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         NULL,   NULL,     NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         "GET",  injected, NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         "GET",  nameless, NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         "GET",  no_colon, NO_BYTES,           ST_INVALID    },
        {"http://127.0.0.1/",         "GET",  NULL,     BYTES_OF("a\r\nb"), ST_INVALID    },
    };
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct why why = {0};
        net_id id = 0;
        struct http_client_request r = request_to(cases[i].url);
        r.method = cases[i].method;
        r.headers = cases[i].headers;
        r.bearer = cases[i].bearer;
        enum status st = net_http_request(w->net, &r, on_answer, NULL, &id, &why);
        if (st != cases[i].st) {
            fail_msg("case %zu: %s", i, status_name(st));
        }
        assert_int_equal(id, 0);
    }
    world_free(w);
}

static void it_can_be_freed_with_requests_under_way(void **state)
{
    (void)state;
    for (int turns = 0; turns < 6; turns++) {
        struct world *w = world_new();
        struct call c[3];
        char url[64];
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", w->port);
        struct http_client_request r = request_to(url);
        r.bearer = SPAN("token");
        for (int i = 0; i < 3; i++) {
            start(&c[i], w, &r);
        }
        for (int i = 0; i < turns; i++) {
            assert_int_equal(loop_turn(w->loop, 2), ST_OK);
        }
        net_free(w->net);
        w->net = NULL;
        assert_int_equal(c[0].done + c[1].done + c[2].done, 0);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_out_and_answers_come_back),
        cmocka_unit_test(many_at_once_get_each_its_own),
        cmocka_unit_test(answers_over_the_cap_are_none),
        cmocka_unit_test(redirects_and_compression_are_not_followed),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(nobody_there_and_garbage_are_told),
        cmocka_unit_test(cancelled_is_silent),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(it_can_be_freed_with_requests_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
