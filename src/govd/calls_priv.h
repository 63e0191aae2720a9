/* calls_priv.h - the table of calls: made, found, counted, given back. The rules of their life are
 * in gate.c. */
#ifndef CALLS_PRIV_H
#define CALLS_PRIV_H

#include "govd_priv.h"

/* Made and not in the table yet: call_enter() or call_drop() follows. NULL when the call cannot be
 * shown exactly: too large, or bytes that are not UTF-8. */
struct call *call_new(struct govd *g, struct session *s, net_id http, const struct call_request *r);
void call_drop(struct govd *g, struct call *c); /* NULL is fine */
size_t call_bytes(const struct call *c);        /* that it holds while it waits */
/* Into the table, as CALL_HELD. */
void call_enter(struct govd *g, struct call *c);
struct call *call_by_http(const struct govd *g, net_id http);
struct call *call_by_native(const struct govd *g, const struct session *s, struct span native_id);
struct call *call_by_approval(const struct govd *g, struct span approval_id); /* in any state */
/* Of a runtime that gives its calls no id. The digest of what a report says has run; true: of this
 * exact call the oldest that runs is *c. Else *c is the oldest that runs of that tool, or NULL. */
bool call_by_report(const struct govd *g, const struct session *s, const struct call_end *end,
                    char digest[DIGEST_TEXT_BYTES], struct call **c);
/* Keeps the counts of the daemon and of the session right. CALL_RUNNING releases the content of the
 * call, CALL_FREE the call. */
void call_set_state(struct govd *g, struct call *c, enum call_state state);

/* What the record knows a call of this digest by, when the id was made here. Borrowed from it. */
struct span call_reported_by(const char digest[DIGEST_TEXT_BYTES]);
/* Of an id made here, what a report can name it by; any other id as it is. */
struct span call_reported_id(struct span action);
/* A subagent's call is told under its parent's name by telemetry: the root and the call name it.
 * Inits `key`. */
void call_key(const struct govd *g, struct buf *key, struct span agent, struct span native_id);

/* ---- inputs.c: `input` is JSON text as the runtime writes it */
void input_remember(struct govd *g, const struct call *c); /* that is about to run */
/* True when this call was let through with another input than this one. Not known, or none: false.
 */
bool input_is_another(const struct govd *g, const struct session *s, struct span native_id,
                      struct span input);

/* Calls that the record says were started and not ended: whoever reports one of them is no liar. */
void ran_before_put(struct govd *g, struct span agent, struct span action);
/* True when it was one of them; it is forgotten then. */
bool ran_before_take(struct govd *g, struct span agent, struct span action);

#endif
