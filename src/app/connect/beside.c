/* beside.c - the file that a runtime must have beside its settings: a whole file of ours, made and
 * taken away.
 */
#include "connect_priv.h"

#include "../app_priv.h"

#include <errno.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"

enum status beside_read(struct beside *b, const struct connector *c, const char *settings,
                        struct why *why)
{
    char *folder = xstrdup(settings);
    char *slash = strrchr(folder, '/');
    *(slash ? slash : folder) = '\0';
    b->path = path_join(slash ? folder : ".", c->beside);
    b->text = span_str(c->beside_text);
    free(folder);
    buf_init(&b->before, SETTINGS_BYTES);
    enum status st = file_read(b->path, &b->before, why);
    b->there = st == ST_OK;
    return st == ST_NOTFOUND ? ST_OK : st;
}

void beside_release(struct beside *b)
{
    buf_release(&b->before);
    free(b->path);
}

/* By its first line. What somebody else has put there is not ours to take away. */
static bool is_ours(const struct beside *b)
{
    struct span mine = b->text;
    struct span line;
    struct span before = buf_span(&b->before);
    return span_next(&mine, '\n', &line) && before.n >= line.n &&
           memcmp(before.p, line.p, line.n) == 0;
}

static struct span after(const struct beside *b, bool remove)
{
    return !remove ? b->text : b->there && !is_ours(b) ? buf_span(&b->before) : SPAN_NONE;
}

bool beside_changes(const struct beside *b, bool remove)
{
    return b->path && !span_eq(buf_span(&b->before), after(b, remove));
}

void beside_show(const struct beside *b, bool remove)
{
    if (beside_changes(b, remove)) {
        diff_print(b->path, buf_span(&b->before), after(b, remove));
    }
}

enum status beside_write(const struct beside *b, struct why *why)
{
    enum status st = file_make_parent(b->path, why);
    return st == ST_OK ? file_replace(b->path, b->text, 0600, why) : st;
}

enum status beside_remove(const struct beside *b, struct why *why)
{
    if (unlink(b->path) != 0 && errno != ENOENT) {
        return why_fail(why, ST_IO, "%s: %s", b->path, err_text(errno));
    }
    return ST_OK;
}
