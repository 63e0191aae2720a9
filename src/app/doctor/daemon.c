/* daemon.c - is the daemon there, is it ours, and does each of its doors open to nobody else?
 */
#include "doctor_priv.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/issuer.h"
#include "checkrein/num.h"

#define START      "start it: checkrein serve"
#define LISTENING  "0A"
#define TCP_BYTES  ((size_t)4 << 20)
#define TCP_FIELDS 8

/* The daemon does not start over a fault in it. */
static void check_issuers(struct doctor *d)
{
    struct why why = {0};
    uint32_t credentials = 0;
    char *path = path_chosen(NULL, d->conf.serve.issuers, path_config("issuers.ini"));
    if (issuers_check(path, &credentials, &why) != ST_OK) {
        found(d, "configuration.issuers", LEVEL_FAIL, "repair the file: the daemon needs it", "%s",
              why.text);
    } else if (credentials > 0) {
        found(d, "configuration.issuers", LEVEL_OK, NULL, "%s: %u credentials", path, credentials);
    }
    free(path);
}

void check_configuration(struct doctor *d)
{
    check_issuers(d);
    found(d, "configuration", LEVEL_OK, NULL, "%s",
          d->conf.path ? d->conf.path : "no checkrein.ini: the defaults");
    if (d->conf.serve.hook_port == 0 && !d->given_port) {
        found(d, "configuration.hook_port", LEVEL_FAIL, "set hook_port in [serve]",
              "hook_port is 0: it is another one at each start, and no settings can name it");
    }
}

void check_token(struct doctor *d)
{
    struct why why = {0};
    struct buf raw;
    buf_init(&raw, 256);
    enum status st = file_read_secret(d->token_path, &raw, &why);
    if (st == ST_OK) {
        buf_add(&d->token, span_trim(buf_span(&raw)));
        found(d, "token", LEVEL_OK, NULL, "%s is this user's alone", d->token_path);
    } else {
        found(d, "token", LEVEL_FAIL,
              st == ST_NOTFOUND
                  ? START
                  : "make a new one: remove the file, start the daemon, connect again",
              "%s", why.text);
    }
    buf_wipe(&raw);
}

/* ---- the Unix socket */

static bool socket_file_is_ours(struct doctor *d)
{
    struct stat sb;
    struct why why = {0};
    if (lstat(d->socket_path, &sb) != 0) {
        found(d, "daemon.socket", LEVEL_FAIL, START, "%s: %s", d->socket_path, err_text(errno));
        return false;
    }
    if (!S_ISSOCK(sb.st_mode) || sb.st_uid != geteuid()) {
        found(d, "daemon.socket", LEVEL_FAIL, "remove it and start the daemon again",
              "%s is no socket of this user", d->socket_path);
        return false;
    }
    if (sb.st_mode & 077) {
        found(d, "daemon.socket", LEVEL_FAIL, "start the daemon again",
              "%s can be opened by others (mode %04o)", d->socket_path,
              (unsigned)(sb.st_mode & 07777));
        return false;
    }
    if (socket_is_ours(d->socket_path, &why) != ST_OK) {
        found(d, "daemon.socket", LEVEL_FAIL, "make its folder 0700", "%s", why.text);
        return false;
    }
    return true;
}

/* Only the daemon knows this path, and takes nothing but POST there. */
void check_socket(struct doctor *d)
{
    struct why why = {0};
    struct buf answer;
    if (!socket_file_is_ours(d)) {
        return;
    }
    buf_init(&answer, 65536);
    struct question q = {
        .url = "http://localhost/hook/claude", .unix_path = d->socket_path, .method = "GET"};
    int status = ask_http(&q, &answer, &why);
    d->reachable = status == 405;
    if (d->reachable) {
        found(d, "daemon.socket", LEVEL_OK, NULL,
              "the daemon answers on %s, which is this user's alone", d->socket_path);
    } else if (status) {
        found(d, "daemon.socket", LEVEL_FAIL, "see who listens there",
              "%s answers HTTP %d: that is no checkrein", d->socket_path, status);
    } else {
        found(d, "daemon.socket", LEVEL_FAIL, START, "nobody answers on %s: %s", d->socket_path,
              why.text);
    }
    buf_release(&answer);
}

