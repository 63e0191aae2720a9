/* base64_priv.h - bytes that are no text, as text in the record, and back. */
#ifndef CHECKREIN_JOURNAL_BASE64_PRIV_H
#define CHECKREIN_JOURNAL_BASE64_PRIV_H

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

/* RFC 4648, section 4, with padding. */
enum status base64_add(struct buf *out, struct span bytes);
/* ST_INVALID unless it is exactly what base64_add() writes; ST_LIMIT. */
enum status base64_decode(struct buf *out, struct span text) MUST_USE;

#endif
