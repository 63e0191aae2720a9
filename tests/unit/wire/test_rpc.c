#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/wire.h"

static void ids_are_copied_as_received(void **state)
{
    (void)state;
    const struct {
        struct span text;
        enum status status;
        const char *id;
    } rows[] = {
        {SPAN("{\"id\":7}"),                   ST_OK,       "7"              },
        {SPAN("{\"id\":-7.50e1}"),             ST_OK,       "-7.50e1"        },
        {SPAN("{\"id\":\"a\\u0041\\n\"}"),     ST_OK,       "\"a\\u0041\\n\""},
        {SPAN("{\"id\":\"\"}"),                ST_OK,       "\"\""           },
        {SPAN("{\"id\":\"caf\xc3\xa9\"}"),     ST_OK,       "\"caf\xc3\xa9\""},
        {SPAN("{\"id\":12345678901234}"),      ST_OK,       "12345678901234" },
        {SPAN("{\"id\":\"123456789012345\"}"), ST_LIMIT,    NULL             },
        {SPAN("{\"id\":\"\xff\"}"),            ST_INVALID,  NULL             },
        {SPAN("{\"id\":\"\\ud83d\"}"),         ST_INVALID,  NULL             },
        {SPAN("{\"id\":null}"),                ST_INVALID,  NULL             },
        {SPAN("{\"id\":true}"),                ST_INVALID,  NULL             },
        {SPAN("{\"id\":{}}"),                  ST_INVALID,  NULL             },
        {SPAN("{\"id\":[7]}"),                 ST_INVALID,  NULL             },
        {SPAN("{\"ID\":7}"),                   ST_NOTFOUND, NULL             },
        {SPAN("[{\"id\":7}]"),                 ST_NOTFOUND, NULL             },
        {SPAN("\"id\""),                       ST_NOTFOUND, NULL             },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tape_token tokens[16];
        struct tape j;
        char id[16];
        assert_int_equal(tape_parse(&j, rows[i].text, TAPE_REPAIR, tokens, 16), ST_OK);
        assert_int_equal(rpc_id_copy(&j, TAPE_ROOT, id, sizeof(id)), rows[i].status);
        if (rows[i].id != NULL) {
            assert_string_equal(id, rows[i].id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_copied_as_received),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
