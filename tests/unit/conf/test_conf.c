/* checkrein.ini as a whole. */
#include "scratch.h"

#include <stdlib.h>

#include "checkrein/conf.h"
#include "checkrein/file.h"

static enum status load_text(struct conf *c, struct span text, char reason[WHY_TEXT_BYTES])
{
    struct scratch file = scratch_of(text);
    struct why why = {0};
    enum status st = conf_load(c, file.path, &why);
    (void)snprintf(reason, WHY_TEXT_BYTES, "%s", scratch_reason(&file, &why));
    scratch_close(&file);
    return st;
}

static const struct span full = BYTES("[console]\n"
                                      "theme = light\n"
                                      "color = 256\n"
                                      "ascii = on\n"
                                      "operator = \"night shift; desk #2\"\n"
                                      "frame_ms = 33\n"
                                      "arm_low_ms = 750\n"
                                      "arm_high_ms = 10000\n"
                                      "journal = /srv/record\n"
                                      "readonly = true\n"
                                      "[serve]\n"
                                      "socket = /run/checkrein.sock\n"
                                      "hook_port = 0\n"
                                      "token_file = /etc/checkrein/token\n"
                                      "policy = /etc/checkrein/policy.ini\n"
                                      "journal = /srv/daemon\n"
                                      "max_held = 16\n"
                                      "max_agent_held = 4096\n"
                                      "rate = 10\n"
                                      "agent_budget = 5.00\n"
                                      "stop_grace_ms = 60000\n"
                                      "[backend prod-eu.1]\n"
                                      "kind = checkrein\n"
                                      "url = wss://ops.example.org/\n"
                                      "token_file = /etc/checkrein/prod\n"
                                      "[backend laptop]\n"
                                      "url = unix:/run/user/1000/checkrein/checkrein.sock\n"
                                      "kind = checkrein\n"
                                      "[upstream claude]\n"
                                      "url = https://api.anthropic.com\n"
                                      "dialect = anthropic\n"
                                      "secret_command = /usr/bin/pass show anthropic\n"
                                      "[upstream work.1]\n"
                                      "dialect = http\n"
                                      "url = http://127.0.0.1:8080/api/v2\n"
                                      "secret_credential = work-key\n"
                                      "header = \"X-Key: k=%;v=1\"\n"
                                      "ca_file = /etc/ssl/work.pem\n"
                                      "[keys]\n"
                                      "down = j down\n"
                                      "fleet-stop = \"#\"\n"
                                      "comment = \";\"\n"
                                      "equal = =\n");

static void has_defaults(void **state)
{
    (void)state;
    struct conf c;
    conf_defaults(&c);
    assert_null(c.path);
    assert_string_equal(c.console.theme, "dark");
    assert_string_equal(c.console.color, "auto");
    assert_string_equal(c.console.operator_label, "");
    assert_int_equal(c.console.arm_high_ms, 1000);
    assert_int_equal(c.serve.hook_port, 7717);
    assert_int_equal(c.serve.agent_budget, 0);
    assert_string_equal(c.serve.socket, "");
    assert_int_equal(c.backend_count + c.binding_count, 0);
    conf_release(&c);
    conf_release(&c);
}

static void assert_is_full(const struct conf *c)
{
    assert_string_equal(c->console.theme, "light");
    assert_string_equal(c->console.color, "256");
    assert_int_equal(c->console.ascii, 1);
    assert_string_equal(c->console.operator_label, "night shift; desk #2");
    assert_int_equal(c->console.frame_ms, 33);
    assert_int_equal(c->console.arm_low_ms, 750);
    assert_int_equal(c->console.arm_high_ms, 10000);
    assert_string_equal(c->console.journal, "/srv/record");
    assert_int_equal(c->console.readonly, 1);
    assert_string_equal(c->serve.socket, "/run/checkrein.sock");
    assert_int_equal(c->serve.hook_port, 0);
    assert_string_equal(c->serve.token_file, "/etc/checkrein/token");
    assert_string_equal(c->serve.policy, "/etc/checkrein/policy.ini");
    assert_string_equal(c->serve.record, "/srv/daemon");
    assert_int_equal(c->serve.max_held, 16);
    assert_int_equal(c->serve.max_agent_held, 4096);
    assert_int_equal(c->serve.rate, 10);
    assert_int_equal(c->serve.agent_budget, 5000000);
    assert_int_equal(c->serve.stop_grace_ms, 60000);
    assert_int_equal(c->backend_count, 2);
    assert_string_equal(c->backends[0].name, "prod-eu.1");
    assert_string_equal(c->backends[0].kind, "checkrein");
    assert_string_equal(c->backends[0].url, "wss://ops.example.org/");
    assert_string_equal(c->backends[0].token_file, "/etc/checkrein/prod");
    assert_string_equal(c->backends[1].name, "laptop");
    assert_string_equal(c->backends[1].url, "unix:/run/user/1000/checkrein/checkrein.sock");
    assert_null(c->backends[1].token_file);
    assert_int_equal(c->upstream_count, 2);
    assert_string_equal(c->upstreams[0].secret_command, "/usr/bin/pass show anthropic");
    assert_null(c->upstreams[0].header);
    assert_string_equal(c->upstreams[1].name, "work.1");
    assert_string_equal(c->upstreams[1].header, "X-Key: k=%;v=1");
    assert_string_equal(c->upstreams[1].ca_file, "/etc/ssl/work.pem");
    assert_int_equal(c->binding_count, 4);
    assert_string_equal(c->bindings[0].action, "down");
    assert_string_equal(c->bindings[0].keys, "j down");
    assert_string_equal(c->bindings[1].action, "fleet-stop");
    assert_string_equal(c->bindings[1].keys, "#");
    assert_string_equal(c->bindings[2].keys, ";");
    assert_string_equal(c->bindings[3].keys, "=");
}

