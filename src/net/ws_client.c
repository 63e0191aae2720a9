/* ws_client.c - what the user asks of a connection, and what it tells the user. */
#include <stdlib.h>
#include <string.h>

#include "ws_client_priv.h"

size_t client_queued(const struct ws_client *c)
{
    return c->queued_bytes;
}

bool client_is_receiving(const struct ws_client *c)
{
    return c->state == CLIENT_OPEN && c->pieces > 0;
}

enum status client_send(struct ws_client *c, struct span text)
{
    if (c->state != CLIENT_OPEN) {
        return ST_CLOSED;
    }
    if (text.n > c->queue_bytes || c->queued_bytes > c->queue_bytes - text.n) {
        client_ended(c, WS_TRY_LATER, "the server is too slow to read");
        return ST_LIMIT;
    }
    struct out_message *m = link_message(text);
    *c->out_end = m;
    c->out_end = &m->next;
    c->queued_bytes += m->bytes;
    link_want_write(c);
    return ST_OK;
}

static void on_close_late(void *ctx)
{
    struct ws_client *c = ctx;
    c->timer = 0;
    client_ended(c, c->close_code, "the server did not answer the close");
}

void client_close(struct ws_client *c, int code, const char *why)
{
    if (c->state == CLIENT_CLOSED || c->state == CLIENT_CLOSING) {
        return;
    }
    c->user_closed = true;
    if (c->state != CLIENT_OPEN) {
        client_ended(c, 0, why != NULL ? why : "");
        return;
    }
    c->state = CLIENT_CLOSING;
    c->close_code = ws_close_code_valid(code) ? code : WS_NORMAL;
    (void)span_copy(span_str(why), c->close_why, sizeof(c->close_why));
    client_stop_timer(c);
    c->timer = loop_timer(c->net->loop, CLIENT_CLOSE_MS, on_close_late, c);
    link_want_write(c);
}

/* ---- an owner that is going away hears nothing any more */

static void hear_nothing(void *ctx, net_id id)
{
    (void)ctx;
    (void)id;
}

static void hear_no_text(void *ctx, net_id id, struct span text)
{
    (void)ctx;
    (void)id;
    (void)text;
}

static void hear_no_end(void *ctx, net_id id, int code, int http_status, const char *why)
{
    (void)ctx;
    (void)id;
    (void)code;
    (void)http_status;
    (void)why;
}

void client_forget(struct ws_client *c, int code, const char *why)
{
    c->events = (struct ws_events){hear_nothing, hear_no_text, hear_no_end};
    c->ctx = NULL;
    client_close(c, code, why);
}

bool clients_idle(const struct net *n)
{
    for (const struct ws_client *c = n->clients; c != NULL; c = c->next) {
        if (c->queued_bytes > 0) {
            return false;
        }
    }
    return true;
}

/* ---- what calls the user */

static void drop_queues(struct ws_client *c)
{
    while (c->out_first != NULL) {
        struct out_message *m = c->out_first;
        c->out_first = m->next;
        free(m);
    }
    while (c->in_first != NULL) {
        struct in_message *m = c->in_first;
        c->in_first = m->next;
        free(m->text);
        free(m);
    }
}

static void leave(struct ws_client *c)
{
    *c->link = c->next;
    if (c->next != NULL) {
        c->next->link = c->link;
    }
}

static void client_free(struct ws_client *c)
{
    client_stop_timer(c);
    link_drop(c);
    link_wipe_secret(c);
    net_id_free(c->net, c->id);
    drop_queues(c);
    buf_wipe(&c->bearer);
    buf_release(&c->message);
    free(c);
}

static void give_messages(struct ws_client *c)
{
    while (c->in_first != NULL) {
        struct in_message *m = c->in_first;
        c->in_first = m->next;
        if (c->in_first == NULL) {
            c->in_end = &c->in_first;
        }
        if (!c->user_closed) {
            c->events.message(c->ctx, c->id, (struct span){m->text, m->bytes});
        }
        free(m->text);
        free(m);
    }
}

static void tell_closed(struct ws_client *c)
{
    net_id id = c->id;
    net_id_free(c->net, id);
    link_drop(c);
    c->events.closed(c->ctx, id, c->close_code, c->http_status, c->close_why);
}

/* True when that was the last that it had to say. */
static bool deliver(struct ws_client *c)
{
    c->due = false;
    if (c->opened_due) {
        c->opened_due = false;
        c->events.opened(c->ctx, c->id);
    }
    give_messages(c);
    if (c->state == CLIENT_RESOLVING && c->addresses.count > 0) {
        client_connect_next(c);
    }
    if (c->state != CLIENT_CLOSED || c->due) {
        return false;
    }
    tell_closed(c);
    return true;
}

static struct ws_client *first_due(const struct net *n)
{
    struct ws_client *c = n->clients;
    while (c != NULL && !c->due) {
        c = c->next;
    }
    return c;
}

static void free_all(struct ws_client *c)
{
    while (c != NULL) {
        struct ws_client *next = c->next;
        client_free(c);
        c = next;
    }
}

void clients_kicked(struct net *n)
{
    struct ws_client *ended = NULL;
    struct ws_client *c = NULL;
    for (c = n->clients; c != NULL; c = c->next) {
        link_wipe_secret(c);
    }
    while ((c = first_due(n)) != NULL) {
        if (deliver(c)) {
            leave(c);
            c->next = ended;
            ended = c;
        }
    }
    free_all(ended);
}

void clients_release(struct net *n)
{
    struct ws_client *all = n->clients;
    n->clients = NULL;
    free_all(all);
}
