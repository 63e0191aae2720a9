/* Files as a whole: what they may be, how big, in which order, and that iniparser has to agree. */
#include "scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "checkrein/conf.h"
#include "ini_priv.h"

static enum status load_text(struct ini *ini, struct span text, char reason[WHY_TEXT_BYTES])
{
    struct scratch file = scratch_of(text);
    struct why why = {0};
    enum status st = ini_load(ini, file.path, &why);
    (void)snprintf(reason, WHY_TEXT_BYTES, "%s", scratch_reason(&file, &why));
    scratch_close(&file);
    return st;
}

static void refuses_what_is_not_a_file(void **state)
{
    (void)state;
    char dir[] = "/tmp/checkrein-ini-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char fifo[64];
    (void)snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    char missing[64];
    (void)snprintf(missing, sizeof(missing), "%s/missing", dir);
    struct ini ini;
    struct why why = {0};
    assert_int_equal(ini_load(&ini, dir, &why), ST_INVALID);
    assert_non_null(strstr(why.text, dir));
    assert_int_equal(ini_load(&ini, fifo, NULL), ST_INVALID);
    assert_int_equal(ini_load(&ini, "/dev/null", NULL), ST_INVALID);
    assert_int_equal(ini_load(&ini, missing, NULL), ST_NOTFOUND);
    ini_release(&ini);
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* `n` bytes of comment lines. */
static struct span comments(char *out, size_t n)
{
    memset(out, '#', n);
    for (size_t i = 99; i < n; i += 100) {
        out[i] = '\n';
    }
    return (struct span){out, n};
}

static void has_a_size_limit(void **state)
{
    (void)state;
    static char text[300 * 1024];
    char reason[WHY_TEXT_BYTES];
    struct ini ini;
    assert_int_equal(load_text(&ini, comments(text, sizeof(text)), reason), ST_LIMIT);
    assert_int_equal(load_text(&ini, comments(text, INI_FILE_BYTES + 1), reason), ST_LIMIT);
    assert_int_equal(load_text(&ini, comments(text, INI_FILE_BYTES), reason), ST_OK);
    assert_int_equal(ini.section_count, 0);
    ini_release(&ini);
}

static void a_line_has_a_length_limit(void **state)
{
    (void)state;
    char text[2000];
    char reason[WHY_TEXT_BYTES];
    struct ini ini;
    int head = snprintf(text, sizeof(text), "[s]\nk=");
    memset(text + head, 'v', sizeof(text) - (size_t)head);
    struct span longest = {text, 4 + INI_LINE_BYTES};
    assert_int_equal(load_text(&ini, longest, reason), ST_OK);
    assert_int_equal(ini_key(ini_section(&ini, "s"), "k")->value.n, INI_LINE_BYTES - 2);
    ini_release(&ini);
    longest.n++;
    assert_int_equal(load_text(&ini, longest, reason), ST_INVALID);
    assert_string_equal(reason, ":2: the line is longer than 1000 bytes");
}

static void names_have_a_length_limit(void **state)
{
    (void)state;
    static const char *const forms[] = {"[%.*s]\nk=v\n", "[s]\n%.*s=v\n"};
    static const char *const reasons[] = {
        ":1: the name of this section is longer than 128 bytes",
        ":2: the name of this key is longer than 128 bytes",
    };
    char name[INI_NAME_BYTES + 2];
    memset(name, 'n', sizeof(name));
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        char text[2 * sizeof(name)];
        char reason[WHY_TEXT_BYTES];
        struct ini ini;
        char *form = strdup(forms[i]);
        char *at = strstr(form, "%.*s");
        for (int n = INI_NAME_BYTES; n <= INI_NAME_BYTES + 1; n++) {
            int length = snprintf(text, sizeof(text), "%.*s%.*s%s", (int)(at - form), form, n, name,
                                  at + strlen("%.*s"));
            enum status st = load_text(&ini, (struct span){text, (size_t)length}, reason);
            assert_int_equal(st, n > INI_NAME_BYTES ? ST_INVALID : ST_OK);
            ini_release(&ini);
        }
        assert_string_equal(reason, reasons[i]);
        free(form);
    }
}

