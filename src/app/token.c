/* token.c - `checkrein token`: who may connect as a console without being this user on this
 * machine.
 *
 * The token itself is printed once. The daemon that runs is told to read the file again: it is
 * whoever listens on this user's socket, and the kernel says which process that is.
 */
#include "app_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/file.h"
#include "checkrein/govd.h"
#include "checkrein/num.h"

struct choices {
    const char *config, *scopes, *expires, *json;
};

const struct option_row OPTIONS_TOKEN[] = {
    {"config",                                                               "FILE", "read this file", offsetof(struct choices, config)},
    {"scopes",                                                      "SCOPES", "add: read, and any of decide,control,revoke,stop; read unless given",
     offsetof(struct choices, scopes)},
    {"expires",                                                               "TIME", "add: good for this long, such as 30d; for ever unless given",
     offsetof(struct choices, expires)},
    {"json",                                                               NULL, "list: one JSON object a line", offsetof(struct choices, json)},
    {0},
};

struct vault {
    char *path, *socket_path;
    int lock;
    struct console_tokens tokens;
};

/* Two that write at once would lose one of the two. */
static enum status vault_open(struct vault *v, const struct conf *c, struct why *why)
{
    v->path = c->serve.console_tokens[0] ? xstrdup(c->serve.console_tokens)
                                         : path_state("console.tokens");
    v->socket_path = c->serve.socket[0] ? xstrdup(c->serve.socket) : path_runtime("checkrein.sock");
    enum status st = file_make_parent(v->path, why);
    if (st != ST_OK) {
        return st;
    }
    struct buf name;
    buf_init(&name, 4096);
    buf_printf(&name, "%s.lock", v->path);
    buf_addch(&name, '\0');
    v->lock = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    buf_release(&name);
    if (v->lock < 0 || flock(v->lock, LOCK_EX) != 0) {
        return why_fail(why, ST_IO, "%s.lock: %s", v->path, err_text(errno));
    }
    return console_tokens_load(&v->tokens, v->path, why);
}

static void vault_close(struct vault *v)
{
    console_tokens_release(&v->tokens);
    if (v->lock >= 0) {
        (void)close(v->lock);
    }
    free(v->path);
    free(v->socket_path);
}

