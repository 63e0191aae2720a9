#include "backoff_priv.h"

#include "checkrein/crypto.h"

#define FIRST_MS 250
#define LAST_MS  30000

int64_t backoff_next_ms(struct backoff *b)
{
    int64_t base = FIRST_MS;
    for (uint32_t i = 0; i < b->attempt && base < LAST_MS; i++) {
        base *= 2;
    }
    base = base > LAST_MS ? LAST_MS : base;
    b->attempt += b->attempt < 32;
    uint16_t noise = 0;
    random_bytes(&noise, sizeof(noise));
    return base - base / 4 + (base / 2) * noise / UINT16_MAX;
}

void backoff_reset(struct backoff *b)
{
    b->attempt = 0;
}
