/* identity.c - who is at the other end of a console's connection, and what of that is whose word.
 *
 * The kernel says: the uid, the pid, the login session, and that an sshd of root is among the
 * ancestors. The peer's own environment says from which address it came: that is marked as claimed,
 * since the peer can write there what it likes.
 */
#include "govd_priv.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#define ENVIRON_BYTES 65536
#define ANCESTORS_MAX 32
#define SESSION_NONE  "4294967295"
#define CLAIM         "SSH_CONNECTION="

/* At most bytes - 1 of it, terminated; gives how many, 0 when it cannot be read. */
static size_t read_proc(int32_t pid, const char *what, char *out, size_t bytes)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t have = 0;
    ssize_t n = 0;
    while (fd >= 0 && have < bytes - 1 && (n = read(fd, out + have, bytes - 1 - have)) > 0) {
        have += (size_t)n;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    out[have] = '\0';
    return have;
}

/* The address in front of "ADDRESS PORT ADDRESS PORT", when it looks like one. */
static bool claimed_address(int32_t pid, char *out, size_t bytes)
{
    char *environ_text = xmalloc(ENVIRON_BYTES);
    size_t n = read_proc(pid, "environ", environ_text, ENVIRON_BYTES);
    bool found = false;
    for (size_t at = 0; at < n && !found; at += strlen(environ_text + at) + 1) {
        struct span line = span_str(environ_text + at);
        if (span_starts(line, CLAIM)) {
            struct span value = span_sub(line, sizeof(CLAIM) - 1, line.n);
            value = span_sub(value, 0, span_find(value, ' '));
            found = value.n && ini_has_only(value, "0123456789abcdefABCDEF.:") &&
                    span_copy(value, out, bytes);
        }
    }
    free(environ_text);
    return found;
}

static int32_t parent_of(int32_t pid)
{
    char text[1024];
    int64_t parent = 0;
    if (!read_proc(pid, "stat", text, sizeof(text))) {
        return 0;
    }
    const char *after = strrchr(text, ')'); /* the name in front may hold anything */
    if (!after || strlen(after) < 5) {
        return 0;
    }
    struct span rest = span_str(after + 4);
    return num_parse(span_sub(rest, 0, span_find(rest, ' ')), 1, INT32_MAX, &parent) == ST_OK
               ? (int32_t)parent
               : 0;
}

/* Real, effective, saved and of files. The effective one alone is root's also in a program such as
 * su, which anybody may start under any name. */
static bool is_roots(int32_t pid)
{
    static const char ROOT[] = "\nUid:\t0\t0\t0\t0\n";
    char text[4096];
    return read_proc(pid, "status", text, sizeof(text)) && strstr(text, ROOT);
}

/* Any process can call itself sshd; only root's is believed. */
static bool is_roots_sshd(int32_t pid)
{
    char name[32];
    return is_roots(pid) && read_proc(pid, "comm", name, sizeof(name)) &&
           span_starts(span_str(name), "sshd");
}

static int32_t sshd_above(int32_t pid)
{
    for (uint32_t i = 0; pid > 1 && i < ANCESTORS_MAX; i++) {
        pid = parent_of(pid);
        if (pid > 1 && is_roots_sshd(pid)) {
            return pid;
        }
    }
    return 0;
}

/* Asked once: a name service may be slow, and only this user comes in. */
static const char *own_name(void)
{
    static char name[64];
    if (!name[0]) {
        const struct passwd *pw = getpwuid(geteuid());
        struct span found = span_str(pw ? pw->pw_name : NULL);
        bool plain = ini_has_only(
            found, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
        if (!found.n || !plain || !span_copy(found, name, sizeof(name))) {
            (void)snprintf(name, sizeof(name), "?");
        }
    }
    return name;
}

PRINTF(2, 3)
static void append(char *path, const char *fmt, ...)
{
    size_t n = strlen(path);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(path + n, OPERATOR_PATH_BYTES - n, fmt, ap);
    va_end(ap);
}

void identity_of_unix(int32_t pid, char path[OPERATOR_PATH_BYTES])
{
    char text[64];
    (void)snprintf(path, OPERATOR_PATH_BYTES, "unix socket, user %s", own_name());
    if (pid <= 0) {
        return; /* of another pid namespace */
    }
    append(path, ", pid %d", (int)pid);
    read_proc(pid, "sessionid", text, sizeof(text));
    if (text[0] && strcmp(text, SESSION_NONE) != 0 && ini_has_only(span_str(text), "0123456789")) {
        append(path, ", session %s", text);
    }
    int32_t sshd = sshd_above(pid);
    if (sshd) {
        append(path, ", under sshd %d", (int)sshd);
    }
    if (claimed_address(pid, text, sizeof(text))) {
        append(path, ", ssh from %s (claimed)", text);
    }
}
