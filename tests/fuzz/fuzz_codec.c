/* What the codec reads it can write, and what it writes is read again as the same, by us and by
 * jansson.
 *
 * The first byte chooses: a frame, an event, or a command.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/codec.h"

#define OUT_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct codec *codec;
static struct buf first;
static struct buf second;

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_codec: %s\n", what);
        abort();
    }
}

static void expect_jansson(const struct buf *text)
{
    json_error_t error;
    json_t *root =
        json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    demand(root != NULL, "jansson refuses what we write");
    json_decref(root);
}

static void expect_same(void)
{
    expect_jansson(&first);
    demand(span_eq(buf_span(&first), buf_span(&second)), "written again it differs");
}

static void check_event(const struct event *ev)
{
    struct event back;
    struct why why;
    uint32_t unknown;
    demand(event_check(ev, &why) == ST_OK, "an event that does not pass its check");
    demand(codec_write_event(&first, ev) == ST_OK, "an event that cannot be written");
    demand(codec_read_event(codec, buf_span(&first), &back, &unknown, &why) == ST_OK, why.text);
    demand(!back.repaired, "we write broken text");
    demand(codec_write_event(&second, &back) == ST_OK, "an event that cannot be written again");
    expect_same();
}

static void check_command(const struct command *c)
{
    struct command back;
    struct why why;
    demand(codec_write_command(&first, c) == ST_OK, "a command that cannot be written");
    demand(codec_read_command(codec, buf_span(&first), &back, &why) == ST_OK, why.text);
    demand(command_check(c, NULL) == command_check(&back, NULL), "another verdict on it");
    demand(codec_write_command(&second, &back) == ST_OK, "a command that cannot be written again");
    expect_same();
}

static void check_hello(const struct msg_hello *h)
{
    struct msg back;
    struct why why;
    demand(codec_write_client_hello(&first, h) == ST_OK, "a hello that cannot be written");
    demand(codec_read_msg(codec, buf_span(&first), &back, &why) == ST_OK, why.text);
    demand(codec_write_client_hello(&second, &back.hello) == ST_OK, "nor again");
    expect_same();
}

static void check_server_hello(const struct msg_hello *h)
{
    struct msg back;
    struct why why;
    buf_clear(&first);
    buf_clear(&second);
    demand(codec_write_server_hello(&first, h) == ST_OK, "a server's hello that cannot be written");
    demand(codec_read_msg(codec, buf_span(&first), &back, &why) == ST_OK, why.text);
    demand(codec_write_server_hello(&second, &back.hello) == ST_OK, "nor again");
    expect_same();
}

static void check_result(const struct msg_result *r)
{
    struct msg back;
    struct why why;
    demand(codec_write_result(&first, r) == ST_OK, "a result that cannot be written");
    demand(codec_read_msg(codec, buf_span(&first), &back, &why) == ST_OK, why.text);
    demand(codec_write_result(&second, &back.result) == ST_OK, "nor again");
    expect_same();
}

static void check_error(const struct msg_error *e)
{
    struct msg back;
    struct why why;
    demand(codec_write_error(&first, e->code, e->text) == ST_OK, "an error that cannot be written");
    demand(codec_read_msg(codec, buf_span(&first), &back, &why) == ST_OK, why.text);
    demand(codec_write_error(&second, back.error.code, back.error.text) == ST_OK, "nor again");
    expect_same();
}

/* The spans of a message live until the next decode: each check writes first. */
static void check_msg(const struct msg *m, struct span text)
{
    struct msg again;
    switch (m->kind) {
    case KIND_EVENT:
        check_event(&m->event);
        break;
    case KIND_COMMAND:
        check_command(&m->command);
        break;
    case KIND_RESULT:
        check_result(&m->result);
        break;
    case KIND_ERROR:
        check_error(&m->error);
        break;
    case KIND_HELLO:
        check_hello(&m->hello);
        demand(codec_read_msg(codec, text, &again, NULL) == ST_OK, "not read a second time");
        check_server_hello(&again.hello);
        break;
    case KIND_UNKNOWN:
    case KIND_SUBSCRIBE:
    case KIND_SYNCED:
    case KIND_HEAD:
    case KIND_COUNTERSIGN:
    case KIND_BYE:
    case MSG_KIND_COUNT:
        break;
    }
}

static void run(uint8_t how, struct span text)
{
    struct msg m;
    struct event ev;
    struct command c;
    struct why why = {{0}};
    enum status st;
    switch (how % 3) {
    case 0:
        st = codec_read_msg(codec, text, &m, &why);
        if (st == ST_OK) {
            check_msg(&m, text);
        }
        break;
    case 1:
        st = codec_read_event(codec, text, &ev, NULL, &why);
        if (st == ST_OK) {
            check_event(&ev);
        }
        break;
    default:
        st = codec_read_command(codec, text, &c, &why);
        if (st == ST_OK) {
            check_command(&c);
        }
        break;
    }
    demand((st == ST_OK) == (why.text[0] == '\0'), "a refusal without a reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (codec == NULL) {
        codec = codec_new();
        buf_init(&first, OUT_BYTES);
        buf_init(&second, OUT_BYTES);
    }
    buf_clear(&first);
    buf_clear(&second);
    run(data[0], (struct span){(const char *)data + 1, size - 1});
    return 0;
}
