#include "checkrein/ulid.h"

#include <pthread.h>
#include <string.h>

#include "checkrein/clock.h"
#include "entropy_priv.h"

#define TIME_CHARS   10
#define RANDOM_BYTES 10
#define TEXT_CHARS   26

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static unsigned char last_random[RANDOM_BYTES]; /* one big-endian number of 80 bits */

/* False when the 80 bits wrapped to zero. */
static bool increment(unsigned char bytes[RANDOM_BYTES])
{
    for (size_t i = RANDOM_BYTES; i-- > 0;) {
        if (++bytes[i] != 0) {
            return true;
        }
    }
    return false;
}

/* A clock that stands or goes back keeps the last time and counts on. */
static void advance(uint64_t now_ms)
{
    if (now_ms <= last_ms) {
        if (increment(last_random)) {
            return;
        }
        now_ms = last_ms + 1;
    }
    last_ms = now_ms;
    entropy_fill(last_random, sizeof(last_random));
}

static void encode_time(uint64_t ms, char *out)
{
    for (size_t i = TIME_CHARS; i-- > 0; ms >>= 5) {
        out[i] = alphabet[ms & 31];
    }
}

/* 80 bits are two groups of 40, and 40 bits are eight characters. */
static void encode_random(const unsigned char *bytes, char *out)
{
    for (size_t group = 0; group < 2; group++) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 5; i++) {
            bits = bits << 8 | bytes[group * 5 + i];
        }
        for (size_t i = 8; i-- > 0; bits >>= 5) {
            out[group * 8 + i] = alphabet[bits & 31];
        }
    }
}

void ulid_make(char out[ULID_BYTES])
{
    int64_t wall_us = clock_wall_us();
    (void)pthread_mutex_lock(&lock);
    advance(wall_us > 0 ? (uint64_t)wall_us / 1000 : 0);
    encode_time(last_ms, out);
    encode_random(last_random, out + TIME_CHARS);
    (void)pthread_mutex_unlock(&lock);
    out[TEXT_CHARS] = '\0';
}

bool ulid_valid(struct span s)
{
    if (s.n != TEXT_CHARS || s.p[0] > '7') {
        return false;
    }
    for (size_t i = 0; i < TEXT_CHARS; i++) {
        if (memchr(alphabet, s.p[i], sizeof(alphabet) - 1) == NULL) {
            return false;
        }
    }
    return true;
}