/* The text "[s]" and `keys` keys. */
static size_t many_keys(char *out, size_t out_bytes, size_t keys)
{
    size_t n = (size_t)snprintf(out, out_bytes, "[s]\n");
    for (size_t i = 0; i < keys; i++) {
        n += (size_t)snprintf(out + n, out_bytes - n, "k%zu=%zu\n", i, i);
    }
    return n;
}

static void entries_have_a_limit(void **state)
{
    (void)state;
    static char text[INI_FILE_BYTES];
    char reason[WHY_TEXT_BYTES];
    struct ini ini;
    size_t n = many_keys(text, sizeof(text), INI_ENTRIES_MAX - 1);
    assert_int_equal(load_text(&ini, (struct span){text, n}, reason), ST_OK);
    const struct ini_section *s = ini_section(&ini, "s");
    assert_int_equal(s->key_count, INI_ENTRIES_MAX - 1);
    assert_string_equal(s->keys[s->key_count - 1].value.p, "16382");
    assert_int_equal(s->keys[s->key_count - 1].line, INI_ENTRIES_MAX);
    ini_release(&ini);
    n = many_keys(text, sizeof(text), INI_ENTRIES_MAX);
    assert_int_equal(load_text(&ini, (struct span){text, n}, reason), ST_INVALID);
    assert_string_equal(reason, ":16385: more than 16384 sections and keys");
}

static void keeps_order_and_lines(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct ini ini;
    struct span text = SPAN("top = 1\n"
                            "[rule 20 \"b\"]\n"
                            "zeta = 2\n"
                            "\n"
                            "alpha = 3\n"
                            "[empty]\n"
                            "[rule 10 \"a name with blanks\"]\n"
                            "alpha = 4\n");
    assert_int_equal(load_text(&ini, text, reason), ST_OK);
    static const struct {
        const char *name;
        uint32_t line, key_count;
    } sections[] = {
        {"",                               0, 1},
        {"rule 20 \"b\"",                  2, 2},
        {"empty",                          6, 0},
        {"rule 10 \"a name with blanks\"", 7, 1},
    };
    assert_int_equal(ini.section_count, ARRAY_LEN(sections));
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        assert_true(span_is(ini.sections[i].name, sections[i].name));
        assert_int_equal(ini.sections[i].line, sections[i].line);
        assert_int_equal(ini.sections[i].key_count, sections[i].key_count);
    }
    const struct ini_section *rule = ini_section(&ini, "rule 20 \"b\"");
    assert_true(span_is(rule->keys[0].name, "zeta"));
    assert_true(span_is(rule->keys[1].name, "alpha"));
    assert_int_equal(rule->keys[1].line, 5);
    assert_null(ini_section(&ini, "rule"));
    assert_null(ini_key(rule, "top"));
    assert_null(ini_key(NULL, "top"));
    ini_release(&ini);
}

static void an_empty_file_is_empty(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct ini ini;
    assert_int_equal(load_text(&ini, SPAN(""), reason), ST_OK);
    assert_int_equal(ini.section_count, 0);
    assert_null(ini_section(&ini, ""));
    ini_release(&ini);
    ini_release(&ini);
}

/* CVE-2023-33461: iniparser's typed getters crash on the name of a section; ours never call them.
 */
static void a_section_name_is_not_a_key(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct ini ini;
    assert_int_equal(load_text(&ini, SPAN("[console]\n[readonly]\n"), reason), ST_OK);
    assert_null(ini_key(ini_section(&ini, "console"), "readonly"));
    assert_null(ini_key(ini_section(&ini, "console"), ""));
    ini_release(&ini);
    struct scratch file = scratch_of(SPAN("[console]\n[serve]\n"));
    struct conf conf = {0};
    assert_int_equal(conf_load(&conf, file.path, NULL), ST_OK);
    assert_int_equal(conf.console.readonly, 0);
    conf_release(&conf);
    scratch_close(&file);
}

