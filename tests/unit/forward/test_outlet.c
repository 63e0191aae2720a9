/* Addresses of collectors: in clear to this machine only. */
#include "expect.h"

#include "checkrein/buf.h"
#include "outlet_priv.h"

static void nothing_leaves_in_clear(void **state)
{
    (void)state;
    static const char *const good[] = {
        "unix:/dev/log",           "udp://127.0.0.1:514",         "tcp://127.1.2.3:601",
        "tcp://[::1]:601",         "tls://logs.example.org:6514", "tls://192.0.2.1:6514",
        "tls://[2001:db8::1]:6514"};
    static const char *const bad[] = {"",
                                      "udp://",
                                      "tcp://10.0.0.1:601",
                                      "udp://192.0.2.1:514",
                                      "tcp://localhost:601",
                                      "tcp://[2001:db8::1]:601",
                                      "tcp://[::ffff:127.0.0.1]:601",
                                      "tcp://127.0.0.1",
                                      "tcp://127.0.0.1:",
                                      "tcp://127.0.0.1:0",
                                      "tcp://127.0.0.1:65536",
                                      "tcp://127.0.0.1:601/x",
                                      "tls://127.0.0.1",
                                      "tls://:6514",
                                      "tls://a b:6514",
                                      "tls://1.2.3:6514",
                                      "tls://2001:db8::1:6514",
                                      "tls://[logs.example.org]:6514",
                                      "tls://user@logs.example.org:6514",
                                      "ssl://logs.example.org:6514",
                                      "unix:",
                                      "unix:dev/log",
                                      "http://127.0.0.1:80"};
    struct outlet_address a;
    struct why why = {0};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_status(outlet_parse(good[i], &a, &why), ST_OK);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_status(outlet_parse(bad[i], &a, &why), ST_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_in_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
