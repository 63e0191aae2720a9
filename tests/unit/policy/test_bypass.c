#include "rules.h"

/* Every line below tries to run more than its rule allows, or something that cannot be told to be
 * what the rule allows. */
struct attempt {
    const char *pattern;
    struct span line;
};

#define TRY(pattern, line)                                                                         \
    {                                                                                              \
        pattern,                                                                                   \
        {                                                                                          \
            "" line, sizeof(line) - 1                                                              \
        }                                                                                          \
    }

static const struct attempt attempts[] = {
    /* another command after it */
    TRY("git status*", "git status; rm -rf /"),
    TRY("git status*", "git status;rm -rf /"),
    TRY("git status*", "git status && rm -rf /"),
    TRY("git status*", "git status&&rm -rf /"),
    TRY("git status*", "git status || rm -rf /"),
    TRY("git status*", "git status | sh"),
    TRY("git status*", "git status |sh"),
    TRY("git status*", "git status |& sh"),
    TRY("git status*", "git status & rm -rf /"),
    TRY("git status*", "git status &rm -rf /"),
    TRY("git status*", "git status\nrm -rf /"),
    TRY("git status*", "git status\r\nrm -rf /"),
    TRY("git status*", "git status\rrm -rf /"),
    TRY("git status*", "git status \\\nrm"),
    TRY("git status*", "git status ;; rm"),
    TRY("git status*", "git status\0; rm"),
    TRY("git status*", "git status \x0b rm"),
    TRY("git status*", "git status \x0c rm"),
    TRY("git status*", "\ngit status"),
    TRY("git status*", "git status\n"),
    TRY("git status*", "git status &&"),
    TRY("git status*", "git status |"),
    TRY("git status*", "; git status"),
    TRY("git status*", "&& git status"),
    TRY("git status*", "git status ; ; git status"),
    TRY("*", "a;;b"),
    TRY("*", "a ;& b"),
    /* before it */
    TRY("git status*", "rm -rf / ; git status"),
    TRY("git status*", "rm -rf / && git status"),
    TRY("git status*", "true | git status"),
    /* in its arguments */
    TRY("git status*", "git status $(rm -rf /)"),
    TRY("git status*", "git status `rm -rf /`"),
    TRY("git status*", "git status \"$(rm -rf /)\""),
    TRY("git status*", "git status \"`rm -rf /`\""),
    TRY("git status*", "git status $((`rm`))"),
    TRY("git status*", "git status ${x:=$(rm)}"),
    TRY("git status*", "git status \"${x@P}\""),
    TRY("git status*", "git status $x"),
    TRY("git status*", "git status $'\\x3b' rm"),
    TRY("git status*", "git status $'a' "),
    TRY("git status*", "git status <(rm -rf /)"),
    TRY("git status*", "git status >(rm -rf /)"),
    TRY("git status*", "git status (rm)"),
    TRY("git status*", "(git status)"),
    TRY("git status*", "{ git status; }"),
    TRY("git status*", "git status {a,b}"),
    TRY("git status*", "git status {1..9}"),
    TRY("echo *", "echo {a,$(rm)}"),
    /* quotes that do not end */
    TRY("git status*", "git status '"),
    TRY("git status*", "git status \""),
    TRY("git status*", "git status 'a;b"),
    TRY("git status*", "git status \"a\\\""),
    TRY("git status*", "git status \\"),
    TRY("git status*", "git status 'a\nb'"),
    TRY("git status*", "git status \"a\nb\""),
    /* redirections */
    TRY("git status*", "git status > /etc/passwd"),
    TRY("git status*", "git status >/etc/passwd"),
    TRY("git status*", "git status >> ~/.bashrc"),
    TRY("git status*", "git status 2> x"),
    TRY("git status*", "git status 2>&1"),
    TRY("git status*", "git status >&2"),
    TRY("git status*", "git status &> x"),
    TRY("git status*", "git status >| x"),
    /* two commands to a shell that is not bash */
    TRY("git status*", "git status &>/dev/null"),
    TRY("git status*", "git status &>/dev/null rm -rf /"),
    TRY("git status*", "git status &>>/dev/null rm -rf /"),
    TRY("git status*", "git status 12>/dev/null"),
    TRY("git status*", "git status < /etc/shadow"),
    TRY("git status*", "git status <> x"),
    TRY("git status*", "git status << EOF"),
    TRY("git status*", "git status <<- EOF"),
    TRY("git status*", "git status <<< x"),
    TRY("git status*", "> x git status"),
    TRY("git status*", ">x"),
    TRY("git status*", "git status >/dev/null/../../etc/x"),
    TRY("git status*", "git status > /dev/nullx"),
    TRY("git status*", "git status >/dev/nul?"),
    TRY("git status*", "git status > $x"),
    TRY("git status*", "git status >"),
    TRY("git status*", "git status > ; rm"),
    TRY("git status*", "git status >/dev/null; rm -rf /"),
    TRY("git status*", "git status >/dev/null & rm -rf /"),
    TRY("git status*", "git status 2>/dev/null | sh"),
    /* another program by the same name, or under another one */
    TRY("ls*", "PATH=. ls"),
    TRY("ls*", "LD_PRELOAD=./x.so ls"),
    TRY("ls*", "FOO=bar ls"),
    TRY("*", "FOO=bar ls"),
    TRY("*", "a[0]=1 ls"),
    TRY("*", "A+=1 ls"),
    TRY("ls*", "./ls"),
    TRY("ls *", "/tmp/ls -l"),
    TRY("ls*", "'l's"),
    TRY("ls*", "l\\s"),
    TRY("ls*", "\"ls\" -l"),
    TRY("git status", "'git status'"),
    TRY("git status", "git\\ status"),
    TRY("*", "'git status'"),
    TRY("*", "\"\" x"),
    TRY("*", "$SHELL -c ls"),
    TRY("*", "l? -l"),
    TRY("*", "/bin/l[s] -l"),
    TRY("*", "*"),
    TRY("*", "~+/ls*"),
    TRY("*", "%1"),
    /* what runs what stands behind it */
    TRY("*", "command rm -rf /"),
    TRY("*", "builtin cd /"),
    TRY("*", "exec rm -rf /"),
    TRY("*", "eval rm -rf /"),
    TRY("*", "eval 'rm -rf /'"),
    TRY("*", ". ./x.sh"),
    TRY("*", "source ./x.sh"),
    TRY("*", "env rm -rf /"),
    TRY("*", "/usr/bin/env rm -rf /"),
    TRY("*", "xargs rm"),
    TRY("echo *", "echo / | xargs rm -rf"),
    TRY("*", "nohup rm -rf /"),
    TRY("*", "nice -n 5 rm -rf /"),
    TRY("*", "timeout 5 rm -rf /"),
    TRY("timeout *", "timeout 5 rm -rf /"),
    TRY("*", "time rm -rf /"),
    TRY("*", "sudo ls"),
    TRY("sudo *", "sudo rm -rf /"),
    TRY("*", "doas ls"),
    TRY("*", "bash -c 'rm -rf /'"),
    TRY("bash *", "bash -c 'rm -rf /'"),
    TRY("bash scripts/*", "bash scripts/../../../tmp/x.sh"),
    TRY("*", "sh x.sh"),
    TRY("*", "/bin/zsh -c x"),
    TRY("*", "busybox rm -rf /"),
    TRY("*", "find . -exec rm {} +"),
    TRY("find *", "find . -exec rm -rf . \\;"),
    TRY("find *", "find . -execdir rm x ';'"),
    TRY("find *", "find . -ok rm ';'"),
    TRY("find *", "find . -delete"),
    TRY("find *", "find . -fprint /etc/x"),
    TRY("find *", "find . -fprintf /etc/x x"),
    TRY("git *", "git -c alias.x=!rm x"),
    TRY("git *", "git -calias.x=!rm x"),
    TRY("git *", "git -C /tmp/evil status"),
    TRY("git *", "git --git-dir=/tmp/evil status"),
    TRY("git *", "git --config-env=core.pager=X log"),
    TRY("git *", "git --exec-path=. status"),
    TRY("git *", "git diff --ext-diff"),
    TRY("git diff*", "git diff --output=/etc/passwd"),
    TRY("git diff*", "git diff --output /etc/passwd"),
    TRY("git grep*", "git grep -Osh x"),
    TRY("git grep*", "git grep --open-files-in-pager=sh x"),
    TRY("git *", "git rebase -x 'rm -rf /' HEAD~1"),
    TRY("git *", "git rebase --exec 'rm -rf /' HEAD~1"),
    TRY("git *", "git bisect run rm -rf /"),
    TRY("git *", "git submodule foreach rm -rf ."),
    TRY("git *", "git config core.pager x"),
    TRY("git fetch*", "git fetch --upload-pack=x"),
    TRY("tar *", "tar cf x --checkpoint=1 --checkpoint-action=exec=sh"),
    TRY("tar *", "tar xf x --to-command=sh"),
    TRY("tar *", "tar -I sh -xf x"),
    TRY("tar *", "tar cIf sh x"),
    TRY("rsync *", "rsync -e sh x y:"),
    TRY("rsync *", "rsync --rsh=sh x y:"),
    TRY("python3 *", "python3 -c 'import os'"),
    TRY("python3 *", "python3 -Bc 'import os'"),
    TRY("perl *", "perl -e 'unlink'"),
    TRY("perl *", "perl -pe 's/x/y/e' f"),
    TRY("node *", "node -e 1"),
    TRY("node *", "node --eval 1"),
    TRY("node *", "node -pe 1"),
    TRY("ruby *", "ruby -e 1"),
    TRY("awk *", "awk 'BEGIN{system(\"rm -rf /\")}'"),
    TRY("sed *", "sed -n '1e rm -rf /' x"),
    TRY("sed *", "sed -i s/a/b/ x"),
    TRY("vim *", "vim -c '!rm -rf /' x"),
    TRY("make *", "make CC='rm -rf /;'"),
    TRY("make *", "make SHELL=./x all"),
    TRY("make *", "make --eval='x:;rm -rf /'"),
    TRY("make *", "make -f /tmp/Makefile"),
    TRY("make *", "make -C /tmp/evil"),
    TRY("npm *", "npm exec rm"),
    TRY("npx *", "npx evil"),
    TRY("docker *", "docker run -v /:/h alpine rm -rf /h"),
    TRY("rg *", "rg --pre ./x y"),
    TRY("sort *", "sort --compress-program=./x y"),
    TRY("sort *", "sort -o /etc/passwd x"),
    TRY("ssh *", "ssh host rm -rf /"),
    TRY("*", "alias ls='rm -rf /'"),
    TRY("*", "trap 'rm -rf /' EXIT"),
    TRY("*", "export PATH=."),
    TRY("*", "set -x"),
    TRY("*", "/lib64/ld-linux-x86-64.so.2 /bin/rm x"),
    /* the shell's grammar */
    TRY("*", "if true; then rm x; fi"),
    TRY("*", "for f in a b; do rm x; done"),
    TRY("*", "while true; do :; done"),
    TRY("*", "case x in y) rm x;; esac"),
    TRY("*", "! rm x"),
    TRY("*", "[[ -f x ]]"),
    TRY("*", "f() { rm x; }; f"),
    TRY("*", "function f { rm x; }"),
    TRY("*", "coproc rm x"),
    TRY("*", "noglob rm x"),
    TRY("*", "- rm x"),
    TRY("*", "repeat 2 rm x"),
    TRY("*", "not rm x"),
    TRY("*", "=rm x"),
    TRY("ls *", "ls =rm"),
    TRY("*", "((x=1))"),
    TRY("*", "ls # and more"),
    TRY("*", "# rm x"),
    TRY("ls *", "ls #\nrm"),
    /* wildcards that can become options or commands */
    TRY("tar *", "tar cf x.tar *"),
    TRY("rm *", "rm ?"),
    TRY("rm *", "rm [a-z]"),
    TRY("ls *", "ls -*"),
    TRY("rm [!-]*", "rm \"-rf\" /"),
    TRY("rm [!-]*", "rm '-rf' /"),
    TRY("rm [!-]*", "rm \\-rf /"),
    TRY("rm [!-]*", "rm ''-rf /"),
    /* blanks and letters that are not what they look like */
    TRY("ls *", "ls\xc2\xa0-l"),
    TRY("ls *", "ls \xe3\x80\x80x"),
    TRY("ls *", "ls\xe2\x80\xa8rm"),
    TRY("ls *", "ls \xe2\x80\x8b"),
    TRY("ls *", "l\xd1\x95 -l"),
    TRY("ls *", "ls \xff"),
    TRY("ls *", "ls \xc0\xaf"),
    TRY("ls *", "ls\t-l"),
    TRY("ls *", "ls \x1b[2J"),
    TRY("ls *", "ls \x7f"),
    TRY("ls *", "ls 'a\x1b'"),
    TRY("ls *", "ls \x80"),
    /* nothing */
    TRY("*", ""),
    TRY("*", " "),
    TRY("*", ";"),
    TRY("*", "&"),
    TRY("*", "()"),
    TRY("*", "{}"),
    TRY("*", "''"),
    /* an expression that fits a part only */
    TRY("re:git status", "rm -rf /; git status"),
    TRY("re:git status", "git statusx"),
    TRY("re:git status", "x git status"),
    TRY("re:^git status", "git status --x"),
    TRY("re:git (status|log)", "git log; rm"),
    TRY("re:ls|rm", "lsrm"),
    TRY("re:bash -c .*", "bash -c x; rm"),
    TRY("ls | cat", "ls | sh"),
};

