/* Scopes of any text never crash, and never let what is revoked. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../src/lease/lease_priv.h"

enum { TEXT_BYTES = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_lease: %s\n", what);
        abort();
    }
}

static void judge(struct span text)
{
    struct leases *all = leases_new();
    struct span scopes = span_sub(text, 0, span_find(text, '\n'));
    struct lease_terms t = {.agent = SPAN("a"), .upstream = SPAN("u"), .scopes = scopes};
    const uint8_t digest[SHA256_BYTES] = {0};
    if (lease_check_terms(all, &t, NULL) == ST_OK) {
        struct lease *l = lease_add(all, &t, SPAN("01JZ0000000000000000000000"), digest);
        struct lease_request r = {.method = SPAN("POST"),
                                  .path = span_sub(text, scopes.n + 1, text.n),
                                  .model = SPAN("claude"),
                                  .now_us = INT64_C(1800000000000000)};
        struct lease_verdict v = lease_judge(all, l, &r);
        demand(v.ruling != LEASE_HOLD, "held, and nobody held it");
        (void)lease_set(l, LEASE_REVOKED, SPAN_NONE, SPAN_NONE, r.now_us);
        demand(lease_judge(all, l, &r).http_status == 403, "revoked, and not refused");
    }
    leases_free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    if (size > 0 && size < TEXT_BYTES) {
        judge(text);
    }
    return 0;
}
