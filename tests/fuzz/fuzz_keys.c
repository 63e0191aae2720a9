/* Key names from a configuration: what parses has a name that parses back, and tables keep their
 * word. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
    if (!holds) {
        abort();
    }
}

static void check_key(uint32_t key)
{
    char name[KEY_NAME_BYTES];
    uint32_t again;
    key_text(key, name);
    demand(key_parse(span_str(name), &again) == ST_OK && again == key_normal(key));
}

static void check_binding(struct span keys)
{
    static struct keymap map;
    char out[256];
    struct why why;
    map.count = 0;
    if (keymap_bind(&map, 1, keys, 5, &why) != ST_OK) {
        demand(map.count == 0);
        return;
    }
    uint32_t count = map.count;
    for (uint32_t i = 0; i < count; i++) {
        demand(keymap_find(&map, 1, map.entry[i].key) == 5);
    }
    demand(keymap_keys(&map, 1, 5, out, sizeof(out)) == strlen(out));
    keymap_unbind(&map, 1, 5);
    demand(map.count == 0);
    if (count > 0 && count < 8) {
        demand(keymap_bind(&map, 1, span_str(out), 5, NULL) == ST_OK && map.count == count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    uint32_t key;
    if (key_parse(text, &key) == ST_OK) {
        check_key(key);
    }
    if (size >= sizeof(key)) {
        memcpy(&key, data, sizeof(key));
        check_key(key);
    }
    check_binding(text);
    return 0;
}