static void no_line_does_more_than_its_rule_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
        struct policy *p = one_rule("command", attempts[i].pattern, "allow");
        if (judge_command(p, attempts[i].line) != VERDICT_ASK) {
            fail_msg("%s allows [%s]", attempts[i].pattern, attempts[i].line.p);
        }
        policy_free(p);
    }
}

/* What people do want to allow. */
static const struct attempt fair[] = {
    TRY("git status*", "git status"),
    TRY("git status*", "git status --short"),
    TRY("git status*", "  git   status  "),
    TRY("git status*", "git status;"),
    TRY("git status*", "git status &"),
    TRY("git status*", "git status >/dev/null"),
    TRY("git status*", "git status > /dev/null"),
    TRY("git status*", "git status 2>/dev/null"),
    TRY("git status*", "git status >/dev/null 2> /dev/null"),
    TRY("git status*", "git status </dev/null"),
    TRY("git status*", "2>/dev/null git status"),
    TRY("git status*", "git status && git status --short"),
    TRY("git * | ls *", "git log --oneline; ls -l && git diff src/"),
    TRY("git log* | head *", "git log --oneline | head -n 5"),
    TRY("git commit -m *", "git commit -m 'fix: a; b && c | d'"),
    TRY("git commit -m *", "git commit -m \"it's (all) fine > here\""),
    TRY("git commit -m *", "git commit -m 'caf\xc3\xa9'"),
    TRY("echo *", "echo a\\;b"),
    TRY("grep *", "grep -rn 'a*b' src/*.c"),
    TRY("cat *", "cat src/*.c"),
    TRY("ls ./*", "ls ./*"),
    TRY("make *", "make -j2 check"),
    TRY("python3 -m pytest*", "python3 -m pytest -q --cache-clear tests/unit"),
    TRY("node *", "node --test src/x.js"),
    TRY("./build.sh*", "./build.sh --fast"),
    TRY("find *", "find . -name x -type f"),
    /* word for word, or by an expression for the whole */
    TRY("bash scripts/check.sh", "bash scripts/check.sh"),
    TRY("sudo systemctl status nginx", "sudo systemctl status nginx"),
    TRY("env", "env"),
    TRY("re:sed -n [0-9]+,[0-9]+p [A-Za-z0-9_./-]+", "sed -n 1,20p src/a.c"),
    TRY("re:git (status|log)( --[a-z-]+)*", "git log --oneline --stat"),
    TRY("ls | cat", "ls | cat"),
};

