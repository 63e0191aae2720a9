/* What `connect` writes is whole to who looks, in both forms; and whatever is taken from it, or put
 * beside it, is seen and named. */
#include "connect/connect_priv.h"

#include <stdio.h>
#include <string.h>

#include "checkrein/alloc.h"

#include "json_same.h"

#define TOKEN  "0123456789abcdef0123456789abcdef"
#define SOCKET "/run/c.sock"

static const struct claude_gate HTTP = {.self = "/usr/bin/checkrein",
                                        .socket_path = SOCKET,
                                        .port = 7717,
                                        .token = SPAN_INIT(TOKEN),
                                        .version = SPAN_INIT("2.1.328")};
static const struct claude_gate COMMAND = {.self = "/opt/it's here/checkrein",
                                           .socket_path = SOCKET,
                                           .port = 7717,
                                           .token = SPAN_INIT(TOKEN),
                                           .version = SPAN_INIT("2.1.197")};
static const struct claude_gate PROJECT = {
    .self = "/usr/bin/checkrein", .socket_path = SOCKET, .version = SPAN_INIT("2.1.328")};
static const struct claude_gate MANAGED = {
    .self = "/usr/bin/checkrein", .version = SPAN_INIT("2.1.328"), .lock = true};

static const struct settings_daemon DAEMON = {
    .port = 7717, .token = SPAN_INIT(TOKEN), .socket_path = SOCKET, .own_socket = SOCKET};

static const struct claude_gate GEMINI = {.self = "/opt/it's here/checkrein",
                                          .socket_path = SOCKET,
                                          .port = 7717,
                                          .token = SPAN_INIT(TOKEN),
                                          .version = SPAN_INIT("0.61.0")};
static const struct claude_gate GEMINI_MANAGED = {.self = "/usr/bin/checkrein", .lock = true};

static const struct settings_kind *kind_of(const struct claude_gate *g)
{
    return g == &GEMINI || g == &GEMINI_MANAGED ? &settings_gemini : &settings_claude;
}

static char *connected(const struct claude_gate *g, const char *old)
{
    struct buf out;
    struct why why = {0};
    buf_init(&out, SETTINGS_BYTES);
    assert_status(connector_find(kind_of(g)->runtime)->add(span_str(old), g, &out, &why), ST_OK);
    char *text = buf_detach(&out, NULL);
    buf_release(&out);
    return text;
}

static struct settings_look look_at(const struct settings_kind *k, const char *text)
{
    struct settings_look look;
    settings_look_at(k, span_str(text), &DAEMON, &look);
    look.gate = SPAN_NONE;
    return look;
}

static void whole_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const struct claude_gate *gate;
        bool http, telemetry, token;
        uint32_t faults;
    } CASES[] = {
        {&HTTP,           true,  true,  true,  0                       },
        {&COMMAND,        false, true,  true,  0                       },
        {&PROJECT,        false, false, false, 0                       },
        {&MANAGED,        false, false, false, 1u << FAULT_MANAGED_ONLY},
        {&GEMINI,         false, true,  true,  0                       },
        {&GEMINI_MANAGED, false, false, false, 0                       },
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        char *text = connected(
            CASES[i].gate,
            "{\"hooks\":{\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"x\"}]}]}}");
        struct settings_look look = look_at(kind_of(CASES[i].gate), text);
        assert_int_equal(look.faults, CASES[i].faults);
        assert_int_equal(look.keeps_on, CASES[i].gate != &GEMINI);
        assert_true(settings_whole(&look));
        assert_int_equal(look.http, CASES[i].http);
        assert_int_equal(look.command, !CASES[i].http);
        assert_int_equal(look.telemetry, CASES[i].telemetry);
        assert_int_equal(look.token_inside, CASES[i].token);
        assert_string_equal(look.self, CASES[i].gate->self);
        free(text);
    }
}

