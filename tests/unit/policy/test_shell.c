/* What the reader of command lines makes of them, held against the shells that will run them. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy_priv.h"
#include "prng.h"
#include "rules.h"
#include "tmpdir.h"

extern char **environ;

/* ---- single lines */
struct reading_case {
    const char *line;
    bool certain;
    const char *parts; /* plain forms, with '/' between them; what is not certain may list fewer */
};

static const struct reading_case cases[] = {
    {"a b c",                     true,  "a b c"    },
    {"  a   b ",                  true,  "a b"      },
    {"a 'b c'",                   true,  "a b c"    },
    {"a \"b \\\" c\"",            true,  "a b \" c" },
    {"a \"b \\x c\"",             true,  "a b \\x c"},
    {"a b\\ c",                   true,  "a b c"    },
    {"a '' \"\" b",               true,  "a   b"    },
    {"a;b",                       true,  "a/b"      },
    {"a&&b||c|d&e",               true,  "a/b/c/d/e"},
    {"a x'y'\"z\"",               true,  "a xyz"    },
    {"a >/dev/null b",            true,  "a b"      },
    {"a 2>/dev/null",             true,  "a"        },
    {"a 22>/dev/null",            false, "a"        },
    {"a b2>/dev/null",            true,  "a b2"     },
    {"a 2 >/dev/null",            true,  "a 2"      },
    {"a b=c",                     true,  "a b=c"    },
    {"a b#c",                     true,  "a b#c"    },
    {"a --x=y*",                  false, "a --x=y*" },
    {"a -y*",                     false, "a -y*"    },
    {"a #b",                      false, "a #b"     },
    {"a $b",                      false, "a $b"     },
    {"a $(b)",                    false, "a/b"      },
    {"a `b`",                     false, "a/b"      },
    {"a > x",                     false, "a > x"    },
    {"a\nb",                      false, "a/b"      },
    {"a {b,c}d",                  false, "a b c d"  },
    {"a $'\\x41\\102\\u0043\\n'", false, "a ABC "   },
    {"x=1 a",                     false, "x=1 a"    },
    {"",                          false, ""         },
};

static void joined_parts(const struct shell_line *line, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < line->part_count; i++) {
        struct span s = shell_span(line, line->parts[i].plain);
        n += (size_t)snprintf(out + n, size - n, "%s%.*s", i > 0 ? "/" : "", SPAN_ARG(s));
    }
}

static void lines_are_read_as_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct shell_line line;
        char parts[200];
        shell_read(&line, span_str(cases[i].line));
        joined_parts(&line, parts, sizeof(parts));
        if (line.certain != cases[i].certain || strcmp(parts, cases[i].parts) != 0) {
            fail_msg("[%s]: certain %d, parts [%s]", cases[i].line, line.certain, parts);
        }
        shell_release(&line);
    }
}

/* ---- the same lines in real shells: `a` and `b` tell on descriptor 9 how they were called */
#define LINES       600
#define SAID_BYTES  8192
#define PATIENCE_MS 20000
/* One printf, so that commands that run at the same time do not mix: "a\\1x\\1y\\1\\2\\1". */
static const char script[] = "end=$(printf '\\002'); "
                             "a() { printf '%s\\001' a \"$@\" \"$end\" >&9; }; "
                             "b() { printf '%s\\001' b \"$@\" \"$end\" >&9; }; "
                             "eval \"$1\"\nwait";

static const char *const pieces[] = {
    "a",    "b",   " ",   " ",          " ",           " ",           "a ",       "b ",
    "x",    "y z", "'",   "'",          "\"",          "\"",          "\\",       ";",
    "&",    "&&",  "||",  "|",          "a 'q r'",     "\"s t\"",     "-",        "=",
    "#",    "$",   "$(",  ")",          "`",           "(",           "{",        "}",
    ",",    "<",   ">",   ">/dev/null", "2>/dev/null", "&>/dev/null", "\n",       "\t",
    "*",    "?",   "[",   "]",          "!",           "1",           "2",        "\\'",
    "\\\"", "\\ ", "if ", "then ",      "x=1",         "''",          "\xc3\xa9", "\xc2\xa0",
    "\r",   ";;",  "|&",  "<<",         ">&",          "$'",          "$\"",      "{a,b}",
};

