/* gateway_face_priv.h - what the rest of the daemon asks of the lease gateway: in govd_priv.h.
 */
#ifndef GOVD_GATEWAY_FACE_PRIV_H
#define GOVD_GATEWAY_FACE_PRIV_H

struct govd;
struct lease;

void gateway_init(struct govd *g); /* before the record is read */
enum status gateway_open(struct govd *g, struct why *why) MUST_USE;
void gateway_close(struct govd *g); /* cuts what is under way */
void gateway_release(struct govd *g);
void upstreams_reload(struct govd *g); /* the real keys */
void upstreams_release(struct govd *g);
/* A gate, the fleet stop or a lease is not what it was: gateway_settle() sees to it, in this turn.
 */
void gateway_changed(struct govd *g);
void gateway_settle(struct govd *g);
void gateway_judge(struct govd *g);                          /* the same at once */
void leases_restore(struct govd *g, const struct event *ev); /* of the record */
void late_restore(struct govd *g, const struct event *ev);   /* answers that may be fetched */
void leases_tell_again(struct govd *g);                      /* its beginning is about to go */
/* Of a command on leases that was in force, when the daemon ended before all of it stood in the
 * record: the rest. */
void leases_finish(struct govd *g, const struct command *c, struct span by);
/* Of this agent, which is over. */
void leases_end(struct govd *g, struct span agent, const char *reason);
void leases_look(struct govd *g); /* now and then */
/* As its agent is known here: by its session, or by the name that it was issued for. */
struct span lease_holder(const struct govd *g, const struct lease *l);
void lease_room_issue(struct govd *g, net_id http, const struct http_head *head, struct span body);
void lease_room_list(struct govd *g, net_id http, const struct http_head *head, struct span body);

#endif
