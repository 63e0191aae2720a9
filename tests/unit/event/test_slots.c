/* The tables of slot_tables_priv.h are what the X-macros of event.h give. After a new row:
 *     unit_event_test_slots --print > src/event/slot_tables_priv.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/event.h"
#include "slot_tables_priv.h"

#define TRIES 10000000u

#define X(constant, name, kind, set) name,
static const char *const field_names[] = {EVENT_FIELDS(X)};
#undef X
#define X(constant, name) name,
static const char *const type_names[] = {EVENT_TYPES(X)};
#undef X

static bool fits(const char *const *names, size_t count, uint64_t multiplier, unsigned slot_log,
                 uint8_t *slots)
{
    memset(slots, SLOT_NONE, (size_t)1 << slot_log);
    for (size_t i = 0; i < count; i++) {
        uint32_t at = slot_of(span_str(names[i]), multiplier, slot_log);
        if (slots[at] != SLOT_NONE) {
            return false;
        }
        slots[at] = (uint8_t)i;
    }
    return true;
}

/* The first multiplier of a fixed sequence that sends no two names to one slot; 0 when there is
 * none. */
static uint64_t find_multiplier(const char *const *names, size_t count, unsigned slot_log,
                                uint8_t *slots)
{
    uint64_t multiplier = 0x9E3779B97F4A7C15u;
    for (uint32_t i = 0; i < TRIES; i++) {
        multiplier = (multiplier * 6364136223846793005u + 1442695040888963407u) | 1u;
        if (fits(names, count, multiplier, slot_log, slots)) {
            return multiplier;
        }
    }
    return 0;
}

static void names_can_be_hashed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(field_names); i++) {
        assert_in_range(strlen(field_names[i]), SLOT_NAME_MIN, SLOT_NAME_MAX);
    }
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
        assert_in_range(strlen(type_names[i]), SLOT_NAME_MIN, SLOT_NAME_MAX);
    }
}

static void field_table_is_up_to_date(void **state)
{
    (void)state;
    uint8_t slots[FIELD_SLOTS];
    assert_true(find_multiplier(field_names, ARRAY_LEN(field_names), FIELD_SLOT_LOG, slots) ==
                FIELD_SLOT_MULTIPLIER);
    assert_memory_equal(slots, field_slots, sizeof(slots));
}

static void type_table_is_up_to_date(void **state)
{
    (void)state;
    uint8_t slots[TYPE_SLOTS];
    assert_true(find_multiplier(type_names, ARRAY_LEN(type_names), TYPE_SLOT_LOG, slots) ==
                TYPE_SLOT_MULTIPLIER);
    assert_memory_equal(slots, type_slots, sizeof(slots));
}

static void print_table(const char *name, const char *size, const uint8_t *slots, size_t count)
{
    printf("static const uint8_t %s[%s] = {", name, size);
    for (size_t i = 0; i < count; i++) {
        printf(i % 16 == 0 ? "\n    %u," : " %u,", slots[i]);
    }
    printf("\n};\n");
}

static int print_tables(void)
{
    static uint8_t fields[FIELD_SLOTS];
    static uint8_t types[TYPE_SLOTS];
    uint64_t by_field =
        find_multiplier(field_names, ARRAY_LEN(field_names), FIELD_SLOT_LOG, fields);
    uint64_t by_type = find_multiplier(type_names, ARRAY_LEN(type_names), TYPE_SLOT_LOG, types);
    if (by_field == 0 || by_type == 0) {
        (void)fprintf(stderr, "no multiplier found: give slots_priv.h a larger table\n");
        return 1;
    }
    printf(
        "/* slot_tables_priv.h - printed by unit.event.test_slots --print; not edited by hand. */\n"
        "#ifndef CHECKREIN_EVENT_SLOT_TABLES_PRIV_H\n"
        "#define CHECKREIN_EVENT_SLOT_TABLES_PRIV_H\n\n"
        "#include \"slots_priv.h\"\n\n"
        "/* clang-format off */\n"
        "#define FIELD_SLOT_MULTIPLIER 0x%016llXu\n"
        "#define TYPE_SLOT_MULTIPLIER  0x%016llXu\n\n",
        (unsigned long long)by_field, (unsigned long long)by_type);
    print_table("field_slots", "FIELD_SLOTS", fields, FIELD_SLOTS);
    printf("\n");
    print_table("type_slots", "TYPE_SLOTS", types, TYPE_SLOTS);
    printf("/* clang-format on */\n\n#endif\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        return print_tables();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_can_be_hashed),
        cmocka_unit_test(field_table_is_up_to_date),
        cmocka_unit_test(type_table_is_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
