#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/map.h"
#include "prng.h"

static struct span numbered(char out[32], unsigned i)
{
    int n = snprintf(out, 32, "k%u", i);
    return (struct span){out, (size_t)n};
}

/* The shape that every lookup relies on. */
static void assert_sound(const struct map *m)
{
    size_t live = 0;
    size_t at = 0;
    struct span key;
    uint32_t value;
    while (map_next(m, &at, &key, &value)) {
        uint32_t found = ~value;
        assert_int_equal(key.p[key.n], '\0');
        assert_true(map_get(m, key, &found));
        assert_int_equal(found, value);
        live++;
    }
    assert_int_equal(live, m->used);
    size_t filled = 0;
    for (size_t i = 0; i < m->cap; i++) {
        filled += m->slots[i].key != NULL;
    }
    assert_int_equal(filled, m->filled);
    assert_true(m->cap == 0 || filled < m->cap);
    assert_int_equal(m->cap & (m->cap - 1), 0);
}

static void zeroed_memory_is_an_empty_map(void **state)
{
    (void)state;
    struct map m = {0};
    uint32_t value = 5;
    size_t at = 0;
    struct span key;
    assert_false(map_get(&m, SPAN("a"), &value));
    assert_int_equal(value, 5);
    assert_false(map_del(&m, SPAN("a")));
    assert_false(map_next(&m, &at, &key, &value));
    assert_true(map_put(&m, SPAN("a"), 1));
    assert_true(m.seed != 0);
    assert_sound(&m);
    map_release(&m);
    assert_null(m.slots);
    map_release(&m);
}

static void every_map_has_a_seed_of_its_own(void **state)
{
    (void)state;
    struct map a;
    struct map b;
    map_init(&a);
    map_init(&b);
    assert_true(a.seed != 0);
    assert_true(b.seed != 0);
    assert_true(a.seed != b.seed);
    map_release(&a);
    map_release(&b);
}

static void keys_are_bytes(void **state)
{
    (void)state;
    struct map m;
    uint32_t value;
    map_init(&m);
    assert_true(map_put(&m, SPAN(""), 1));
    assert_true(map_put(&m, SPAN("\0"), 2));
    assert_true(map_put(&m, SPAN("a\0b"), 3));
    assert_true(map_put(&m, SPAN("a\0c"), 4));
    assert_true(map_put(&m, SPAN("a"), 5));
    assert_false(map_put(&m, SPAN_NONE, 6)); /* the same as "" */
    assert_true(map_get(&m, SPAN(""), &value));
    assert_int_equal(value, 6);
    assert_true(map_get(&m, SPAN("a\0b"), &value));
    assert_int_equal(value, 3);
    assert_true(map_get(&m, SPAN("a"), NULL));
    assert_false(map_get(&m, SPAN("a\0"), NULL));
    assert_sound(&m);
    map_release(&m);
}

static void keys_are_copied(void **state)
{
    (void)state;
    struct map m;
    char key[] = "mine";
    map_init(&m);
    assert_true(map_put(&m, span_str(key), 1));
    key[0] = 'x';
    assert_true(map_get(&m, SPAN("mine"), NULL));
    assert_false(map_get(&m, SPAN("xine"), NULL));
    map_release(&m);
}

static void an_equal_hash_is_not_an_equal_key(void **state)
{
    (void)state;
    struct map m;
    map_init(&m);
    (void)map_put(&m, SPAN("aaaa"), 1);
    for (size_t i = 0; i < m.cap; i++) {
        if (m.slots[i].key != NULL) {
            m.slots[i].key[3] = 'b'; /* now another key with the hash of "aaaa" */
        }
    }
    assert_false(map_get(&m, SPAN("aaaa"), NULL));
    assert_true(map_put(&m, SPAN("aaaa"), 2));
    assert_int_equal(m.used, 2);
    map_release(&m);
}

static void put_replaces(void **state)
{
    (void)state;
    struct map m;
    uint32_t value;
    map_init(&m);
    assert_true(map_put(&m, SPAN("a"), 1));
    assert_false(map_put(&m, SPAN("a"), UINT32_MAX));
    assert_true(map_get(&m, SPAN("a"), &value));
    assert_int_equal(value, UINT32_MAX);
    assert_int_equal(m.used, 1);
    map_release(&m);
}

static void a_deleted_key_hides_no_other(void **state)
{
    (void)state;
    char text[32];
    for (unsigned gone = 0; gone < 12; gone++) { /* 12 keys in 16 slots: long runs */
        struct map m;
        map_init(&m);
        for (unsigned i = 0; i < 12; i++) {
            assert_true(map_put(&m, numbered(text, i), i));
        }
        assert_true(map_del(&m, numbered(text, gone)));
        assert_false(map_del(&m, numbered(text, gone)));
        for (unsigned i = 0; i < 12; i++) {
            uint32_t value = 99;
            assert_int_equal(map_get(&m, numbered(text, i), &value), i != gone);
            assert_int_equal(value, i != gone ? i : 99);
        }
        assert_sound(&m);
        map_release(&m);
    }
}

