/* base64.h - bytes that are no text, as text, and back. */
#ifndef CHECKREIN_BASE64_H
#define CHECKREIN_BASE64_H

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

/* RFC 4648, section 4, with padding. */
enum status base64_add(struct buf *out, struct span bytes);
/* ST_INVALID unless it is exactly what base64_add() writes; ST_LIMIT. */
enum status base64_decode(struct buf *out, struct span text) MUST_USE;

#endif