/* ---- the hook port */

/* User that listens on 127.0.0.1:PORT, from /proc/net/tcp; -1: nobody does. The token is shown to
 * no other one. */
static int64_t listener_of(int port)
{
    char want[16];
    int64_t uid = -1;
    struct buf b;
    struct span rest;
    struct span line;
    (void)snprintf(want, sizeof(want), "0100007F:%04X", (unsigned)port);
    buf_init(&b, TCP_BYTES);
    rest = file_read("/proc/net/tcp", &b, NULL) == ST_OK ? buf_span(&b) : SPAN_NONE;
    while (uid < 0 && span_next(&rest, '\n', &line)) {
        struct span field[TCP_FIELDS] = {0};
        struct span word;
        size_t n = 0;
        while (n < TCP_FIELDS && span_next(&line, ' ', &word)) {
            if (word.n) {
                field[n++] = word;
            }
        }
        if (n == TCP_FIELDS && span_is(field[1], want) && span_is(field[3], LISTENING) &&
            num_parse(field[7], 0, UINT32_MAX, &uid) != ST_OK) {
            uid = -1;
        }
    }
    buf_release(&b);
    return uid;
}

/* What is asked without the token, with it, as a web page would, and under another name. */
static void check_answers(struct doctor *d)
{
    static const char *const NONE[] = {NULL};
    static const char *const FOREIGN_ORIGIN[] = {"Origin: https://example.org", NULL};
    static const char *const FOREIGN_HOST[] = {"Host: example.org", NULL};
    static const struct {
        const char *check, *what;
        const char *const *headers;
        bool token;
        int want;
    } CASES[] = {
        {"port.token",  "without the token",         NONE,           false, 401},
        {"port.known",  "with the token",            NONE,           true,  405}, /* it comes in, and GET is not served */
        {"port.origin", "from a page in a browser",  FOREIGN_ORIGIN, true,  403},
        {"port.host",   "under another host's name", FOREIGN_HOST,   true,  421},
    };
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook/claude", d->port);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct why why = {0};
        struct buf answer;
        if (CASES[i].token && !d->token.len) {
            continue;
        }
        buf_init(&answer, 65536);
        struct question q = {.url = url,
                             .method = "GET",
                             .headers = CASES[i].headers,
                             .bearer = CASES[i].token ? buf_span(&d->token) : SPAN_NONE};
        int got = ask_http(&q, &answer, &why);
        if (got == CASES[i].want) {
            found(d, CASES[i].check, LEVEL_OK, NULL, "asked %s: HTTP %d, as it must be",
                  CASES[i].what, got);
        } else {
            found(d, CASES[i].check, LEVEL_FAIL,
                  "restart the daemon, and see who listens on this port",
                  "asked %s: HTTP %d instead of %d %s", CASES[i].what, got, CASES[i].want,
                  why.text);
        }
        buf_release(&answer);
    }
}

void check_port(struct doctor *d)
{
    int64_t uid = listener_of(d->port);
    if (uid < 0) {
        found(d, "port", LEVEL_FAIL,
              d->reachable ? "the daemon runs with another hook_port: restart it, or connect again"
                           : START,
              "nobody listens on 127.0.0.1:%d", d->port);
        return;
    }
    if ((uid_t)uid != geteuid()) {
        found(d, "port", LEVEL_FAIL,
              "set another hook_port in [serve], make a new token, connect again",
              "127.0.0.1:%d is listened on by user %lld, not by this one: the token is not sent "
              "there",
              d->port, (long long)uid);
        return;
    }
    found(d, "port", LEVEL_OK, NULL, "127.0.0.1:%d is listened on by this user", d->port);
    check_answers(d);
}
