/* hook_client.c - which process is the client that runs this hook, where its environment does not
 * say so.
 *
 * A client gives the hook's line to a shell, and that shell is this process's parent: it ends with
 * the hook, and is not the client. Shells are told by the line that they were given.
 */
#include "app_priv.h"

#include <unistd.h>

#include "checkrein/file.h"
#include "checkrein/num.h"

#define SHELLS_MAX    4
#define CMDLINE_BYTES 65536

static bool read_proc(pid_t pid, const char *name, struct buf *b)
{
    char path[48];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return file_read(path, b, NULL) == ST_OK;
}

/* "PID (name) STATE PPID ...": the name may hold anything, parentheses too. */
static pid_t parent_of(pid_t pid)
{
    struct buf b;
    int64_t parent = 0;
    buf_init(&b, 4096);
    if (read_proc(pid, "stat", &b)) {
        const char *end = strrchr(b.data, ')');
        struct span rest = end ? span_str(end + 1) : SPAN_NONE;
        struct span word = SPAN_NONE;
        for (int i = 0; i < 3 && span_next(&rest, ' ', &word); i++) {
        }
        if (num_parse(word, 1, INT32_MAX, &parent) != ST_OK) {
            parent = 0;
        }
    }
    buf_release(&b);
    return (pid_t)parent;
}

static bool runs_the_line(pid_t pid, const char *runtime)
{
    char line[64];
    struct buf b;
    bool found = false;
    (void)snprintf(line, sizeof(line), " hook %s ", runtime);
    buf_init(&b, CMDLINE_BYTES);
    if (read_proc(pid, "cmdline", &b)) {
        struct span rest = buf_span(&b);
        struct span word;
        while (!found && span_next(&rest, '\0', &word)) {
            found = memmem(word.p ? word.p : "", word.n, line, strlen(line)) != NULL;
        }
    }
    buf_release(&b);
    return found;
}

bool process_has_word(const char *pid, const char *word)
{
    int64_t number = 0;
    struct buf b;
    bool found = false;
    buf_init(&b, CMDLINE_BYTES);
    if (num_parse(span_str(pid), 1, INT32_MAX, &number) == ST_OK &&
        read_proc((pid_t)number, "cmdline", &b)) {
        struct span rest = buf_span(&b);
        struct span one;
        while (!found && span_next(&rest, '\0', &one)) {
            found = span_is(one, word);
        }
    }
    buf_release(&b);
    return found;
}

pid_t hook_client(const char *runtime)
{
    pid_t pid = getppid();
    for (int i = 0; i < SHELLS_MAX && runs_the_line(pid, runtime); i++) {
        pid_t parent = parent_of(pid);
        if (parent <= 1) {
            break;
        }
        pid = parent;
    }
    return pid;
}