/* The lint's reading of one text against iniparser's reading of another. */
static void a_disagreement_is_refused(void **state)
{
    (void)state;
    static const struct span ours = BYTES("[s]\nk = v\n[t]\nl = w\n");
    static const struct {
        struct span theirs;
        const char *reason;
    } rows[] = {
        {BYTES("[s]\nk = x\n[t]\nl = w\n"),        ":2: [s] k: iniparser reads another value here"},
        {BYTES("[s]\nk = v#\n[t]\nl = \"w\n"),     ""                                             },
        {BYTES("[s]\nk = v\n[t]\nl = w2\n"),       ":4: [t] l: iniparser reads another value here"},
        {BYTES("[s]\nj = v\n[t]\nl = w\n"),        ":2: [s] k: iniparser reads another value here"},
        {BYTES("[s]\nk = v\n[t]\nl = w\nm = n\n"), ": iniparser reads 5 sections and keys, not 4" },
        {BYTES("[s]\nk = v\nl = w\n"),             ": iniparser reads 3 sections and keys, not 4" },
        {BYTES("[s]\nk = v\n[u]\n[t:l]\n"),        ":3: [t]: iniparser does not see this section" },
        {BYTES("garbage\n"),                       ": iniparser cannot read it by way of /proc"   },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scratch file = scratch_of(ours);
        struct ini ini;
        struct why why = {0};
        assert_int_equal(ini_load(&ini, file.path, NULL), ST_OK);
        enum status st = ini_confirm(&ini, rows[i].theirs, &why);
        assert_string_equal(scratch_reason(&file, &why), rows[i].reason);
        assert_int_equal(st, rows[i].reason[0] != '\0' ? ST_INVALID : ST_OK);
        ini_release(&ini);
        scratch_close(&file);
    }
}

/* A console in full screen must not be written on: nothing may reach descriptors 1 and 2. */
static void iniparser_stays_silent(void **state)
{
    (void)state;
    int saved = dup(STDERR_FILENO);
    int sink = memfd_create("sink", MFD_CLOEXEC);
    assert_true(saved >= 0 && sink >= 0);
    struct scratch file = scratch_of(SPAN("[s]\nk = v\n"));
    struct ini ini;
    assert_int_equal(ini_load(&ini, file.path, NULL), ST_OK);
    assert_true(dup2(sink, STDERR_FILENO) >= 0);
    enum status st = ini_confirm(&ini, SPAN("garbage\n"), NULL);
    (void)fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_int_equal(st, ST_INVALID);
    assert_int_equal(lseek(sink, 0, SEEK_END), 0);
    ini_release(&ini);
    scratch_close(&file);
    (void)close(saved);
    (void)close(sink);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void leaves_no_descriptor(void **state)
{
    (void)state;
    char reason[WHY_TEXT_BYTES];
    struct ini ini;
    int before = open_descriptors();
    assert_int_equal(load_text(&ini, SPAN("[s]\nk = v\n"), reason), ST_OK);
    ini_release(&ini);
    assert_int_equal(load_text(&ini, SPAN("[s]\nk\n"), reason), ST_INVALID);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_a_file), cmocka_unit_test(has_a_size_limit),
        cmocka_unit_test(a_line_has_a_length_limit),  cmocka_unit_test(names_have_a_length_limit),
        cmocka_unit_test(entries_have_a_limit),       cmocka_unit_test(keeps_order_and_lines),
        cmocka_unit_test(an_empty_file_is_empty),     cmocka_unit_test(a_section_name_is_not_a_key),
        cmocka_unit_test(a_disagreement_is_refused),  cmocka_unit_test(iniparser_stays_silent),
        cmocka_unit_test(leaves_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
