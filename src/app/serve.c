/* serve.c - `checkrein serve`: the governance daemon as a process.
 */
#include "app_priv.h"
#include "notify.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "checkrein/crypto.h"
#include "checkrein/file.h"
#include "checkrein/govd.h"
#include "checkrein/log.h"
#include "checkrein/num.h"
#include "stuck.h"

struct server {
    struct loop *loop;
    struct net *net;
    struct govd *govd;
    loop_id owner;
};

struct places {
    char *socket, *token, *tokens, *policy, *prices, *issuers, *record;
};

struct choices {
    const char *config, *socket, *token, *policy, *prices, *record, *port, *console_port, *demo,
        *ready_fd, *while_open;
};

#define AT(member) offsetof(struct choices, member)

const struct option_row OPTIONS_SERVE[] = {
    {"config",                                      "FILE", "read this file", AT(config)},
    {"socket",                             "PATH", "the Unix socket for consoles", AT(socket)},
    {"token-file",                                             "FILE", "the hooks' bearer token, made when missing", AT(token)},
    {"policy",           "FILE", "the rules", AT(policy)},
    {"prices",                                   "FILE", "list prices of models", AT(prices)},
    {"journal",                                  "FOLDER", "the record", AT(record)},
    {"hook-port", "N", "loopback port for hooks; 0 lets the system choose", AT(port)},
    {"console-port",                                             "N", "loopback port for consoles with a token; 0: none", AT(console_port)},
    {"demo",                             NULL, "label everything that connects as a demo agent", AT(demo)},
    {"ready-fd",                                   "N", "write the hook port to this descriptor when ready", AT(ready_fd)},
    {"while-open",                                      "N", "shut down when this descriptor reads as closed", AT(while_open)},
    {0                     },
};

static void places_choose(struct places *p, const struct choices *ch, const struct conf *c)
{
    p->socket = path_chosen(ch->socket, c->serve.socket, path_runtime("checkrein.sock"));
    p->token = path_chosen(ch->token, c->serve.token_file, path_state("hook.token"));
    p->tokens = path_chosen(NULL, c->serve.console_tokens, path_state("console.tokens"));
    p->policy = path_chosen(ch->policy, c->serve.policy, path_config("policy.ini"));
    p->prices = path_chosen(ch->prices, c->serve.prices, path_config("prices.ini"));
    p->issuers = path_chosen(NULL, c->serve.issuers, path_config("issuers.ini"));
    p->record = path_chosen(ch->record, c->serve.record, path_state("daemon"));
}

static void places_release(struct places *p)
{
    free(p->socket);
    free(p->token);
    free(p->tokens);
    free(p->policy);
    free(p->prices);
    free(p->issuers);
    free(p->record);
}

/* ---- signals */

static void on_hup(void *ctx, int signo)
{
    (void)signo;
    const struct server *s = ctx;
    notify_reloading();
    govd_reload(s->govd);
    notify_ready();
}

static void on_end(void *ctx, int signo)
{
    (void)signo;
    const struct server *s = ctx;
    notify_stopping();
    govd_shutdown(s->govd);
}

static void on_turn(void *ctx)
{
    const struct server *s = ctx;
    govd_turn(s->govd);
    notify_turn();
    if (govd_drained(s->govd)) {
        loop_stop(s->loop);
    }
}

static enum status take_signals(struct server *s)
{
    enum status st = loop_signal(s->loop, SIGHUP, on_hup, s);
    if (st == ST_OK) {
        st = loop_signal(s->loop, SIGTERM, on_end, s);
    }
    return st == ST_OK ? loop_signal(s->loop, SIGINT, on_end, s) : st;
}

/* ---- running */

static void on_owner_gone(void *ctx, int fd, unsigned ready)
{
    (void)ready;
    struct server *s = ctx;
    char byte;
    if (read(fd, &byte, 1) <= 0) {
        loop_remove(s->loop, s->owner);
        govd_shutdown(s->govd);
    }
}

/* A demo's daemon ends with the demo, also when that is killed. */
static enum status watch_owner(struct server *s, const char *fd_text, struct why *why)
{
    int64_t fd = 0;
    if (!fd_text) {
        return ST_OK;
    }
    if (num_parse(span_str(fd_text), 0, 1024, &fd) != ST_OK) {
        return why_fail(why, ST_INVALID, "--while-open: a descriptor's number");
    }
    return loop_fd_add(s->loop, (int)fd, LOOP_READ, on_owner_gone, s, &s->owner);
}

