/* ws_open.c - what the library reports of an open connection becomes messages and an end. */
#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/utf8.h"
#include "ws_client_priv.h"

void client_note(struct ws_client *c)
{
    c->due = true;
    net_kick(c->net);
}

void client_stop_timer(struct ws_client *c)
{
    loop_remove(c->net->loop, c->timer);
    c->timer = 0;
}

void client_ended(struct ws_client *c, int code, const char *why)
{
    if (c->state == CLIENT_CLOSED) {
        return;
    }
    if (c->state != CLIENT_CLOSING || c->close_why[0] == '\0') {
        (void)span_copy(span_str(why), c->close_why, sizeof(c->close_why));
    }
    c->state = CLIENT_CLOSED;
    c->close_code = code;
    client_stop_timer(c);
    client_note(c);
}

static void on_quiet(void *ctx);

static void arm_ping(struct ws_client *c, int64_t ms)
{
    client_stop_timer(c);
    c->timer = loop_timer(c->net->loop, ms, on_quiet, c);
}

/* A slow link brings a long message all the same; one byte now and then is none. */
static bool message_overdue(const struct ws_client *c, int64_t now)
{
    int64_t ms = CLIENT_MESSAGE_MS + (int64_t)(c->message.len / CLIENT_SLOWEST_BYTES) * 1000;
    return c->pieces > 0 && now - c->message_since_us > ms * 1000;
}

/* Time that passed while this process slept is no silence of the peer's: only an unanswered ping
 * ends it. */
static void on_quiet(void *ctx)
{
    struct ws_client *c = ctx;
    c->timer = 0;
    int64_t now = clock_mono_us();
    int64_t quiet_ms = (now - c->heard_us) / 1000;
    if (c->patient) {
        arm_ping(c, c->ping_ms);
    } else if (message_overdue(c, now)) {
        client_ended(c, WS_POLICY, "message took too long");
    } else if (quiet_ms < c->ping_ms) {
        arm_ping(c, c->ping_ms - quiet_ms);
    } else if (c->pinged) {
        client_ended(c, 0, "the server does not answer");
    } else {
        c->pinged = c->ping_due = true;
        link_want_write(c);
        arm_ping(c, c->ping_ms);
    }
}

void client_heard(struct ws_client *c)
{
    c->heard_us = clock_mono_us();
    c->pinged = false;
}

/* What stood still is given as long again as if it had just been heard, or just been asked. */
void client_patient(struct ws_client *c, bool patient)
{
    c->patient = patient;
    if (patient && c->state == CLIENT_CONNECTING) {
        link_no_deadline(c);
    } else if (!patient && c->state == CLIENT_OPEN) {
        client_heard(c);
        c->message_since_us = c->heard_us;
        arm_ping(c, c->ping_ms);
    }
}

void client_opened(struct ws_client *c)
{
    c->state = CLIENT_OPEN;
    c->opened_due = true;
    client_heard(c);
    arm_ping(c, c->ping_ms);
    client_note(c);
}

static void take_message(struct ws_client *c)
{
    struct in_message *m = xcalloc(1, sizeof(*m));
    m->text = buf_detach(&c->message, &m->bytes);
    c->pieces = 0;
    *c->in_end = m;
    c->in_end = &m->next;
    client_note(c);
}

bool client_piece(struct ws_client *c, struct span piece, bool last, int *code)
{
    client_heard(c);
    if (c->state != CLIENT_OPEN) {
        return true;
    }
    if (c->pieces == 0) {
        c->message_since_us = c->heard_us;
    }
    c->pieces++;
    if (buf_add(&c->message, piece) != ST_OK ||
        c->pieces > CLIENT_PIECES + c->message_bytes / CLIENT_PIECE_BYTES) {
        *code = WS_TOO_BIG;
        client_ended(c, WS_TOO_BIG, "message too long or in too many pieces");
        return false;
    }
    if (last && !utf8_valid(buf_span(&c->message))) {
        *code = WS_BAD_TEXT;
        client_ended(c, WS_BAD_TEXT, "text is not UTF-8");
        return false;
    }
    if (last) {
        take_message(c);
    }
    return true;
}
