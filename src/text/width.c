#include "text_priv.h"

struct prop_range {
    uint32_t first, last;
    uint16_t bits;
};

#include "width_table.h"

uint32_t text_prop(uint32_t cp)
{
    size_t low = 0;
    size_t high = ARRAY_LEN(prop_ranges);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cp > prop_ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == ARRAY_LEN(prop_ranges) || cp < prop_ranges[low].first) {
        return 0;
    }
    return prop_ranges[low].bits;
}

int text_width(uint32_t cp)
{
    if (cp >= 0x20 && cp <= 0x7E) {
        return 1;
    }
    return (int)(text_prop(cp) & PROP_WIDTH);
}