static void nothing_is_no_fault(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        " \n",
        "{}",
        "{\"hooks\":{}}",
        "{\"hooks\":{\"Stop\":[]},\"env\":{\"A\":\"b\"}}",
        "{\"disableAllHooks\":false}",
        "{\"hooks\":{\"PreToolUse\":[{\"matcher\":\"Bash\",\"hooks\":[]}]}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        struct settings_look look = look_at(&settings_claude, TEXTS[i]);
        struct settings_look other = look_at(&settings_gemini, TEXTS[i]);
        assert_int_equal(look.faults, 0);
        assert_int_equal(other.faults, 0);
        assert_int_equal(look.marked, 0);
        assert_false(settings_whole(&look));
        assert_false(settings_whole(&other));
    }
}

/* The first `from` in the text, or behind the first `after`, becomes `to`. */
static char *changed(const char *text, const char *after, const char *from, const char *to)
{
    const char *start = strstr(text, after);
    assert_non_null(start);
    const char *at = strstr(start, from);
    assert_non_null(at);
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    buf_add(&b, (struct span){text, (size_t)(at - text)});
    buf_addstr(&b, to);
    buf_addstr(&b, at + strlen(from));
    char *out = buf_detach(&b, NULL);
    buf_release(&b);
    return out;
}

static void what_is_taken_is_seen(void **state)
{
    (void)state;
    static const struct {
        const struct claude_gate *gate;
        const char *after, *from, *to;
        enum settings_fault fault;
        const char *about;
        bool whole; /* the hooks themselves still are */
    } CASES[] = {
        {&HTTP,    "PreToolUse",    "\"onFailure\": \"block\"", "\"onFailure\": \"continue\"",
         FAULT_FAILS_OPEN,                                                                                                                           "PreToolUse",                   false},
        {&HTTP,    "ConfigChange",  "\"onFailure\": \"block\"", "\"onFailure\": \"continue\"",
         FAULT_FAILS_OPEN,                                                                                                                           "ConfigChange",                 false},
        {&HTTP,    "PreToolUse",    "127.0.0.1:7717/",          "127.0.0.1:7718/",                                               FAULT_PORT,         "PreToolUse",
         false                                                                                                                                                                            },
        {&HTTP,    "PreToolUse",    "127.0.0.1:7717/",          "127.0.0.1:7717@evil.example/",                                  FAULT_PORT,
         "PreToolUse",                                                                                                                                                               false},
        {&HTTP,    "PreToolUse",    "/hook/claude",             "/hook/claude?x",                                                FAULT_PORT,         "PreToolUse",                   false},
        {&HTTP,    "PreToolUse",    "Bearer 0",                 "Bearer 1",                                                      FAULT_TOKEN,        "PreToolUse",                   false},
        {&HTTP,    "PreToolUse",    "86400",                    "864",                                                           FAULT_SHORT,        "PreToolUse",                   false},
        {&HTTP,    "PreToolUse",    "86400",                    "\"x\"",                                                         FAULT_SHORT,        "PreToolUse",                   false},
        {&HTTP,    "PreToolUse",    "\"matcher\": \"\"",        "\"matcher\": \"Write\"",                                        FAULT_NARROW,
         "PreToolUse",                                                                                                                                                               false},
        {&HTTP,    "PreToolUse",    "\"matcher\": \"\"",        "\"matcher\": [\"\"]",                                           FAULT_NARROW,
         "PreToolUse",                                                                                                                                                               false},
        {&HTTP,    "PreToolUse",    "\"matcher\": \"\"",        "\"matcher\": \"\", \"if\": 1",                                  FAULT_NARROW,
         "PreToolUse",                                                                                                                                                               false},
        {&HTTP,    "PreToolUse",    "\"type\": \"http\"",       "\"type\": \"http\", \"if\": \"Read(*)\"",
         FAULT_NARROW,                                                                                                                               "PreToolUse",                   false},
        {&HTTP,    "PreToolUse",    "\"type\": \"http\"",       "\"type\": \"http\", \"once\": true",
         FAULT_NARROW,                                                                                                                               "PreToolUse",                   false},
        {&HTTP,    "PreToolUse",    "\"type\": \"http\"",       "\"type\": \"prompt\"",                                          FAULT_SHAPE,
         "PreToolUse",                                                                                                                                                               false},
        {&HTTP,    "PreToolUse",    "$CHECKREIN_AGENT",         "mine",                                                          FAULT_SHAPE,        "PreToolUse",                   false},
        {&HTTP,    "PreToolUse",    OUR_MARK,                   "mine",                                                          FAULT_MISSING,      "PreToolUse",                   false},
        {&HTTP,    "\"Stop\"",      "\"Stop\"",                 "\"Step\"",                                                      FAULT_MISSING,      "Stop",                         false},
        {&HTTP,    "SessionStart",  " hook claude",             " help",                                                         FAULT_SHAPE,        "SessionStart",                 false},
        {&HTTP,    "SessionStart",  SOCKET,                     "/tmp/c.sock",                                                   FAULT_SOCKET,       "SessionStart",                 false},
        {&HTTP,    "{",             "{",                        "{\"disableAllHooks\": true,",                                   FAULT_DISABLED,     "disableAllHooks",              true },
        {&HTTP,    "{",             "{",                        "{\"disableAllHooks\": 1,",                                      FAULT_DISABLED,     "disableAllHooks",              true },
        {&HTTP,    "{",             "{",                        "{\"disable\\u0041llHooks\": true,",                             FAULT_DISABLED,     "disableAllHooks",
         true                                                                                                                                                                             },
        {&HTTP,    "{",             "{",                        "{\"allowManagedHooksOnly\": true,",                             FAULT_MANAGED_ONLY,
         "allowManagedHooksOnly",                                                                                                                                                    true },
        {&HTTP,    "{",             "{",                        "{\"allowedHttpHookUrls\": [],",                                 FAULT_URLS,         "allowedHttpHookUrls",          true },
        {&HTTP,    "\"env\"",       "{",                        "{\"HTTP_PROXY\": \"\",",                                        FAULT_ENVIRONMENT,  "HTTP_PROXY",                   true },
        {&HTTP,    "\"env\"",       "{",                        "{\"LD_PRELOAD\": \"/x.so\",",                                   FAULT_ENVIRONMENT,  "LD_PRELOAD",
         true                                                                                                                                                                             },
        {&HTTP,    "\"env\"",       "x-checkrein=1",            "x-mine=1",                                                      FAULT_TELEMETRY,
         "CLAUDE_CODE_ENABLE_TELEMETRY",                                                                                                                                             true },
        {&HTTP,    "\"env\"",       ":7717\"",                  ":4318\"",                                                       FAULT_TELEMETRY,    "CLAUDE_CODE_ENABLE_TELEMETRY",
         true                                                                                                                                                                             },
        {&HTTP,    "\"env\"",       "{",                        "{\"OTEL_SDK_DISABLED\": \"true\",",                             FAULT_TELEMETRY,
         "OTEL_SDK_DISABLED",                                                                                                                                                        true },
        {&HTTP,    "{",             "{",                        "{,",                                                            FAULT_UNREADABLE,   "",                             false},
        {&COMMAND, "PreToolUse",    "|| exit 2",                "|| exit 0",                                                     FAULT_FAILS_OPEN,   "PreToolUse",                   false},
        {&COMMAND, "PreToolUse",    "|| exit 2",                "|| true || exit 2",                                             FAULT_SHAPE,        "PreToolUse",
         false                                                                                                                                                                            },
        {&COMMAND, "PreToolUse",    "--deadline 23h",           "--deadline 1s",                                                 FAULT_SHAPE,        "PreToolUse",
         false                                                                                                                                                                            },
        {&COMMAND, "PreToolUse",    "/opt/it",                  "/tmp/it",                                                       FAULT_SHAPE,        "SessionStart",                 false},
        {&COMMAND, "PreToolUse",    "'/opt",                    "true '/opt",                                                    FAULT_SHAPE,        "PreToolUse",                   false},
        {&COMMAND, "PreToolUse",    "\"timeout\"",              "\"async\": true, \"timeout\"",                                  FAULT_NARROW,
         "PreToolUse",                                                                                                                                                               false},
        {&COMMAND, "\"Stop\"",      "|| exit 0",                "|| exit 2",                                                     FAULT_SHAPE,        "Stop",                         false},
        {&COMMAND, "PreToolUse",    "2.1.197",                  "2.1.197; true",                                                 FAULT_SHAPE,        "PreToolUse",                   false},
        {&COMMAND, "PreToolUse",    "trap '' HUP INT TERM; ",   "",                                                              FAULT_SHAPE,        "PreToolUse",                   false},
        {&COMMAND, "PreToolUse",    "86400",                    "2147484",                                                       FAULT_SHORT,        "PreToolUse",                   false},
        {&GEMINI,  "BeforeTool",    "86400000",                 "2147483648",                                                    FAULT_SHORT,        "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    "86400000",                 "86400",                                                         FAULT_SHORT,        "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    "exit 2; }",                "exit 1; }",                                                     FAULT_FAILS_OPEN,   "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    "trap '' HUP INT TERM; ",   "",                                                              FAULT_SHAPE,        "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    " --pid $((PPID))",         "",                                                              FAULT_SHAPE,        "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    " hook gemini",             " hook claude",                                                  FAULT_SHAPE,        "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    "\"matcher\": \"*\"",       "\"matcher\": \"glob\"",                                         FAULT_NARROW,
         "BeforeTool",                                                                                                                                                               false},
        {&GEMINI,  "BeforeTool",    "\"matcher\": \"*\"",       "\"matcher\": \"*\", \"sequential\": true",
         FAULT_NARROW,                                                                                                                               "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    ", \"env\":",               ", \"once\": 1, \"env\":",                                       FAULT_NARROW,       "BeforeTool",
         false                                                                                                                                                                            },
        {&GEMINI,  "BeforeTool",    "\"BASH_ENV\": \"\"",       "\"BASH_ENV\": \"x\"",                                           FAULT_SHAPE,
         "BeforeTool",                                                                                                                                                               false},
        {&GEMINI,  "BeforeTool",    "\"BASH_ENV\": \"\"",       "\"BASH_ENV\": \"\", \"PATH\": \"/tmp\"",
         FAULT_SHAPE,                                                                                                                                "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    "\"SHELLOPTS\": \"\", ",    "",                                                              FAULT_SHAPE,        "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    "\"type\": \"command\"",    "\"type\": \"http\"",                                            FAULT_SHAPE,
         "BeforeTool",                                                                                                                                                               false},
        {&GEMINI,  "BeforeTool",
         ", \"name\": \"" OUR_MARK
         "\", \"env\": {\"BASH_ENV\": \"\", \"SHELLOPTS\": \"\", \"LD_PRELOAD\": \"\", "
         "\"LD_AUDIT\": \"\", \"LD_LIBRARY_PATH\": \"\"}",      ", \"name\": \"" OUR_MARK "\"",                                  FAULT_SHAPE,        "BeforeTool",                   false},
        {&GEMINI,  "BeforeTool",    SOCKET,                     "/tmp/c.sock",                                                   FAULT_SOCKET,       "BeforeTool",                   false},
        {&GEMINI,  "AfterAgent",    "exit 0",                   "exit 2",                                                        FAULT_SHAPE,        "AfterAgent",                   false},
        {&GEMINI,  "BeforeAgent",   "BeforeAgent",              "BeforeModel",                                                   FAULT_MISSING,      "BeforeAgent",                  false},
        {&GEMINI,  "{",             "{",                        "{\"hooksConfig\": {\"enabled\": false},",                       FAULT_DISABLED,
         "hooksConfig.enabled",                                                                                                                                                      true },
        {&GEMINI,  "{",             "{",                        "{\"hooksConfig\": {\"enabled\": \"true\"},",                    FAULT_DISABLED,
         "hooksConfig.enabled",                                                                                                                                                      true },
        {&GEMINI,  "{",             "{",                        "{\"hooksConfig\": [],",                                         FAULT_DISABLED,     "hooksConfig.enabled",          true },
        {&GEMINI,  "{",             "{",                        "{\"hooksConfig\": {\"disabled\": [\"a\", \"" OUR_MARK "\"]},",
         FAULT_NAMED,                                                                                                                                "hooksConfig.disabled",         true },
        {&GEMINI,  "{",             "{",                        "{\"hooksConfig\": {\"disabled\": [\"check\\u0072ein gate\"]},",
         FAULT_NAMED,                                                                                                                                "hooksConfig.disabled",         true },
        {&GEMINI,  "{",             "{",                        "{\"hooksConfig\": {\"disabled\": [\"${X}\"]},",                 FAULT_NAMED,
         "hooksConfig.disabled",                                                                                                                                                     true },
        {&GEMINI,  "{",             "{",                        "{\"hooksConfig\": {\"disabled\": \"\"},",                       FAULT_NAMED,
         "hooksConfig.disabled",                                                                                                                                                     true },
        {&GEMINI,  "\"telemetry\"", "http://checkrein:",        "http://else:",                                                  FAULT_TELEMETRY,
         "telemetry",                                                                                                                                                                true },
        {&GEMINI,  "\"telemetry\"", "\"enabled\": true",        "\"enabled\": false",                                            FAULT_TELEMETRY,
         "telemetry",                                                                                                                                                                true },
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        char *text = connected(CASES[i].gate, "{}");
        char *other = changed(text, CASES[i].after, CASES[i].from, CASES[i].to);
        struct settings_look look = look_at(kind_of(CASES[i].gate), other);
        if (!(look.faults & 1u << CASES[i].fault)) {
            fail_msg("%zu: %s -> %s: faults %x", i, CASES[i].from, CASES[i].to, look.faults);
        }
        assert_string_equal(look.about[CASES[i].fault], CASES[i].about);
        assert_int_equal(settings_whole(&look), CASES[i].whole);
        free(text);
        free(other);
    }
}

