/* Runs a fuzz target without libFuzzer: on every file of the folders named, whole and cut short. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES (1024 * 1024)
#define CUTS       64 /* of one file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly this size, so that a read beyond it is seen. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(size > 0 ? size : 1, 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static bool run_file(const char *path)
{
    static uint8_t data[FILE_BYTES];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    size_t size = fread(data, 1, sizeof(data), f);
    bool good = ferror(f) == 0 && size < sizeof(data);
    (void)fclose(f);
    for (size_t cut = 1; good && cut < CUTS; cut++) {
        run(data, size * cut / CUTS);
    }
    run(data, good ? size : 0);
    return good;
}

static bool run_folder(const char *folder, unsigned *count)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return false;
    }
    bool good = true;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[4096];
        int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (n < 0 || (size_t)n >= sizeof(path) || !run_file(path)) {
            (void)fprintf(stderr, "cannot use %s/%s\n", folder, entry->d_name);
            good = false;
        }
        ++*count;
    }
    (void)closedir(dir);
    return good;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    bool good = true;
    run((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        good = run_folder(argv[i], &count) && good;
    }
    printf("%u files\n", count);
    return good ? 0 : 1;
}
