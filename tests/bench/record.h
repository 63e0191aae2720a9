/* record.h - a daemon's record of what events.h makes up.
 */
#ifndef CHECKREIN_BENCH_RECORD_H
#define CHECKREIN_BENCH_RECORD_H

#include <stdint.h>

/* Each agent is introduced, and then so many events in all. */
void bench_write_record(const char *folder, uint32_t records, uint32_t agents);

#endif
