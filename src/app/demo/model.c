/* model.c - the service behind the demo's gateway: it answers as a model's service does, with the
 * figures that a demo agent asks for, and knows nothing but the real key, which the daemon alone
 * has. Its other paths are a plain service's.
 */
#include "../app_priv.h"
#include "demo_priv.h"

#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "checkrein/crypto.h"
#include "checkrein/file.h"
#include "checkrein/loop.h"
#include "checkrein/net.h"
#include "checkrein/num.h"

#define BODY_BYTES ((size_t)1 << 20)

struct service {
    struct loop *loop;
    struct net *net;
    struct buf key;
};

static void reply(const struct service *s, net_id id, int status, json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    (void)!net_http_reply(s->net, id, status, "application/json", span_str(text));
    free(text);
}

static json_t *error_of(const char *type, const char *message)
{
    return json_pack("{s:s,s:{s:s,s:s}}", "type", "error", "error", "type", type, "message",
                     message);
}

static json_t *message_of(const json_t *asked)
{
    const char *model = json_string_value(json_object_get(asked, "model"));
    json_int_t in = json_integer_value(json_object_get(asked, DEMO_TOKENS_IN));
    json_int_t out = json_integer_value(json_object_get(asked, DEMO_TOKENS_OUT));
    return json_pack("{s:s,s:s,s:s,s:[{s:s,s:s}],s:s,s:{s:I,s:I}}", "type", "message", "role",
                     "assistant", "model", model ? model : "demo", "content", "type", "text",
                     "text", "as the script says", "stop_reason", "end_turn", "usage",
                     "input_tokens", in, "output_tokens", out);
}

static void on_request(void *ctx, net_id id, const struct http_head *head, struct span body)
{
    const struct service *s = ctx;
    if (!equal_secret(head->header(head, "x-api-key"), span_trim(buf_span(&s->key)))) {
        reply(s, id, 401, error_of("authentication_error", "this is not the real key"));
    } else if (!span_is(head->path, DEMO_MODEL_PATH)) {
        reply(s, id, 200, json_pack("{s:s}", "answer", "as the script says"));
    } else {
        json_t *asked = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
        reply(s, id, asked ? 200 : 400,
              asked ? message_of(asked) : error_of("invalid_request_error", "not JSON"));
        json_decref(asked);
    }
}

static int let_in(void *ctx, const struct http_head *head, bool upgrade)
{
    (void)ctx;
    (void)head;
    return upgrade ? 404 : 0;
}

static enum status open_service(struct service *s, const char *key_file, int *port, struct why *why)
{
    static const struct server_events EVENTS = {.admit = let_in, .request = on_request};
    const struct server_options o = {.body_bytes = BODY_BYTES, .max_connections = 4096};
    net_id door = 0;
    enum status st = file_read_secret(key_file, &s->key, why);
    if (st == ST_OK) {
        st = loop_new(&s->loop, why);
    }
    if (st == ST_OK) {
        st = net_new(&s->net, s->loop, why);
    }
    return st == ST_OK ? net_listen(s->net, &o, &EVENTS, s, &door, port, why) : st;
}

struct choices {
    const char *key_file, *parent;
};

const struct option_row OPTIONS_DEMO_MODEL[] = {
    {"key-file", "FILE", "", offsetof(struct choices, key_file)},
    {"parent",        "PID", "", offsetof(struct choices, parent)},
    {0},
};

/* It runs until whoever started it ends it, or is gone. */
int cmd_demo_model(struct args *a)
{
    struct choices ch = {0};
    struct service s = {0};
    struct why why = {0};
    int64_t parent = 0;
    int port = 0;
    if (options_parse(a, &ch) != ST_OK || !ch.key_file || !ch.parent ||
        num_parse(span_str(ch.parent), 1, INT32_MAX, &parent) != ST_OK) {
        return EXIT_USAGE;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)parent) {
        return EXIT_TROUBLE;
    }
    buf_init(&s.key, 256);
    enum status st = open_service(&s, ch.key_file, &port, &why);
    if (st == ST_OK) {
        (void)printf("%d\n", port);
        (void)fflush(stdout);
        st = loop_run(s.loop);
    }
    net_free(s.net);
    loop_free(s.loop);
    buf_wipe(&s.key);
    return st == ST_OK ? EXIT_DONE : EXIT_TROUBLE;
}