static enum status tell_ready(const char *fd_text, int port, struct why *why)
{
    int64_t fd = 0;
    char line[16];
    int n = snprintf(line, sizeof(line), "%d\n", port);
    if (!fd_text) {
        return ST_OK;
    }
    if (num_parse(span_str(fd_text), 0, 1024, &fd) != ST_OK ||
        file_write_all((int)fd, line, (size_t)n) != ST_OK) {
        return why_fail(why, ST_INVALID, "--ready-fd: nobody reads there");
    }
    (void)close((int)fd);
    return ST_OK;
}

static enum status start(struct server *s, const struct conf *conf, const struct places *p,
                         const struct choices *ch, struct why *why)
{
    int64_t port = conf->serve.hook_port;
    if (ch->port && num_parse(span_str(ch->port), 0, 65535, &port) != ST_OK) {
        return why_fail(why, ST_INVALID, "--hook-port: 0 to 65535");
    }
    int64_t console_port = conf->serve.console_port;
    if (ch->console_port &&
        num_parse(span_str(ch->console_port), 0, 65535, &console_port) != ST_OK) {
        return why_fail(why, ST_INVALID, "--console-port: 0 to 65535");
    }
    char host[256] = "localhost";
    if (ch->demo) {
        (void)snprintf(host, sizeof(host), "demo-host"); /* pictures of it are shown around */
    } else {
        (void)gethostname(host, sizeof(host) - 1);
    }
    char *own = path_own_socket();
    struct govd_options o = {
        .conf = conf,
        .socket_path = p->socket,
        .own_socket = own,
        .token_path = p->token,
        .policy_path = p->policy,
        .prices_path = p->prices,
        .issuers_path = p->issuers,
        .journal_dir = p->record,
        .tokens_path = p->tokens,
        .hook_port = (int)port,
        .console_port = (int)console_port,
        .host = host,
        .demo = ch->demo != NULL,
    };
    enum status st = loop_new(&s->loop, why);
    if (st == ST_OK) {
        st = net_new(&s->net, s->loop, why);
    }
    if (st == ST_OK) {
        st = govd_start(&s->govd, s->loop, s->net, &o, why);
    }
    free(own);
    if (st == ST_OK) {
        st = take_signals(s);
    }
    return st == ST_OK ? watch_owner(s, ch->while_open, why) : st;
}

/* The folders of the token and of the record belong to us alone. */
static enum status make_folders(const struct places *p, struct why *why)
{
    const char *const paths[] = {p->token, p->tokens, p->record};
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(paths); i++) {
        st = file_make_parent(paths[i], why);
    }
    return st;
}

static int run(const struct conf *conf, const struct choices *ch)
{
    struct server s = {0};
    struct places p;
    struct why why = {0};
    places_choose(&p, ch, conf);
    enum status st = make_folders(&p, &why);
    if (st == ST_OK) {
        st = start(&s, conf, &p, ch, &why);
    }
    if (st == ST_OK) {
        log_write(LOG_INFO, "hooks on port %d, consoles on %s", govd_hook_port(s.govd), p.socket);
        govd_turn(
            s.govd); /* what the start itself had to say is durable before anybody is called */
        st = tell_ready(ch->ready_fd, govd_hook_port(s.govd), &why);
    }
    if (st == ST_OK) {
        st = stuck_watch_daemon(s.loop, conf->serve.watchdog_ms, &why);
    }
    if (st == ST_OK) {
        notify_begin(s.loop);
        notify_ready();
        loop_on_turn(s.loop, on_turn, &s);
        st = loop_run(s.loop);
    }
    notify_end();
    govd_free(s.govd);
    net_free(s.net);
    loop_free(s.loop);
    places_release(&p);
    return st == ST_OK ? EXIT_DONE : app_trouble(&why, EXIT_TROUBLE);
}

/* Its memory holds the hooks' token, and the real keys of upstreams: no core, and no other process
 * of this user may trace it or read its memory and environment. A leak checker traces its own
 * process, and is let. */
static void close_memory(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef CHECKREIN_SANITIZED
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* All of it, what went well too: a daemon has no other screen. */
static void to_log(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)fprintf(stderr, "checkrein: %s: %s\n", log_level_name(level), line);
}

int cmd_serve(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || a->argc) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    close_memory();
    log_set_sink(to_log, NULL);
    if (!crypto_wipes()) {
        log_write(LOG_WARN, "libcrypto was used before it was told to wipe its memory");
    }
    struct conf conf;
    struct why why = {0};
    int code = config_load(&conf, ch.config, &why) == ST_OK ? run(&conf, &ch)
                                                            : app_trouble(&why, EXIT_TROUBLE);
    conf_release(&conf);
    return code;
}
