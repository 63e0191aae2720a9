#include "client_fixture.h"

#include <inttypes.h>
#include <libwebsockets.h>

/* A credential is not left lying about in this process once the handshake is over: its memory is
 * searched. Under a sanitizer freed memory is kept and the address space cannot be walked, so it is
 * skipped there; and a later libwebsockets than the reference keeps a copy that is out of reach. */
#define KEEPS_A_COPY (LWS_LIBRARY_VERSION_NUMBER >= 4002000)

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

enum { SECRET_BYTES = 40, KEY = 0x5a };

/* Never in the clear outside `out`, so that the search does not find itself. */
static void make_secret(char *out)
{
    for (int i = 0; i < SECRET_BYTES; i++) {
        out[i] = (char)('a' + (i * 7 + 3) % 26);
    }
}

static bool is_secret_at(const char *p, const uint8_t *hidden)
{
    for (int i = 0; i < SECRET_BYTES; i++) {
        if (((uint8_t)p[i] ^ KEY) != hidden[i]) {
            return false;
        }
    }
    return true;
}

static int count_in(const char *from, const char *to, const uint8_t *hidden)
{
    int found = 0;
    for (const char *p = from; p + SECRET_BYTES <= to; p++) {
        found += is_secret_at(p, hidden) ? 1 : 0;
    }
    return found;
}

/* In all memory that this process may write: heap, stacks, data. */
static int search(const uint8_t *hidden)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    int found = 0;
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        uintptr_t from = 0;
        uintptr_t to = 0;
        char rights[8] = "";
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, rights) == 3 &&
            strncmp(rights, "rw", 2) == 0 && strstr(line, "[v") == NULL) {
            found += count_in((const char *)from, (const char *)to, hidden);
        }
    }
    (void)fclose(maps);
    return found;
}

static void a_credential_is_gone_after_the_handshake(void **state)
{
    (void)state;
    if (WATCHED || KEEPS_A_COPY) {
        skip();
    }
    struct world *w = world_new();
    struct link l;
    char url[64];
    char secret[SECRET_BYTES];
    uint8_t hidden[SECRET_BYTES];
    struct ws_client_options o = link_options(url);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", w->port);
    make_secret(secret);
    for (int i = 0; i < SECRET_BYTES; i++) {
        hidden[i] = (uint8_t)secret[i] ^ KEY;
    }
    o.bearer = (struct span){secret, SECRET_BYTES};
    assert_true(search(hidden) > 0); /* the search works */
    link_start(&l, w, &o);
    explicit_bzero(secret, sizeof(secret));
    assert_true(search(hidden) > 0); /* ours, until it is sent */
    WAIT(w, l.opened == 1);          /* both ends are in this process */
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    assert_int_equal(search(hidden), 0);
    link_end(&l);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_credential_is_gone_after_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
