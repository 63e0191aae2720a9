#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

#define TROUBLE 2

void bench_must(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench: cannot %s: %s\n", what, err_text(errno));
        exit(TROUBLE);
    }
}

const char *bench_word(int argc, char **argv, int at)
{
    bench_must(at < argc, "go on: an argument is missing");
    return argv[at];
}

int64_t bench_number(int argc, char **argv, int at, int64_t min, int64_t max)
{
    int64_t n = 0;
    bench_must(num_parse(span_str(bench_word(argc, argv, at)), min, max, &n) == ST_OK,
               "take the number");
    return n;
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_wall_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double bench_cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *values, size_t count, double share)
{
    qsort(values, count, sizeof(*values), by_value);
    size_t at = (size_t)((double)count * share);
    return values[at < count ? at : count - 1];
}

int64_t bench_resident_bytes(void)
{
    long total = 0;
    long resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    bench_must(f != NULL && fscanf(f, "%ld %ld", &total, &resident) == 2, "read statm");
    (void)fclose(f);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

double bench_fdatasync_s(const char *folder)
{
    static int fd = -1;
    static const char bytes[1500];
    if (fd < 0) {
        char path[4096];
        (void)snprintf(path, sizeof(path), "%s/bare", folder);
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    double began = bench_wall_s();
    bench_must(fd >= 0 && write(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes) &&
                   fdatasync(fd) == 0,
               "sync");
    return bench_wall_s() - began;
}

struct span bench_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bench_must(fd >= 0 && fstat(fd, &st) == 0, path);
    size_t size = (size_t)st.st_size;
    char *bytes = xmalloc(size);
    for (size_t have = 0; have < size;) {
        ssize_t n = read(fd, bytes + have, size - have);
        bench_must(n > 0, path);
        have += (size_t)n;
    }
    (void)close(fd);
    return (struct span){bytes, size};
}
