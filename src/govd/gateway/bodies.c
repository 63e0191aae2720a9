/* bodies.c - memory for bodies that are kept: until their model is known, while they are held, and
 * until the upstream has taken them.
 *
 * One cap for all. A lease may have as much of it as is still free, with all that comes of it: one
 * alone half of it, and with however many others there is always room for one more.
 */
#include "gateway_priv.h"

#define BODIES_BYTES ((size_t)256 << 20)
#define RETRY_S      5

bool body_take(struct govd *g, struct body_share *share, struct lease *l, size_t bytes,
               struct lease_verdict *v)
{
    size_t *all = &g->gateway->body_bytes;
    struct lease *root =
        share->root[0] ? lease_by_id(g->leases, span_str(share->root)) : lease_root(g, l);
    size_t more = bytes > share->bytes ? bytes - share->bytes : 0;
    size_t free_bytes = BODIES_BYTES - *all;
    if (more == 0 || !root) {
        return true;
    }
    if (more <= free_bytes && root->body_bytes + more <= free_bytes - more) {
        (void)span_copy(span_str(root->id), share->root, sizeof(share->root));
        root->body_bytes += more;
        *all += more;
        share->bytes += more;
        return true;
    }
    bool alone = root->body_bytes + more > BODIES_BYTES / 4;
    *v = (struct lease_verdict){
        .ruling = LEASE_REFUSE, .http_status = alone ? 429 : 503, .retry_s = RETRY_S};
    (void)snprintf(v->why, sizeof(v->why), "%s",
                   alone ? "too much is waiting to be read under this lease"
                         : "too much is waiting to be read under all leases");
    return false;
}

void body_give_back(struct govd *g, struct body_share *share)
{
    struct lease *root = lease_by_id(g->leases, span_str(share->root));
    g->gateway->body_bytes -= share->bytes;
    if (root) {
        root->body_bytes -= share->bytes;
    }
    share->bytes = 0;
}
