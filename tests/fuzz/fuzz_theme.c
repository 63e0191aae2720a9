/* Any bytes as a theme file: what is accepted has only styles that every depth can show. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkrein/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_color(int32_t color, enum color_depth depth)
{
    static const int32_t highest[] = {
        [COLOR_MONO] = COLOR_DEFAULT,
        [COLOR_16] = 15,
        [COLOR_256] = 255,
        [COLOR_TRUE] = COLOR_RGB(0xffffff),
    };
    must(color >= COLOR_DEFAULT && color <= highest[depth]);
    must(COLOR_IS_RGB(color) || color <= 255);
}

static void check_theme(const struct theme *t)
{
    for (int r = 0; r < ROLE_COUNT; r++) {
        for (enum color_depth depth = COLOR_MONO; depth <= COLOR_TRUE; depth++) {
            struct style s = theme_style(t, (enum role)r, depth);
            check_color(s.fg, depth);
            check_color(s.bg, depth);
            must(s.bg == COLOR_DEFAULT || s.bg != s.fg);
            must(t->style[r].bg == COLOR_DEFAULT || s.bg != COLOR_DEFAULT ||
                 (s.attr & STYLE_REVERSE) != 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct theme t;
    struct why why = {0};
    enum status st = theme_load(&t, path, &why);
    must((st == ST_OK) == (why.text[0] == '\0'));
    if (st == ST_OK) {
        check_theme(&t);
    }
    (void)close(fd);
    return 0;
}
