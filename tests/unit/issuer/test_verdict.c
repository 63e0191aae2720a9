/* What was seen of a token, and what may be said of it: every combination. */
#include "expect.h"

#include <string.h>

#include "issuer_priv.h"

static const struct {
    bool accepted;
    enum sight before, after;
    enum revoked said;
} ROWS[] = {
    {true,  SIGHT_ACTIVE,   SIGHT_INACTIVE, REVOKED_CONFIRMED   },
    {false, SIGHT_ACTIVE,   SIGHT_INACTIVE, REVOKED_CONFIRMED   },
    {true,  SIGHT_ACTIVE,   SIGHT_ACTIVE,   REVOKED_FAILED      },
    {true,  SIGHT_ACTIVE,   SIGHT_NONE,     REVOKED_UNVERIFIABLE},
    {true,  SIGHT_INACTIVE, SIGHT_INACTIVE, REVOKED_UNVERIFIABLE},
    {true,  SIGHT_INACTIVE, SIGHT_ACTIVE,   REVOKED_FAILED      },
    {true,  SIGHT_INACTIVE, SIGHT_NONE,     REVOKED_UNVERIFIABLE},
    {true,  SIGHT_NONE,     SIGHT_INACTIVE, REVOKED_UNVERIFIABLE},
    {true,  SIGHT_NONE,     SIGHT_ACTIVE,   REVOKED_FAILED      },
    {true,  SIGHT_NONE,     SIGHT_NONE,     REVOKED_UNVERIFIABLE},
    {false, SIGHT_ACTIVE,   SIGHT_ACTIVE,   REVOKED_FAILED      },
    {false, SIGHT_ACTIVE,   SIGHT_NONE,     REVOKED_FAILED      },
    {false, SIGHT_INACTIVE, SIGHT_INACTIVE, REVOKED_FAILED      },
    {false, SIGHT_NONE,     SIGHT_INACTIVE, REVOKED_FAILED      },
    {false, SIGHT_NONE,     SIGHT_NONE,     REVOKED_FAILED      },
};

static struct seen seen_of(size_t row, enum means m)
{
    struct seen s = {.known = true, .asked = true, .accepted = ROWS[row].accepted};
    s.by[m].before = ROWS[row].before;
    s.by[m].after = ROWS[row].after;
    return s;
}

static unsigned badness(enum revoked r)
{
    return r == REVOKED_CONFIRMED ? 0 : r == REVOKED_UNVERIFIABLE ? 1 : 2;
}

static void one_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        for (unsigned t = 0; t < TOKEN_TYPES; t++) {
            for (unsigned m = 0; m < MEANS_COUNT; m++) {
                struct seen seen[TOKEN_TYPES] = {0};
                seen[t] = seen_of(i, (enum means)m);
                if (verdict_of(seen) != ROWS[i].said) {
                    fail_msg("row %zu", i);
                }
            }
        }
    }
}

static void of_two_tokens_the_worse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        for (size_t j = 0; j < ARRAY_LEN(ROWS); j++) {
            struct seen seen[TOKEN_TYPES] = {seen_of(i, MEANS_INTROSPECTION),
                                             seen_of(j, MEANS_INTROSPECTION)};
            enum revoked worse =
                badness(ROWS[i].said) > badness(ROWS[j].said) ? ROWS[i].said : ROWS[j].said;
            assert_int_equal(verdict_of(seen), worse);
        }
    }
}

/* One that says alive outweighs one that says dead. */
static void two_ways_to_look(void **state)
{
    (void)state;
    struct seen seen[TOKEN_TYPES] = {0};
    struct seen *s = &seen[TOKEN_ACCESS];
    *s = seen_of(0, MEANS_INTROSPECTION);
    s->by[MEANS_TEST_CALL].before = SIGHT_ACTIVE;
    s->by[MEANS_TEST_CALL].after = SIGHT_ACTIVE;
    assert_int_equal(verdict_of(seen), REVOKED_FAILED);
    s->by[MEANS_TEST_CALL].after = SIGHT_NONE;
    assert_int_equal(verdict_of(seen), REVOKED_CONFIRMED);
    s->by[MEANS_INTROSPECTION].after = SIGHT_NONE;
    s->by[MEANS_TEST_CALL].after = SIGHT_INACTIVE;
    assert_int_equal(verdict_of(seen), REVOKED_CONFIRMED);
}

static void nothing_seen_is_nothing_revoked(void **state)
{
    (void)state;
    const struct seen seen[TOKEN_TYPES] = {0};
    assert_int_equal(verdict_of(seen), REVOKED_FAILED);
}

static void what_is_not_known_or_offered_is_said(void **state)
{
    (void)state;
    struct buf words;
    struct seen seen[TOKEN_TYPES] = {0};
    buf_init(&words, WORDS_BYTES);
    seen[TOKEN_ACCESS] = seen_of(4, MEANS_INTROSPECTION);
    verdict_words(&words, &ISSUER_OAUTH, seen);
    assert_contains(words.data,
                    "access token: revocation accepted, which proves nothing (RFC 7009");
    assert_contains(words.data, "this client may not see it");
    assert_contains(words.data, "No refresh token is known here");
    assert_contains(words.data, "disable: OAuth has no request for it");
    assert_contains(words.data, "stop: the agent runs on");
    buf_clear(&words);
    seen[TOKEN_REFRESH] = seen_of(0, MEANS_INTROSPECTION);
    verdict_probe(&words, &ISSUER_OAUTH, seen);
    assert_string_equal(words.data, "refresh token: introspection says not active, active before");
    buf_release(&words);
}

static void no_limits(struct buf *out, const struct seen seen[TOKEN_TYPES])
{
    (void)seen;
    (void)buf_addstr(out, ". Sessions that it began go on");
}

/* Another kind of issuer is another row: nothing of OAuth is said of it. */
static void a_kind_has_words_of_its_own(void **state)
{
    static const struct issuer_kind keys = {
        .name = "keys",
        .rung = {[RUNG_DISABLE] = {NULL, "a key has no identity"},
                 [RUNG_REVOKE] = {NULL, "it is deleted"},
                 [RUNG_STOP] = {NULL, "not here"},
                 [RUNG_VERIFY] = {NULL, "a listing"}},
        .means = {[MEANS_INTROSPECTION] = {.name = "a listing",
                                           .proof = "it is listed no more",
                                           .alive = "it is listed",
                                           .same = "it was not listed before",
                                           .blind = "it is not listed"},
                 [MEANS_TEST_CALL] = {.proof = "", .alive = "", .same = "", .blind = ""}                                    },
        .token = {"", "key"},
        .accepted = " (202)",
        .limits = no_limits,
    };
    (void)state;
    struct buf words;
    buf_init(&words, WORDS_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct seen seen[TOKEN_TYPES] = {0};
        seen[TOKEN_ACCESS] = seen_of(i, MEANS_INTROSPECTION);
        buf_clear(&words);
        verdict_words(&words, &keys, seen);
        verdict_probe(&words, &keys, seen);
        assert_contains(words.data, "key: ");
        assert_contains(words.data, "Sessions that it began go on");
        assert_contains(words.data, "disable: a key has no identity");
        assert_null(strstr(words.data, "RFC"));
        assert_null(strstr(words.data, "introspection"));
        assert_null(strstr(words.data, "token"));
    }
    buf_release(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token),
        cmocka_unit_test(of_two_tokens_the_worse),
        cmocka_unit_test(two_ways_to_look),
        cmocka_unit_test(nothing_seen_is_nothing_revoked),
        cmocka_unit_test(what_is_not_known_or_offered_is_said),
        cmocka_unit_test(a_kind_has_words_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
