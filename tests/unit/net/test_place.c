/* Where an address is, and that a request does not connect where it must not. */
#include "client_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static enum net_place place_of(const char *text)
{
    struct sockaddr_storage all = {0};
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        memcpy(&all, &four, sizeof(four));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
        memcpy(&all, &six, sizeof(six));
    }
    return net_place_of((const struct sockaddr *)&all);
}

static void addresses_have_a_place(void **state)
{
    static const struct {
        const char *text;
        enum net_place place;
    } rows[] = {
        {"127.0.0.1",                PLACE_LOOPBACK},
        {"127.255.0.9",              PLACE_LOOPBACK},
        {"::1",                      PLACE_LOOPBACK},
        {"::ffff:127.0.0.1",         PLACE_LOOPBACK},
        {"0.0.0.0",                  PLACE_SPECIAL },
        {"::",                       PLACE_SPECIAL },
        {"169.254.169.254",          PLACE_SPECIAL },
        {"169.254.0.1",              PLACE_SPECIAL },
        {"::ffff:169.254.169.254",   PLACE_SPECIAL },
        {"64:ff9b::169.254.169.254", PLACE_SPECIAL },
        {"fe80::1",                  PLACE_SPECIAL },
        {"febf::1",                  PLACE_SPECIAL },
        {"fec0::1",                  PLACE_ORDINARY},
        {"fd00:ec2::254",            PLACE_SPECIAL },
        {"fd20:ce::254",             PLACE_SPECIAL },
        {"ff02::1",                  PLACE_SPECIAL },
        {"224.0.0.1",                PLACE_SPECIAL },
        {"239.255.255.255",          PLACE_SPECIAL },
        {"255.255.255.255",          PLACE_SPECIAL },
        {"240.0.0.1",                PLACE_ORDINARY},
        {"100.100.100.200",          PLACE_SPECIAL },
        {"100.100.100.201",          PLACE_ORDINARY},
        {"168.63.129.16",            PLACE_SPECIAL },
        {"192.0.0.192",              PLACE_SPECIAL },
        {"10.0.0.1",                 PLACE_ORDINARY},
        {"8.8.8.8",                  PLACE_ORDINARY},
        {"2001:db8::1",              PLACE_ORDINARY},
        {"126.255.255.255",          PLACE_ORDINARY},
        {"128.0.0.1",                PLACE_ORDINARY},
        {"169.253.255.255",          PLACE_ORDINARY},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (place_of(rows[i].text) != rows[i].place) {
            fail_msg("%s", rows[i].text);
        }
    }
}

struct call {
    int done, status;
    enum net_place place;
    char why[256];
};

static void on_answer(void *ctx, net_id id, const struct http_client_answer *a)
{
    struct call *c = ctx;
    (void)id;
    c->done++;
    c->status = a->http_status;
    c->place = a->place;
    (void)snprintf(c->why, sizeof(c->why), "%s", a->why);
}

static struct call asked(struct world *w, unsigned places)
{
    char url[64];
    struct call c = {0};
    net_id id = 0;
    (void)snprintf(url, sizeof(url), "http://localhost:%d/", w->port);
    struct http_client_request r = {
        .url = url, .method = "GET", .answer_bytes = 1024, .timeout_ms = 5000, .places = places};
    assert_int_equal(net_http_request(w->net, &r, on_answer, &c, &id, NULL), ST_OK);
    WAIT(w, c.done == 1);
    return c;
}

/* Also over a connection that another request has opened and left. */
static void a_place_that_is_not_allowed_is_not_connected_to(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->answer_at_once = true;
    assert_int_equal(asked(w, 0).status, 200);
    struct call there = asked(w, 1u << PLACE_ORDINARY | 1u << PLACE_LOOPBACK);
    assert_int_equal(there.status, 200);
    assert_int_equal(there.place, PLACE_LOOPBACK);
    int before = (int)w->requests_count;
    struct call refused = asked(w, 1u << PLACE_ORDINARY);
    assert_int_equal(refused.status, 0);
    assert_non_null(strstr(refused.why, "an address of this machine"));
    assert_int_equal((int)w->requests_count, before);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_a_place),
        cmocka_unit_test(a_place_that_is_not_allowed_is_not_connected_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
