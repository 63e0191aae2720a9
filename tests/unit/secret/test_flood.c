/* Text that is made to be looked at over and over: each is done in moments, or the program that
 * looks is as good as stopped. Were the time a square of the length, none would end. */
#include "expect.h"

#include <unistd.h>

#include "checkrein/buf.h"
#include "checkrein/secret.h"

#define FLOOD_BYTES ((size_t)4 << 20) /* as long as the body of a hook may be */
#define DEADLINE_S  60

static const uint8_t KEY[VEIL_KEY_BYTES] = {9};

static const struct flood {
    const char *again, *end;
} FLOODS[] = {
    {"-eyJ",                        ".aaaaaaaaaaaa "       },
    {"-eyJ",                        ".aaaaaaaaaaaa.aaaaaa "},
    {"-eyJ",                        ".-eyJaaaaaaaa.-eyJaaa"},
    {"-eyJaaaaaaaa.",               ""                     },
    {"token=eyJ",                   ".aaaaaaaaaaaa "       },
    {"password=/../",               ""                     },
    {"password=",                   "/../"                 },
    {"-SG.",                        ""                     },
    {"/AKIA0123456789ABCDEF",       ""                     },
    {"sk-ant-",                     "0123456789"           },
    {"-----BEGIN PRIVATE KEY-----", ""                     },
    {"://a:",                       "@"                    },
    {"bearer ",                     "a"                    },
    {"\\\\\\u0041",                 "n"                    },
};

static void each_is_done_in_time(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, FLOOD_BYTES + 64);
    for (size_t i = 0; i < ARRAY_LEN(FLOODS); i++) {
        struct veil *v = veil_new(KEY);
        buf_clear(&text);
        while (text.len < FLOOD_BYTES) {
            (void)buf_addstr(&text, FLOODS[i].again);
        }
        (void)buf_addstr(&text, FLOODS[i].end);
        (void)alarm(DEADLINE_S);
        (void)veil(v, buf_span(&text));
        (void)alarm(0);
        veil_free(v);
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_done_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
