/* Any bytes as a configuration file. What is accepted must be sound, must be what iniparser reads
 * too, and must survive being printed and read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkrein/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static int memory_file(const void *p, size_t n, char *path, size_t path_bytes)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    (void)snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
    return fd;
}

static void must_be_name(struct span s)
{
    must(s.n > 0 && s.n <= INI_NAME_BYTES);
    for (size_t i = 0; i < s.n; i++) {
        must(s.p[i] >= ' ' && s.p[i] <= 'z' && s.p[i] != ':' && s.p[i] != '=' && s.p[i] != ']');
    }
}

static void check_section(const struct ini_section *s)
{
    for (uint32_t i = 0; i < s->key_count; i++) {
        const struct ini_key *k = &s->keys[i];
        must_be_name(k->name);
        must(k->value.n > 0 && k->value.n < INI_LINE_BYTES && k->value.p[k->value.n] == '\0');
        must(strlen(k->value.p) == k->value.n && memchr(k->value.p, '\n', k->value.n) == NULL);
        must(k->line > s->line && (i == 0 || k->line > s->keys[i - 1].line));
    }
}

static void check_ini(const char *path)
{
    struct ini ini;
    struct why why = {0};
    enum status st = ini_load(&ini, path, &why);
    if (st != ST_OK) {
        must(why.text[0] != '\0' && strstr(why.text, ": iniparser ") == NULL);
        return;
    }
    for (uint32_t i = 0; i < ini.section_count; i++) {
        if (i > 0 || ini.sections[i].name.n > 0) {
            must_be_name(ini.sections[i].name);
        }
        check_section(&ini.sections[i]);
    }
    ini_release(&ini);
}

/* What was printed reads back, and prints the same. */
static void check_round_trip(const struct conf *c)
{
    struct buf first;
    struct buf second;
    char path[64];
    buf_init(&first, 2 * INI_FILE_BYTES);
    buf_init(&second, 2 * INI_FILE_BYTES);
    enum status st = conf_print(c, &first);
    if (st == ST_OK && first.len <= INI_FILE_BYTES) {
        struct conf again = {0};
        int fd = memory_file(first.data, first.len, path, sizeof(path));
        must(conf_load(&again, path, NULL) == ST_OK);
        must(conf_print(&again, &second) == ST_OK);
        must(span_eq(buf_span(&first), buf_span(&second)));
        conf_release(&again);
        (void)close(fd);
    }
    must(st == ST_OK);
    buf_release(&first);
    buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memory_file(data, size, path, sizeof(path));
    check_ini(path);
    struct conf c = {0};
    if (conf_load(&c, path, NULL) == ST_OK) {
        check_round_trip(&c);
        conf_release(&c);
    }
    (void)close(fd);
    return 0;
}
