#include "policy_priv.h"

/* Programs that run other programs, or code that stands in their arguments: names as patterns with
 * blanks between them. */
static const char *const always[] = {
    /* the shell's own */
    ". alias bind builtin command coproc declare enable eval exec export hash local readonly set",
    "shopt source trap typeset unalias",
    "- and begin foreach nocorrect noglob not or repeat",
    /* shells, and languages whose script is an argument */
    "ash bash csh dash elvish fish ksh* mksh nu oksh pwsh rbash sh tcsh xonsh yash zsh*",
    "awk busybox ed emacs* ex expect gawk gsed m4 mawk nawk nvim osascript sed toybox vi vim*",
    /* what runs its arguments */
    "at batch bunx chroot chrt crontab doas entr env faketime firejail flock gdb ionice ld-linux*",
    "ltrace mosh nice nohup npx nsenter parallel pkexec pnpx run0 runuser screen script setarch",
    "setpriv setsid socat ssh stdbuf strace su sudo systemd-run taskset time timeout tmux unshare",
    "bsdtar tar uvx valgrind watch xargs xvfb-run",
};

/* Those that do so only with an argument that matches one of `when`. "-[!-]*e*" is -e in a bundle.
 */
/* clang-format off */
static const struct {
    const char *names, *when;
} sometimes[] = {
    {"bun", "x -e* --eval*"},
    {"cargo", "--config* --manifest-path*"},
    {"deno", "eval"},
    {"docker podman", "run exec"},
    {"find", "-exec* -ok* -delete -fls* -fprint*"},
    {"git", "-c* -C* --git-dir* --work-tree* --config-env* --exec* --ext-diff --output* --upload-pack* "
            "--receive-pack* --open-files-in-pager* -O* -x* run foreach filter-branch config difftool mergetool"},
    {"go", "-exec* -toolexec*"},
    {"kubectl", "exec debug"},
    {"lua*", "-e* -[!-]*e*"},
    {"make gmake", "*=* --eval* -f* --file* --makefile* -C* --directory*"},
    {"node nodejs", "-e* -[!-]*e* -p* -[!-]*p* -r --eval* --print* --require* --import*"},
    {"npm", "exec x explore --script-shell*"},
    {"perl*", "-e* -E* -M* -i* -[!-]*[eEMi]*"},
    {"php*", "-r* -d* -[!-]*[rd]*"},
    {"pnpm yarn", "exec dlx"},
    {"python* pypy*", "-c* -[!-]*c*"},
    {"rg", "--pre* --hostname-bin*"},
    {"rsync", "-e* -[!-]*e* --rsh* --rsync-path*"},
    {"ruby*", "-e* -r* -[!-]*[er]*"},
    {"scp sftp", "-S* -o* -[!-]*[So]*"},
    {"sort", "--compress-program* -o* -[!-]*o* --output*"},
    {"zip", "-T* -[!-]*T* --unzip-command*"},
};
/* clang-format on */

static const char *const reserved[] = {
    "!",   "[[",       "case", "do", "done",   "elif", "else",  "esac",  "fi",
    "for", "function", "if",   "in", "select", "then", "until", "while",
};

struct span word_base_name(struct span word)
{
    size_t at = word.n;
    while (at > 0 && word.p[at - 1] != '/') {
        at--;
    }
    return span_sub(word, at, SIZE_MAX);
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '[' || c == ']' || c == '+';
}

bool word_is_assignment(struct span word)
{
    size_t at = 0;
    while (at < word.n && is_name_byte(word.p[at])) {
        at++;
    }
    return at > 0 && at < word.n && word.p[at] == '=';
}

bool word_is_reserved(struct span word)
{
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (span_is(word, reserved[i])) {
            return true;
        }
    }
    return false;
}

static bool matches_any(const char *patterns, struct span word)
{
    struct span rest = span_str(patterns);
    struct span pattern;
    while (span_next(&rest, ' ', &pattern)) {
        if (glob_match(pattern, word)) {
            return true;
        }
    }
    return false;
}

bool words_have(struct words w, const char *patterns)
{
    for (size_t i = 1; i < w.count; i++) {
        if (matches_any(patterns, w.word[i])) {
            return true;
        }
    }
    return false;
}

bool words_run_others(struct words w)
{
    struct span name = word_base_name(w.count > 0 ? w.word[0] : SPAN_NONE);
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        if (matches_any(always[i], name)) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(sometimes); i++) {
        if (matches_any(sometimes[i].names, name) && words_have(w, sometimes[i].when)) {
            return true;
        }
    }
    return false;
}