static void reads_everything(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct conf c = {0};
    enum status st = load_text(&c, full, reason);
    assert_string_equal(reason, "");
    assert_int_equal(st, ST_OK);
    assert_non_null(c.path);
    assert_is_full(&c);
    assert_int_equal(c.backends[0].line, 22);
    assert_int_equal(c.bindings[1].line, 41);
    conf_release(&c);
}

static void what_is_not_set_keeps_its_default(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct conf c = {0};
    assert_int_equal(load_text(&c, full, reason), ST_OK);
    assert_int_equal(load_text(&c, SPAN("[serve]\nrate = 11\n"), reason), ST_OK);
    assert_int_equal(c.serve.rate, 11);
    assert_int_equal(c.serve.hook_port, 7717);
    assert_string_equal(c.console.theme, "dark");
    assert_int_equal(c.backend_count + c.binding_count, 0);
    conf_release(&c);
}

#define WS_WORDS   "ws:// is not encrypted and goes to 127.0.0.1, [::1] or localhost only"
#define NAME_WORDS "a back-end's name is a word of a-z 0-9 . _ - up to 32"
#define NO_SECTION                                                                                 \
    "there is no such section; there are [console], [serve], [backend NAME], [upstream NAME], [keys]"

static const struct {
    struct span text;
    const char *reason;
} bad[] = {
    {BYTES("theme = dark\n"),                                                                            ":1: theme: stands before the first [section]"                        },
    {BYTES("[colors]\n"),                                                                                ":1: [colors]: " NO_SECTION                                           },
    {BYTES("[backend]\n"),                                                                               ":1: [backend]: " NO_SECTION                                          },
    {BYTES("[console]\nthem = dark\n"),                                                                  ":2: [console] them: there is no such option"                         },
    {BYTES("[console]\nrate = 10\n"),                                                                    ":2: [console] rate: there is no such option"                         },
    {BYTES("[serve]\n\nrate = 9\n"),                                                                     ":3: [serve] rate: must be from 10 to 1000000"                        },
    {BYTES("[serve]\nrate = 010\n"),                                                                     ":2: [serve] rate: must be a whole number"                            },
    {BYTES("[console]\nreadonly = yikes\n"),                                                             ":2: [console] readonly: must be yes or no"                           },
    {BYTES("[console]\ncolor = 8\n"),
     ":2: [console] color: must be one of auto|always|never|16|256|truecolor"                                                                                                  },
    {BYTES("[serve]\nagent_budget = -1\n"),
     ":2: [serve] agent_budget: must be USD with at most six decimals, as in 5.00"                                                                                             },
    {BYTES("[console]\ntheme =\n"),
     ":2: [console] theme: no value; leave the line out or put '#' before it"                                                                                                  },
    {BYTES("[backend ]\n"),                                                                              ":1: the name of a section has only a-z 0-9 _ . - \" and inner blanks"},
    {BYTES("[backend a b]\nkind = checkrein\n"),                                                         ":1: [backend a b]: " NAME_WORDS                                      },
    {BYTES("[backend  a]\nkind = checkrein\n"),                                                          ":1: [backend  a]: " NAME_WORDS                                       },
    {BYTES("[backend \"a\"]\nkind = checkrein\n"),                                                       ":1: [backend \"a\"]: " NAME_WORDS                                    },
    {BYTES("[backend abcdefghijklmnopqrstuvwxyz0123456]\nkind = checkrein\n"),
     ":1: [backend abcdefghijklmnopqrstuvwxyz0123456]: " NAME_WORDS                                                                                                            },
    {BYTES("[backend a]\nkind = codex\n"),                                                               ":1: [backend a]: needs a line \"url = ...\""                         },
    {BYTES("[backend a]\nurl = unix:/x\n"),                                                              ":1: [backend a]: needs a line \"kind = ...\""                        },
    {BYTES("[backend a]\nkind = checkrein\nurl = unix:/x\n[backend a]\n"),
     ":4: section \"backend a\" stands already in line 1"                                                                                                                      },
    {BYTES("[backend a]\nkind = Check Rein\n"),
     ":2: [backend a] kind: must be a word of a-z 0-9 . _ - up to 32"                                                                                                          },
    {BYTES("[backend a]\nkind = checkrein\nurl = ws://ops.example.org/\n"),
     ":3: [backend a] url: " WS_WORDS                                                                                                                                          },
    {BYTES("[backend a]\nkind = checkrein\nurl = http://127.0.0.1/\n"),
     ":3: [backend a] url: must begin with unix:/ ws:// or wss://"                                                                                                             },
    {BYTES("[upstream a]\nurl = https://h\ndialect = http\n"),
     ":1: [upstream a]: needs one of secret_file, secret_command, secret_credential"                                                                                           },
    {BYTES(
         "[upstream a]\nurl = https://h\ndialect = http\nsecret_file = /a\nsecret_command = /b\n"),
     ":1: [upstream a]: needs one of secret_file, secret_command, secret_credential"                                                                                           },
    {BYTES("[upstream a]\nurl = https://h\nsecret_file = /a\n"),
     ":1: [upstream a]: needs a line \"dialect = ...\""                                                                                                                        },
    {BYTES("[upstream a]\nurl = http://example.org\n"),
     ":2: [upstream a] url: http:// is not encrypted and goes to 127.0.0.1, [::1] or localhost only"                                                                           },
    {BYTES("[upstream a]\nurl = https://h/a/../b\n"),
     ":2: [upstream a] url: must have no query, and a plain path"                                                                                                              },
    {BYTES("[upstream a]\nurl = https://h/a?b=c\n"),
     ":2: [upstream a] url: must have no query, and a plain path"                                                                                                              },
    {BYTES("[upstream a]\nurl = https://me@h/\n"),
     ":2: [upstream a] url: must not name a user; secrets go into token_file"                                                                                                  },
    {BYTES("[upstream a]\ndialect = xml\n"),
     ":2: [upstream a] dialect: must be anthropic, openai, gemini or http"                                                                                                     },
    {BYTES("[upstream a]\nsecret_file = key\n"),
     ":2: [upstream a] secret_file: must be an absolute path"                                                                                                                  },
    {BYTES("[upstream a]\nsecret_credential = ../key\n"),
     ":2: [upstream a] secret_credential: must be the name of a systemd credential"                                                                                            },
    {BYTES("[upstream a]\nheader = Bad Name: %\n"),
     ":2: [upstream a] header: must be the name of a field, or \"Name: text\" with one % in it for the secret"                                                                 },
    {BYTES("[upstream a]\nheader = Name: text\n"),
     ":2: [upstream a] header: must be the name of a field, or \"Name: text\" with one % in it for the secret"                                                                 },
    {BYTES("[upstream a]\nsecret = sk-123\n"),
     ":2: [upstream a] secret: there is no such key; there are url, dialect, secret_file, secret_command, secret_credential, header, ca_file"                                  },
    {BYTES("[backend a]\ntoken = secret\n"),
     ":2: [backend a] token: there is no such key; there are kind, url, token_file"                                                                                            },
};