static void a_second_copy_is_told(void **state)
{
    (void)state;
    char *text = connected(&HTTP, "{}");
    struct settings_look look;
    settings_look_at(&settings_claude, span_str(text), &DAEMON, &look);
    struct buf twice;
    buf_init(&twice, SETTINGS_BYTES);
    buf_printf(&twice, "%.*s, %.*s", SPAN_ARG(look.gate), SPAN_ARG(look.gate));
    char *one = xstrndup(look.gate.p, look.gate.n);
    char *other = changed(text, "PreToolUse", one, twice.data);
    look = look_at(&settings_claude, other);
    assert_true(look.faults & 1u << FAULT_TWICE);
    assert_false(settings_whole(&look));
    buf_release(&twice);
    free(one);
    free(other);
    free(text);
}

static void lines_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const PATHS[] = {"/a", "/it's", "/a 'b' c", "/$(x) `y` \"z\" \\", "'"};
    for (size_t i = 0; i < ARRAY_LEN(PATHS); i++) {
        char self[LOOK_PATH_BYTES];
        char socket[LOOK_PATH_BYTES];
        struct buf line;
        buf_init(&line, 4096);
        struct hook_command c = {
            .kind = &settings_claude, .role = ROLE_GATE, .self = PATHS[i], .socket_path = PATHS[i]};
        hook_command_write(&line, &c);
        assert_true(hook_command_read(buf_span(&line), &settings_claude, ROLE_GATE, self, socket));
        assert_string_equal(self, PATHS[i]);
        assert_string_equal(socket, PATHS[i]);
        assert_false(
            hook_command_read(buf_span(&line), &settings_claude, ROLE_REPORT, self, socket));
        assert_false(hook_command_read(buf_span(&line), &settings_gemini, ROLE_GATE, self, socket));
        assert_string_equal(self, "");
        buf_release(&line);
    }
}

static void faults_have_words(void **state)
{
    (void)state;
    char words[160];
    for (int f = 0; f < FAULT_COUNT; f++) {
        fault_words((enum settings_fault)f, "THIS", words, sizeof(words));
        assert_null(strchr(words, '%'));
        assert_non_null(strstr(words, "THIS"));
        assert_true(fault_name((enum settings_fault)f)[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_in_every_form),
        cmocka_unit_test(nothing_is_no_fault),
        cmocka_unit_test(what_is_taken_is_seen),
        cmocka_unit_test(a_second_copy_is_told),
        cmocka_unit_test(lines_are_read_as_they_are_written),
        cmocka_unit_test(faults_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
