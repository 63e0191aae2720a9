#include "checkrein/settings.h"

#include <string.h>

#define SOCKET_OPTION " --socket "
#define OWN_SOCKET    " --own-socket"
#define VERSION       " --runtime-version "

void shell_quote(struct buf *out, const char *word)
{
    buf_addch(out, '\'');
    for (; *word; word++) {
        if (*word == '\'') {
            buf_addstr(out, "'\\''");
        } else {
            buf_addch(out, *word);
        }
    }
    buf_addch(out, '\'');
}

void hook_command_write(struct buf *out, const struct hook_command *c)
{
    const struct hook_terms *terms = &c->kind->terms[c->role];
    buf_addstr(out, terms->first);
    shell_quote(out, c->self);
    buf_printf(out, " hook %s --deadline " HELPER_DEADLINE "%s", c->kind->runtime,
               c->kind->options);
    if (c->socket_path) {
        buf_addstr(out, SOCKET_OPTION);
        shell_quote(out, c->socket_path);
    } else {
        buf_addstr(out, OWN_SOCKET);
    }
    if (c->version.n) {
        buf_addstr(out, VERSION);
        buf_add(out, c->version);
    }
    buf_printf(out, " || %s", terms->otherwise);
}

static bool take(struct span *line, const char *text)
{
    if (!span_starts(*line, text)) {
        return false;
    }
    *line = span_sub(*line, strlen(text), line->n);
    return true;
}

/* Only what shell_quote() writes: in single quotes, a quote inside as '\''. */
static bool take_quoted(struct span *line, char *word)
{
    size_t n = 0;
    if (!take(line, "'")) {
        return false;
    }
    while (line->n && n + 1 < LOOK_PATH_BYTES) {
        if (take(line, "'\\''")) {
            word[n++] = '\'';
        } else if (take(line, "'")) {
            word[n] = '\0';
            return true;
        } else {
            word[n++] = line->p[0];
            *line = span_sub(*line, 1, line->n);
        }
    }
    return false;
}

static bool take_version(struct span *line)
{
    if (!take(line, VERSION)) {
        return true;
    }
    size_t n = 0;
    while (n < line->n && (line->p[n] == '.' || (line->p[n] >= '0' && line->p[n] <= '9'))) {
        n++;
    }
    *line = span_sub(*line, n, line->n);
    return n > 0;
}

bool hook_command_read(struct span line, const struct settings_kind *k, enum hook_role role,
                       char *self, char *socket)
{
    const struct hook_terms *terms = &k->terms[role];
    self[0] = socket[0] = '\0';
    bool known =
        take(&line, terms->first) && take_quoted(&line, self) && take(&line, " hook ") &&
        take(&line, k->runtime) && take(&line, " --deadline " HELPER_DEADLINE) &&
        take(&line, k->options) &&
        (take(&line, OWN_SOCKET) || (take(&line, SOCKET_OPTION) && take_quoted(&line, socket))) &&
        take_version(&line) && take(&line, " || ") && span_is(line, terms->otherwise);
    if (!known) {
        self[0] = socket[0] = '\0';
    }
    return known;
}
