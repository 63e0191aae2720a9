#include "checkrein/theme.h"

#include "color_priv.h"

#define CUBE_FIRST 16
#define GREY_FIRST 232
#define CUBE_SIDE  6

/* xterm's own defaults. Terminals differ; this is the guess that all tools make. */
static const uint32_t ansi_rgb[16] = {
    0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
    0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
};
static const uint8_t cube_level[CUBE_SIDE] = {0, 95, 135, 175, 215, 255};

static uint32_t rgb_of(uint32_t red, uint32_t green, uint32_t blue)
{
    return red << 16 | green << 8 | blue;
}

uint32_t theme_rgb_of_256(int index)
{
    if (index < CUBE_FIRST) {
        return ansi_rgb[index < 0 ? 0 : index];
    }
    if (index >= GREY_FIRST) {
        uint32_t level = 8 + 10 * (uint32_t)((index > 255 ? 255 : index) - GREY_FIRST);
        return rgb_of(level, level, level);
    }
    int at = index - CUBE_FIRST;
    return rgb_of(cube_level[at / CUBE_SIDE / CUBE_SIDE], cube_level[at / CUBE_SIDE % CUBE_SIDE],
                  cube_level[at % CUBE_SIDE]);
}

static uint32_t rgb_of_color(int32_t color)
{
    return COLOR_IS_RGB(color) ? (uint32_t)color & 0xffffff : theme_rgb_of_256(color);
}

static int channel(uint32_t rgb, int shift)
{
    return (int)(rgb >> shift & 0xff);
}

static int distance(uint32_t a, uint32_t b)
{
    int sum = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        int d = channel(a, shift) - channel(b, shift);
        sum += d * d;
    }
    return sum;
}

/* The palette entry of [first, last] that is closest; of two alike the first. */
static int32_t nearest(uint32_t rgb, int first, int last)
{
    int best = first;
    for (int i = first + 1; i <= last; i++) {
        if (distance(rgb, theme_rgb_of_256(i)) < distance(rgb, theme_rgb_of_256(best))) {
            best = i;
        }
    }
    return best;
}

int32_t theme_color(int32_t color, enum color_depth depth)
{
    if (color < 0 || depth == COLOR_MONO) {
        return COLOR_DEFAULT;
    }
    if (depth == COLOR_16 && color > 15) {
        return nearest(rgb_of_color(color), 0, 15);
    }
    if (depth == COLOR_256 && COLOR_IS_RGB(color)) {
        return nearest(rgb_of_color(color), CUBE_FIRST, 255);
    }
    return color;
}

/* y^(1/5) for y in (0, 2] by Newton's method from above, where it only falls. */
static double fifth_root(double y)
{
    double x = 1.2;
    for (int i = 0; i < 64; i++) {
        x = (4 * x + y / (x * x * x * x)) / 5;
    }
    return x;
}

/* sRGB's transfer function; z^2.4 is z^2 * (z^2)^(1/5). */
double color_linear(int level)
{
    double c = level / 255.0;
    if (c <= 0.04045) {
        return c / 12.92;
    }
    double z = (c + 0.055) / 1.055;
    return z * z * fifth_root(z * z);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * color_linear(channel(rgb, 16)) + 0.7152 * color_linear(channel(rgb, 8)) +
           0.0722 * color_linear(channel(rgb, 0));
}

int theme_contrast_x100(uint32_t rgb_a, uint32_t rgb_b)
{
    double a = luminance(rgb_a) + 0.05;
    double b = luminance(rgb_b) + 0.05;
    return (int)((a > b ? a / b : b / a) * 100);
}
