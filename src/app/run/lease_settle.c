/* lease_settle.c - settings of a client that count for more than its environment: in the copy that
 * belongs to a run they say what the run says.
 */
#include "lease_priv.h"

#include <stdio.h>

#include "../connect/connect_priv.h"

#include "checkrein/wire.h"

enum status json_set_raw(struct buf *json, const char *path, struct span value, struct why *why)
{
    struct buf next;
    buf_init(&next, SETTINGS_BYTES);
    enum status st = splice_member(buf_span(json), path, value, &next, why);
    if (st == ST_OK) {
        buf_clear(json);
        buf_add(json, buf_span(&next));
    }
    buf_wipe(&next);
    return st;
}

enum status json_set(struct buf *json, const char *path, struct span value, struct why *why)
{
    struct buf quoted;
    buf_init(&quoted, SETTINGS_BYTES);
    (void)tape_quote(&quoted, value);
    enum status st = json_set_raw(json, path, buf_span(&quoted), why);
    buf_wipe(&quoted);
    return st;
}

/* The client sets its environment from `env`, of its user's, a project's and the given settings:
 * ours are the given ones, and go before the others. What is not set is empty there. */
enum status lease_settle_claude(const struct run_plan *p, struct buf *settings, struct why *why)
{
    static const char *const GIVEN[] = {"ANTHROPIC_BASE_URL", "NO_PROXY", "no_proxy", NULL};
    const char *const *const LISTS[] = {GIVEN, p->lease->taken};
    enum status st = ST_OK;
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++) {
        for (const char *const *name = LISTS[i]; st == ST_OK && *name; name++) {
            char path[128];
            (void)snprintf(path, sizeof(path), "env/%s", *name);
            st = json_set(settings, path, span_str(plan_env_get(p, *name)), why);
        }
    }
    return st;
}

/* A login that was chosen before goes before GEMINI_DEFAULT_AUTH_TYPE. */
enum status lease_settle_gemini(const struct run_plan *p, struct buf *settings, struct why *why)
{
    (void)p;
    return json_set(settings, "security/auth/selectedType", SPAN("gemini-api-key"), why);
}

enum status run_lease_settle(const struct run_plan *p, struct buf *settings, struct why *why)
{
    return p->lease && p->lease->settle ? p->lease->settle(p, settings, why) : ST_OK;
}