static void what_is_plain_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fair); i++) {
        struct policy *p = one_rule("command", fair[i].pattern, "allow");
        if (judge_command(p, fair[i].line) != VERDICT_ALLOW) {
            fail_msg("%s does not allow [%s]", fair[i].pattern, fair[i].line.p);
        }
        policy_free(p);
    }
}

static void a_line_over_the_limit_is_not_allowed(void **state)
{
    (void)state;
    struct policy *p = one_rule("command", "ls *", "allow");
    char *line = malloc(80000);
    memset(line, 'a', 80000);
    memcpy(line, "ls ", 3);
    assert_int_equal(judge_command(p, (struct span){line, 64 * 1024}), VERDICT_ALLOW);
    assert_int_equal(judge_command(p, (struct span){line, 64 * 1024 + 1}), VERDICT_ASK);
    free(line);
    policy_free(p);
}

/* Every byte put at every place of a line: only what keeps it one plain command stays allowed. */
static void no_byte_anywhere_opens_a_line(void **state)
{
    (void)state;
    static const char stem[] = "ls -l src";
    struct policy *p = one_rule("command", "ls *", "allow");
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < sizeof(stem); at++) {
            char line[16];
            memcpy(line, stem, at);
            line[at] = (char)c;
            memcpy(line + at + 1, stem + at, sizeof(stem) - 1 - at);
            bool allowed = judge_command(p, (struct span){line, sizeof(stem)}) == VERDICT_ALLOW;
            bool harmless =
                (c > 0x20 && c < 0x7f && strchr("$`(){}<>|&;\"'", c) == NULL) || c == ' ';
            bool ends = at == sizeof(stem) - 1 && (c == ';' || c == '&');
            if (allowed && !harmless && !ends) {
                fail_msg("byte 0x%02x at %zu is allowed", (unsigned)c, at);
            }
        }
    }
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_does_more_than_its_rule_allows),
        cmocka_unit_test(what_is_plain_is_allowed),
        cmocka_unit_test(a_line_over_the_limit_is_not_allowed),
        cmocka_unit_test(no_byte_anywhere_opens_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
