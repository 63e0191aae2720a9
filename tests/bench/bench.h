/* bench.h - what the programs share: arguments, clocks, percentiles. A program prints one JSON
 * object, its result.
 *
 * What goes wrong ends the program with words and status 2: a bench that cannot measure has no
 * result.
 */
#ifndef CHECKREIN_BENCH_H
#define CHECKREIN_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/span.h"

void bench_must(bool good, const char *what);
/* Argument `at`, a whole number within the bounds. */
int64_t bench_number(int argc, char **argv, int at, int64_t min, int64_t max);
const char *bench_word(int argc, char **argv, int at);

double bench_wall_s(void); /* monotonic */
double bench_cpu_s(void);  /* of this process, all threads */
/* Sorts them; `share` of 0 to 1. */
double bench_percentile(double *values, size_t count, double share);
int64_t bench_resident_bytes(void); /* of this process, as the kernel counts it */

/* Of one append of 1,500 bytes and its fdatasync(), to a file in this folder: what a small commit
 * costs on this disk. */
double bench_fdatasync_s(const char *folder);

/* A whole file, to be freed. */
struct span bench_file(const char *path);

#endif
