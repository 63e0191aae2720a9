/* message_priv.h - a record as one syslog message (RFC 5424), when it is one that is told. */
#ifndef CHECKREIN_FORWARD_MESSAGE_PRIV_H
#define CHECKREIN_FORWARD_MESSAGE_PRIV_H

#include "checkrein/buf.h"
#include "checkrein/codec.h"
#include "checkrein/journal.h"

#define MESSAGE_BYTES 20480 /* no message is longer */

enum message_body { MESSAGE_JSON, MESSAGE_CEF };

struct message_kit {
    struct codec *codec;
    char host[256];    /* as RFC 5424 wants it */
    char instance[32]; /* of the record */
    enum message_body body;
    bool quiet; /* nothing was told since the seal before */
};

void message_kit_init(struct message_kit *k, const char *instance, enum message_body body);
void message_kit_release(struct message_kit *k);
/* Appends the message without a newline; nothing when this record is not told. What is told: what
 * operators do and what comes of it, decisions, fleet stops, signals of high severity and above;
 * and a seal, when nothing was told since the one before, so that the record's head is known. */
void message_make(struct message_kit *k, const struct journal_record *r, struct buf *out);

/* Appends what stands in no record: that there is none any more. */
void message_alarm(const struct message_kit *k, int64_t now_us, struct span words, struct buf *out);

#endif
