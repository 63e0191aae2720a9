#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "url_priv.h"

static void takes_what_is_local_or_encrypted(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "unix:/run/user/1000/checkrein/checkrein.sock",
        "unix:/tmp/a folder/x.sock",
        "ws://127.0.0.1:7717/",
        "ws://127.0.0.1",
        "ws://127.255.0.9:1/console?x=1",
        "ws://localhost?next=/a",
        "ws://localhost:65535/",
        "ws://[::1]:7717/console",
        "ws://[::1]",
        "wss://ops.example.org/",
        "wss://ops.example.org:8443/console?team=a",
        "wss://10.0.0.7",
        "wss://[2001:db8::7]:443/",
        "wss://Host_1.example",
    };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct why why = {0};
        enum status st = url_check(span_str(urls[i]), &why);
        assert_string_equal(why.text, "");
        assert_int_equal(st, ST_OK);
    }
}

#define SCHEME  "must begin with unix:/ ws:// or wss://"
#define PLAIN   "ws:// is not encrypted and goes to 127.0.0.1, [::1] or localhost only"
#define HOST    "has no host, or one with strange characters"
#define PORT    "has a bad port"
#define USER    "must not name a user; secrets go into token_file"
#define LETTERS "must be ASCII without blanks and without '#'"
#define ABSPATH "must have an absolute path behind unix:"

static void refuses_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *url, *reason;
    } rows[] = {
        {"",                                 SCHEME },
        {"http://127.0.0.1/",                SCHEME },
        {"https://ops.example.org/",         SCHEME },
        {"WSS://ops.example.org/",           SCHEME },
        {"wss:/ops.example.org/",            SCHEME },
        {" wss://ops.example.org/",          SCHEME },
        {"unix:",                            ABSPATH},
        {"unix:/",                           ABSPATH},
        {"unix:run/x.sock",                  ABSPATH},
        {"ws://ops.example.org/",            PLAIN  },
        {"ws://10.0.0.7/",                   PLAIN  },
        {"ws://0.0.0.0/",                    PLAIN  },
        {"ws://[::]/",                       PLAIN  },
        {"ws://[::ffff:127.0.0.1]/",         PLAIN  },
        {"ws://127.0.0/",                    PLAIN  },
        {"ws://127.0.0.1.1/",                PLAIN  },
        {"ws://[::1]77/",                    PORT   },
        {"wss://ops.example.org/\177",       LETTERS},
        {"ws://127.1/",                      PLAIN  },
        {"ws://127.0.0.1.evil.example/",     PLAIN  },
        {"ws://127.0.0.256/",                PLAIN  },
        {"ws://127.0.0.01/",                 PLAIN  },
        {"ws://127.0.0./",                   PLAIN  },
        {"ws://0x7f.0.0.1/",                 PLAIN  },
        {"ws://2130706433/",                 PLAIN  },
        {"ws://localhost.evil.example/",     PLAIN  },
        {"ws://127.0.0.1@evil.example/",     USER   },
        {"ws://127.0.0.1:7717@evil.example", USER   },
        {"wss://token@ops.example.org/",     USER   },
        {"wss://a:b@ops.example.org/",       USER   },
        {"ws://127.0.0.1\\@evil.example/",   USER   },
        {"ws://127.0.0.1\\.evil.example/",   HOST   },
        {"ws://127.0.0.1%2eevil.example/",   HOST   },
        {"wss://",                           HOST   },
        {"wss:///console",                   HOST   },
        {"wss://:443/",                      HOST   },
        {"wss://[]/",                        HOST   },
        {"wss://[::1/",                      HOST   },
        {"wss://[",                          HOST   },
        {"wss://?x",                         HOST   },
        {"ws://[::1]x:1/",                   PORT   },
        {"ws://127.0.0.1:/",                 PORT   },
        {"ws://127.0.0.1:0/",                PORT   },
        {"ws://127.0.0.1:65536/",            PORT   },
        {"ws://127.0.0.1:77x/",              PORT   },
        {"ws://127.0.0.1:1:2/",              PORT   },
        {"ws://127.0.0.1/#frag",             LETTERS},
        {"wss://ops.example.org/a b",        LETTERS},
        {"wss://ops.example.org/\t",         LETTERS},
        {"wss://\xd0\xbeps.example.org/",    LETTERS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct why why = {0};
        enum status st = url_check(span_str(rows[i].url), &why);
        assert_string_equal(why.text, rows[i].reason);
        assert_int_equal(st, ST_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_local_or_encrypted),
        cmocka_unit_test(refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
