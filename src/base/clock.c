#include "checkrein/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
    struct timespec ts;
    if (clock_gettime(id, &ts) != 0) {
        abort(); /* only possible when the clock itself is missing */
    }
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
    return now_us(CLOCK_REALTIME);
}

int64_t clock_boot_us(void)
{
    return now_us(CLOCK_BOOTTIME);
}
