/* Duplicate keys of large objects: a merge sort of the chain of key tokens, in place, so that a
 * peer can choose no keys that make it slow, and no hash that could take two keys for one. */
#include "tape_priv.h"

#define BINS 32 /* bin i holds a sorted chain of 2^i keys */

/* Merges two sorted chains. *twin becomes a key that stands in both, if there is one. */
static uint32_t merge(struct tape *j, uint32_t a, uint32_t b, uint32_t *twin)
{
    uint32_t head = TAPE_ABSENT;
    uint32_t *link = &head;
    while (a != TAPE_ABSENT && b != TAPE_ABSENT) {
        int order = string_cmp(j, &j->tokens[a], &j->tokens[b]);
        if (order == 0) {
            *twin = a > b ? a : b;
        }
        uint32_t *lesser = order <= 0 ? &a : &b;
        *link = *lesser;
        link = &j->tokens[*lesser].next;
        *lesser = *link;
    }
    *link = a != TAPE_ABSENT ? a : b;
    return head;
}

uint32_t keys_find_duplicate(struct tape *j, uint32_t first)
{
    uint32_t bins[BINS];
    for (int i = 0; i < BINS; i++) {
        bins[i] = TAPE_ABSENT;
    }
    uint32_t twin = TAPE_ABSENT;
    while (first != TAPE_ABSENT && twin == TAPE_ABSENT) {
        uint32_t chain = first;
        first = j->tokens[chain].next;
        j->tokens[chain].next = TAPE_ABSENT;
        int i = 0;
        for (; i < BINS - 1 && bins[i] != TAPE_ABSENT; i++) {
            chain = merge(j, bins[i], chain, &twin);
            bins[i] = TAPE_ABSENT;
        }
        bins[i] = bins[i] == TAPE_ABSENT ? chain : merge(j, bins[i], chain, &twin);
    }
    uint32_t all = TAPE_ABSENT;
    for (int i = 0; i < BINS && twin == TAPE_ABSENT; i++) {
        all = merge(j, all, bins[i], &twin);
    }
    return twin;
}