static void a_refused_file_changes_nothing(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct conf c = {0};
    assert_int_equal(load_text(&c, full, reason), ST_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        enum status st = load_text(&c, bad[i].text, reason);
        assert_string_equal(reason, bad[i].reason);
        assert_int_equal(st, ST_INVALID);
        assert_is_full(&c);
    }
    assert_int_equal(conf_load(&c, "/nonexistent/checkrein.ini", NULL), ST_NOTFOUND);
    assert_is_full(&c);
    conf_release(&c);
}

static enum status print_and_load(const struct conf *c, struct conf *again, char *reason)
{
    struct buf text;
    buf_init(&text, INI_FILE_BYTES);
    assert_int_equal(conf_print(c, &text), ST_OK);
    enum status st = load_text(again, buf_span(&text), reason);
    buf_release(&text);
    return st;
}

static void what_is_printed_reads_back(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct conf c = {0};
    struct conf again = {0};
    assert_int_equal(load_text(&c, full, reason), ST_OK);
    enum status st = print_and_load(&c, &again, reason);
    assert_string_equal(reason, "");
    assert_int_equal(st, ST_OK);
    assert_is_full(&again);
    conf_release(&c);
    conf_defaults(&c);
    assert_int_equal(print_and_load(&c, &again, reason), ST_OK);
    assert_string_equal(again.console.operator_label, "");
    assert_string_equal(again.console.theme, "dark");
    assert_int_equal(again.serve.rate, 2000);
    conf_release(&again);
    conf_release(&c);
}