static size_t random_line(struct prng *r, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%s", prng_below(r, 8) ? "a " : "");
    uint64_t count = 1 + prng_below(r, 9);
    for (uint64_t i = 0; i < count && n < size; i++) {
        /* Half of them from the front: mostly lines that are certain. */
        uint64_t range = prng_below(r, 2) ? 22 : ARRAY_LEN(pieces);
        n += (size_t)snprintf(out + n, size - n, "%s", pieces[prng_below(r, range)]);
    }
    return n < size ? n : size - 1;
}

static pid_t start_shell(const char *shell, const char *line, int out)
{
    char *argv[] = {(char *)(uintptr_t)shell, (char *)(uintptr_t) "-c", (char *)(uintptr_t)script,
                    (char *)(uintptr_t) "sh", (char *)(uintptr_t)line,  NULL};
    char *env[] = {(char *)(uintptr_t) "PATH=/nonexistent", (char *)(uintptr_t) "LC_ALL=C.UTF-8",
                   NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out, 9), 0);
    for (int fd = 0; fd <= 2; fd++) {
        assert_int_equal(posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0), 0);
    }
    assert_int_equal(posix_spawn(&pid, shell, &actions, NULL, argv, env), 0);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    return pid;
}

static size_t read_until_end(int in, char *said, pid_t pid)
{
    size_t n = 0;
    for (;;) {
        struct pollfd p = {.fd = in, .events = POLLIN};
        if (poll(&p, 1, PATIENCE_MS) <= 0) {
            (void)kill(pid, SIGKILL);
            fail_msg("a shell did not end");
        }
        ssize_t got = read(in, said + n, SAID_BYTES - n);
        if (got <= 0 || (n += (size_t)got) == SAID_BYTES) {
            return n;
        }
    }
}

static size_t what_shell_ran(const char *shell, const char *line, char *said)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = start_shell(shell, line, ends[1]);
    assert_int_equal(close(ends[1]), 0);
    size_t n = read_until_end(ends[0], said, pid);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return n;
}

/* "a\1x\1y\1" is the plain form "a x y". */
static bool was_foreseen(const struct shell_line *line, struct span command)
{
    char plain[SAID_BYTES];
    for (size_t i = 0; i < command.n; i++) {
        plain[i] = command.p[i] == '\1' ? ' ' : command.p[i];
    }
    struct span got = {plain, command.n > 0 ? command.n - 1 : 0};
    for (size_t i = 0; i < line->part_count; i++) {
        if (span_eq(got, shell_span(line, line->parts[i].plain))) {
            return true;
        }
    }
    return false;
}

static void hold_against(const char *shell, const char *text, const struct shell_line *line)
{
    static char said[SAID_BYTES];
    struct span rest = {said, what_shell_ran(shell, text, said)};
    struct span command;
    while (span_next(&rest, '\2', &command)) {
        command = span_starts(command, "\1") ? span_sub(command, 1, SIZE_MAX) : command;
        if (command.n > 0 && !was_foreseen(line, command)) {
            fail_msg("%s ran [%.*s] for [%s]", shell, SPAN_ARG(command), text);
        }
    }
}

/* Every line that the reader is certain of runs nothing that it did not foresee, argument by
 * argument. */
static void shells_run_what_was_foreseen(void **state)
{
    (void)state;
    struct prng r = {4711};
    char *dir = tmpdir_new();
    assert_int_equal(chdir(dir), 0);
    int certain = 0;
    while (certain < LINES) {
        char text[200];
        struct shell_line line;
        size_t n = random_line(&r, text, sizeof(text));
        shell_read(&line, (struct span){text, n});
        if (line.certain) {
            certain++;
            hold_against("/bin/bash", text, &line);
            hold_against("/bin/sh", text, &line);
        }
        shell_release(&line);
    }
    assert_int_equal(tmpdir_count(dir), 0); /* no redirection got through */
    assert_int_equal(chdir("/"), 0);
    tmpdir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_as_said),
        cmocka_unit_test(shells_run_what_was_foreseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