/* The pid of who listens there; 0: nobody. */
static pid_t listener_of(const char *socket_path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct ucred peer = {0};
    socklen_t n = sizeof(peer);
    struct why why = {0};
    if (socket_is_ours(socket_path, &why) != ST_OK ||
        !span_copy(span_str(socket_path), sa.sun_path, sizeof(sa.sun_path))) {
        return 0;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
                 getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.uid == geteuid();
    if (fd >= 0) {
        (void)close(fd);
    }
    return known ? peer.pid : 0;
}

static void tell_daemon(const struct vault *v)
{
    pid_t pid = listener_of(v->socket_path);
    if (pid > 1 && kill(pid, SIGHUP) == 0) {
        (void)fprintf(stderr, "the daemon (process %d) was told to read its tokens again\n",
                      (int)pid);
    } else {
        (void)fprintf(
            stderr,
            "no daemon answers on this user's socket: one that runs elsewhere needs a SIGHUP\n");
    }
}

static enum status save(const struct vault *v, struct why *why)
{
    enum status st = console_tokens_save(&v->tokens, v->path, why);
    if (st == ST_OK) {
        tell_daemon(v);
    }
    return st;
}

/* ---- what can be done */

static enum status token_add(struct vault *v, const char *name, const struct choices *ch,
                             struct why *why)
{
    struct console_token t = {.scopes = SCOPE_BIT(SCOPE_READ), .created_us = clock_wall_us()};
    int64_t ms = 0;
    if (!span_copy(span_str(name), t.name, sizeof(t.name)) ||
        !console_token_name_ok(span_str(name))) {
        return why_fail(why, ST_INVALID, "a name is made of a-z 0-9 . _ -, at most %d",
                        CONSOLE_TOKEN_NAME_BYTES - 1);
    }
    if (console_token_named(&v->tokens, span_str(name))) {
        return why_fail(why, ST_EXISTS, "there is a token %s already: revoke it first", name);
    }
    if (ch->scopes && (!scopes_parse(span_str(ch->scopes), &t.scopes) ||
                       !(t.scopes & SCOPE_BIT(SCOPE_READ)) || (t.scopes & ~CONSOLE_SCOPES))) {
        return why_fail(why, ST_INVALID, "--scopes: read, and any of decide,control,revoke,stop");
    }
    if (ch->expires && (num_parse_duration_ms(span_str(ch->expires), &ms) != ST_OK || ms <= 0)) {
        return why_fail(why, ST_INVALID, "--expires: a duration such as 30d");
    }
    t.expires_us = ms ? t.created_us + ms * 1000 : 0;
    char secret[CONSOLE_TOKEN_BYTES];
    console_token_make(&t, secret);
    GROW(v->tokens.item, v->tokens.cap, v->tokens.count + 1);
    v->tokens.item[v->tokens.count++] = t;
    enum status st = save(v, why);
    if (st == ST_OK) {
        (void)printf("%s\n", secret);
        (void)fprintf(stderr, "this is the only time that it is shown\n");
    }
    wipe(secret, sizeof(secret));
    return st;
}

static enum status token_revoke(struct vault *v, const char *name, const struct choices *ch,
                                struct why *why)
{
    (void)ch;
    struct console_token *t = console_token_named(&v->tokens, span_str(name));
    if (!t) {
        return why_fail(why, ST_NOTFOUND, "there is no token %s", name);
    }
    size_t at = (size_t)(t - v->tokens.item);
    v->tokens.count--;
    memmove(t, t + 1, (v->tokens.count - at) * sizeof(*t));
    return save(v, why);
}

static void print_token(const struct console_token *t, bool json)
{
    char scopes[SCOPES_NAMES_BYTES];
    char created[TIME_TEXT_BYTES];
    char expires[TIME_TEXT_BYTES] = "";
    bool over = t->expires_us && t->expires_us <= clock_wall_us();
    scopes_text(t->scopes, scopes);
    time_format(t->created_us, created);
    if (t->expires_us) {
        time_format(t->expires_us, expires);
    }
    if (json) {
        (void)printf(
            "{\"name\":\"%s\",\"scopes\":\"%s\",\"created\":\"%s\",\"expires\":\"%s\",\"expired\":%s}\n",
            t->name, scopes, created, expires, over ? "true" : "false");
        return;
    }
    (void)printf("%-20s %-32s since %s, %s %s\n", t->name, scopes, created,
                 over ? "expired" : "expires", t->expires_us ? expires : "never");
}

static enum status token_list(struct vault *v, const char *name, const struct choices *ch,
                              struct why *why)
{
    (void)name;
    (void)why;
    for (size_t i = 0; i < v->tokens.count; i++) {
        print_token(&v->tokens.item[i], ch->json != NULL);
    }
    return ST_OK;
}

static const struct deed {
    const char *word;
    int operands; /* after the word */
    enum status (*run)(struct vault *v, const char *name, const struct choices *ch,
                       struct why *why);
} DEEDS[] = {
    {"add",    1, token_add   },
    {"list",   0, token_list  },
    {"revoke", 1, token_revoke}
};

static const struct deed *deed_of(const struct args *a)
{
    for (size_t i = 0; a->argc > 0 && i < ARRAY_LEN(DEEDS); i++) {
        if (strcmp(a->argv[0], DEEDS[i].word) == 0 && a->argc == DEEDS[i].operands + 1) {
            return &DEEDS[i];
        }
    }
    return NULL;
}

int cmd_token(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    const struct deed *deed = st == ST_OK ? deed_of(a) : NULL;
    if (!deed) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    struct conf conf;
    struct vault v = {.lock = -1};
    struct why why = {0};
    st = config_load(&conf, ch.config, &why);
    if (st == ST_OK) {
        st = vault_open(&v, &conf, &why);
    }
    if (st == ST_OK) {
        st = deed->run(&v, a->argv[1], &ch, &why);
    }
    vault_close(&v);
    conf_release(&conf);
    return st == ST_OK ? EXIT_DONE : app_trouble(&why, EXIT_TROUBLE);
}
