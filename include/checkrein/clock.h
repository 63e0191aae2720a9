/* clock.h - the only place that asks the system what time it is.
 *
 * Monotonic for waiting, wall for records. Pure modules never call these: time reaches them as a
 * value.
 */
#ifndef CHECKREIN_CLOCK_H
#define CHECKREIN_CLOCK_H

#include <stdint.h>

int64_t clock_mono_us(void);
int64_t clock_wall_us(void);
/* As the monotonic one, but it goes on while the machine sleeps: for what is compared with wall. */
int64_t clock_boot_us(void);

#endif
