/* lease.c - what a demo agent has in place of keys, and its calls under it: through the gateway, to
 * the scripted service. What is refused there is no end of the agent: it says so, as runtimes do.
 */
#include "../app_priv.h"
#include "demo_priv.h"

#include <jansson.h>

#define ANSWER_BYTES ((size_t)64 << 10)
#define LASTS_MS     (INT64_C(8) * 3600 * 1000)
#define CHILD_MS     (INT64_C(10) * 60 * 1000) /* a helper's: it is gone before */

static void take(struct demo_lease *l, const json_t *answer)
{
    const json_t *values[] = {json_object_get(answer, "id"), json_object_get(answer, "token"),
                              json_object_get(answer, "url")};
    char *const slots[] = {l->id, l->token, l->url};
    const size_t sizes[] = {sizeof(l->id), sizeof(l->token), sizeof(l->url)};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const char *text = json_string_value(values[i]);
        (void)span_copy(span_str(text ? text : ""), slots[i], sizes[i]);
    }
}

enum status demo_lease_get(struct poster *p, const struct demo_wish *w, struct demo_lease *out,
                           struct why *why)
{
    struct buf answer;
    json_t *o = json_pack("{s:s,s:s,s:s,s:I}", "upstream", w->upstream, "agent", w->agent, "scopes",
                          w->scopes, "lasts_ms", (json_int_t)(w->parent[0] ? CHILD_MS : LASTS_MS));
    if (w->parent[0]) {
        (void)json_object_set_new(o, "parent", json_string(w->parent));
    }
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    buf_init(&answer, ANSWER_BYTES);
    enum status st = poster_send(p, DOOR_SOCKET, "/lease/issue", span_str(text), &answer, why);
    free(text);
    json_t *reply = json_loadb(answer.data ? answer.data : "", answer.len, 0, NULL);
    if (st == ST_OK) {
        take(out, reply);
    }
    json_decref(reply);
    buf_wipe(&answer);
    return st;
}

/* The message of a refusal, as clients show it. */
static void say_refusal(const struct buf *answer, const struct why *why, char *out, size_t bytes)
{
    json_t *reply = json_loadb(answer->data ? answer->data : "", answer->len, 0, NULL);
    const json_t *error = json_object_get(reply, "error");
    const char *message =
        json_string_value(json_is_object(error) ? json_object_get(error, "message") : error);
    (void)snprintf(out, bytes, "%.40s: %.200s", why->text,
                   message ? message : "no reason was given");
    json_decref(reply);
}

enum status demo_lease_ask(struct poster *p, const struct demo_lease *l, const char *path,
                           struct span json, char refusal[DEMO_REFUSAL_BYTES])
{
    struct buf answer;
    struct why why = {0};
    buf_init(&answer, ANSWER_BYTES);
    enum status st = poster_ask(p, l->url, path, l->token, json, &answer, &why);
    if (st == ST_DENIED) {
        say_refusal(&answer, &why, refusal, DEMO_REFUSAL_BYTES);
    }
    buf_release(&answer);
    return st;
}