static void set_label(struct conf *c, const char *text)
{
    free(c->console.operator_label);
    c->console.operator_label = strdup(text);
}

static void odd_texts_are_quoted_or_refused(void **state)
{
    (void)state;
    static const char *const fit[] = {
        "#",   ";",   "=",  "'", "\"", " a ", "a\\", "'a' b", "\"a\" b", "it's a \"b\"",
        "[a]", "#\"", "';",
    };
    static const char *const unfit[] = {
        "#\"'", "a\nb", "a\rb", "\033[2J", "\xff", "\xe2\x80\xae", "\"'",
    };
    char reason[WHY_TEXT_BYTES];
    struct conf c;
    struct conf again = {0};
    conf_defaults(&c);
    for (size_t i = 0; i < ARRAY_LEN(fit); i++) {
        set_label(&c, fit[i]);
        enum status st = print_and_load(&c, &again, reason);
        assert_string_equal(reason, "");
        assert_int_equal(st, ST_OK);
        assert_string_equal(again.console.operator_label, fit[i]);
    }
    struct buf out;
    buf_init(&out, INI_FILE_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(unfit); i++) {
        set_label(&c, unfit[i]);
        assert_int_equal(conf_print(&c, &out), ST_INVALID);
    }
    char longest[INI_LINE_BYTES];
    memset(longest, 'x', sizeof(longest));
    longest[INI_LINE_BYTES - strlen("operator = ")] = '\0';
    set_label(&c, longest);
    assert_int_equal(print_and_load(&c, &again, reason), ST_OK);
    assert_string_equal(again.console.operator_label, longest);
    longest[INI_LINE_BYTES - strlen("operator = ")] = 'x';
    longest[INI_LINE_BYTES - strlen("operator = ") + 1] = '\0';
    set_label(&c, longest);
    assert_int_equal(conf_print(&c, &out), ST_INVALID);
    buf_release(&out);
    conf_release(&again);
    conf_release(&c);
}

static void print_says_when_there_is_no_room(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct conf c = {0};
    struct buf all;
    buf_init(&all, INI_FILE_BYTES);
    assert_int_equal(load_text(&c, full, reason), ST_OK);
    assert_int_equal(conf_print(&c, &all), ST_OK);
    for (size_t limit = 0; limit < all.len; limit++) {
        struct buf out;
        buf_init(&out, limit);
        assert_int_equal(conf_print(&c, &out), ST_LIMIT);
        buf_release(&out);
    }
    buf_release(&all);
    conf_release(&c);
}

static const char *kind_words(const struct option_info *o, char out[64])
{
    static const char *const words[] = {
        [OPTION_TEXT] = "text",    [OPTION_INT] = "number",    [OPTION_DURATION] = "duration",
        [OPTION_BOOL] = "yes, no", [OPTION_CHOICE] = "choice", [OPTION_MONEY] = "USD",
    };
    if (o->kind != OPTION_INT) {
        return words[o->kind];
    }
    (void)snprintf(out, 64, "%ld to %ld", (long)o->min, (long)o->max);
    return out;
}

/* '|' would end a column. */
static void escape_help(const char *help, struct buf *out)
{
    for (; *help != '\0'; help++) {
        (void)buf_printf(out, "%s%c", *help == '|' ? "\\" : "", *help);
    }
}

static void the_manual_lists_every_option(void **state)
{
    (void)state;
    struct buf manual;
    buf_init(&manual, 1024 * 1024);
    assert_int_equal(file_read(TESTS_DIR "/../docs/configuration.md", &manual, NULL), ST_OK);
    const struct option_info *options = conf_options();
    for (size_t i = 0; options[i].name != NULL; i++) {
        struct buf row;
        char kind[64];
        buf_init(&row, 1000);
        bool unset = options[i].fallback[0] == '\0';
        (void)buf_printf(&row, "\n| `%s` | %s | %s | ", options[i].name,
                         kind_words(&options[i], kind), unset ? "" : options[i].fallback);
        escape_help(options[i].help, &row);
        (void)buf_addstr(&row, " |\n");
        if (strstr(manual.data, row.data) == NULL) {
            fail_msg("docs/configuration.md lacks this row:%s", row.data);
        }
        buf_release(&row);
    }
    buf_release(&manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(what_is_not_set_keeps_its_default),
        cmocka_unit_test(a_refused_file_changes_nothing),
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(odd_texts_are_quoted_or_refused),
        cmocka_unit_test(print_says_when_there_is_no_room),
        cmocka_unit_test(the_manual_lists_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
