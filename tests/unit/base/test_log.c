#include "expect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/log.h"

/* The last line that a sink got. */
struct heard {
    char line[4096];
    enum log_level level;
    unsigned count;
};

static void hear(void *ctx, enum log_level level, const char *line)
{
    struct heard *heard = ctx;
    (void)span_copy(span_str(line), heard->line, sizeof(heard->line));
    heard->level = level;
    heard->count++;
}

static int back_to_the_start(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    log_set_level(LOG_INFO);
    return 0;
}

static void control_bytes_never_reach_the_sink(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    log_set_sink(hear, &heard);
    for (int c = 1; c < 256; c++) {
        log_write(LOG_WARN, "a%cb", c);
        bool plain = c >= 0x20 && c < 0x7F; /* a lone byte above is no UTF-8 */
        char want[4] = {'a', '?', 'b', '\0'};
        if (plain) {
            want[1] = (char)c;
        }
        assert_string_equal(heard.line, want);
    }
    log_write(LOG_WARN, "%s", "\xC2\x85|\xC2\x9Bm|caf\xC3\xA9");
    assert_string_equal(heard.line, "\?\?|\?\?m|caf\xC3\xA9");
}

static void a_flood_is_cut(void **state)
{
    (void)state;
    static char flood[100000];
    struct heard heard = {.count = 0};
    memset(flood, 'f', sizeof(flood) - 1);
    log_set_sink(hear, &heard);
    log_write(LOG_WARN, "x%s", flood);
    assert_int_equal(strlen(heard.line), 2047);
    for (size_t i = 0; i + 3 < sizeof(flood); i += 3) {
        (void)span_copy(SPAN("\xE2\x82\xAC"), flood + i, 4);
    }
    log_write(LOG_WARN, "%s", flood); /* 2047 bytes hold 682 characters and one byte of the next */
    assert_int_equal(strlen(heard.line), 2047);
    assert_int_equal(heard.line[2046], '?');
    assert_memory_equal(heard.line + 2043, "\xE2\x82\xAC", 3);
}

static void the_level_is_a_floor(void **state)
{
    (void)state;
    static const enum log_level levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};
    for (size_t floor = 0; floor < ARRAY_LEN(levels); floor++) {
        struct heard heard = {.count = 0};
        log_set_sink(hear, &heard);
        log_set_level(levels[floor]);
        for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
            log_write(levels[i], "number %zu", i);
        }
        assert_int_equal(heard.count, ARRAY_LEN(levels) - floor);
        assert_int_equal(heard.level, LOG_ERROR);
        assert_string_equal(heard.line, "number 3");
    }
}

static void starts_at_info(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    log_set_sink(hear, &heard);
    log_write(LOG_DEBUG, "no");
    assert_int_equal(heard.count, 0);
    log_write(LOG_INFO, "yes");
    assert_int_equal(heard.count, 1);
}

/* What the default sink writes for one line of each level. */
static void capture_stderr(char *out, size_t out_bytes)
{
    int ends[2];
    int old = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(old >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    log_write(LOG_DEBUG, "%s", "one");
    log_write(LOG_INFO, "%s", "two");
    log_write(LOG_WARN, "%s", "three\n%n");
    log_write(LOG_ERROR, "%s", "four");
    assert_true(dup2(old, STDERR_FILENO) >= 0);
    assert_int_equal(close(old) | close(ends[1]), 0);
    ssize_t n = read(ends[0], out, out_bytes - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    assert_int_equal(close(ends[0]), 0);
}

static void the_default_sink_writes_warnings_to_stderr(void **state)
{
    (void)state;
    char out[256];
    log_set_level(LOG_DEBUG);
    capture_stderr(out, sizeof(out));
    assert_string_equal(out, "checkrein: warning: three?%n\ncheckrein: error: four\n");
}

static void the_sink_can_be_taken_away(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    char out[256];
    log_set_sink(hear, &heard);
    log_set_sink(NULL, &heard);
    capture_stderr(out, sizeof(out));
    assert_int_equal(heard.count, 0);
    assert_contains(out, "error: four");
}

static void levels_have_names(void **state)
{
    (void)state;
    assert_string_equal(log_level_name(LOG_DEBUG), "debug");
    assert_string_equal(log_level_name(LOG_INFO), "info");
    assert_string_equal(log_level_name(LOG_WARN), "warning");
    assert_string_equal(log_level_name(LOG_ERROR), "error");
    assert_string_equal(log_level_name((enum log_level)77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_at_info), /* first, before any level is set */
        cmocka_unit_test_setup(control_bytes_never_reach_the_sink, back_to_the_start),
        cmocka_unit_test_setup(a_flood_is_cut, back_to_the_start),
        cmocka_unit_test_setup(the_level_is_a_floor, back_to_the_start),
        cmocka_unit_test_setup(the_default_sink_writes_warnings_to_stderr, back_to_the_start),
        cmocka_unit_test_setup(the_sink_can_be_taken_away, back_to_the_start),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
