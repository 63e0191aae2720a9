#include "checkrein/usage.h"

bool usage_repeats(struct usage_repeat *r, uint64_t same, int64_t now_us, uint32_t calls,
                   int64_t within_us)
{
    if (r->run == 0 || r->same != same) {
        r->same = same;
        r->run = 0;
        r->told = false;
    }
    r->at_us[r->run % USAGE_REPEATS_MAX] = now_us;
    r->run += r->run < UINT32_MAX;
    if (r->told || calls == 0 || calls > USAGE_REPEATS_MAX || r->run < calls) {
        return false;
    }
    r->told = now_us - r->at_us[(r->run - calls) % USAGE_REPEATS_MAX] <= within_us;
    return r->told;
}

uint32_t usage_run(const struct usage_repeat *r)
{
    return r->run;
}