static void coming_and_going_does_not_fill_the_table(void **state)
{
    (void)state;
    struct map m;
    char text[32];
    map_init(&m);
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(map_put(&m, numbered(text, i), i));
        assert_false(map_get(&m, SPAN("never there"), NULL)); /* ends only at an empty slot */
        if (i >= 10) {
            assert_true(map_del(&m, numbered(text, i - 10)));
        }
        assert_true(m.cap <= 32);
    }
    assert_sound(&m);
    for (unsigned i = 99990; i < 100000; i++) {
        assert_true(map_del(&m, numbered(text, i)));
    }
    assert_int_equal(m.filled, 0); /* no mark stays behind the last key */
    map_release(&m);
}

static void shrinks_when_most_are_gone(void **state)
{
    (void)state;
    struct map m;
    char text[32];
    map_init(&m);
    for (unsigned i = 0; i < 50000; i++) {
        (void)map_put(&m, numbered(text, i), i);
    }
    assert_true(m.cap >= 50000);
    for (unsigned i = 0; i < 49990; i++) {
        assert_true(map_del(&m, numbered(text, i)));
    }
    assert_true(m.cap <= 128);
    assert_sound(&m);
    for (unsigned i = 49990; i < 50000; i++) {
        assert_true(map_get(&m, numbered(text, i), NULL));
    }
    map_release(&m);
}

static void walks_every_pair_once(void **state)
{
    (void)state;
    struct map m;
    char text[32];
    bool seen[3000] = {false};
    map_init(&m);
    for (unsigned i = 0; i < 3000; i++) {
        (void)map_put(&m, numbered(text, i), i);
    }
    size_t at = 0;
    size_t pairs = 0;
    struct span key;
    uint32_t value;
    while (map_next(&m, &at, &key, &value)) {
        assert_true(value < 3000);
        assert_false(seen[value]);
        seen[value] = true;
        assert_span_eq(key, numbered(text, value));
        pairs++;
    }
    assert_int_equal(pairs, 3000);
    map_release(&m);
}

/* Slots between where a key hashes to and where it stands. */
static double mean_distance(const struct map *m)
{
    size_t sum = 0;
    for (size_t i = 0; i < m->cap; i++) {
        const struct map_slot *slot = &m->slots[i];
        if (slot->key != NULL) { /* nothing was deleted */
            sum += (i - slot->hash) & (m->cap - 1);
        }
    }
    return (double)sum / (double)m->used;
}

static void copying_in_slot_order_stays_fast(void **state)
{
    (void)state;
    struct map from;
    struct map to;
    char text[32];
    map_init(&from);
    map_init(&to);
    for (unsigned i = 0; i < 49000; i++) { /* nearly three quarters of 65536 */
        (void)map_put(&from, numbered(text, i), i);
    }
    size_t at = 0;
    struct span key;
    uint32_t value;
    while (map_next(&from, &at, &key, &value)) {
        (void)map_put(&to, key, value);
    }
    assert_int_equal(to.used, 49000);
    assert_true(mean_distance(&from) < 4.0); /* 1.5 expected at this load */
    assert_true(mean_distance(&to) < 4.0);
    map_release(&from);
    map_release(&to);
}

#define MODEL_KEYS 400

/* An array says what the map should say. */
struct model {
    bool there[MODEL_KEYS];
    uint32_t value[MODEL_KEYS];
    size_t used;
};

static void random_step(struct prng *r, struct map *m, struct model *model, unsigned put_of_10)
{
    char text[32];
    unsigned i = (unsigned)prng_below(r, MODEL_KEYS);
    struct span key = numbered(text, i);
    bool there = model->there[i];
    uint32_t value = 0;
    assert_int_equal(map_get(m, key, &value), there);
    assert_int_equal(value, there ? model->value[i] : 0);
    if (prng_below(r, 10) < put_of_10) {
        model->value[i] = (uint32_t)prng_next(r);
        assert_int_equal(map_put(m, key, model->value[i]), !there);
        model->used += !there;
        model->there[i] = true;
    } else {
        assert_int_equal(map_del(m, key), there);
        model->used -= there;
        model->there[i] = false;
    }
    assert_int_equal(m->used, model->used);
}

static void agrees_with_an_array(void **state)
{
    (void)state;
    struct prng r = {4};
    struct model model = {.used = 0};
    struct map m;
    map_init(&m);
    for (unsigned phase = 0; phase < 40; phase++) { /* fills and drains in turn */
        for (unsigned step = 0; step < 2000; step++) {
            random_step(&r, &m, &model, phase % 2 == 0 ? 8 : 1);
        }
        assert_sound(&m);
    }
    map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_an_empty_map),
        cmocka_unit_test(every_map_has_a_seed_of_its_own),
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(an_equal_hash_is_not_an_equal_key),
        cmocka_unit_test(put_replaces),
        cmocka_unit_test(a_deleted_key_hides_no_other),
        cmocka_unit_test(coming_and_going_does_not_fill_the_table),
        cmocka_unit_test(shrinks_when_most_are_gone),
        cmocka_unit_test(walks_every_pair_once),
        cmocka_unit_test(copying_in_slot_order_stays_fast),
        cmocka_unit_test(agrees_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
